import Foundation
import Ledger
import Store
import Testing

/// A gateway whose log holds an entry that does not carry the hash of the one before it.
@Suite(.timeLimit(.minutes(2))) struct BrokenLogTests {
    private struct Frozen: Decodable {
        let origin, reason: String
        let common: UInt64?
    }

    @Test func aBrokenEntryIsProvedToEverybodyAndItsGatewayGoesOnUnderAnotherName() async throws {
        let site = try TestSite(["hospital", "regulator", "supplier"])
        try open("before", site)
        let index = try breakLog(site)
        try open("after", site)
        try site.listen("regulator")
        let regulator = try await RunningGateway(site, of: "regulator")
        try "custody-gateway: 1\npeers: [{organisation: regulator, address: 'https://127.0.0.1:\(regulator.port)'}]\n"
            .write(toFile: site.state + "/gateway.yaml", atomically: true, encoding: .utf8)
        let hospital = try await RunningGateway(site, at: site.state)
        try await regulator.untilLogged("code=previous-mismatch")
        try await hospital.untilLogged("the next generation of the log is open")
        try site.listen("supplier", peers: [("regulator", regulator.port)])
        let supplier = try await RunningGateway(site, of: "supplier")
        for member in ["regulator", "supplier"] {
            let state = site.state(of: member)
            try await until("the \(member) has frozen the log, and has what stands before") {
                let common = try frozen(site, state).map { "\($0.origin) \($0.common ?? 0)" }
                return try common == ["hospital/main \(index)"] && entries(state) == index
            }
            // What was acknowledged on the broken log is recorded on the next one.
            try await until("the \(member) has all orders") {
                let orders = try site.custody("orders", "--json", "--state", state).joined()
                return orders.contains("before") && orders.contains("after")
            }
            #expect(try site.custody("peers", "--state", state).joined().contains("FROZEN: it signed entry \(index)"))
        }
        for gateway in [supplier, hospital, regulator] { gateway.stop() }
        try checkEvidence(site, at: index)
        for state in [site.state, site.state(of: "regulator"), site.state(of: "supplier")] {
            try site.custody("verify", "--state", state)
        }
    }

    private func open(_ number: String, _ site: TestSite) throws {
        try site.custody(
            "order", "open", "--contract", "custom-device", "--number", number, "--fact", "product=hip", "--state",
            site.state)
    }

    /// Writes past the recorder, with the gateway's own key.
    /// - Returns: where the broken entry stands.
    private func breakLog(_ site: TestSite) throws -> UInt64 {
        let file = try String(contentsOfFile: site.state + "/log.key", encoding: .utf8)
        let key = try SigningKey(encoded: file.trimmingCharacters(in: .newlines))
        return try LedgerStore(path: site.ledger).write { transaction in
            let record = try #require(try transaction.snapshot.ownLog())
            let sound = try transaction.snapshot.state(of: record)
            var log = Log(
                origin: sound.origin, tree: sound.tree, last: Hash.leaf([1, 2, 3]), recordedAt: sound.recordedAt,
                documentVersion: sound.documentVersion)
            var full: [FullTile] = []
            let nowhere = Reference(origin: "nobody/gw", index: 7, leafHash: Hash.leaf([9]))
            let sealed = try log.seal(
                .erasure(Erasure(order: "", update: nowhere, fact: "", reason: "a hole")), now: sound.recordedAt,
                clock: ClockQuality(source: .none, error: 0, bootID: []), full: &full)
            try transaction.append([sealed], full: full, to: record.id)
            try transaction.setProgress(of: record.id, next: log.size, floor: log.documentVersion)
            try transaction.keep(try log.checkpoint().signed(by: key), size: log.size, of: record.id, stored: true)
            return sealed.index
        }
    }

    private func frozen(_ site: TestSite, _ state: String) throws -> [Frozen] {
        let outcome = try site.run(["evidence", "--json", "--state", state])
        return try JSONDecoder().decode([Frozen].self, from: Data(outcome.lines.joined().utf8))
    }

    private func entries(_ state: String) throws -> UInt64 {
        try LedgerStore(path: state + "/ledger.sqlite", readOnly: true).read { try $0.log("hospital/main")?.size ?? 0 }
    }

    /// The evidence of a member that only heard of it, checked with another's policy and nothing else.
    private func checkEvidence(_ site: TestSite, at index: UInt64) throws {
        let (file, policy) = (site.folder + "/broken", site.folder + "/policy")
        try site.custody("evidence", "hospital/main", "-o", file, "--state", site.state(of: "supplier"))
        let lines = try site.custody("policy", "--state", site.state(of: "regulator"))
        try lines.map { $0 + "\n" }.joined().write(toFile: policy, atomically: true, encoding: .utf8)
        let verified = try site.custody("verify-evidence", file, "--policy", policy).joined()
        #expect(verified.contains("hospital/main is convicted: it signed entry \(index)"), "\(verified)")
        let text = try String(contentsOfFile: file, encoding: .utf8)
        #expect(text.hasPrefix("custody-broken-entry/v1\nindex \(index)\n"))
        try text.replacingOccurrences(of: "index \(index)", with: "index \(index - 1)").write(
            toFile: file, atomically: true, encoding: .utf8)
        let refused = try site.run(["verify-evidence", file, "--policy", policy])
        #expect(refused.code != 0 && refused.errors.contains("[evidence-refused]"), "\(refused.errors)")
    }
}
