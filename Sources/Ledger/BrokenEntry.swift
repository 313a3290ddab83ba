/// An entry that does not carry the hash of the entry before it, in a tree that its log has signed: what convicts a log that
/// nobody can go on with, before anybody who has its key.
///
/// The entries before it are as they must be: up to there the log counts.
public struct BrokenEntry: Hashable, Sendable {
    /// The largest file that is read or made.
    public static let bytesMax = SignedNote.bytesMax + 3 * 64 * 64 + (Entry.bytesMax + 2) / 3 * 4 + 1_024

    static let header = "custody-broken-entry/v1"

    /// The entry before the broken one.
    public struct Before: Hashable, Sendable {
        public let leaf: Hash
        /// That it is the last of the entries before (RFC 6962 section 2.1.1).
        public let inclusion: [Hash]

        public init(leaf: Hash, inclusion: [Hash]) {
            self.leaf = leaf
            self.inclusion = inclusion
        }
    }

    /// Signed by the log, over a tree in which the entry stands.
    public let head: SignedNote
    /// Of the broken entry.
    public let index: UInt64
    /// Of the tree of the entries before it.
    public let root: Hash
    /// That the tree of the head begins with them (RFC 6962 section 2.1.2).
    public let consistency: [Hash]
    /// Nil at index 0.
    public let before: Before?
    /// The whole broken entry.
    public let entry: [UInt8]
    /// That it stands at its index under the head (RFC 6962 section 2.1.1).
    public let inclusion: [Hash]

    /// Nothing is checked yet.
    public init(
        head: SignedNote, index: UInt64, root: Hash, consistency: [Hash], before: Before?, entry: [UInt8],
        inclusion: [Hash]
    ) {
        self.head = head
        self.index = index
        self.root = root
        self.consistency = consistency
        self.before = before
        self.entry = entry
        self.inclusion = inclusion
    }

    /// Checks that `log` signed a head with this entry in its tree, and that the entry is broken.
    ///
    /// - Throws: `evidence-refused` if the entry is not broken or a proof does not hold; as `Checkpoint.open` where the log
    ///   has not signed the head.
    public func check(log: VerifierKey) throws -> LogEvidence.Offence {
        let checkpoint = try Checkpoint.open(head, log: log)
        guard stands(in: checkpoint), isBeforeShown else {
            throw CustodyError.refusedEvidence("its proof does not hold", log.name)
        }
        guard EntryLink(entry) != .to(before?.leaf) else {
            throw CustodyError.refusedEvidence("the entry carries the hash of the entry before it", log.name)
        }
        return LogEvidence.Offence(
            origin: checkpoint.origin, size: index + 1, common: index,
            description: "it signed entry \(index), which does not carry the hash of the entry before it")
    }

    private func stands(in checkpoint: Checkpoint) -> Bool {
        MerkleProof.verifyConsistency(
            from: index, oldRoot: root, to: checkpoint.size, newRoot: checkpoint.root, proof: consistency)
            && MerkleProof.verifyInclusion(
                leaf: Hash.leaf(entry), index: index, size: checkpoint.size, proof: inclusion, root: checkpoint.root)
    }

    private var isBeforeShown: Bool {
        guard let before else { return index == 0 }
        return index > 0
            && MerkleProof.verifyInclusion(
                leaf: before.leaf, index: index - 1, size: index, proof: before.inclusion, root: root)
    }
}

// MARK: - As a file

extension BrokenEntry {
    /// The evidence in a file's bytes.
    ///
    /// - Throws: `evidence-malformed`, `note-malformed`, `note-too-large`.
    init(bytes: some Collection<UInt8>) throws {
        guard bytes.count <= Self.bytesMax else { throw CustodyError.malformedEvidence("it is too large") }
        var lines = Lines(bytes)
        guard lines.next().map({ String(decoding: $0, as: UTF8.self) }) == Self.header else {
            throw CustodyError.malformedEvidence("it does not begin with “\(Self.header)”")
        }
        guard let index = Lines.value(of: "index", in: lines.next()).flatMap({ NoteText.decimal($0) }),
            let root = Lines.value(of: "root", in: lines.next()).flatMap({ Hash(base64: $0) })
        else { throw CustodyError.malformedEvidence("it has no lines “index <number>” and “root <hash>”") }
        let consistency = try Self.proof(&lines)
        let before = index == 0 ? nil : try Before(&lines)
        guard let entry = Lines.value(of: "entry", in: lines.next()).flatMap({ Base64.decode($0) }),
            entry.count <= Entry.bytesMax
        else { throw CustodyError.malformedEvidence("it has no line “entry <base64>”, or too long a one") }
        let inclusion = try Self.proof(&lines)
        self.init(
            head: try SignedNote(bytes: lines.rest), index: index, root: root, consistency: consistency,
            before: before, entry: entry, inclusion: inclusion)
    }

    fileprivate static func proof(_ lines: inout Lines) throws -> [Hash] {
        let notALine = CustodyError.malformedEvidence("its proof has a line that is no hash, or too many")
        return try lines.proofHashes(tooMany: notALine, malformed: notALine)
    }

    /// The evidence as a file holds it.
    var encoded: String {
        let lines =
            [Self.header, "index \(index)", "root \(root.base64)"] + consistency.map(\.base64) + [""]
            + (before?.lines ?? []) + ["entry \(Base64.encode(entry))"] + inclusion.map(\.base64) + [""]
        return lines.map { $0 + "\n" }.joined() + head.encoded
    }
}

extension BrokenEntry.Before {
    fileprivate init(_ lines: inout Lines) throws {
        guard let leaf = Lines.value(of: "before", in: lines.next()).flatMap({ Hash(base64: $0) }) else {
            throw CustodyError.malformedEvidence("it has no line “before <hash>”")
        }
        self.init(leaf: leaf, inclusion: try BrokenEntry.proof(&lines))
    }

    fileprivate var lines: [String] { ["before \(leaf.base64)"] + inclusion.map(\.base64) + [""] }
}
