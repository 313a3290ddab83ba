import Foundation
import GRDB
import Ledger
import Synchronization

/// `ledger.sqlite`: logs, mirrors, checkpoints, cosignatures and the order index.
///
/// Any number of readers; one writer at a time, from one process (`StateDirectory` holds the lock). When `write`
/// returns, what it wrote is on disk: WAL with `synchronous=FULL`.
public final class LedgerStore: Sendable {
    let pool: DatabasePool
    /// Of private values; beside the database, so that no copy of it holds them.
    let keys: KeyFile
    private let scans: ErasedScans
    /// The files of documents, beside the database.
    public let documents: DocumentFolder
    /// Touched only on GRDB's writer, which runs one closure at a time.
    private nonisolated(unsafe) let index: OrderIndex
    private let knownRules: Mutex<Rulebook>
    /// Fires after each commit.
    public let changes = ChangeSignal()
    public let logChanges = LogChanges()

    /// - Throws: `CustodyError` with code `store-unusable`.
    public init(path: String, readOnly: Bool = false) throws {
        keys = KeyFile(ledger: path)
        scans = ErasedScans(besideLedger: path)
        documents = DocumentFolder(besideLedger: path)
        do {
            let opened = try Self.open(path: path, readOnly: readOnly)
            // What an older release wrote is brought up to date by whoever opens it first, also for reading.
            if !readOnly {
                try LedgerSchema.migrator.migrate(opened)
            } else if try !opened.read(LedgerSchema.migrator.hasCompletedMigrations) {
                try LedgerSchema.migrator.migrate(try Self.open(path: path, readOnly: false))
            }
            pool = opened
            let rulebook = try pool.read(Self.rulebook)
            index = OrderIndex(rulebook: rulebook)
            knownRules = Mutex(rulebook)
            if !readOnly { try finishPrivateFacts() }
        } catch let error as DatabaseError {
            throw CustodyError(
                .storeUnusable, "the ledger cannot be opened: \(error.message ?? "\(error)")", at: path,
                remedy: readOnly
                    ? "run custody init first, or name the right --state"
                    : "check the disk and the rights; if the file is damaged, move it away: the gateway then opens the "
                        + "next generation of its log and reads the old one back from the members")
        }
    }

    /// Waits for whoever reads or writes, and copies the write-ahead log back; nothing can be read or written after it.
    /// - Throws: `CustodyError` with code `store-failed` if somebody still holds the file.
    public func close() throws {
        do { try pool.closeWhole() } catch {
            throw CustodyError(.storeFailed, "the ledger cannot be closed: \(error.localizedDescription)")
        }
    }

    private static let pageBytes = 8_192
    /// Pages of write-ahead log after which it is copied into the database: 16 MiB.
    private static let checkpointPages = 2_048

    /// The part of the order index that appends touch stays in memory.
    private static let writerCacheKiB = 16_384

    private static func open(path: String, readOnly: Bool) throws -> DatabasePool {
        var configuration = Configuration()
        configuration.readonly = readOnly
        configuration.busyMode = .timeout(10)
        if !readOnly {
            configuration.prepareDatabase { database in
                // For a new file only: fewer, larger pages cost an append less, and entries fit without overflow pages.
                try database.execute(sql: "PRAGMA page_size = \(pageBytes)")
                try database.execute(sql: "PRAGMA wal_autocheckpoint = \(checkpointPages)")
            }
        }
        let pool = try DatabasePool(path: path, configuration: configuration)
        guard !readOnly else { return pool }
        // DatabasePool sets synchronous to NORMAL once it is open, which would break promise 1.
        try pool.writeWithoutTransaction {
            try $0.execute(sql: "PRAGMA synchronous = FULL")
            try $0.execute(sql: "PRAGMA cache_size = -\(writerCacheKiB)")
        }
        return pool
    }

    /// The writer connection's `PRAGMA synchronous`: 2 is FULL.
    public func synchronousLevel() throws -> Int {
        try pool.writeWithoutTransaction { try Int.fetchOne($0, sql: "PRAGMA synchronous") ?? -1 }
    }

