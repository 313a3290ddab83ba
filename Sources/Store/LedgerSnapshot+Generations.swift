import Foundation
import GRDB
import Ledger

/// An entry that stood in this gateway's log only here, and was taken back when it opened the next generation.
public struct TakenBackEntry: Hashable, Sendable {
    public let id: Int64
    /// Where it stood.
    public let reference: Reference
    public let bytes: [UInt8]
    /// Where what it records has been recorded again.
    public let recorded: Reference?
    /// Why it cannot be recorded again.
    public let refusal: String?
}

extension LedgerSnapshot {
    /// Whether this database is of a release that keeps generations.
    private var knowsGenerations: Bool {
        get throws { try database.tableExists("keeping") }
    }

    private func kept(_ name: Keeping) throws -> String? {
        guard try knowsGenerations else { return nil }
        return try String.fetchOne(
            database, sql: "SELECT value FROM keeping WHERE name = ?", arguments: [name.rawValue])
    }

    /// Why this database must not continue its log; nil if nothing speaks against it.
    public func doubt() throws -> Doubt? {
        guard let text = try kept(.doubt) else { return nil }
        return try JSONDecoder().decode(Doubt.self, from: Data(text.utf8))
    }

    /// Whether the newest head is kept outside the database, so that it must be there.
    public func isHeadKept() throws -> Bool { try kept(.headKept) != nil }

    /// The genesis of a log; nil while its first entry is not here.
    public func genesis(of log: LogRecord) throws -> Genesis? {
        guard let bytes = try entry(log: log.id, index: 0), case .genesis(let genesis) = try Entry(bytes: bytes).body
        else { return nil }
        return genesis
    }

    /// This gateway's logs, the newest first, as each genesis names the one before it.
    public func ownGenerations() throws -> [(log: LogRecord, predecessor: Head?)] {
        var generations: [(log: LogRecord, predecessor: Head?)] = []
        var next = try ownLog()
        while let log = next, !generations.contains(where: { $0.log.id == log.id }) {
            let predecessor = try genesis(of: log)?.predecessor
            generations.append((log, predecessor))
            next = try predecessor.flatMap { try self.log($0.origin) }
        }
        return generations
    }

    /// Entries that were taken back, in the order in which they had been recorded.
    /// - Parameter openOnly: those that have not been recorded again and may yet be.
    public func takenBack(openOnly: Bool = false, limit: Int = .max) throws -> [TakenBackEntry] {
        guard try knowsGenerations else { return [] }
        let condition = openOnly ? "recorded_origin IS NULL AND refusal IS NULL" : "TRUE"
        return try Row.fetchAll(
            database,
            sql: """
                SELECT id, origin, idx, hash, bytes, recorded_origin, recorded_idx, recorded_hash, refusal FROM taken_back
                WHERE \(condition) ORDER BY id LIMIT ?
                """, arguments: [limit]
        ).compactMap { row in
            guard let reference = Self.reference(row[1], row[2], row[3]) else { return nil }
            return TakenBackEntry(
                id: row[0], reference: reference, bytes: [UInt8](row[4] as Data),
                recorded: Self.reference(row[5], row[6], row[7]), refusal: row[8])
        }
    }

    /// Where an entry that was taken back has been recorded again.
    public func replacement(of leafHash: Hash) throws -> Reference? {
        guard try knowsGenerations else { return nil }
        let row = try Row.fetchOne(
            database,
            sql: "SELECT recorded_origin, recorded_idx, recorded_hash FROM taken_back WHERE hash = ? LIMIT 1",
            arguments: [Data(leafHash.bytes)])
        return row.flatMap { Self.reference($0[0], $0[1], $0[2]) }
    }

    private static func reference(_ origin: String?, _ index: Int64?, _ hash: Data?) -> Reference? {
        guard let origin, let index, let hash = hash.flatMap({ Hash(bytes: $0) }) else { return nil }
        return Reference(origin: origin, index: UInt64(clamping: index), leafHash: hash)
    }
}
