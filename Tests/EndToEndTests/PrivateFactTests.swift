import Foundation
import GRDB
import Ledger
import Testing

/// A value that one organisation records, another may read, and a third passes on without reading it.
@Suite(.timeLimit(.minutes(3))) struct PrivateFactTests {
    private static let value = "Ada Lovelace, ward 7, #4711"
    private static let members = ["hospital", "manufacturer", "logistics"]

    private struct Revealed: Decodable {
        let fact, state: String
        let value: String?
    }

    private let site: TestSite

    init() throws {
        site = try TestSite(Self.members)
        try site.copyState(to: "state-hospital")
    }

    @Test func aValueReachesItsReadersOnlyAndIsGoneEverywhereOnceErased() async throws {
        var gateways = try await start("logistics", "hospital")
        let order = try open()
        try await until("logistics passes it on") { try passedOn() }
        #expect(try revealed(order, at: "hospital").first?.value == Self.value)
        #expect(try revealed(order, at: "logistics").map(\.state) == ["sealed"])
        // The hospital is away when the manufacturer comes.
        gateways.removeLast().stop()
        gateways.append(try await dialling(gateways[0], "manufacturer"))
        try await until("the manufacturer can read it") {
            try revealed(order, at: "manufacturer").first?.value == Self.value
        }
        gateways.append(try await dialling(gateways[0], "hospital"))
        let refused = try site.run(
            ["erase", order, "patient", "--reason", "asked for", "--state", state("manufacturer")])
        #expect(refused.code == 1 && refused.errors.contains("[erasure-refused]"))
        try prove(order, "before", revealing: "patient")
        let traces = try traces()
        #expect(try traces.filter { !$0.isKey }.allSatisfy { try places(of: $0).isEmpty })

        try site.custody("erase", order, "patient", "--reason", "asked for by the person", "--state", state("hospital"))
        for member in Self.members {
            try await until("\(member) has erased it") {
                try revealed(order, at: member).first?.state == "erased" && keys(of: member).isEmpty
            }
        }
        try backUp()
        for trace in traces { #expect(try places(of: trace) == [], "\(trace.name)") }
        try prove(order, "after")
        for gateway in gateways { gateway.stop() }
        for trace in traces { #expect(try places(of: trace) == [], "\(trace.name), after the end") }
        try checkProofs(order)
    }

    private func state(_ member: String) -> String { site.state(of: member) }

    /// The first one is in the middle: the others dial it, and never each other.
    private func start(_ relay: String, _ member: String) async throws -> [RunningGateway] {
        try site.listen(relay)
        let middle = try await RunningGateway(site, of: relay)
        return [middle, try await dialling(middle, member)]
    }

    private func dialling(_ relay: RunningGateway, _ member: String) async throws -> RunningGateway {
        try site.listen(member, peers: [("logistics", relay.port)])
        return try await RunningGateway(site, of: member)
    }

    private func open() throws -> String {
        let file = FileManager.default.temporaryDirectory.path + "/custody-value-\(UUID().uuidString)"
        try Self.value.write(toFile: file, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(atPath: file) }
        return try #require(
            try site.custody(
                "order", "open", "--contract", "custom-device", "--number", "PO-1", "--fact", "product=hip",
                "--private-fact", "patient=@\(file)", "--state", state("hospital")
            ).first)
    }

    private func revealed(_ order: String, at member: String) throws -> [Revealed] {
        let outcome = try site.run(["reveal", order, "--json", "--state", state(member)])
        guard outcome.code == 0 else { return [] }
        return try JSONDecoder().decode([Revealed].self, from: Data(outcome.lines.joined().utf8))
    }

    private func passedOn() throws -> Bool {
        try DatabaseQueue(path: state("logistics") + "/ledger.sqlite").read {
            try Int.fetchOne($0, sql: "SELECT count(*) FROM sealed") == 2
        }
    }

    // MARK: Traces

    /// Bytes that tell the value, or open it.
    private struct Trace {
        let name: String
        let bytes: [UInt8]
        var isKey = false
    }

    private func traces() throws -> [Trace] {
        let proof = try ProofBundle(bytes: [UInt8](Data(contentsOf: URL(fileURLWithPath: site.folder + "/before"))))
        let disclosure = try #require(proof.disclosures.first)
        #expect(disclosure.value == Self.value)
        let json = try #require(Data(base64Encoded: Self.padded(disclosure.encoded)))
        let salt = try #require(try JSONDecoder().decode([String].self, from: json).first)
        let rawSalt = [UInt8](try #require(Data(base64Encoded: Self.padded(salt))))
        try #require(rawSalt.count == 32)
        let value = Array(Self.value.utf8)
        return [
            Trace(name: "the value", bytes: value), Trace(name: "the salt", bytes: rawSalt),
            Trace(name: "the salt in base64url", bytes: Array(salt.utf8)),
            Trace(name: "the disclosure", bytes: Array(disclosure.encoded.utf8)),
        ] + Self.inBase64(value, "the value") + Self.inBase64(rawSalt, "the salt")
            + (try Self.members.flatMap { member in
                try keys(of: member).map { Trace(name: "a key of \(member)", bytes: $0, isKey: true) }
            })
    }

    private static func padded(_ text: String) -> String {
        text.replacing("-", with: "+").replacing("_", with: "/")
            + String(repeating: "=", count: (4 - text.count % 4) % 4)
    }

    /// Wherever it stands among other bytes: what its whole triples become, in each of three places.
    private static func inBase64(_ bytes: [UInt8], _ name: String) -> [Trace] {
        (0..<3).map { offset in
            let whole = bytes.dropFirst(offset).prefix((bytes.count - offset) / 3 * 3)
            return Trace(name: "\(name) in base64 at \(offset)", bytes: Array(Data(whole).base64EncodedString().utf8))
        }
    }

    /// The keys under which a gateway's values rest.
    private func keys(of member: String) throws -> [[UInt8]] {
        let file = [UInt8](try Data(contentsOf: URL(fileURLWithPath: state(member) + "/ledger.keys")))
        return stride(from: 32, to: file.count, by: 32).map { Array(file[$0..<min($0 + 32, file.count)]) }
            .filter { $0.contains { $0 != 0 } }
    }

    /// All files of all gateways in which the bytes stand: ledgers, intakes, write-ahead logs, keys, backups, sockets' leftovers.
    private func places(of trace: Trace) throws -> [String] {
        var places: [String] = []
        var seen = 0
        for member in Self.members {
            for name in try FileManager.default.subpathsOfDirectory(atPath: state(member)) {
                let path = state(member) + "/" + name
                guard let bytes = FileManager.default.contents(atPath: path) else { continue }
                seen += 1
                if bytes.range(of: Data(trace.bytes)) != nil { places.append("\(member)/\(name)") }
            }
        }
        try #require(seen >= 8 * Self.members.count)
        return places
    }

    private func backUp() throws {
        for member in Self.members {
            for store in ["ledger", "intake"] {
                let copy = try DatabaseQueue(path: state(member) + "/\(store)-backup.sqlite")
                try DatabaseQueue(path: state(member) + "/\(store).sqlite").backup(to: copy)
            }
        }
    }

    // MARK: Proofs

    private func prove(_ order: String, _ name: String, revealing facts: String? = nil) throws {
        let more = facts.map { ["--reveal", $0] } ?? []
        let outcome = try site.run(
            ["proof", order, "-o", site.folder + "/" + name, "--state", state("manufacturer")] + more)
        try #require(outcome.code == 0, "\(outcome.errors)")
    }

    private func checkProofs(_ order: String) throws {
        for member in Self.members { try site.custody("verify", "--state", state(member)) }
        let policy = site.folder + "/policy"
        let lines = try site.custody("policy", "--state", state("hospital"))
        try lines.map { $0 + "\n" }.joined().write(toFile: policy, atomically: true, encoding: .utf8)
        for (name, shown) in [("before", true), ("after", false)] {
            let outcome = try site.run(["verify-proof", site.folder + "/" + name, "--policy", policy])
            let text = outcome.lines.joined(separator: "\n")
            #expect(text.contains("in the log yes\naccepted   yes"), "\(name)")
            #expect(text.contains(Self.value) == shown, "\(name)")
            #expect(text.contains("private facts not shown: 1") != shown, "\(name)")
        }
        let refused = try site.run(
            ["proof", order, "-o", site.folder + "/no", "--reveal", "patient", "--state", state("manufacturer")])
        #expect(refused.code == 1)
        #expect(refused.errors.contains("[fact-unreadable]"))
    }
}
