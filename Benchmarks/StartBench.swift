import Foundation
import Gateway
import Ledger
import Rig
import Store

/// The real daemon: how much memory it takes when idle, and how soon it is ready with many entries stored.
struct StartBench {
    let folder: String
    let entries: Int

    func run() async throws -> [Measurement] {
        let custody = try Daemon.custody()
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
struct Daemon {
    struct NotBuilt: Error {}

    /// The program beside this one.
    static func custody() throws -> String {
        let path = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
            .appendingPathComponent("custody").path
        guard FileManager.default.isExecutableFile(atPath: path) else { throw NotBuilt() }
        return path
    }

    private let process: ChildProcess
    private let log: String
    private let began: ContinuousClock.Instant

    init(_ custody: String, state: StateDirectory) throws {
        let text = "custody-gateway: 1\nlisten: 127.0.0.1:0\n"
        try Data(text.utf8).write(to: URL(fileURLWithPath: state.configuration))
        log = "\(state.path)/output"
        try? FileManager.default.removeItem(atPath: log)
        began = .now
        process = try ChildProcess(
            custody, ["run", "--state", state.path, "--log-level", "error"], output: .file(log))
    }

    /// Until its first line of output, which says that it is ready.
    private func untilReady() async throws {
        while !(FileManager.default.contents(atPath: log)?.contains(0x0A) ?? false) {
            precondition(process.isRunning, "the gateway ended before it was ready")
            try await Task.sleep(for: .milliseconds(1))
        }
    }

    func secondsToReady() async throws -> Double {
        try await untilReady()
        let seconds = (ContinuousClock.now - began) / .seconds(1)
        await process.stop()
        return seconds
    }

    /// Megabytes resident, five seconds after it was ready.
    func idleMemory() async throws -> Double {
        try await untilReady()
        try await Task.sleep(for: .seconds(5))
        let memory = try residentMegabytes()
        await process.stop()
        return memory
    }

    private struct Ready: Decodable {
        let port: Int
    }

    /// Of the consortium's interface, once it is ready.
    func port() async throws -> Int {
        try await untilReady()
        let line = (FileManager.default.contents(atPath: log) ?? Data()).prefix { $0 != 0x0A }
        return try JSONDecoder().decode(Ready.self, from: Data(line)).port
    }

    func stop() async { await process.stop() }

    /// Processor time that it has taken since its start, in its own code and the kernel's.
    func processorSeconds() throws -> Double {
        let text = try String(contentsOfFile: "/proc/\(process.id)/stat", encoding: .utf8)
        // The name, in parentheses, may hold anything; the times are the 14th and 15th field (proc(5)).
        let fields = text[(text.lastIndex(of: ")") ?? text.startIndex)...].split(separator: " ")
        let ticks = fields[12...13].compactMap { Double($0) }.reduce(0, +)
        return ticks / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    func residentMegabytes() throws -> Double {
        let status = try String(contentsOfFile: "/proc/\(process.id)/status", encoding: .utf8)
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") } ?? ""
        return (Double(line.split(separator: " ").dropFirst().first ?? "") ?? .nan) / 1_024
    }
}
