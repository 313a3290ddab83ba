import Crypto

/// The private key of a log or a cosigner, with its name (C2SP signed-note).
///
/// Describing one shows its public half, so that a log line cannot give it away.
public struct SigningKey: Sendable {
    private static let prefix = "PRIVATE+KEY+"

    public let verifierKey: VerifierKey
    private let key: Curve25519.Signing.PrivateKey

    /// - Parameter rawRepresentation: the 32 bytes of the seed, as in RFC 8032.
    /// - Throws: `key-malformed`.
    public init(name: String, algorithm: KeyAlgorithm, rawRepresentation: [UInt8]) throws {
        guard let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: rawRepresentation) else {
            throw CustodyError.malformedKey("it does not hold 32 bytes")
        }
        try self.init(name: name, algorithm: algorithm, key: key)
    }

    private init(name: String, algorithm: KeyAlgorithm, key: Curve25519.Signing.PrivateKey) throws {
        self.key = key
        let publicKey = Array(key.publicKey.rawRepresentation)
        verifierKey = try VerifierKey(name: name, algorithm: algorithm, publicKey: publicKey)
    }

    /// A new key from the system's random numbers.
    ///
    /// - Throws: `key-malformed` for a name that no key can have.
    public static func generate(name: String, algorithm: KeyAlgorithm) throws -> SigningKey {
        try SigningKey(name: name, algorithm: algorithm, key: Curve25519.Signing.PrivateKey())
    }

    public var name: String { verifierKey.name }

    public var algorithm: KeyAlgorithm { verifierKey.algorithm }

    /// Signs the text of a note, as a log does.
    ///
    /// - Throws: `key-misused` for a cosigner's key, `note-malformed` for text that no note can have.
    public func sign(_ text: String) throws -> NoteSignature {
        try require(.ed25519, text: text)
        return try note(signature(of: text))
    }

    /// Cosigns the text of a checkpoint, as a witness does (C2SP tlog-cosignature).
    ///
    /// - Parameter time: seconds since 1970, below 2^63.
    /// - Throws: `key-misused` for a log's key, `note-malformed` for text or a time that no cosignature can have.
    public func cosign(_ text: String, time: UInt64) throws -> NoteSignature {
        try require(.cosignature, text: text)
        guard time <= Cosignature.timeMax else {
            throw CustodyError.malformedNote("the time of a cosignature is beyond the calendar")
        }
        return try note(time.bigEndianBytes + signature(of: Cosignature.message(text, time: time)))
    }

    private func require(_ algorithm: KeyAlgorithm, text: String) throws {
        guard self.algorithm == algorithm else {
            throw CustodyError(
                .keyMisused, "A log's key does not cosign, and a cosigner's key does not sign logs", at: name,
                remedy: "Configure one key for each of the two.")
        }
        guard NoteText.isText(text) else {
            throw CustodyError.malformedNote("its text has control characters, or does not end with a newline")
        }
    }

    private func signature(of message: String) throws -> [UInt8] {
        Array(try key.signature(for: Array(message.utf8)))
    }

    private func note(_ signature: [UInt8]) throws -> NoteSignature {
        try NoteSignature(name: name, keyID: verifierKey.keyID, signature: signature)
    }
}

extension SigningKey {
    /// The private key written as `PRIVATE+KEY+name+hex8+base64`, as key files hold it.
    ///
    /// - Throws: `key-malformed`, `key-algorithm-unsupported`.
    public init(encoded: String) throws {
        let parts = encoded.utf8.dropFirst(Self.prefix.utf8.count)
            .split(separator: 0x2B, maxSplits: 2, omittingEmptySubsequences: false)
        guard encoded.utf8.starts(with: Self.prefix.utf8), parts.count == 3, let name = NoteText.string(parts[0]),
            let hexadecimal = Hex.decode(parts[1]), let blob = Base64.decode(parts[2]), let type = blob.first
        else { throw CustodyError.malformedKey("it is not “PRIVATE+KEY+name+hexadecimal+base64”") }
        guard let algorithm = KeyAlgorithm(rawValue: type) else { throw CustodyError.unsupportedKey(type) }
        try self.init(name: name, algorithm: algorithm, rawRepresentation: Array(blob.dropFirst()))
        guard verifierKey.keyID.bigEndianBytes == hexadecimal else {
            throw CustodyError.malformedKey("its key id does not fit its name and bytes")
        }
    }

    /// `PRIVATE+KEY+name+hex8+base64`: secret, for key files only.
    public var encoded: String {
        let blob = Base64.encode([algorithm.rawValue] + Array(key.rawRepresentation))
        return "\(Self.prefix)\(name)+\(Hex.encode(verifierKey.keyID.bigEndianBytes))+\(blob)"
    }
}

extension SigningKey: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { verifierKey.vkey }

    public var debugDescription: String { description }

    public var customMirror: Mirror { Mirror(self, children: ["verifierKey": verifierKey]) }
}
