/// Where two branches of a log part: both begin with the same entries, and the next one is not the same in both.
public struct ForkPoint: Hashable, Sendable {
    /// One branch, as it goes on.
    public struct Branch: Hashable, Sendable {
        /// Leaf hash of the first entry that the other branch does not have.
        public let next: Hash
        /// That it is there (RFC 6962 section 2.1.1).
        public let inclusion: [Hash]
        /// That the branch begins with the common entries (RFC 6962 section 2.1.2).
        public let consistency: [Hash]

        public init(next: Hash, inclusion: [Hash], consistency: [Hash]) {
            self.next = next
            self.inclusion = inclusion
            self.consistency = consistency
        }

        fileprivate func isShown(by head: Checkpoint, after common: UInt64, _ root: Hash) -> Bool {
            MerkleProof.verifyConsistency(
                from: common, oldRoot: root, to: head.size, newRoot: head.root, proof: consistency)
                && MerkleProof.verifyInclusion(
                    leaf: next, index: common, size: head.size, proof: inclusion, root: head.root)
        }
    }

    /// Entries that both branches have: the last common size.
    public let common: UInt64
    /// Of the tree of those entries.
    public let root: Hash
    /// Of the evidence's first head.
    public let first: Branch
    /// Of the evidence's second head.
    public let second: Branch

    /// Nothing is checked yet.
    public init(common: UInt64, root: Hash, first: Branch, second: Branch) {
        self.common = common
        self.root = root
        self.first = first
        self.second = second
    }

    /// Whether the two heads part here and nowhere before.
    func isShown(by first: Checkpoint, _ second: Checkpoint) -> Bool {
        self.first.next != self.second.next && self.first.isShown(by: first, after: common, root)
            && self.second.isShown(by: second, after: common, root)
    }
}

// MARK: - As lines

extension ForkPoint {
    /// - Throws: `malformed`.
    init(_ lines: inout Lines, malformed: CustodyError) throws {
        guard let common = Lines.value(of: "common", in: lines.next()).flatMap({ NoteText.decimal($0) }),
            let root = Lines.value(of: "root", in: lines.next()).flatMap({ Hash(base64: $0) })
        else { throw malformed }
        self.init(
            common: common, root: root, first: try Branch(&lines, malformed: malformed),
            second: try Branch(&lines, malformed: malformed))
    }

    var lines: [String] {
        ["common \(common)", "root \(root.base64)"] + first.lines + second.lines
    }
}

extension ForkPoint.Branch {
    fileprivate init(_ lines: inout Lines, malformed: CustodyError) throws {
        guard let next = Lines.value(of: "next", in: lines.next()).flatMap({ Hash(base64: $0) }) else {
            throw malformed
        }
        self.init(
            next: next, inclusion: try lines.proofHashes(tooMany: malformed, malformed: malformed),
            consistency: try lines.proofHashes(tooMany: malformed, malformed: malformed))
    }

    fileprivate var lines: [String] {
        ["next \(next.base64)"] + inclusion.map(\.base64) + [""] + consistency.map(\.base64) + [""]
    }
}
