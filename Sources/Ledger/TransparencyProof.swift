/// A file that proves offline that an entry is in a log, and who witnessed that (C2SP tlog-proof).
public struct TransparencyProof: Hashable, Sendable {
    /// The largest proof file that is read or made.
    public static let bytesMax = 2 << 20
    /// The extension of proof files.
    public static let fileExtension = "tlog-proof"

    private static let header = "c2sp.org/tlog-proof@v1"

    /// What else an application needs; nothing vouches for it.
    public let extra: [UInt8]?
    /// The entry's place in the log, counted from 0.
    public let index: UInt64
    /// The inclusion proof (RFC 6962 section 2.1.1).
    public let hashes: [Hash]
    /// The checkpoint of the log in which the entry is, with the signatures of the log and of its witnesses.
    public let checkpoint: SignedNote

    /// - Parameter extra: nil or at least one byte.
    /// - Throws: `proof-malformed`, `proof-too-large`.
    public init(index: UInt64, hashes: [Hash], checkpoint: SignedNote, extra: [UInt8]? = nil) throws {
        guard index < MerkleTree.sizeMax else { throw CustodyError.malformedProof("its index is too large") }
        guard hashes.count <= MerkleProof.proofHashesMax else { throw CustodyError.tooManyProofHashes }
        guard extra?.isEmpty != true else { throw CustodyError.malformedProof("its extra line is empty") }
        self.extra = extra
        self.index = index
        self.hashes = hashes
        self.checkpoint = checkpoint
        guard encoded.utf8.count <= Self.bytesMax else { throw CustodyError.proofTooLarge }
    }

    /// The proof in a file's text.
    ///
    /// - Throws: `proof-malformed`, `proof-too-large`, `note-malformed`, `note-too-large`.
    public init(encoded: String) throws {
        try self.init(bytes: encoded.utf8)
    }

    /// The proof in a file's bytes.
    ///
    /// - Throws: `proof-malformed`, `proof-too-large`, `note-malformed`, `note-too-large`.
    public init(bytes: some Collection<UInt8>) throws {
        guard bytes.count <= Self.bytesMax else { throw CustodyError.proofTooLarge }
        var lines = Lines(bytes)
        guard lines.next().map({ $0.elementsEqual(Self.header.utf8) }) == true else {
            throw CustodyError.malformedProof("it does not begin with “\(Self.header)”")
        }
        var line = lines.next()
        let extra = try Self.extra(line)
        if extra != nil { line = lines.next() }
        let index = try Self.index(line)
        let hashes = try lines.proofHashes(
            tooMany: .tooManyProofHashes, malformed: .malformedProof("a line of the inclusion proof is not a hash"))
        try self.init(index: index, hashes: hashes, checkpoint: SignedNote(bytes: lines.rest), extra: extra)
    }

    /// The proof as a file holds it.
    public var encoded: String {
        let lines = extra.map { ["extra \(Base64.encode($0))"] } ?? []
        let all = [Self.header] + lines + ["index \(index)"] + hashes.map(\.base64) + [""]
        return all.map { $0 + "\n" }.joined() + checkpoint.encoded
    }

    private static func extra(_ line: ArraySlice<UInt8>?) throws -> [UInt8]? {
        guard let value = Lines.value(of: "extra", in: line) else { return nil }
        guard let extra = Base64.decode(value) else {
            throw CustodyError.malformedProof("its extra line is not base64")
        }
        return extra
    }

    private static func index(_ line: ArraySlice<UInt8>?) throws -> UInt64 {
        guard let index = Lines.value(of: "index", in: line).flatMap({ NoteText.decimal($0) }) else {
            throw CustodyError.malformedProof("it has no line “index <number>”")
        }
        return index
    }
}

extension TransparencyProof {
    /// What a proof shows of one entry, each claim apart.
    public struct Verification: Hashable, Sendable {
        /// The head of the log; `policy.log` has signed it.
        public let policy: PolicyResult
        /// Whether the entry is in the log, at the proof's index.
        public let inLog: Bool

        public var checkpoint: Checkpoint { policy.checkpoint }

        /// Whether the entry is in the log, and the quorum has witnessed the log's head.
        public var confirmed: Bool { inLog && policy.isConfirmed }
    }

    /// Checks this proof for an entry, offline.
    ///
    /// A proof of another entry is no error: it shows that this entry is not in the log there.
    ///
    /// - Parameter entry: the entry's bytes, as the log holds them.
    /// - Throws: as `WitnessPolicy.evaluate` when the checkpoint itself cannot be trusted.
    public func verify(entry: [UInt8], policy: WitnessPolicy) throws -> Verification {
        let result = try policy.evaluate(checkpoint)
        let inLog = MerkleProof.verifyInclusion(
            leaf: Hash.leaf(entry), index: index, size: result.checkpoint.size, proof: hashes,
            root: result.checkpoint.root)
        return Verification(policy: result, inLog: inLog)
    }
}

extension CustodyError.Code {
    /// Bytes that are not a transparency proof.
    public static let proofMalformed: Self = "proof-malformed"
    /// A proof beyond `TransparencyProof.bytesMax` or `MerkleProof.proofHashesMax`.
    public static let proofTooLarge: Self = "proof-too-large"
}

extension CustodyError {
    fileprivate static func malformedProof(_ reason: String) -> CustodyError {
        CustodyError(
            .proofMalformed, "This is not a transparency proof: \(reason)", remedy: "Ask for the proof file again.")
    }

    fileprivate static var proofTooLarge: CustodyError {
        CustodyError(.proofTooLarge, "A transparency proof has at most \(TransparencyProof.bytesMax) bytes")
    }

    fileprivate static var tooManyProofHashes: CustodyError {
        CustodyError(.proofTooLarge, "A transparency proof has at most \(MerkleProof.proofHashesMax) hashes")
    }
}
