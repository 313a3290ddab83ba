import Foundation
import GRDB
import Ledger
import Telemetry

/// One metric of one device.
public struct SensorName: Hashable, Sendable {
    public let device: String
    public let metric: String
    public let unit: String

    public init(device: String, metric: String, unit: String) {
        self.device = device
        self.metric = metric
        self.unit = unit
    }

    /// Byte by byte, as the database compares: two spellings of one accented letter are two sensors.
    public static func == (left: SensorName, right: SensorName) -> Bool {
        left.device.utf8.elementsEqual(right.device.utf8) && left.metric.utf8.elementsEqual(right.metric.utf8)
            && left.unit.utf8.elementsEqual(right.unit.utf8)
    }
}

/// A reading with the time at which it was committed.
public struct StoredReading: Hashable, Sendable {
    public let reading: Reading
    /// UTC microseconds; grows with each commit, whatever the clock does.
    public let arrived: Int64
}

/// Which readings of a sensor are asked for.
public struct ReadingSpan: Hashable, Sendable {
    /// UTC microseconds, by the device's own time.
    public let from: Int64
    /// The first time that is no longer meant.
    public let before: Int64
    public let arrived: ClosedRange<Int64>

    public init(from: Int64, before: Int64, arrived: ClosedRange<Int64> = 0...Int64.max) {
        self.from = from
        self.before = before
        self.arrived = arrived
    }
}

// MARK: - Readings

extension IntakeStore {
    /// Readings in order of their own time, each once.
    /// - Parameter limit: about where to stop; readings of one block stay together.
    public func readings(
        of sensor: SensorName, in span: ReadingSpan, limit: Int = .max
    ) throws -> [StoredReading] {
        try pool.read { try ReadingQuery(sensor: sensor, database: $0).readings(in: span, limit: limit) }
    }

    /// Readings that came in a span of arrivals, for a time of which most has come before. Costs what is new, not what
    /// is there.
    public func lateReadings(of sensor: SensorName, in span: ReadingSpan) throws -> [StoredReading] {
        try pool.read { try ReadingQuery(sensor: sensor, database: $0).lateReadings(in: span) }
    }

    public func sensors(of device: String) throws -> [SensorName] { try sensors(where: "device = ?", [device]) }

    func sensors(where condition: String, _ arguments: StatementArguments) throws -> [SensorName] {
        try pool.read { database in
            try Row.fetchAll(
                database,
                sql:
                    "SELECT DISTINCT device, metric, unit FROM sensor WHERE \(condition) ORDER BY device, metric, unit",
                arguments: arguments
            ).map(Self.name)
        }
    }

    /// The sensors that have been heard since this was last asked.
    public func heardSensors() throws -> Set<SensorName> {
        let numbers = arrivals.take()
        return try pool.read { database in
            var names: Set<SensorName> = []
            let statement = try database.cachedStatement(sql: "SELECT device, metric, unit FROM sensor WHERE id = ?")
            for number in numbers {
                if let row = try Row.fetchOne(statement, arguments: [number]) { names.insert(Self.name(row)) }
            }
            return names
        }
    }

    private static func name(_ row: Row) -> SensorName { SensorName(device: row[0], metric: row[1], unit: row[2]) }

    /// The stamp of the last commit.
    public func lastArrival() throws -> Int64 {
        try pool.read { try Int64.fetchOne($0, sql: "SELECT number FROM batch") ?? 0 }
    }

    /// How many readings there are, each once.
    public func readingCount() throws -> Int {
        try pool.read { database in
            let packed = try Int.fetchOne(database, sql: "SELECT sum(count) FROM block") ?? 0
            var waiting: [Int64: [KeptReading]] = [:]
            try ReadingQuery.forEachWaiting(database) { waiting[$0, default: []].append($1) }
            return try waiting.reduce(packed) { count, entry in
                try count + ReadingQuery.new(entry.value, of: entry.key, database).count
            }
        }
    }

    /// All readings of a device, for tests and export.
    public func readings(device: String) throws -> [Reading] {
        try sensors(of: device).flatMap { sensor in
            try readings(of: sensor, in: ReadingSpan(from: .min, before: .max)).map(\.reading)
        }
    }

    /// Moves all readings that have come into blocks.
    /// - Parameter threshold: below so many that wait, nothing is done.
    public func pack(threshold: Int = 1) throws {
        guard arrivals.waiting >= threshold else { return }
        while try ReadingPacker(store: self).run() >= ReadingPacker.readingsMax {}
    }

    /// Moves what SQLite keeps in its write-ahead log into the file.
    public func checkpoint() throws {
        _ = try pool.writeWithoutTransaction { try $0.checkpoint(.truncate) }
    }

    /// Deletes the readings that are older than a time, block by block. Windows stay.
    public func deleteReadings(before time: Int64) throws {
        try write { try $0.execute(sql: "DELETE FROM block WHERE last < ?", arguments: [time]) }
    }
}

/// Looks through the blocks and the waiting runs of one sensor, in one snapshot of the database.
struct ReadingQuery {
    private let sensor: SensorName
    private let database: Database
    /// The session of each number under which the sensor is kept.
    private let sessions: [Int64: String?]

