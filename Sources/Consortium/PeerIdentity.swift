import FoundationEssentials
import Ledger
import NIOSSL
import SwiftASN1
import Synchronization
import X509

/// Who is at the other end of a connection: a gateway that its own organisation's CA admits.
public struct PeerIdentity: Hashable, Sendable {
    /// `<organisation>/<gateway>`
    public let origin: String
    public let organisation: ConsortiumDocument.Organisation

    public init(origin: String, organisation: ConsortiumDocument.Organisation) {
        self.origin = origin
        self.organisation = organisation
    }

    /// Reads a client certificate: the CA of the organisation that it names must have issued it, for clients, and its
    /// dates must hold now.
    ///
    /// TLS alone does not say this: it trusts every member's CA for every name.
    ///
    /// - Throws: `CustodyError` with code `certificate-refused`, saying why.
    public init(certificate: Certificate, document: ConsortiumDocument) async throws {
        guard let origin = try certificate.namedOrigin() else {
            throw CustodyError.refusedCertificate("it names no gateway", certificate.subject.description)
        }
        guard let organisation = document.organisation(ConsortiumDocument.organisation(ofOrigin: origin)) else {
            throw CustodyError.refusedCertificate("its organisation is not a member of \(document.name)", origin)
        }
        guard document.lastCounted(of: origin) == nil else {
            throw CustodyError.refusedCertificate("its gateway has been revoked", origin)
        }
        guard let usage = try? certificate.extensions.extendedKeyUsage, usage.contains(.clientAuth) else {
            throw CustodyError.refusedCertificate("it is not one for clients", origin)
        }
        let root = try Certificate(authorityPEM: organisation.certificate, of: organisation.id)
        var verifier = Verifier(rootCertificates: CertificateStore([root])) { RFC5280Policy() }
        switch await verifier.validate(leaf: certificate, intermediates: CertificateStore()) {
        case .validCertificate: self.init(origin: origin, organisation: organisation)
        case .couldNotValidate:
            throw CustodyError.refusedCertificate("the CA of \(organisation.id) does not stand behind it", origin)
        }
    }
}

/// The identities of the peers that have connected, so that each certificate is read and checked once.
public final class PeerIdentities: Sendable {
    /// Certificates that are remembered.
    public static let remembered = 1_024

    private struct Known {
        let identity: PeerIdentity
        let end: Date
    }

    private let document: ConsortiumDocument
    private let known = Mutex<[NIOSSLCertificate: Known]>([:])

    /// - Parameter document: the version in force; another version needs another object.
    public init(document: ConsortiumDocument) {
        self.document = document
    }

    /// - Throws: `CustodyError` with code `certificate-refused`.
    public func identity(of certificate: NIOSSLCertificate) async throws -> PeerIdentity {
        if let known = known.withLock({ $0[certificate] }), Date.now <= known.end { return known.identity }
        guard let parsed = try? Certificate(derEncoded: certificate.toDERBytes()) else {
            throw CustodyError.refusedCertificate("it is not an X.509 certificate", "peer")
        }
        let identity = try await PeerIdentity(certificate: parsed, document: document)
        remember(certificate, Known(identity: identity, end: parsed.notValidAfter))
        return identity
    }

    var count: Int { known.withLock { $0.count } }

    private func remember(_ certificate: NIOSSLCertificate, _ identity: Known) {
        known.withLock { known in
            // Forgetting all is as good as forgetting the oldest: each comes back with its next request.
            if known.count >= Self.remembered { known.removeAll(keepingCapacity: true) }
            known[certificate] = identity
        }
    }
}
