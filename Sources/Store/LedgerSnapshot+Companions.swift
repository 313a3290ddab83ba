import Foundation
import GRDB
import Ledger

/// What a stretch of a store's sequence of applied updates shows of one gateway's orders.
public struct Companions: Sendable {
    /// Logs with updates of orders on which the gateway has recorded, its own among them.
    public var origins: Set<String> = []
    /// Those orders.
    public var orders: Set<String> = []
    /// Where the next stretch begins.
    public var next: Int64
    /// Whether the sequence ends here.
    public var isLast: Bool
}

extension LedgerSnapshot {
    /// Looks through applied updates for orders on which a gateway has recorded, and for who else has.
    ///
    /// Whoever asks stretch by stretch misses nothing: an order shows with each update that comes to it.
    /// - Parameters:
    ///   - gateway: as `Generation.gateway(ofOrigin:)` names it.
    ///   - sequence: where the stretch before ended; one that is past the end, because the order index was made again,
    ///     begins anew.
    ///   - limit: of updates that are looked at.
    public func companions(ofGateway gateway: String, after sequence: Int64, limit: Int) throws -> Companions {
        let last = try appliedEnd()
        let rows = try Row.fetchAll(
            database.cachedStatement(
                sql: "SELECT sequence, \"order\" FROM applied WHERE sequence > ? ORDER BY sequence LIMIT ?"),
            arguments: [sequence > last ? 0 : sequence, limit])
        let end: Int64 = rows.last?[0] ?? last
        var found = Companions(next: end, isLast: end >= last)
        let known = try logs()
        let own = Set(known.filter { Generation.gateway(ofOrigin: $0.origin) == gateway }.map(\.id))
        guard !own.isEmpty else { return found }
        let names = Dictionary(known.map { ($0.id, $0.origin) }, uniquingKeysWith: { first, _ in first })
        for order in Set(rows.map { $0[1] as Int64 }) {
            let ids = try logs(of: order)
            guard !own.isDisjoint(with: ids) else { continue }
            found.origins.formUnion(ids.compactMap { names[$0] })
            found.orders.formUnion(try name(of: order).map { [$0] } ?? [])
        }
        return found
    }

    private func logs(of order: Int64) throws -> [Int64] {
        try Int64.fetchAll(
            database.cachedStatement(
                sql: "SELECT DISTINCT entry >> \(EntryID.indexBits) FROM applied WHERE \"order\" = ?"),
            arguments: [order])
    }

    private func name(of order: Int64) throws -> String? {
        try String.fetchOne(
            database.cachedStatement(sql: "SELECT name FROM \"order\" WHERE id = ?"), arguments: [order])
    }

    /// Logs with entries that updates of these orders wait for, also through other updates that wait.
    /// - Parameter limit: of waiting updates that are looked at.
    public func logsAwaited(by orders: Set<String>, limit: Int) throws -> Set<String> {
        let rows = try Row.fetchAll(
            database, sql: "SELECT entry, awaited, origin FROM waiting WHERE kind = 'entry' LIMIT ?",
            arguments: [limit])
        var awaited: [Int64: (hash: Data, origin: String)] = [:]
        for row in rows { awaited[row[0]] = (row[1], row[2] ?? "") }
        var open = try awaited.keys.filter { try order(ofEntry: EntryID(rawValue: $0)).map(orders.contains) ?? false }
        var seen = Set(open)
        var origins: Set<String> = []
        let standing = try places(of: rows)
        while let entry = open.popLast() {
            guard let wanted = awaited[entry] else { continue }
            origins.insert(wanted.origin)
            if let next = standing[wanted.hash], seen.insert(next).inserted { open.append(next) }
        }
        return origins
    }

    /// Where updates stand that wait themselves, by leaf hash.
    private func places(of rows: [Row]) throws -> [Data: Int64] {
        var places: [Data: Int64] = [:]
        for row in rows {
            let id = EntryID(rawValue: row[0])
            guard let bytes = try entry(log: id.log, index: id.index) else { continue }
            places[Data(Hash.leaf(bytes).bytes)] = id.rawValue
        }
        return places
    }

    private func order(ofEntry id: EntryID) throws -> String? {
        try entry(log: id.log, index: id.index).flatMap { try Entry(bytes: $0).update?.order }
    }
}

extension LedgerSnapshot {
    /// The one order with exactly this name, number or subject: a part of a name is for people who look at their own.
    /// - Throws: `CustodyError` with code `order-unknown` or `order-ambiguous`.
    public func order(named key: String) throws -> OrderRecord {
        let id = try Int64.fetchOne(
            database.cachedStatement(sql: "SELECT id FROM \"order\" WHERE name = ?"), arguments: [key])
        if let id { return OrderRecord(id: id, name: key) }
        let found = try orders(keyed: key, limit: 2)
        guard let first = found.first else { throw CustodyError(.orderUnknown, "no order is known by '\(key)'") }
        guard found.count == 1 else { throw CustodyError(.orderAmbiguous, "several orders bear '\(key)'") }
        return first
    }
}
