import Foundation
import GRDB
import Ledger

extension LedgerSnapshot {
    /// Orders with exactly this id, number or subject, the newest first; an id counts before the others.
    public func orders(named key: String, limit: Int = 1_000) throws -> [OrderRecord] {
        let exact = try orders("SELECT id, name FROM \"order\" WHERE name = ?", [key])
        return exact.isEmpty ? try orders(keyed: key, limit: limit) : exact
    }

    /// What an order's accepted updates are about, each once.
    public func subjects(of order: OrderRecord) throws -> [String] {
        var seen: Set<String> = []
        return try updates(of: order).filter(\.verdict.isAccepted).flatMap(\.update.subjects)
            .filter { seen.insert($0).inserted }
    }

    /// Orders that bear a lot or serial number, the newest first.
    public func orders(marked mark: OrderMark, limit: Int) throws -> [OrderRecord] {
        try orders(
            """
            SELECT id, name FROM mark JOIN "order" ON id = mark."order" WHERE mark = ?1 ORDER BY mark."order" DESC LIMIT ?2
            """, [mark.key, limit])
    }

    /// Lot numbers that an order bears.
    public func lots(of order: OrderRecord) throws -> [String] {
        try updates(of: order).filter(\.verdict.isAccepted).flatMap { applied in
            OrderMark.facts(of: applied.update) + applied.update.subjects.flatMap(OrderMark.parts)
        }.compactMap { mark in if case .lot(let lot) = mark { lot } else { nil } }
    }

    /// Orders of a subject, and of those that it names all at once, because their Digital Links continue it: of
    /// more than `limit` any, the newest first.
    public func orders(under subject: String, limit: Int) throws -> [OrderRecord] {
        try orders(
            """
            SELECT id, name FROM "order" WHERE id IN (
                SELECT * FROM (SELECT "order" FROM subject WHERE subject = ?1 ORDER BY "order" DESC LIMIT ?2)
                UNION SELECT * FROM (
                    SELECT "order" FROM subject WHERE subject > ?1 || '/' AND subject < ?1 || '0' LIMIT ?2))
            ORDER BY id DESC LIMIT ?2
            """, [subject, limit])
    }

    /// Orders with updates that cite an order, the newest first.
    public func orders(citing order: OrderRecord, limit: Int) throws -> [OrderRecord] {
        try orders(
            """
            SELECT id, name FROM citation JOIN "order" ON id = citation."order" WHERE cited = ?1
            ORDER BY citation."order" DESC LIMIT ?2
            """, [order.id, limit])
    }

    /// Orders that an order's accepted updates cite: its journeys, its materials. The newest first.
    public func orders(citedBy order: OrderRecord, limit: Int) throws -> [OrderRecord] {
        try orders(
            """
            SELECT id, name FROM "order" WHERE id IN (SELECT cited FROM citation WHERE "order" = ?1) ORDER BY id DESC LIMIT ?2
            """, [order.id, limit])
    }

    /// The accepted updates of an order that this store judged first and last, and how many there are; nil where there is none.
    public func ends(of order: OrderRecord) throws -> (first: AppliedUpdate, last: AppliedUpdate, count: Int)? {
        let accepted = "applied.\"order\" = ? AND applied.rejection IS NULL"
        guard let first = try applied(accepted, [order.id], limit: 1).first,
            let last = try applied(accepted, [order.id], isBackwards: true, limit: 1).first
        else { return nil }
        let count = try Int.fetchOne(
            database.cachedStatement(sql: "SELECT count(*) FROM applied WHERE \(accepted)"), arguments: [order.id])
        return (first, last, count ?? 0)
    }

    /// Orders with updates that were recorded in a span of time, in UTC microseconds; in the order in which this store judged
    /// their first one in it.
    public func orders(recordedIn span: ClosedRange<Int64>, limit: Int) throws -> [OrderRecord] {
        var (seen, found) = (Set<String>(), [OrderRecord]())
        var last: Int64 = 0
        while found.count < limit, case let updates = try applied(after: last, limit: 4_096),
            let end = updates.last?.sequence
        {
            for applied in updates where span.contains(applied.entry.recordedAt) && found.count < limit {
                guard seen.insert(applied.update.order).inserted else { continue }
                found += try orders(named: applied.update.order, limit: 1)
            }
            last = end
        }
        return found
    }
}
