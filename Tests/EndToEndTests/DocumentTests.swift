import Foundation
import Glibc
import Rig
import Testing

/// Large documents of an order, between real gateways.
@Suite(.timeLimit(.minutes(5))) struct DocumentTests {
    private static let megabyte = 1_000_000

    private struct Listed: Decodable {
        let fact: String
        let name: String?
        let isHere: Bool
        let have: UInt64
    }

    /// Bytes that do not repeat themselves.
    private static func document(_ count: Int) -> Data {
        var random = SeededRandom(seed: 7)
        var bytes = [UInt8](repeating: 0, count: count)
        for place in stride(from: 0, to: count, by: 8) {
            let word = random.next()
            for offset in 0..<min(8, count - place) {
                bytes[place + offset] = UInt8(truncatingIfNeeded: word >> (8 * UInt64(offset)))
            }
        }
        return Data(bytes)
    }

    private static func open(_ site: TestSite, _ file: String) throws -> String {
        try #require(
            try site.custody(
                "order", "open", "--contract", "custom-device", "--fact", "product=hip", "--document",
                "prescription=\(file)", "--state", site.state(of: "hospital")
            ).first)
    }

    private static func files(_ site: TestSite, _ member: String) -> [String] {
        let folder = site.state(of: member) + "/documents"
        return ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).map { folder + "/" + $0 }
    }

    private static func size(_ path: String) -> Int {
        var status = stat()
        return stat(path, &status) == 0 ? Int(status.st_size) : 0
    }

    private static func configure(_ site: TestSite, _ member: String, port: Int, peers: String = "") throws {
        try "custody-gateway: 1\nlisten: 127.0.0.1:\(port)\npeers: [\(peers)]\n".write(
            toFile: site.state(of: member) + "/gateway.yaml", atomically: true, encoding: .utf8)
    }

    /// The line is cut, the gateway that gives is killed, then the one that takes: what has come through is never sent again.
    @Test func aDocumentGoesOnWhereItWasCutAndWhereAProcessWasKilled() async throws {
        let site = try TestSite(["hospital", "manufacturer"])
        try site.copyState(to: "state-hospital")
        let document = Self.document(40 * Self.megabyte)
        let (source, target) = (site.folder + "/hip.step", site.folder + "/out.step")
        try document.write(to: URL(fileURLWithPath: source))
        let port = try Loopback.freePort()
        try Self.configure(site, "hospital", port: port)
        let line = try Relay(to: port)
        defer { line.stop() }
        try Self.configure(
            site, "manufacturer", port: 0,
            peers: "{organisation: hospital, address: 'https://127.0.0.1:\(line.port)'}")
        var hospital = try await RunningGateway(site, of: "hospital")
        var manufacturer = try await RunningGateway(site, of: "manufacturer")
        line.cut(after: 15 * Self.megabyte)
        let order = try Self.open(site, source)
        try await until("the line is cut") { line.cuts == 1 }
        hospital.kill()
        #expect(Self.files(site, "manufacturer").map(Self.size).reduce(0, +) > 8 * Self.megabyte)
        hospital = try await RunningGateway(site, of: "hospital")
        line.mend()
        line.cut(after: 15 * Self.megabyte)
        try await until("the line is cut again", within: .seconds(60)) { line.cuts == 2 }
        manufacturer.kill()
        let had = Self.files(site, "manufacturer").map(Self.size).reduce(0, +)
        #expect(had > 20 * Self.megabyte)
        line.mend()
        manufacturer = try await RunningGateway(site, of: "manufacturer")
        try site.custody(
            "document", "get", order, "-o", target, "--progress", "--state", site.state(of: "manufacturer"))
        #expect(try Data(contentsOf: URL(fileURLWithPath: target)) == document)
        let rights = try FileManager.default.attributesOfItem(atPath: target)[.posixPermissions] as? Int
        #expect(rights == 0o600)
        // At most the pieces that were on the line when it was cut came twice: 70 MB would mean from the beginning.
        #expect(line.passed < 40 * Self.megabyte + 2 * (4 << 20) + 2 * Self.megabyte, "\(line.passed) bytes")
        for gateway in [hospital, manufacturer] { gateway.stop() }
        for member in ["hospital", "manufacturer"] {
            let lines = try site.custody("verify", "--state", site.state(of: member))
            #expect(lines.first?.contains("1 documents") == true)
        }
    }

    @Test func whatIsErasedOnItsWayGoesWhereSomeOfItHasCome() async throws {
        let site = try TestSite(["hospital", "manufacturer"])
        try site.copyState(to: "state-hospital")
        let source = site.folder + "/hip.step"
        try Self.document(20 * Self.megabyte).write(to: URL(fileURLWithPath: source))
        let port = try Loopback.freePort()
        try Self.configure(site, "hospital", port: port)
        let line = try Relay(to: port)
        defer { line.stop() }
        try Self.configure(
            site, "manufacturer", port: 0,
            peers: "{organisation: hospital, address: 'https://127.0.0.1:\(line.port)'}")
        let hospital = try await RunningGateway(site, of: "hospital")
        let manufacturer = try await RunningGateway(site, of: "manufacturer")
        line.cut(after: 8 * Self.megabyte)
        let order = try Self.open(site, source)
        try await until("the line is cut") { line.cuts == 1 }
        try await until("some of it has come") { !Self.files(site, "manufacturer").isEmpty }
        try site.custody("erase", order, "prescription", "--reason", "asked for", "--state", site.state(of: "hospital"))
        #expect(Self.files(site, "hospital").isEmpty)
        #expect(Self.files(site, "manufacturer").allSatisfy { $0.hasSuffix(".part") })
        line.mend()
        try await until("the manufacturer has erased it") { Self.files(site, "manufacturer").isEmpty }
        for gateway in [hospital, manufacturer] { gateway.stop() }
        #expect(Self.files(site, "manufacturer").isEmpty)
    }

    /// Two that nobody can dial, and one between them that reads nothing and has no document of its own.
    @Test func aDocumentReachesItsReadersThroughAStrangerAndIsGoneOnceErased() async throws {
        let members = ["hospital", "manufacturer", "logistics"]
        let site = try TestSite(members)
        try site.copyState(to: "state-hospital")
        let document = Self.document(3 * Self.megabyte)
        let (source, target) = (site.folder + "/ct.dcm", site.folder + "/out.dcm")
        try document.write(to: URL(fileURLWithPath: source))
        let gateways = try await RunningGateway.all(["logistics", "hospital", "manufacturer"], of: site)
        let order = try Self.open(site, source)
        let own = try #require(Self.files(site, "hospital").first)
        #expect(Self.size(own) == 16 + document.count + 46 * 16)
        try await until("the manufacturer knows of the order") {
            try site.run(["document", "list", order, "--state", site.state(of: "manufacturer")]).code == 0
        }
        try site.custody(
            "document", "get", order, "--fact", "prescription", "-o", target, "--state",
            site.state(of: "manufacturer"))
        #expect(try Data(contentsOf: URL(fileURLWithPath: target)) == document)
        #expect(try listed(site, order, "manufacturer").map(\.name) == ["ct.dcm"])

        let revealed = try site.custody("reveal", order, "--state", site.state(of: "manufacturer"))
        #expect(revealed.contains { $0.hasSuffix("(document ct.dcm, 3000000 bytes: custody document get)") })

        #expect(try listed(site, order, "logistics").isEmpty)
        let refused = try site.run(
            ["document", "get", order, "-o", target + ".no", "--state", site.state(of: "logistics")])
        #expect(refused.code == 1 && refused.errors.contains("[fact-unreadable]"))
        #expect(!FileManager.default.fileExists(atPath: target + ".no"))
        for member in members {
            for name in try FileManager.default.subpathsOfDirectory(atPath: site.state(of: member)) {
                guard let bytes = FileManager.default.contents(atPath: site.state(of: member) + "/" + name) else {
                    continue
                }
                #expect(bytes.range(of: document.prefix(32)) == nil, "\(member)/\(name)")
            }
        }
        try await damage(site, order, target, document)
        let backup = try site.custody("backup", site.folder + "/backup", "--state", site.state(of: "hospital"))
        #expect(backup.last?.hasPrefix("not in it: 1 documents, 2 MiB, in ") == true)

        try site.custody(
            "erase", order, "prescription", "--reason", "asked for by the person", "--state", site.state(of: "hospital")
        )
        for member in ["hospital", "manufacturer"] {
            try await until("\(member) has erased it") { Self.files(site, member).isEmpty }
        }
        let late = try site.run(
            ["document", "get", order, "-o", target + ".no", "--state", site.state(of: "manufacturer")])
        #expect(late.code == 1 && late.errors.contains("[fact-unreadable]"))
        for gateway in gateways { gateway.stop() }
        for member in members { try site.custody("verify", "--state", site.state(of: member)) }
    }

    private func listed(_ site: TestSite, _ order: String, _ member: String) throws -> [Listed] {
        let outcome = try site.run(["document", "list", order, "--json", "--state", site.state(of: member)])
        guard outcome.code == 0 else { return [] }
        return try JSONDecoder().decode([Listed].self, from: Data(outcome.lines.joined().utf8))
    }

    /// A file that has changed is found, is never shown, and is fetched again once it is gone.
    private func damage(_ site: TestSite, _ order: String, _ target: String, _ document: Data) async throws {
        let state = site.state(of: "manufacturer")
        let file = try #require(Self.files(site, "manufacturer").first)
        var bytes = try Data(contentsOf: URL(fileURLWithPath: file))
        bytes[bytes.count / 2] ^= 1
        try bytes.write(to: URL(fileURLWithPath: file))
        try FileManager.default.removeItem(atPath: target)
        let found = try site.run(["verify", "--state", state])
        #expect(found.code == 1 && found.lines.contains { $0.contains("the document's file is damaged") })
        let refused = try site.run(["document", "get", order, "-o", target, "--state", state])
        #expect(refused.code == 1 && refused.errors.contains("[document-damaged]"))
        #expect(!FileManager.default.fileExists(atPath: target))
        try FileManager.default.removeItem(atPath: file)
        #expect(try site.custody("verify", "--state", state).first?.contains("1 documents are not here") == true)
        try site.custody("document", "get", order, "-o", target, "--state", state)
        #expect(try Data(contentsOf: URL(fileURLWithPath: target)) == document)
    }

    /// Its hash stands in the log, so every member may have it.
    @Test func aPublicDocumentIsItsHashAndAnyMemberFetchesIt() async throws {
        let site = try TestSite(
            ["hospital", "manufacturer", "supplier"],
            changed: { $0.replacing("certificate: public", with: "certificate: {type: document}") })
        try site.copyState(to: "state-hospital")
        let certificate = Self.document(500_000)
        let (source, target) = (site.folder + "/3.1.pdf", site.folder + "/out.pdf")
        try certificate.write(to: URL(fileURLWithPath: source))
        let gateways = try await RunningGateway.all(["manufacturer", "hospital", "supplier"], of: site)
        let order = try #require(
            try site.custody(
                "order", "open", "--contract", "custom-device", "--fact", "product=hip", "--state",
                site.state(of: "hospital")
            ).first)
        /// What a member cannot do yet is refused, and can once the step before has come.
        func until(_ member: String, _ arguments: [String]) async throws {
            try await EndToEndTests.until("\(member) can do \(arguments.prefix(2))") {
                try site.run(arguments + ["--state", site.state(of: member)]).code == 0
            }
        }
        try await until("manufacturer", ["record", order, "design.set", "--fact", "design=d"])
        try await until(
            "supplier",
            [
                "document", "add", order, "materials.recorded", "certificate", source, "--fact", "material=Ti",
                "--fact", "lot=1",
            ])
        // Both dial the manufacturer, which has not asked for it, and dials nobody.
        try await until("hospital", ["document", "get", order, "-o", target])
        #expect(try Data(contentsOf: URL(fileURLWithPath: target)) == certificate)
        for gateway in gateways { gateway.stop() }
    }

    /// Killed while it encrypts, it has recorded nothing, and no file has a name.
    @Test func aCommandThatIsKilledLeavesAnOrderWithoutTheDocument() async throws {
        let site = try TestSite()
        let file = site.folder + "/pipe"
        #expect(mkfifo(file, 0o600) == 0)
        let adding = try Program(
            try TestSite.program("custody"),
            [
                "order", "open", "--contract", "custom-device", "--fact", "product=hip", "--document",
                "prescription=\(file)", "--state", site.state,
            ])
        let pipe = try #require(FileHandle(forWritingAtPath: file))
        try pipe.write(contentsOf: Self.document(Self.megabyte))
        let folder = site.state + "/documents"
        func names() -> [String] { (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [] }
        try await until("some of it is on disk") { names().map { Self.size(folder + "/" + $0) }.max() ?? 0 > 500_000 }
        adding.send(SIGKILL)
        #expect(adding.wait() == 128 + SIGKILL)
        #expect(names().allSatisfy { $0.hasPrefix(".new-") })
        #expect(try site.custody("orders", "--json", "--state", site.state).joined() == "[]")
        try site.custody("verify", "--state", site.state)
    }

    @Test func whatIsRefusedLeavesNoFile() throws {
        let site = try TestSite()
        let file = site.folder + "/a.pdf"
        try Data([1, 2, 3]).write(to: URL(fileURLWithPath: file))
        let order = try #require(
            try site.custody(
                "order", "open", "--contract", "custom-device", "--fact", "product=hip", "--state", site.state
            ).first)
        func refusal(_ arguments: String...) throws -> String {
            let outcome = try site.run(["document", "add", order] + arguments + ["--state", site.state])
            #expect(outcome.code != 0)
            return outcome.errors
        }
        // By another role's step, for a public fact, for a fact that is none, from a file that is none, under no name.
        #expect(try refusal("design.set", "parameters", file, "--fact", "design=d").contains("[role-not-allowed]"))
        #expect(try refusal("design.set", "design", file).contains("[fact-no-document]"))
        #expect(try refusal("design.set", "colour", file).contains("[fact-no-document]"))
        #expect(try refusal("design.set", "parameters", site.folder + "/none").contains("[file-unreadable]"))
        #expect(try refusal("design.set", "parameters", file, "--called", "a/b").contains("[document-name]"))
        let left = try? FileManager.default.contentsOfDirectory(atPath: site.state + "/documents")
        #expect(left ?? [] == [])
    }
}
