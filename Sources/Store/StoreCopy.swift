import Foundation
import GRDB
import Ledger

extension LedgerStore {
    /// Copies the whole ledger as it is at one moment into a new file, while others read and write it.
    ///
    /// The copy is marked: whoever opens it as a gateway opens the next generation, however the copy got there.
    /// - Throws: `CustodyError` with code `backup-failed`.
    public func copy(to path: String) throws {
        try StoreCopy.make(of: pool, at: path, migrator: LedgerSchema.migrator) { database in
            let transaction = LedgerTransaction(
                database: database, index: OrderIndex(rulebook: Rulebook()), keys: KeyFile(ledger: path),
                scans: ErasedScans(besideLedger: path),
                documents: DocumentFolder(besideLedger: path))
            guard let log = try transaction.snapshot.ownLog() else { return }
            try transaction.set(doubt: Doubt(.backupRestored, origin: log.origin))
        }
    }
}

extension IntakeStore {
    /// Copies the whole intake as it is at one moment into a new file, while others read and write it.
    /// - Throws: `CustodyError` with code `backup-failed`.
    public func copy(to path: String) throws {
        try StoreCopy.make(of: pool, at: path, migrator: IntakeSchema.migrator) { _ in }
    }
}

/// A copy of a database, made by SQLite's backup interface, as one file that needs no other beside it.
private enum StoreCopy {
    static func make(
        of pool: DatabasePool, at path: String, migrator: DatabaseMigrator, mark: (Database) throws -> Void
    ) throws {
        do {
            let copy = try DatabaseQueue(path: path)
            try pool.backup(to: copy)
            try migrator.migrate(copy)
            try copy.inDatabase { database in
                try database.inTransaction {
                    try mark(database)
                    return .commit
                }
                // Otherwise what was written last would stand in a second file.
                try database.execute(sql: "PRAGMA journal_mode = DELETE")
            }
            try copy.close()
        } catch let error as DatabaseError {
            throw CustodyError(
                .backupFailed, "the copy cannot be made: \(error.message ?? "\(error)")", at: path,
                remedy: "check the disk and the rights")
        }
    }
}

extension CustodyError.Code {
    public static let backupFailed: Self = "backup-failed"
}
