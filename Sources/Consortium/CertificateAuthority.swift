import Crypto
import FoundationEssentials
import Glibc
import Ledger
import SwiftASN1
import X509

/// An organisation's certificate authority: it admits the organisation's gateways, and nobody else's.
public struct CertificateAuthority: Sendable {
    public static let authorityDays = 3_652
    public static let logDays = 1_826
    public static let tlsDays = 398
    /// Of the clocks that may lag behind when a certificate is used at once.
    private static let leeway: TimeInterval = 3_600
    private static let day: TimeInterval = 86_400

    /// The id of the organisation.
    public let organisation: String
    /// PEM, as it stands in the consortium document.
    public let certificatePEM: String
    let certificate: Certificate
    private let key: Certificate.PrivateKey

    /// A TLS certificate with its private key.
    public struct IssuedTLSCertificate: Sendable {
        /// PEM of the certificate.
        public let certificate: String
        /// PEM (PKCS#8) of the private key: for a key file only.
        public let key: String
    }

    /// A new authority with a P-256 key, valid for ten years from `now`.
    ///
    /// - Throws: `CustodyError` with code `organisation-id-malformed`.
    public static func create(
        organisation: String, now: Date, random: inout some RandomNumberGenerator
    ) throws -> CertificateAuthority {
        try OrganisationFolder.check(id: organisation)
        let key = Certificate.PrivateKey(P256.Signing.PrivateKey())
        let name = try DistinguishedName {
            OrganizationName(organisation)
            CommonName("\(organisation) custody CA")
        }
        let certificate = try Certificate(
            version: .v3, serialNumber: serial(&random), publicKey: key.publicKey, notValidBefore: now - leeway,
            notValidAfter: now + TimeInterval(authorityDays) * day, issuer: name, subject: name,
            signatureAlgorithm: .ecdsaWithSHA256,
            extensions: try Certificate.Extensions {
                Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 1))
                Critical(KeyUsage(keyCertSign: true, cRLSign: true))
                SubjectKeyIdentifier(hash: key.publicKey)
            },
            issuerPrivateKey: key)
        return try CertificateAuthority(organisation: organisation, certificate: certificate, key: key)
    }

    /// The authority whose certificate and PKCS#8 key these PEM texts hold.
    ///
    /// - Throws: `CustodyError` with code `certificate-malformed`, also when the key belongs to another certificate.
    public init(organisation: String, certificatePEM: String, keyPEM: String) throws {
        let certificate = try Certificate(authorityPEM: certificatePEM, of: organisation)
        guard let key = try? Certificate.PrivateKey(pemEncoded: keyPEM), key.publicKey == certificate.publicKey else {
            throw CustodyError(
                .certificateMalformed, "this private key is not the one of the CA certificate", at: organisation)
        }
        try self.init(organisation: organisation, certificate: certificate, key: key)
    }

    private init(organisation: String, certificate: Certificate, key: Certificate.PrivateKey) throws {
        self.organisation = organisation
        self.certificate = certificate
        self.key = key
        certificatePEM = try certificate.serializeAsPEM().pemString + "\n"
    }

    /// PKCS#8 PEM of the private key: secret, for the key file only.
    func keyPEM() throws -> String { try key.serializeAsPEM().pemString + "\n" }
}

extension CertificateAuthority {
    /// Certifies the Ed25519 key of a log, for five years: the certificate chain of the log's genesis.
    ///
    /// - Parameter origin: `<organisation>/<gateway>` of this authority's organisation.
    /// - Returns: DER, the leaf first, then the authority's own certificate.
    /// - Throws: `CustodyError` with code `origin-malformed` or `key-misused`.
    public func issueLogCertificate(
        origin: String, key: VerifierKey, now: Date, random: inout some RandomNumberGenerator
    ) throws -> [[UInt8]] {
        try issueLogCertificate(origin: origin, key: key, unit: nil, now: now, random: &random)
    }

    func issueLogCertificate(
        origin: String, key: VerifierKey, unit: String?, now: Date, random: inout some RandomNumberGenerator
    ) throws -> [[UInt8]] {
        try check(origin: origin)
        guard key.algorithm == .ed25519, key.name == origin else {
            throw CustodyError(.keyMisused, "a log is certified with its own signing key, named like it", at: origin)
        }
        let publicKey = try Curve25519.Signing.PublicKey(rawRepresentation: key.publicKey)
        let leaf = try issue(
            Certificate.PublicKey(publicKey), origin: origin, unit: unit, days: Self.logDays, now: now,
            serial: Self.serial(&random),
            extensions: try Certificate.Extensions {
                SubjectAlternativeNames([.uniformResourceIdentifier(OriginName.urn(of: origin))])
            })
        return [try leaf.derBytes(), try certificate.derBytes()]
    }

    /// A new P-256 key and its certificate for the consortium port of a gateway, as server and as client.
    ///
    /// - Parameters:
    ///   - origin: `<organisation>/<gateway>` of this authority's organisation.
    ///   - hosts: DNS names and IP addresses under which peers reach the gateway.
    /// - Throws: `CustodyError` with code `origin-malformed` or `host-malformed`.
    public func issueTLSCertificate(
        origin: String, hosts: [String], days: Int = tlsDays, now: Date, random: inout some RandomNumberGenerator
    ) throws -> IssuedTLSCertificate {
        try check(origin: origin)
        return try issueTLS(
            origin: origin, hosts: hosts, usages: [.serverAuth, .clientAuth], days: days, now: now,
            serial: Self.serial(&random))
    }

