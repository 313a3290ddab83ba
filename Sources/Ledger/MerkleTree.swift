/// The right edge of an append-only RFC 6962 tree: enough to append to it and to know its root.
///
/// It keeps the roots of the complete subtrees that make up the tree (at most 63) and the hashes of every tile that is
/// not yet full (at most 255 for each of 8 levels). Full tiles are handed out once and then forgotten.
public struct MerkleTree: Sendable {
    /// The largest tree: C2SP sizes are below 2^63.
    public static let sizeMax: UInt64 = 1 << 63 - 1

    /// The number of leaves.
    public private(set) var size: UInt64 = 0
    /// The hashes of each partial tile, by tile level: row `l` has `(size >> 8 * l) % 256` hashes.
    public private(set) var partialRows: [[Hash]] = []
    /// Roots of the complete subtrees that make up the tree, the largest first.
    private var peaks: [Hash] = []

    /// The tree without leaves.
    public init() {}

    /// The tree of `size` leaves again, from the partial rows that it had; nil if they do not fit the size.
    ///
    /// The hashes themselves cannot be checked here: compare `root` with a signed checkpoint.
    public init?(size: UInt64, partialRows rows: [[Hash]]) {
        guard size <= Self.sizeMax else { return nil }
        let rowCount = (64 - size.leadingZeroBitCount + Tile.height - 1) / Tile.height
        for level in 0..<max(rowCount, rows.count) {
            let count = rows.indices.contains(level) ? rows[level].count : 0
            guard count == Self.rowCount(at: level, size: size) else { return nil }
        }
        self.size = size
        partialRows = Array(rows.prefix(rowCount))
        for row in partialRows.reversed() {
            peaks += MerkleProof.peaks(of: row)
        }
    }

    /// The root hash (RFC 6962 section 2.1).
    public var root: Hash { MerkleProof.fold(peaks) }

    /// Appends a leaf hash; forgets the tiles that become full.
    public mutating func append(_ leaf: Hash) {
        append(leaf) { _, _, _ in }
    }

    /// Appends a leaf hash, with one node hash on average.
    ///
    /// - Parameter fullTile: called with each tile that becomes full, its 256 hashes, and its root; lowest level first.
    public mutating func append(_ leaf: Hash, fullTile: (Tile, [Hash], _ root: Hash) -> Void) {
        precondition(size < Self.sizeMax, "a tree has fewer than 2^63 leaves")
        place(leaf, inRow: 0)
        merge(leaf, from: 0, fullTile: fullTile)
        size += 1
    }

    /// Appends 256 leaf hashes that fill a tile, of which somebody has computed the root already.
    ///
    /// - Parameter root: the root of these leaves, which is not computed again.
    mutating func append(
        tile leaves: [Hash], root: Hash, fullTile: (Tile, [Hash], _ root: Hash) -> Void
    ) {
        precondition(leaves.count == Tile.width && size % UInt64(Tile.width) == 0, "a tile begins at its own edge")
        if partialRows.isEmpty { partialRows.append([]) }
        fullTile(Tile(level: 0, index: size / UInt64(Tile.width)), leaves, root)
        place(root, inRow: 1)
        merge(root, from: Tile.height, fullTile: fullTile)
        size += UInt64(Tile.width)
    }

    /// Merges the node that now stands rightmost with those to its left that it completes.
    private mutating func merge(_ node: Hash, from start: Int, fullTile: (Tile, [Hash], _ root: Hash) -> Void) {
        var hash = node
        var level = start
        while size >> UInt64(level) & 1 == 1 {
            hash = Hash.node(peaks.removeLast(), hash)
            level += 1
            guard level.isMultiple(of: Tile.height) else { continue }
            // Eight merges have just built the root of the tile that this node filled.
            let row = level / Tile.height - 1
            fullTile(Tile(level: row, index: size >> UInt64(level)), partialRows[row], hash)
            partialRows[row].removeAll(keepingCapacity: true)
            place(hash, inRow: row + 1)
        }
        peaks.append(hash)
    }

    /// The hash of a node that lies wholly inside a partial tile; nil for every other node.
    public func hash(of node: TreeNode) -> Hash? {
        guard node.index < size >> UInt64(node.level) else { return nil }
        let tile = node.tile
        guard partialRows.indices.contains(tile.level) else { return nil }
        let row = partialRows[tile.level]
        guard tile.index == size >> UInt64((tile.level + 1) * Tile.height), node.slots.upperBound <= row.count else {
            return nil
        }
        return MerkleProof.root(ofSubtree: row[node.slots])
    }

    private mutating func place(_ hash: Hash, inRow row: Int) {
        if row == partialRows.count { partialRows.append([]) }
        partialRows[row].append(hash)
    }

    private static func rowCount(at level: Int, size: UInt64) -> Int {
        Int(size >> UInt64(level * Tile.height) % UInt64(Tile.width))
    }
}
