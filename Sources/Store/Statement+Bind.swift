import GRDB
import GRDBSQLite
import Ledger

/// Binding and reading through SQLite's own handle on the hot paths, where GRDB's values would cost a quarter of the
/// time.
extension Statement {
    func bind(_ value: Int64, at place: Int32) { sqlite3_bind_int64(sqliteStatement, place, value) }

    func bind(_ value: Double, at place: Int32) { sqlite3_bind_double(sqliteStatement, place, value) }

    func bind(_ bytes: [UInt8], at place: Int32) {
        _ = bytes.withUnsafeBytes {
            sqlite3_bind_blob64(sqliteStatement, place, $0.baseAddress, UInt64($0.count), transient)
        }
    }

    func bind(_ hash: Hash, at place: Int32) {
        _ = hash.withUnsafeBytes {
            sqlite3_bind_blob64(sqliteStatement, place, $0.baseAddress, UInt64($0.count), transient)
        }
    }

    func bind(_ hashes: [Hash], at place: Int32) {
        _ = hashes.withUnsafeBytes {
            sqlite3_bind_blob64(sqliteStatement, place, $0.baseAddress, UInt64($0.count), transient)
        }
    }

    func bind(_ text: String, at place: Int32) {
        var text = text
        _ = text.withUTF8 {
            sqlite3_bind_text(
                sqliteStatement, place, UnsafeRawPointer($0.baseAddress)?.assumingMemoryBound(to: CChar.self),
                Int32($0.count), transient)
        }
    }

    /// Runs with a large blob as the last parameter, without a copy of it.
    func run(binding bytes: [UInt8], at place: Int32) throws {
        try bytes.withUnsafeBytes {
            sqlite3_bind_blob64(sqliteStatement, place, $0.baseAddress, UInt64($0.count), nil)
            try run()
        }
        bindNull(at: place)
    }

    /// Binds a blob without a copy of it: it must stay where it is until the statement has run and is cleared.
    func bind(borrowing bytes: UnsafeRawBufferPointer, at place: Int32) {
        // Without an address it would be NULL, and an empty blob is none.
        if let start = bytes.baseAddress, !bytes.isEmpty {
            sqlite3_bind_blob64(sqliteStatement, place, start, UInt64(bytes.count), nil)
        } else {
            sqlite3_bind_zeroblob(sqliteStatement, place, 0)
        }
    }

    /// Takes all parameters away.
    func clear() { sqlite3_clear_bindings(sqliteStatement) }

    func bindNull(at place: Int32) { sqlite3_bind_null(sqliteStatement, place) }

    /// Steps through the rows of a bound statement, and makes it ready for the next run.
    func forEachRow(_ body: (Statement) throws -> Void) throws {
        defer { rewind() }
        while try step() { try body(self) }
    }

    /// - Returns: whether there is another row.
    func step() throws -> Bool {
        let result = sqlite3_step(sqliteStatement)
        guard result == SQLITE_ROW || result == SQLITE_DONE else {
            throw DatabaseError(resultCode: ResultCode(rawValue: result), sql: sql)
        }
        return result == SQLITE_ROW
    }

    /// Makes it ready for the next run.
    func rewind() { sqlite3_reset(sqliteStatement) }

    func integer(_ column: Int32) -> Int64 { sqlite3_column_int64(sqliteStatement, column) }

    func isNull(_ column: Int32) -> Bool { sqlite3_column_type(sqliteStatement, column) == SQLITE_NULL }

    func text(_ column: Int32) -> String? { sqlite3_column_text(sqliteStatement, column).map { String(cString: $0) } }

    /// A blob in SQLite's own memory: only until the next row.
    func blob(_ column: Int32) -> UnsafeRawBufferPointer {
        let start = sqlite3_column_blob(sqliteStatement, column)
        return UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(sqliteStatement, column)))
    }

    /// Runs a statement that returns no rows and makes it ready for the next.
    func run() throws {
        let result = sqlite3_step(sqliteStatement)
        let reset = sqlite3_reset(sqliteStatement)
        guard result == SQLITE_DONE else {
            throw DatabaseError(resultCode: ResultCode(rawValue: reset == SQLITE_OK ? result : reset), sql: sql)
        }
    }
}

/// SQLite copies the bytes before the call returns.
private let transient = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
