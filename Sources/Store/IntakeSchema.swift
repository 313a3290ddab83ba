import GRDB

/// The tables of `intake.sqlite`, as numbered migrations. A migration that has been released is never changed.
enum IntakeSchema {
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1 readings") { try $0.execute(sql: readings) }
        migrator.registerMigration("1 scans") { try $0.execute(sql: scans) }
        migrator.registerMigration("1 windows") { try $0.execute(sql: windows) }
        migrator.registerMigration("2 scans") { try $0.execute(sql: settledScans) }
        migrator.registerMigration("2 limits") { try $0.execute(sql: limits) }
        migrator.registerMigration("3 blocks") { database in
            try database.execute(sql: blocks)
            try ReadingPacker.moveRows(database)
        }
        migrator.registerMigration("3 conditions") { try $0.execute(sql: conditions) }
        return migrator
    }

    /// A reading's key is all that makes it the same reading, so a message that comes twice is kept once.
    private static let readings = """
        CREATE TABLE sensor (
            id INTEGER PRIMARY KEY, device TEXT NOT NULL, metric TEXT NOT NULL, unit TEXT NOT NULL,
            session TEXT NOT NULL, UNIQUE (device, metric, unit, session)
        ) STRICT;
        CREATE TABLE reading (
            sensor INTEGER NOT NULL, time INTEGER NOT NULL, sequence INTEGER NOT NULL, value REAL NOT NULL,
            batch INTEGER NOT NULL, PRIMARY KEY (sensor, time, sequence, value)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE batch (number INTEGER NOT NULL) STRICT;
        INSERT INTO batch VALUES (0);
        CREATE TABLE undecodable (
            id INTEGER PRIMARY KEY, topic TEXT NOT NULL, payload BLOB NOT NULL, received INTEGER NOT NULL,
            reason TEXT NOT NULL
        ) STRICT;
        """

    private static let scans = """
        CREATE TABLE unmatched (
            id INTEGER PRIMARY KEY, bytes BLOB NOT NULL, symbology TEXT, station TEXT NOT NULL,
            received INTEGER NOT NULL, reason TEXT NOT NULL, UNIQUE (bytes, station)
        ) STRICT;
        """

    /// A scan leaves the list by being settled, never by being deleted. A delivery is a message with scans that the
    /// broker has been told is here, and that no station has taken yet.
    private static let settledScans = """
        ALTER TABLE unmatched ADD COLUMN settled TEXT;
        CREATE INDEX unmatched_open ON unmatched (id) WHERE settled IS NULL;
        CREATE TABLE delivery (
            id INTEGER PRIMARY KEY, station TEXT NOT NULL, topic TEXT NOT NULL, payload BLOB NOT NULL,
            received INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX delivery_station ON delivery (station, id);
        """

    /// What the label of a transport order allows, in degrees Celsius.
    private static let limits = """
        ALTER TABLE journey ADD COLUMN lowest REAL;
        ALTER TABLE journey ADD COLUMN highest REAL;
        """

    /// Readings come as runs, each with a stamp of its own, and are packed into blocks of one sensor. Blocks of a sensor follow
    /// each other in time. `newest` is the last arrival in a block.
    private static let blocks = """
        CREATE TABLE arrival (stamp INTEGER PRIMARY KEY, count INTEGER NOT NULL, bytes BLOB NOT NULL) STRICT;
        CREATE TABLE block (
            id INTEGER PRIMARY KEY, sensor INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,
            newest INTEGER NOT NULL, count INTEGER NOT NULL, bytes BLOB NOT NULL
        ) STRICT;
        CREATE INDEX block_time ON block (sensor, first, last, newest);
        """

    /// A window keeps why it ended, what it left open, and its share of the mean kinetic temperature. An event is told at
    /// its begin and at its end: `told` is 0, 1 or 2.
    private static let conditions = """
        ALTER TABLE window ADD COLUMN cause TEXT;
        ALTER TABLE window ADD COLUMN side TEXT;
        ALTER TABLE window ADD COLUMN since INTEGER;
        ALTER TABLE window ADD COLUMN weight REAL NOT NULL DEFAULT 0;
        ALTER TABLE window ADD COLUMN weighted REAL NOT NULL DEFAULT 0;
        ALTER TABLE journey ADD COLUMN grace INTEGER;
        ALTER TABLE journey ADD COLUMN mkt REAL;
        ALTER TABLE journey ADD COLUMN span INTEGER NOT NULL DEFAULT 86400000000;
        CREATE TABLE event (
            id INTEGER PRIMARY KEY, "order" TEXT NOT NULL, device TEXT NOT NULL, metric TEXT NOT NULL,
            unit TEXT NOT NULL, kind TEXT NOT NULL, began INTEGER NOT NULL, ended INTEGER, value REAL, "limit" REAL,
            detail TEXT NOT NULL, told INTEGER NOT NULL, UNIQUE ("order", device, metric, unit, kind, began)
        ) STRICT;
        CREATE INDEX event_untold ON event (id) WHERE told < 2;
        CREATE TABLE device_event (
            id INTEGER PRIMARY KEY, device TEXT NOT NULL, kind TEXT NOT NULL, time INTEGER NOT NULL,
            stamp INTEGER NOT NULL, detail TEXT NOT NULL, UNIQUE (device, kind, time)
        ) STRICT;
        CREATE TABLE birth (topic TEXT PRIMARY KEY, payload BLOB NOT NULL, received INTEGER NOT NULL) STRICT;
        """

    private static let windows = """
        CREATE TABLE window (
            id INTEGER PRIMARY KEY, "order" TEXT NOT NULL, device TEXT NOT NULL, metric TEXT NOT NULL,
            unit TEXT NOT NULL, "end" INTEGER NOT NULL, batch INTEGER NOT NULL, supplementary INTEGER NOT NULL,
            recorded INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE journey (
            "order" TEXT PRIMARY KEY, device TEXT NOT NULL, began INTEGER NOT NULL, ended INTEGER
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE followed (sequence INTEGER NOT NULL) STRICT;
        INSERT INTO followed VALUES (0);
        CREATE INDEX window_sensor ON window ("order", device, metric, unit);
        CREATE INDEX window_pending ON window (recorded) WHERE recorded = 0;
        """
}
