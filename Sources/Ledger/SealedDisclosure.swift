import Crypto
import FoundationEssentials

/// A disclosure that one organisation can open and any member may pass on.
///
/// It is sealed with HPKE (RFC 9180, base mode, X25519, HKDF-SHA256, ChaCha20-Poly1305) to the recipient's reading key,
/// and signed with the key of the log that carries the commitment, so that nobody else can put something in its place.
public struct SealedDisclosure: Hashable, Sendable {
    /// Bytes of `sealed`: the longest disclosure, the encapsulated key and the tag.
    public static let bytesMax = Disclosure.encodedBytesMax + keyBytes + tagBytes
    /// Bytes of `signature`.
    public static let signatureBytesMax = 1_024

    private static let keyBytes = 32
    private static let tagBytes = 16
    private static let suite = HPKE.Ciphersuite(
        kem: .Curve25519_HKDF_SHA256, kdf: .HKDF_SHA256, aead: .chaChaPoly)
    private static let header = "custody-disclosure/v1"

    /// What a disclosure belongs to: authenticated with it, so that it opens nowhere else.
    public struct Context: Hashable, Sendable {
        /// The log that carries the commitment.
        let origin: String
        /// SHA-256 of the consortium document that the update names.
        let consortium: Hash
        let order: String
        public let fact: String
        let commitment: Hash

        /// Of the fact whose value the update commits to; nil if the update has no such fact.
        public init?(of commitment: Hash, in update: Update, from origin: String) {
            guard let fact = update.facts.first(where: { $0.value == .commitment(commitment) }) else { return nil }
            self.init(
                origin: origin, consortium: update.consortium, order: update.order, fact: fact.name,
                commitment: commitment)
        }

        init(origin: String, consortium: Hash, order: String, fact: String, commitment: Hash) {
            self.origin = origin
            self.consortium = consortium
            self.order = order
            self.fact = fact
            self.commitment = commitment
        }

        /// Each part after its length, so that no two contexts have the same bytes.
        fileprivate func bytes(for recipient: String) -> [UInt8] {
            let parts = [
                Array(origin.utf8), consortium.bytes, Array(order.utf8), Array(fact.utf8), commitment.bytes,
                Array(recipient.utf8),
            ]
            return parts.flatMap { UInt32(truncatingIfNeeded: $0.count).bigEndianBytes + $0 }
        }
    }

    public let commitment: Hash
    /// The organisation that can open it.
    public let recipient: String
    /// The encapsulated key and the ciphertext.
    public let sealed: [UInt8]
    /// The signature line of a note over all of it (C2SP signed-note).
    public let signature: String

    /// What somebody has sent; nothing of it is believed before `check` and `open`.
    ///
    /// - Throws: `CustodyError` with code `limit-exceeded`.
    public init(commitment: Hash, recipient: String, sealed: [UInt8], signature: String) throws {
        try Limit.check(recipient.utf8.count, max: Update.nameBytesMax, "a recipient's id", unit: "bytes")
        try Limit.check(sealed.count, max: Self.bytesMax, "a sealed disclosure", unit: "bytes")
        try Limit.check(signature.utf8.count, max: Self.signatureBytesMax, "a disclosure's signature", unit: "bytes")
        self.commitment = commitment
        self.recipient = recipient
        self.sealed = sealed
        self.signature = signature
    }

    /// Seals a disclosure to an organisation.
    ///
    /// - Parameter key: of the log that is to carry the commitment.
    /// - Throws: `CustodyError` with code `key-malformed` if nothing can be sealed to the reading key.
    public init(
        _ disclosure: Disclosure, of context: Context, for recipient: String, readingKey: ReadingKey,
        signedBy key: SigningKey
    ) throws {
        let sealed = try Self.seal(Array(disclosure.encoded.utf8), to: readingKey, context.bytes(for: recipient))
        let text = Self.text(of: context, recipient: recipient, sealed: sealed)
        try self.init(
            commitment: context.commitment, recipient: recipient, sealed: sealed, signature: try key.sign(text).line)
    }

    private static func seal(_ bytes: [UInt8], to key: ReadingKey, _ authenticated: [UInt8]) throws -> [UInt8] {
        do {
            var sender = try HPKE.Sender(
                recipientKey: try Curve25519.KeyAgreement.PublicKey(rawRepresentation: key.publicKey),
                ciphersuite: suite, info: Data(header.utf8))
            return Array(sender.encapsulatedKey) + (try sender.seal(bytes, authenticating: authenticated))
        } catch { throw CustodyError.malformedKey("nothing can be sealed to the reading key \(key.encoded)") }
    }

    /// Checks that the log which carries the commitment has signed this.
    ///
    /// - Throws: `CustodyError` with code `disclosure-unsigned`.
    public func check(_ context: Context, log key: VerifierKey) throws {
        let text = Self.text(of: context, recipient: recipient, sealed: sealed)
        let note = try? SignedNote(text: text, signatures: [NoteSignature(line: signature)])
        guard (try? note?.verified(by: [key]))?.isEmpty == false else {
            throw CustodyError(
                .disclosureUnsigned, "a sealed disclosure does not bear the signature of the log that it names",
                at: context.origin)
        }
    }

    /// Opens what is sealed to the holder of a key, and checks it against the commitment.
    ///
    /// - Throws: `CustodyError` with code `disclosure-mismatched` if it is sealed to another key or for another fact, or
    ///   if its content is not what the log commits to.
    public func open(_ context: Context, with key: PrivateReadingKey) throws -> Disclosure {
        guard let bytes = try? opened(context, with: key), let text = String(validating: bytes, as: UTF8.self) else {
            throw Self.mismatched(context, "cannot be opened")
        }
        guard Hash.sha256(Array(text.utf8)) == commitment, commitment == context.commitment else {
            throw Self.mismatched(context, "holds another value than the log commits to")
        }
        guard let disclosure = try? Disclosure(encoded: text), disclosure.name == context.fact else {
            throw Self.mismatched(context, "holds no value of this fact")
        }
        return disclosure
    }

    private func opened(_ context: Context, with key: PrivateReadingKey) throws -> Data {
        var recipientSide = try HPKE.Recipient(
            privateKey: key.key, ciphersuite: Self.suite, info: Data(Self.header.utf8),
            encapsulatedKey: Data(sealed.prefix(Self.keyBytes)))
        return try recipientSide.open(
            Data(sealed.dropFirst(Self.keyBytes)), authenticating: context.bytes(for: recipient))
    }

    private static func mismatched(_ context: Context, _ what: String) -> CustodyError {
        CustodyError(
            .disclosureMismatched, "a sealed disclosure of the fact \(context.fact) \(what)",
            at: "\(context.origin), \(context.order)",
            remedy: "the recording organisation has sealed it wrongly: ask it for the value")
    }

    /// No checkpoint reads like this: its second line is a number.
    private static func text(of context: Context, recipient: String, sealed: [UInt8]) -> String {
        let digest = Hash.sha256(context.bytes(for: recipient))
        return "\(header)\n\(digest.hex)\n\(Hash.sha256(sealed).hex)\n"
    }
}

extension CustodyError.Code {
    /// A sealed disclosure without the signature of its log.
    public static let disclosureUnsigned: Self = "disclosure-unsigned"
    /// A sealed disclosure that does not hold what the log commits to.
    public static let disclosureMismatched: Self = "disclosure-mismatched"
}
