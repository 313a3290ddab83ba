/// An entry with the bytes that were hashed and its place in its log.
public struct SealedEntry: Sendable {
    public let index: UInt64
    public let bytes: [UInt8]
    public let leafHash: Hash
    public let entry: Entry
}

/// A tile that has just become full.
public struct FullTile: Sendable {
    public let tile: Tile
    public let hashes: [Hash]
    public let root: Hash

    public init(tile: Tile, hashes: [Hash], root: Hash) {
        self.tile = tile
        self.hashes = hashes
        self.root = root
    }
}

/// Where a log stands: all that is needed to seal its next entry or to check somebody else's.
public struct Log: Sendable {
    public let origin: String
    public private(set) var tree: MerkleTree
    /// Leaf hash of the last entry.
    public private(set) var last: Hash?
    /// UTC microseconds of the last entry.
    public private(set) var recordedAt: Int64
    /// The newest consortium document version that an update of this log has named.
    public private(set) var documentVersion: Int

    public init(
        origin: String, tree: MerkleTree = MerkleTree(), last: Hash? = nil, recordedAt: Int64 = .min,
        documentVersion: Int = 0
    ) {
        self.origin = origin
        self.tree = tree
        self.last = last
        self.recordedAt = recordedAt
        self.documentVersion = documentVersion
    }

    public var size: UInt64 { tree.size }

    /// The head that the log's key signs.
    /// - Throws: `CustodyError` with code `checkpoint-malformed` for an origin that cannot stand in a checkpoint.
    public func checkpoint() throws -> Checkpoint { try Checkpoint(origin: origin, size: tree.size, root: tree.root) }

    /// The time of an entry that is sealed now: the later of `now` and the previous entry's.
    public func timeOfNext(now: Int64) -> Int64 { max(now, recordedAt) }

    /// Seals the next entry. Its time is `timeOfNext`.
    /// - Parameter full: receives the tiles that become full.
    /// - Throws: `CustodyError` with code `limit-exceeded`; the log then stands where it stood.
    public mutating func seal(
        _ body: Entry.Body, now: Int64, clock: ClockQuality, full: inout [FullTile]
    ) throws -> SealedEntry {
        let entry = Entry(previous: last, recordedAt: timeOfNext(now: now), clock: clock, body: body)
        let bytes = try entry.sealed()
        return append(entry, bytes: bytes, leafHash: Hash.leaf(bytes), full: &full)
    }

    /// Takes over an entry that somebody else sealed, if it continues this log.
    /// - Throws: `CustodyError` with code `previous-mismatch`, `entry-malformed` or `limit-exceeded`.
    public mutating func extend(with bytes: [UInt8], full: inout [FullTile]) throws -> SealedEntry {
        let entry = try Entry(bytes: bytes)
        guard entry.previous == last else { throw CustodyError.brokenLink(of: origin, at: size) }
        return append(entry, bytes: bytes, leafHash: Hash.leaf(bytes), full: &full)
    }

    private mutating func append(
        _ entry: Entry, bytes: [UInt8], leafHash: Hash, full: inout [FullTile]
    ) -> SealedEntry {
        let sealed = SealedEntry(index: tree.size, bytes: bytes, leafHash: leafHash, entry: entry)
        append(leafHash, full: &full)
        recorded(at: entry.recordedAt)
        return sealed
    }

    mutating func append(_ leafHash: Hash, full: inout [FullTile]) {
        tree.append(leafHash) { full.append(FullTile(tile: $0, hashes: $1, root: $2)) }
        last = leafHash
    }

    mutating func append(tile leaves: [Hash], root: Hash, full: inout [FullTile]) {
        tree.append(tile: leaves, root: root) { full.append(FullTile(tile: $0, hashes: $1, root: $2)) }
        last = leaves.last
    }

    mutating func recorded(at time: Int64) { recordedAt = max(recordedAt, time) }

    /// Notes the document version that an update of this log names.
    public mutating func named(documentVersion version: Int) { documentVersion = max(documentVersion, version) }
}

extension CustodyError.Code {
    public static let previousMismatch: Self = "previous-mismatch"
}
