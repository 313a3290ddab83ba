import ArgumentParser
import Foundation
import Gateway
import History
import Ledger
import Store
import Telemetry

/// `custody adverse`: harm to people, or nearly.
struct AdverseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "adverse", abstract: "Adverse events.",
        subcommands: [
            AdverseReportCommand.self, AdverseShowCommand.self, AdverseExportCommand.self,
            AdverseStatisticsCommand.self,
        ])
}

extension AdverseStatistics.Grouping: ExpressibleByArgument {}

private struct AdverseStatisticsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "statistics", abstract: "Count reports by year, and say how fast they became more.",
        discussion: """
            The growth is the compound annual one between the first and the last whole year: what is not over is shown and \
            not compared. A history is a CSV file with the columns year and count and, if there are such, series, source and \
            device; counts of one year are added to those of the ledger.
            """)

    @Option(help: "Tell apart by: source (who reports) or device (its identifier).")
    var by: AdverseStatistics.Grouping?
    @Option(help: "A CSV file with the counts of earlier years; may be given again.")
    var history: [String] = []
    @Flag(help: "Count what the histories say alone.")
    var historyOnly = false
    @Option(help: "Draw the counts as bars into this SVG file.")
    var svg: String?
    @OptionGroup var state: StateOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if historyOnly, history.isEmpty { throw ValidationError("--history-only needs a --history.") }
    }

    func run() async throws {
        let earlier = try history.flatMap { try AdverseStatistics.Count.history(try NamedFile.text($0), file: $0) }
        let counts = earlier + (historyOnly ? [] : try Self.reports(in: try state.ledger()))
        let statistics = AdverseStatistics(counts, by: by, present: CalendarYear.present)
        if let svg {
            let chart = BarChart(title: "Adverse events", panels: statistics.tables.map(\.panel))
            try NamedFile.write(Array(chart.svg().utf8), to: svg)
        }
        let text = statistics.tables.map(\.text).joined(separator: "\n\n")
        try output.print(statistics.tables, text: text.isEmpty ? "nothing was reported" : text)
    }

    /// Applied updates that are looked at in one go.
    private static let stretch = 4_096

    private static func reports(in ledger: LedgerStore) throws -> [AdverseStatistics.Count] {
        try ledger.read { snapshot in
            let rulebook = try snapshot.rulebook()
            var counts: [AdverseStatistics.Count] = []
            var last: Int64 = 0
            while case let updates = try snapshot.applied(after: last, limit: stretch), let end = updates.last?.sequence
            {
                counts += updates.compactMap { applied in
                    guard applied.verdict.isAccepted else { return nil }
                    return AdverseStatistics.Count(
                        applied.update, from: applied.reference.origin, recordedAt: applied.entry.recordedAt,
                        under: rulebook.contracts[applied.update.contract],
                        by: rulebook.documents[applied.update.consortium])
                }
                last = end
            }
            return counts
        }
    }
}

extension AdverseStatistics.Table {
    private var title: String { series + (group.map { ", \($0)" } ?? "") }

    fileprivate var text: String {
        let rows = years.map { "  \($0.year)  \(Self.number($0.number))" }
        return ([title] + rows + (growth.map { ["  " + $0.text] } ?? [])).joined(separator: "\n")
    }

    fileprivate var panel: BarChart.Panel {
        BarChart.Panel(
            title: title, note: growth?.text ?? "",
            bars: years.map { BarChart.Bar(label: "\($0.year)", value: $0.number) })
    }

    /// Whole numbers without a point.
    private static func number(_ value: Double) -> String {
        value == value.rounded() && value.magnitude < 1e15 ? "\(Int64(value))" : "\(value)"
    }
}

extension AdverseStatistics.Growth {
    fileprivate var text: String {
        "growth \(Self.percent(rate)) a year: \(from) to \(to) is \(intervals) interval\(intervals == 1 ? "" : "s")"
            + " (divided by \(intervals + 1) years it would be \(Self.percent(rateByYears)))"
    }

    private static func percent(_ rate: Double) -> String { String(format: "%.2f %%", rate * 100) }
}