    /// Runs `body` in one transaction, alone, on the calling thread, which blocks until the disk has it.
    /// - Throws: what `body` throws, after a rollback; `CustodyError` with code `durability-unknown` when COMMIT fails:
    ///   the caller must then stop, and the next start reads back what the disk has.
    public func write<Result>(_ body: (LedgerTransaction) throws -> Result) throws -> Result {
        try writeSeries { try $0.write(body) }
    }

    /// Transactions one after another, with nobody else's between them.
    ///
    /// So what comes next may be prepared, on another thread, while the disk takes what came before. If one fails, the
    /// series ends, and what was prepared is void.
    public struct Series {
        fileprivate let store: LedgerStore
        fileprivate let database: Database

        public var rulebook: Rulebook { store.index.rulebook }

        /// The orders as they stand after all that has been prepared. For one thread at a time, and for this series.
        public var orders: OrderLookup { OrderLookup(store: store, index: store.index) }

        /// As `LedgerStore.write`.
        public func write<Result>(_ body: (LedgerTransaction) throws -> Result) throws -> Result {
            let result = try store.transact(database, body)
            store.changes.notify()
            return result
        }
    }

    /// - Throws: what `body` throws. By then nothing that it prepared may still be under way.
    public func writeSeries<Result>(_ body: (Series) throws -> Result) throws -> Result {
        try pool.writeWithoutTransaction { database in
            do { return try body(Series(store: self, database: database)) } catch {
                index.forget()
                index.rulebook = rulebook
                throw error
            }
        }
    }

    @discardableResult
    func transact<Result>(_ database: Database, _ body: (LedgerTransaction) throws -> Result) throws -> Result {
        let transaction = LedgerTransaction(
            database: database, index: index, keys: keys, scans: scans, documents: documents)
        let result: Result
        do {
            try database.beginTransaction(.immediate)
            result = try body(transaction)
            if !transaction.newKeys.isEmpty { try keys.write(transaction.newKeys.map { ($0, $1) }) }
            try Self.commit(database)
            logChanges.note(transaction.changedLogs)
            knownRules.withLock { $0 = index.rulebook }
        } catch {
            if database.isInsideTransaction { try database.rollback() }
            throw Self.refusal(error)
        }
        if transaction.hasDueErasures { try destroyErased(database) }
        return result
    }

    static func refusal(_ error: any Error) -> any Error {
        guard let failure = error as? DatabaseError else { return error }
        return CustodyError(
            .storeFailed, "the ledger could not be written: \(failure.message ?? "\(failure)")",
            remedy: "free or replace the disk; nothing of this was acknowledged")
    }

    private static func commit(_ database: Database) throws {
        do { try database.commit() } catch {
            throw CustodyError(
                .durabilityUnknown, "the disk did not confirm a write: \(error)",
                remedy: "free or replace the disk, then start again: nothing that was acknowledged is lost")
        }
    }

    /// Reads from one consistent snapshot, beside the writer.
    public func read<Result>(_ body: (LedgerSnapshot) throws -> Result) throws -> Result {
        try pool.read { try body(LedgerSnapshot(database: $0)) }
    }

    public var rulebook: Rulebook { knownRules.withLock { $0 } }

    private static func rulebook(_ database: Database) throws -> Rulebook {
        guard try database.tableExists("document") else { return Rulebook() }
        return try LedgerSnapshot(database: database).rulebook()
    }

    /// Drops the order index and builds it again from the logs alone.
    public func reindex() throws {
        try write { transaction in try transaction.dropOrderIndex() }
        try applyPending()
    }

    /// Entries that one `applyPending` transaction judges.
    static let applyBatch = 1_024

    /// Gives a verdict to every stored entry that has none and whose ancestors are here: after each mirror commit and
    /// at start-up.
    public func applyPending() throws {
        while try applySome() {}
    }

    /// As `applyPending`, one batch.
    /// - Returns: whether there may be more to do.
    public func applySome() throws -> Bool {
        try write { try $0.applyPending(limit: Self.applyBatch) }
    }
}

extension CustodyError.Code {
    public static let storeUnusable: Self = "store-unusable"
    public static let storeFailed: Self = "store-failed"
    public static let durabilityUnknown: Self = "durability-unknown"
}
