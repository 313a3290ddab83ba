import Crypto

/// What a note key signs (C2SP signed-note, "Signature types").
public enum KeyAlgorithm: UInt8, Hashable, Sendable {
    /// Ed25519 over the text of a note: how a log signs.
    case ed25519 = 1
    /// Ed25519 over a time and the text of a checkpoint: how a witness cosigns (C2SP tlog-cosignature).
    case cosignature = 4
}

/// The public key of a log or a cosigner, with its name (C2SP signed-note).
public struct VerifierKey: Hashable, Sendable {
    public static let publicKeyByteCount = 32

    public let name: String
    public let algorithm: KeyAlgorithm
    /// 32 bytes, as in RFC 8032.
    public let publicKey: [UInt8]
    /// The first four bytes of SHA-256 over name, newline, algorithm and public key.
    public let keyID: UInt32

    /// - Throws: `key-malformed`.
    public init(name: String, algorithm: KeyAlgorithm, publicKey: [UInt8]) throws {
        guard NoteText.isKeyName(name) else {
            throw CustodyError.malformedKey("its name is empty, or has white space or a plus")
        }
        guard publicKey.count == Self.publicKeyByteCount else {
            throw CustodyError.malformedKey("it does not hold 32 bytes")
        }
        self.name = name
        self.algorithm = algorithm
        self.publicKey = publicKey
        keyID = Self.keyID(name: name, algorithm: algorithm, publicKey: publicKey)
    }

    /// The key written as `name+hex8+base64`.
    ///
    /// - Throws: `key-malformed`, `key-algorithm-unsupported`.
    public init(vkey: String) throws {
        let parts = vkey.utf8.split(separator: 0x2B, maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, let name = NoteText.string(parts[0]), parts[1].count == 8,
            let hexadecimal = Hex.decode(parts[1]), let blob = Base64.decode(parts[2]), let type = blob.first
        else { throw CustodyError.malformedKey("it is not “name+hexadecimal+base64”") }
        guard let algorithm = KeyAlgorithm(rawValue: type) else { throw CustodyError.unsupportedKey(type) }
        try self.init(name: name, algorithm: algorithm, publicKey: Array(blob.dropFirst()))
        guard keyID.bigEndianBytes == hexadecimal else {
            throw CustodyError.malformedKey("its key id does not fit its name and bytes")
        }
    }

    /// `name+hex8+base64`
    public var vkey: String {
        "\(name)+\(Hex.encode(keyID.bigEndianBytes))+\(Base64.encode([algorithm.rawValue] + publicKey))"
    }

    private static func keyID(name: String, algorithm: KeyAlgorithm, publicKey: [UInt8]) -> UInt32 {
        let hash = Hash.sha256(Array(name.utf8) + [0x0A, algorithm.rawValue] + publicKey)
        return hash.withUnsafeBytes { $0.prefix(4).reduce(0) { $0 << 8 | UInt32($1) } }
    }

    public static func == (one: VerifierKey, other: VerifierKey) -> Bool {
        one.keyID == other.keyID && one.algorithm == other.algorithm && one.publicKey == other.publicKey
            && NoteText.areSame(one.name, other.name)
    }
}

extension VerifierKey: CustomStringConvertible {
    public var description: String { vkey }
}

extension VerifierKey {
    /// Whether the signature names this key, as its name and id together do.
    func made(_ signature: NoteSignature) -> Bool {
        keyID == signature.keyID && NoteText.areSame(name, signature.name)
    }

    /// - Throws: `note-signature-wrong`.
    func verify(_ signature: NoteSignature, of text: String) throws -> VerifiedSignature {
        switch algorithm {
        case .ed25519:
            guard isValid(signature.signature[...], of: text) else { throw wrongSignature }
            return VerifiedSignature(key: self, time: nil)
        case .cosignature:
            let time = signature.signature.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
            let message = Cosignature.message(text, time: time)
            guard signature.signature.count == 8 + Cosignature.ed25519ByteCount, time <= Cosignature.timeMax,
                isValid(signature.signature[8...], of: message)
            else { throw wrongSignature }
            return VerifiedSignature(key: self, time: time)
        }
    }

    private func isValid(_ signature: ArraySlice<UInt8>, of message: String) -> Bool {
        guard let key = try? Curve25519.Signing.PublicKey(rawRepresentation: publicKey) else { return false }
        return key.isValidSignature(signature, for: Array(message.utf8))
    }

    private var wrongSignature: CustodyError {
        CustodyError(
            .noteSignatureWrong, "A signature of this note does not fit its text", at: name,
            remedy: "The note was changed, or signed with another key: refuse it.")
    }
}

/// The message of an Ed25519 cosignature (C2SP tlog-cosignature, "Ed25519 signed message").
enum Cosignature {
    static let ed25519ByteCount = 64
    static let timeMax = UInt64(Int64.max)

    static func message(_ text: String, time: UInt64) -> String {
        "cosignature/v1\ntime \(time)\n\(text)"
    }
}

extension CustodyError.Code {
    /// Text that is not a key, or a key id that does not fit.
    public static let keyMalformed: Self = "key-malformed"
    /// A key of an algorithm other than Ed25519 notes and cosignatures.
    public static let keyAlgorithmUnsupported: Self = "key-algorithm-unsupported"
    /// A key used for what its algorithm is not made for.
    public static let keyMisused: Self = "key-misused"
}

extension CustodyError {
    static func malformedKey(_ reason: String) -> CustodyError {
        CustodyError(.keyMalformed, "This is not a key: \(reason)", remedy: "Copy the whole key from its owner again.")
    }

    static func unsupportedKey(_ type: UInt8) -> CustodyError {
        CustodyError(
            .keyAlgorithmUnsupported, "Keys of type \(type) are not supported",
            remedy: "Use an Ed25519 key of type 1 (log) or 4 (cosigner).")
    }
}
