import Foundation
import Glibc
import Ledger
import Rig
import Store
import Testing

/// Killed at any instant, a gateway has acted on each rule once when it comes to rest.
@Suite(.serialized) struct RuleCrashTests {
    private static func watched(_ contract: String) -> String {
        let step = "  order.noted: {by: [hospital], after: [order.placed], repeats: true, facts: {product: public}}\n"
        let rule =
            "  note: {when: {step: order.placed}, by: hospital, record: order.noted, facts: {product: {from: product}}}\n"
        return contract.replacing("\nrules:\n", with: "\n\(step)rules:\n\(rule)")
    }

    @Test func everyRuleIsActedOnOnceHoweverOftenTheGatewayIsKilled() async throws {
        let site = try TestSite(changed: Self.watched)
        try "custody-gateway: 1\nlisten: 127.0.0.1:0\n".write(
            toFile: site.state + "/gateway.yaml", atomically: true, encoding: .utf8)
        var numbers = SeededRandom(seed: 6)
        var kills = 0
        for _ in 0..<6 {
            try open(site.state)
            for _ in 0..<2 {
                let gateway = try await RunningGateway(site, at: site.state)
                usleep(.random(in: 0...150_000, using: &numbers))
                gateway.kill()
                kills += 1
                // Never twice, also on the way.
                #expect(try notes(site).values.allSatisfy { $0 <= 1 })
            }
        }
        let gateway = try await RunningGateway(site, at: site.state)
        try await until("every order is noted", within: .seconds(120)) {
            let notes = try notes(site)
            return notes.count > 100 && notes.values.allSatisfy { $0 == 1 }
        }
        gateway.stop()
        #expect(try notes(site).values.allSatisfy { $0 == 1 })
        #expect(try site.run(["verify", "--state", site.state]).code == 0)
    }

    /// Opens orders until it is killed.
    private func open(_ state: String) throws {
        let program = try Program(try TestSite.program("custody"), ["append-load", "--state", state, "--writers", "4"])
        for _ in 0..<50 { _ = try #require(program.line()) }
        program.send(SIGKILL)
        _ = program.lines()
        #expect(program.wait() == 128 + SIGKILL)
    }

    /// How often each order has been noted.
    private func notes(_ site: TestSite) throws -> [String: Int] {
        let updates = try LedgerStore(path: site.ledger, readOnly: true).read { try $0.applied(after: 0, limit: .max) }
        return updates.reduce(into: [:]) { notes, applied in
            notes[applied.update.order, default: 0] += applied.update.step == "order.noted" ? 1 : 0
        }
    }
}
