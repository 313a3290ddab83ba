import Foundation
import GRDB
import Ledger
import Telemetry

/// `intake.sqlite`: what arrived and is not yet, or never will be, an entry: readings, payloads that could not be read,
/// scans that matched no order, and windows on their way into the log.
///
/// A file of its own, so that neither sensors nor the log wait for the other's fsync.
public final class IntakeStore: Sendable {
    let pool: DatabasePool
    /// Touched only on GRDB's writer, which runs one closure at a time.
    private nonisolated(unsafe) let sensors = SensorNumbers()
    /// Fires after each change of the deliveries: sensors write far more often, and nobody follows them.
    public let deliveries = ChangeSignal()

    /// - Throws: `CustodyError` with code `store-unusable`.
    public init(path: String) throws {
        do {
            var configuration = Configuration()
            configuration.busyMode = .timeout(10)
            pool = try DatabasePool(path: path, configuration: configuration)
            // DatabasePool sets synchronous to NORMAL once it is open, which would break promise 1.
            try pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = FULL") }
            try IntakeSchema.migrator.migrate(pool)
            try pool.writeWithoutTransaction { try sensors.load($0) }
        } catch let error as DatabaseError {
            throw CustodyError(
                .storeUnusable, "the intake cannot be opened: \(error.message ?? "\(error)")", at: path,
                remedy: "check the disk and the rights")
        }
    }

    /// The writer connection's `PRAGMA synchronous`: 2 is FULL.
    public func synchronousLevel() throws -> Int {
        try pool.writeWithoutTransaction { try Int.fetchOne($0, sql: "PRAGMA synchronous") ?? -1 }
    }

    func write<Result>(_ body: (Database) throws -> Result) throws -> Result {
        do {
            let result = try pool.writeWithoutTransaction { database in
                var result: Result?
                try database.inTransaction(.immediate) {
                    result = try body(database)
                    return .commit
                }
                return result
            }
            guard let result else { throw CustodyError(.durabilityUnknown, "the intake's transaction did not run") }
            return result
        } catch let error as DatabaseError {
            try? pool.writeWithoutTransaction { try sensors.load($0) }
            throw CustodyError(
                .durabilityUnknown, "the disk did not confirm a write: \(error.message ?? "\(error)")",
                remedy: "free or replace the disk; nothing was acknowledged")
        }
    }
}

// MARK: - Readings

extension IntakeStore: ReadingSink {
    public func commit(_ messages: [InboundMessage]) throws {
        guard !messages.isEmpty else { return }
        var hasDeliveries = false
        try write { database in
            let batch =
                try Int64.fetchOne(
                    database.cachedStatement(sql: "UPDATE batch SET number = number + 1 RETURNING number")) ?? 0
            let statement = try database.cachedStatement(sql: "INSERT OR IGNORE INTO reading VALUES (?, ?, ?, ?, ?)")
            for message in messages {
                switch message.content {
                case .readings(let readings):
                    for reading in readings {
                        try statement.insert(reading, sensor: try sensors.number(of: reading, database), batch: batch)
                    }
                case .undecodable(let reason): try Self.keep(message, reason: reason.description, database)
                case .delivery(let station):
                    try Self.keep(delivery: message, for: station, database)
                    hasDeliveries = true
                }
            }
        }
        if hasDeliveries { deliveries.notify() }
    }

    private static func keep(_ message: InboundMessage, reason: String, _ database: Database) throws {
        try database.execute(
            sql: "INSERT INTO undecodable (topic, payload, received, reason) VALUES (?, ?, ?, ?)",
            arguments: [message.topic, Data(message.payload), message.receivedAt, reason])
    }

    /// A payload that could not be read.
    public struct Undecodable: Sendable {
        public let topic: String
        public let payload: [UInt8]
        public let reason: String
    }

    /// The newest payloads that could not be read.
    public func undecodable(limit: Int) throws -> [Undecodable] {
        try pool.read { database in
            try Row.fetchAll(
                database, sql: "SELECT topic, payload, reason FROM undecodable ORDER BY id DESC LIMIT ?",
                arguments: [limit]
            ).map { Undecodable(topic: $0[0], payload: [UInt8]($0[1] as Data), reason: $0[2]) }
        }
    }

    public func readingCount() throws -> Int {
        try pool.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM reading") ?? 0 }
    }

    /// All readings of a device, for tests and export.
    public func readings(device: String) throws -> [Reading] {
        try pool.read { database in
            try Row.fetchAll(
                database,
                sql: """
                    SELECT device, metric, value, unit, time, sequence, session FROM reading JOIN sensor
                    ON sensor.id = reading.sensor WHERE device = ? ORDER BY time, sequence
                    """, arguments: [device]
            ).compactMap(Self.reading)
        }
    }

    static func reading(_ row: Row) throws -> Reading? {
        let sequence: Int64 = row[5]
        let session: String = row[6]
        return try Reading(
            device: row[0], metric: row[1], value: row[2], unit: row[3], time: row[4],
            sequence: sequence < 0 ? nil : UInt64(sequence), session: session.isEmpty ? nil : session)
    }
}

extension Statement {
    fileprivate func insert(_ reading: Reading, sensor: Int64, batch: Int64) throws {
        bind(sensor, at: 1)
        bind(reading.time, at: 2)
        // A primary key holds no NULL: -1 stands for a device that does not count.
        bind(reading.sequence.map { Int64(clamping: $0) } ?? -1, at: 3)
        bind(reading.value, at: 4)
        bind(batch, at: 5)
        try run()
    }
}

/// The numbers under which the intake keeps its sensors.
private final class SensorNumbers {
    private struct Key: Hashable {
        let device: String
        let metric: String
        let unit: String
        let session: String
    }

    private var numbers: [Key: Int64] = [:]

    func load(_ database: Database) throws {
        numbers.removeAll()
        for row in try Row.fetchAll(database, sql: "SELECT id, device, metric, unit, session FROM sensor") {
            numbers[Key(device: row[1], metric: row[2], unit: row[3], session: row[4])] = row[0]
        }
    }

    func number(of reading: Reading, _ database: Database) throws -> Int64 {
        let key = Key(
            device: reading.device, metric: reading.metric, unit: reading.unit, session: reading.session ?? "")
        if let known = numbers[key] { return known }
        try database.execute(
            sql: "INSERT INTO sensor (device, metric, unit, session) VALUES (?, ?, ?, ?)",
            arguments: [key.device, key.metric, key.unit, key.session])
        numbers[key] = database.lastInsertedRowID
        return database.lastInsertedRowID
    }
}
