import AsyncHTTPClient
import Consortium
import Foundation
import Hummingbird
import Ledger
import NIOCore
import NIOSSL
import Testing
import X509

@Suite struct MutualTLSTests {
    let members: TestMembers

    init() throws {
        members = try TestMembers()
    }

    private var router: Router<MemberContext> {
        let router = Router(context: MemberContext.self)
        router.get("whoami") { _, context in try "\(context.member.origin) \(context.member.organisation.id)" }
        router.get("forbidden") { _, _ -> String in throw HTTPError(.forbidden, message: "unknown key") }
        router.get("bytes/:count") { _, context -> ByteBuffer in
            ByteBuffer(repeating: 7, count: try context.parameters.require("count", as: Int.self))
        }
        router.post("echo") { request, _ -> String in
            var count = 0
            for try await chunk in request.body { count += chunk.readableBytes }
            return "\(count)"
        }
        return router
    }

    private func callHospital(as tls: ConsortiumTLS) async throws -> String {
        try await serving(members.document, members.hospital.tls("hospital/gw1"), router: router) { address in
            try await calling("hospital", at: address, as: tls, members.document) { client in
                // Twice, because the second request finds the identity known.
                _ = try await client.get(path: "/whoami", deadline: .soon)
                return String(decoding: try await client.get(path: "/whoami", deadline: .soon).body, as: UTF8.self)
            }
        }
    }

