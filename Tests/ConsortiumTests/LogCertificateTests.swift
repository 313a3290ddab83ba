import Crypto
import FoundationEssentials
import Ledger
import Testing
import SwiftASN1
import X509

@testable import Consortium

@Suite struct LogCertificateTests {
    let members: TestMembers
    let key: VerifierKey

    init() throws {
        members = try TestMembers()
        key = try SigningKey.generate(name: "hospital/gw1", algorithm: .ed25519).verifierKey
    }

    private func chain(origin: String = "hospital/gw1", now: Date = .now) throws -> [[UInt8]] {
        var random = SystemRandomNumberGenerator()
        let key = try VerifierKey(name: origin, algorithm: .ed25519, publicKey: key.publicKey)
        return try members.hospital.authority.issueLogCertificate(origin: origin, key: key, now: now, random: &random)
    }

    private func forged(
        _ publicKey: Certificate.PublicKey, by member: TestMember, origin: String = "hospital/gw1",
        extra: [Certificate.Extension] = []
    ) throws -> [[UInt8]] {
        let names = SubjectAlternativeNames([.uniformResourceIdentifier(OriginName.urn(of: origin))])
        let extensions = try Certificate.Extensions([.init(names, critical: false)] + extra)
        let leaf = try member.authority.issue(
            publicKey, origin: origin, days: 2, now: .now, serial: .init(), extensions: extensions)
        return [try leaf.derBytes(), try member.authority.certificate.derBytes()]
    }

    private var logKey: Certificate.PublicKey {
        get throws { try Certificate.PublicKey(Curve25519.Signing.PublicKey(rawRepresentation: key.publicKey)) }
    }

    private func refuses(_ chain: [[UInt8]], _ origin: String = "hospital/gw1", at time: Date? = nil) {
        #expect(throws: CustodyError(.certificateRefused, "")) {
            try LogCertificate.verify(chain: chain, origin: origin, document: members.document, at: time)
        }
    }

    @Test(arguments: ["hospital/gw1", "hospital/gw1.2", "hospital/Krankenwagen-Ü", "hospital/%41"])
    func givesTheKeyThatTheOrganisationVouchesFor(origin: String) throws {
        let chain = try chain(origin: origin)
        for chain in [chain, [chain[0]]] {
            let found = try LogCertificate.verify(
                chain: chain, origin: origin, document: members.document, at: .now)
            #expect(found.publicKey == key.publicKey)
            #expect(found.name == origin)
            #expect(found.algorithm == .ed25519)
        }
    }

    @Test(arguments: ["hospital/gw2", "supplier/gw1", "hospital", "stranger/gw1", "hospital/gw1/", "hospital/GW1"])
    func refusesAnotherOrigin(origin: String) throws {
        refuses(try chain(), origin)
    }

    @Test func refusesTheCAOfAnotherMember() throws {
        refuses(try forged(logKey, by: members.supplier))
    }

    @Test func refusesTheCAOfAStrangerWithTheSameName() throws {
        refuses(try forged(logKey, by: TestMember("hospital", .hospital)))
    }

    @Test func refusesAKeyThatIsNotEd25519() throws {
        refuses(try forged(.init(P256.Signing.PrivateKey().publicKey), by: members.hospital))
    }

    @Test func refusesACriticalRuleThatItDoesNotKnow() throws {
        let rule = Certificate.Extension(oid: [1, 2, 3, 4], critical: true, value: [5, 0])
        refuses(try forged(logKey, by: members.hospital, extra: [rule]))
    }

    @Test func refusesALeafAsTheIssuerOfAnother() throws {
        let leaf = try forged(logKey, by: members.hospital)
        refuses([leaf[0], leaf[0]].reversed() + [[0x30, 0x00]])
        refuses([try forged(logKey, by: members.supplier)[0], leaf[0], leaf[1]])
    }

    @Test func checksDatesOnlyWhereATimeIsGiven() throws {
        let old = try chain(now: .now - TimeInterval((CertificateAuthority.logDays + 1) * 86_400))
        refuses(old, at: .now)
        let found = try LogCertificate.verify(
            chain: old, origin: "hospital/gw1", document: members.document, at: nil)
        #expect(found.publicKey == key.publicKey)
        refuses(try chain(now: .now + 86_400), at: .now)
    }

    @Test(arguments: [3, 4, 5]) func readsChainsUpToTheLimit(count: Int) throws {
        let chain = try chain()
        let long = [chain[0]] + [[UInt8]](repeating: chain[1], count: count - 1)
        guard count > LogCertificate.chainMax else {
            _ = try LogCertificate.verify(chain: long, origin: "hospital/gw1", document: members.document, at: nil)
            return
        }
        refuses(long)
    }

    @Test func refusesDamagedBytes() throws {
        let chain = try chain()
        refuses([])
        refuses([[]])
        refuses([[0x30, 0x84, 0xFF, 0xFF, 0xFF, 0xFF]])
        for end in stride(from: 0, to: chain[0].count, by: 7) { refuses([Array(chain[0][..<end])]) }
        // What is signed: a SEQUENCE within the outer one, both with a length of two bytes.
        try #require(chain[0][5] == 0x82)
        let signed = 8 + (Int(chain[0][6]) << 8 | Int(chain[0][7]))
        for place in stride(from: 0, to: chain[0].count, by: 5) {
            var damaged = chain[0]
            damaged[place] ^= 0x01
            guard place >= signed else {
                refuses([damaged])
                continue
            }
            // The signature's DER has bits that mean nothing; no damage to it may certify another key.
            let found = try? LogCertificate.verify(
                chain: [damaged], origin: "hospital/gw1", document: members.document, at: nil)
            #expect(found == nil || found?.publicKey == key.publicKey)
        }
    }

    @Test func certifiesNoLogOfAnotherOrganisation() throws {
        #expect(throws: CustodyError(.originMalformed, "")) { try chain(origin: "supplier/gw1") }
        #expect(throws: CustodyError(.originMalformed, "")) { try chain(origin: "hospital") }
    }

    @Test(arguments: ["", "a b", "https://gw", "gw:443", "*.example"])
    func refusesAHostThatIsNone(host: String) throws {
        var random = SystemRandomNumberGenerator()
        #expect(throws: CustodyError(.hostMalformed, "")) {
            try members.hospital.authority.issueTLSCertificate(
                origin: "hospital/gw1", hosts: [host], now: .now, random: &random)
        }
    }
}
