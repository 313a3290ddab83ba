import Foundation
import Ledger
import Store
import Testing

/// A regulator's inspector who signs, gateways that ask for it, and a regulator's gateway that lies about it.
@Suite(.timeLimit(.minutes(3))) struct OperatorTests {
    static let contract = """
        custody-contract: 3
        name: custom-device
        version: 3
        steps:
          opened: {by: [hospital], facts: {number: public}}
          inspected:
            {by: [regulator], after: opened, repeats: true, facts: {result: public, finding: private},
             signed-by: operator}
          approved: {by: [regulator], after: inspected, signed-by: operator}
          noted: {by: [hospital, regulator], after: opened, repeats: true}
        """
    static let running = ["hospital", "manufacturer", "regulator"]

    private struct Trace: Decodable {
        struct Step: Decodable {
            let step, verdict: String
            let `operator`: String?
            let operatorSigned: Bool?
            let confirmed: Bool
            let facts: [String: String]
        }

        let steps: [Step]
        let heads: [String]
    }

    let site: TestSite

    init() throws {
        site = try TestSite(["supplier"] + Self.running, changed: { _ in Self.contract })
        try site.custody(
            "order", "open", "--contract", "custom-device", "--number", "N-1", "--state", site.state(of: "hospital"))
    }

    /// Makes an operator of an organisation.
    /// - Returns: what `record` needs to sign as that operator.
    private func operate(_ id: String, of organisation: String, encrypted: Bool = false) throws -> [String] {
        let folder = site.folder + "/" + id
        let passphrase = site.folder + "/passphrase"
        if encrypted {
            try "open sesame\n".write(toFile: passphrase, atomically: true, encoding: .utf8)
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: passphrase)
        }
        try site.custody(
            ["operator", "init", id, "--directory", folder] + (encrypted ? ["--passphrase-file", passphrase] : []))
        try site.custody(
            "operator", "certify", folder + "/operator.csr", "--organisation", site.folder + "/" + organisation)
        let mode = try FileManager.default.attributesOfItem(atPath: folder + "/operator.key")[.posixPermissions]
        #expect(mode as? Int == 0o600)
        return ["--operator-key", folder + "/operator.key"]
            + (encrypted ? ["--operator-passphrase-file", passphrase] : [])
    }

    private func record(
        _ step: String, at member: String = "regulator", _ more: [String] = []
    ) throws -> (code: Int32, lines: [String], errors: String) {
        try site.run(["record", "N-1", step, "--state", site.state(of: member)] + more)
    }

    private func trace(at member: String) throws -> Trace? {
        let outcome = try site.run(["trace", "N-1", "--json", "--state", site.state(of: member)])
        return try? JSONDecoder().decode(Trace.self, from: Data(outcome.lines.joined().utf8))
    }

    private func untilAll(_ what: String, _ holds: (Trace) -> Bool) async throws {
        for member in Self.running {
            try await until("\(member): \(what)") { try trace(at: member).map(holds) ?? false }
        }
    }

    @Test func aForgedSignatureIsKeptMirroredAndRejectedByEverybody() async throws {
        let inspector = try operate("jk-17", of: "regulator", encrypted: true)
        let stranger = try operate("eve", of: "manufacturer")
        var gateways = try await RunningGateway.all(Self.running, of: site)
        try await untilAll("knows the order") { $0.steps.count == 1 }

        let unsigned = try record("inspected", ["--fact", "result=fail"])
        #expect(unsigned.code == 1 && unsigned.errors.contains("operator-unsigned"), "\(unsigned.errors)")
        let strange = try record("inspected", ["--fact", "result=fail"] + stranger)
        #expect(strange.code == 1 && strange.errors.contains("operator-stranger"), "\(strange.errors)")
        let finding = site.folder + "/finding"
        try "a crack".write(toFile: finding, atomically: true, encoding: .utf8)
        let signed = try record(
            "inspected", ["--fact", "result=fail", "--private-fact", "finding=@\(finding)"] + inspector)
        #expect(signed.code == 0, "\(signed.errors)")
        #expect(signed.errors.contains("signing as jk-17 of regulator") && signed.errors.contains("result=fail"))
        try await untilAll("has what was signed") {
            $0.steps.contains { $0.operatorSigned == true && $0.operator == "jk-17" && $0.confirmed }
        }
        #expect(try site.custody("reveal", "N-1", "--state", site.state(of: "regulator")).joined().contains("a crack"))

        gateways[2].stop()
        try forge()
        try site.listen("regulator", peers: [("hospital", gateways[0].port)])
        gateways[2] = try await RunningGateway(site, of: "regulator")
        try await untilAll("rejects it") { trace in
            trace.steps.contains { $0.facts["result"] == "pass" && $0.verdict.contains("operator-forged") }
        }
        // It stops nothing: what is right goes on behind it, in the same log.
        #expect(try record("approved", inspector).code == 0)
        try await untilAll("has the approval") { trace in
            trace.steps.contains { $0.step == "approved" && $0.verdict == "accepted" && $0.confirmed }
        }
        for gateway in gateways { gateway.stop() }
        try expectShown()
    }

    /// Lets the regulator's gateway seal what its inspector did not sign: another result under the same signature.
    private func forge() throws {
        let state = site.state(of: "regulator")
        let line = try String(contentsOfFile: state + "/log.key", encoding: .utf8).split(separator: "\n").first
        let key = try SigningKey(encoded: String(try #require(line)))
        let store = try LedgerStore(path: state + "/ledger.sqlite")
        let (own, state_, genuine) = try store.read { snapshot in
            let own = try #require(try snapshot.ownLog())
            let updates = try snapshot.updates(of: try snapshot.order("N-1"))
            return (own, try snapshot.state(of: own), try #require(updates.last))
        }
        let update = genuine.update
        let lie = Update(
            order: update.order, step: update.step, parents: [genuine.reference], consortium: update.consortium,
            contract: update.contract, facts: [Fact(name: "result", value: .text("pass"))], source: update.source,
            operator: update.operator)
        var log = state_
        var full: [FullTile] = []
        let sealed = try log.seal(
            .update(lie), now: log.recordedAt + 1, clock: ClockQuality(source: .none, error: 0, bootID: []),
            full: &full)
        let head = try log.checkpoint().signed(by: key)
        try store.write { transaction in
            try transaction.append([sealed], full: full, to: own.id)
            try transaction.keep(head, size: log.size, of: own.id, stored: true)
        }
    }

    private func expectShown() throws {
        for member in Self.running {
            let state = site.state(of: member)
            let text = try site.custody("trace", "N-1", "--state", state).joined(separator: "\n")
            #expect(text.contains("signed by operator jk-17"))
            #expect(text.contains("REJECTED: ") && text.contains("[operator-forged]"), "\(text)")
            #expect(text.contains("the signature of operator jk-17 is NOT VALID"))
            try site.custody("verify", "--state", state)
            try site.custody("reindex", "--state", state)
            #expect(try trace(at: member)?.steps.filter { $0.verdict.contains("operator-forged") }.count == 1)
        }
        let (file, policy) = (site.folder + "/p.proof", site.folder + "/policy")
        let state = site.state(of: "hospital")
        try site.custody("proof", "N-1", "-o", file, "--state", state)
        try site.custody("policy", "--state", state).joined(separator: "\n").appending("\n").write(
            toFile: policy, atomically: true, encoding: .utf8)
        let checked = try site.run(["verify-proof", file, "--policy", policy])
        #expect(checked.lines.joined(separator: "\n").contains("signed by operator jk-17"), "\(checked)")
    }

    @Test func signaturesThatOvertakeEachOtherAreMadeAgain() async throws {
        let people = try ["a-1", "b-2", "c-3"].map { try operate($0, of: "regulator") }
        // Two gateways, and nobody signs on a gateway that does not run.
        let gateways = try await RunningGateway.all(["hospital", "regulator"], of: site)
        try await until("the regulator knows the order") { try trace(at: "regulator")?.steps.count == 1 }
        let programs = try (0..<3).flatMap { round in
            try people.map { person in
                try Program(
                    try TestSite.program("custody"),
                    ["record", "N-1", "inspected", "--fact", "result=\(round)", "--state", site.state(of: "regulator")]
                        + person, errors: site.folder + "/errors-\(UUID().uuidString)")
            }
        }
        let codes = programs.map { program in
            _ = program.lines()
            return program.wait()
        }
        let steps = try #require(try trace(at: "regulator")).steps.filter { $0.step == "inspected" }
        #expect(steps.count == codes.count { $0 == 0 })
        #expect(steps.count >= 5 && steps.allSatisfy { $0.operatorSigned == true })
        #expect(try trace(at: "regulator")?.heads.count == 1)
        for gateway in gateways { gateway.stop() }
        try site.custody("verify", "--state", site.state(of: "regulator"))
    }

    @Test func anUpdateIsSignedWithoutARunningGateway() async throws {
        let inspector = try operate("jk-17", of: "hospital")
        let outcome = try record("noted", at: "hospital", inspector)
        #expect(outcome.code == 0, "\(outcome.errors)")
        #expect(try trace(at: "hospital")?.steps.last?.operatorSigned == true)
        #expect(try record("noted", at: "hospital", ["--operator", "who"]).code == 0)
        #expect(try trace(at: "hospital")?.steps.last?.operator == "who")
        let mixed = try record("noted", at: "hospital", inspector + ["--operator", "who"])
        #expect(mixed.code != 0 && mixed.errors.contains("jk-17"))
        // A key that others may read is none.
        try FileManager.default.setAttributes(
            [.posixPermissions: 0o644], ofItemAtPath: site.folder + "/jk-17/operator.key")
        #expect(try record("noted", at: "hospital", inspector).errors.contains("key-file-exposed"))
    }
}
