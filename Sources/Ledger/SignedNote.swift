/// A text signed by one or more keys (C2SP signed-note v1.0.0).
///
/// The signatures of a parsed note are not checked yet: trust the text only after `verified(by:)`.
public struct SignedNote: Hashable, Sendable {
    /// The largest note that is read or made.
    public static let bytesMax = 1 << 20
    /// The most signatures of a note.
    public static let signaturesMax = 100

    /// What is signed; ends with a newline.
    public let text: String
    public let signatures: [NoteSignature]

    /// - Throws: `note-malformed`, `note-too-large`.
    public init(text: String, signatures: [NoteSignature]) throws {
        guard NoteText.isText(text) else {
            throw CustodyError.malformedNote("its text has control characters, or does not end with a newline")
        }
        guard !signatures.isEmpty else { throw CustodyError.malformedNote("it has no signature") }
        guard signatures.count <= Self.signaturesMax else { throw CustodyError.tooManySignatures }
        self.text = text
        self.signatures = signatures
        guard encoded.utf8.count <= Self.bytesMax else { throw CustodyError.noteTooLarge }
    }

    /// - Throws: `note-malformed`, `note-too-large`.
    public init(encoded: String) throws {
        try self.init(bytes: encoded.utf8)
    }

    /// - Throws: `note-malformed`, `note-too-large`.
    public init(bytes: some Collection<UInt8>) throws {
        guard bytes.count <= Self.bytesMax else { throw CustodyError.noteTooLarge }
        let note = Array(bytes)
        guard note.last == 0x0A else { throw CustodyError.malformedNote("it does not end with a newline") }
        guard let end = Self.endOfText(note) else {
            throw CustodyError.malformedNote("no empty line parts its text from its signatures")
        }
        guard let text = NoteText.string(note[..<end]) else {
            throw CustodyError.malformedNote("its text has control characters, or is not UTF-8")
        }
        try self.init(text: text, signatures: Self.signatures(note[(end + 1)...]))
    }

    /// The note as it is stored and sent.
    public var encoded: String {
        text + "\n" + signatures.map { $0.line + "\n" }.joined()
    }

    /// The same text with more signatures; those that it has already are not added again.
    ///
    /// - Throws: `note-too-large`.
    public func adding(_ added: [NoteSignature]) throws -> SignedNote {
        var all = signatures
        for signature in added where !all.contains(signature) {
            all.append(signature)
        }
        return try SignedNote(text: text, signatures: all)
    }

    /// Where the text ends: after the first newline of the last pair of newlines.
    private static func endOfText(_ note: [UInt8]) -> Int? {
        for index in note.indices.dropFirst().reversed() where note[index] == 0x0A && note[index - 1] == 0x0A {
            return index
        }
        return nil
    }

    private static func signatures(_ bytes: ArraySlice<UInt8>) throws -> [NoteSignature] {
        var signatures: [NoteSignature] = []
        for line in Lines(bytes) {
            guard signatures.count < signaturesMax else { throw CustodyError.tooManySignatures }
            signatures.append(try NoteSignature(line: line))
        }
        return signatures
    }

    public static func == (one: SignedNote, other: SignedNote) -> Bool {
        NoteText.areSame(one.text, other.text) && one.signatures == other.signatures
    }
}

/// One signature line of a note (C2SP signed-note, "Format").
public struct NoteSignature: Hashable, Sendable {
    private static let dash = Array("\u{2014} ".utf8)

    /// The key's name.
    public let name: String
    public let keyID: UInt32
    /// What the key's algorithm makes of the text; never empty.
    public let signature: [UInt8]

    /// - Throws: `note-malformed` for a name that no key can have, or an empty signature.
    public init(name: String, keyID: UInt32, signature: [UInt8]) throws {
        guard NoteText.isKeyName(name) else { throw CustodyError.malformedNote("a signature's key name is not valid") }
        guard !signature.isEmpty else { throw CustodyError.malformedNote("a signature is empty") }
        self.name = name
        self.keyID = keyID
        self.signature = signature
    }

    init(line: ArraySlice<UInt8>) throws {
        let parts = line.dropFirst(Self.dash.count).split(separator: 0x20, omittingEmptySubsequences: false)
        guard line.starts(with: Self.dash), parts.count == 2, let name = NoteText.string(parts[0]),
            let blob = Base64.decode(parts[1]), blob.count > 4
        else { throw CustodyError.malformedNote("a signature line is not “— name base64”") }
        let keyID = blob[..<4].reduce(0) { $0 << 8 | UInt32($1) }
        try self.init(name: name, keyID: keyID, signature: Array(blob[4...]))
    }

    /// Reads one line of a note, without its newline.
    /// - Throws: `note-malformed`.
    public init(line: String) throws {
        try self.init(line: Array(line.utf8)[...])
    }

    /// The line of a note, without its newline.
    public var line: String {
        "\u{2014} \(name) \(Base64.encode(keyID.bigEndianBytes + signature))"
    }

    public static func == (one: NoteSignature, other: NoteSignature) -> Bool {
        one.keyID == other.keyID && one.signature == other.signature && NoteText.areSame(one.name, other.name)
    }
}

/// A signature that was checked.
public struct VerifiedSignature: Hashable, Sendable {
    public let key: VerifierKey
    /// When a cosigner signed, in seconds since 1970; nil for a plain signature.
    public let time: UInt64?
}

extension SignedNote {
    /// The first signature of each of `keys` on this note, in the order of the note; empty if there is none.
    ///
    /// Signatures of other keys are ignored.
    ///
    /// - Throws: `note-signature-wrong` if any signature of one of `keys` is wrong, as C2SP signed-note advises.
    public func verified(by keys: [VerifierKey]) throws -> [VerifiedSignature] {
        var verified: [VerifiedSignature] = []
        for signature in signatures {
            for key in keys where key.made(signature) {
                let checked = try key.verify(signature, of: text)
                if !verified.contains(where: { $0.key == key }) { verified.append(checked) }
            }
        }
        return verified
    }
}

extension FixedWidthInteger {
    /// The bytes of the number, the most significant first.
    var bigEndianBytes: [UInt8] { withUnsafeBytes(of: bigEndian) { [UInt8]($0) } }
}

extension CustodyError.Code {
    /// Bytes that are not a signed note.
    public static let noteMalformed: Self = "note-malformed"
    /// A note beyond `SignedNote.bytesMax` or `SignedNote.signaturesMax`.
    public static let noteTooLarge: Self = "note-too-large"
    /// A signature by a known key that does not fit the text.
    public static let noteSignatureWrong: Self = "note-signature-wrong"
}

extension CustodyError {
    static func malformedNote(_ reason: String) -> CustodyError {
        CustodyError(.noteMalformed, "This is not a signed note: \(reason)", remedy: "Fetch it again from its source.")
    }

    static var noteTooLarge: CustodyError {
        CustodyError(.noteTooLarge, "A signed note has at most \(SignedNote.bytesMax) bytes")
    }

    static var tooManySignatures: CustodyError {
        CustodyError(.noteTooLarge, "A signed note has at most \(SignedNote.signaturesMax) signatures")
    }
}
