import Foundation
import GRDB
import Ledger
import Testing

/// A running gateway and a time stamping authority (`Tests/Conformance/tsa.py`), and what others make of its time stamps.
@Suite(.timeLimit(.minutes(3))) struct TimeStampTests {
    private struct Served: Decodable {
        let port: Int
    }

    private struct Shown: Decodable {
        let origin, authority, existedBefore: String
        let size: UInt64
    }

    private struct Report: Decodable {
        let timeStamps: Int
    }

    private let site: TestSite
    private let authority: Program
    private let tsa: String

    init() throws {
        site = try TestSite()
        tsa = site.folder + "/tsa"
        authority = try Program(
            "/usr/bin/python3", [TestSite.repository + "/Tests/Conformance/tsa.py", "serve", tsa],
            errors: site.folder + "/tsa.errors")
        let line = try #require(authority.line(), "the authority does not start")
        let port = try JSONDecoder().decode(Served.self, from: Data(line.utf8)).port
        try """
        custody-gateway: 1
        listen: 127.0.0.1:0
        time-stamps:
          url: http://127.0.0.1:\(port)/down
          authority: \(tsa)/ca.pem
          every: 1s
          policy: 1.2.3.4.1

        """.write(toFile: site.state + "/gateway.yaml", atomically: true, encoding: .utf8)
    }

    private func openOrder(_ number: Int) throws -> String {
        try #require(
            try site.custody(
                "order", "open", "--contract", "custom-device", "--number", "PO-\(number)", "--fact", "product=hip",
                "--state", site.state
            ).first)
    }

    private func shown(at state: String? = nil) throws -> [Shown] {
        let text = try site.custody("time-stamps", "--json", "--state", state ?? site.state).joined()
        return try JSONDecoder().decode([Shown].self, from: Data(text.utf8))
    }

    /// A gateway that has recorded two orders, of which the head is stamped.
    private func recorded() async throws -> (gateway: RunningGateway, orders: [String]) {
        let gateway = try await RunningGateway(site, at: site.state)
        let orders = try [openOrder(1), openOrder(2)]
        try await until("the newest head is stamped") { try shown().first?.size == 3 }
        return (gateway, orders)
    }

    private func tool(_ executable: String, _ arguments: [String]) throws -> Int32 {
        let program = try Program(executable, arguments, errors: site.folder + "/tool.errors")
        _ = program.lines()
        return program.wait()
    }

    @Test func aTimeStampIsShownProvedAndCheckedByOthers() async throws {
        let (gateway, orders) = try await recorded()
        let stamp = try #require(try shown().first)
        #expect(stamp.origin == "hospital/main" && stamp.authority == "CN=Test tsa")
        let state = ["--state", site.state]
        let said = "time-stamped by Test tsa: existed before \(stamp.existedBefore)"
        #expect(try site.custody(["trace", orders[1]] + state).contains { $0.contains(said) })
        #expect(try site.custody(["peers"] + state).contains { $0.hasPrefix("time stamp ") && $0.contains("Test tsa") })
        let proof = site.folder + "/order.proof"
        let policy = site.folder + "/policy"
        try site.custody(["proof", orders[1], "-o", proof] + state)
        try site.custody(["policy"] + state).map { $0 + "\n" }.joined().write(
            toFile: policy, atomically: true, encoding: .utf8)
        let check = ["verify-proof", proof, "--policy", policy]
        #expect(try site.custody(check).contains { $0.hasPrefix("time stamp hospital/main 3: not checked") })
        let believed = try site.custody(check + ["--time-stamps", tsa + "/ca.pem"])
        #expect(
            believed.contains { $0.hasSuffix("existed before \(stamp.existedBefore)") && $0.contains("order.placed") })
        let refused = try site.run(check + ["--time-stamps", tsa + "/other-ca.pem"])
        #expect(refused.code == 1)
        #expect(refused.lines.contains { $0.contains("time-stamp-untrusted") })
        gateway.stop()
    }

    @Test func aCourtChecksWithOpenSSLAndAStrangersLogClientReadsTheProof() async throws {
        let (gateway, orders) = try await recorded()
        let folder = site.folder + "/out"
        try site.custody("time-stamps", "-o", folder, "--limit", "1", "--state", site.state)
        let name = folder + "/hospital_main_3"
        let verify = ["ts", "-verify", "-token_in", "-in", name + ".tst", "-data", name + ".checkpoint", "-CAfile"]
        #expect(try tool("/usr/bin/openssl", verify + [tsa + "/ca.pem"]) == 0)
        #expect(try tool("/usr/bin/openssl", verify + [tsa + "/other-ca.pem"]) == 1)
        try site.custody("proof", orders[1], "--split", folder, "--state", site.state)
        let policy = folder + "/policy"
        try site.custody("policy", "--state", site.state).map { $0 + "\n" }.joined().write(
            toFile: policy, atomically: true, encoding: .utf8)
        let entry = folder + "/hospital_main_2"
        let proof = entry + ".time-stamp.tlog-proof"
        #expect(try TransparencyProof(bytes: Data(contentsOf: URL(filePath: proof))).checkpoint.timeStamps.count == 1)
        let script = TestSite.repository + "/Tests/Conformance/c2sp.py"
        let prove = [script, "prove", "--proof", proof, "--entry", entry + ".entry", "--policy", policy]
        #expect(try tool("/usr/bin/python3", prove) == 0)
        gateway.stop()
    }

    @Test func recordingGoesOnWhileTheAuthorityIsAway() async throws {
        let (gateway, _) = try await recorded()
        try Data().write(to: URL(filePath: tsa + "/down"))
        for number in 3..<6 { _ = try openOrder(number) }
        try await until("people can see it") {
            try site.custody("peers", "--state", site.state).contains { $0.contains("HTTP status 503") }
        }
        _ = try openOrder(6)
        try FileManager.default.removeItem(atPath: tsa + "/down")
        try await until("the newest head is stamped") { try shown().first?.size == 7 }
        #expect(try site.custody("verify", "--state", site.state).joined().contains("time stamps"))
        gateway.stop()
    }

    @Test func aBackupHasTheTimeStamps() async throws {
        let (gateway, _) = try await recorded()
        try site.custody("backup", site.folder + "/backup", "--state", site.state)
        let count = try shown().count
        gateway.stop()
        let restored = site.folder + "/restored"
        try site.custody("restore", site.folder + "/backup", "--state", restored)
        #expect(try shown(at: restored).count == count)
        let report = try site.custody("verify", "--json", "--state", restored).joined()
        #expect(try JSONDecoder().decode(Report.self, from: Data(report.utf8)).timeStamps == count)
    }

    private static func lastByteChanged(_ column: String) -> String {
        "CAST(substr(\(column), 1, length(\(column)) - 1) || iif(substr(\(column), -1) = x'00', x'01', x'00') AS BLOB)"
    }

    /// Every column, at its last byte.
    @Test(arguments: [
        "UPDATE time_stamp SET token = \(Self.lastByteChanged("token"))",
        "UPDATE time_stamp SET digest = \(Self.lastByteChanged("digest"))",
        "UPDATE time_stamp SET time = time + 1",
        "UPDATE time_stamp SET accuracy = accuracy + 1", "UPDATE time_stamp SET authority = 'CN=Another'",
        "UPDATE time_stamp SET url = url || 'x'",
        "UPDATE time_stamp SET note = replace(note, 'hospital/', 'Hospital/')",
        "UPDATE time_stamp SET note = note || note", "UPDATE time_stamp SET checkpoint = checkpoint - 1",
        "UPDATE time_stamp SET certificates = x'00'", "DELETE FROM time_stamp_authority",
        "UPDATE time_stamp_authority SET certificates = \(Self.lastByteChanged("certificates"))",
    ])
    func verifyFindsWhatWasChanged(sql: String) async throws {
        let (gateway, _) = try await recorded()
        gateway.stop()
        #expect(try site.run(["verify", "--state", site.state]).code == 0)
        let changed = try await DatabaseQueue(path: site.ledger).write { database in
            try database.execute(
                sql: "DELETE FROM time_stamp WHERE checkpoint < (SELECT max(checkpoint) FROM time_stamp)")
            try database.execute(sql: sql)
            return database.changesCount
        }
        #expect(changed == 1)
        let outcome = try site.run(["verify", "--state", site.state])
        #expect(outcome.code == 1)
        #expect(outcome.lines.contains { $0.contains("the time stamp does not hold") }, "\(outcome.lines)")
    }

    @Test(arguments: [
        ("every: 1h", 0), ("every: 366d", 0), ("every: 367d", 2), ("every: 0s", 2), ("every: 1", 2), ("every: -1s", 2),
        ("every: 99999999999999999999s", 2), ("policy: time", 2), ("surprise: 1", 2),
    ])
    func aConfigurationThatMakesNoSenseIsRefused(line: String, code: Int32) async throws {
        let file = site.state + "/gateway.yaml"
        let text = try String(contentsOfFile: file, encoding: .utf8)
        let others = text.split(separator: "\n").filter { !$0.hasPrefix("  every") && !$0.hasPrefix("  policy") }
        try (others.joined(separator: "\n") + "\n  \(line)\n").write(toFile: file, atomically: true, encoding: .utf8)
        guard code != 0 else { return try await RunningGateway(site, at: site.state).stop() }
        #expect(try site.run(["run", "--state", site.state]).code == code)
    }
}
