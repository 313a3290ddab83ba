import ArgumentParser
import Foundation
import History
import Ledger
import Telemetry

/// `custody mkt`: what a temperature logger's file says about the journey of the goods.
struct MKTCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mkt", abstract: "Sum up a temperature logger's file: mean kinetic temperature, excursions, gaps.",
        discussion: """
            Each sample stands for the time to half-way to its neighbours. Times without a zone are UTC. The mean \
            kinetic temperature is that of USP <1079.2>; it does not excuse excursions.
            """)

    @Argument(help: "The file, or - for standard input.")
    var file: String
    @Option(parsing: .unconditional, help: "The highest temperature allowed, in degrees Celsius.")
    var highest: Double?
    @Option(parsing: .unconditional, help: "The lowest temperature allowed, in degrees Celsius.")
    var lowest: Double?
    @Option(help: "The header of the column to read, where there are several.")
    var column: String?
    @Option(help: "Which number of 03/04/2026 is the day, where the file does not tell: day-first or month-first.")
    var dates: LoggerFile.DateOrder?
    @Option(help: "Which share of the rows may be unreadable, 0 to 1.")
    var unreadable: Double = 0
    @Option(help: "The product's activation energy in kJ/mol.")
    var activationEnergy: Double = MeanKineticTemperature.activationEnergy
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard (0...1).contains(unreadable) else { throw ValidationError("--unreadable is a share from 0 to 1.") }
        guard activationEnergy.isFinite, activationEnergy > 0 else {
            throw ValidationError("--activation-energy is a positive number.")
        }
        if let lowest, let highest, lowest > highest {
            throw ValidationError("--lowest is higher than --highest.")
        }
    }

    func run() async throws {
        let bytes = try NamedFile.bytes(file)
        let logger: LoggerFile
        do throws(TelemetryError) {
            logger = try LoggerFile(bytes, column: column, dateOrder: dates, unreadableShareMax: unreadable)
        } catch {
            let message = error.message.last == "." ? String(error.message.dropLast()) : error.message
            throw CustodyError(CustodyError.Code(rawValue: error.code.rawValue), message, at: file)
        }
        let limits = TemperatureLimits(lowest: lowest, highest: highest)
        guard let summary = LoggerSummary(logger.samples, limits: limits, activationEnergy: activationEnergy) else {
            throw CustodyError("value-missing", "the file has no readings", at: file)
        }
        let report = Report(logger, summary)
        let series = ConditionSeries(device: file, file: logger, summary: summary)
        try output.print(report, text: report.text + "\n" + series.sparkline(width: 72))
    }

    /// Temperatures in degrees Celsius, durations in seconds.
    struct Report: Encodable {
        struct Span: Encodable {
            let from: String
            let to: String
            let seconds: Double
            var worst: Double?
        }

        struct Row: Encodable {
            let line: Int
            let reason: String
        }

        let column: String
        let count: Int
        let from: String
        let to: String
        let min: Double
        let max: Double
        let mean: Double
        let mkt: Double?
        let above: Int
        let below: Int
        let secondsAbove: Double
        let secondsBelow: Double
        let longestAbove: Span?
        let longestBelow: Span?
        let gaps: [Span]
        let unreadableCount: Int
        let unreadable: [Row]

        init(_ logger: LoggerFile, _ summary: LoggerSummary) {
            column = logger.column
            count = summary.count
            (from, to) = (UTCText.of(summary.from), UTCText.of(summary.to))
            (min, max, mean, mkt) = (summary.min, summary.max, summary.mean, summary.mkt)
            (above, below) = (summary.above, summary.below)
            secondsAbove = Double(summary.timeAbove) / 1e6
            secondsBelow = Double(summary.timeBelow) / 1e6
            longestAbove = summary.longestAbove.map { Self.span($0.from, $0.to, worst: $0.extreme) }
            longestBelow = summary.longestBelow.map { Self.span($0.from, $0.to, worst: $0.extreme) }
            gaps = summary.gaps.map { Self.span($0.from, $0.to ?? summary.to) }
            unreadableCount = logger.unreadableCount
            unreadable = logger.unreadable.map { Row(line: $0.line, reason: $0.reason) }
        }

        private static func span(_ from: Int64, _ to: Int64, worst: Double? = nil) -> Span {
            Span(from: UTCText.of(from), to: UTCText.of(to), seconds: Double(to - from) / 1e6, worst: worst)
        }

        var text: String {
            var lines: [(String, String)] = [
                ("column", column), ("readings", "\(count), \(from) to \(to)"),
                ("temperature", "\(Self.degrees(min)) to \(Self.degrees(max)), mean \(Self.degrees(mean))"),
                ("MKT", mkt.map(Self.degrees) ?? "none"),
            ]
            if let longestAbove { lines.append(("too hot", Self.sentence(above, secondsAbove, longestAbove))) }
            if let longestBelow { lines.append(("too cold", Self.sentence(below, secondsBelow, longestBelow))) }
            lines += gaps.prefix(10).map { ("gap", "\($0.from) to \($0.to)") }
            if gaps.count > 10 { lines.append(("gaps", "\(gaps.count - 10) more")) }
            lines += unreadable.prefix(10).map { ("left out", "line \($0.line): \($0.reason)") }
            if unreadableCount > 10 { lines.append(("left out", "\(unreadableCount - 10) more lines")) }
            return lines.map { name, value in "\(name.padded(12)) \(value)" }.joined(separator: "\n")
        }

        private static func sentence(_ count: Int, _ seconds: Double, _ longest: Span) -> String {
            let worst = longest.worst.map { ", worst \(degrees($0))" } ?? ""
            let total = "\(count) readings, \(minutes(seconds))"
            return "\(total); longest \(minutes(longest.seconds)) from \(longest.from)\(worst)"
        }

        private static func degrees(_ value: Double) -> String { String(format: "%.2f °C", value) }

        private static func minutes(_ seconds: Double) -> String { String(format: "%.1f min", seconds / 60) }
    }
}

extension LoggerFile.DateOrder: ExpressibleByArgument {}
