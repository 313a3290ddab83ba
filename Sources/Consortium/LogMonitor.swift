import FoundationEssentials
import Ledger

/// Follows one tiled log, anybody's, and believes nothing that its key has not signed and its tiles do not show
/// (C2SP tlog-tiles).
public struct LogMonitor: Sendable {
    /// How long one request may take.
    static let requestMax: Duration = .seconds(30)

    /// What one look at the log showed.
    public enum Sight: Sendable {
        /// The log's first head that is remembered, or a longer one, that begins with what was remembered.
        case grown(SignedNote, Checkpoint)
        /// The head is the one that is remembered.
        case same(Checkpoint)
        /// The log shows a smaller head than it has shown before, and nothing that contradicts that one: an old head, which
        /// may be a cache's fault.
        case stale(Checkpoint)
        /// Two heads that cannot both be true.
        case forked(ForkEvidence)
        /// The tree that is served is not the one that the log signed.
        case broken(CustodyError)
    }

    private let client: ConsortiumClient
    private let key: VerifierKey
    private let checksEntries: Bool

    /// - Parameters:
    ///   - client: whose address is the log's prefix.
    ///   - key: the log's; its name is the origin.
    ///   - checksEntries: whether to read each entry too and compare its hash with the tree's.
    public init(client: ConsortiumClient, key: VerifierKey, checksEntries: Bool) {
        self.client = client
        self.key = key
        self.checksEntries = checksEntries
    }

    /// Looks once.
    /// - Parameter known: the head that was seen last; nil at first.
    /// - Throws: `CustodyError` with code `peer-unreachable`, `peer-refused`, `peer-not-trusted`; `note-malformed`,
    ///   `checkpoint-unsigned`, `checkpoint-origin`, `note-signature-wrong` for a head that is not the log's.
    public func look(after known: SignedNote?) async throws -> Sight {
        let note = try SignedNote(bytes: try await fetch("/checkpoint", bytesMax: SignedNote.bytesMax))
        let head = try Checkpoint.open(note, log: key)
        let before = try known.map { try Checkpoint.open($0, log: key) }
        do {
            return try await compare(note, head, known, before)
        } catch let error as CustodyError where error.code == .treeBroken {
            return .broken(error)
        }
    }

    private func compare(
        _ note: SignedNote, _ head: Checkpoint, _ known: SignedNote?, _ before: Checkpoint?
    ) async throws -> Sight {
        guard let known, let before else {
            try await check(head, from: 0)
            return .grown(note, head)
        }
        if head.size == before.size {
            guard head.root != before.root else { return .same(head) }
            return .forked(ForkEvidence(first: known, second: note, root: head.root, proof: []))
        }
        let isNewer = head.size > before.size
        let (small, large) = isNewer ? (known, note) : (note, known)
        let (old, new) = isNewer ? (before, head) : (head, before)
        // Of the larger of both the tiles speak, which a log that shows an old head has all the same.
        let tiles = LogTiles(client: client, size: new.size)
        let (root, proof): (Hash, [Hash])
        do { (root, proof) = try await tiles.consistency(from: old.size, to: new) } catch let error as CustodyError
            where error.code == .peerRefused && !isNewer
        {
            // It has forgotten the larger one, tiles and all.
            return .stale(head)
        }
        guard root == old.root else {
            return .forked(ForkEvidence(first: small, second: large, root: root, proof: proof))
        }
        guard isNewer else { return .stale(head) }
        try await check(head, from: before.size)
        return .grown(note, head)
    }

    // MARK: What is served

    /// Reads the tiles and entries that are new, and builds the tree again from them.
    private func check(_ head: Checkpoint, from start: UInt64) async throws {
        let tiles = LogTiles(client: client, size: head.size)
        guard try await tiles.root(at: head.size) == head.root else {
            throw CustodyError.brokenTree("its tiles do not make the root that it signed", key.name)
        }
        var level = 0
        while head.size >> UInt64(level * Tile.height) > 0 {
            try await check(level, of: tiles, from: start, to: head.size)
            level += 1
        }
    }

    private func check(_ level: Int, of tiles: LogTiles, from start: UInt64, to end: UInt64) async throws {
        let (first, count) = (start >> UInt64(level * Tile.height), end >> UInt64(level * Tile.height))
        var index = first / UInt64(Tile.width)
        while index * UInt64(Tile.width) < count {
            let hashes = try await tiles.hashes(Tile(level: level, index: index))
            let above = TreeNode(level: (level + 1) * Tile.height, index: index)
            // The tile above says of a full tile what its hashes must make.
            if hashes.count == Tile.width, try await tiles.hash(of: above) != MerkleProof.root(ofSubtree: hashes) {
                throw CustodyError.brokenTree("tile \(index) of level \(level) is not the one in its tree", key.name)
            }
            if level == 0, checksEntries { try await checkEntries(bundle: index, leaves: hashes) }
            index += 1
        }
    }

    private func checkEntries(bundle index: UInt64, leaves: [Hash]) async throws {
        let entries = try await entries(bundle: index, count: leaves.count)
        for (place, entry) in entries.enumerated() where Hash.leaf(entry) != leaves[place] {
            throw CustodyError.brokenTree(
                "entry \(index * UInt64(Tile.width) + UInt64(place)) is not the one in its tree", key.name)
        }
    }

