import Ledger
import Store

/// What is in a case or on a pallet, as a person reads it.
public struct ShownContents: Encodable {
    struct Item: Encodable {
        let subject: String
        let packedAt: String
        let packedBy: String
        /// Nil while it is in.
        let unpackedAt: String?
        let unpackedBy: String?
        /// What is in it, if it is a unit itself.
        let contents: [Item]?
    }

    /// Units in units.
    static let depthMax = 8

    let unit: String
    let order: String
    let items: [Item]

    /// - Parameters:
    ///   - text: an SSCC as it was scanned, or the unit's order.
    ///   - year: the present one.
    /// - Throws: `CustodyError` with code `order-unknown`.
    public init(of text: String, year: Int, _ snapshot: LedgerSnapshot, _ rulebook: Rulebook) throws {
        let links = OrderLinks(snapshot: snapshot, rulebook: rulebook)
        let found = try OrderSearch.orders(text, year: year, in: snapshot)
        let units = try found.filter { try links.kind(of: $0) == .unit }
        for order in units {
            let contents = UnitContents(try snapshot.thread(of: order, rulebook: rulebook))
            guard let unit = contents.unit, units.count == 1 || unit.hasSuffix(text) || found.count == 1 else {
                continue
            }
            self.unit = unit
            self.order = order.name
            items = try Self.items(of: contents, depth: 1, snapshot, rulebook)
            return
        }
        throw CustodyError(.orderUnknown, "no case or pallet is known by '\(text)'")
    }

    private static func items(
        of contents: UnitContents, depth: Int, _ snapshot: LedgerSnapshot, _ rulebook: Rulebook
    ) throws -> [Item] {
        try contents.stays.map { stay in
            let inner = try stay.until == nil && depth < depthMax ? unit(stay.subject, snapshot, rulebook) : nil
            return Item(
                subject: stay.subject, packedAt: UTCText.of(stay.from), packedBy: stay.packed.origin,
                unpackedAt: stay.until.map(UTCText.of), unpackedBy: stay.unpacked?.origin,
                contents: try inner.map { try items(of: $0, depth: depth + 1, snapshot, rulebook) })
        }
    }

    private static func unit(
        _ subject: String, _ snapshot: LedgerSnapshot, _ rulebook: Rulebook
    ) throws -> UnitContents? {
        guard UnitContents.isUnit(subject) else { return nil }
        for order in try snapshot.orders(keyed: subject) {
            let contents = UnitContents(try snapshot.thread(of: order, rulebook: rulebook))
            if contents.unit == subject { return contents }
        }
        return nil
    }

    public var text: String {
        let inside = items.count { $0.unpackedAt == nil }
        return
            (["unit      \(unit.onOneLine)", "order     \(order)", "in it     \(inside)"] + items.flatMap { $0.lines() })
            .joined(separator: "\n")
    }
}

extension ShownContents.Item {
    fileprivate func lines(_ indent: String = "    ") -> [String] {
        let fate = unpackedAt.map { ", taken out \($0) by \(unpackedBy ?? "")" } ?? ""
        return ["\(indent)\(subject.onOneLine)  packed \(packedAt) by \(packedBy)\(fate)"]
            + (contents ?? []).flatMap { $0.lines(indent + "    ") }
    }
}
