import ArgumentParser
import Foundation
import Gateway
import History
import Identifiers
import Ledger
import Store

struct UnmatchedCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "unmatched", abstract: "Scans that could not be recorded when they came.",
        subcommands: [List.self, Assign.self], defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List those that nobody has assigned.")

        @Option(help: "At most so many, the newest first.")
        var limit: Int = 100
        @OptionGroup var state: StateOptions
        @OptionGroup var output: OutputOptions

        struct Row: Encodable {
            let id: Int64
            let station: String
            /// UTC, RFC 3339.
            let receivedAt: String
            let text: String
            let bytesHex: String
            let symbologyIdentifier: String?
            let reason: String
        }

        func run() async throws {
            let rows = try state.intake().unmatchedScans(limit: max(0, limit)).map(Self.row)
            try output.print(
                rows,
                text: rows.isEmpty
                    ? "no unmatched scans"
                    : rows.map { "\($0.id)  \($0.receivedAt)  \($0.station)  \($0.text)\n    \($0.reason)" }
                        .joined(separator: "\n"))
        }

        private static func row(_ scan: UnmatchedScan) -> Row {
            Row(
                id: scan.id, station: scan.station, receivedAt: UTCText.of(scan.receivedAt),
                text: ScannedBytes.readable(scan.bytes), bytesHex: ScannedBytes.hex(scan.bytes),
                symbologyIdentifier: scan.symbologyIdentifier, reason: scan.reason)
        }
    }

    struct Assign: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Record a step of an order with such a scan.",
            discussion: "The update says that it came from the scan, at the scan's own time.")

        @Argument(help: "The scan's number in the list.")
        var scan: Int64
        @Argument(help: "The order: its id, a unique part of it, or its number.")
        var order: String
        @Argument(help: "The step, as the order's contract names it.")
        var step: String
        @OptionGroup var facts: FactOptions
        @Option(help: "A pseudonymous id of who decides it.")
        var `operator`: String?
        @OptionGroup var state: StateOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let intake = try state.intake()
            let kept = try intake.unmatchedScan(scan)
            let name = try state.ledger().read { try $0.order(order).name }
            let more = try facts.subjects(instruments: .system())
            let draft = Draft(
                order: .existing(name), step: step, facts: try facts.facts(), subjects: subjects(of: kept) + more,
                observedAt: kept.receivedAt, source: Source(.scan, station: kept.station), operator: `operator`)
            let receipt = try await RecorderAccess.record(draft, state: state.directory)
            try intake.settle(scans: [kept.id], in: "\(receipt.origin):\(receipt.index)")
            try output.print(receipt)
        }

        private func subjects(of scan: UnmatchedScan) -> [String] {
            let read = try? identify(
                Scan(bytes: scan.bytes, symbologyIdentifier: scan.symbologyIdentifier),
                year: CalendarYear.of(scan.receivedAt))
            return (read?.subject).map { [$0] } ?? []
        }
    }
}
