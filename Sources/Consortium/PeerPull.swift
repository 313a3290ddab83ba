import Foundation
import Ledger
import Store

/// Pulls one log from a peer that has more of it, as checkpoint, entry bundles and tiles (C2SP tlog-tiles), and stores
/// nothing that is not proved against the log's own signature.
struct PeerPull {
    /// How long one request may take.
    static let requestMax: Duration = .seconds(30)

    let client: any PeerClient
    let store: LedgerStore
    let mirror: Mirror
    let origin: String
    /// Where the peer serves the log: under its hash, as mirrors do, or at the root of the log's own URL.
    let prefix: String
    let isForeign: Bool

    init(client: any PeerClient, store: LedgerStore, mirror: Mirror, origin: String) {
        self.init(client, store, mirror, origin: origin, prefix: LogPath.prefix(origin), isForeign: false)
    }

    /// Pulls a log that no member writes from where it is served itself.
    init(foreign origin: String, client: any PeerClient, store: LedgerStore, mirror: Mirror) {
        self.init(client, store, mirror, origin: origin, prefix: "", isForeign: true)
    }

    private init(
        _ client: any PeerClient, _ store: LedgerStore, _ mirror: Mirror, origin: String, prefix: String,
        isForeign: Bool
    ) {
        self.client = client
        self.store = store
        self.mirror = mirror
        self.origin = origin
        self.prefix = prefix
        self.isForeign = isForeign
    }

    func run() async throws {
        let note = try SignedNote(bytes: try await fetch("/checkpoint", maxBytes: SignedNote.bytesMax))
        let claimed = try Checkpoint(text: note.text)
        try await introduceIfNew(size: claimed.size)
        let record = try record()
        let checkpoint = try Checkpoint.open(note, log: record.key)
        guard checkpoint.size > (try mirroredSize(of: record)) else { return try await compare(note) }
        let tiles = RemoteTiles(pull: self, size: checkpoint.size)
        guard try await offer(note, checkpoint, tiles: tiles) else { return }
        guard try await takeAll(from: record.size, of: checkpoint, under: note, tiles: tiles) else {
            return try await mirror.judge()
        }
        let target = Mirror.UploadTarget(checkpoint: checkpoint, note: note, isForeign: isForeign)
        let answer = try await mirror.finish(target)
        guard !isForeign else { return }
        // Neither waits for the other: verdicts may take long, and the peer may have gone.
        async let handedBack: Void = handBack(answer, under: note)
        try await mirror.keepCosignatures(of: note)
        try await mirror.judge()
        try await handedBack
    }

    /// Takes the entries of a frozen log that are as they must be, and no more.
    func takeCommonEntries() async throws {
        let record = try record()
        // The log may have signed no head of this size, but the evidence shows its root under those that it has signed.
        guard let checkpoint = try store.read({ try $0.evidence(against: record.id) })?.common else { return }
        _ = try await takeAll(
            from: record.size, of: checkpoint, under: nil,
            tiles: RemoteTiles(pull: self, size: checkpoint.size, usesStore: false))
        try await mirror.judge()
    }

    private func mirroredSize(of record: LogRecord) throws -> UInt64 {
        try store.read { try $0.mirroredSize(of: record) }
    }

    /// A foreign log that shows a head no larger than what is here shows the same log, or convicts itself.
    private func compare(_ note: SignedNote) async throws {
        guard isForeign else { return }
        try await mirror.compare(note)
    }

    /// Packages that are asked for at once, and then stored in one transaction.
    static let packagesMax = 16

    /// - Parameter head: the checkpoint as the log signed it, if it did.
    /// - Returns: false if an entry was broken, so that the log is frozen.
    private func takeAll(
        from start: UInt64, of checkpoint: Checkpoint, under head: SignedNote?, tiles: RemoteTiles
    ) async throws -> Bool {
        var next = start
        var waiting = try await packages(from: next, of: checkpoint, tiles: tiles)
        while next < checkpoint.size {
            let end = waiting.last?.end ?? next
            async let following = try packages(from: end, of: checkpoint, tiles: tiles)
            let taken = try await mirror.take(waiting, for: checkpoint, under: head)
            if taken.isConvicted { return false }
            if let refusal = taken.refusal { throw refusal }
            next = taken.next
            waiting = try await following
        }
        return true
    }

