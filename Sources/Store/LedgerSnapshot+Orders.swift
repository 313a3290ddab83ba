import Foundation
import GRDB
import Ledger

/// An order as a list shows it.
public struct OrderRecord: Hashable, Sendable {
    let id: Int64
    public let name: String
}

/// An update that waits for something before it can have a verdict.
public struct WaitingUpdate: Sendable {
    public let reference: Reference
    public let update: Update
    public let awaited: Awaited
}

/// An entry of the store's sequence of applied updates, which rules follow.
public struct AppliedUpdate: Sendable {
    public let sequence: Int64
    public let reference: Reference
    public let entry: Entry
    public let update: Update
    public let verdict: Verdict
}

extension LedgerSnapshot {
    /// The newest orders first.
    public func orders(limit: Int = .max) throws -> [OrderRecord] {
        try orders("SELECT id, name FROM \"order\" ORDER BY id DESC LIMIT ?", [limit])
    }

    /// Orders whose id contains `part`, or that bear the number or the subject `part`.
    public func orders(matching part: String, limit: Int = 20) throws -> [OrderRecord] {
        let named = try orders(named: part, limit: limit)
        guard named.isEmpty else { return named }
        return try orders(
            "SELECT id, name FROM \"order\" WHERE instr(name, ?) > 0 ORDER BY id DESC LIMIT ?", [part, limit])
    }

    /// Orders that bear a number or a subject, the newest first.
    public func orders(keyed key: String, limit: Int = 20) throws -> [OrderRecord] {
        try orders(
            """
            SELECT id, name FROM "order" WHERE id IN (
                SELECT * FROM (SELECT "order" FROM number WHERE number = ?1 ORDER BY "order" DESC LIMIT ?2)
                UNION SELECT * FROM (SELECT "order" FROM subject WHERE subject = ?1 ORDER BY "order" DESC LIMIT ?2))
            ORDER BY id DESC LIMIT ?2
            """, [key, limit])
    }

    /// The one order that `part` names.
    /// - Throws: `CustodyError` with code `order-unknown` or `order-ambiguous`.
    public func order(_ part: String) throws -> OrderRecord {
        let found = try orders(matching: part)
        guard let first = found.first else {
            throw CustodyError(
                .orderUnknown, "no order is known by '\(part)'",
                remedy: "custody orders lists those that this gateway has")
        }
        guard found.count == 1 else {
            throw CustodyError(
                .orderAmbiguous, "'\(part)' fits \(found.count) orders: \(found.map(\.name).joined(separator: ", "))",
                remedy: "give more of the order's id")
        }
        return first
    }

    /// Orders with several heads, those that have been so for the longest first; `since` in UTC microseconds.
    public func forks(limit: Int = .max) throws -> [(order: OrderRecord, since: Int64)] {
        try Row.fetchAll(
            database,
            sql: """
                SELECT "order".id, name, since FROM fork JOIN "order" ON "order".id = fork."order"
                ORDER BY since, "order".id LIMIT ?
                """, arguments: [limit]
        ).map { (OrderRecord(id: $0[0], name: $0[1]), $0[2]) }
    }

    func orders(_ sql: String, _ arguments: StatementArguments) throws -> [OrderRecord] {
        let statement = try database.cachedStatement(sql: sql)
        return try Row.fetchAll(statement, arguments: arguments).map { OrderRecord(id: $0[0], name: $0[1]) }
    }

    public func thread(of order: OrderRecord, rulebook: Rulebook) throws -> OrderThread {
        try thread(id: order.id, name: order.name, rulebook: rulebook)
    }

    /// - Parameter end: a place in the sequence of applied updates that the thread ends before.
    func thread(id: Int64, name: String, rulebook: Rulebook, before end: Int64 = .max) throws -> OrderThread {
        var thread = OrderThread(order: name)
        for applied in try applied("applied.\"order\" = ? AND applied.sequence < ?", [id, end]) {
            thread.insert(
                applied.update, at: applied.reference, recordedAt: applied.entry.recordedAt, verdict: applied.verdict,
                by: rulebook)
        }
        return thread
    }

