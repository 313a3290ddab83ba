import Foundation
import GRDB
import Ledger

/// What of an erased value may have come in as a scan or a message, and lies in `intake.sqlite`.
///
/// Scans of a person's wristband are no identifiers of devices: they stay unmatched, as they were read, until somebody
/// assigns them.
struct ErasedScans {
    /// Bytes from which on a value is taken out wherever it stands; a shorter one stands in many a device's number too.
    static let valueBytesMin = 8

    private let path: String

    /// - Parameter ledger: the database beside which the intake lies.
    init(besideLedger ledger: String) {
        path = URL(fileURLWithPath: ledger).deletingLastPathComponent().appendingPathComponent("intake.sqlite").path
    }

    /// Deletes what holds a value, and looks into the file whether SQLite has kept a copy of it.
    ///
    /// - Parameters:
    ///   - value: not empty.
    ///   - entry: `origin:index` of the update that held it: a scan that was settled in it may hold a short value too.
    func forget(_ value: String, recordedIn entry: String) throws {
        guard FileManager.default.fileExists(atPath: path), !value.isEmpty else { return }
        // Brings the tables of an earlier release up to date.
        _ = try IntakeStore(path: path)
        var configuration = Configuration()
        configuration.busyMode = .timeout(10)
        let intake = try DatabaseQueue(path: path, configuration: configuration)
        try intake.writeWithoutTransaction { database in
            try database.execute(sql: "PRAGMA secure_delete = ON")
            guard try delete(Data(value.utf8), entry, database) > 0 else { return }
            try database.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE)")
            guard try isThere(Data(value.utf8)) else { return }
            try database.execute(sql: "VACUUM")
            try database.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE)")
        }
    }

    /// - Returns: how many rows are gone.
    private func delete(_ value: Data, _ entry: String, _ database: Database) throws -> Int {
        let isLong = value.count >= Self.valueBytesMin
        var count = 0
        try database.inTransaction {
            try database.execute(
                sql: """
                    DELETE FROM unmatched WHERE bytes = ?1
                    OR (instr(bytes, ?1) > 0 AND (?2 OR settled = ?3))
                    """, arguments: [value, isLong, entry])
            count += database.changesCount
            for table in isLong ? ["delivery", "undecodable"] : [] {
                try database.execute(sql: "DELETE FROM \(table) WHERE instr(payload, ?) > 0", arguments: [value])
                count += database.changesCount
            }
            return .commit
        }
        return count
    }

    private func isThere(_ value: Data) throws -> Bool {
        try [path, path + "-wal"].contains { file in
            guard FileManager.default.fileExists(atPath: file) else { return false }
            return try Data(contentsOf: URL(fileURLWithPath: file), options: .alwaysMapped).range(of: value) != nil
        }
    }
}
