import Foundation
import GRDB
import Ledger

/// A log as this store has it.
public struct LogRecord: Hashable, Sendable {
    /// Entries of one log: the largest size that this store can hold.
    public static let sizeMax: UInt64 = 1 << 40 - 1

    /// Its number in this store.
    public let id: Int64
    public let origin: String
    public let key: VerifierKey
    /// Whether this gateway is its writer.
    public let own: Bool
    public let size: UInt64
    /// Entries below this index are cosigned by the quorum.
    public let confirmed: UInt64
    /// The last entry that counts, if the log has been revoked.
    public let lastCounted: UInt64?
    /// Why nothing more is taken from it, if so.
    public let frozen: String?
    /// Entries that are as they must be, if it is frozen and somebody knows how many: those that all branches of a forked log
    /// have, or those before a broken one.
    public let common: UInt64?
    /// Whether it is no member's: its entries are any bytes, and nobody judges them.
    public let isForeign: Bool

    /// Whether entries up to this size may still come: of a frozen log, those that are as they must be.
    public func takes(upTo size: UInt64) -> Bool { frozen == nil || size <= common ?? 0 }

    /// Why an entry is doubted, if its log is not as it must be from there on.
    public func frozen(at index: UInt64) -> String? { index < common ?? 0 ? nil : frozen }

    /// Whether evidence says more of the log than is known: that it is to be frozen, or a smaller size up to which it counts.
    public func isNews(_ offence: LogEvidence.Offence) -> Bool {
        frozen == nil || offence.common ?? .max < common ?? .max
    }

    /// Whether an entry is cosigned by the quorum, and counts.
    public func isConfirmed(_ index: UInt64) -> Bool {
        index < confirmed && index <= lastCounted ?? .max && index < common ?? .max
    }
}

/// What can be read of the ledger, inside `LedgerStore.read`: one consistent moment.
public struct LedgerSnapshot {
    let database: Database

    // MARK: Rules

    public func rulebook() throws -> Rulebook {
        Rulebook(
            documents: try documents().map { try ConsortiumDocument(text: $0.text) },
            contracts: try String.fetchAll(database, sql: "SELECT text FROM contract").map { try Contract(text: $0) })
    }

    /// The consortium documents as they were signed, oldest first.
    public func documents() throws -> [SignedNote] {
        try String.fetchAll(database, sql: "SELECT note FROM document ORDER BY version").map {
            try SignedNote(encoded: $0)
        }
    }

    // MARK: Logs

    /// The members' logs.
    /// - Parameter withForeign: whether to add those that this gateway mirrors although no member writes them.
    public func logs(withForeign: Bool = false) throws -> [LogRecord] {
        try logs(where: withForeign ? "TRUE" : "is_foreign = 0", [])
    }

    public func log(_ origin: String) throws -> LogRecord? { try logs(where: "origin = ?", [origin]).first }

    /// - Parameter id: its number in this store.
    public func log(id: Int64) throws -> LogRecord? { try logs(where: "id = ?", [id]).first }

    /// The log that this gateway writes.
    public func ownLog() throws -> LogRecord? { try logs(where: "own = 1 ORDER BY id DESC", []).first }

    private func logs(where condition: String, _ arguments: StatementArguments) throws -> [LogRecord] {
        let statement = try database.cachedStatement(
            sql: """
                SELECT id, origin, vkey, own, size, confirmed, frozen, counted, is_foreign, common FROM log WHERE \(condition)
                """)
        return try Row.fetchAll(statement, arguments: arguments).map { row in
            LogRecord(
                id: row[0], origin: row[1], key: try VerifierKey(vkey: row[2]), own: row[3],
                size: UInt64(row[4] as Int64), confirmed: UInt64(row[5] as Int64),
                lastCounted: (row[7] as Int64?).map { UInt64($0) }, frozen: row[6],
                common: (row[9] as Int64?).map { UInt64($0) }, isForeign: row[8])
        }
    }

    /// The bytes of one entry.
    public func entry(log: Int64, index: UInt64) throws -> [UInt8]? {
        let statement = try database.cachedStatement(sql: "SELECT bytes FROM entry WHERE id = ?")
        return try Data.fetchOne(statement, arguments: [EntryID(log: log, index: index).rawValue]).map { [UInt8]($0) }
    }

    /// The bytes of `count` entries from `start`, fewer where the log ends.
    public func entries(log: Int64, from start: UInt64, count: Int) throws -> [[UInt8]] {
        let statement = try database.cachedStatement(
            sql: "SELECT bytes FROM entry WHERE id >= ? AND id < ? ORDER BY id")
        let first = EntryID(log: log, index: start).rawValue
        return try Data.fetchAll(statement, arguments: [first, first + Int64(count)]).map { [UInt8]($0) }
    }