    /// A partial bundle that is gone has become a full one (C2SP tlog-tiles, "Log entries").
    private func entries(bundle index: UInt64, count: Int) async throws -> [[UInt8]] {
        let bytesMax = Tile.width * (Entry.bytesMax + 2)
        var entries: [[UInt8]]?
        do {
            let bytes = try await fetch("/" + Tile.entriesPath(index: index, width: count), bytesMax: bytesMax)
            entries = MirrorUpload.entries(inBundle: bytes, count: count)
        } catch let error as CustodyError where error.code == .peerRefused && count < Tile.width {
            let bytes = try await fetch("/" + Tile.entriesPath(index: index), bytesMax: bytesMax)
            entries = MirrorUpload.entries(inBundle: bytes, count: Tile.width).map { Array($0.prefix(count)) }
        }
        guard let entries else { throw CustodyError.brokenTree("the entry bundle \(index) is malformed", key.name) }
        return entries
    }

    private func fetch(_ path: String, bytesMax: Int) async throws -> [UInt8] {
        try await client.file(path, bytesMax: bytesMax)
    }
}

/// The hashes of a tree as a log serves them, by its tiles.
private actor LogTiles {
    /// Tiles that are kept: those of the higher levels are asked for again and again.
    private static let keptMax = 1_024

    private let client: ConsortiumClient
    private let size: UInt64
    private var kept: [Tile: [Hash]] = [:]

    init(client: ConsortiumClient, size: UInt64) {
        self.client = client
        self.size = size
    }

    /// What the tree had as root at a size.
    func root(at old: UInt64) async throws -> Hash {
        var hashes: [Hash] = []
        for node in MerkleProof.nodes(from: 0, to: old) ?? [] { hashes.append(try await hash(of: node)) }
        return MerkleProof.fold(hashes)
    }

    /// The root at a size, and the proof that the tree of `head` begins with it.
    /// - Throws: `CustodyError` with code `tree-broken` if the tiles do not make the head's own root.
    func consistency(from old: UInt64, to head: Checkpoint) async throws -> (root: Hash, proof: [Hash]) {
        var proof: [Hash] = []
        for nodes in MerkleProof.consistencyPlan(from: old, to: head.size) ?? [] {
            var hashes: [Hash] = []
            for node in nodes { hashes.append(try await hash(of: node)) }
            proof.append(MerkleProof.fold(hashes))
        }
        let root = try await root(at: old)
        guard
            MerkleProof.verifyConsistency(from: old, oldRoot: root, to: head.size, newRoot: head.root, proof: proof)
        else { throw CustodyError.brokenTree("its tiles do not make the root that it signed", head.origin) }
        return (root, proof)
    }

    func hash(of node: TreeNode) async throws -> Hash {
        let hashes = try await hashes(node.tile)
        guard node.slots.upperBound <= hashes.count else {
            throw CustodyError.brokenTree("a tile is shorter than its tree", client.organisation)
        }
        return MerkleProof.root(ofSubtree: hashes[node.slots])
    }

    func hashes(_ tile: Tile) async throws -> [Hash] {
        if let known = kept[tile] { return known }
        let rows = size >> UInt64(tile.level * Tile.height)
        let start = tile.index * UInt64(Tile.width)
        let width = Int(min(UInt64(Tile.width), rows - min(rows, start)))
        guard width > 0 else { throw CustodyError.brokenTree("the tree has no such tile", client.organisation) }
        let hashes = try await fetch(tile, width: width)
        if kept.count >= Self.keptMax { kept.removeAll() }
        kept[tile] = hashes
        return hashes
    }

    /// A partial tile that is gone has become a full one (C2SP tlog-tiles, "Partial Tiles").
    private func fetch(_ tile: Tile, width: Int) async throws -> [Hash] {
        let bytesMax = Tile.width * Hash.byteCount
        var bytes: [UInt8]
        do {
            bytes = try await client.file(
                "/" + Tile.path(level: tile.level, index: tile.index, width: width), bytesMax: bytesMax)
        } catch let error as CustodyError where error.code == .peerRefused && width < Tile.width {
            bytes = try await client.file("/" + Tile.path(level: tile.level, index: tile.index), bytesMax: bytesMax)
            bytes = Array(bytes.prefix(width * Hash.byteCount))
        }
        let hashes = Hash.list(bytes)
        guard hashes.count == width, bytes.count == width * Hash.byteCount else {
            throw CustodyError.brokenTree("a tile is malformed", client.organisation)
        }
        return hashes
    }
}

extension ConsortiumClient {
    fileprivate func file(_ path: String, bytesMax: Int) async throws -> [UInt8] {
        let answer = try await get(path: path, maxBytes: bytesMax, deadline: .now + LogMonitor.requestMax)
        guard answer.status == 200 else {
            throw CustodyError(.peerRefused, "\(organisation) answered \(answer.status)", at: "\(address)\(path)")
        }
        return answer.body
    }
}

extension CustodyError.Code {
    /// Tiles or entries that are not those of the signed tree.
    public static let treeBroken: Self = "tree-broken"
}

extension CustodyError {
    fileprivate static func brokenTree(_ reason: String, _ origin: String) -> CustodyError {
        CustodyError(
            .treeBroken, "the log does not serve what it signed: \(reason)", at: origin,
            remedy: "ask another mirror of it, and tell its owner")
    }
}