    /// An order as the writer keeps it; empty if the store does not know it.
    func keptOrder(_ name: String, rulebook: Rulebook) throws -> KeptOrder {
        let statement = try database.cachedStatement(sql: "SELECT id FROM \"order\" WHERE name = ?")
        guard let id = try Int64.fetchOne(statement, arguments: [name]) else {
            return KeptOrder(name: name, id: nil, thread: OrderThread(order: name))
        }
        return KeptOrder(name: name, id: id, thread: try thread(id: id, name: name, rulebook: rulebook))
    }

    /// Updates with a verdict in the order in which this store gave it, after a place in that sequence.
    public func applied(after sequence: Int64, limit: Int) throws -> [AppliedUpdate] {
        try applied("applied.sequence > ?", [sequence], limit: limit)
    }

    /// The updates of one order in the order in which this store judged them.
    public func updates(of order: OrderRecord) throws -> [AppliedUpdate] {
        try applied("applied.\"order\" = ?", [order.id])
    }

    func applied(
        _ condition: String, _ arguments: StatementArguments, isBackwards: Bool = false, limit: Int = .max
    ) throws -> [AppliedUpdate] {
        let statement = try database.cachedStatement(
            sql: """
                SELECT applied.sequence, applied.entry, log.origin, entry.bytes, applied.rejection, applied.message
                FROM applied JOIN entry ON entry.id = applied.entry JOIN log ON log.id = applied.entry >> \(EntryID.indexBits)
                WHERE \(condition) ORDER BY applied.sequence \(isBackwards ? "DESC" : "ASC") LIMIT ?
                """)
        return try Row.fetchAll(statement, arguments: arguments + [limit]).compactMap(Self.applied)
    }

    private static func applied(_ row: Row) throws -> AppliedUpdate? {
        let bytes = [UInt8](row[3] as Data)
        let entry = try Entry(bytes: bytes)
        guard let update = entry.update else { return nil }
        let reference = Reference(
            origin: row[2], index: EntryID(rawValue: row[1]).index, leafHash: Hash.leaf(bytes))
        return AppliedUpdate(
            sequence: row[0], reference: reference, entry: entry, update: update,
            verdict: verdict(rejection: row[4], message: row[5]))
    }

    static func verdict(rejection: String?, message: String?) -> Verdict {
        guard let rejection else { return .accepted }
        // A code of a later release stays a rejection.
        return .rejected(Rejection(Rejection.Code(rawValue: rejection) ?? .ancestorRejected, message ?? rejection))
    }

    func verdict(of entry: EntryID, order: String) throws -> Verdict? {
        let statement = try database.cachedStatement(
            sql: """
                SELECT rejection, message FROM applied
                WHERE "order" = (SELECT id FROM "order" WHERE name = ?) AND entry = ?
                """)
        return try Row.fetchOne(statement, arguments: [order, entry.rawValue]).map {
            Self.verdict(rejection: $0[0], message: $0[1])
        }
    }

    func progress(of log: Int64) throws -> (next: UInt64, floor: Int) {
        let statement = try database.cachedStatement(sql: "SELECT next, floor FROM progress WHERE log = ?")
        guard let row = try Row.fetchOne(statement, arguments: [log]) else { return (0, 0) }
        return (UInt64(row[0] as Int64), row[1])
    }

    /// Updates without a verdict, and what each waits for.
    public func waiting() throws -> [WaitingUpdate] {
        try Row.fetchAll(database, sql: "SELECT entry, kind, awaited, origin, idx FROM waiting ORDER BY entry")
            .compactMap {
                row in
                let id = EntryID(rawValue: row[0])
                guard let log = try log(id: id.log), let bytes = try entry(log: id.log, index: id.index),
                    let update = try Entry(bytes: bytes).update, let hash = Hash(bytes: row[2] as Data)
                else { return nil }
                let awaited: Awaited =
                    switch row[1] as String {
                    case "document": .document(hash)
                    case "contract": .contract(hash)
                    default:
                        .entry(Reference(origin: row[3] ?? "", index: UInt64(row[4] as Int64? ?? 0), leafHash: hash))
                    }
                return WaitingUpdate(
                    reference: Reference(origin: log.origin, index: id.index, leafHash: Hash.leaf(bytes)),
                    update: update,
                    awaited: awaited)
            }
    }
}

extension CustodyError.Code {
    public static let orderUnknown: Self = "order-unknown"
    public static let orderAmbiguous: Self = "order-ambiguous"
}