    /// Calls `body` with each entry's place in SQLite's own memory, without a copy.
    public func forEachEntry(
        log: Int64, from start: UInt64, to end: UInt64, _ body: (UInt64, UnsafeRawBufferPointer) throws -> Void
    ) throws {
        let statement = try database.makeStatement(
            sql: "SELECT id, bytes FROM entry WHERE id >= ? AND id < ? ORDER BY id")
        statement.bind(EntryID(log: log, index: start).rawValue, at: 1)
        statement.bind(EntryID(log: log, index: end).rawValue, at: 2)
        try statement.forEachRow { try body(EntryID(rawValue: $0.integer(0)).index, $0.blob(1)) }
    }

    // MARK: Tree

    /// The hash of a complete subtree of a log's stored tree, from its full tiles and, at the edge, its entries.
    /// - Throws: `CustodyError` with code `node-missing`.
    public func hash(of node: TreeNode, log: Int64) throws -> Hash {
        let hashes = try hashes(of: node.tile, slots: node.slots, log: log)
        guard hashes.count == node.slots.count else {
            throw CustodyError(.nodeMissing, "the tree has no node \(node.index) at level \(node.level)")
        }
        return MerkleProof.root(ofSubtree: hashes)
    }

    /// Some of the hashes of a tile, full or not.
    public func hashes(of tile: Tile, slots: Range<Int>, log: Int64) throws -> [Hash] {
        if let full = try full(tile, log: log) { return Array(full[slots]) }
        let first = tile.index << UInt64(Tile.height) + UInt64(slots.lowerBound)
        if tile.level == 0 {
            return try entries(log: log, from: first, count: slots.count).map { Hash.leaf($0) }
        }
        let statement = try database.cachedStatement(
            sql: "SELECT root FROM tile WHERE log = ? AND level = ? AND idx >= ? AND idx < ? ORDER BY idx")
        return try Data.fetchAll(
            statement,
            arguments: [log, tile.level - 1, Int64(first), Int64(first) + Int64(slots.count)]
        ).compactMap { Hash(bytes: $0) }
    }

    private func full(_ tile: Tile, log: Int64) throws -> [Hash]? {
        let statement = try database.cachedStatement(
            sql: "SELECT hashes FROM tile WHERE log = ? AND level = ? AND idx = ?")
        guard let data = try Data.fetchOne(statement, arguments: [log, tile.level, Int64(clamping: tile.index)]) else {
            return nil
        }
        let hashes = Hash.list(data)
        guard hashes.count == Tile.width else {
            throw CustodyError(.nodeMissing, "tile \(tile.index) of level \(tile.level) is damaged")
        }
        return hashes
    }

    /// The root that a log's stored tree had when it was `size` entries long.
    public func root(of log: Int64, size: UInt64) throws -> Hash? {
        guard let nodes = MerkleProof.nodes(from: 0, to: size) else { return nil }
        return MerkleProof.fold(try nodes.map { try hash(of: $0, log: log) })
    }

    /// The root that a log's tree had at a size, from the head of that size where it is kept; nil where the tree is smaller.
    public func knownRoot(of log: LogRecord, size: UInt64) throws -> Hash? {
        guard size > 0, size <= log.size else { return nil }
        if let head = try checkpoint(size: size, of: log.id) { return try Checkpoint(text: head.text).root }
        return try root(of: log.id, size: size)
    }

    /// The hashes of a proof over a log's stored tree.
    /// - Parameter plan: as `MerkleProof` makes it.
    public func proof(_ plan: [[TreeNode]], log: Int64) throws -> [Hash] {
        try MerkleProof.proof(plan) { try hash(of: $0, log: log) }
    }

    /// Where a log stands, read back from what is stored.
    /// - Throws: `CustodyError` with code `node-missing` or `entry-malformed`.
    public func state(of log: LogRecord) throws -> Log {
        var rows: [[Hash]] = []
        var level = 0
        while log.size >> UInt64(level * Tile.height) > 0 {
            let width = log.size >> UInt64(level * Tile.height)
            let tile = Tile(level: level, index: width >> UInt64(Tile.height))
            rows.append(try hashes(of: tile, slots: 0..<Int(width % UInt64(Tile.width)), log: log.id))
            level += 1
        }
        guard let tree = MerkleTree(size: log.size, partialRows: rows) else {
            throw CustodyError(
                .nodeMissing, "the stored tree of \(log.origin) is incomplete", at: log.origin,
                remedy: "run custody verify, then restore from the mirrors")
        }
        guard log.size > 0, let bytes = try entry(log: log.id, index: log.size - 1) else {
            return Log(origin: log.origin)
        }
        guard !log.isForeign else { return Log(origin: log.origin, tree: tree, last: Hash.leaf(bytes)) }
        return Log(
            origin: log.origin, tree: tree, last: Hash.leaf(bytes), recordedAt: try Entry(bytes: bytes).recordedAt,
            documentVersion: try progress(of: log.id).floor)
    }

    // MARK: Checkpoints

