/// Inclusion, consistency and subtree proofs of RFC 6962 trees.
///
/// A plan names the nodes whose hashes a proof needs; the caller fetches them from wherever they are. Inclusion and
/// consistency (RFC 6962 sections 2.1.1 and 2.1.2) are the cases `end == start + 1` and `start == 0` of the subtree
/// proof (draft-ietf-plants-merkle-tree-certs-02, "Subtrees"), so there is one algorithm here.
public enum MerkleProof {
    /// The most hashes in a proof that is read (C2SP tlog-witness).
    public static let proofHashesMax = 63

    /// Whether `[start, end)` is a subtree: not empty, and `start` a multiple of the smallest power of two that is at
    /// least `end - start` (draft-ietf-plants-merkle-tree-certs-02, "Subtrees").
    public static func isSubtree(start: UInt64, end: UInt64) -> Bool {
        guard start < end else { return false }
        let last = end - start - 1
        let bits = UInt64(64 - last.leadingZeroBitCount)
        return (start >> bits) << bits == start
    }

    /// The complete subtrees that make up the subtree `[start, end)`, left to right; nil if that is no subtree.
    public static func nodes(from start: UInt64, to end: UInt64) -> [TreeNode]? {
        guard isSubtree(start: start, end: end) else { return nil }
        return completeNodes(start..<end)
    }

    /// The hash of a subtree, from the hashes of the complete subtrees that make it up, left to right.
    public static func fold(_ hashes: [Hash]) -> Hash {
        guard var hash = hashes.last else { return .emptyTree }
        for left in hashes.dropLast().reversed() {
            hash = Hash.node(left, hash)
        }
        return hash
    }

    /// The hash of a tree with these leaf hashes (RFC 6962 section 2.1).
    public static func root(ofSubtree leaves: some Sequence<Hash>) -> Hash {
        fold(peaks(of: leaves))
    }

    /// Roots of the complete subtrees over these leaf hashes, the largest first.
    static func peaks(of leaves: some Sequence<Hash>) -> [Hash] {
        var peaks: [Hash] = []
        var size: UInt64 = 0
        for leaf in leaves {
            var hash = leaf
            for _ in 0..<(~size).trailingZeroBitCount {
                hash = Hash.node(peaks.removeLast(), hash)
            }
            peaks.append(hash)
            size += 1
        }
        return peaks
    }
}

// MARK: Planning

extension MerkleProof {
    /// What proves that leaf `index` is in the tree of `size` leaves: each inner list folds into one hash of the proof;
    /// nil if the tree has no such leaf.
    public static func inclusionPlan(index: UInt64, size: UInt64) -> [[TreeNode]]? {
        guard index < size else { return nil }
        return subtreePlan(start: index, end: index + 1, size: size)
    }

    /// What proves that the tree of `new` leaves extends the tree of `old`; nil if `old` is larger. Empty from size 0,
    /// as in C2SP tlog-witness.
    public static func consistencyPlan(from old: UInt64, to new: UInt64) -> [[TreeNode]]? {
        guard old <= new else { return nil }
        return old == 0 ? [] : subtreePlan(start: 0, end: old, size: new)
    }

    /// What proves that the subtree `[start, end)` is in the tree of `size` leaves; nil if that is no subtree of it.
    public static func subtreePlan(start: UInt64, end: UInt64, size: UInt64) -> [[TreeNode]]? {
        guard let descent = Descent(start: start, end: end, size: size) else { return nil }
        let siblings = descent.steps.reversed().map(\.sibling)
        let ranges = descent.remainder.map { [$0] + siblings } ?? siblings
        return ranges.map(completeNodes)
    }

    /// The proof that a plan describes.
    public static func proof(_ plan: [[TreeNode]], hash: (TreeNode) throws -> Hash) rethrows -> [Hash] {
        try plan.map { fold(try $0.map(hash)) }
    }

    /// Splits a range that starts on a boundary wide enough for it, as every range of the recursion does.
    private static func completeNodes(_ range: Range<UInt64>) -> [TreeNode] {
        var nodes: [TreeNode] = []
        var start = range.lowerBound
        while start < range.upperBound {
            let level = 63 - (range.upperBound - start).leadingZeroBitCount
            nodes.append(TreeNode(level: level, index: start >> UInt64(level)))
            start += 1 << UInt64(level)
        }
        return nodes
    }
}

// MARK: Verifying

