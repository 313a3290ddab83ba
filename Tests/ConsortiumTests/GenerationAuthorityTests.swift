import Crypto
import FoundationEssentials
import Hummingbird
import Ledger
import NIOSSL
import SwiftASN1
import Testing
import X509

@testable import Consortium

/// What a gateway's own authority may certify, and what nobody believes of it.
@Suite struct GenerationAuthorityTests {
    let members: TestMembers
    let authority: GenerationAuthority
    let issued: GenerationAuthority.Issued
    static let origin = "hospital/gw.20261123125642317"

    init() throws {
        members = try TestMembers()
        var random = SystemRandomNumberGenerator()
        issued = try members.hospital.authority.issueGenerationAuthority(
            gateway: "hospital/gw", now: .now, random: &random)
        authority = try GenerationAuthority(certificatePEM: issued.certificate, keyPEM: issued.key)
    }

    private func chain(_ origin: String = origin) throws -> [[UInt8]] {
        var random = SystemRandomNumberGenerator()
        let key = try SigningKey.generate(name: origin, algorithm: .ed25519).verifierKey
        return try authority.issueLogCertificate(origin: origin, key: key, now: .now, random: &random)
    }

    /// What a thief of the key would issue: the same authority without its own rules.
    private func thief() throws -> CertificateAuthority {
        try CertificateAuthority(organisation: "hospital", certificatePEM: issued.certificate, keyPEM: issued.key)
    }

    private func verify(_ chain: [[UInt8]], _ origin: String = origin) throws -> VerifierKey {
        try LogCertificate.verify(chain: chain, origin: origin, document: members.document, at: .now)
    }

    @Test func certifiesTheNextGenerationWithoutTheCA() throws {
        let chain = try chain()
        #expect(chain.count == 2)
        #expect(try verify(chain).name == Self.origin)
        #expect(try verify(chain + [members.hospital.authority.certificate.derBytes()]).name == Self.origin)
    }

    @Test(arguments: [
        "hospital/gw", "hospital/other", "hospital/other.20261123125642317", "hospital/gw.2",
        "supplier/gw.20261123125642317",
    ])
    func certifiesNoOtherLog(origin: String) throws {
        #expect(throws: CustodyError(.originMalformed, "")) { try chain(origin) }
    }

    @Test(arguments: ["hospital/gw", "hospital/other", "hospital/other.20261123125642317", "hospital/gw.2"])
    func nobodyBelievesAThiefOfItsKey(origin: String) throws {
        var random = SystemRandomNumberGenerator()
        let key = try SigningKey.generate(name: origin, algorithm: .ed25519).verifierKey
        for unit in [nil, "hospital/gw", "hospital/other"] {
            let chain = try thief().issueLogCertificate(
                origin: origin, key: key, unit: unit, now: .now, random: &random)
            #expect(throws: CustodyError(.certificateRefused, "")) { try verify(chain, origin) }
        }
    }

    @Test func nobodyBelievesASubjectBeyondItsNames() throws {
        var random = SystemRandomNumberGenerator()
        let key = try SigningKey.generate(name: Self.origin, algorithm: .ed25519).verifierKey
        for unit in [nil, "hospital/other"] {
            let chain = try thief().issueLogCertificate(
                origin: Self.origin, key: key, unit: unit, now: .now, random: &random)
            #expect(throws: CustodyError(.certificateRefused, "")) { try verify(chain) }
        }
    }

    @Test func itMayHaveNoAuthorityBelowIt() throws {
        #expect(try !thief().admitsGenerations)
        var random = SystemRandomNumberGenerator()
        #expect(throws: CustodyError(.generationsNotAdmitted, "")) {
            try thief().issueGenerationAuthority(gateway: "hospital/gw", now: .now, random: &random)
        }
    }

    @Test func isNoAuthorityForTLS() async throws {
        let leaf = try thief().issueTLS(
            origin: Self.origin, hosts: ["127.0.0.1"], usages: [.serverAuth, .clientAuth], days: 1, now: .now,
            serial: .init())
        let certificate = try Certificate(pemEncoded: leaf.certificate)
        await #expect(throws: CustodyError(.certificateRefused, "")) {
            try await PeerIdentity(certificate: certificate, document: members.document)
        }
        let stolen = try ConsortiumTLS(certificate: leaf.certificate + issued.certificate, key: leaf.key)
        let honest = try members.supplier.tls("supplier/gw")
        try await serving(members.document, stolen, router: Router(context: MemberContext.self)) { address in
            try await calling("hospital", at: address, as: honest, members.document) { client in
                #expect(await code { _ = try await client.get(path: "/", deadline: .soon) } == .peerNotTrusted)
            }
        }
    }

    @Test func isNotMadeForAGeneration() throws {
        var random = SystemRandomNumberGenerator()
        #expect(throws: CustodyError(.originMalformed, "")) {
            try members.hospital.authority.issueGenerationAuthority(gateway: Self.origin, now: .now, random: &random)
        }
        #expect(throws: CustodyError(.originMalformed, "")) {
            try members.hospital.authority.issueGenerationAuthority(gateway: "supplier/gw", now: .now, random: &random)
        }
    }
}