    func check(origin: String) throws {
        try OriginName.check(origin)
        guard ConsortiumDocument.organisation(ofOrigin: origin) == organisation else {
            throw CustodyError(
                .originMalformed, "the CA of \(organisation) certifies no gateway of another organisation", at: origin,
                remedy: "name the gateway \(organisation)/<gateway>")
        }
    }

    func issueTLS(
        origin: String, hosts: [String], usages: [ExtendedKeyUsage.Usage], days: Int, now: Date,
        serial: Certificate.SerialNumber
    ) throws -> IssuedTLSCertificate {
        let key = Certificate.PrivateKey(P256.Signing.PrivateKey())
        let names = try [.uniformResourceIdentifier(OriginName.urn(of: origin))] + hosts.map(Self.generalName)
        let leaf = try issue(
            key.publicKey, origin: origin, days: days, now: now, serial: serial,
            extensions: try Certificate.Extensions {
                try ExtendedKeyUsage(usages)
                SubjectAlternativeNames(names)
            })
        return IssuedTLSCertificate(
            certificate: try leaf.serializeAsPEM().pemString + "\n", key: try key.serializeAsPEM().pemString + "\n")
    }

    func issue(
        _ publicKey: Certificate.PublicKey, origin: String, unit: String? = nil, days: Int, now: Date,
        serial: Certificate.SerialNumber, extensions: Certificate.Extensions, isAuthority: Bool = false
    ) throws -> Certificate {
        let name = try DistinguishedName {
            OrganizationName(organisation)
            if let unit { OrganizationalUnitName(unit) }
            CommonName(origin)
        }
        var all = extensions
        let constraints =
            isAuthority
            ? BasicConstraints.isCertificateAuthority(maxPathLength: 0) : BasicConstraints.notCertificateAuthority
        try all.append(.init(constraints, critical: true))
        try all.append(.init(KeyUsage(digitalSignature: !isAuthority, keyCertSign: isAuthority), critical: true))
        try all.append(.init(SubjectKeyIdentifier(hash: publicKey), critical: false))
        if let own = try certificate.extensions.subjectKeyIdentifier {
            // Lets a verifier that trusts many CAs of similar names find this one.
            try all.append(.init(AuthorityKeyIdentifier(keyIdentifier: own.keyIdentifier), critical: false))
        }
        return try Certificate(
            version: .v3, serialNumber: serial, publicKey: publicKey, notValidBefore: now - Self.leeway,
            notValidAfter: now + TimeInterval(days) * Self.day, issuer: certificate.subject, subject: name,
            signatureAlgorithm: key.signatureAlgorithm, extensions: all, issuerPrivateKey: key)
    }

    static func serial(_ random: inout some RandomNumberGenerator) -> Certificate.SerialNumber {
        // 16 bytes: within the 20 of RFC 5280 section 4.1.2.2, beyond guessing.
        let words = [random.next(), random.next()]
        return Certificate.SerialNumber(bytes: words.flatMap { word in withUnsafeBytes(of: word) { Array($0) } })
    }

    private static func generalName(_ host: String) throws -> GeneralName {
        if let address = ipAddress(host) { return .ipAddress(ASN1OctetString(contentBytes: address[...])) }
        let allowed = host.utf8.allSatisfy { byte in
            switch UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte | 0x20 {
            case true: true
            case false: UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte || byte == 0x2D || byte == 0x2E
            }
        }
        guard allowed, !host.isEmpty, host.utf8.count <= 253 else {
            throw CustodyError(
                .hostMalformed, "this is neither a DNS name nor an IP address", at: host,
                remedy: "write the name alone, without a scheme and without a port")
        }
        return .dnsName(host)
    }

    private static func ipAddress(_ host: String) -> [UInt8]? {
        var short = in_addr()
        if inet_pton(AF_INET, host, &short) == 1 { return withUnsafeBytes(of: short) { Array($0) } }
        var long = in6_addr()
        if inet_pton(AF_INET6, host, &long) == 1 { return withUnsafeBytes(of: long) { Array($0) } }
        return nil
    }
}

extension Certificate.PrivateKey {
    /// What this key signs certificates with.
    fileprivate var signatureAlgorithm: Certificate.SignatureAlgorithm {
        switch publicKey {
        case let key where P384.Signing.PublicKey(key) != nil: .ecdsaWithSHA384
        case let key where P521.Signing.PublicKey(key) != nil: .ecdsaWithSHA512
        case let key where Curve25519.Signing.PublicKey(key) != nil: .ed25519
        case let key where P256.Signing.PublicKey(key) != nil: .ecdsaWithSHA256
        default: .sha256WithRSAEncryption
        }
    }
}

extension Certificate {
    /// - Throws: `CustodyError` with code `certificate-malformed` unless the PEM text is one CA certificate.
    init(authorityPEM text: String, of organisation: String) throws {
        guard let certificate = try? Certificate(pemEncoded: text) else {
            throw CustodyError(.certificateMalformed, "this is not the PEM text of a certificate", at: organisation)
        }
        guard case .isCertificateAuthority = try? certificate.extensions.basicConstraints else {
            throw CustodyError(.certificateMalformed, "this certificate is not one of a CA", at: organisation)
        }
        self = certificate
    }

    func derBytes() throws -> [UInt8] {
        var serializer = DER.Serializer()
        try serializer.serialize(self)
        return serializer.serializedBytes
    }
}

extension CustodyError.Code {
    /// Text that is not a certificate, or not the certificate of a CA, or a key of another one.
    public static let certificateMalformed: Self = "certificate-malformed"
    /// A host that no certificate can name.
    public static let hostMalformed: Self = "host-malformed"
}