extension MerkleProof {
    /// Whether `proof` shows that `leaf`, a leaf hash, is at `index` of the tree of `size` leaves with this root.
    public static func verifyInclusion(leaf: Hash, index: UInt64, size: UInt64, proof: [Hash], root: Hash) -> Bool {
        guard index < size else { return false }
        return verifySubtree(start: index, end: index + 1, hash: leaf, size: size, proof: proof, root: root)
    }

    /// Whether `proof` shows that the tree of `new` leaves begins with the tree of `old` leaves.
    ///
    /// Every tree extends the empty one, so from size 0 this says only that the old root is the empty tree's.
    public static func verifyConsistency(
        from old: UInt64, oldRoot: Hash, to new: UInt64, newRoot: Hash, proof: [Hash]
    ) -> Bool {
        guard old <= new else { return false }
        if old == 0 {
            return proof.isEmpty && oldRoot == .emptyTree && (new > 0 || newRoot == .emptyTree)
        }
        return verifySubtree(start: 0, end: old, hash: oldRoot, size: new, proof: proof, root: newRoot)
    }

    /// Whether `proof` shows that the subtree `[start, end)` of the tree of `size` leaves with this root has this hash.
    public static func verifySubtree(
        start: UInt64, end: UInt64, hash: Hash, size: UInt64, proof: [Hash], root: Hash
    ) -> Bool {
        guard let found = climb(start: start, end: end, hash: hash, size: size, proof: proof) else { return false }
        return found.subtree == hash && found.tree == root
    }

    /// The root that the tree of `new` leaves had at `old` leaves, where a consistency proof shows it by itself; nil where
    /// the proof does not hold, or where it leaves that root to its reader, as it does for whole subtrees.
    public static func rootShown(at old: UInt64, by proof: [Hash], new: UInt64, newRoot: Hash) -> Hash? {
        guard old > 0, old <= new, let descent = Descent(start: 0, end: old, size: new), descent.remainder != nil,
            let found = climb(start: 0, end: old, hash: .emptyTree, size: new, proof: proof), found.tree == newRoot
        else { return nil }
        return found.subtree
    }

    private static func climb(
        start: UInt64, end: UInt64, hash: Hash, size: UInt64, proof: [Hash]
    ) -> (subtree: Hash, tree: Hash)? {
        guard proof.count <= proofHashesMax, let descent = Descent(start: start, end: end, size: size) else {
            return nil
        }
        var siblings = proof[...]
        guard let seed = descent.remainder == nil ? hash : siblings.popFirst(),
            siblings.count == descent.steps.count
        else { return nil }
        var (subtree, tree) = (seed, seed)
        for (step, sibling) in zip(descent.steps.reversed(), siblings) {
            switch step.side {
            case .right: tree = Hash.node(tree, sibling)
            case .left: tree = Hash.node(sibling, tree)
            case .within:
                subtree = Hash.node(sibling, subtree)
                tree = Hash.node(sibling, tree)
            }
        }
        return (subtree, tree)
    }
}

/// The way of SUBTREE_PROOF from the whole tree down to one subtree.
private struct Descent {
    enum Side {
        /// The sibling lies to the left of the subtree.
        case left
        /// The sibling lies to the right of the subtree.
        case right
        /// The sibling is the left part of the subtree itself.
        case within
    }

    var steps: [(side: Side, sibling: Range<UInt64>)] = []
    /// The right end of a subtree that is not a node of the tree: the verifier cannot know its hash.
    var remainder: Range<UInt64>?

    /// At most 64 steps, whatever the numbers; nil if `[start, end)` is no subtree of a tree of `size` leaves.
    init?(start: UInt64, end: UInt64, size: UInt64) {
        guard MerkleProof.isSubtree(start: start, end: end), end <= size else { return nil }
        var wanted = start..<end
        var range = 0..<size
        while range != wanted {
            let middle = range.lowerBound + Self.split(range.upperBound - range.lowerBound)
            let (left, right) = (range.lowerBound..<middle, middle..<range.upperBound)
            if wanted.upperBound <= middle {
                steps.append((.right, right))
                range = left
            } else if wanted.lowerBound >= middle {
                steps.append((.left, left))
                range = right
            } else {
                steps.append((.within, left))
                range = right
                wanted = middle..<wanted.upperBound
            }
        }
        remainder = wanted == start..<end ? nil : range
    }

    /// The largest power of two below `count`, which is at least 2.
    private static func split(_ count: UInt64) -> UInt64 {
        1 << UInt64(63 - (count - 1).leadingZeroBitCount)
    }
}
