import GRDB

extension LedgerSchema {
    /// `private` has a row for each private fact of which anything is here, with the slot of the key under which all of
    /// it rests; `opened` is the disclosure where this gateway may read it. `sealed.id` is the place from which others
    /// go on fetching, so it is never given twice. `relay` is how far a peer and this gateway have told each other.
    static let privateFacts = """
        CREATE TABLE private (
            entry INTEGER NOT NULL, fact TEXT NOT NULL, commitment BLOB NOT NULL, slot INTEGER NOT NULL UNIQUE,
            opened BLOB, PRIMARY KEY (entry, fact, commitment)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE sealed (
            id INTEGER PRIMARY KEY AUTOINCREMENT, entry INTEGER NOT NULL, fact TEXT NOT NULL,
            commitment BLOB NOT NULL, recipient TEXT NOT NULL, sealed BLOB NOT NULL, signature TEXT NOT NULL,
            via TEXT NOT NULL, UNIQUE (entry, commitment, recipient)
        ) STRICT;
        CREATE TABLE relay (
            peer TEXT PRIMARY KEY, store TEXT NOT NULL, fetched INTEGER NOT NULL, told INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE store (name TEXT NOT NULL) STRICT;
        INSERT INTO store VALUES (lower(hex(randomblob(16))));
        """

    /// Follows from the logs, like the order index. An erasure is `waiting` for what it names, `due` until what it erases
    /// is destroyed here, then `done`; or `refused`.
    static let erasureIndex = """
        CREATE TABLE erasure (
            entry INTEGER PRIMARY KEY, target BLOB NOT NULL, place INTEGER, "order" TEXT NOT NULL, fact TEXT NOT NULL,
            state TEXT NOT NULL, message TEXT
        ) STRICT;
        CREATE INDEX erasure_target ON erasure (target, fact);
        CREATE INDEX erasure_order ON erasure ("order");
        CREATE INDEX erasure_open ON erasure (state) WHERE state IN ('waiting', 'due');
        """
}
