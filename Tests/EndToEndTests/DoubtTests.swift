import Foundation
import Ledger
import Rig
import Store
import Testing

/// Doubts that only others can raise, and gateways that cannot open a generation by themselves.
@Suite(.serialized, .timeLimit(.minutes(2))) struct DoubtTests {
    /// Members dial it, and it dials nobody: whoever has more of its log tells it so.
    @Test func aGatewayThatDialsNobodyIsTold() async throws {
        let site = try TestSite(["hospital", "regulator"])
        let port = try Loopback.freePort()
        try "custody-gateway: 1\nlisten: 127.0.0.1:\(port)\nhead-copy: none\n".write(
            toFile: site.state + "/gateway.yaml", atomically: true, encoding: .utf8)
        try site.listen("regulator", peers: [("hospital", port)])
        let old = site.folder + "/old"
        #expect(try Program("/bin/cp", ["-a", site.state, old]).wait() == 0)
        let hospital = try await RunningGateway(site, at: site.state)
        let regulator = try await RunningGateway(site, of: "regulator")
        try open("today", site)
        try await until("the regulator has it") { try size("hospital/main", site, "regulator") == 2 }
        hospital.stop()
        for name in try FileManager.default.contentsOfDirectory(atPath: site.state) {
            #expect(!name.hasSuffix("-wal"), "\(name)")
        }
        #expect(try Program("/bin/cp", ["-a", old + "/.", site.state]).wait() == 0)
        let again = try await RunningGateway(site, at: site.state)
        try await again.untilLogged("the next generation of the log is open")
        try await until("it records again") { (try? open("again", site)) != nil }
        regulator.stop()
        again.stop()
        let origins = try LedgerStore(path: site.state + "/ledger.sqlite", readOnly: true).read {
            try $0.ownGenerations().map(\.log.origin)
        }
        #expect(origins.count == 2 && origins.last == "hospital/main")
        #expect(try site.run(["evidence", "--state", site.state(of: "regulator")]).code == 0)
    }

    private func open(_ number: String, _ site: TestSite) throws {
        try site.custody(
            "order", "open", "--contract", "custom-device", "--number", number, "--fact", "product=hip", "--state",
            site.state)
    }

    private func size(_ origin: String, _ site: TestSite, _ member: String) throws -> UInt64 {
        try LedgerStore(path: site.state(of: member) + "/ledger.sqlite", readOnly: true).read {
            try $0.log(origin)?.size ?? 0
        }
    }

    /// A gateway that an earlier release made: it says what it needs, and goes on when it has it.
    @Test(arguments: [false, true])
    func aGatewayWithoutAnAuthorityIsHelped(byTheCA: Bool) throws {
        let site = try TestSite()
        for name in ["generations.key", "generations.pem", "head"] {
            try FileManager.default.removeItem(atPath: site.state + "/" + name)
        }
        try FileManager.default.removeItem(atPath: site.state + ".head")
        let refused = try site.run(["run", "--state", site.state])
        #expect(refused.code == 2)
        #expect(refused.errors.contains("[generations-unavailable]"), "\(refused.errors)")
        #expect(refused.errors.contains("custody organisation certify"))
        let folder = site.folder + "/hospital"
        try site.custody(
            ["organisation", "certify", "--organisation", folder, "--state", site.state] + (byTheCA ? ["--next"] : []))
        try open("later", site)
        let log = try LedgerStore(path: site.ledger, readOnly: true).read { try $0.ownLog() }
        #expect(Generation.number(ofOrigin: log?.origin ?? "") > 0)
        #expect(try site.run(["verify", "--state", site.state]).code == 0)
    }

    @Test func aGatewayIsNotMadeTwice() throws {
        let site = try TestSite()
        try open("once", site)
        try FileManager.default.removeItem(atPath: site.state)
        let outcome = try site.run([
            "init", "--state", site.state, "--organisation", site.folder + "/hospital", "--gateway", "main",
            "--consortium", site.folder + "/c.note", "--contracts", site.folder + "/contracts",
        ])
        #expect(outcome.errors.contains("[file-exists]"), "\(outcome.errors)")
        #expect(outcome.errors.contains("hospital/main with 2 entries"))
    }

    @Test func noGatewayIsNamedLikeAGeneration() throws {
        let site = try TestSite()
        let outcome = try site.run([
            "init", "--state", site.folder + "/other", "--organisation", site.folder + "/hospital", "--gateway",
            "main.20261123125642317", "--consortium", site.folder + "/c.note", "--contracts",
            site.folder + "/contracts",
        ])
        #expect(outcome.errors.contains("[origin-malformed]"))
        #expect(!FileManager.default.fileExists(atPath: site.folder + "/other"))
    }
}
