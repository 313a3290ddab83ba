import Foundation
import GRDB
import Ledger

/// What can be written to the ledger, inside `LedgerStore.write`.
public final class LedgerTransaction {
    let database: Database
    let index: OrderIndex
    let keys: KeyFile
    let scans: ErasedScans
    let documents: DocumentFolder
    /// Keys by slot, to be on disk before the transaction is.
    var newKeys: [Int64: [UInt8]] = [:]
    /// As `LogChanges` tells of them.
    var changedLogs: Set<Int64> = []
    /// Whether something was erased, which is to be destroyed once the transaction is on disk.
    var hasDueErasures = false
    lazy var hasWaitingErasures = (try? snapshot.hasWaitingErasures()) ?? true

    private var prepared: [Prepared: Statement] = [:]

    init(
        database: Database, index: OrderIndex, keys: KeyFile, scans: ErasedScans, documents: DocumentFolder
    ) {
        self.database = database
        self.index = index
        self.keys = keys
        self.scans = scans
        self.documents = documents
    }

    /// Statements of the append, looked up once a transaction: looking them up by their text costs as much as running
    /// them.
    enum Prepared: String {
        case entry = "INSERT INTO entry VALUES (?, ?)"
        case applied = "INSERT INTO applied (entry, \"order\", rejection, message) VALUES (?, ?, ?, ?)"
        case order = "INSERT INTO \"order\" (name) VALUES (?)"
        case number = "INSERT OR IGNORE INTO number VALUES (?, ?)"
        case subject = "INSERT OR IGNORE INTO subject VALUES (?, ?)"
        case mark = "INSERT OR IGNORE INTO mark VALUES (?, ?)"
    }

    func statement(_ key: Prepared) throws -> Statement {
        if let known = prepared[key] { return known }
        let statement = try database.cachedStatement(sql: key.rawValue)
        prepared[key] = statement
        return statement
    }

    public var rulebook: Rulebook { index.rulebook }

    /// The same view that readers have, with what this transaction has written so far.
    public var snapshot: LedgerSnapshot { LedgerSnapshot(database: database) }

    // MARK: Rules

    /// Enters a document that counts: the first version, or one that its predecessor's quorum has signed.
    public func add(document note: SignedNote) throws {
        let document = try ConsortiumDocument(text: note.text)
        let statement = try database.cachedStatement(
            sql: "INSERT INTO document VALUES (?, ?, ?) ON CONFLICT (hash) DO UPDATE SET note = excluded.note")
        statement.bind(document.hash, at: 1)
        statement.bind(Int64(document.version), at: 2)
        statement.bind(note.encoded, at: 3)
        try statement.run()
        for (origin, last) in document.revoked {
            try database.execute(
                sql: "UPDATE log SET counted = ? WHERE origin = ?", arguments: [Int64(clamping: last), origin])
        }
        try reloadRulebook()
        try settleErasures()
    }

    public func add(contract: Contract) throws {
        let statement = try database.cachedStatement(sql: "INSERT OR IGNORE INTO contract VALUES (?, ?)")
        statement.bind(contract.hash, at: 1)
        statement.bind(contract.text, at: 2)
        try statement.run()
        try reloadRulebook()
        try wake(waitingFor: contract.hash)
        try settleErasures()
    }

    private func reloadRulebook() throws { index.rulebook = try snapshot.rulebook() }

    // MARK: Logs

    /// Enters a log that this gateway keeps or mirrors.
    /// - Parameter isForeign: whether no member writes it.
    /// - Returns: its number in this store.
    public func createLog(origin: String, key: VerifierKey, own: Bool, isForeign: Bool = false) throws -> Int64 {
        let statement = try database.cachedStatement(
            sql: "INSERT INTO log (origin, vkey, own, is_foreign, counted) VALUES (?, ?, ?, ?, ?)")
        statement.bind(origin, at: 1)
        statement.bind(key.vkey, at: 2)
        statement.bind(Int64(own ? 1 : 0), at: 3)
        statement.bind(Int64(isForeign ? 1 : 0), at: 4)
        if let last = rulebook.latest?.lastCounted(of: origin) {
            statement.bind(Int64(clamping: last), at: 5)
        } else {
            statement.bindNull(at: 5)
        }
        try statement.run()
        changedLogs.insert(database.lastInsertedRowID)
        return database.lastInsertedRowID
    }

    /// Appends entries to a log, in order, with the tiles that they filled.
    public func append(_ entries: [SealedEntry], full tiles: [FullTile], to log: Int64) throws {
        guard let last = entries.last else { return }
        let statement = try statement(.entry)
        // By place: a copy of an entry would count references to all that it holds.
        for place in entries.indices {
            statement.bind(EntryID(log: log, index: entries[place].index).rawValue, at: 1)
            try statement.run(binding: entries[place].bytes, at: 2)
        }
        for tile in tiles { try store(tile, of: log) }
        try setSize(last.index + 1, of: log)
    }

