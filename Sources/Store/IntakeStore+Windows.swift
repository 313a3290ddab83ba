import Foundation
import GRDB
import Ledger
import Telemetry

// MARK: - Windows

/// A window that is being written into the log.
public struct PendingWindow: Hashable, Sendable {
    public let id: Int64
    public let order: String
    public let sensor: SensorName
    /// UTC microseconds: the window takes readings before this time.
    public let end: Int64
    /// The intake's batches that it has seen.
    public let batch: Int64
    /// Whether readings came for windows that are sealed already.
    public let isSupplementary: Bool
}

/// One metric of one device.
public struct SensorName: Hashable, Sendable {
    public let device: String
    public let metric: String
    public let unit: String
}

/// How far a sensor's readings have gone into windows of an order.
public struct WindowMark: Hashable, Sendable {
    /// UTC microseconds: readings before this time that arrived in a batch up to `batch` are in a window.
    public let end: Int64
    public let batch: Int64

    public init(end: Int64, batch: Int64) {
        self.end = end
        self.batch = batch
    }
}

/// The time that an order spent in a vehicle.
public struct Journey: Hashable, Sendable {
    public let order: String
    /// The vehicle's name as its sensors give it.
    public let device: String
    /// UTC microseconds.
    public let began: Int64
    /// UTC microseconds; nil while it lasts.
    public let ended: Int64?
    /// What its temperatures may be.
    public let limits: TemperatureLimits

    public init(
        order: String, device: String, began: Int64, ended: Int64? = nil,
        limits: TemperatureLimits = TemperatureLimits()
    ) {
        self.order = order
        self.device = device
        self.began = began
        self.ended = ended
        self.limits = limits
    }
}

extension IntakeStore {
    /// Notes what updates up to `sequence` of the ledger's applied updates say of journeys.
    public func follow(to sequence: Int64, began: [Journey], ended: [(order: String, at: Int64)]) throws {
        try write { database in
            for journey in began {
                try database.execute(
                    sql: """
                        INSERT OR IGNORE INTO journey ("order", device, began, lowest, highest) VALUES (?, ?, ?, ?, ?)
                        """,
                    arguments: [
                        journey.order, journey.device, journey.began, journey.limits.lowest, journey.limits.highest,
                    ])
            }
            for end in ended {
                try database.execute(
                    sql: "UPDATE journey SET ended = coalesce(ended, ?) WHERE \"order\" = ?",
                    arguments: [end.at, end.order])
            }
            try database.execute(sql: "UPDATE followed SET sequence = ?", arguments: [sequence])
        }
    }

    /// The last applied update of the ledger that has been looked at for journeys.
    public func followed() throws -> Int64 {
        try pool.read { try Int64.fetchOne($0, sql: "SELECT sequence FROM followed") ?? 0 }
    }

    /// Journeys that last, or that ended after a time: late readings may still come for them.
    public func journeys(endedAfter time: Int64) throws -> [Journey] {
        try pool.read { database in
            try Row.fetchAll(
                database,
                sql: """
                    SELECT "order", device, began, ended, lowest, highest FROM journey WHERE ended IS NULL OR ended > ?
                    """,
                arguments: [time]
            ).map {
                Journey(
                    order: $0[0], device: $0[1], began: $0[2], ended: $0[3],
                    limits: TemperatureLimits(lowest: $0[4], highest: $0[5]))
            }
        }
    }

    public func sensors(of device: String) throws -> [SensorName] {
        try pool.read { database in
            try Row.fetchAll(
                database,
                sql: "SELECT DISTINCT device, metric, unit FROM sensor WHERE device = ? ORDER BY metric, unit",
                arguments: [device]
            ).map { SensorName(device: $0[0], metric: $0[1], unit: $0[2]) }
        }
    }

    /// The number of the last batch of messages.
    public func lastBatch() throws -> Int64 {
        try pool.read { try Int64.fetchOne($0, sql: "SELECT number FROM batch") ?? 0 }
    }

    /// Readings of a sensor in a span of time whose batch lies in a range.
    public func readings(
        of sensor: SensorName, from start: Int64, before end: Int64, batches: ClosedRange<Int64>
    ) throws -> [Reading] {
        try pool.read { database in
            let statement = try database.cachedStatement(
                sql: """
                    SELECT device, metric, value, unit, time, sequence, session FROM sensor JOIN reading
                    ON reading.sensor = sensor.id
                    WHERE device = ? AND metric = ? AND unit = ? AND time >= ? AND time < ? AND batch >= ? AND batch <= ?
                    ORDER BY time, sequence
                    """)
            return try Row.fetchAll(
                statement,
                arguments: [
                    sensor.device, sensor.metric, sensor.unit, start, end, batches.lowerBound, batches.upperBound,
                ]
            ).compactMap(Self.reading)
        }
    }

