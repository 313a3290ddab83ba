import Dispatch
import GRDB
import GRDBSQLite
import Synchronization

/// SQLite's write-ahead log, copied back into the database beside the writer, on a thread and a connection of its own.
///
/// SQLite by itself copies in the commit that makes the log too long, and whoever waits for that commit waits for the
/// copy too. The log begins anew only when all of it is copied while nobody writes: that remains for the writer, which
/// has little left to copy.
final class WriteAheadLog: Sendable {
    struct Limits: Sendable {
        /// New pages after which they are copied back: 8 MiB.
        var copyPages = 1_024
        /// Pages at which the writer lets the log begin anew: 64 MiB. Only a reader that stays makes it longer.
        var pagesMax = 8_192
    }

    private struct Progress {
        /// Pages that the log had when copying began last.
        var copied = 0
        var isCopying = false
    }

    private let path: String
    private let limits: Limits
    private let queue = DispatchQueue(label: "custody.write-ahead-log")
    private let progress = Mutex(Progress())
    /// Pages in the log after the last commit. Touched on the writer alone.
    private nonisolated(unsafe) let pages = UnsafeMutablePointer<Int32>.allocate(capacity: 1)
    /// Opened when it is first needed. Touched on `queue` alone.
    private nonisolated(unsafe) var connection: DatabaseQueue?

    init(path: String, limits: Limits = Limits()) {
        self.path = path
        self.limits = limits
        pages.initialize(to: 0)
    }

    deinit { pages.deallocate() }

    /// Takes over from SQLite's own copying on the writer's connection, which must not outlive this.
    func follow(_ writer: Database) throws {
        try writer.execute(sql: "PRAGMA wal_autocheckpoint = 0")
        sqlite3_wal_hook(
            writer.sqliteConnection,
            { pages, _, _, count in
                pages?.assumingMemoryBound(to: Int32.self).pointee = count
                return SQLITE_OK
            }, pages)
    }

    /// To be called after each commit, on the writer.
    func copyBack(_ writer: Database) {
        let count = Int(pages.pointee)
        guard count < limits.pagesMax else {
            queue.sync {}
            Self.copy(writer)
            progress.withLock { $0.copied = count }
            return
        }
        let isDue = progress.withLock { progress in
            if count < progress.copied { progress.copied = 0 }
            guard !progress.isCopying, count - progress.copied >= limits.copyPages else { return false }
            progress = Progress(copied: count, isCopying: true)
            return true
        }
        guard isDue else { return }
        queue.async { [self] in
            copyBeside()
            progress.withLock { $0.isCopying = false }
        }
    }

    private func copyBeside() {
        if connection == nil { connection = try? DatabaseQueue(path: path) }
        // What fails is tried again with more pages, and at last by the writer.
        connection?.writeWithoutTransaction { Self.copy($0) }
    }

    /// Copies what no reader still needs, without waiting for anybody.
    private static func copy(_ database: Database) {
        sqlite3_wal_checkpoint_v2(database.sqliteConnection, nil, SQLITE_CHECKPOINT_PASSIVE, nil, nil)
    }
}
