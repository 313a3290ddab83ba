import ArgumentParser
import Foundation

/// Measures what the README claims, each figure beside a plain reference that does the same work in the same run.
@main
struct Bench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "custody-bench", abstract: "Measure Custody beside plain references on this machine.")

    @Option(help: "The folder to work in: on the disk that is to be measured.")
    var directory = ".build/bench"
    @Option(help: "The file to write.")
    var output = ".build/bench.json"
    @Option(help: "Only measurements whose name begins with this; may be given again.")
    var only: [String] = []
    @Option(help: "Entries in the store from which a gateway is started.")
    var startEntries = 1_000_000
    @Flag(help: "Measure one store of many entries instead, and say on which machine.")
    var large = false
    @Option(help: "Entries in the store of --large.")
    var largeEntries = 10_000_000
    @Option(help: "Readings in the intake of --large.")
    var largeReadings = 100_000_000

    func run() async throws {
        let folder = URL(fileURLWithPath: directory).standardizedFileURL.path
        try? FileManager.default.removeItem(atPath: folder)
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        var table = Table()
        for part in large ? largeParts(folder) : parts(folder) where isWanted(part.name) {
            FileHandle.standardError.write(Data("\(part.name) ...\n".utf8))
            for row in try await part.run() { table.add(row) }
        }
        print(table.text)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        let json = try large ? encoder.encode(LargeResult(rows: table.rows)) : encoder.encode(table.rows)
        let file = URL(fileURLWithPath: output)
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try json.write(to: file)
        try? FileManager.default.removeItem(atPath: folder)
    }

    private struct Part {
        let name: String
        let run: () async throws -> [Measurement]
    }

    private func parts(_ folder: String) -> [Part] {
        [
            Part(name: "append") { try await AppendBench(folder: "\(folder)/append").run() },
            Part(name: "verify") { try await VerifyBench(folder: "\(folder)/verify").run() },
            Part(name: "sync") { try await SyncBench(folder: "\(folder)/sync").run() },
            Part(name: "consortium") { try await ConsortiumBench(folder: "\(folder)/consortium").run() },
            Part(name: "intake") { try await IntakeBench(folder: "\(folder)/intake").run() },
            Part(name: "telemetry") { TelemetryBench().run() },
            Part(name: "readings") { try ReadingBench(folder: "\(folder)/readings").run() },
            Part(name: "identify") { await IdentifyBench().run() },
            Part(name: "decode") { try DecodeBench().run() },
            Part(name: "scan") { try await ScanBench(folder: "\(folder)/scan").run() },
            Part(name: "gateway") { try await StartBench(folder: "\(folder)/start", entries: startEntries).run() },
        ]
    }

    private func largeParts(_ folder: String) -> [Part] {
        [
            Part(name: "large") { try await LargeBench(folder: "\(folder)/large", entries: largeEntries).run() },
            Part(name: "readings") {
                try await LargeReadingBench(folder: "\(folder)/readings", readings: largeReadings).run()
            },
        ]
    }

    private func isWanted(_ name: String) -> Bool { only.isEmpty || only.contains { name.hasPrefix($0) } }
}
