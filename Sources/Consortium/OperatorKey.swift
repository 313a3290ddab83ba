import Crypto
import FoundationEssentials
import Ledger
import SwiftASN1
import X509

/// An operator's private key, which is on no gateway: Ed25519, or P-256 where it was made elsewhere.
public struct OperatorKey: Sendable {
    private enum Kind: Sendable {
        case ed25519(Curve25519.Signing.PrivateKey)
        case p256(P256.Signing.PrivateKey)
    }

    /// PKCS#8 of an Ed25519 key up to the key's 32 bytes (RFC 8410 section 7).
    private static let ed25519Prefix: [UInt8] = [
        0x30, 0x2E, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
    ]

    private let kind: Kind

    /// A new Ed25519 key.
    public static func generate() -> OperatorKey { OperatorKey(kind: .ed25519(Curve25519.Signing.PrivateKey())) }

    private init(kind: Kind) { self.kind = kind }

    /// Reads a key from PEM: PKCS#8, or SEC 1 for P-256.
    /// - Parameter place: named in errors.
    /// - Throws: `CustodyError` with code `key-malformed`.
    public init(pem: String, at place: String) throws {
        if let key = try? P256.Signing.PrivateKey(pemRepresentation: pem) {
            kind = .p256(key)
        } else if let document = try? PEMDocument(pemString: pem), document.derBytes.starts(with: Self.ed25519Prefix),
            let key = try? Curve25519.Signing.PrivateKey(
                rawRepresentation: document.derBytes.dropFirst(Self.ed25519Prefix.count))
        {
            kind = .ed25519(key)
        } else {
            throw CustodyError(
                .keyMalformed, "this is no PEM text of an Ed25519 or P-256 private key", at: place,
                remedy: "make one with: custody operator init")
        }
    }

    /// PKCS#8 PEM: secret, for the key file only.
    public func pem() throws -> String { try certifiable.serializeAsPEM().pemString + "\n" }

    /// PEM of a PKCS#10 request (RFC 2986) for a certificate of this key.
    /// - Throws: `CustodyError` with code `operator-id-malformed`.
    public func request(id: String) throws -> String {
        try OperatorID.check(id)
        let request = try CertificateSigningRequest(
            version: .v1, subject: try DistinguishedName { CommonName(id) }, privateKey: certifiable,
            attributes: .init())
        return try request.serializeAsPEM().pemString + "\n"
    }

    var publicKey: Certificate.PublicKey { certifiable.publicKey }

    private var certifiable: Certificate.PrivateKey {
        switch kind {
        case .ed25519(let key): Certificate.PrivateKey(key)
        case .p256(let key): Certificate.PrivateKey(key)
        }
    }

    func sign(_ statement: [UInt8]) throws -> [UInt8] {
        switch kind {
        case .ed25519(let key): Array(try key.signature(for: statement))
        case .p256(let key): Array(try key.signature(for: statement).rawRepresentation)
        }
    }
}

/// What an operator signs updates with: a key, and the certificate by which the organisation vouches for it.
public struct OperatorCredential: Sendable {
    /// The operator whom the certificate names.
    public let certificate: OperatorCertificate
    private let key: OperatorKey
    private let der: [UInt8]

    /// - Throws: `CustodyError` with code `file-unusable`, `key-file-exposed`, `key-malformed`, `certificate-malformed`,
    ///   `key-mismatched` if the certificate is one of another key, or one about the passphrase.
    public init(keyFile: String, certificateFile: String, passphrase: [UInt8]?) throws {
        let key = String(decoding: try PrivateFile.readKey(keyFile, passphrase: passphrase), as: UTF8.self)
        let certificate = String(decoding: try PrivateFile.readPublic(certificateFile), as: UTF8.self)
        try self.init(
            key: OperatorKey(pem: key, at: keyFile), certificatePEM: certificate, places: (keyFile, certificateFile))
    }

    init(key: OperatorKey, certificatePEM: String, places: (key: String, certificate: String)) throws {
        guard let document = try? PEMDocument(pemString: certificatePEM) else {
            throw CustodyError(
                .certificateMalformed, "this is not the PEM text of a certificate", at: places.certificate)
        }
        der = document.derBytes
        do throws(Rejection) { certificate = try OperatorCertificate(der: der) } catch {
            throw CustodyError(.certificateMalformed, error.message, at: places.certificate)
        }
        guard certificate.certifies(publicKey: Array(key.publicKey.subjectPublicKeyInfoBytes)) else {
            throw CustodyError(
                .keyMismatched, "this private key is not the one of the certificate \(places.certificate)",
                at: places.key, remedy: "name the certificate that belongs to it with --operator-certificate")
        }
        self.key = key
    }

