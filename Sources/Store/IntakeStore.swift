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
    /// Which sensors have been heard.
    public let arrivals = Arrivals()

    /// - Throws: `CustodyError` with code `store-unusable`.
    public init(path: String) throws {
        do {
            var configuration = Configuration()
            configuration.busyMode = .timeout(10)
            pool = try DatabasePool(path: path, configuration: configuration)
            // DatabasePool sets synchronous to NORMAL once it is open, which would break promise 1.
            try pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = FULL") }
            try IntakeSchema.migrator.migrate(pool)
            arrivals.note([], count: try pool.read { try Int.fetchOne($0, sql: "SELECT sum(count) FROM arrival") ?? 0 })
        } catch let error as DatabaseError {
            throw CustodyError(
                .storeUnusable, "the intake cannot be opened: \(error.message ?? "\(error)")", at: path,
                remedy: "check the disk and the rights")
        }
    }

    /// Waits for whoever reads or writes, and copies the write-ahead log back; nothing can be read or written after it.
    /// - Throws: `CustodyError` with code `store-failed` if somebody still holds the file.
    public func close() throws {
        do { try pool.closeWhole() } catch {
            throw CustodyError(.storeFailed, "the intake cannot be closed: \(error.localizedDescription)")
        }
    }

    /// The writer connection's `PRAGMA synchronous`: 2 is FULL.
    public func synchronousLevel() throws -> Int {
        try pool.writeWithoutTransaction { try Int.fetchOne($0, sql: "PRAGMA synchronous") ?? -1 }
    }

    func write<Result>(_ body: (Database) throws -> Result) throws -> Result {
        do {
            let result = try pool.writeWithoutTransaction { database in
                do { return try Self.result(of: body, database) } catch {
                    // Before anybody else writes.
                    sensors.forget()
                    throw error
                }
            }
            guard let result else { throw CustodyError(.durabilityUnknown, "the intake's transaction did not run") }
            return result
        } catch let error as DatabaseError {
            throw CustodyError(
                .durabilityUnknown, "the disk did not confirm a write: \(error.message ?? "\(error)")",
                remedy: "free or replace the disk; nothing was acknowledged")
        }
    }

    private static func result<Result>(of body: (Database) throws -> Result, _ database: Database) throws -> Result? {
        var result: Result?
        try database.inTransaction(.immediate) {
            result = try body(database)
            return .commit
        }
        return result
    }
}

// MARK: - Messages

extension IntakeStore: ReadingSink {
    public func commit(_ messages: [InboundMessage]) throws {
        guard let latest = messages.last else { return }
        var hasDeliveries = false
        var heard: Set<Int64> = []
        var count = 0
        try write { database in
            var stamp = try Self.nextStamp(latest.receivedAt, database)
            var run = ArrivalRun()
            func append(_ readings: [Reading]) throws {
                count += readings.count
                for reading in readings {
                    let sensor = try sensors.number(of: reading, database)
                    heard.insert(sensor)
                    run.append(reading, of: sensor)
                    guard run.count == ArrivalRun.readingsMax else { continue }
                    try Self.keep(&run, stamp, database)
                    stamp = try Self.nextStamp(stamp, database)
                }
            }
            for message in messages {
                switch message.content {
                case .readings(let readings): try append(readings)
                case .sparkplug(let outcome):
                    try append(outcome.readings)
                    for event in outcome.events { try Self.keep(event, stamp, database) }
                    if outcome.isBirth { try Self.keep(birth: message, database) }
                    if let refusal = outcome.refusal {
                        try Self.keep(message, reason: refusal.description, database)
                    }
                case .undecodable(let reason): try Self.keep(message, reason: reason.description, database)
                case .delivery(let station):
                    try Self.keep(delivery: message, for: station, database)
                    hasDeliveries = true
                }
            }
            try Self.keep(&run, stamp, database)
        }
        arrivals.note(heard, count: count)
        if hasDeliveries { deliveries.notify() }
    }

    /// Grows with each commit, whatever the clock does: what came before which other is known for ever.
    private static func nextStamp(_ now: Int64, _ database: Database) throws -> Int64 {
        let statement = try database.cachedStatement(
            sql: "UPDATE batch SET number = max(number + 1, ?) RETURNING number")
        return try Int64.fetchOne(statement, arguments: [now]) ?? now
    }

    private static func keep(_ run: inout ArrivalRun, _ stamp: Int64, _ database: Database) throws {
        guard run.count > 0 else { return }
        let statement = try database.cachedStatement(sql: "INSERT INTO arrival (stamp, count, bytes) VALUES (?, ?, ?)")
        statement.bind(stamp, at: 1)
        statement.bind(Int64(run.count), at: 2)
        try statement.run(binding: run.bytes, at: 3)
        run.removeAll()
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
        /// UTC microseconds.
        public let receivedAt: Int64
        public let reason: String
    }

    /// How many payloads could not be read.
    public func undecodableCount() throws -> Int {
        try pool.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM undecodable") ?? 0 }
    }

    /// The newest payloads that could not be read.
    public func undecodable(limit: Int) throws -> [Undecodable] {
        try pool.read { database in
            try Row.fetchAll(
                database, sql: "SELECT topic, payload, reason, received FROM undecodable ORDER BY id DESC LIMIT ?",
                arguments: [limit]
            ).map {
                Undecodable(
                    topic: $0[0], payload: [UInt8]($0[1] as Data), receivedAt: $0[3], reason: $0[2])
            }
        }
    }
}

/// The numbers under which the intake keeps its sensors.
private final class SensorNumbers {
    private struct Key: Hashable {
        let device: String
        let metric: String
        let unit: String
        let session: String

        /// Byte by byte, as the database compares.
        static func == (left: Key, right: Key) -> Bool {
            left.device.utf8.elementsEqual(right.device.utf8) && left.metric.utf8.elementsEqual(right.metric.utf8)
                && left.unit.utf8.elementsEqual(right.unit.utf8)
                && left.session.utf8.elementsEqual(right.session.utf8)
        }
    }

    /// Sensors whose number is at hand.
    private static let youngMax = 4_096

    private var numbers = TwoGenerations<Key, Int64>(youngMax: youngMax)

    /// What a transaction that failed has promised does not hold.
    func forget() { numbers.removeAll() }

    func number(of reading: Reading, _ database: Database) throws -> Int64 {
        let key = Key(
            device: reading.device, metric: reading.metric, unit: reading.unit, session: reading.session ?? "")
        if let known = numbers.value(of: key) { return known }
        let number =
            try Int64.fetchOne(
                database,
                sql: """
                    INSERT INTO sensor (device, metric, unit, session) VALUES (?, ?, ?, ?)
                    ON CONFLICT DO UPDATE SET device = excluded.device RETURNING id
                    """, arguments: [key.device, key.metric, key.unit, key.session]) ?? 0
        numbers.keep(number, of: key)
        return number
    }
}
