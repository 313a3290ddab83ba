import Foundation
import SwiftProtobuf

/// A head of a log with an RFC 3161 time stamp in its note, and entries that it includes: they existed before that time,
/// whatever the log and its consortium say of their clocks.
public struct StampedHead: Hashable, Sendable {
    /// An entry's place below the head.
    public struct Inclusion: Hashable, Sendable {
        /// Leaf hash of the entry.
        public let entry: Hash
        public let index: UInt64
        /// The inclusion proof (RFC 6962 section 2.1.1).
        public let hashes: [Hash]

        public init(entry: Hash, index: UInt64, hashes: [Hash]) {
            self.entry = entry
            self.index = index
            self.hashes = hashes
        }
    }

    /// The checkpoint with its log's signature, and the time stamp as another (`SignedNote.addingTimeStamp`).
    public let note: SignedNote
    public let inclusions: [Inclusion]

    public init(note: SignedNote, inclusions: [Inclusion]) {
        self.note = note
        self.inclusions = inclusions
    }
}

/// A time stamp as a note carries it, unchecked.
public struct NoteTimeStamp: Hashable, Sendable {
    /// The authority's URL without its scheme, as far as a key's name can say it.
    public let name: String
    /// The TimeStampToken (RFC 3161 section 2.4.2), as DER.
    public let token: [UInt8]

    /// What follows the type byte 0xff in the hash of the key's id (C2SP signed-note, "Signature types").
    static let identifier = "custody/rfc3161/v1"

    /// - Parameter url: of the authority.
    public init(url: String, token: [UInt8]) {
        let place = url.split(separator: "://", maxSplits: 1).last.map(String.init) ?? ""
        let name = place.filter { NoteText.isKeyName(String($0)) }
        self.init(name: name.isEmpty ? "time-stamp" : name, token: token)
    }

    init(name: String, token: [UInt8]) {
        self.name = name
        self.token = token
    }

    /// The time stamp in a signature line; nil if the line is no time stamp.
    init?(_ signature: NoteSignature) {
        guard signature.keyID == Self.keyID(of: signature.name) else { return nil }
        self.init(name: signature.name, token: signature.signature)
    }

    /// The authority's certificate is in the token, so no public key goes into the id.
    static func keyID(of name: String) -> UInt32 {
        let hash = Hash.sha256(Array(name.utf8) + [0x0A, 0xFF] + Array(identifier.utf8))
        return hash.withUnsafeBytes { $0.prefix(4).reduce(0) { $0 << 8 | UInt32($1) } }
    }
}

extension SignedNote {
    /// A checkpoint with its log's signature alone: what a time stamp is of.
    ///
    /// The text says which entries there are. The signature with it, so that a key that is stolen or revoked later cannot
    /// be said to have made it then. Cosignatures come later, differ from holder to holder, and bear times of their own.
    ///
    /// - Parameter log: the log's key; its signature is checked.
    /// - Throws: as `Checkpoint.open`.
    public func signedBy(log: VerifierKey) throws -> SignedNote {
        _ = try Checkpoint.open(self, log: log)
        return try SignedNote(text: text, signatures: Array(signatures.filter(log.made).prefix(1)))
    }

    /// SHA-256 of the note's bytes: the imprint that a time stamp of it bears.
    public var imprint: Hash { Hash.sha256(Array(encoded.utf8)) }

    /// The note with a time stamp as one more signature line, which those who do not know it ignore (C2SP signed-note).
    ///
    /// - Throws: `note-malformed`, `note-too-large`.
    public func addingTimeStamp(_ stamp: NoteTimeStamp) throws -> SignedNote {
        let line = try NoteSignature(
            name: stamp.name, keyID: NoteTimeStamp.keyID(of: stamp.name), signature: stamp.token)
        return try adding([line])
    }

    /// The time stamps among the signature lines, unchecked.
    public var timeStamps: [NoteTimeStamp] { signatures.compactMap { NoteTimeStamp($0) } }
}

// MARK: - Proof files

extension ProofResult {
    /// A time stamp in a proof file. Its token is for whoever has the authority's certificates to check.
    public struct Stamp: Sendable {
        public let checkpoint: Checkpoint
        public let stamp: NoteTimeStamp
        /// What the token must be of.
        public let imprint: Hash
        /// Leaf hashes of the entries that are proved to be below the head.
        public let entries: Set<Hash>
    }
}

extension StampedHead {
    /// What is proved beside the tokens: the log's signature, and which entries the head includes.
    ///
    /// - Throws: as `WitnessPolicy.evaluate`, for a head that is not the log's.
    func checked(by policy: WitnessPolicy) throws -> [ProofResult.Stamp] {
        let head = try policy.evaluate(note)
        let checkpoint = head.checkpoint
        let imprint = try note.signedBy(log: head.log).imprint
        let entries = inclusions.filter {
            MerkleProof.verifyInclusion(
                leaf: $0.entry, index: $0.index, size: checkpoint.size, proof: $0.hashes, root: checkpoint.root)
        }.map(\.entry)
        return note.timeStamps.map {
            ProofResult.Stamp(checkpoint: checkpoint, stamp: $0, imprint: imprint, entries: Set(entries))
        }
    }

    var wire: WireStampedHead {
        WireStampedHead.with {
            $0.checkpoint = note.encoded
            $0.inclusions = inclusions.map(\.wire)
        }
    }

    init(_ wire: WireStampedHead) throws {
        try Limit.check(wire.inclusions.count, max: ProofBundle.itemsMax, "a stamped head", unit: "entries")
        self.init(
            note: try SignedNote(encoded: wire.checkpoint), inclusions: try wire.inclusions.map { try Inclusion($0) })
    }
}

extension StampedHead.Inclusion {
    fileprivate var wire: WireInclusion {
        WireInclusion.with {
            $0.entry = Data(entry.bytes)
            $0.index = index
            $0.hashes = hashes.map { Data($0.bytes) }
        }
    }

    fileprivate init(_ wire: WireInclusion) throws {
        try Limit.check(wire.hashes.count, max: MerkleProof.proofHashesMax, "an entry's proof", unit: "hashes")
        let hashes = wire.hashes.compactMap { Hash(bytes: $0) }
        guard let entry = Hash(bytes: wire.entry), hashes.count == wire.hashes.count else {
            throw CustodyError(.bundleMalformed, "a stamped head of the proof file holds no hash where one must be")
        }
        self.init(entry: entry, index: wire.index, hashes: hashes)
    }
}
