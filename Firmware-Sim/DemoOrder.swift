import Ledger

/// The one order of the demo, as each member sees it through the command line.
struct DemoOrder: Sendable {
    static let number = "PO-2026-0042"
    /// How long anything may take to reach a member.
    static let waitMax: Duration = .seconds(25)

    let program: CustodyProgram

    /// Its generated id.
    func open(at member: DemoMember, _ arguments: [String]) async throws -> String {
        let id = try await program.output(
            ["order", "open", "--contract", DemoConsortium.contractName, "--number", DemoOrder.number] + arguments
                + ["--state", member.state])
        return CustodyProgram.line(id)
    }

    /// Waits until the member knows the step before, as a person there would, and records the next one.
    func record(_ step: String, after previous: String, at member: DemoMember, _ arguments: [String]) async throws {
        _ = try await wait(at: member, for: previous) { $0.has(previous) }
        try await program.output(["record", DemoOrder.number, step] + arguments + ["--state", member.state])
    }

    /// Nil while the member has not heard of the order.
    func trace(at member: DemoMember) async throws -> OrderTrace? {
        let outcome = try await program.run(["trace", DemoOrder.number, "--json", "--state", member.state])
        return outcome.exitCode == 0 ? try OrderTrace(json: outcome.output) : nil
    }

    /// The member's trace as soon as it is as wanted. Throws `demo-waited-in-vain`.
    func wait(
        at member: DemoMember, for what: String, until isThere: (OrderTrace) -> Bool
    ) async throws -> OrderTrace {
        let deadline = ContinuousClock.now + DemoOrder.waitMax
        var last: OrderTrace?
        while ContinuousClock.now < deadline {
            last = try await trace(at: member) ?? last
            if let last, isThere(last) { return last }
            try await Task.sleep(for: .milliseconds(100))
        }
        let doubts =
            last.map { $0.doubts.isEmpty ? "all that it has is confirmed" : $0.doubts } ?? "order unknown there"
        throw CustodyError(
            "demo-waited-in-vain", "\(member.id) has waited in vain for \(what): \(doubts)", at: member.logPath,
            remedy: "Read its log.")
    }
}
