import Crypto
import FoundationEssentials

/// The public half of an organisation's key for private facts: what disclosures are sealed to (X25519, RFC 9180).
public struct ReadingKey: Hashable, Sendable {
    private static let prefix = "x25519+"

    let publicKey: [UInt8]

    fileprivate init(publicKey: [UInt8]) { self.publicKey = publicKey }

    /// Reads `x25519+BASE64`, as a consortium document has it.
    ///
    /// - Throws: `CustodyError` with code `key-malformed`.
    public init(encoded: String) throws {
        guard encoded.hasPrefix(Self.prefix), let bytes = Base64.decode(String(encoded.dropFirst(Self.prefix.count))),
            (try? Curve25519.KeyAgreement.PublicKey(rawRepresentation: bytes)) != nil
        else { throw CustodyError.malformedKey("a reading key is written “x25519+base64 of 32 bytes”") }
        publicKey = bytes
    }

    /// `x25519+BASE64`
    public var encoded: String { Self.prefix + Base64.encode(publicKey) }
}

/// The private half: one of an organisation, in each of its gateways.
///
/// Describing one shows its public half, so that a log line cannot give it away.
public struct PrivateReadingKey: Sendable {
    private static let prefix = "PRIVATE+KEY+x25519+"

    let key: Curve25519.KeyAgreement.PrivateKey

    /// A new key from the system's random numbers.
    public static func generate() -> PrivateReadingKey { PrivateReadingKey(key: Curve25519.KeyAgreement.PrivateKey()) }

    private init(key: Curve25519.KeyAgreement.PrivateKey) { self.key = key }

    /// Reads `PRIVATE+KEY+x25519+BASE64`, as key files hold it.
    ///
    /// - Throws: `CustodyError` with code `key-malformed`.
    public init(encoded: String) throws {
        guard encoded.hasPrefix(Self.prefix), let bytes = Base64.decode(String(encoded.dropFirst(Self.prefix.count))),
            let key = try? Curve25519.KeyAgreement.PrivateKey(rawRepresentation: bytes)
        else { throw CustodyError.malformedKey("it is not “PRIVATE+KEY+x25519+base64 of 32 bytes”") }
        self.key = key
    }

    /// `PRIVATE+KEY+x25519+BASE64`: secret, for key files only.
    public var encoded: String { Self.prefix + Base64.encode(Array(key.rawRepresentation)) }

    public var readingKey: ReadingKey { ReadingKey(publicKey: Array(key.publicKey.rawRepresentation)) }
}

extension PrivateReadingKey: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { readingKey.encoded }

    public var debugDescription: String { description }

    public var customMirror: Mirror { Mirror(self, children: ["readingKey": readingKey]) }
}