    /// Appends entries that somebody else sealed.
    /// - Parameters:
    ///   - known: how many of them, from the first, are not appended.
    ///   - index: of the first that is, which is the log's size.
    public func append(
        _ entries: EntryBundle, after known: Int = 0, from index: UInt64, full tiles: [FullTile], to log: Int64
    ) throws {
        let rows = known..<entries.count
        let id = EntryID(log: log, index: index).rawValue - Int64(known)
        try entries.withPointers { entries in
            for start in stride(from: known, to: rows.upperBound, by: Self.rowsAtOnce) {
                let some = start..<min(start + Self.rowsAtOnce, rows.upperBound)
                try insert(some, from: id, entries)
            }
        }
        for tile in tiles { try store(tile, of: log) }
        try setSize(index + UInt64(rows.count), of: log)
    }

    /// Entries that one statement inserts, because each statement costs its beginning and its end.
    private static let rowsAtOnce = 32
    private static let inserts = (0...rowsAtOnce).map {
        "INSERT INTO entry VALUES " + repeatElement("(?, ?)", count: $0).joined(separator: ", ")
    }

    /// - Parameter id: of the entry at place 0.
    private func insert(_ places: Range<Int>, from id: Int64, _ entries: (Int) -> UnsafeRawBufferPointer) throws {
        let statement = try database.cachedStatement(sql: Self.inserts[places.count])
        defer { statement.clear() }
        var parameter: Int32 = 1
        for place in places {
            statement.bind(id + Int64(place), at: parameter)
            statement.bind(borrowing: entries(place), at: parameter + 1)
            parameter += 2
        }
        try statement.run()
    }

    private func setSize(_ size: UInt64, of log: Int64) throws {
        let statement = try database.cachedStatement(sql: "UPDATE log SET size = ? WHERE id = ?")
        statement.bind(Int64(size), at: 1)
        statement.bind(log, at: 2)
        try statement.run()
        changedLogs.insert(log)
    }

    private func store(_ full: FullTile, of log: Int64) throws {
        let statement = try database.cachedStatement(sql: "INSERT INTO tile VALUES (?, ?, ?, ?, ?)")
        statement.bind(log, at: 1)
        statement.bind(Int64(full.tile.level), at: 2)
        statement.bind(Int64(full.tile.index), at: 3)
        statement.bind(full.hashes, at: 4)
        statement.bind(full.root, at: 5)
        try statement.run()
    }

    /// Keeps a log's signed checkpoint.
    /// - Parameter stored: whether every entry below it is stored here, so that a mirror may cosign and serve it.
    public func keep(_ note: SignedNote, size: UInt64, of log: Int64, stored: Bool) throws {
        let statement = try database.cachedStatement(
            sql: """
                INSERT INTO checkpoint VALUES (?, ?, ?)
                ON CONFLICT (id) DO UPDATE SET note = excluded.note, stored = max(stored, excluded.stored)
                """)
        statement.bind(EntryID(log: log, index: size).rawValue, at: 1)
        statement.bind(note.encoded, at: 2)
        statement.bind(Int64(stored ? 1 : 0), at: 3)
        try statement.run()
        changedLogs.insert(log)
    }

    /// Checkpoints kept although nobody cosigned them, so that interrupted uploads can be resumed.
    static let pendingCheckpointsMax = 8
    /// Cosigned checkpoints kept beside the confirmed one.
    static let cosignedCheckpointsMax = 64

    /// Forgets checkpoints that newer ones have made useless. The confirmed one always stays.
    public func forgetOldCheckpoints(of log: Int64) throws {
        let range = (EntryID(log: log, index: 0).rawValue, EntryID(log: log + 1, index: 0).rawValue)
        let statement = try database.cachedStatement(
            sql: """
                DELETE FROM checkpoint WHERE id >= ?1 AND id < ?2 AND id <> ?1 + (SELECT confirmed FROM log WHERE id = ?3)
                AND (id < (SELECT id FROM checkpoint WHERE id >= ?1 AND id < ?2 ORDER BY id DESC LIMIT 1 OFFSET ?5)
                    OR (id < (SELECT id FROM checkpoint WHERE id >= ?1 AND id < ?2 ORDER BY id DESC LIMIT 1 OFFSET ?4)
                        AND id NOT IN (SELECT checkpoint FROM cosignature)))
                """)
        try statement.execute(
            arguments: [range.0, range.1, log, Self.pendingCheckpointsMax, Self.cosignedCheckpointsMax])
        guard database.changesCount > 0 else { return }
        try database.execute(
            sql: """
                DELETE FROM cosignature WHERE checkpoint >= ? AND checkpoint < ?
                AND checkpoint NOT IN (SELECT id FROM checkpoint)
                """, arguments: [range.0, range.1])
    }