    /// The update with the operator's name, certificate and signature.
    /// - Parameter origin: the log that is to carry it.
    public func sign(_ update: Update, for origin: String) throws -> Update {
        func person(_ signature: [UInt8]) -> Operator {
            Operator(id: certificate.id, certificate: der, signature: signature)
        }
        let statement = OperatorSignature.statement(of: update.with(operator: person([])), from: origin)
        return update.with(operator: person(try key.sign(statement)))
    }
}

enum OperatorID {
    /// - Throws: `CustodyError` with code `operator-id-malformed`.
    static func check(_ id: String) throws {
        guard OperatorCertificate.isPlain(id: id) else {
            throw CustodyError(
                .operatorIDMalformed,
                "an operator's id has 1 to \(OperatorCertificate.idMax) of: a-z, A-Z, 0-9, '-', '.', '_'", at: id,
                remedy: "choose a pseudonym: it stands in logs for ever")
        }
    }
}

extension CertificateAuthority {
    /// Of an operator's certificate: about a year, because a consortium document has no list of revoked operators.
    public static let operatorDays = 398

    /// A certificate for an operator of this organisation.
    public struct IssuedOperatorCertificate: Sendable {
        /// The operator's.
        public let id: String
        /// PEM of the certificate.
        public let certificate: String
    }

    /// Certifies an operator's key.
    ///
    /// - Parameters:
    ///   - request: PEM of a PKCS#10 request, signed with the key. Of what it asks for, only key and name are looked at.
    ///   - id: the operator's; nil for the request's common name.
    /// - Throws: `CustodyError` with code `request-refused` or `operator-id-malformed`.
    public func issueOperatorCertificate(
        request: String, id: String? = nil, days: Int = operatorDays, now: Date,
        random: inout some RandomNumberGenerator
    ) throws -> IssuedOperatorCertificate {
        guard let parsed = try? CertificateSigningRequest(pemEncoded: request),
            parsed.publicKey.isValidSignature(parsed.signature, for: parsed)
        else {
            throw CustodyError(
                .requestRefused, "this is not the PEM text of a certificate request that its own key signed",
                remedy: "make one with: custody operator init")
        }
        guard Curve25519.Signing.PublicKey(parsed.publicKey) != nil || P256.Signing.PublicKey(parsed.publicKey) != nil
        else { throw CustodyError(.requestRefused, "an operator signs with an Ed25519 or a P-256 key") }
        let id = id ?? parsed.commonName ?? ""
        try OperatorID.check(id)
        let certificate = try issueOperator(
            parsed.publicKey, id: id, days: days, now: now, serial: Self.serial(&random))
        return IssuedOperatorCertificate(id: id, certificate: try certificate.serializeAsPEM().pemString + "\n")
    }

    func issueOperator(
        _ key: Certificate.PublicKey, id: String, days: Int = operatorDays, now: Date,
        serial: Certificate.SerialNumber
    ) throws -> Certificate {
        let purpose = ExtendedKeyUsage.Usage(
            oid: ASN1ObjectIdentifier(stringLiteral: OperatorCertificate.documentSigning))
        return try issue(
            key, origin: id, days: days, now: now, serial: serial,
            extensions: try Certificate.Extensions {
                Critical(try ExtendedKeyUsage([purpose]))
                SubjectAlternativeNames([
                    .uniformResourceIdentifier(OperatorCertificate.urn(organisation: organisation, id: id))
                ])
            })
    }
}

extension CertificateSigningRequest {
    fileprivate var commonName: String? {
        subject.lazy.flatMap { $0 }.first { $0.type == .RDNAttributeType.commonName }.flatMap { String($0.value) }
    }
}

extension CustodyError.Code {
    /// An id that no operator can have.
    public static let operatorIDMalformed: Self = "operator-id-malformed"
    /// A request for a certificate that cannot be granted.
    public static let requestRefused: Self = "request-refused"
}
