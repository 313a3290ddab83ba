import GRDBSQLite
import Foundation

/// The reference: the same bytes, inserted in the same batches into a table of their own, with SQLite's bare C API and
/// the same durability.
final class PlainSQLite {
    private var database: OpaquePointer?
    private var insert: OpaquePointer?
    private var next: Int64 = 0

    init(path: String) {
        precondition(sqlite3_open(path, &database) == SQLITE_OK)
        execute("PRAGMA journal_mode = WAL")
        execute("PRAGMA synchronous = FULL")
        execute("CREATE TABLE entry (id INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT")
        precondition(sqlite3_prepare_v3(database, "INSERT INTO entry VALUES (?, ?)", -1, 1, &insert, nil) == SQLITE_OK)
    }

    deinit {
        sqlite3_finalize(insert)
        sqlite3_close(database)
    }

    func commit(_ batch: ArraySlice<[UInt8]>) {
        execute("BEGIN IMMEDIATE")
        for bytes in batch {
            sqlite3_bind_int64(insert, 1, next)
            next += 1
            bytes.withUnsafeBytes { bytes in
                _ = sqlite3_bind_blob64(insert, 2, bytes.baseAddress, UInt64(bytes.count), nil)
                precondition(sqlite3_step(insert) == SQLITE_DONE)
            }
            sqlite3_reset(insert)
        }
        execute("COMMIT")
    }

    private func execute(_ sql: String) { precondition(sqlite3_exec(database, sql, nil, nil, nil) == SQLITE_OK) }
}
