import Foundation
import GRDB
import Ledger

/// The tables of `ledger.sqlite`, as numbered migrations. A migration that has been released is never changed.
enum LedgerSchema {
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1 logs") { try $0.execute(sql: logs) }
        migrator.registerMigration("1 order index") { try $0.execute(sql: orderIndex) }
        migrator.registerMigration("2 fork evidence") { try $0.execute(sql: forkEvidence) }
        migrator.registerMigration("3 forks and standing") { database in
            // Which orders are forks follows from the logs, and is found when the index is made again.
            for table in ["number", "subject", "applied", "waiting", "progress", "\"order\""] {
                try database.execute(sql: "DELETE FROM \(table)")
            }
            try database.execute(sql: forks)
            try database.execute(sql: standing)
        }
        migrator.registerMigration("4 foreign logs") { try $0.execute(sql: foreignLogs) }
        migrator.registerMigration("5 generations") { try $0.execute(sql: generations) }
        migrator.registerMigration("6 private facts") {
            try $0.execute(sql: privateFacts)
            try $0.execute(sql: erasureIndex)
        }
        migrator.registerMigration("7 time stamps") { try $0.execute(sql: timeStamps) }
        migrator.registerMigration("8 fork points") { database in
            try database.execute(sql: forkPoints)
            for (log, evidence) in try earlierEvidence(database) {
                try database.execute(
                    sql: "INSERT OR IGNORE INTO conviction VALUES (?, ?)", arguments: [log, evidence.encoded])
            }
            try database.execute(sql: "DROP TABLE evidence")
        }
        migrator.registerMigration("9 rules") { try $0.execute(sql: dueRules) }
        migrator.registerMigration("10 order search") { database in
            try database.execute(sql: orderSearch)
            // Which orders bear and cite what follows from the logs, and is found when the index is made again.
            for table in [
                "fork", "number", "subject", "applied", "waiting", "progress", "\"order\"", "erasure", "rule_progress",
                "due_rule",
            ] {
                try database.execute(sql: "DELETE FROM \(table)")
            }
        }
        migrator.registerMigration("11 document files") { try $0.execute(sql: documentFiles) }
        return migrator
    }

    /// `entry.id` and `checkpoint.id` are the log's number in the upper and an index or size in the lower 40 bits, so
    /// that one log's entries lie side by side and an append goes to the end of its tree.
    private static let logs = """
        CREATE TABLE log (
            id INTEGER PRIMARY KEY,
            origin TEXT NOT NULL UNIQUE,
            vkey TEXT NOT NULL,
            own INTEGER NOT NULL DEFAULT 0,
            size INTEGER NOT NULL DEFAULT 0,
            confirmed INTEGER NOT NULL DEFAULT 0,
            frozen TEXT
        ) STRICT;
        CREATE TABLE entry (id INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT;
        CREATE TABLE tile (
            log INTEGER NOT NULL, level INTEGER NOT NULL, idx INTEGER NOT NULL,
            hashes BLOB NOT NULL, root BLOB NOT NULL,
            PRIMARY KEY (log, level, idx)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE checkpoint (
            id INTEGER PRIMARY KEY, note TEXT NOT NULL, stored INTEGER NOT NULL DEFAULT 0
        ) STRICT;
        CREATE TABLE cosignature (
            checkpoint INTEGER NOT NULL, cosigner TEXT NOT NULL, time INTEGER NOT NULL, line TEXT NOT NULL,
            PRIMARY KEY (checkpoint, cosigner)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE evidence (
            id INTEGER PRIMARY KEY, log INTEGER NOT NULL, first TEXT NOT NULL, second TEXT NOT NULL,
            UNIQUE (log, second)
        ) STRICT;
        CREATE TABLE document (hash BLOB PRIMARY KEY, version INTEGER NOT NULL, note TEXT NOT NULL) STRICT;
        CREATE TABLE contract (hash BLOB PRIMARY KEY, text TEXT NOT NULL) STRICT;
        CREATE TABLE disclosure (
            commitment BLOB PRIMARY KEY, disclosure BLOB NOT NULL
        ) STRICT;
        """

    /// What the second head's tree has as root at the size of the first, and that it does: hashes one after another.
    private static let forkEvidence = """
        ALTER TABLE evidence ADD COLUMN root BLOB;
        ALTER TABLE evidence ADD COLUMN proof BLOB;
        """

    /// `file` is the evidence as it is passed on; `common` counts the entries before its branches part.
    private static let forkPoints = """
        CREATE TABLE conviction (log INTEGER PRIMARY KEY, file TEXT NOT NULL) STRICT;
        ALTER TABLE log ADD COLUMN common INTEGER;
        """

    private static func earlierEvidence(_ database: Database) throws -> [(log: Int64, evidence: ForkEvidence)] {
        try Row.fetchAll(database, sql: "SELECT log, first, second, root, proof FROM evidence ORDER BY id").map { row in
            let (first, second) = (try SignedNote(encoded: row[1] as String), try SignedNote(encoded: row[2] as String))
            // Before there was a root, only heads of one size were kept.
            let root = (row[3] as Data?).flatMap { Hash(bytes: $0) }
            let evidence = ForkEvidence(
                first: first, second: second, root: try root ?? Checkpoint(text: second.text).root,
                proof: (row[4] as Data?).map { Hash.list([UInt8]($0)) } ?? [])
            return (row[0], evidence)
        }
    }

    /// Logs that no member writes: their entries are any bytes.
    private static let foreignLogs = """
        ALTER TABLE log ADD COLUMN is_foreign INTEGER NOT NULL DEFAULT 0;
        """

    /// `keeping` holds what the gateway is to know of this file at its next start. `taken_back` holds entries that stood in
    /// this gateway's log only here, and were signed beside others of the same indexes: what they record is recorded again.
    private static let generations = """
        CREATE TABLE keeping (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
        CREATE TABLE taken_back (
            id INTEGER PRIMARY KEY, origin TEXT NOT NULL, idx INTEGER NOT NULL, hash BLOB NOT NULL, bytes BLOB NOT NULL,
            recorded_origin TEXT, recorded_idx INTEGER, recorded_hash BLOB, refusal TEXT
        ) STRICT;
        CREATE INDEX taken_back_open ON taken_back (id) WHERE recorded_origin IS NULL AND refusal IS NULL;
        """

    /// Everything here follows from the logs: `custody reindex` drops and rebuilds it.
    static let orderIndex = """
        CREATE TABLE "order" (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
        CREATE TABLE number (
            number TEXT NOT NULL, "order" INTEGER NOT NULL, PRIMARY KEY (number, "order")
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE subject (
            subject TEXT NOT NULL, "order" INTEGER NOT NULL, PRIMARY KEY (subject, "order")
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE applied (
            sequence INTEGER PRIMARY KEY, entry INTEGER NOT NULL, "order" INTEGER NOT NULL,
            rejection TEXT, message TEXT
        ) STRICT;
        CREATE INDEX applied_order ON applied ("order");
        CREATE TABLE waiting (
            entry INTEGER PRIMARY KEY, kind TEXT NOT NULL, awaited BLOB NOT NULL, origin TEXT, idx INTEGER
        ) STRICT;
        CREATE INDEX waiting_awaited ON waiting (awaited);
        CREATE TABLE progress (
            log INTEGER PRIMARY KEY, next INTEGER NOT NULL, floor INTEGER NOT NULL
        ) STRICT;
        """

    /// A part of the order index: the orders with several heads, and when the update that made them so was recorded.
    static let forks = """
        CREATE TABLE fork ("order" INTEGER PRIMARY KEY, since INTEGER NOT NULL) STRICT;
        """

    /// What this gateway has still to do of the rules of contracts, and up to where in the sequence of applied updates it has
    /// looked for more. One that rests was refused, and is tried again when its order goes on. It follows from the logs, as
    /// the order index does, and goes with it: places in the sequence are new then.
    static let dueRules = """
        CREATE TABLE rule_progress (only INTEGER PRIMARY KEY CHECK (only = 1), sequence INTEGER NOT NULL) STRICT;
        CREATE TABLE due_rule (
            "trigger" BLOB NOT NULL, rule TEXT NOT NULL, "order" TEXT NOT NULL, due INTEGER NOT NULL,
            is_resting INTEGER NOT NULL, PRIMARY KEY ("trigger", rule)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX due_rule_due ON due_rule (due) WHERE NOT is_resting;
        CREATE INDEX due_rule_order ON due_rule ("order");
        """

    /// A part of the order index: by which lot and serial numbers orders are found, and which orders cite which.
    static let orderSearch = """
        CREATE TABLE mark (
            mark TEXT NOT NULL, "order" INTEGER NOT NULL, PRIMARY KEY (mark, "order")
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE citation (
            cited INTEGER NOT NULL, "order" INTEGER NOT NULL, PRIMARY KEY (cited, "order")
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX citation_order ON citation ("order");
        """

    /// What was learned of entries after they were stored, by this gateway's clock: entries of a log below `size` were
    /// confirmed at a time; those from `first` to `last` bear times that a cosigner's contradicts. Also the documents that
    /// the quorum has not signed yet, and of revoked logs the last index that counts.
    private static let standing = """
        CREATE TABLE confirmation (
            log INTEGER NOT NULL, size INTEGER NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (log, size)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE doubt (
            log INTEGER NOT NULL, cosigner TEXT NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,
            ahead INTEGER NOT NULL, PRIMARY KEY (log, cosigner, first)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE proposal (hash BLOB PRIMARY KEY, version INTEGER NOT NULL, note TEXT NOT NULL) STRICT;
        ALTER TABLE log ADD COLUMN counted INTEGER;
        """

    /// RFC 3161 time stamps of heads, with what is needed to check each: the note that was stamped, for a checkpoint is
    /// forgotten before its time stamp, and the certificates that were believed then. `digest` is over `url` and `token`.
    private static let timeStamps = """
        CREATE TABLE time_stamp_authority (hash BLOB PRIMARY KEY, certificates BLOB NOT NULL) STRICT;
        CREATE TABLE time_stamp (
            checkpoint INTEGER PRIMARY KEY, note TEXT NOT NULL, url TEXT NOT NULL, token BLOB NOT NULL,
            digest BLOB NOT NULL, time INTEGER NOT NULL, accuracy INTEGER NOT NULL, authority TEXT NOT NULL,
            certificates BLOB NOT NULL
        ) STRICT;
        """

    /// The files of which private facts that this gateway can read are documents: names of ciphertext, and bytes of it. A row
    /// goes with its fact's key.
    private static let documentFiles = """
        CREATE TABLE document_file (
            entry INTEGER NOT NULL, fact TEXT NOT NULL, commitment BLOB NOT NULL, file BLOB NOT NULL,
            bytes INTEGER NOT NULL, PRIMARY KEY (entry, fact, commitment)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX document_file_file ON document_file (file);
        """

    static let orderIndexTables = [
        "fork", "number", "subject", "applied", "waiting", "progress", "\"order\"", "erasure", "rule_progress",
        "due_rule", "mark", "citation",
    ]
}
