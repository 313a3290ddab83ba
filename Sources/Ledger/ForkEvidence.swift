/// Two heads that one log signed and that cannot both be true: what convicts a liar before anybody who has the log's key.
///
/// The tree of the later head has, at the size of the earlier one, another root than the earlier head says; an RFC 6962
/// consistency proof shows it. Where both have one size the proof is empty. Whoever has seen both branches adds where they
/// part: up to there the log counts.
public struct ForkEvidence: Hashable, Sendable {
    /// The largest file that is read or made.
    public static let bytesMax = 2 * SignedNote.bytesMax + 5 * 64 * 64 + 1_024

    private static let header = "custody-fork/v1"
    /// Of a file that says where the branches part.
    private static let headerWithPoint = "custody-fork/v2"

    /// The head of the smaller size; of two of one size, either.
    public let first: SignedNote
    public let second: SignedNote
    /// What the tree of `second` has as root at the size of `first`.
    public let root: Hash
    /// That the tree of `second` begins with the one of `root` (RFC 6962 section 2.1.2).
    public let proof: [Hash]
    /// Where the branches part; nil if who found the fork had only one of them.
    public let point: ForkPoint?

    /// Nothing is checked yet.
    public init(first: SignedNote, second: SignedNote, root: Hash, proof: [Hash], point: ForkPoint? = nil) {
        self.first = first
        self.second = second
        self.root = root
        self.proof = proof
        self.point = point
    }

    /// Checks that `log` signed both heads and that they contradict each other.
    ///
    /// - Throws: `evidence-refused` if they agree or the proof does not hold; as `Checkpoint.open` where the log has not
    ///   signed one of them.
    public func check(log: VerifierKey) throws -> LogEvidence.Offence {
        let (one, other) = (try Checkpoint.open(first, log: log), try Checkpoint.open(second, log: log))
        guard one.root != root else {
            throw CustodyError.refusedEvidence("the two heads agree with each other", log.name)
        }
        guard
            MerkleProof.verifyConsistency(
                from: one.size, oldRoot: root, to: other.size, newRoot: other.root, proof: proof)
        else { throw CustodyError.refusedEvidence("its proof does not hold", log.name) }
        if let point, !point.isShown(by: one, other) {
            throw CustodyError.refusedEvidence("its branches do not part where it says", log.name)
        }
        let common = point.map { ", of which \($0.common) are the same in both" } ?? ""
        return LogEvidence.Offence(
            origin: one.origin, size: one.size, common: point?.common,
            description: "it signed heads that disagree on its first \(one.size) entries\(common)")
    }
}

// MARK: - As a file

extension ForkEvidence {
    /// The evidence in a file's bytes.
    ///
    /// - Throws: `evidence-malformed`, `note-malformed`, `note-too-large`.
    public init(bytes: some Collection<UInt8>) throws {
        guard bytes.count <= Self.bytesMax else { throw CustodyError.malformedEvidence("it is too large") }
        var lines = Lines(bytes)
        let header = lines.next().map { String(decoding: $0, as: UTF8.self) }
        guard header == Self.header || header == Self.headerWithPoint else {
            throw CustodyError.malformedEvidence("it does not begin with “\(Self.header)”")
        }
        guard let length = Lines.value(of: "first", in: lines.next()).flatMap({ NoteText.decimal($0) }),
            let root = Lines.value(of: "root", in: lines.next()).flatMap({ Hash(base64: $0) })
        else { throw CustodyError.malformedEvidence("it has no lines “first <number>” and “root <hash>”") }
        let notALine = CustodyError.malformedEvidence("its proof has a line that is no hash, or too many")
        let proof = try lines.proofHashes(tooMany: notALine, malformed: notALine)
        let notAPoint = CustodyError.malformedEvidence("it does not say where the branches part")
        let point = header == Self.header ? nil : try ForkPoint(&lines, malformed: notAPoint)
        let notes = lines.rest
        guard length <= UInt64(notes.count) else { throw CustodyError.malformedEvidence("its first note is cut off") }
        self.init(
            first: try SignedNote(bytes: notes.prefix(Int(length))),
            second: try SignedNote(bytes: notes.dropFirst(Int(length))), root: root, proof: proof, point: point)
    }

    /// The evidence as a file holds it.
    public var encoded: String {
        let first = first.encoded
        let header = point == nil ? Self.header : Self.headerWithPoint
        let lines = [header, "first \(first.utf8.count)", "root \(root.base64)"] + proof.map(\.base64) + [""]
        return (lines + (point?.lines ?? [])).map { $0 + "\n" }.joined() + first + second.encoded
    }
}