    /// The next packages, fetched side by side.
    private func packages(
        from start: UInt64, of checkpoint: Checkpoint, tiles: RemoteTiles
    ) async throws -> [MirrorUpload.ReadPackage] {
        try await withThrowingTaskGroup(of: MirrorUpload.ReadPackage.self) { group in
            var next = start
            for _ in 0..<Self.packagesMax where next < checkpoint.size {
                let first = next
                group.addTask {
                    let package = try await package(from: first, of: checkpoint, tiles: tiles)
                    return MirrorUpload.ReadPackage(package, of: origin, isForeign: isForeign)
                }
                next = MirrorUpload.packageEnd(start: next, uploadEnd: checkpoint.size)
            }
            return try await group.reduce(into: []) { $0.append($1) }.sorted { $0.start < $1.start }
        }
    }

    /// Whoever cannot be dialled cannot be asked for its cosignature: it leaves it with the peer, from which the log's
    /// owner hears of it.
    private func handBack(_ answer: MirrorAnswer?, under note: SignedNote) async throws {
        guard case .cosigned(let lines)? = answer, !lines.isEmpty else { return }
        let cosigned = try note.adding(lines.map { try NoteSignature(line: $0) })
        _ = try await client.handOver(cosigned, deadline: client.clock.now() + Self.requestMax)
    }

    private func record() throws -> LogRecord {
        guard let record = try store.read({ try $0.log(origin) }) else {
            throw CustodyError(.logUnknown, "the log is not known here", at: origin)
        }
        return record
    }

    /// A log that is new here begins with its certificate.
    /// - Parameter size: entries that the peer has.
    func introduceIfNew(size: UInt64) async throws {
        guard !isForeign, size > 0, try store.read({ try $0.log(origin) }) == nil else { return }
        let width = Int(min(size, UInt64(Tile.width)))
        let bundle = try await entries(bundle: 0, width: width)
        guard let first = bundle.first, case .genesis(let genesis) = try Entry(bytes: first).body,
            genesis.origin == origin
        else { throw CustodyError(.peerMisbehaves, "the log does not begin with its genesis", at: origin) }
        try await mirror.introduce(origin: origin, chain: genesis.certificateChain)
    }

    /// Attempts at offering a checkpoint while the log's owner pushes newer ones.
    static let offersMax = 4

    /// Takes the checkpoint as pending, with a consistency proof made from the peer's tiles. The log's owner may be
    /// pushing at the same time: whoever was faster has done the work.
    /// - Returns: false if the log has forked, and is frozen.
    private func offer(_ note: SignedNote, _ checkpoint: Checkpoint, tiles: RemoteTiles) async throws -> Bool {
        for _ in 0..<Self.offersMax {
            let pending = try store.read { snapshot in
                try snapshot.log(origin).flatMap { try snapshot.pendingHead(of: $0.id) }
            }
            let old = pending?.size ?? 0
            // Entries may never come for a longer one, and these are here to be had.
            guard old <= checkpoint.size else { return true }
            if let pending, old == checkpoint.size, try Checkpoint(text: pending.note.text).root == checkpoint.root {
                return true
            }
            let plan = old == 0 ? [] : MerkleProof.consistencyPlan(from: old, to: checkpoint.size) ?? []
            let request = CheckpointRequest(oldSize: old, proof: try await tiles.proof(plan), note: note)
            switch try await mirror.addCheckpoint(request) {
            case .cosigned: return true
            case .sizeConflict(_, let error) where error.code == .headsInconsistent: return false
            case .sizeConflict: continue
            case .refused(_, let error) where error.code == .headsInconsistent: return false
            case let answer:
                if let evidence = try await contradiction(to: note, checkpoint) {
                    try await mirror.convict(by: .fork(evidence))
                    return false
                }
                let reason = answer.body.split(separator: "\n").joined(separator: " ")
                throw CustodyError(.peerMisbehaves, "the checkpoint does not fit: \(reason)", at: origin)
            }
        }
        return true
    }

    /// Whether the peer shows that the head which is pending here cannot be of the same log as its own; nil if it does not.
    private func contradiction(to note: SignedNote, _ checkpoint: Checkpoint) async throws -> ForkEvidence? {
        let (pending, key) = try store.read { snapshot in
            let record = try snapshot.log(origin)
            return (try record.flatMap { try snapshot.pendingHead(of: $0.id) }, record?.key)
        }
        guard let pending, let key, pending.size > 0, pending.size < checkpoint.size,
            let nodes = MerkleProof.nodes(from: 0, to: pending.size),
            let plan = MerkleProof.consistencyPlan(from: pending.size, to: checkpoint.size)
        else { return nil }
        // What is stored here is of the other branch.
        let tiles = RemoteTiles(pull: self, size: checkpoint.size, usesStore: false)
        guard let root = try await tiles.proof([nodes]).first else { return nil }
        let evidence = ForkEvidence(
            first: pending.note, second: note, root: root, proof: try await tiles.proof(plan))
        return LogEvidence.fork(evidence).convicts(key) ? evidence : nil
    }

