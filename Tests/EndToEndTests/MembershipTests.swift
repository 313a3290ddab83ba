import Foundation
import Testing

/// Who is a member changes while everybody runs: joining, revoking, new keys.
@Suite(.timeLimit(.minutes(3))) struct MembershipTests {
    static let contract = """
        custody-contract: 2
        name: custom-device
        version: 2
        steps:
          opened: {by: [hospital], facts: {number: public}}
          noted: {by: [hospital, manufacturer, regulator, logistics], after: opened, repeats: true}
        """
    static let running = ["hospital", "manufacturer", "regulator"]

    private struct Status: Decodable {
        struct Proposal: Decodable {
            let hash: String
            let signed: [String]
        }

        let version: Int
        let members: [String]
        let proposals: [Proposal]
    }

    private struct Trace: Decodable {
        struct Step: Decodable {
            let step, origin: String
            let index: UInt64
            let confirmed, revoked: Bool
            let verdict: String
        }

        let steps: [Step]
    }

    private func status(_ site: TestSite, at member: String) throws -> Status {
        let lines = try site.custody("consortium", "status", "--json", "--state", site.state(of: member))
        return try JSONDecoder().decode(Status.self, from: Data(lines.joined().utf8))
    }

    private func trace(_ site: TestSite, at member: String) throws -> [Trace.Step] {
        let outcome = try site.run(["trace", "N-1", "--json", "--state", site.state(of: member)])
        return (try? JSONDecoder().decode(Trace.self, from: Data(outcome.lines.joined().utf8)).steps) ?? []
    }

    /// One member proposes and signs; the others find it at their own gateways and sign too.
    private func change(_ site: TestSite, to version: Int, _ what: [String]) async throws {
        let draft = site.folder + "/draft-\(version).note"
        try succeed(site, ["consortium", "propose", "-o", draft, "--state", site.state(of: "hospital")] + what)
        let unsigned = try site.run(["consortium", "submit", draft, "--state", site.state(of: "hospital")])
        #expect(unsigned.code != 0)
        // With the fourth that is no regulator, the usual quorum wants three of them.
        for member in version == 2 ? ["hospital"] : ["hospital", "supplier"] {
            try site.custody("consortium", "sign", draft, "--organisation", site.folder + "/" + member)
        }
        try site.custody("consortium", "submit", draft, "--state", site.state(of: "hospital"))
        for member in ["regulator", "manufacturer"] {
            try await until("\(member) hears of the proposal") { try status(site, at: member).proposals.count == 1 }
            let proposal = try #require(try status(site, at: member).proposals.first)
            #expect(try status(site, at: member).version == version - 1)
            #expect(!proposal.signed.contains(member))
            let folder = site.folder + "/sign-\(version)-\(member)"
            let note = try #require(
                try site.custody(
                    "consortium", "export", proposal.hash, "--directory", folder, "--state", site.state(of: member)
                ).first)
            try site.custody("consortium", "sign", note, "--organisation", site.folder + "/" + member)
            try site.custody("consortium", "submit", note, "--state", site.state(of: member))
        }
        for member in Self.running {
            try await until("version \(version) is in force at \(member)") {
                let status = try status(site, at: member)
                return status.version == version && status.proposals.isEmpty
            }
        }
    }

    private func succeed(_ site: TestSite, _ arguments: [String]) throws {
        let outcome = try site.run(arguments)
        try #require(outcome.code == 0, "\(outcome.errors)")
    }

    private func note(_ site: TestSite, at member: String) throws {
        try site.custody("record", "N-1", "noted", "--state", site.state(of: member))
    }

    @Test func membersJoinAreRevokedAndChangeTheirKeysWhileAllRun() async throws {
        let site = try TestSite(["supplier"] + Self.running, changed: { _ in Self.contract })
        try site.custody(
            "order", "open", "--contract", "custom-device", "--number", "N-1", "--state", site.state(of: "hospital"))
        let gateways = try await RunningGateway.all(Self.running, of: site)

        // A fifth member joins.
        try site.custody(
            "organisation", "create", "logistics", "--role", "logistics", "--directory", site.folder + "/logistics")
        try await change(site, to: 2, ["--organisation", site.folder + "/logistics/organisation.yaml"])
        let history = site.folder + "/history"
        try site.custody("consortium", "export", "--directory", history, "--state", site.state(of: "hospital"))
        try succeed(site, initArguments(site, history, versions: 2))
        try site.listen("logistics", peers: [("hospital", gateways[0].port)])
        let logistics = try await RunningGateway(site, of: "logistics")
        try await until("the new member has the order") { try !trace(site, at: "logistics").isEmpty }
        try note(site, at: "logistics")
        for member in Self.running {
            try await until("\(member) has the new member's update, confirmed") {
                try trace(site, at: member).contains {
                    $0.origin == "logistics/main" && $0.verdict == "accepted" && $0.confirmed
                }
            }
        }

        // Its gateway is revoked after that update: it is cut off, and goes on recording.
        try await change(site, to: 3, ["--revoke", "logistics/main=1"])
        try await logistics.untilLogged("revoked")
        try note(site, at: "logistics")
        #expect(try trace(site, at: "logistics").count == 3)
        try await until("the regulator knows what counts") {
            try trace(site, at: "regulator").last.map { $0.confirmed && !$0.revoked } == true
        }
        #expect(try trace(site, at: "regulator").count == 2)
        logistics.stop()

        // It leaves, and the regulator's cosigner gets another key, and confirms with it from then on.
        let renewed = site.folder + "/regulator-2"
        try site.custody(
            "organisation", "renew", site.folder + "/regulator", "--directory", renewed, "--cosigner", "--state",
            site.state(of: "regulator"))
        gateways[2].stop()
        let regulator = try await RunningGateway(site, of: "regulator")
        try await change(site, to: 4, ["--organisation", renewed + "/organisation.yaml", "--remove", "logistics"])
        try note(site, at: "hospital")
        try await until("the quorum has the new key's word") {
            try trace(site, at: "manufacturer").last.map { $0.origin == "hospital/main" && $0.confirmed } == true
        }
        for gateway in [gateways[0], gateways[1], regulator] { gateway.stop() }
        for member in Self.running { try site.custody("verify", "--state", site.state(of: member)) }
    }

    private func initArguments(_ site: TestSite, _ history: String, versions: Int) -> [String] {
        [
            "init", "--state", site.state(of: "logistics"), "--organisation", site.folder + "/logistics", "--gateway",
            "main", "--contracts", history, "--cosigner",
        ] + (1...versions).flatMap { ["--consortium", "\(history)/consortium-\($0).note"] }
    }

    @Test func aGatewayWithANewTLSKeyIsAdmitted() async throws {
        let site = try TestSite(["supplier", "hospital", "regulator"], changed: { _ in Self.contract })
        try site.listen("hospital")
        let hospital = try await RunningGateway(site, of: "hospital")
        let key = try String(contentsOfFile: site.state(of: "regulator") + "/tls.key", encoding: .utf8)
        try site.custody("organisation", "tls", site.folder + "/regulator", "--state", site.state(of: "regulator"))
        #expect(try String(contentsOfFile: site.state(of: "regulator") + "/tls.key", encoding: .utf8) != key)
        try site.listen("regulator", peers: [("hospital", hospital.port)])
        let regulator = try await RunningGateway(site, of: "regulator")
        try await regulator.untilLogged("peer connected")
        regulator.stop()
        hospital.stop()
    }
}
