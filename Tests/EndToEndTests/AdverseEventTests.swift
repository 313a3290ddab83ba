import Foundation
import Testing

/// A report of harm: maker and regulator are notified by their own gateways, and who reports stays private.
@Suite(.timeLimit(.minutes(2))) struct AdverseEventTests {
    private static let running = ["hospital", "manufacturer", "regulator"]
    private static let automatic = ["investigation.opened", "manufacturer.notified", "regulator.notified"]

    private struct Trace: Decodable {
        struct Step: Decodable {
            let step, origin, verdict: String
            let confirmed: Bool
        }

        let steps: [Step]
    }

    private struct Revealed: Decodable {
        let fact, state: String
        let value: String?
    }

    private let site: TestSite

    init() throws {
        site = try TestSite(["supplier"] + Self.running, contracts: ["adverse-event"])
    }

    private func state(_ member: String) -> String { site.state(of: member) }

    private func steps(at member: String) throws -> [Trace.Step] {
        let outcome = try site.run(["trace", "AE-1", "--json", "--state", state(member)])
        return (try? JSONDecoder().decode(Trace.self, from: Data(outcome.lines.joined().utf8)).steps) ?? []
    }

    private func report(by step: [String]) throws -> (code: Int32, lines: [String], errors: String) {
        try "a clerk of ward 7".write(toFile: site.folder + "/reporter", atomically: true, encoding: .utf8)
        return try site.run(
            ["order", "open", "--contract", "adverse-event", "--number", "AE-1", "--fact", "problem=A0401"]
                + ["--private-fact", "reporter=@\(site.folder)/reporter", "--state", state("hospital")] + step)
    }

    private func reporter(at member: String) throws -> String? {
        let outcome = try site.run(["reveal", "AE-1", "reporter", "--json", "--state", state(member)])
        return try JSONDecoder().decode([Revealed].self, from: Data(outcome.lines.joined().utf8)).first?.value
    }

    @Test func aReportNotifiesMakerAndRegulatorAtOnceAndKeepsTheReporterPrivate() async throws {
        let gateways = try await RunningGateway.all(Self.running, of: site)
        let vague = try report(by: [])
        #expect(vague.code == 2 && vague.errors.contains("[step-ambiguous]"), "\(vague.errors)")
        #expect(try report(by: ["--step", "death.reported"]).code == 0)
        for member in Self.running {
            try await until("\(member) has the report and what the rules recorded, confirmed") {
                let steps = try self.steps(at: member)
                return steps.dropFirst().map(\.step).sorted() == Self.automatic
                    && steps.allSatisfy { $0.confirmed && $0.verdict == "accepted" }
            }
        }
        let steps = try self.steps(at: "hospital")
        #expect(steps.filter { $0.step == "regulator.notified" }.map(\.origin) == ["regulator/main"])
        #expect(
            steps.filter { $0.step != "regulator.notified" }.dropFirst().allSatisfy { $0.origin == "manufacturer/main" }
        )
        try await until("the regulator reads who reported") { try reporter(at: "regulator") == "a clerk of ward 7" }
        #expect(try reporter(at: "manufacturer") == nil)
        let counted = try site.custody("adverse", "statistics", "--by", "source", "--state", state("manufacturer"))
        #expect(counted.first == "reports, hospital" && counted.count == 2 && counted[1].hasSuffix("  1"), "\(counted)")
        for gateway in gateways { gateway.stop() }
        for member in Self.running { try site.custody("verify", "--state", state(member)) }
    }
}