    /// The newest checkpoint of a log whose entries are all stored, with the cosignatures that are known.
    public func head(of log: Int64) throws -> SignedNote? {
        try checkpoint(where: "stored = 1", of: log)?.note
    }

    /// What that checkpoint says.
    public func headCheckpoint(of log: Int64) throws -> Checkpoint? {
        try newest(where: "stored = 1", of: log).map { try Checkpoint(text: SignedNote(encoded: $0.note).text) }
    }

    /// Entries below the mirror checkpoint (C2SP tlog-mirror): the newest head of which all are stored.
    public func mirroredSize(of log: LogRecord) throws -> UInt64 {
        try newest(where: "stored = 1", of: log.id)?.id.index ?? 0
    }

    /// The newest checkpoint that was taken, whether or not its entries are here.
    public func pendingHead(of log: Int64) throws -> (size: UInt64, note: SignedNote)? {
        try checkpoint(where: "TRUE", of: log)
    }

    /// The newest checkpoint that the quorum has cosigned.
    public func confirmedHead(of log: LogRecord) throws -> SignedNote? {
        try checkpoint(size: log.confirmed, of: log.id)
    }

    /// A checkpoint of exactly this size.
    public func checkpoint(size: UInt64, of log: Int64) throws -> SignedNote? {
        guard size <= LogRecord.sizeMax else { return nil }
        let id = EntryID(log: log, index: size).rawValue
        let statement = try database.cachedStatement(sql: "SELECT note FROM checkpoint WHERE id = ?")
        let text = try String.fetchOne(statement, arguments: [id])
        return try text.map { try cosigned(try SignedNote(encoded: $0), id: id) }
    }

    private func checkpoint(where condition: String, of log: Int64) throws -> (size: UInt64, note: SignedNote)? {
        try newest(where: condition, of: log).map { id, note in
            (id.index, try cosigned(try SignedNote(encoded: note), id: id.rawValue))
        }
    }

    private func newest(where condition: String, of log: Int64) throws -> (id: EntryID, note: String)? {
        let statement = try database.cachedStatement(
            sql: "SELECT id, note FROM checkpoint WHERE id >= ? AND id < ? AND \(condition) ORDER BY id DESC LIMIT 1")
        let range: StatementArguments = [
            EntryID(log: log, index: 0).rawValue, EntryID(log: log + 1, index: 0).rawValue,
        ]
        return try Row.fetchOne(statement, arguments: range).map { (EntryID(rawValue: $0[0]), $0[1]) }
    }

    private func cosigned(_ note: SignedNote, id: Int64) throws -> SignedNote {
        let statement = try database.cachedStatement(
            sql: "SELECT line FROM cosignature WHERE checkpoint = ? ORDER BY cosigner")
        let lines = try String.fetchAll(statement, arguments: [id])
        return try note.adding(lines.map { try NoteSignature(line: $0) })
    }

    /// Who cosigned the checkpoint of a size, and when.
    public func cosignatures(size: UInt64, of log: Int64) throws -> [Cosignature] {
        guard size <= LogRecord.sizeMax else { return [] }
        let statement = try database.cachedStatement(
            sql: "SELECT cosigner, time, line FROM cosignature WHERE checkpoint = ? ORDER BY cosigner")
        return try Row.fetchAll(statement, arguments: [EntryID(log: log, index: size).rawValue]).map {
            Cosignature(cosigner: $0[0], time: UInt64($0[1] as Int64), line: $0[2])
        }
    }

    /// The organisations that cosigned the checkpoint of a size with the keys that a document lists.
    public func cosigners(size: UInt64, of log: Int64, by document: ConsortiumDocument?) throws -> [String] {
        try cosignatures(size: size, of: log).filter { cosignature in
            document?.organisation(cosignature.cosigner)?.cosigner.keyID == cosignature.keyID
        }.map(\.cosigner)
    }

    /// The largest size of a log that each organisation has cosigned.
    public func cosignedSizes(of log: Int64) throws -> [String: UInt64] {
        let rows = try Row.fetchAll(
            database,
            sql: """
                SELECT cosigner, max(checkpoint) FROM cosignature WHERE checkpoint >= ? AND checkpoint < ? GROUP BY cosigner
                """,
            arguments: [EntryID(log: log, index: 0).rawValue, EntryID(log: log + 1, index: 0).rawValue])
        return Dictionary(uniqueKeysWithValues: rows.map { ($0[0] as String, EntryID(rawValue: $0[1]).index) })
    }

    /// What convicts a frozen log.
    public func evidence(against log: Int64) throws -> LogEvidence? {
        let file = try String.fetchOne(database, sql: "SELECT file FROM conviction WHERE log = ?", arguments: [log])
        return try file.map { try LogEvidence(bytes: Array($0.utf8)) }
    }
}

extension CustodyError.Code {
    public static let nodeMissing: Self = "node-missing"
}
