import ArgumentParser
import Foundation
import Gateway
import History
import Ledger
import Store
import Telemetry

/// `custody conditions`: what the sensors of an order's journeys said.
struct ConditionsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "conditions", abstract: "Show the conditions of an order's journeys.",
        discussion: """
            Journeys are those of the order itself and of the transport orders that it cites. Where this gateway has the \
            raw readings they are drawn; elsewhere each window is drawn as its lowest, mean and highest value.
            """)

    @Argument(help: "The order: its id, a unique part of it, its number, or a device's Digital Link.")
    var order: String
    @Option(help: "Write the values to this CSV file.")
    var csv: String?
    @Option(help: "Draw the journey into this SVG file.")
    var svg: String?
    @OptionGroup var state: StateOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let ledger = try state.ledger()
        let reports = try ledger.read { snapshot in
            try JourneyReport.all(of: try snapshot.order(order), snapshot, try snapshot.rulebook())
        }
        guard !reports.isEmpty else {
            throw CheckFailed(message: "the log knows no conditions of this order")
        }
        let intake = FileManager.default.fileExists(atPath: state.directory.intake) ? try state.intake() : nil
        let shown = try reports.map { try ShownJourney($0, intake: intake) }
        if let csv { try write(ConditionSeries.csv(of: shown.flatMap(\.series)).joined(), to: csv) }
        if let svg {
            try write(
                ConditionPlot(title: "Conditions of \(reports[0].order)", series: shown.flatMap(\.series)).svg(),
                to: svg)
        }
        try output.print(shown, text: shown.map(\.text).joined(separator: "\n\n"))
    }

    private func write(_ text: String, to file: String) throws { try NamedFile.write(Array(text.utf8), to: file) }
}
