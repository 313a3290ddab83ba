import FoundationEssentials
import Ledger
import Rig

/// A real `custody run` of one member.
struct DemoGateway: Sendable {
    /// How long a gateway may take until it is ready.
    static let readyMax: Duration = .seconds(30)
    /// How long it may take to end; a gateway cancels its own work after 15 seconds at the latest.
    static let stopMax: Duration = .seconds(20)

    let member: DemoMember
    private let process: ChildProcess

    /// Throws `program-not-started`.
    init(_ member: DemoMember, program: CustodyProgram) throws {
        self.member = member
        process = try ChildProcess(program.path, ["run", "--state", member.state], output: .file(member.logPath))
    }

    /// Returns when it has said that it is ready. Throws `demo-gateway-ended`, `demo-waited-in-vain`.
    func waitUntilReady() async throws {
        let deadline = ContinuousClock.now + DemoGateway.readyMax
        while !isReady {
            try checkRunning()
            guard ContinuousClock.now < deadline else {
                throw CustodyError("demo-waited-in-vain", "The gateway was not ready in time", at: member.logPath)
            }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    /// Throws `demo-gateway-ended`.
    func checkRunning() throws {
        guard !process.isRunning else { return }
        throw CustodyError(
            "demo-gateway-ended", "The gateway of \(member.id) has ended with status \(process.exitCode ?? -1)",
            at: member.logPath, remedy: "Read its log.")
    }

    /// Its exit code, 0 for an end in order.
    func stop() async -> Int32? {
        await process.stop(within: DemoGateway.stopMax)
        return process.exitCode
    }

    private var isReady: Bool {
        let log = (try? String(contentsOfFile: member.logPath, encoding: .utf8)) ?? ""
        return log.split(separator: "\n").contains { $0.hasPrefix("{\"ready\":true") }
    }
}
