import Crypto
import FoundationEssentials
// No type of theirs is seen outside: other layers are not to hang on what a verdict needs.
internal import SwiftASN1
internal import X509

/// The certificate of an operator's key: X.509, issued by the CA of the operator's organisation itself.
///
/// What makes it one of an operator: its only purpose is to sign documents (RFC 9336), and its only alternative name is
/// `urn:custody-operator:<organisation>/<id>`. A gateway's certificates have neither, and serve for nothing here.
public struct OperatorCertificate: Sendable {
    /// Bytes of DER that are looked at.
    public static let bytesMax = 4_096
    /// Bytes of an operator's id.
    public static let idMax = 64
    /// `id-kp-documentSigning` (RFC 9336 section 3).
    package static let documentSigning = "1.3.6.1.5.5.7.3.36"
    private static let scheme = "urn:custody-operator:"

    /// Of the organisation that the certificate names.
    public let organisation: String
    /// Pseudonymous: whom it stands for is known to the operator's organisation alone.
    public let id: String
    private let certificate: Certificate

    /// Reads a certificate; who issued it is for `check` to say.
    /// - Throws: `Rejection` with code `operator-stranger` unless it is one for operators.
    public init(der: [UInt8]) throws(Rejection) {
        guard der.count <= Self.bytesMax, let certificate = try? Certificate(derEncoded: der) else {
            throw Self.stranger("it brings no certificate of an operator that can be read")
        }
        guard certificate.isDocumentSigner else { throw Self.stranger("its certificate is not one for operators") }
        guard let (organisation, id) = certificate.namedOperator else {
            throw Self.stranger("its certificate names no operator")
        }
        self.certificate = certificate
        self.organisation = organisation
        self.id = id
    }

    /// How a certificate writes an operator's name.
    package static func urn(organisation: String, id: String) -> String { "\(scheme)\(organisation)/\(id)" }

    /// The id and organisation that such a name holds; nil for any other text.
    fileprivate static func parts(ofURN uri: String) -> (organisation: String, id: String)? {
        guard uri.hasPrefix(scheme) else { return nil }
        let parts = uri.dropFirst(scheme.count).split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, !parts[0].isEmpty, isPlain(id: parts[1]) else { return nil }
        return (parts[0], parts[1])
    }

    /// Whether an operator can be named so: 1 to 64 of the characters a-z, A-Z, 0-9, '-', '.' and '_'.
    package static func isPlain(id: String) -> Bool {
        (1...idMax).contains(id.utf8.count)
            && id.utf8.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F: true
                default: false
                }
            }
    }

    private static func stranger(_ reason: String) -> Rejection { Rejection(.operatorStranger, reason) }

    /// - Parameter certificateOfMaker: PEM of the CA of the organisation whose log carries the update.
    /// - Throws: `Rejection` with code `operator-stranger` unless that CA issued it, and for that organisation.
    func check(maker: String, certificateOfMaker: String) throws(Rejection) {
        guard organisation.utf8.elementsEqual(maker.utf8) else {
            throw Self.stranger("its operator belongs to \(organisation), and the log to \(maker)")
        }
        guard let root = try? Certificate(pemEncoded: certificateOfMaker), root.issued(certificate),
            certificate.hasOnlyKnownRules
        else { throw Self.stranger("the CA of \(maker) did not certify its operator") }
    }

    /// - Throws: `Rejection` with code `operator-mismatched`.
    func check(id named: String) throws(Rejection) {
        guard id.utf8.elementsEqual(named.utf8) else {
            throw Rejection(.operatorMismatched, "it names the operator '\(named)', and \(id) signed")
        }
    }

    /// Whether it is a certificate of this key, which is written as in X.509 (SubjectPublicKeyInfo).
    package func certifies(publicKey: [UInt8]) -> Bool {
        certificate.publicKey.subjectPublicKeyInfoBytes.elementsEqual(publicKey)
    }

    /// - Parameter recordedAt: UTC microseconds.
    /// - Throws: `Rejection` with code `operator-not-valid`.
    func check(recordedAt: Int64) throws(Rejection) {
        let time = Date(timeIntervalSince1970: Double(recordedAt) / 1e6)
        guard certificate.notValidBefore <= time else {
            throw Rejection(.operatorNotValid, "the certificate of \(id) was not valid yet when it was recorded")
        }
        guard time <= certificate.notValidAfter else {
            throw Rejection(.operatorNotValid, "the certificate of \(id) had expired when it was recorded")
        }
    }

    /// Whether the certified key made this signature: Ed25519, or ECDSA with SHA-256 over P-256.
    func isSignature(_ signature: [UInt8], of statement: [UInt8]) -> Bool {
        guard signature.count == OperatorSignature.byteCount else { return false }
        if let key = Curve25519.Signing.PublicKey(certificate.publicKey) {
            return key.isValidSignature(signature, for: statement)
        }
        guard let key = P256.Signing.PublicKey(certificate.publicKey),
            let parsed = try? P256.Signing.ECDSASignature(rawRepresentation: signature)
        else { return false }
        return key.isValidSignature(parsed, for: statement)
    }
}

extension Certificate {
    /// Whether its key signs documents and does nothing else.
    fileprivate var isDocumentSigner: Bool {
        guard let usages = try? extensions.extendedKeyUsage, usages.count == 1,
            usages.contains(.init(oid: .documentSigning)), permits(\.digitalSignature)
        else { return false }
        if case .isCertificateAuthority = try? extensions.basicConstraints { return false }
        return true
    }

    /// Whether the key may be used so: a certificate without a key usage permits everything (RFC 5280, 4.2.1.3).
    private func permits(_ usage: KeyPath<KeyUsage, Bool>) -> Bool {
        guard extensions[oid: .X509ExtensionID.keyUsage] != nil else { return true }
        return (try? extensions.keyUsage)?[keyPath: usage] ?? false
    }

    /// Whether this authority issued the other certificate, with no other authority between.
    fileprivate func issued(_ other: Certificate) -> Bool {
        guard case .isCertificateAuthority = try? extensions.basicConstraints else { return false }
        return permits(\.keyCertSign) && other.issuer == subject
            && publicKey.isValidSignature(other.signature, for: other)
    }

    /// A critical rule that nobody here looks at could say that it holds for something else.
    fileprivate var hasOnlyKnownRules: Bool {
        let known: Set<ASN1ObjectIdentifier> = [
            .X509ExtensionID.basicConstraints, .X509ExtensionID.keyUsage, .X509ExtensionID.extendedKeyUsage,
            .X509ExtensionID.subjectAlternativeName,
        ]
        return extensions.allSatisfy { !$0.critical || known.contains($0.oid) }
    }

    fileprivate var namedOperator: (organisation: String, id: String)? {
        guard let names = try? extensions.subjectAlternativeNames, names.count == 1,
            case .uniformResourceIdentifier(let uri)? = names.first
        else { return nil }
        return OperatorCertificate.parts(ofURN: uri)
    }
}

extension ASN1ObjectIdentifier {
    fileprivate static let documentSigning = ASN1ObjectIdentifier(stringLiteral: OperatorCertificate.documentSigning)
}
