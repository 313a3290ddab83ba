import Ledger
import NIOCore
import NIOSSL

/// Mutual TLS 1.3 on the consortium port: this gateway's certificate and key, and whom it trusts on which side.
public struct ConsortiumTLS: Sendable {
    private let chain: [NIOSSLCertificateSource]
    private let key: NIOSSLPrivateKeySource

    /// - Parameter passphrase: opens an encrypted key; nil if there is none.
    /// - Throws: `CustodyError` with code `file-unusable`, `key-file-exposed`, `certificate-malformed`, or one about the
    ///   passphrase.
    public init(certificateFile: String, keyFile: String, passphrase: [UInt8]? = nil) throws {
        try self.init(
            certificate: PrivateFile.readPublic(certificateFile),
            key: PrivateFile.readKey(keyFile, passphrase: passphrase),
            places: (certificateFile, keyFile))
    }

    /// - Parameters:
    ///   - certificate: PEM of the gateway's certificate.
    ///   - key: PEM (PKCS#8) of its private key.
    /// - Throws: `CustodyError` with code `certificate-malformed`.
    public init(certificate: String, key: String) throws {
        try self.init(certificate: Array(certificate.utf8), key: Array(key.utf8), places: ("certificate", "key"))
    }

    private init(certificate: [UInt8], key: [UInt8], places: (certificate: String, key: String)) throws {
        guard let certificates = try? NIOSSLCertificate.fromPEMBytes(certificate), !certificates.isEmpty else {
            throw CustodyError(
                .certificateMalformed, "this is not the PEM text of a certificate", at: places.certificate)
        }
        guard let privateKey = try? NIOSSLPrivateKey(bytes: key, format: .pem) else {
            throw CustodyError(.certificateMalformed, "this is not the PEM text of a private key", at: places.key)
        }
        chain = certificates.map { .certificate($0) }
        self.key = .privateKey(privateKey)
    }

    /// How long an ended connection waits for the peer's close_notify. Its absence costs nothing: HTTP says how long a
    /// message is, and every entry is proved.
    static let closeMax: TimeAmount = .milliseconds(200)

    /// For the consortium port: only clients with a certificate of some member's CA get through.
    ///
    /// A client has no host name to check; which member it is, `PeerIdentity` says.
    ///
    /// - Throws: `CustodyError` with code `certificate-malformed` if a member's CA certificate is none.
    public func server(document: ConsortiumDocument) throws -> TLSConfiguration {
        var configuration = TLSConfiguration.makeServerConfiguration(certificateChain: chain, privateKey: key)
        configuration.minimumTLSVersion = .tlsv13
        configuration.trustRoots = .certificates(try document.organisations.map(Self.root))
        configuration.certificateVerification = .noHostnameVerification
        configuration.applicationProtocols = ["http/1.1"]
        configuration.shutdownTimeout = Self.closeMax
        return configuration
    }

    /// For the devices of this gateway's own stations, which bring no certificate.
    public func uploads() -> TLSConfiguration {
        var configuration = TLSConfiguration.makeServerConfiguration(certificateChain: chain, privateKey: key)
        configuration.minimumTLSVersion = .tlsv12
        configuration.applicationProtocols = ["http/1.1"]
        configuration.shutdownTimeout = Self.closeMax
        return configuration
    }

    /// For calling a gateway of `organisation`: no other member's CA is believed.
    ///
    /// - Throws: `CustodyError` with code `organisation-unknown`, `certificate-malformed`.
    public func client(meeting organisation: String, document: ConsortiumDocument) throws -> TLSConfiguration {
        guard let expected = document.organisation(organisation) else {
            throw CustodyError(
                .organisationUnknown, "\(organisation) is not a member of \(document.name)", at: document.name,
                remedy: "name one of: \(document.organisations.map(\.id).joined(separator: ", "))")
        }
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.certificateChain = chain
        configuration.privateKey = key
        configuration.minimumTLSVersion = .tlsv13
        configuration.trustRoots = .certificates([try Self.root(expected)])
        configuration.certificateVerification = .fullVerification
        configuration.shutdownTimeout = Self.closeMax
        return configuration
    }

    /// For calling somebody who is no member: no certificate of ours is shown.
    ///
    /// - Parameters:
    ///   - authority: PEM of the CAs that are believed; those of this machine if none are given.
    ///   - identity: PEM files of the certificate and key to show, if any.
    /// - Throws: `CustodyError` with code `certificate-malformed`, `file-unusable`, `key-file-exposed`.
    public static func outside(
        authority: [UInt8]? = nil, identity: (certificate: String, key: String)? = nil
    ) throws -> TLSConfiguration {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.minimumTLSVersion = .tlsv12
        configuration.shutdownTimeout = closeMax
        if let authority {
            guard let roots = try? NIOSSLCertificate.fromPEMBytes(authority), !roots.isEmpty else {
                throw CustodyError(.certificateMalformed, "this is not the PEM text of a certificate", at: "authority")
            }
            configuration.trustRoots = .certificates(roots)
        }
        if let identity {
            let own = try ConsortiumTLS(certificateFile: identity.certificate, keyFile: identity.key)
            configuration.certificateChain = own.chain
            configuration.privateKey = own.key
        }
        return configuration
    }

    private static func root(_ organisation: ConsortiumDocument.Organisation) throws -> NIOSSLCertificate {
        guard let root = try? NIOSSLCertificate(bytes: Array(organisation.certificate.utf8), format: .pem) else {
            throw CustodyError(
                .certificateMalformed, "its CA certificate is not the PEM text of one", at: organisation.id)
        }
        return root
    }
}

extension CustodyError.Code {
    /// An organisation that the document does not list.
    public static let organisationUnknown: Self = "organisation-unknown"
}
