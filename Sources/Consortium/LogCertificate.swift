import Crypto
import FoundationEssentials
import Ledger
import SwiftASN1
import X509

/// The certificate by which an organisation's CA vouches for the key of a log (in the log's genesis entry).
public enum LogCertificate {
    /// Certificates of one chain, the leaf included.
    public static let chainMax = 4

    /// The log's key, if the organisation that the origin names vouches for it.
    ///
    /// - Parameters:
    ///   - chain: DER, the leaf first; the CA's own certificate may be left out.
    ///   - origin: `<organisation>/<gateway>`; the leaf must name exactly this one.
    ///   - time: checks the dates of all certificates; nil = expiry does not matter, as for a log that goes on.
    /// - Throws: `CustodyError` with code `certificate-refused`, saying why.
    public static func verify(
        chain: [[UInt8]], origin: String, document: ConsortiumDocument, at time: Date?
    ) throws -> VerifierKey {
        guard let organisation = document.organisation(ConsortiumDocument.organisation(ofOrigin: origin)) else {
            throw CustodyError.refusedCertificate("its organisation is not a member of \(document.name)", origin)
        }
        guard chain.count <= chainMax else {
            throw CustodyError.refusedCertificate("a chain has at most \(chainMax) certificates", origin)
        }
        let certificates = try chain.map { der in
            guard let certificate = try? Certificate(derEncoded: der) else {
                throw CustodyError.refusedCertificate("it is not DER of an X.509 certificate", origin)
            }
            return certificate
        }
        guard let leaf = certificates.first else { throw CustodyError.refusedCertificate("there is none", origin) }
        let root = try Certificate(authorityPEM: organisation.certificate, of: organisation.id)
        let path = try path(from: leaf, through: certificates.dropFirst(), to: root, origin: origin)
        try checkNames(of: path, origin: origin)
        try checkDates(of: path, at: time, origin: origin)
        return try key(of: leaf, origin: origin)
    }

    private static func key(of leaf: Certificate, origin: String) throws -> VerifierKey {
        guard try leaf.namedOrigin() == origin else {
            throw CustodyError.refusedCertificate("it names another log", origin)
        }
        guard let key = Curve25519.Signing.PublicKey(leaf.publicKey) else {
            throw CustodyError.refusedCertificate("a log signs with Ed25519, and this certifies another key", origin)
        }
        guard leaf.permits(\.digitalSignature) else {
            throw CustodyError.refusedCertificate("its key may not sign", origin)
        }
        return try VerifierKey(name: origin, algorithm: .ed25519, publicKey: Array(key.rawRepresentation))
    }

    /// From the leaf to the root: RFC 5280 section 6.1 as far as it bears on keys; other critical rules are refused.
    private static func path(
        from leaf: Certificate, through others: ArraySlice<Certificate>, to root: Certificate, origin: String
    ) throws -> [Certificate] {
        var path = [leaf]
        var current = leaf
        for issuer in others {
            if root.issued(current, depth: path.count - 1) { break }
            guard issuer.issued(current, depth: path.count - 1) else { break }
            path.append(issuer)
            current = issuer
        }
        guard root.issued(current, depth: path.count - 1) else {
            throw CustodyError.refusedCertificate("its chain does not lead to the CA of its organisation", origin)
        }
        guard path.allSatisfy(\.hasOnlyKnownRules) else {
            throw CustodyError.refusedCertificate("it has a critical extension that is not known", origin)
        }
        return path + [root]
    }

    /// An authority certifies what its own names allow, and no more (RFC 5280 section 4.2.1.10).
    private static func checkNames(of path: [Certificate], origin: String) throws {
        for (place, issuer) in path.enumerated().dropFirst() {
            if let gateway = try issuer.namedOrigin() {
                guard Generation.gateway(ofOrigin: origin) == gateway, Generation.number(ofOrigin: origin) > 0 else {
                    throw CustodyError.refusedCertificate(
                        "whoever issued it certifies the next generations of \(gateway) and nothing else", origin)
                }
            }
            guard path[..<place].allSatisfy(issuer.permitsNames) else {
                throw CustodyError.refusedCertificate("whoever issued it may not certify this name", origin)
            }
        }
    }

    private static func checkDates(of path: [Certificate], at time: Date?, origin: String) throws {
        guard let time else { return }
        for certificate in path where time < certificate.notValidBefore || time > certificate.notValidAfter {
            throw CustodyError.refusedCertificate(
                time > certificate.notValidAfter ? "it has expired" : "it is not valid yet", origin)
        }
    }
}

/// How a certificate writes an origin: the URI `urn:custody:<organisation>/<gateway>`.
enum OriginName {
    private static let scheme = "urn:custody:"
    private static let bytesMax = 255

    /// - Throws: `CustodyError` with code `origin-malformed` unless it is `<organisation>/<gateway>`.
    static func check(_ origin: String) throws {
        let parts = origin.split(separator: "/", omittingEmptySubsequences: false)
        let isPlain = origin.unicodeScalars.allSatisfy { $0.value > 0x20 && $0 != "+" && !$0.properties.isWhitespace }
        guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty, isPlain, origin.utf8.count <= bytesMax else {
            throw CustodyError(
                .originMalformed, "a log is named <organisation>/<gateway>, without spaces and plus signs", at: origin)
        }
    }

