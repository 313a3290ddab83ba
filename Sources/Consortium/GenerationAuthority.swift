import Crypto
import FoundationEssentials
import Ledger
import SwiftASN1
import X509

/// Certifies the next generations of one gateway's log, on that gateway and without a network.
///
/// The organisation's CA issues its certificate, for this gateway alone: subjects below the gateway's own, no TLS names, and
/// a name that a mirror compares with the log's.
public struct GenerationAuthority: Sendable {
    private let authority: CertificateAuthority
    /// The gateway, `<organisation>/<gateway>`.
    public let gateway: String

    /// What `custody init` writes into the state directory.
    public struct Issued: Sendable {
        /// PEM of the certificate.
        public let certificate: String
        /// PEM (PKCS#8) of the private key: for a key file only.
        public let key: String
    }

    /// - Throws: `CustodyError` with code `certificate-malformed` if the texts are not those of one such authority.
    public init(certificatePEM: String, keyPEM: String) throws {
        guard let certificate = try? Certificate(pemEncoded: certificatePEM),
            let gateway = try certificate.namedOrigin()
        else {
            throw CustodyError(
                .certificateMalformed, "this is not a certificate for the next generations of a log",
                at: "generations.pem")
        }
        self.gateway = gateway
        authority = try CertificateAuthority(
            organisation: ConsortiumDocument.organisation(ofOrigin: gateway), certificatePEM: certificatePEM,
            keyPEM: keyPEM)
    }

    /// Certifies the Ed25519 key of the gateway's next log.
    /// - Parameter origin: a later generation of this gateway.
    /// - Returns: DER, the leaf first, then this authority's own certificate.
    /// - Throws: `CustodyError` with code `origin-malformed` or `key-misused`.
    public func issueLogCertificate(
        origin: String, key: VerifierKey, now: Date, random: inout some RandomNumberGenerator
    ) throws -> [[UInt8]] {
        guard Generation.gateway(ofOrigin: origin) == gateway, Generation.number(ofOrigin: origin) > 0 else {
            throw CustodyError(
                .originMalformed, "\(gateway) certifies its own next generations and no other log", at: origin)
        }
        return try authority.issueLogCertificate(origin: origin, key: key, unit: gateway, now: now, random: &random)
    }
}

extension CertificateAuthority {
    /// Whether this authority may have another one below it; those of early releases may not.
    public var admitsGenerations: Bool {
        guard case .isCertificateAuthority(let pathMax) = try? certificate.extensions.basicConstraints else {
            return false
        }
        return pathMax ?? .max >= 1
    }

    /// A new authority for the next generations of a gateway's log, with a P-256 key.
    /// - Parameter gateway: `<organisation>/<gateway>` of this authority's organisation.
    /// - Throws: `CustodyError` with code `origin-malformed`; `generations-not-admitted` where this authority may have no
    ///   other below it.
    public func issueGenerationAuthority(
        gateway: String, now: Date, random: inout some RandomNumberGenerator
    ) throws -> GenerationAuthority.Issued {
        try check(origin: gateway)
        guard Generation.number(ofOrigin: gateway) == 0 else {
            throw CustodyError(.originMalformed, "this names a generation, and not the gateway", at: gateway)
        }
        guard admitsGenerations else {
            throw CustodyError(
                .generationsNotAdmitted, "the CA of \(organisation) was made so that it admits no authority below it",
                at: gateway,
                remedy: "let the CA certify the next generation itself: custody organisation certify --next")
        }
        let key = Certificate.PrivateKey(P256.Signing.PrivateKey())
        let certificate = try issue(
            key.publicKey, origin: gateway, unit: gateway, days: Self.logDays, now: now, serial: Self.serial(&random),
            extensions: try Self.rules(of: gateway), isAuthority: true)
        return GenerationAuthority.Issued(
            certificate: try certificate.serializeAsPEM().pemString + "\n",
            key: try key.serializeAsPEM().pemString + "\n")
    }

    /// What it certifies has a subject below the gateway's (RFC 5280 section 4.2.1.10) and serves no TLS host. The rule
    /// cannot be written over the URI: a constraint on URIs is one on their hosts, and `urn:custody:` has none.
    private static func rules(of gateway: String) throws -> Certificate.Extensions {
        let subject = try DistinguishedName {
            OrganizationName(ConsortiumDocument.organisation(ofOrigin: gateway))
            OrganizationalUnitName(gateway)
        }
        let everyAddress = [4, 16].map { ASN1OctetString(contentBytes: [UInt8](repeating: 0, count: 2 * $0)[...]) }
        return try Certificate.Extensions {
            SubjectAlternativeNames([.uniformResourceIdentifier(OriginName.urn(of: gateway))])
            Critical(
                NameConstraints(
                    permittedSubtrees: [.directoryName(subject)],
                    excludedSubtrees: [.dnsName("")] + everyAddress.map { .ipAddress($0) }))
        }
    }
}

extension CustodyError.Code {
    /// An organisation's CA under which no gateway can certify its own next generations.
    public static let generationsNotAdmitted: Self = "generations-not-admitted"
}
