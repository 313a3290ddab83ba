import Foundation
import Testing

/// A step that waits for another's word, a fork between gateways that were apart, and how a dispute ends.
@Suite(.timeLimit(.minutes(2))) struct DisputeTests {
    static let contract = """
        custody-contract: 2
        name: custom-device
        version: 2
        steps:
          opened: {by: [hospital], facts: {number: public}}
          built: {by: [hospital], after: opened, confirmed-by: [regulator]}
          shipped: {by: [hospital, manufacturer], after: built, requires: box, facts: {box: public}}
          noted: {by: [hospital, manufacturer], after: built, repeats: true}
          order.resolved:
            {by: [regulator], after: opened, requires: stands, facts: {stands: public, reason: public},
             repeats: true, resolves: true}
        """
    static let running = ["hospital", "manufacturer", "regulator"]

    private struct Trace: Decodable {
        struct Step: Decodable {
            let step, leafHash: String
            let confirmed, dropped: Bool
            let confirmedAfter: Double?
            let facts: [String: String]
        }

        let steps: [Step]
        let heads: [String]
        let disputed: String?

        func step(_ name: String) -> Step? { steps.first { $0.step == name } }
    }

    private struct Fork: Decodable {
        let order: String
        let heads: [String]
        let disputed: String?
    }

    private func site() throws -> TestSite {
        try TestSite(["supplier"] + Self.running, changed: { _ in Self.contract })
    }

    private func trace(_ site: TestSite, at member: String) throws -> Trace? {
        let outcome = try site.run(["trace", "N-1", "--json", "--state", site.state(of: member)])
        return try? JSONDecoder().decode(Trace.self, from: Data(outcome.lines.joined().utf8))
    }

    private func forks(_ site: TestSite, at member: String) throws -> (code: Int32, forks: [Fork]) {
        let outcome = try site.run(["forks", "--json", "--state", site.state(of: member)])
        return (outcome.code, try JSONDecoder().decode([Fork].self, from: Data(outcome.lines.joined().utf8)))
    }

    private func record(_ step: String, at member: String, _ site: TestSite, _ more: String...) throws
        -> (code: Int32, lines: [String], errors: String)
    {
        try site.run(["record", "N-1", step, "--state", site.state(of: member)] + more)
    }

    @Test func aDisputeIsOnEverybodysListUntilOneBranchStands() async throws {
        let site = try site()
        try site.custody(
            "order", "open", "--contract", "custom-device", "--number", "N-1", "--state", site.state(of: "hospital"))
        #expect(try record("built", at: "hospital", site).code == 0)
        let early = try record("shipped", at: "hospital", site, "--fact", "box=1")
        #expect(early.code == 1 && early.errors.contains("not-confirmed"), "\(early.errors)")

        var gateways = try await RunningGateway.all(Self.running, of: site)
        for member in Self.running {
            try await until("\(member) knows the order as confirmed") {
                try trace(site, at: member)?.step("built")?.confirmed == true
            }
        }
        let after = try #require(try trace(site, at: "hospital")?.step("built")?.confirmedAfter)
        #expect(after > 0 && after < 120)
        for gateway in gateways { gateway.stop() }

        // Apart, each of the two ships it.
        #expect(try record("shipped", at: "hospital", site, "--fact", "box=1").code == 0)
        #expect(try record("shipped", at: "manufacturer", site, "--fact", "box=2").code == 0)
        #expect(try forks(site, at: "hospital").forks.isEmpty)
        gateways = try await RunningGateway.all(Self.running, of: site)
        for member in Self.running {
            try await until("\(member) lists the dispute") {
                let list = try forks(site, at: member)
                return list.code == 1 && list.forks.first?.disputed != nil && list.forks.first?.heads.count == 2
            }
        }
        #expect(try record("noted", at: "hospital", site).errors.contains("order-disputed"))

        let stands = try #require(try trace(site, at: "regulator")?.steps.first { $0.facts["box"] == "2" }).leafHash
        let refused = try site.run(
            ["resolve", "N-1", "--stands", stands, "--state", site.state(of: "manufacturer")])
        #expect(refused.code == 1 && refused.errors.contains("role-not-allowed"), "\(refused.errors)")
        try site.custody(
            "resolve", "N-1", "--stands", String(stands.prefix(12)), "--fact", "reason=seen", "--state",
            site.state(of: "regulator"))
        for member in Self.running {
            try await until("\(member) has no fork left") {
                let list = try forks(site, at: member)
                return list.code == 0 && list.forks.isEmpty
            }
            let trace = try #require(try trace(site, at: member))
            #expect(trace.heads.count == 1 && trace.disputed == nil)
            #expect(trace.steps.filter(\.dropped).map { $0.facts["box"] } == ["1"])
        }
        #expect(try record("noted", at: "hospital", site).code == 0)
        for gateway in gateways { gateway.stop() }
        for member in Self.running { try site.custody("verify", "--state", site.state(of: member)) }
        // What was dropped leaves the house with a declaration that it does not count.
        for what in [["N-1"], []] {
            let lines = try site.custody(["epcis", "export"] + what + ["--state", site.state(of: "hospital")])
            let withdrawn = lines.filter { $0.contains("errorDeclaration") }
            #expect(lines.count { $0.hasPrefix(#"{"type""#) } == 6)
            #expect(withdrawn.count == 1 && withdrawn[0].contains(#""custody:box":"1""#), "\(withdrawn)")
        }
        // The list follows from the logs.
        try site.custody("reindex", "--state", site.state(of: "hospital"))
        #expect(try forks(site, at: "hospital").forks.isEmpty)
    }
}
