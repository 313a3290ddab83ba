import Foundation
import Ledger
import Testing

/// Real gateways and `Tests/Conformance/c2sp.py`, which was written from the C2SP specifications alone: each reads, mirrors
/// and witnesses what the other has.
@Suite(.timeLimit(.minutes(3))) struct ConformanceTests {
    private struct Served: Decodable {
        let port: Int
        let keys: [String: String]
    }

    private struct Read: Decodable {
        let origin: String
        let size: UInt64
        let cosigners: [String]
        let confirmed: Bool
        let outside: [String]
    }

    private struct Proved: Decodable {
        let origin: String
        let confirmed: Bool
    }

    private struct Key: Decodable {
        let vkey: String
    }

    private static let python = "/usr/bin/python3"
    private static let script = TestSite.repository + "/Tests/Conformance/c2sp.py"

    let site: TestSite

    init() throws {
        site = try TestSite(["regulator", "hospital"])
        // The first of a site has its state elsewhere.
        try site.copyState(to: "state-regulator")
    }

    // MARK: The other side

    private func c2sp(_ arguments: [String]) throws -> (code: Int32, lines: [String], errors: String) {
        let errors = site.folder + "/python-\(UUID().uuidString)"
        let program = try Program(Self.python, [Self.script] + arguments, errors: errors)
        let lines = program.lines()
        let code = program.wait()
        return (code, lines, try String(contentsOfFile: errors, encoding: .utf8))
    }

    private func c2sp<Answer: Decodable>(_: Answer.Type, _ arguments: [String]) throws -> Answer {
        let (code, lines, errors) = try c2sp(arguments)
        try #require(code == 0, "\(arguments.first ?? ""): \(errors)")
        return try JSONDecoder().decode(Answer.self, from: Data(lines.joined().utf8))
    }

    /// A log, a mirror and a witness that run until they are let go.
    private func serve(_ arguments: [String]) throws -> (program: Program, served: Served) {
        let program = try Program(
            Self.python, [Self.script, "serve"] + arguments, errors: site.folder + "/python-serve")
        let line = try #require(program.line(), "the log is not served")
        return (program, try JSONDecoder().decode(Served.self, from: Data(line.utf8)))
    }

    /// How a member's gateway calls another's port.
    private func identity(of member: String, at port: Int, of host: String) throws -> [String] {
        let note = try SignedNote(
            encoded: try String(contentsOfFile: site.folder + "/c.note", encoding: .utf8))
        let document = try ConsortiumDocument(text: note.text)
        let authority = site.folder + "/\(host).pem"
        let certificate = try #require(document.organisation(host)).certificate
        try certificate.write(toFile: authority, atomically: true, encoding: .utf8)
        let state = site.state(of: member)
        return [
            "--url", "https://127.0.0.1:\(port)", "--authority", authority, "--certificate", state + "/tls.pem",
            "--certificate-key", state + "/tls.key",
        ]
    }

    private func policy(of member: String, and lines: [String] = []) throws -> (file: String, lines: [String]) {
        let all = try site.custody("policy", "--state", site.state(of: member)) + lines
        let file = site.folder + "/policy-\(UUID().uuidString)"
        try all.map { $0 + "\n" }.joined().write(toFile: file, atomically: true, encoding: .utf8)
        return (file, all)
    }

    private func configure(_ member: String, peers: [(name: String, port: Int)] = [], _ more: [String]) throws {
        try site.listen(member, peers: peers)
        let file = site.state(of: member) + "/gateway.yaml"
        let text = try String(contentsOfFile: file, encoding: .utf8) + more.map { $0 + "\n" }.joined()
        try text.write(toFile: file, atomically: true, encoding: .utf8)
    }

    private func order(_ number: Int) throws -> String {
        try #require(
            try site.custody(
                "order", "open", "--contract", "custom-device", "--number", "PO-\(number)", "--fact", "product=hip",
                "--state", site.state(of: "hospital")
            ).first)
    }

    private struct Peers: Decodable {
        struct Log: Decodable {
            let origin: String
            let size, confirmed: UInt64
        }

        let logs: [Log]
    }

    private func log(_ origin: String, at member: String) throws -> Peers.Log? {
        let text = try site.custody("peers", "--json", "--state", site.state(of: member)).joined()
        return try JSONDecoder().decode(Peers.self, from: Data(text.utf8)).logs.first { $0.origin == origin }
    }

    // MARK: Our logs

    @Test func aStrangersProgramReadsOurLogFromBothMembersAndChecksAProof() async throws {
        try site.listen("regulator")
        let regulator = try await RunningGateway(site, of: "regulator")
        try site.listen("hospital", peers: [("regulator", regulator.port)])
        let hospital = try await RunningGateway(site, of: "hospital")
        let orders = try (0..<3).map { try order($0) }
        try await until("all is confirmed") {
            let log = try log("hospital/main", at: "hospital")
            return log?.size == 4 && log?.confirmed == 4
        }
        let policy = try policy(of: "hospital").file
        func read(from host: String, by caller: String, at port: Int) throws -> Read {
            try c2sp(
                Read.self,
                ["read", "--origin", "hospital/main", "--policy", policy] + identity(of: caller, at: port, of: host))
        }
        let own = try read(from: "hospital", by: "regulator", at: hospital.port)
        #expect(own.size == 4 && own.confirmed)
        #expect(own.cosigners == ["hospital", "regulator"])
        let mirrored = try read(from: "regulator", by: "hospital", at: regulator.port)
        #expect(mirrored.size == 4 && mirrored.cosigners.contains("regulator"))
        let proofs = site.folder + "/proofs"
        try site.custody("proof", orders[1], "--split", proofs, "--state", site.state(of: "hospital"))
        let entry = proofs + "/hospital_main_2.entry"
        let proof = proofs + "/hospital_main_2.tlog-proof"
        let proved = try c2sp(Proved.self, ["prove", "--proof", proof, "--entry", entry, "--policy", policy])
        #expect(proved.origin == "hospital/main" && proved.confirmed)
        try "another".write(toFile: entry, atomically: true, encoding: .utf8)
        #expect(try c2sp(["prove", "--proof", proof, "--entry", entry, "--policy", policy]).code == 1)
        hospital.stop()
        regulator.stop()
    }

    @Test func aStrangersWitnessAndMirrorCosignOurLog() async throws {
        let ours = try #require(
            try policy(of: "hospital").lines.first { $0.hasPrefix("log hospital/main") }?.split(separator: " ").last)
        let (other, served) = try serve(["--origin", "example.org/foreign", "--log", String(ours)])
        let keys = try ["/witness", "/mirror"].map { try #require(served.keys[$0]) }
        try configure(
            "hospital",
            ["cosigners:"]
                + zip(["witness", "mirror"], keys).map { kind, key in
                    "  - {kind: \(kind), key: '\(key)', url: 'http://127.0.0.1:\(served.port)/\(kind)'}"
                })
        let hospital = try await RunningGateway(site, of: "hospital")
        for number in 0..<2 { _ = try order(number) }
        let policy = try policy(of: "hospital").file
        let arguments =
            try ["read", "--origin", "hospital/main", "--policy", policy] + keys.flatMap { ["--cosigner", $0] }
            + identity(of: "regulator", at: hospital.port, of: "hospital")
        try await until("both have cosigned what was recorded last") {
            let read = try c2sp(Read.self, arguments)
            return read.size == 3 && read.outside == keys.sorted()
        }
        try site.custody("verify", "--state", site.state(of: "hospital"))
        // Its mirror serves what it was sent, and our monitor finds nothing wrong with it.
        let hash = Hash.sha256(Array("hospital/main".utf8)).hex
        let line = try site.custody(
            "monitor", "http://127.0.0.1:\(served.port)/mirror/\(hash)", "--key", String(ours), "--once")
        #expect(line.first?.hasPrefix("hospital/main 3 ") == true)
        hospital.stop()
        other.send(SIGTERM)
    }

    // MARK: Others' logs

    @Test func aLogThatNoMemberWritesIsPushedAndPulledAndCosigned() async throws {
        let pushed = try c2sp(Key.self, ["key", "--origin", "example.org/pushed"]).vkey
        let (other, served) = try serve(["--origin", "example.org/pulled"])
        let pulled = try #require(served.keys["/log"])
        try configure(
            "regulator",
            [
                "mirror-logs:", "  - key: '\(pushed)'",
                "  - {key: '\(pulled)', url: 'http://127.0.0.1:\(served.port)/log', every-seconds: 1}",
            ])
        let regulator = try await RunningGateway(site, of: "regulator")
        let mirror = try #require(
            try policy(of: "regulator").lines.first { $0.hasPrefix("witness regulator ") }?.split(separator: " ").last)
        let caller = try identity(of: "hospital", at: regulator.port, of: "regulator")
        let outcome = try c2sp(["push", "--origin", "example.org/pushed", "--mirror", String(mirror)] + caller)
        #expect(outcome.code == 0, "\(outcome.errors)")
        try await until("the log that is pulled is here") {
            try log("example.org/pulled", at: "regulator")?.size == 700
        }
        let policy = site.folder + "/foreign-policy"
        let text = "log \(pulled)\nwitness regulator \(mirror)\nquorum regulator\n"
        try text.write(toFile: policy, atomically: true, encoding: .utf8)
        let read = try c2sp(Read.self, ["read", "--origin", "example.org/pulled", "--policy", policy] + caller)
        #expect(read.size == 700 && read.confirmed)
        regulator.stop()
        other.send(SIGTERM)
        // The last thing that was pushed was another head of the same size.
        let frozen = try site.run(["evidence", "--json", "--state", site.state(of: "regulator")])
        #expect(frozen.code == 1 && frozen.lines.joined().contains("example.org/pushed"))
        try site.custody("verify", "--state", site.state(of: "regulator"))
    }

    // MARK: custody monitor

    @Test func theMonitorTellsGrowthForksOldHeadsLiesAndSilenceApart() async throws {
        let origin = "example.org/watched"
        let (state, evidence) = (site.folder + "/seen", site.folder + "/fork")
        var vkey = ""
        func look(_ arguments: [String]) throws -> (code: Int32, lines: [String], errors: String) {
            let (program, served) = try serve(["--origin", origin] + arguments)
            defer { program.send(SIGTERM) }
            vkey = try #require(served.keys["/log"])
            return try site.run([
                "monitor", "http://127.0.0.1:\(served.port)/log", "--key", vkey, "--state", state, "--evidence",
                evidence, "--once",
            ])
        }
        let first = try look(["--entries", "300"])
        #expect(first.code == 0 && first.lines.first?.hasPrefix("\(origin) 300 ") == true)
        let grown = try look(["--entries", "700"])
        #expect(grown.code == 0 && grown.lines.first?.hasPrefix("\(origin) 700 ") == true)
        let same = try look(["--entries", "700"])
        #expect(same.code == 0 && same.lines.isEmpty)

        let stale = try look(["--entries", "300"])
        #expect(stale.code == 1 && stale.errors.contains("stale"), "\(stale.errors)")
        let lying = try look(["--entries", "710", "--spoilt", "705"])
        #expect(lying.code == 1 && lying.errors.contains("entry 705"), "\(lying.errors)")
        #expect(!FileManager.default.fileExists(atPath: evidence))

        for (entries, branch) in [(800, 650), (700, 20)] {
            let forked = try look(["--entries", "\(entries)", "--branch", "\(branch)"])
            #expect(forked.code == 1 && forked.errors.contains("has forked"), "\(forked.errors)")
            let policy = site.folder + "/watched-policy"
            try "log \(vkey)\nquorum none\n".write(toFile: policy, atomically: true, encoding: .utf8)
            try site.custody("verify-evidence", evidence, "--policy", policy)
            try FileManager.default.removeItem(atPath: evidence)
        }
        let silent = try site.run(["monitor", "http://127.0.0.1:1/log", "--key", vkey, "--once"])
        #expect(silent.code == 1 && silent.errors.contains("unreachable"), "\(silent.errors)")
    }
}