    public func hasReadings(
        of sensor: SensorName, from start: Int64, before end: Int64, batches: ClosedRange<Int64>
    ) throws -> Bool {
        try pool.read { database in
            let statement = try database.cachedStatement(
                sql: """
                    SELECT EXISTS (SELECT 1 FROM sensor JOIN reading ON reading.sensor = sensor.id
                    WHERE device = ? AND metric = ? AND unit = ? AND time >= ? AND time < ? AND batch >= ? AND batch <= ?)
                    """)
            return try Bool.fetchOne(
                statement,
                arguments: [
                    sensor.device, sensor.metric, sensor.unit, start, end, batches.lowerBound, batches.upperBound,
                ]) ?? false
        }
    }

    /// The first and last time of a sensor's readings in a span of time.
    public func span(
        of sensor: SensorName, from start: Int64, before end: Int64, upToBatch batch: Int64
    ) throws -> (first: Int64, last: Int64)? {
        try pool.read { database in
            let statement = try database.cachedStatement(
                sql: """
                    SELECT min(time), max(time) FROM sensor JOIN reading ON reading.sensor = sensor.id
                    WHERE device = ? AND metric = ? AND unit = ? AND time >= ? AND time < ? AND batch <= ?
                    HAVING count(*) > 0
                    """)
            return try Row.fetchOne(
                statement, arguments: [sensor.device, sensor.metric, sensor.unit, start, end, batch]
            ).map { ($0[0], $0[1]) }
        }
    }

    /// The last mark that an order's windows of a sensor have reached.
    public func mark(of sensor: SensorName, order: String) throws -> WindowMark? {
        try pool.read { database in
            try Row.fetchOne(
                database,
                sql: """
                    SELECT max("end"), max(batch) FROM window
                    WHERE "order" = ? AND device = ? AND metric = ? AND unit = ? HAVING count(*) > 0
                    """, arguments: [order, sensor.device, sensor.metric, sensor.unit]
            ).map { WindowMark(end: $0[0], batch: $0[1]) }
        }
    }

    /// Announces a window before it is recorded, so that a crash between the two files leaves neither a hole nor a
    /// second copy.
    public func announce(
        order: String, sensor: SensorName, mark: WindowMark, isSupplementary: Bool
    ) throws -> PendingWindow {
        try write { database in
            try database.execute(
                sql: """
                    INSERT INTO window ("order", device, metric, unit, "end", batch, supplementary, recorded)
                    VALUES (?, ?, ?, ?, ?, ?, ?, 0)
                    """,
                arguments: [order, sensor.device, sensor.metric, sensor.unit, mark.end, mark.batch, isSupplementary])
            return PendingWindow(
                id: database.lastInsertedRowID, order: order, sensor: sensor, end: mark.end, batch: mark.batch,
                isSupplementary: isSupplementary)
        }
    }

    /// Says that a window stands in the log, or that the contract has refused it for good.
    public func settle(_ window: PendingWindow) throws {
        try write { try $0.execute(sql: "UPDATE window SET recorded = 1 WHERE id = ?", arguments: [window.id]) }
    }

    /// Windows that were announced and of which it is not known whether they stand in the log.
    public func pendingWindows() throws -> [PendingWindow] {
        try pool.read { database in
            try Row.fetchAll(
                database,
                sql: """
                    SELECT id, "order", device, metric, unit, "end", batch, supplementary FROM window
                    WHERE recorded = 0 ORDER BY id
                    """
            ).map {
                PendingWindow(
                    id: $0[0], order: $0[1], sensor: SensorName(device: $0[2], metric: $0[3], unit: $0[4]), end: $0[5],
                    batch: $0[6], isSupplementary: $0[7])
            }
        }
    }

    /// The mark before a pending window's own: what it takes lies between the two.
    public func markBefore(_ window: PendingWindow) throws -> WindowMark? {
        try pool.read { database in
            try Row.fetchOne(
                database,
                sql: """
                    SELECT max("end"), max(batch) FROM window WHERE id < ?
                    AND "order" = ? AND device = ? AND metric = ? AND unit = ? HAVING count(*) > 0
                    """,
                arguments: [window.id, window.order, window.sensor.device, window.sensor.metric, window.sensor.unit]
            ).map { WindowMark(end: $0[0], batch: $0[1]) }
        }
    }
}
