/// What the value of a private fact says of a document: where its bytes are, and how to read them.
///
/// It is the value, so it goes to whom the fact's audience is, and is erased as any value: without it the file, which
/// anybody may hold, is noise. Text, six lines after the first, in this order:
///
///     custody-document/1
///     name hip.step
///     media model/step
///     bytes 40000000
///     sha256 (64 hexadecimal digits: of the document)
///     file (64: of the file that `DocumentCipher` makes of it)
///     key (64)
public struct DocumentFact: Hashable, Sendable {
    /// Bytes of a document's name.
    public static let nameBytesMax = 255
    /// Bytes of a media type.
    public static let mediaBytesMax = 127

    private static let header = "custody-document/1"

    /// What the document is called: no path.
    public let name: String
    /// Its media type (RFC 6838), as whoever added it says.
    public let media: String
    /// Of the document.
    public let bytes: UInt64
    /// SHA-256 of the document.
    public let document: Hash
    /// SHA-256 of the file, which is its name.
    public let file: Hash
    let key: [UInt8]

    /// - Throws: `CustodyError` with code `document-name` or `document-too-large`.
    public init(name: String, media: String, bytes: UInt64, document: Hash, file: Hash, key: [UInt8]) throws {
        guard Self.isName(name) else {
            throw CustodyError(
                .documentName,
                "a document's name has 1 to \(Self.nameBytesMax) bytes, no slash and no control character",
                remedy: "give it another one with --name")
        }
        guard Self.isMedia(media) else {
            throw CustodyError(
                .documentName, "'\(media)' is no media type such as application/pdf", remedy: "give one with --media")
        }
        try DocumentCipher.check(documentBytes: bytes)
        precondition(key.count == DocumentCipher.keyBytes)
        self.name = name
        self.media = media
        self.bytes = bytes
        self.document = document
        self.file = file
        self.key = key
    }

    /// Bytes of the file.
    public var fileBytes: UInt64 { DocumentCipher.fileBytes(ofDocument: bytes) }

    /// The value of the fact.
    public var text: String {
        """
        \(Self.header)
        name \(name)
        media \(media)
        bytes \(bytes)
        sha256 \(document.hex)
        file \(file.hex)
        key \(Hex.encode(key))

        """
    }

    /// Reads a fact's value; nil for anything that this release would not have written.
    public init?(_ value: String) {
        guard value.hasPrefix(Self.header + "\n") else { return nil }
        let lines = value.split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.count == 8 else { return nil }
        func field(_ number: Int, _ name: String) -> String? {
            lines[number].hasPrefix(name + " ") ? String(lines[number].dropFirst(name.count + 1)) : nil
        }
        guard let name = field(1, "name"), let media = field(2, "media"),
            let bytes = field(3, "bytes").flatMap({ UInt64($0) }),
            let document = field(4, "sha256").flatMap({ Hash(hex: $0) }),
            let file = field(5, "file").flatMap({ Hash(hex: $0) }),
            let key = field(6, "key").flatMap({ Hex.decode($0.utf8) }), key.count == DocumentCipher.keyBytes,
            let read = try? DocumentFact(
                name: name, media: media, bytes: bytes, document: document, file: file, key: key), read.text == value
        else { return nil }
        self = read
    }

    private static func isName(_ name: String) -> Bool {
        (1...nameBytesMax).contains(name.utf8.count) && name != "." && name != ".."
            && !name.unicodeScalars.contains {
                $0 == "/" || $0.properties.generalCategory == .control || $0 == "\u{2028}"
            }
    }

    private static func isMedia(_ media: String) -> Bool {
        let parts = media.split(separator: "/", omittingEmptySubsequences: false)
        return media.utf8.count <= mediaBytesMax && parts.count == 2
            && parts.allSatisfy { !$0.isEmpty && $0.utf8.allSatisfy { (0x21...0x7E).contains($0) } }
    }

    func damaged(_ reason: String) -> CustodyError {
        CustodyError(
            .documentDamaged, "the file of this document cannot be used: \(reason)", at: file.hex,
            remedy: "remove it: the gateway asks other members for it again")
    }
}

/// Describing one does not give the key away.
extension DocumentFact: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { "document \(name), \(bytes) bytes" }

    public var debugDescription: String { description }

    public var customMirror: Mirror { Mirror(self, children: ["name": name, "bytes": bytes]) }
}

extension FactType {
    /// Whether a text may be the value of a private fact: where the contract asks for a document's hash, the document itself.
    public func admits(private text: String) -> Bool {
        admits(text) || (self == .document && DocumentFact(text) != nil)
    }
}

extension CustodyError.Code {
    /// A name or a media type that a document cannot have.
    public static let documentName: Self = "document-name"
}

extension Contract.Step {
    /// How a fact holds a document.
    public enum DocumentForm: Hashable, Sendable {
        /// As the value of a private fact, which is text or asks for a document.
        case sealed
        /// As the hash of one that every member may read, for a public fact that asks for a document.
        case plain
    }

    /// In which form a fact of this step takes a document; nil where it takes none.
    public func documentForm(of fact: String) -> DocumentForm? {
        guard let permitted = permitted.first(where: { $0.name == fact }) else { return nil }
        return switch (permitted.visibility, permitted.type) {
        case (.private, nil), (.private, .text), (.private, .document): .sealed
        case (.public, .document): .plain
        default: nil
        }
    }
}
