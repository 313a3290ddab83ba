import Foundation
import GRDB
import Ledger

/// What a gateway keeps about its own log beside the log, by name.
enum Keeping: String {
    case doubt
    /// Since when the newest head is surely on disk outside the database.
    case headKept = "head-kept"
}

extension LedgerTransaction {
    private func keep(_ value: String, as name: Keeping) throws {
        try database.execute(
            sql: "INSERT OR REPLACE INTO keeping VALUES (?, ?)", arguments: [name.rawValue, value])
    }

    /// Marks the database: whoever opens it next opens the next generation. The first doubt stays.
    public func set(doubt: Doubt) throws {
        guard try snapshot.doubt() == nil else { return }
        try keep(String(decoding: try JSONEncoder().encode(doubt), as: UTF8.self), as: .doubt)
    }

    /// Notes that the newest head is kept outside the database from now on.
    public func noteHeadKept(at time: Int64) throws { try keep("\(time)", as: .headKept) }

    /// Lets go of this gateway's own log, which becomes one that it mirrors. The doubt about it is settled by that.
    ///
    /// Entries from `common` on leave it and are kept aside: they were signed beside others of the same indexes.
    /// - Parameter head: the newest one that somebody else has, for which the missing entries can be pulled.
    public func leave(_ log: LogRecord, common: UInt64?, head: SignedNote?) throws {
        if let common, common < log.size { try takeBack(from: common, of: log) }
        if let head { try keep(head, size: try Checkpoint(text: head.text).size, of: log.id, stored: false) }
        try database.execute(sql: "UPDATE log SET own = 0 WHERE id = ?", arguments: [log.id])
        changedLogs.insert(log.id)
        try database.execute(sql: "DELETE FROM keeping")
    }

    private func takeBack(from start: UInt64, of log: LogRecord) throws {
        try snapshot.forEachEntry(log: log.id, from: start, to: log.size) { index, bytes in
            try database.execute(
                sql: "INSERT INTO taken_back (origin, idx, hash, bytes) VALUES (?, ?, ?, ?)",
                arguments: [
                    log.origin, Int64(clamping: index), Data(Hash.leaf(Array(bytes)).bytes), Data(Array(bytes)),
                ])
        }
        let first = EntryID(log: log.id, index: start).rawValue
        let next = EntryID(log: log.id + 1, index: 0).rawValue
        try database.execute(sql: "DELETE FROM entry WHERE id >= ? AND id < ?", arguments: [first, next])
        // A tile of level l covers 256^(l + 1) entries.
        try database.execute(
            sql: "DELETE FROM tile WHERE log = ? AND ((idx + 1) << (8 * (level + 1))) > ?",
            arguments: [log.id, Int64(clamping: start)])
        for table in ["checkpoint", "cosignature", "time_stamp"] {
            let column = table == "checkpoint" ? "id" : "checkpoint"
            try database.execute(
                sql: "DELETE FROM \(table) WHERE \(column) > ? AND \(column) < ?", arguments: [first, next])
        }
        try database.execute(
            sql: "UPDATE log SET size = ?1, confirmed = min(confirmed, ?1) WHERE id = ?2",
            arguments: [Int64(clamping: start), log.id])
        try dropOrderIndex()
    }

    /// Notes where an entry that was taken back has been recorded again.
    public func settle(takenBack id: Int64, as reference: Reference) throws {
        try database.execute(
            sql: "UPDATE taken_back SET recorded_origin = ?, recorded_idx = ?, recorded_hash = ? WHERE id = ?",
            arguments: [
                reference.origin, Int64(clamping: reference.index), Data(reference.leafHash.bytes), id,
            ])
    }

    /// Notes why an entry that was taken back cannot be recorded again.
    public func refuse(takenBack id: Int64, because reason: String) throws {
        try database.execute(sql: "UPDATE taken_back SET refusal = ? WHERE id = ?", arguments: [reason, id])
    }
}
