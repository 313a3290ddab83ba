import Ledger
import Store

/// A logistic unit with all that is in it, as it stands in the ledger now.
struct UnitLoad {
    /// Things in one unit, with all that is in the units in it.
    static let thingsMax = 2_048
    /// Units in units.
    static let depthMax = 8

    /// The unit's order.
    let order: String
    /// The last updates of that order: whoever relies on what the unit holds cites them.
    let heads: [Reference]
    let contents: UnitContents
    /// What is in it and in the units in it, without those units.
    let things: [String]

    /// Nil for what is no unit, or one of which the ledger knows nothing.
    /// - Throws: `CustodyError` with code `limit-exceeded`.
    init?(of subject: String, _ snapshot: LedgerSnapshot, _ rulebook: Rulebook) throws {
        guard UnitContents.isUnit(subject), let own = try Self.unit(subject, snapshot, rulebook) else { return nil }
        order = own.order
        heads = own.heads
        contents = own.contents
        things = try Self.things(in: own.contents, of: subject, snapshot, rulebook)
    }

    /// The unit in which a thing is now; nil if it is in none.
    static func holding(_ subject: String, _ snapshot: LedgerSnapshot, _ rulebook: Rulebook) throws -> UnitLoad? {
        for order in try snapshot.orders(keyed: subject) {
            guard let found = try contents(of: order, snapshot, rulebook), found.contents.holds(subject),
                let unit = found.contents.unit
            else { continue }
            return try UnitLoad(of: unit, snapshot, rulebook)
        }
        return nil
    }

    private typealias Found = (order: String, heads: [Reference], contents: UnitContents)

    private static func unit(_ subject: String, _ snapshot: LedgerSnapshot, _ rulebook: Rulebook) throws -> Found? {
        for order in try snapshot.orders(keyed: subject) {
            if let found = try contents(of: order, snapshot, rulebook), found.contents.unit == subject { return found }
        }
        return nil
    }

    private static func contents(
        of order: OrderRecord, _ snapshot: LedgerSnapshot, _ rulebook: Rulebook
    ) throws -> Found? {
        let thread = try snapshot.thread(of: order, rulebook: rulebook)
        let contract = thread.contract.flatMap { rulebook.contracts[$0]?.name }
        guard OrderKind(contract: contract) == .unit else { return nil }
        return (order.name, thread.heads, UnitContents(thread))
    }

    private static func things(
        in contents: UnitContents, of unit: String, _ snapshot: LedgerSnapshot, _ rulebook: Rulebook
    ) throws -> [String] {
        var (things, seen) = ([String](), Set([unit]))
        var open = [(contents: contents, depth: 1)]
        while let next = open.popLast() {
            for item in next.contents.items where seen.insert(item).inserted {
                try Limit.check(seen.count - 1, max: thingsMax, "a unit", unit: "things")
                guard UnitContents.isUnit(item), let inner = try Self.unit(item, snapshot, rulebook) else {
                    things.append(item)
                    continue
                }
                try Limit.check(next.depth, max: depthMax, "units in units", unit: "levels")
                open.append((inner.contents, next.depth + 1))
            }
        }
        return things
    }
}