    @Test func tellsTheHandlerWhichMemberCalls() async throws {
        #expect(
            try await callHospital(as: members.supplier.tls("supplier/truck-9"))
                == "supplier/truck-9 supplier")
    }

    @Test func refusesACertificateOfAForeignCA() async throws {
        let foreign = try TestMember("supplier", .supplier)
        await #expect(throws: CustodyError(.peerRefusedUs, "")) {
            try await callHospital(as: foreign.tls("supplier/gw1"))
        }
    }

    @Test func refusesACertificateThatAnotherMembersCAIssued() async throws {
        await #expect(throws: CustodyError(.peerRefusedUs, "")) {
            try await callHospital(as: members.supplier.tls("regulator/gw1"))
        }
    }

    @Test func refusesAnExpiredCertificate() async throws {
        let issued = Date.now - TimeInterval((CertificateAuthority.tlsDays + 1) * 86_400)
        await #expect(throws: CustodyError(.peerRefusedUs, "")) {
            try await callHospital(as: members.supplier.tls("supplier/gw1", now: issued))
        }
    }

    @Test func refusesACertificateThatIsForServersOnly() async throws {
        await #expect(throws: CustodyError(.peerRefusedUs, "")) {
            try await callHospital(as: members.supplier.tls("supplier/gw1", usages: [.serverAuth]))
        }
    }

    /// Calls the hospital's port with a client that is none of ours.
    private func callHospital(
        _ change: (inout TLSConfiguration) -> Void = { _ in }
    ) async throws -> Result<HTTPClientResponse, any Error> {
        try await serving(members.document, members.hospital.tls("hospital/gw1"), router: router) { address in
            var tls = TLSConfiguration.makeClientConfiguration()
            tls.trustRoots = .certificates([
                try NIOSSLCertificate(bytes: Array(members.hospital.organisation.certificate.utf8), format: .pem)
            ])
            change(&tls)
            var configuration = HTTPClient.Configuration(tlsConfiguration: tls)
            configuration.connectionPool.retryConnectionEstablishment = false
            let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
            let result: Result<HTTPClientResponse, any Error>
            do {
                result = .success(
                    try await client.execute(HTTPClientRequest(url: "\(address)/whoami"), timeout: .seconds(30)))
            } catch { result = .failure(error) }
            try await client.shutdown()
            return result
        }
    }

    @Test func refusesACallerWithoutACertificate() async throws {
        let result = try await callHospital()
        #expect(throws: (any Error).self) { try result.get() }
    }

    /// The same certificate, and no other difference than the newest version that the caller speaks.
    @Test(arguments: [(TLSVersion.tlsv12, false), (.tlsv13, true)])
    func refusesACallerThatSpeaksAnOlderTLS(version: TLSVersion, isTaken: Bool) async throws {
        var random = SystemRandomNumberGenerator()
        let issued = try members.supplier.authority.issueTLSCertificate(
            origin: "supplier/gw1", hosts: [], now: .now, random: &random)
        let certificate = try NIOSSLCertificate(bytes: Array(issued.certificate.utf8), format: .pem)
        let key = try NIOSSLPrivateKey(bytes: Array(issued.key.utf8), format: .pem)
        let result = try await callHospital { tls in
            tls.certificateChain = [.certificate(certificate)]
            tls.privateKey = .privateKey(key)
            tls.maximumTLSVersion = version
        }
        #expect(((try? result.get()) != nil) == isTaken)
    }

    /// A certificate that runs out while its connection is open: the next request on it is refused.
    @Test func aCertificateThatExpiresCutsTheConnection() async throws {
        let almost = Date.now - TimeInterval(CertificateAuthority.tlsDays * 86_400 - 3)
        let tls = try members.supplier.tls("supplier/gw1", now: almost)
        let refusal = try await serving(
            members.document, members.hospital.tls("hospital/gw1"), router: router
        ) { address in
            try await calling("hospital", at: address, as: tls, members.document) { client in
                let first = try await client.get(path: "/whoami", deadline: .soon)
                #expect(first.status == 200)
                let end = ContinuousClock.Instant.soon
                while ContinuousClock.now < end {
                    let refusal = await code { _ = try await client.get(path: "/whoami", deadline: .soon) }
                    if let refusal { return refusal as CustodyError.Code? }
                    try await Task.sleep(for: .milliseconds(50))
                }
                return nil
            }
        }
        #expect(refusal == .peerRefusedUs)
    }

    /// Revoking a gateway's log in the document revokes its connection too.
    @Test func refusesAGatewayWhoseLogIsRevoked() async throws {
        let text = members.document.text.replacingOccurrences(
            of: "quorum: |", with: "revoked:\n  supplier/gw1: 4\nquorum: |")
        let document = try ConsortiumDocument(text: text)
        #expect(document.revoked == ["supplier/gw1": 4])
        for (origin, isTaken) in [("supplier/gw1", false), ("supplier/gw2", true)] {
            let answer = try await serving(document, members.hospital.tls("hospital/gw1"), router: router) { address in
                try await calling("hospital", at: address, as: members.supplier.tls(origin), document) { client in
                    await code { _ = try await client.get(path: "/whoami", deadline: .soon) }
                }
            }
            #expect(answer == (isTaken ? nil : .peerRefusedUs))
        }
    }

    /// Lets the supplier's gateway call the hospital's, where it expects a gateway of `expected`.
    private func asking<Value: Sendable>(
        _ expected: String = "hospital", hosts: [String] = ["127.0.0.1"], router: Router<MemberContext>? = nil,
        body: (ConsortiumClient) async throws -> Value
    ) async throws -> Value {
        let server = try members.hospital.tls("hospital/gw1", hosts: hosts)
        return try await serving(members.document, server, router: router ?? self.router) { address in
            let tls = try members.supplier.tls("supplier/gw1")
            return try await calling(expected, at: address, as: tls, members.document, body: body)
        }
    }

    @Test func leavesTheRoutesOwnRefusalsAlone() async throws {
        let answer = try await asking { try await $0.get(path: "/forbidden", deadline: .soon) }
        #expect(answer.status == 403)
    }

    @Test func answersWithTheRoutesStatusAndHeaders() async throws {
        let answer = try await asking { try await $0.get(path: "/missing", deadline: .soon) }
        #expect(answer.status == 404)
        #expect(answer.headers[.date] != nil)
    }

    @Test func theClientRefusesAServerOfAnotherOrganisation() async throws {
        await #expect(throws: CustodyError(.peerNotTrusted, "")) {
            try await asking("supplier") { try await $0.get(path: "/whoami", deadline: .soon) }
        }
    }

    @Test func theClientRefusesAServerUnderAnotherName() async throws {
        await #expect(throws: CustodyError(.peerNotTrusted, "")) {
            try await asking(hosts: ["gw1.hospital.example", "192.0.2.1"]) {
                try await $0.get(path: "/whoami", deadline: .soon)
            }
        }
    }

    @Test(arguments: [(99, true), (100, true), (101, false)])
    func takesNoMoreBytesThanTheCallAllows(count: Int, fits: Bool) async throws {
        let refusal = try await asking { client in
            await code {
                let answer = try await client.get(path: "/bytes/\(count)", maxBytes: 100, deadline: .soon)
                #expect(answer.body == [UInt8](repeating: 7, count: count))
            }
        }
        #expect(refusal == (fits ? nil : .peerAnswerTooLarge))
    }

    @Test func sendsABodyWholeOrInChunks() async throws {
        let counts = try await asking { client in
            let whole = try await client.post(
                path: "/echo", contentType: "text/plain", body: [1, 2, 3], deadline: .soon)
            let chunks = AsyncStream { continuation in
                for _ in 0..<5 { continuation.yield([UInt8](repeating: 1, count: 70_000)) }
                continuation.finish()
            }
            let parts = try await client.post(
                path: "/echo", contentType: "text/plain", chunks: chunks, deadline: .soon)
            return [whole, parts].map { String(decoding: $0.body, as: UTF8.self) }
        }
        #expect(counts == ["3", "350000"])
    }

    @Test func givesUpAtTheDeadline() async throws {
        let (never, end) = AsyncStream<Void>.makeStream()
        let router = Router(context: MemberContext.self)
        router.get("wait") { _, _ -> String in
            for await _ in never {}
            return "too late"
        }
        let refusal = try await asking(router: router) { client in
            // The server answers only after the call has given up.
            defer { end.finish() }
            return await code { _ = try await client.get(path: "/wait", deadline: .now + .milliseconds(50)) }
        }
        #expect(refusal == .peerUnreachable)
    }

    @Test func saysThatNobodyListens() async throws {
        let refusal = try await calling(
            "hospital", at: "https://127.0.0.1:1", as: members.supplier.tls("supplier/gw1"), members.document
        ) { client in
            await code { _ = try await client.get(path: "/", deadline: .soon) }
        }
        #expect(refusal == .peerUnreachable)
    }

    @Test(arguments: ["http://host:1", "https://", "https://host:1/", "host:1"])
    func refusesAnAddressThatIsNone(address: String) throws {
        let tls = try members.supplier.tls("supplier/gw1")
        #expect(throws: CustodyError(.addressMalformed, "")) {
            try ConsortiumClient(organisation: "hospital", address: address, tls: tls, document: members.document)
        }
    }

    @Test func refusesToMeetAnOrganisationThatIsNoMember() throws {
        #expect(throws: CustodyError(.organisationUnknown, "")) {
            try members.supplier.tls("supplier/gw1").client(meeting: "stranger", document: members.document)
        }
    }
}
