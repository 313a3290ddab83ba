import Foundation
import GRDB
import Ledger
import Telemetry

// MARK: - Windows

/// A window that was announced: it stands in the log, or will.
public struct AnnouncedWindow: Hashable, Sendable {
    public let id: Int64
    public let order: String
    public let sensor: SensorName
    /// What the windows before it have taken; nil for the first.
    public let before: WindowMark?
    /// What it takes, beyond the mark before.
    public let mark: WindowMark
    /// Whether readings came for windows that are sealed already.
    public let isSupplementary: Bool
}

/// How far a sensor's readings have gone into windows of an order.
public struct WindowMark: Hashable, Sendable {
    /// UTC microseconds: readings before this time that arrived up to `arrived` are in a window.
    public let end: Int64
    public let arrived: Int64
    /// Why the window ended.
    public let cause: WindowCut.Cause?
    /// A value outside whose grace was not over at the end.
    public let outsideSince: WindowCut.Excursion?

    public init(
        end: Int64, arrived: Int64, cause: WindowCut.Cause? = nil, outsideSince: WindowCut.Excursion? = nil
    ) {
        self.end = end
        self.arrived = arrived
        self.cause = cause
        self.outsideSince = outsideSince
    }
}

/// The time that an order spent in a vehicle.
public struct Journey: Hashable, Sendable {
    public let order: String
    /// The vehicle's sensors: names of devices, or of one metric as `device/metric`, between commas.
    public let sensors: String
    /// UTC microseconds.
    public let began: Int64
    /// UTC microseconds; nil while it lasts.
    public let ended: Int64?
    /// What its temperatures may be.
    public let limits: TemperatureLimits

    public init(
        order: String, sensors: String, began: Int64, ended: Int64? = nil,
        limits: TemperatureLimits = TemperatureLimits()
    ) {
        self.order = order
        self.sensors = sensors
        self.began = began
        self.ended = ended
        self.limits = limits
    }

    /// Whether it is one of the vehicle's sensors.
    public func names(_ sensor: SensorName) -> Bool {
        selectors.contains { $0 == sensor.device || $0 == "\(sensor.device)/\(sensor.metric)" }
    }

    public func contains(_ time: Int64) -> Bool { time >= began && time < ended ?? .max }

    var selectors: [String] {
        sensors.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
    }
}

