import FoundationEssentials
import Ledger
import NIOSSL
import Testing
import X509

@testable import Consortium

@Suite struct PeerIdentityTests {
    let members: TestMembers

    init() throws {
        members = try TestMembers()
    }

    private func certificate(_ origin: String, by member: TestMember) throws -> NIOSSLCertificate {
        let issued = try member.authority.issueTLS(
            origin: origin, hosts: [], usages: [.clientAuth], days: 2, now: .now, serial: .init())
        return try NIOSSLCertificate(bytes: Array(issued.certificate.utf8), format: .pem)
    }

    @Test func saysWhyACertificateIsRefused() async throws {
        let identities = PeerIdentities(document: members.document)
        let forged = try certificate("hospital/gw1", by: members.supplier)
        await #expect(throws: CustodyError(.certificateRefused, "")) { try await identities.identity(of: forged) }
        let stranger = try certificate("stranger/gw1", by: members.supplier)
        await #expect(throws: CustodyError(.certificateRefused, "")) { try await identities.identity(of: stranger) }
        #expect(identities.count == 0)
    }

    @Test func remembersABoundedNumberOfCertificates() async throws {
        let identities = PeerIdentities(document: members.document)
        for number in 1...PeerIdentities.remembered {
            let origin = "hospital/gw\(number)"
            #expect(try await identities.identity(of: certificate(origin, by: members.hospital)).origin == origin)
            #expect(identities.count == number)
        }
        _ = try await identities.identity(of: certificate("hospital/one-more", by: members.hospital))
        #expect(identities.count == 1)
    }
}
