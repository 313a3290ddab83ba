import Crypto
import FoundationEssentials
import Hummingbird
import Ledger
import NIOCore
import NIOSSL
import SwiftASN1
import Testing
import X509

@testable import Consortium

/// How operators get keys and certificates, and what those do not serve for.
@Suite struct OperatorKeyTests {
    let members: TestMembers

    init() throws { members = try TestMembers() }

    private func issue(
        _ request: String, id: String? = nil
    ) throws -> CertificateAuthority.IssuedOperatorCertificate {
        var random = SystemRandomNumberGenerator()
        return try members.hospital.authority.issueOperatorCertificate(
            request: request, id: id, now: .now, random: &random)
    }

    private func refusal(_ body: () throws -> Void) -> CustodyError.Code? {
        do {
            try body()
            return nil
        } catch { return (error as? CustodyError)?.code }
    }

    @Test(arguments: [false, true]) func aKeyThatTheOrganisationCertifiedSigns(p256: Bool) throws {
        let key =
            p256
            ? try OperatorKey(pem: P256.Signing.PrivateKey().pemRepresentation, at: "key") : OperatorKey.generate()
        let issued = try issue(key.request(id: "jk-17"))
        #expect(issued.id == "jk-17")
        // As it comes back from a file.
        let again = try OperatorKey(pem: key.pem(), at: "key")
        let credential = try OperatorCredential(
            key: again, certificatePEM: issued.certificate, places: ("key", "certificate"))
        #expect(credential.certificate.id == "jk-17" && credential.certificate.organisation == "hospital")
        let order = try SignedOrder()
        let signed = try credential.sign(order.update(), for: SignedOrder.origin)
        #expect(signed.operator?.id == "jk-17" && signed.operator?.signature.count == OperatorSignature.byteCount)
        let statement = OperatorSignature.statement(of: signed, from: SignedOrder.origin)
        let certificate = try Certificate(pemEncoded: issued.certificate)
        let signature = signed.operator?.signature ?? []
        if p256 {
            let known = try #require(P256.Signing.PublicKey(certificate.publicKey))
            #expect(known.isValidSignature(try .init(rawRepresentation: signature), for: statement))
        } else {
            let known = try #require(Curve25519.Signing.PublicKey(certificate.publicKey))
            #expect(known.isValidSignature(signature, for: statement))
        }
    }

    @Test func refusesTheCertificateOfAnotherKey() throws {
        let issued = try issue(OperatorKey.generate().request(id: "a"))
        let refused = refusal {
            _ = try OperatorCredential(
                key: .generate(), certificatePEM: issued.certificate, places: ("key", "certificate"))
        }
        #expect(refused == .keyMismatched)
    }

    @Test(arguments: [("", false), ("a", true), ("J_k.1-7", true), ("a b", false), ("ä", false), ("a/b", false)])
    func anIdIsPlain(id: String, isOne: Bool) throws {
        #expect(refusal { _ = try OperatorKey.generate().request(id: id) } == (isOne ? nil : .operatorIDMalformed))
        let request = try OperatorKey.generate().request(id: "a")
        #expect(refusal { _ = try issue(request, id: id) } == (isOne ? nil : .operatorIDMalformed))
    }

    @Test(arguments: [(-1, true), (0, true), (1, false)]) func anIdHasAtMostItsBytes(step: (offset: Int, fits: Bool)) {
        let id = String(repeating: "x", count: OperatorCertificate.idMax + step.offset)
        #expect(refusal { _ = try OperatorKey.generate().request(id: id) } == (step.fits ? nil : .operatorIDMalformed))
    }

    @Test func certifiesNothingButWhatItsOwnKeyAskedFor() throws {
        let der = try PEMDocument(pemString: OperatorKey.generate().request(id: "jk-17")).derBytes
        for place in stride(from: 0, to: der.count, by: 3) {
            var damaged = der
            damaged[place] ^= 0x01
            let pem = PEMDocument(type: "CERTIFICATE REQUEST", derBytes: damaged).pemString
            #expect(refusal { _ = try issue(pem) } == .requestRefused, "\(place)")
        }
        let large = Certificate.PrivateKey(P384.Signing.PrivateKey())
        let request = try CertificateSigningRequest(
            version: .v1, subject: try DistinguishedName { CommonName("a") }, privateKey: large, attributes: .init())
        #expect(refusal { _ = try issue(request.serializeAsPEM().pemString) } == .requestRefused)
        #expect(refusal { _ = try OperatorKey(pem: large.serializeAsPEM().pemString, at: "k") } == .keyMalformed)
    }

    @Test func anOperatorIsNoGateway() async throws {
        let key = Curve25519.Signing.PrivateKey()
        for id in ["gw1", "jk-17"] {
            let certificate = try members.hospital.authority.issueOperator(
                Certificate.PublicKey(key.publicKey), id: id, now: .now, serial: .init())
            #expect(throws: CustodyError(.certificateRefused, "")) {
                try LogCertificate.verify(
                    chain: [certificate.derBytes()], origin: "hospital/\(id)", document: members.document, at: nil)
            }
            let peer = try NIOSSLCertificate(bytes: certificate.derBytes(), format: .der)
            let identities = PeerIdentities(document: members.document)
            await #expect(throws: CustodyError(.certificateRefused, "")) { try await identities.identity(of: peer) }
        }
    }

    /// TLS itself refuses an operator's certificate, on either side.
    @Test func noConnectionIsMadeWithAnOperatorsCertificate() async throws {
        let key = Certificate.PrivateKey(P256.Signing.PrivateKey())
        let certificate = try members.hospital.authority.issueOperator(
            key.publicKey, id: "jk-17", now: .now, serial: .init())
        let person = try ConsortiumTLS(
            certificate: certificate.serializeAsPEM().pemString, key: key.serializeAsPEM().pemString)
        let gateway = try members.hospital.tls("hospital/gw1")
        #expect(try await meet(server: gateway, client: gateway) == "hospital/gw1")
        await #expect(throws: CustodyError(.peerRefusedUs, "")) { try await meet(server: gateway, client: person) }
        await #expect(throws: CustodyError.self) { try await meet(server: person, client: gateway) }
    }

    private func meet(server: ConsortiumTLS, client: ConsortiumTLS) async throws -> String {
        let router = Router(context: MemberContext.self)
        router.get("whoami") { _, context in try context.member.origin }
        return try await serving(members.document, server, router: router) { address in
            try await calling("hospital", at: address, as: client, members.document) { client in
                String(decoding: try await client.get(path: "/whoami", deadline: .soon).body, as: UTF8.self)
            }
        }
    }
}
