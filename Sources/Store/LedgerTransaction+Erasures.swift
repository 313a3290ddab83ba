import Foundation
import GRDB
import Ledger

extension LedgerTransaction {
    /// Enters an erasure that stands in a log. If it holds, what it erases is destroyed as soon as this transaction is on
    /// disk.
    public func enter(_ erasure: Erasure, index: UInt64, log: LogRecord) throws {
        try enter(erasure, at: EntryID(log: log.id, index: index), origin: log.origin)
    }

    private func enter(_ erasure: Erasure, at entry: EntryID, origin: String) throws {
        let target = try target(of: erasure)
        var state = ErasureRecord.State.waiting
        var message: String?
        if let target {
            switch target.update.map({ rulebook.judge(erasure, from: origin, of: $0) }) {
            case .waiting: break
            case .erases: state = .due
            case .refused(_, let reason): (state, message) = (.refused, reason)
            case nil: (state, message) = (.refused, "the entry that it names is no update")
            }
        }
        if state == .due { hasDueErasures = true }
        if state == .waiting { hasWaitingErasures = true }
        try database.execute(
            sql: "INSERT OR REPLACE INTO erasure VALUES (?, ?, ?, ?, ?, ?, ?)",
            arguments: [
                entry.rawValue, Data(erasure.update.leafHash.bytes), target?.entry.rawValue, erasure.order,
                erasure.fact, state.rawValue, message,
            ])
    }

    /// The entry that an erasure names, if it is here.
    private func target(of erasure: Erasure) throws -> (entry: EntryID, update: Update?)? {
        try snapshot.stored(erasure.update).map { ($0.id, $0.update) }
    }

    /// Judges again the erasures that waited for an entry that has now come.
    func settleErasures(of entry: Hash) throws {
        guard hasWaitingErasures else { return }
        try enterAgain("state = 'waiting' AND target = ?", [Data(entry.bytes)])
    }

    /// Judges again the erasures that waited for a document or a contract.
    func settleErasures() throws { try enterAgain("state = 'waiting' AND place IS NOT NULL", []) }

    private func enterAgain(_ condition: String, _ arguments: StatementArguments) throws {
        let statement = try database.cachedStatement(sql: "SELECT entry FROM erasure WHERE \(condition)")
        for id in try Int64.fetchAll(statement, arguments: arguments).map(EntryID.init(rawValue:)) {
            guard let log = try snapshot.log(id: id.log), let bytes = try snapshot.entry(log: id.log, index: id.index),
                case .erasure(let erasure) = try Entry(bytes: bytes).body
            else { continue }
            try enter(erasure, at: id, origin: log.origin)
        }
    }

    /// Destroys the keys of everything that has been erased, and then what rested under them.
    func destroyErased() throws {
        let rows = try Row.fetchAll(
            database,
            sql: """
                SELECT private.entry, private.fact, private.commitment, private.slot, private.opened FROM erasure
                JOIN private ON private.entry = erasure.place AND private.fact = erasure.fact
                WHERE erasure.state = 'due'
                """)
        for row in rows { try forgetScans(of: row) }
        try keys.destroy(rows.map { $0[3] })
        for row in rows {
            let key: StatementArguments = [row[0] as Int64, row[1] as String, row[2] as Data]
            try forgetDocument(at: key)
            for table in ["sealed", "private", "document_file"] {
                try database.execute(
                    sql: "DELETE FROM \(table) WHERE entry = ? AND fact = ? AND commitment = ?", arguments: key)
            }
        }
        try database.execute(sql: "UPDATE erasure SET state = 'done' WHERE state = 'due'")
    }
}

extension LedgerTransaction {
    /// Its key is gone already: the file is noise, and its room is wanted.
    private func forgetDocument(at key: StatementArguments) throws {
        let file = try Data.fetchOne(
            database,
            sql: """
                SELECT file FROM document_file AS one WHERE entry = ? AND fact = ? AND commitment = ?
                AND (SELECT count(*) FROM document_file AS other WHERE other.file = one.file) = 1
                """, arguments: key)
        guard let file = file.flatMap({ Hash(bytes: $0) }) else { return }
        try documents.remove(file)
    }

    /// The value is needed for finding it, so this comes before its key goes.
    private func forgetScans(of row: Row) throws {
        let entry = EntryID(rawValue: row[0])
        guard let box = row[4] as Data?, let commitment = Hash(bytes: row[2] as Data),
            let key = try keys.key(in: row[3]),
            let bytes = RestingBox.open([UInt8](box), key: key, purpose: LedgerSnapshot.purpose(commitment)),
            let disclosure = try? Disclosure(encoded: String(decoding: bytes, as: UTF8.self)),
            let log = try snapshot.log(id: entry.log)
        else { return }
        try scans.forget(disclosure.value, recordedIn: "\(log.origin):\(entry.index)")
    }
}

extension LedgerSnapshot {
    /// Erasures that name an order, oldest first as this store got them.
    public func erasures(ofOrder order: String) throws -> [ErasureRecord] {
        // A store that was written by an earlier release and is only read.
        guard try database.tableExists("erasure") else { return [] }
        return try Row.fetchAll(
            database, sql: "SELECT entry, state, message FROM erasure WHERE \"order\" = ? ORDER BY entry",
            arguments: [order]
        ).compactMap { row in
            let id = EntryID(rawValue: row[0])
            guard let log = try log(id: id.log), let bytes = try entry(log: id.log, index: id.index),
                let state = ErasureRecord.State(rawValue: row[1])
            else { return nil }
            let entry = try Entry(bytes: bytes)
            guard case .erasure(let erasure) = entry.body else { return nil }
            return ErasureRecord(
                reference: Reference(origin: log.origin, index: id.index, leafHash: Hash.leaf(bytes)), erasure: erasure,
                recordedAt: entry.recordedAt, state: state, message: row[2])
        }
    }

    /// Whether a private fact of an update has been erased by somebody who may.
    public func isErased(_ fact: String, of update: Hash) throws -> Bool {
        let statement = try database.cachedStatement(
            sql: "SELECT 1 FROM erasure WHERE target = ? AND fact = ? AND state IN ('due', 'done')")
        return try Int.fetchOne(statement, arguments: [Data(update.bytes), fact]) != nil
    }

    /// Whether an erasure names something that has not come.
    func hasWaitingErasures() throws -> Bool {
        try Bool.fetchOne(database, sql: "SELECT EXISTS (SELECT 1 FROM erasure WHERE state = 'waiting')") ?? false
    }

    /// The entry that a reference names, if it is here as it is named.
    func stored(_ reference: Reference) throws -> (id: EntryID, update: Update?)? {
        guard let log = try log(reference.origin), reference.index < log.size,
            let bytes = try entry(log: log.id, index: reference.index), Hash.leaf(bytes) == reference.leafHash
        else { return nil }
        return (EntryID(log: log.id, index: reference.index), try Entry(bytes: bytes).update)
    }
}