    /// Keeps cosignatures of a checkpoint. They have been verified.
    public func keep(_ cosignatures: [Cosignature], size: UInt64, of log: Int64) throws {
        let statement = try database.cachedStatement(
            sql: """
                INSERT INTO cosignature VALUES (?, ?, ?, ?) ON CONFLICT (checkpoint, cosigner)
                DO UPDATE SET time = excluded.time, line = excluded.line WHERE excluded.time > time
                """)
        for cosignature in cosignatures {
            try dropUnlisted(before: cosignature, size: size, of: log)
            statement.bind(EntryID(log: log, index: size).rawValue, at: 1)
            statement.bind(cosignature.cosigner, at: 2)
            statement.bind(Int64(cosignature.time), at: 3)
            statement.bind(cosignature.line, at: 4)
            try statement.run()
            try markDoubts(by: cosignature, size: size, of: log)
        }
        changedLogs.insert(log)
    }

    /// A cosignature by a key that the document in force does not list any more does not stand in the way of one that
    /// counts, whatever its time.
    private func dropUnlisted(before cosignature: Cosignature, size: UInt64, of log: Int64) throws {
        let listed = rulebook.latest?.organisation(cosignature.cosigner)?.cosigner.keyID
        guard let listed, cosignature.keyID == listed else { return }
        let id = EntryID(log: log, index: size).rawValue
        let kept = try String.fetchOne(
            database.cachedStatement(sql: "SELECT line FROM cosignature WHERE checkpoint = ? AND cosigner = ?"),
            arguments: [id, cosignature.cosigner])
        guard let kept, try NoteSignature(line: kept).keyID != listed else { return }
        try database.execute(
            sql: "DELETE FROM cosignature WHERE checkpoint = ? AND cosigner = ?", arguments: [id, cosignature.cosigner])
    }

    /// Entries below `size` are confirmed if the quorum of the newest document has cosigned that checkpoint.
    /// - Parameter now: UTC microseconds.
    public func confirm(_ log: LogRecord, size: UInt64, now: Int64) throws {
        guard size > log.confirmed, let document = rulebook.latest else { return }
        let cosigners = try snapshot.cosigners(size: size, of: log.id, by: document).compactMap {
            document.organisation($0)?.cosigner
        }
        guard try document.policy(logs: [log.key]).isSatisfied(by: Set(cosigners)) else { return }
        try database.execute(
            sql: "UPDATE log SET confirmed = max(confirmed, ?) WHERE id = ?", arguments: [Int64(size), log.id])
        changedLogs.insert(log.id)
        try database.execute(
            sql: "INSERT OR IGNORE INTO confirmation VALUES (?, ?, ?)", arguments: [log.id, Int64(size), now])
    }

    /// Keeps what convicts a log, and takes nothing more from it than what is as it must be, whoever shows it.
    /// - Parameters:
    ///   - evidence: has been checked; of two, the one is kept that shows the smaller common size.
    ///   - offence: what the check has found.
    public func freeze(_ log: LogRecord, by evidence: LogEvidence, _ offence: LogEvidence.Offence) throws {
        guard log.isNews(offence) else { return }
        try database.execute(
            sql: "INSERT OR REPLACE INTO conviction VALUES (?, ?)", arguments: [log.id, evidence.encoded])
        try database.execute(
            sql: "UPDATE log SET frozen = ?, common = ? WHERE id = ?",
            arguments: [offence.description, offence.common.map { Int64($0) }, log.id])
        changedLogs.insert(log.id)
    }
}

/// One organisation's word that its mirror holds a checkpoint, or that of a witness or mirror outside the consortium.
public struct Cosignature: Hashable, Sendable {
    /// The organisation's id; of an outside cosigner its vkey, which no organisation can have as id.
    public let cosigner: String
    /// Unix seconds.
    public let time: UInt64
    /// The signature line of the note.
    public let line: String

    /// Of the key that signed; nil for a line that cannot be read.
    public var keyID: UInt32? { try? NoteSignature(line: line).keyID }

    public init(cosigner: String, time: UInt64, line: String) {
        self.cosigner = cosigner
        self.time = time
        self.line = line
    }

    /// The key of a cosigner that is no member; nil for a member's.
    public var outsideKey: VerifierKey? { try? VerifierKey(vkey: cosigner) }
}
