import Foundation
import GRDB
import Ledger
import Telemetry

/// A scan that was not recorded when it came: no order was found for it, or it waits for another symbol of its package.
public struct UnmatchedScan: Sendable {
    public let id: Int64
    public let bytes: [UInt8]
    public let symbologyIdentifier: String?
    public let station: String
    /// UTC microseconds of the last time that it came.
    public let receivedAt: Int64
    public let reason: String
    /// `origin:index` of the update that it has become part of; nil while nobody has assigned it.
    public let settled: String?
}

// MARK: - Unmatched scans

extension IntakeStore {
    /// Keeps a scan that matched nothing. Durable on return. One that comes again is open again.
    /// - Returns: the number under which it is kept.
    @discardableResult
    public func keepUnmatched(
        bytes: [UInt8], symbologyIdentifier: String?, station: String, receivedAt: Int64, reason: String
    ) throws -> Int64 {
        try write { database in
            try Int64.fetchOne(
                database,
                sql: """
                    INSERT INTO unmatched (bytes, symbology, station, received, reason) VALUES (?, ?, ?, ?, ?)
                    ON CONFLICT (bytes, station) DO UPDATE
                    SET received = excluded.received, reason = excluded.reason, settled = NULL RETURNING id
                    """,
                arguments: [Data(bytes), symbologyIdentifier, station, receivedAt, reason]) ?? 0
        }
    }

    /// Scans that nobody has assigned, the newest first.
    public func unmatchedScans(limit: Int) throws -> [UnmatchedScan] {
        try scans(where: "settled IS NULL ORDER BY received DESC, id DESC LIMIT ?", [limit])
    }

    /// - Throws: `CustodyError` with code `scan-unknown`, or `scan-settled` for one that has been assigned.
    public func unmatchedScan(_ id: Int64) throws -> UnmatchedScan {
        guard let scan = try scans(where: "id = ?", [id]).first else {
            throw CustodyError(
                .scanUnknown, "no unmatched scan has the number \(id)", remedy: "custody unmatched lists them")
        }
        guard scan.settled == nil else {
            throw CustodyError(
                .scanSettled, "the scan \(id) has been assigned already: \(scan.settled ?? "")",
                remedy: "custody unmatched lists those that are open")
        }
        return scan
    }

    /// Says which update these scans have become part of. Durable on return.
    /// - Parameter entry: the update as `origin:index`.
    public func settle(scans ids: [Int64], in entry: String) throws {
        guard !ids.isEmpty else { return }
        try write { database in
            for id in ids {
                try database.execute(sql: "UPDATE unmatched SET settled = ? WHERE id = ?", arguments: [entry, id])
            }
        }
    }

    private func scans(where condition: String, _ arguments: StatementArguments) throws -> [UnmatchedScan] {
        try pool.read { database in
            try Row.fetchAll(
                database,
                sql: """
                    SELECT id, bytes, symbology, station, received, reason, settled FROM unmatched WHERE \(condition)
                    """, arguments: arguments
            ).map {
                UnmatchedScan(
                    id: $0[0], bytes: [UInt8]($0[1] as Data), symbologyIdentifier: $0[2], station: $0[3],
                    receivedAt: $0[4], reason: $0[5], settled: $0[6])
            }
        }
    }
}

// MARK: - Deliveries

/// A message with scans that its station has not taken yet.
public struct Delivery: Sendable {
    public let id: Int64
    public let topic: String
    public let payload: [UInt8]
    /// UTC microseconds.
    public let receivedAt: Int64
}

extension IntakeStore {
    static func keep(delivery message: InboundMessage, for station: String, _ database: Database) throws {
        try database.execute(
            sql: "INSERT INTO delivery (station, topic, payload, received) VALUES (?, ?, ?, ?)",
            arguments: [station, message.topic, Data(message.payload), message.receivedAt])
    }

    /// The oldest message that a station has not taken.
    public func nextDelivery(for station: String) throws -> Delivery? {
        try pool.read { database in
            try Row.fetchOne(
                database,
                sql: "SELECT id, topic, payload, received FROM delivery WHERE station = ? ORDER BY id LIMIT 1",
                arguments: [station]
            ).map { Delivery(id: $0[0], topic: $0[1], payload: [UInt8]($0[2] as Data), receivedAt: $0[3]) }
        }
    }

    /// Says that all scans of a message have been recorded or are kept as unmatched.
    public func take(_ delivery: Delivery) throws {
        try write { try $0.execute(sql: "DELETE FROM delivery WHERE id = ?", arguments: [delivery.id]) }
        deliveries.notify()
    }

    /// Moves a message in which no scan could be read to the payloads that could not be read.
    public func refuse(_ delivery: Delivery, because reason: String) throws {
        try write { database in
            try database.execute(
                sql: """
                    INSERT INTO undecodable (topic, payload, received, reason)
                    SELECT topic, payload, received, ? FROM delivery WHERE id = ?
                    """, arguments: [reason, delivery.id])
            try database.execute(sql: "DELETE FROM delivery WHERE id = ?", arguments: [delivery.id])
        }
        deliveries.notify()
    }
}

extension CustodyError.Code {
    public static let scanUnknown: Self = "scan-unknown"
    public static let scanSettled: Self = "scan-settled"
}