    init(sensor: SensorName, database: Database) throws {
        self.sensor = sensor
        self.database = database
        let statement = try database.cachedStatement(
            sql: "SELECT id, session FROM sensor WHERE device = ? AND metric = ? AND unit = ?")
        let rows = try Row.fetchAll(statement, arguments: [sensor.device, sensor.metric, sensor.unit])
        sessions = Dictionary(
            rows.map { row -> (Int64, String?) in
                let session: String = row[1]
                return (row[0], session.isEmpty ? nil : session)
            }, uniquingKeysWith: { first, _ in first })
    }

    func readings(in span: ReadingSpan, limit: Int = .max) throws -> [StoredReading] {
        guard span.from < span.before else { return [] }
        var horizon = span.before
        var kept: [Int64: [KeptReading]] = [:]
        for number in sessions.keys {
            let (readings, end) = try packed(number, in: span, limit: limit)
            kept[number] = readings
            horizon = min(horizon, end)
        }
        try Self.forEachWaiting(database) { number, reading in
            guard sessions[number] != nil, reading.time >= span.from, reading.time < horizon else { return }
            kept[number]?.append(reading)
        }
        return kept.flatMap { number, readings in
            readings.inOrderOnce().filter { $0.time < horizon && span.arrived.contains($0.arrived) }
                .map { stored($0, of: number) }
        }.sorted { $0.reading < $1.reading }
    }

    func lateReadings(in span: ReadingSpan) throws -> [StoredReading] {
        var times: ClosedRange<Int64>?
        func note(_ reading: KeptReading) {
            guard reading.time >= span.from, reading.time < span.before, span.arrived.contains(reading.arrived) else {
                return
            }
            times =
                min(
                    times?.lowerBound ?? reading.time, reading.time)...max(
                    times?.upperBound ?? reading.time, reading.time)
        }
        for number in sessions.keys {
            try forEachBlock(number, in: span, newest: span.arrived.lowerBound) { readings in
                readings.forEach(note)
                return true
            }
        }
        try Self.forEachWaiting(database, since: span.arrived.lowerBound) { number, reading in
            if sessions[number] != nil { note(reading) }
        }
        guard let times else { return [] }
        // A message that came twice is not late: its first arrival tells.
        return try readings(
            in: ReadingSpan(from: times.lowerBound, before: times.upperBound + 1, arrived: span.arrived))
    }

    /// One time may run through several blocks, which stay together.
    /// - Returns: the readings, and the time up to which they are all.
    private func packed(
        _ number: Int64, in span: ReadingSpan, limit: Int
    ) throws -> (readings: [KeptReading], end: Int64) {
        var all: [KeptReading] = []
        var end = Int64.max
        try forEachBlock(number, in: span, newest: .min) { readings in
            if all.count >= limit, let last = all.last, let next = readings.first, next.time > last.time {
                end = next.time
                return false
            }
            all += readings.lazy.filter { $0.time >= span.from && $0.time < span.before }
            return true
        }
        return (all, end)
    }

    /// - Parameter body: returns whether to go on.
    private func forEachBlock(
        _ number: Int64, in span: ReadingSpan, newest: Int64, _ body: ([KeptReading]) throws -> Bool
    ) throws {
        let statement = try database.cachedStatement(
            sql: """
                SELECT bytes FROM block WHERE sensor = ? AND first >= coalesce(
                    (SELECT max(first) FROM block WHERE sensor = ? AND first < ?), -9223372036854775808)
                AND first < ? AND last >= ? AND newest >= ? ORDER BY first, last
                """)
        for (place, value) in [number, number, span.from, span.before, span.from, newest].enumerated() {
            statement.bind(value, at: Int32(place + 1))
        }
        defer { statement.rewind() }
        while try statement.step() {
            guard try body(try ReadingBlock.readings(in: statement.blob(0))) else { return }
        }
    }

    static func forEachWaiting(
        _ database: Database, since stamp: Int64 = .min,
        _ body: (_ sensor: Int64, _ reading: KeptReading) throws -> Void
    ) throws {
        let statement = try database.cachedStatement(
            sql: "SELECT stamp, bytes FROM arrival WHERE stamp >= ? ORDER BY stamp")
        statement.bind(stamp, at: 1)
        try statement.forEachRow { row in
            try ArrivalRun.forEach(in: row.blob(1), arrived: row.integer(0), body)
        }
    }

    /// Those of some waiting readings that are in no block.
    static func new(_ waiting: [KeptReading], of number: Int64, _ database: Database) throws -> [KeptReading] {
        let readings = waiting.inOrderOnce()
        guard let first = readings.first, let last = readings.last else { return [] }
        let statement = try database.cachedStatement(
            sql: "SELECT bytes FROM block WHERE sensor = ? AND first <= ? AND last >= ?")
        for (place, value) in [number, last.time, first.time].enumerated() {
            statement.bind(value, at: Int32(place + 1))
        }
        var known: Set<KeptReading> = []
        try statement.forEachRow { row in
            for reading in try ReadingBlock.readings(in: row.blob(0)) { known.insert(reading.withoutArrival) }
        }
        return readings.filter { !known.contains($0.withoutArrival) }
    }

    private func stored(_ kept: KeptReading, of number: Int64) -> StoredReading {
        let reading = Reading(
            kept: kept.value, of: sensor.device, sensor.metric, in: sensor.unit, at: kept.time, sequence: kept.sequence,
            session: sessions[number] ?? nil)
        return StoredReading(reading: reading, arrived: kept.arrived)
    }
}

extension KeptReading {
    fileprivate var withoutArrival: KeptReading {
        KeptReading(time: time, sequence: sequence, value: value, arrived: 0)
    }
}
