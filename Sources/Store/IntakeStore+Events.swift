import Foundation
import GRDB
import Ledger
import Telemetry

/// Something about the conditions of a journey that people are told of: once when it begins, once when it is over.
public struct ConditionEvent: Hashable, Sendable {
    /// What it is. The names stand in updates: they never change.
    public enum Kind: String, Hashable, Sendable, Codable {
        case above, below, mkt
        case silence
        case gap
        case clock
        case calibration
        case door, shock, tilt
        case died
    }

    /// How much of it stands in the log.
    public enum Told: Int, Hashable, Sendable {
        case nothing, begin, all
    }

    public let id: Int64
    public let order: String
    public let sensor: SensorName
    public let kind: Kind
    /// UTC microseconds.
    public let began: Int64
    /// UTC microseconds; nil while it lasts.
    public let ended: Int64?
    /// The value that began it.
    public let value: Double?
    /// The limit that it broke.
    public let limit: Double?
    /// One plain sentence, or empty.
    public let detail: String
    public let told: Told
}

// MARK: - Events of journeys

extension IntakeStore {
    /// Keeps an event, once however often it is noted. One that was over and is noted as lasting lasts again: readings
    /// came late that belong to it. Durable on return.
    /// - Parameter ended: for what is over already.
    public func note(
        _ kind: ConditionEvent.Kind, of sensor: SensorName, on order: String, began: Int64, ended: Int64? = nil,
        value: Double? = nil, limit: Double? = nil, detail: String = ""
    ) throws {
        try write { database in
            try database.execute(
                sql: """
                    INSERT INTO event ("order", device, metric, unit, kind, began, ended, value, "limit", detail, told)
                    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)
                    ON CONFLICT DO UPDATE SET ended = NULL, told = min(told, 1)
                        WHERE excluded.ended IS NULL AND ended IS NOT NULL
                    """,
                arguments: [
                    order, sensor.device, sensor.metric, sensor.unit, kind.rawValue, began, ended, value, limit, detail,
                ])
        }
    }

    /// The event of these kinds that lasts.
    public func lastingEvent(
        _ kinds: [ConditionEvent.Kind], of sensor: SensorName, on order: String
    ) throws -> ConditionEvent? {
        try lastingEvents(of: sensor, on: order).last { kinds.contains($0.kind) }
    }

    public func lastingEvents(of sensor: SensorName, on order: String) throws -> [ConditionEvent] {
        try events(
            where: #""order" = ? AND device = ? AND metric = ? AND unit = ? AND ended IS NULL"#,
            [order, sensor.device, sensor.metric, sensor.unit])
    }

    /// Ends an event that lasts, not before it began.
    public func end(_ event: ConditionEvent, at time: Int64) throws {
        try write {
            try $0.execute(
                sql: "UPDATE event SET ended = coalesce(ended, max(?, began)) WHERE id = ?",
                arguments: [time, event.id])
        }
    }

    /// Events of which the log does not say all yet.
    public func untoldEvents() throws -> [ConditionEvent] {
        try events(where: "told < 2", []).filter { $0.told == .nothing || $0.ended != nil }
    }

    public func events(of order: String) throws -> [ConditionEvent] { try events(where: "\"order\" = ?", [order]) }

    /// Says what of an event stands in the log.
    public func note(_ told: ConditionEvent.Told, of event: ConditionEvent) throws {
        try write {
            try $0.execute(sql: "UPDATE event SET told = ? WHERE id = ?", arguments: [told.rawValue, event.id])
        }
    }

    private func events(where condition: String, _ arguments: StatementArguments) throws -> [ConditionEvent] {
        try pool.read { database in
            try Row.fetchAll(
                database,
                sql: """
                    SELECT id, "order", device, metric, unit, kind, began, ended, value, "limit", detail, told FROM event
                    WHERE \(condition) ORDER BY id
                    """, arguments: arguments
            ).compactMap { row in
                guard let kind = ConditionEvent.Kind(rawValue: row[5]),
                    let told = ConditionEvent.Told(rawValue: row[11])
                else { return nil }
                return ConditionEvent(
                    id: row[0], order: row[1], sensor: SensorName(device: row[2], metric: row[3], unit: row[4]),
                    kind: kind, began: row[6], ended: row[7], value: row[8], limit: row[9], detail: row[10], told: told)
            }
        }
    }
}

// MARK: - Events of devices

extension IntakeStore {
    static func keep(_ event: DeviceEvent, _ stamp: Int64, _ database: Database) throws {
        try database.execute(
            sql: "INSERT OR IGNORE INTO device_event (device, kind, time, stamp, detail) VALUES (?, ?, ?, ?, ?)",
            arguments: [event.device, event.kind.rawValue, event.time, stamp, event.detail])
    }

    /// What devices have told of themselves after a stamp, with the stamp of each.
    public func deviceEvents(after stamp: Int64) throws -> [(event: DeviceEvent, stamp: Int64)] {
        try pool.read { database in
            try Row.fetchAll(
                database,
                sql: "SELECT device, kind, time, detail, stamp FROM device_event WHERE stamp > ? ORDER BY id",
                arguments: [stamp]
            ).compactMap { row in
                DeviceEvent.Kind(rawValue: row[1]).map {
                    (DeviceEvent(device: row[0], kind: $0, time: row[2], detail: row[3]), row[4])
                }
            }
        }
    }

    static func keep(birth message: InboundMessage, _ database: Database) throws {
        try database.execute(
            sql: "INSERT OR REPLACE INTO birth (topic, payload, received) VALUES (?, ?, ?)",
            arguments: [message.topic, Data(message.payload), message.receivedAt])
    }

    /// The last birth on each topic, in the order in which they came: without them the names behind aliases are lost.
    public func births() throws -> [(topic: String, payload: [UInt8], receivedAt: Int64)] {
        try pool.read { database in
            try Row.fetchAll(database, sql: "SELECT topic, payload, received FROM birth ORDER BY rowid").map {
                ($0[0], [UInt8]($0[1] as Data), $0[2])
            }
        }
    }
}
