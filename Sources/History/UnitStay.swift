import Ledger
import Store

/// How long something was in a case or on a pallet.
public struct UnitStay: Encodable, Sendable {
    /// Orders of units that are looked at for one subject.
    static let ordersMax = 64

    /// The unit's SSCC as a subject.
    public let unit: String
    /// The unit's order.
    public let order: String
    public let subject: String
    public let packedBy, packedAt: String
    /// Nil while it is in.
    public let unpackedBy, unpackedAt: String?

    private init?(_ stay: UnitContents.Stay, in contents: UnitContents, order: OrderRecord) {
        guard let unit = contents.unit else { return nil }
        self.unit = unit
        self.order = order.name
        subject = stay.subject
        packedBy = stay.packed.origin
        packedAt = UTCText.of(stay.from)
        unpackedBy = stay.unpacked?.origin
        unpackedAt = stay.until.map(UTCText.of)
    }

    /// Of the things of an order, and of the units in which they were.
    static func all(
        of updates: [AppliedUpdate], notIn own: OrderRecord, _ snapshot: LedgerSnapshot, _ rulebook: Rulebook
    ) throws -> [UnitStay] {
        let links = OrderLinks(snapshot: snapshot, rulebook: rulebook)
        var open = updates.filter(\.verdict.isAccepted).flatMap(\.update.subjects)
        var (seen, stays) = (Set<String>(), [UnitStay]())
        while let subject = open.popLast() {
            guard seen.insert(subject).inserted, stays.count < Trace.linksMax else { continue }
            for order in try snapshot.orders(keyed: subject, limit: ordersMax)
            where try order != own && links.kind(of: order) == .unit {
                let contents = UnitContents(try snapshot.thread(of: order, rulebook: rulebook))
                let own = contents.stays.filter { $0.subject == subject }
                stays += own.compactMap { UnitStay($0, in: contents, order: order) }
                if !own.isEmpty { open += contents.unit.map { [$0] } ?? [] }
            }
        }
        return stays.sorted { $0.packedAt > $1.packedAt }
    }

    /// One line for a terminal.
    public var text: String {
        "\(unit.onOneLine): \(subject.onOneLine) packed by \(packedBy), \(packedAt), "
            + (unpackedAt.map { "taken out by \(unpackedBy ?? ""), \($0)" } ?? "in it still")
    }
}
