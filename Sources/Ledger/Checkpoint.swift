/// A log's head: how many entries it has, and their root hash (C2SP tlog-checkpoint v1.0.0).
public struct Checkpoint: Hashable, Sendable {
    /// The log's name.
    public let origin: String
    /// Entries in the log, below 2^63.
    public let size: UInt64
    public let root: Hash
    /// Lines that some logs add; opaque, and signed all the same.
    public let extensions: [String]

    /// - Throws: `checkpoint-malformed`.
    public init(origin: String, size: UInt64, root: Hash, extensions: [String] = []) throws {
        guard ([origin] + extensions).allSatisfy(Self.isLine) else {
            throw CustodyError.malformedCheckpoint("a line is empty, or has control characters")
        }
        guard size <= MerkleTree.sizeMax else { throw CustodyError.malformedCheckpoint("its size is 2^63 or more") }
        self.origin = origin
        self.size = size
        self.root = root
        self.extensions = extensions
    }

    /// The checkpoint in the text of a note.
    ///
    /// - Throws: `checkpoint-malformed`.
    public init(text: String) throws {
        guard text.utf8.count <= SignedNote.bytesMax, NoteText.isText(text) else {
            throw CustodyError.malformedCheckpoint("it has control characters, or does not end with a newline")
        }
        var lines = Lines(text.utf8)
        guard let origin = lines.next(), let size = lines.next().flatMap({ NoteText.decimal($0) }),
            let root = lines.next().flatMap({ Hash(base64: $0) })
        else { throw CustodyError.malformedCheckpoint("it does not begin with an origin, a size and a root hash") }
        try self.init(
            origin: String(decoding: origin, as: UTF8.self), size: size, root: root,
            extensions: lines.map { String(decoding: $0, as: UTF8.self) })
    }

    /// What a log signs and witnesses cosign.
    public var text: String {
        ([origin, String(size), root.base64] + extensions).map { $0 + "\n" }.joined()
    }

    /// The checkpoint as a note with its log's signature.
    ///
    /// - Throws: `checkpoint-origin` if the key's name is not the origin, `key-misused`.
    public func signed(by key: SigningKey) throws -> SignedNote {
        try require(origin: key.name)
        return try SignedNote(text: text, signatures: [key.sign(text)])
    }

    /// The checkpoint in a note, once the signature of its log has been checked.
    ///
    /// - Throws: `note-signature-wrong`, `checkpoint-unsigned` if `log` has not signed it, `checkpoint-origin` if its
    ///   origin is not the log's name, `checkpoint-malformed`.
    public static func open(_ note: SignedNote, log: VerifierKey) throws -> Checkpoint {
        guard try !note.verified(by: [log]).isEmpty else { throw CustodyError.unsignedCheckpoint(log.name) }
        let checkpoint = try Checkpoint(text: note.text)
        try checkpoint.require(origin: log.name)
        return checkpoint
    }

    private func require(origin name: String) throws {
        guard NoteText.areSame(origin, name) else {
            throw CustodyError(
                .checkpointOrigin, "This checkpoint is of another log than the key “\(name)”", at: origin,
                remedy: "Ask the log that the key belongs to.")
        }
    }

    private static func isLine(_ line: String) -> Bool {
        !line.isEmpty && line.utf8.allSatisfy { $0 >= 0x20 }
    }

    public static func == (one: Checkpoint, other: Checkpoint) -> Bool {
        one.size == other.size && one.root == other.root && NoteText.areSame(one.origin, other.origin)
            && one.extensions.elementsEqual(other.extensions, by: NoteText.areSame)
    }
}

extension CustodyError.Code {
    /// Text that is not a checkpoint.
    public static let checkpointMalformed: Self = "checkpoint-malformed"
    /// A checkpoint without a signature of its log.
    public static let checkpointUnsigned: Self = "checkpoint-unsigned"
    /// A checkpoint of another log than the one asked for.
    public static let checkpointOrigin: Self = "checkpoint-origin"
}

extension CustodyError {
    static func malformedCheckpoint(_ reason: String) -> CustodyError {
        CustodyError(
            .checkpointMalformed, "This is not a checkpoint: \(reason)", remedy: "Fetch it again from its log.")
    }

    static func unsignedCheckpoint(_ origin: String) -> CustodyError {
        CustodyError(
            .checkpointUnsigned, "This checkpoint is not signed by its log", at: origin,
            remedy: "Fetch it from the log, or add the log's key to the policy if you trust it.")
    }
}