extension IntakeStore {
    /// Notes what updates up to `sequence` of the ledger's applied updates say of journeys.
    public func follow(to sequence: Int64, began: [Journey], ended: [(order: String, at: Int64)]) throws {
        try write { database in
            for journey in began {
                let limits = journey.limits
                try database.execute(
                    sql: """
                        INSERT OR IGNORE INTO journey ("order", device, began, lowest, highest, grace, mkt, span)
                        VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                        """,
                    arguments: [
                        journey.order, journey.sensors, journey.began, limits.lowest, limits.highest, limits.grace,
                        limits.mkt, limits.mktSpan,
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
        try journeys(where: "ended IS NULL OR ended > ?", [time])
    }

    public func journey(of order: String) throws -> Journey? {
        try journeys(where: "\"order\" = ?", [order]).first
    }

    private func journeys(where condition: String, _ arguments: StatementArguments) throws -> [Journey] {
        try pool.read { database in
            try Row.fetchAll(
                database,
                sql: """
                    SELECT "order", device, began, ended, lowest, highest, grace, mkt, span FROM journey
                    WHERE \(condition)
                    """, arguments: arguments
            ).map {
                Journey(
                    order: $0[0], sensors: $0[1], began: $0[2], ended: $0[3],
                    limits: TemperatureLimits(
                        lowest: $0[4], highest: $0[5], grace: $0[6], mkt: $0[7], mktSpan: $0[8]))
            }
        }
    }

    /// The sensors of a journey that have been heard.
    public func sensors(of journey: Journey) throws -> [SensorName] {
        try journey.selectors.flatMap { selector in
            try sensors(where: "device = ? OR device || '/' || metric = ?", [selector, selector])
        }
    }

    /// The last mark that an order's windows of a sensor have reached.
    public func mark(of sensor: SensorName, order: String) throws -> WindowMark? {
        try pool.read { try Self.mark(of: sensor, order: order, before: .max, $0) }
    }

    /// Announces a window before it is recorded, so that a crash between the two files leaves neither a hole nor a
    /// second copy.
    /// - Parameter kinetic: its share of the mean kinetic temperature.
    public func announce(
        order: String, sensor: SensorName, mark: WindowMark, isSupplementary: Bool,
        kinetic: KineticSum = KineticSum()
    ) throws -> AnnouncedWindow {
        try write { database in
            let before = try Self.mark(of: sensor, order: order, before: .max, database)
            try database.execute(
                sql: """
                    INSERT INTO window ("order", device, metric, unit, "end", batch, supplementary, recorded, cause, side,
                        since, weight, weighted)
                    VALUES (?, ?, ?, ?, ?, ?, ?, 0, ?, ?, ?, ?, ?)
                    """,
                arguments: [
                    order, sensor.device, sensor.metric, sensor.unit, mark.end, mark.arrived, isSupplementary,
                    mark.cause?.rawValue, mark.outsideSince?.side.rawValue, mark.outsideSince?.from, kinetic.weight,
                    kinetic.weighted,
                ])
            return AnnouncedWindow(
                id: database.lastInsertedRowID, order: order, sensor: sensor, before: before, mark: mark,
                isSupplementary: isSupplementary)
        }
    }

    /// Says that a window stands in the log, or that the contract has refused it for good.
    public func settle(_ window: AnnouncedWindow) throws {
        try write { try $0.execute(sql: "UPDATE window SET recorded = 1 WHERE id = ?", arguments: [window.id]) }
    }

    /// Windows that were announced and of which it is not known whether they stand in the log.
    public func pendingWindows() throws -> [AnnouncedWindow] { try windows(where: "recorded = 0", []) }

    /// All windows of a sensor on an order, in the order in which they were announced.
    public func windows(of sensor: SensorName, order: String) throws -> [AnnouncedWindow] {
        try windows(
            where: #""order" = ? AND device = ? AND metric = ? AND unit = ?"#,
            [order, sensor.device, sensor.metric, sensor.unit])
    }

    /// The readings of a window, in order: what its update sums up.
    public func readings(in window: AnnouncedWindow, of journey: Journey) throws -> [StoredReading] {
        let start = window.before?.end ?? journey.began
        if window.isSupplementary, let before = window.before {
            return try lateReadings(
                of: window.sensor,
                in: ReadingSpan(
                    from: journey.began, before: start,
                    arrived: (before.arrived + 1)...max(window.mark.arrived, before.arrived + 1)))
        }
        return try readings(
            of: window.sensor, in: ReadingSpan(from: start, before: window.mark.end, arrived: 0...window.mark.arrived))
    }

    /// What the windows since a time add to the mean kinetic temperature.
    public func kineticSum(of sensor: SensorName, order: String, since time: Int64) throws -> KineticSum {
        try pool.read { database in
            let row = try Row.fetchOne(
                database,
                sql: """
                    SELECT total(weight), total(weighted) FROM window
                    WHERE "order" = ? AND device = ? AND metric = ? AND unit = ? AND "end" > ?
                    """, arguments: [order, sensor.device, sensor.metric, sensor.unit, time])
            return KineticSum(weight: row?[0] ?? 0, weighted: row?[1] ?? 0)
        }
    }

    private func windows(where condition: String, _ arguments: StatementArguments) throws -> [AnnouncedWindow] {
        try pool.read { database in
            try Row.fetchAll(
                database,
                sql: """
                    SELECT "order", device, metric, unit, id, supplementary, "end", batch, cause, side, since FROM window
                    WHERE \(condition) ORDER BY id
                    """, arguments: arguments
            ).map { row in
                let sensor = SensorName(device: row[1], metric: row[2], unit: row[3])
                return AnnouncedWindow(
                    id: row[4], order: row[0], sensor: sensor,
                    before: try Self.mark(of: sensor, order: row[0], before: row[4], database),
                    mark: Self.mark(row, from: 6), isSupplementary: row[5])
            }
        }
    }

    /// The last window's mark says what was left open; a supplementary one leaves that as it was.
    private static func mark(
        of sensor: SensorName, order: String, before id: Int64, _ database: Database
    ) throws -> WindowMark? {
        let statement = try database.cachedStatement(
            sql: """
                SELECT "end", max(batch) OVER (), cause, side, since FROM window
                WHERE "order" = ? AND device = ? AND metric = ? AND unit = ? AND id < ?
                ORDER BY "end" DESC, supplementary, id DESC LIMIT 1
                """)
        return try Row.fetchOne(
            statement, arguments: [order, sensor.device, sensor.metric, sensor.unit, id]
        ).map { mark($0, from: 0) }
    }

    private static func mark(_ row: Row, from column: Int) -> WindowMark {
        let side: String? = row[column + 3]
        let since: Int64? = row[column + 4]
        let outside = side.flatMap(Band.Side.init).flatMap { side in
            since.map { WindowCut.Excursion(side: side, from: $0) }
        }
        return WindowMark(
            end: row[column], arrived: row[column + 1],
            cause: (row[column + 2] as String?).flatMap(WindowCut.Cause.init), outsideSince: outside)
    }
}
