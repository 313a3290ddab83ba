import ArgumentParser
import Foundation
import Gateway
import Ledger
import Store
import Telemetry

/// `custody reading`: single raw readings.
struct ReadingCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reading", abstract: "Single raw readings.", subcommands: [Proof.self])

    struct Proof: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Write a file that proves a raw reading against the log.",
            discussion: """
                The file holds the reading, its place in the tree of its window, and the proof of the window's update. \
                'custody verify-proof' checks all of it offline.
                """)

        @Argument(help: "The order on whose journey it was read.")
        var order: String
        @Option(help: "The device.")
        var device: String
        @Option(help: "What it measures.")
        var metric: String
        @Option(help: "The reading's own time, RFC 3339; the newest reading up to then is taken.")
        var time: String
        @Option(name: .shortAndLong, help: "The proof file to write.")
        var output: String
        @OptionGroup var state: StateOptions

        func run() async throws {
            guard let time = WindowSummary.time(time) else {
                throw ValidationError("--time is RFC 3339, such as 2026-11-23T06:00:00Z")
            }
            let (ledger, intake) = (try state.ledger(), try state.intake())
            let bundle = try ledger.read { snapshot in
                let record = try snapshot.order(order)
                let (reading, window) = try find(upTo: time, order: record.name, intake)
                let update = try update(of: window, record, snapshot)
                guard let index = window.readings.firstIndex(of: reading),
                    let proof = ReadingProof(
                        leaf: reading.leaf, index: index, of: window.leaves, entry: update.reference.leafHash)
                else { throw missing("the window cannot be built again") }
                var bundle = try snapshot.bundle(of: record, only: update.reference.leafHash)
                bundle.readings = [proof]
                return bundle
            }
            try NamedFile.write(try bundle.encoded(), to: output)
            print(
                "\(output): \(bundle.readings[0].lines.dropFirst().prefix(5).joined(separator: " ")), "
                    + "one of \(bundle.readings[0].size) readings in its window")
        }

        private func find(upTo time: Int64, order: String, _ intake: IntakeStore) throws -> (Reading, WindowDraft) {
            guard let journey = try intake.journey(of: order) else {
                throw missing("this gateway has not watched a journey of \(order)")
            }
            var best: (Reading, WindowDraft)?
            for sensor in try intake.sensors(of: device) where sensor.metric == metric {
                for window in try intake.windows(of: sensor, order: order) {
                    let stored = try intake.readings(in: window, of: journey)
                    guard let draft = try WindowDraft(of: window, journey: journey, readings: stored),
                        let reading = draft.readings.last(where: { $0.time <= time })
                    else { continue }
                    if reading.time >= best?.0.time ?? .min { best = (reading, draft) }
                }
            }
            guard let best else { throw missing("no such reading is in a window of this journey, or it was deleted") }
            return best
        }

        private func update(
            of window: WindowDraft, _ record: OrderRecord, _ snapshot: LedgerSnapshot
        ) throws -> AppliedUpdate {
            let root = window.root.hex
            let found = try snapshot.updates(of: record).first { $0.update.text(of: ReadingProof.rootFact) == root }
            guard let found else { throw missing("no window in the log has these readings") }
            return found
        }

        private func missing(_ message: String) -> CustodyError {
            CustodyError(
                .readingMissing, message, at: "\(device) \(metric) \(time)",
                remedy: "custody conditions shows what the journey's windows hold")
        }
    }
}

extension CustodyError.Code {
    static let readingMissing: Self = "reading-missing"
}