    private func package(
        from start: UInt64, of checkpoint: Checkpoint, tiles: RemoteTiles
    ) async throws -> MirrorUpload.Package {
        let end = MirrorUpload.packageEnd(start: start, uploadEnd: checkpoint.size)
        let roundedStart = start & ~UInt64(Tile.width - 1)
        let bundle = try await entries(bundle: start / UInt64(Tile.width), width: Int(end - roundedStart))
        let plan = MerkleProof.subtreePlan(start: roundedStart, end: end, size: checkpoint.size) ?? []
        return MirrorUpload.Package(
            start: start, entries: Array(bundle.dropFirst(Int(start - roundedStart))),
            proof: try await tiles.proof(plan))
    }

    private func entries(bundle: UInt64, width: Int) async throws -> [[UInt8]] {
        let path = "/" + Tile.entriesPath(index: bundle, width: width)
        let bytes = try await fetch(path, maxBytes: Tile.width * (Entry.bytesMax + 2))
        guard let entries = MirrorUpload.entries(inBundle: bytes, count: width) else {
            throw CustodyError(.peerMisbehaves, "the entry bundle is malformed", at: "\(client.address)\(path)")
        }
        return entries
    }

    func fetch(_ path: String, maxBytes: Int) async throws -> [UInt8] {
        let answer = try await client.get(
            path: prefix + path, maxBytes: maxBytes, deadline: client.clock.now() + Self.requestMax)
        guard answer.status == 200 else {
            throw CustodyError(
                .peerRefused, "\(client.organisation) answered \(answer.status)", at: "\(client.address)\(path)")
        }
        return answer.body
    }
}

/// The tree hashes of a log as a peer serves them; what is stored here already is not asked for.
///
/// Nothing of it is believed: proofs made from it are checked against the log's signature.
actor RemoteTiles {
    private let pull: PeerPull
    private let size: UInt64
    private let usesStore: Bool
    private var fetched: [Tile: [Hash]] = [:]

    init(pull: PeerPull, size: UInt64, usesStore: Bool = true) {
        self.pull = pull
        self.size = size
        self.usesStore = usesStore
    }

    func proof(_ plan: [[TreeNode]]) async throws -> [Hash] {
        var proof: [Hash] = []
        for nodes in plan {
            var hashes: [Hash] = []
            for node in nodes { hashes.append(try await hash(of: node)) }
            proof.append(MerkleProof.fold(hashes))
        }
        return proof
    }

    private func hash(of node: TreeNode) async throws -> Hash {
        if usesStore, let here = try local(node) { return here }
        let hashes = try await hashes(of: node.tile)
        guard node.slots.upperBound <= hashes.count else {
            throw CustodyError(.peerMisbehaves, "a tile is shorter than the log", at: pull.origin)
        }
        return MerkleProof.root(ofSubtree: hashes[node.slots])
    }

    private func local(_ node: TreeNode) throws -> Hash? {
        try pull.store.read { snapshot in
            guard let record = try snapshot.log(pull.origin), node.index < record.size >> UInt64(node.level) else {
                return nil
            }
            return try snapshot.hash(of: node, log: record.id)
        }
    }

    private func hashes(of tile: Tile) async throws -> [Hash] {
        if let known = fetched[tile] { return known }
        let rows = size >> UInt64(tile.level * Tile.height)
        let width = Int(min(UInt64(Tile.width), rows - min(rows, tile.index * UInt64(Tile.width))))
        guard width > 0 else { throw CustodyError(.peerMisbehaves, "the log has no such tile", at: pull.origin) }
        let path = "/" + Tile.path(level: tile.level, index: tile.index, width: width)
        let bytes = try await pull.fetch(path, maxBytes: Tile.width * Hash.byteCount)
        let hashes = Hash.list(bytes)
        guard hashes.count == width else {
            throw CustodyError(.peerMisbehaves, "a tile is malformed", at: "\(pull.client.address)\(path)")
        }
        fetched[tile] = hashes
        return hashes
    }
}
