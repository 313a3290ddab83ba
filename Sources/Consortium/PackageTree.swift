import Ledger
import Store

/// The tree of a head around one package, as far as the package's proof and what is stored here show it.
///
/// Nothing of it is believed: evidence that is made from it is checked against the log's signature.
struct PackageTree {
    /// Where the package's leaves begin, a multiple of 256.
    private let start: UInt64
    private let leaves: [Hash]
    private let size: UInt64
    /// What the package's proof says of the rest of the tree.
    private let proved: [Range<UInt64>: Hash]
    /// The hash of a subtree before the package.
    private let stored: (TreeNode) throws -> Hash

    /// - Parameters:
    ///   - before: leaf hashes from the package's start rounded down to its first entry, and any number after that.
    ///   - size: entries of the head for which the package's proof is.
    init?(
        _ package: MirrorUpload.ReadPackage, before: [Hash], size: UInt64, stored: @escaping (TreeNode) throws -> Hash
    ) {
        guard let plan = MerkleProof.subtreePlan(start: package.roundedStart, end: package.end, size: size),
            plan.count == package.proof.count
        else { return nil }
        start = package.roundedStart
        leaves = before.prefix(Int(package.start - package.roundedStart)) + package.run.leaves
        self.size = size
        proved = Dictionary(zip(plan.map(Self.range), package.proof), uniquingKeysWith: { first, _ in first })
        self.stored = stored
    }

    /// What shows that an entry of the package does not carry the hash of the entry before it.
    /// - Parameter head: whose tree this is.
    /// - Returns: nil if the tree is not known far enough; otherwise evidence that has yet to be checked.
    func brokenEntry(_ entry: [UInt8], at index: UInt64, under head: SignedNote) throws -> BrokenEntry? {
        guard index >= start, let root = try root(at: index),
            let consistency = try hashes(MerkleProof.consistencyPlan(from: index, to: size)),
            let inclusion = try hashes(MerkleProof.inclusionPlan(index: index, size: size))
        else { return nil }
        let before = try before(index)
        guard index == 0 || before != nil else { return nil }
        return BrokenEntry(
            head: head, index: index, root: root, consistency: consistency, before: before, entry: entry,
            inclusion: inclusion)
    }

    private func before(_ index: UInt64) throws -> BrokenEntry.Before? {
        guard index > 0, let leaf = try hash(of: index - 1..<index),
            let inclusion = try hashes(MerkleProof.inclusionPlan(index: index - 1, size: index))
        else { return nil }
        return BrokenEntry.Before(leaf: leaf, inclusion: inclusion)
    }

    private func root(at size: UInt64) throws -> Hash? { size == 0 ? .emptyTree : try hash(of: 0..<size) }

    private func hashes(_ plan: [[TreeNode]]?) throws -> [Hash]? {
        let hashes = try plan?.map { try hash(of: Self.range($0)) }
        return hashes.flatMap { $0.contains(nil) ? nil : $0.compactMap(\.self) }
    }

    /// - Returns: nil for what lies behind the package and is not in its proof.
    private func hash(of range: Range<UInt64>) throws -> Hash? {
        if let known = proved[range] { return known }
        let end = start + UInt64(leaves.count)
        if range.lowerBound >= start, range.upperBound <= end {
            return MerkleProof.root(ofSubtree: leaves[Int(range.lowerBound - start)..<Int(range.upperBound - start)])
        }
        if range.upperBound <= start {
            return try MerkleProof.nodes(from: range.lowerBound, to: range.upperBound)
                .map { MerkleProof.fold(try $0.map(stored)) }
        }
        guard range.lowerBound < end, range.count > 1 else { return nil }
        // The largest power of two below the count (RFC 6962 section 2.1).
        let middle = range.lowerBound + 1 << UInt64(63 - UInt64(range.count - 1).leadingZeroBitCount)
        guard let left = try hash(of: range.lowerBound..<middle), let right = try hash(of: middle..<range.upperBound)
        else { return nil }
        return Hash.node(left, right)
    }

    private static func range(_ nodes: [TreeNode]) -> Range<UInt64> {
        guard let first = nodes.first, let last = nodes.last else { return 0..<0 }
        return first.index << UInt64(first.level)..<(last.index + 1) << UInt64(last.level)
    }
}
