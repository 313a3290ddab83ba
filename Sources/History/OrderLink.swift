import Ledger
import Store

/// An order beside the one that is looked at.
public struct OrderLink: Encodable, Sendable {
    public let kind: OrderKind
    public let order: String
    public let contract: String?
    public let number: String?
    /// Public facts of the update that opened it.
    public let facts: [String: String]
    /// What its first and its last update are about.
    public let subjects: [String]
    /// How many accepted updates it has.
    public let updates: Int
    public let lastStep: String
    /// Who recorded the last step.
    public let organisation: String
    public let recordedAt: String

    init(_ record: OrderRecord, _ ends: (first: AppliedUpdate, last: AppliedUpdate, count: Int), _ rulebook: Rulebook) {
        let (first, last) = (ends.first.update, ends.last.update)
        let contract = rulebook.contracts[first.contract]
        kind = OrderKind(contract: contract?.name)
        order = record.name
        self.contract = contract.map { "\($0.name) \($0.version)" }
        number = first.text(of: OrderFact.number) ?? last.text(of: OrderFact.number)
        facts = Dictionary(
            first.facts.compactMap { fact in
                if case .text(let text) = fact.value { (fact.name, text) } else { nil }
            }, uniquingKeysWith: { first, _ in first })
        subjects = first.subjects + last.subjects.filter { !first.subjects.contains($0) }
        updates = ends.count
        lastStep = last.step
        organisation = ConsortiumDocument.organisation(ofOrigin: ends.last.reference.origin)
        recordedAt = UTCText.of(ends.last.entry.recordedAt)
    }

    /// One line for a terminal.
    public var text: String {
        let names = [number, facts["material"], facts["lot"], facts["vehicle"]].compactMap(\.self).map(\.onOneLine)
        let what = ([order] + names).joined(separator: "  ")
        return "\((contract ?? kind.rawValue).padded(18)) \(what)  \(lastStep) by \(organisation), \(recordedAt)"
    }
}

/// Walks from order to order along what their updates cite.
struct OrderLinks {
    enum Direction {
        /// To what an order relies on.
        case upstream
        /// To what relies on an order.
        case downstream
    }

    let snapshot: LedgerSnapshot
    let rulebook: Rulebook

    /// Orders in one direction, the nearest first, each once.
    func all(from start: OrderRecord, _ direction: Direction, limit: Int) throws -> [OrderLink] {
        try records(from: [start], direction, limit: limit).compactMap(link)
    }

    func link(_ record: OrderRecord) throws -> OrderLink? {
        try snapshot.ends(of: record).map { OrderLink(record, $0, rulebook) }
    }

    /// Orders in one direction without those that the walk begins with.
    func records(from start: [OrderRecord], _ direction: Direction, limit: Int) throws -> [OrderRecord] {
        var seen = Set(start)
        var found: [OrderRecord] = []
        var open = start[...]
        while let order = open.popFirst(), found.count < limit {
            for next in try neighbours(of: order, direction, limit: limit) where seen.insert(next).inserted {
                found.append(next)
                open.append(next)
            }
        }
        return Array(found.prefix(limit))
    }

    private func neighbours(of order: OrderRecord, _ direction: Direction, limit: Int) throws -> [OrderRecord] {
        switch direction {
        case .upstream: try snapshot.orders(citedBy: order, limit: limit)
        case .downstream: try snapshot.orders(citing: order, limit: limit)
        }
    }

    func kind(of order: OrderRecord) throws -> OrderKind {
        OrderKind(contract: try snapshot.ends(of: order).flatMap { rulebook.contracts[$0.first.update.contract]?.name })
    }
}
