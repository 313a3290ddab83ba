import Foundation
import Gateway
import Ledger
import Store

/// The real daemon: how much memory it takes when idle, and how soon it is ready with many entries stored.
struct StartBench {
    let folder: String
    let entries: Int

    func run() async throws -> [Measurement] {
        let custody = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
            .appendingPathComponent("custody").path
        let small = try BenchGateway.make(in: "\(folder)/small")
        let large = try BenchGateway.make(in: "\(folder)/large")
        try await large.fill(entries)
        let idle = try await Daemon(custody, state: small.state).idleMemory()
        var seconds: [Double] = []
        for _ in 0..<3 { seconds.append(try await Daemon(custody, state: large.state).secondsToReady()) }
        return [
            Measurement(name: "gateway, idle: resident memory", value: idle, unit: "MB", target: "< 48 MB"),
            Measurement(
                name: "gateway, start to ready with \(entries) entries", value: Statistic.median(seconds), unit: "s",
                target: "< 1 s"),
        ]
    }
}

/// One run of `custody run`.
private struct Daemon {
    private let process = Process()
    private let output = Pipe()
    private let began: ContinuousClock.Instant

    init(_ custody: String, state: StateDirectory) throws {
        let text = "custody-gateway: 1\nlisten: 127.0.0.1:0\n"
        try Data(text.utf8).write(to: URL(fileURLWithPath: state.configuration))
        process.executableURL = URL(fileURLWithPath: custody)
        process.arguments = ["run", "--state", state.path, "--log-level", "error"]
        process.standardOutput = output
        began = .now
        try process.run()
    }

    private func untilReady() throws {
        var line = Data()
        while !line.contains(0x0A) {
            let bytes = output.fileHandleForReading.availableData
            precondition(!bytes.isEmpty, "the gateway ended before it was ready")
            line += bytes
        }
    }

    private func stop() {
        process.terminate()
        process.waitUntilExit()
    }

    func secondsToReady() async throws -> Double {
        try untilReady()
        defer { stop() }
        return (ContinuousClock.now - began) / .seconds(1)
    }

    /// Megabytes resident, five seconds after it was ready.
    func idleMemory() async throws -> Double {
        try untilReady()
        defer { stop() }
        try await Task.sleep(for: .seconds(5))
        let status = try String(contentsOfFile: "/proc/\(process.processIdentifier)/status", encoding: .utf8)
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") } ?? ""
        return (Double(line.split(separator: " ").dropFirst().first ?? "") ?? .nan) / 1_024
    }
}
