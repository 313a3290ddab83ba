import Crypto
import FoundationEssentials

/// The form in which a private document rests and travels: encrypted under a key of its own, in chunks, so that a gigabyte
/// passes through little memory and nobody needs more than the key to read it.
///
/// A header of 16 bytes says what it is. After it comes STREAM (Hoang, Reyhanitabar, Rogaway, Vizár 2015) as the age format
/// has it: ChaCha20-Poly1305 over 64 KiB each, the nonce being the chunk's number and whether it is the last one, so that
/// chunks cannot change places, go missing or come after the end. Only a document without bytes has an empty chunk.
public enum DocumentCipher {
    /// Bytes of one document: 1 GiB.
    public static let documentBytesMax: UInt64 = 1 << 30
    /// Bytes of a document in one chunk.
    public static let chunkBytes = 64 << 10
    public static let keyBytes = 32

    static let tagBytes = 16
    static let header = Array("custody-file/1\n\0".utf8)

    /// Bytes of the file that a document becomes.
    public static func fileBytes(ofDocument bytes: UInt64) -> UInt64 {
        let chunk = UInt64(chunkBytes)
        let chunks = max(1, bytes / chunk + (bytes % chunk == 0 ? 0 : 1))
        return UInt64(header.count) + bytes + chunks * UInt64(tagBytes)
    }

    /// - Throws: `CustodyError` with code `document-too-large`.
    public static func check(documentBytes bytes: UInt64) throws {
        guard bytes > documentBytesMax else { return }
        throw CustodyError(
            .documentTooLarge, "the document has \(bytes) bytes; at most \(documentBytesMax) are allowed",
            remedy: "split it, or add it compressed")
    }

    fileprivate static func nonce(_ chunk: UInt64, isLast: Bool) throws -> ChaChaPoly.Nonce {
        try ChaChaPoly.Nonce(data: [0, 0, 0] + chunk.bigEndianBytes + [isLast ? 1 : 0])
    }
}

/// Encrypts one document, chunk by chunk.
public struct DocumentSealer {
    private let key: SymmetricKey
    private var next: UInt64 = 0
    private var documentBytes: UInt64 = 0
    private var document = SHA256()
    private var file = SHA256()

    /// - Parameter key: fresh for each document: nonces begin anew.
    public init(key: [UInt8]) {
        precondition(key.count == DocumentCipher.keyBytes)
        self.key = SymmetricKey(data: key)
    }

    /// The first bytes of the file.
    public mutating func begin() -> [UInt8] {
        file.update(data: DocumentCipher.header)
        return DocumentCipher.header
    }

    /// - Parameter chunk: `DocumentCipher.chunkBytes`, but for the last one.
    /// - Returns: the bytes that come next in the file.
    /// - Throws: `CustodyError` with code `document-too-large`.
    public mutating func seal(_ chunk: [UInt8], isLast: Bool) throws -> [UInt8] {
        precondition(isLast ? chunk.count <= DocumentCipher.chunkBytes : chunk.count == DocumentCipher.chunkBytes)
        documentBytes += UInt64(chunk.count)
        try DocumentCipher.check(documentBytes: documentBytes)
        document.update(data: chunk)
        let box = try ChaChaPoly.seal(
            chunk, using: key, nonce: try DocumentCipher.nonce(next, isLast: isLast),
            authenticating: DocumentCipher.header)
        next += 1
        let bytes = [UInt8](box.ciphertext) + [UInt8](box.tag)
        file.update(data: bytes)
        return bytes
    }

    /// What was sealed, after the last chunk: the document's length and hash, and the hash of the file.
    public func result() -> (bytes: UInt64, document: Hash, file: Hash) {
        (documentBytes, Hash(digest: document.finalize()), Hash(digest: file.finalize()))
    }
}

/// Decrypts one document, chunk by chunk, and says at the end whether it is the one that was sealed.
public struct DocumentOpener {
    private let fact: DocumentFact
    private let key: SymmetricKey
    private var isBegun = false
    private var next: UInt64 = 0
    private var left: UInt64
    private var isOver = false
    private var document = SHA256()

    public init(_ fact: DocumentFact) {
        self.fact = fact
        key = SymmetricKey(data: fact.key)
        left = fact.bytes
    }

    /// How many bytes of the file are to be given next; nil after its end.
    public var wanted: Int? {
        if isOver { return nil }
        return isBegun ? chunk + DocumentCipher.tagBytes : DocumentCipher.header.count
    }

    private var chunk: Int { Int(min(left, UInt64(DocumentCipher.chunkBytes))) }

    /// - Parameter bytes: as many as `wanted` says.
    /// - Returns: the bytes of the document that they hold, none of the header. They are proved to be of this document, and
    ///   the document is whole only when `wanted` is nil.
    /// - Throws: `CustodyError` with code `document-damaged`.
    public mutating func open(_ bytes: [UInt8]) throws -> [UInt8] {
        guard bytes.count == wanted else { throw fact.damaged("it ends too early") }
        guard isBegun else {
            guard bytes == DocumentCipher.header else { throw fact.damaged("it does not begin as one") }
            isBegun = true
            return []
        }
        let isLast = left <= UInt64(DocumentCipher.chunkBytes)
        guard let opened = try? open(bytes, isLast: isLast) else {
            throw fact.damaged("chunk \(next) is not as sealed")
        }
        document.update(data: opened)
        next += 1
        left -= UInt64(opened.count)
        guard isLast else { return opened }
        guard Hash(digest: document.finalize()) == fact.document else {
            throw fact.damaged("its content is another than was recorded")
        }
        isOver = true
        return opened
    }

    private func open(_ bytes: [UInt8], isLast: Bool) throws -> [UInt8] {
        let split = bytes.count - DocumentCipher.tagBytes
        let box = try ChaChaPoly.SealedBox(
            nonce: try DocumentCipher.nonce(next, isLast: isLast), ciphertext: bytes[..<split], tag: bytes[split...])
        return [UInt8](try ChaChaPoly.open(box, using: key, authenticating: DocumentCipher.header))
    }
}

/// The hash of bytes that come one after another.
public struct RunningHash {
    private var hash = SHA256()

    public init() {}

    public mutating func update(_ bytes: [UInt8]) { hash.update(data: bytes) }

    public func result() -> Hash { Hash(digest: hash.finalize()) }
}

extension Hash {
    fileprivate init(digest: SHA256.Digest) {
        guard let hash = digest.withUnsafeBytes({ Hash($0) }) else { preconditionFailure("a digest has 32 bytes") }
        self = hash
    }
}

extension CustodyError.Code {
    /// A document beyond `DocumentCipher.documentBytesMax`.
    public static let documentTooLarge: Self = "document-too-large"
    /// A document's file that is not as it was sealed.
    public static let documentDamaged: Self = "document-damaged"
}