    static func urn(of origin: String) -> String {
        scheme
            + origin.utf8.map { byte in
                isPlain(byte) ? String(UnicodeScalar(byte)) : "%" + hexadecimal(byte >> 4) + hexadecimal(byte & 15)
            }.joined()
    }

    /// nil unless the URI is exactly how an origin is written.
    static func origin(inURN uri: String) -> String? {
        guard uri.hasPrefix(scheme) else { return nil }
        var bytes: [UInt8] = []
        var rest = Array(uri.utf8.dropFirst(scheme.utf8.count))[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard rest.count >= 2, let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) else {
                return nil
            }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        guard let origin = String(validating: bytes, as: UTF8.self), (try? check(origin)) != nil,
            urn(of: origin).utf8.elementsEqual(uri.utf8)
        else { return nil }
        return origin
    }

    /// The unreserved characters of RFC 3986 section 2.3, and the slash.
    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x2F, 0x5F, 0x7E: true
        default: false
        }
    }

    private static func hexadecimal(_ digit: UInt8) -> String { String(digit, radix: 16, uppercase: true) }
}

extension Certificate {
    /// The one origin that the subject alternative names hold; nil if there is none, or more than one.
    func namedOrigin() throws -> String? {
        guard let names = try? extensions.subjectAlternativeNames else { return nil }
        let origins = names.compactMap { name -> String? in
            guard case .uniformResourceIdentifier(let uri) = name else { return nil }
            return OriginName.origin(inURN: uri)
        }
        return origins.count == 1 ? origins.first : nil
    }

    /// Whether the key may be used so: a certificate without a key usage permits everything (RFC 5280, 4.2.1.3).
    fileprivate func permits(_ usage: KeyPath<KeyUsage, Bool>) -> Bool {
        guard extensions[oid: .X509ExtensionID.keyUsage] != nil else { return true }
        return (try? extensions.keyUsage)?[keyPath: usage] ?? false
    }

    /// - Parameter depth: how many CA certificates stand between `other` and the leaf, `other` included if it is one.
    fileprivate func issued(_ other: Certificate, depth: Int) -> Bool {
        guard case .isCertificateAuthority(let pathMax) = try? extensions.basicConstraints else { return false }
        return depth <= pathMax ?? .max && permits(\.keyCertSign) && other.issuer == subject
            && publicKey.isValidSignature(other.signature, for: other)
    }

    /// Whether this authority's name constraints allow a certificate below it. Forms of names that are constrained in a way
    /// that no log's certificate needs are refused wherever they stand.
    fileprivate func permitsNames(of other: Certificate) -> Bool {
        guard extensions[oid: .X509ExtensionID.nameConstraints] != nil else { return true }
        guard let rules = try? extensions.nameConstraints else { return false }
        let names = (try? other.extensions.subjectAlternativeNames).map { Array($0) } ?? []
        let subtrees = rules.permittedSubtrees.compactMap(\.directory)
        guard subtrees.isEmpty || subtrees.contains(where: { other.subject.starts(with: $0) }),
            !rules.excludedSubtrees.compactMap(\.directory).contains(where: { other.subject.starts(with: $0) })
        else { return false }
        let constrained = (rules.permittedSubtrees + rules.excludedSubtrees).filter { $0.directory == nil }
        return !names.contains { name in constrained.contains { $0.isOfForm(name) } }
    }

    fileprivate var hasOnlyKnownRules: Bool {
        let known: Set<ASN1ObjectIdentifier> = [
            .X509ExtensionID.basicConstraints, .X509ExtensionID.keyUsage, .X509ExtensionID.extendedKeyUsage,
            .X509ExtensionID.subjectAlternativeName, .X509ExtensionID.nameConstraints,
        ]
        return extensions.allSatisfy { !$0.critical || known.contains($0.oid) }
    }
}

extension GeneralName {
    fileprivate var directory: DistinguishedName? {
        if case .directoryName(let name) = self { name } else { nil }
    }

    /// Whether both are names of one form; forms that are never looked into count as one.
    fileprivate func isOfForm(_ other: GeneralName) -> Bool {
        switch (self, other) {
        case (.dnsName, .uniformResourceIdentifier), (.ipAddress, .uniformResourceIdentifier),
            (.rfc822Name, .uniformResourceIdentifier):
            false
        default: true
        }
    }
}

extension CustodyError.Code {
    /// A certificate that does not vouch for what it is shown for.
    public static let certificateRefused: Self = "certificate-refused"
    /// Text that names no log.
    public static let originMalformed: Self = "origin-malformed"
}

extension CustodyError {
    static func refusedCertificate(_ reason: String, _ origin: String) -> CustodyError {
        CustodyError(
            .certificateRefused, "the certificate is refused: \(reason)", at: origin,
            remedy: "the organisation issues one with its CA: custody organisation certify")
    }
}
