import Foundation
import GRDB
import Ledger

/// A checkpoint with its cosignatures as they stand in the store, unchecked.
struct StoredCheckpoint {
    let size: UInt64
    let note: String
    let stored: Bool
    let cosignatures: [Cosignature]
}

extension LedgerSnapshot {
    func checkpoints(of log: Int64) throws -> [StoredCheckpoint] {
        let rows = try Row.fetchAll(
            database, sql: "SELECT id, note, stored FROM checkpoint WHERE id >= ? AND id < ? ORDER BY id",
            arguments: [EntryID(log: log, index: 0).rawValue, EntryID(log: log + 1, index: 0).rawValue])
        return try rows.map { row in
            let size = EntryID(rawValue: row[0]).index
            return StoredCheckpoint(
                size: size, note: row[1], stored: row[2], cosignatures: try cosignatures(size: size, of: log))
        }
    }

    func storedTile(_ tile: Tile, log: Int64) throws -> (hashes: [Hash], root: Hash)? {
        let statement = try database.cachedStatement(
            sql: "SELECT hashes, root FROM tile WHERE log = ? AND level = ? AND idx = ?")
        statement.bind(log, at: 1)
        statement.bind(Int64(tile.level), at: 2)
        statement.bind(Int64(clamping: tile.index), at: 3)
        var stored: (hashes: [Hash], root: Hash)?
        try statement.forEachRow { row in stored = Hash(row.blob(1)).map { (Hash.list(row.blob(0)), $0) } }
        return stored
    }

    /// A row of the sequence of applied updates.
    struct AppliedRow {
        let sequence: Int64
        let entry: EntryID
        let order: Int64
        let verdict: Verdict
    }

    func forEachApplied(_ body: (AppliedRow) throws -> Void) throws {
        let statement = try database.makeStatement(
            sql: "SELECT sequence, entry, \"order\", rejection, message FROM applied ORDER BY sequence")
        try statement.forEachRow { row in
            let verdict =
                row.isNull(3) ? Verdict.accepted : Self.verdict(rejection: row.text(3), message: row.text(4))
            try body(
                AppliedRow(
                    sequence: row.integer(0), entry: EntryID(rawValue: row.integer(1)), order: row.integer(2),
                    verdict: verdict))
        }
    }

    /// The entries of one log, for reading them mostly in their order.
    func entryRun(log: Int64) throws -> RowRun {
        let statement = try database.makeStatement(
            sql: "SELECT id, bytes FROM entry WHERE id >= ? AND id < ? ORDER BY id")
        return RowRun(statement, end: EntryID(log: log + 1, index: 0).rawValue)
    }

    /// The orders with their names, for reading them mostly in their order.
    func orderRun() throws -> RowRun {
        let statement = try database.makeStatement(
            sql: "SELECT id, name FROM \"order\" WHERE id >= ? AND id < ? ORDER BY id")
        return RowRun(statement, end: .max)
    }

    /// What a stored entry says.
    /// - Throws: `CustodyError` with code `entry-malformed` if it is no update, or is not there.
    func update(at reference: Reference) throws -> Update {
        guard let log = try log(reference.origin), let bytes = try entry(log: log.id, index: reference.index),
            let update = try Entry(bytes: bytes).update
        else { throw CustodyError(.entryMalformed, "no update stands at \(reference.origin):\(reference.index)") }
        return update
    }

    /// A log's updates below an index that have a verdict or wait for one.
    func judgedCount(log: Int64, below index: UInt64) throws -> Int {
        let range: StatementArguments = [
            EntryID(log: log, index: 0).rawValue, EntryID(log: log, index: index).rawValue,
        ]
        return try ["applied", "waiting"].reduce(0) { sum, table in
            let sql = "SELECT count(DISTINCT entry) FROM \(table) WHERE entry >= ? AND entry < ?"
            return try sum + (Int.fetchOne(database, sql: sql, arguments: range) ?? 0)
        }
    }

    /// Logs of which entries have never been given to the order index.
    func unjudged() throws -> [String] {
        try logs().filter { try progress(of: $0.id).next < $0.size }.map(\.origin)
    }

    /// What is known of an entry that stands outside an order's thread.
    func elsewhere(_ reference: Reference) throws -> OrderThread.Elsewhere {
        guard let log = try log(reference.origin), reference.index < log.size,
            let bytes = try entry(log: log.id, index: reference.index), Hash.leaf(bytes) == reference.leafHash,
            let update = try Entry(bytes: bytes).update,
            let verdict = try verdict(of: EntryID(log: log.id, index: reference.index), order: update.order)
        else { return .absent }
        return .decided(order: update.order, verdict: verdict)
    }
}
