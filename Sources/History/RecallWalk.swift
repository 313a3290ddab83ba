import Ledger
import Store

/// What a recall is about.
public struct RecallScope: Encodable, Sendable, Hashable {
    /// GTIN-14, or the device identifier as a Digital Link.
    public var product: String?
    public var lot: String?
    /// A lot of raw material, or its order.
    public var material: String?
    /// A transport's order or trip number, or an SSCC that it carried.
    public var journey: String?
    /// Single orders, or labels of single devices.
    public var devices: [String] = []

    public init(
        product: String? = nil, lot: String? = nil, material: String? = nil, journey: String? = nil,
        devices: [String] = []
    ) {
        self.product = product
        self.lot = lot
        self.material = material
        self.journey = journey
        self.devices = devices
    }

    public var isEmpty: Bool { product == nil && lot == nil && material == nil && journey == nil && devices.isEmpty }

    /// One line that people read in the recall's order.
    public var text: String {
        let parts = [
            product.map { "product \($0)" }, lot.map { "lot \($0)" }, material.map { "material \($0)" },
            journey.map { "journey \($0)" }, devices.isEmpty ? nil : "\(devices.count) named devices",
        ]
        return parts.compactMap(\.self).joined(separator: ", ")
    }
}

/// A device, or an order of several, that a recall is about: where it is, who had it last, and how sure that is.
public struct AffectedOrder: Encodable, Sendable {
    public let order: String
    public let contract: String?
    public let subjects: [String]
    /// Why it is affected: what it shares with the recall's scope.
    public let because: String
    /// Nil where nobody has recorded that they had it.
    public let holder: Holder?
    /// The case or pallet in which it is now.
    public let unit: String?

    /// The last update that had to do with having it, for whoever relies on this list.
    public let heads: [Reference]

    private enum CodingKeys: CodingKey { case order, contract, subjects, because, holder, unit }

    /// One line for a terminal.
    public var text: String {
        let things = subjects.filter { !UnitContents.isUnit($0) }.map(\.onOneLine)
        let what = ([order] + things).joined(separator: "  ")
        return "\(what)\n    \(because.onOneLine)\n    \(holder?.text ?? "nobody has recorded that they have it")"
            + (unit.map { "\n    in \($0.onOneLine)" } ?? "")
    }
}

/// Walks from what a recall is about to every order that has to do with it.
///
/// A device is affected if it bears the product or lot, if it relies on an affected material or journey, through whatever lies
/// between, or if it is in an affected case or pallet.
public struct RecallWalk {
    /// Orders of one recall.
    public static let affectedMax = 100_000

    private let snapshot: LedgerSnapshot
    private let rulebook: Rulebook
    private let year: Int
    private let links: OrderLinks
    private var reasons: [OrderRecord: String] = [:]
    private var order: [OrderRecord] = []

    /// - Parameter year: the present one, for labels' two-digit years.
    public static func affected(
        by scope: RecallScope, year: Int, in snapshot: LedgerSnapshot, _ rulebook: Rulebook
    ) throws -> [AffectedOrder] {
        var walk = RecallWalk(snapshot, rulebook, year: year)
        try walk.begin(with: scope)
        try walk.spread()
        return try walk.found()
    }

    private init(_ snapshot: LedgerSnapshot, _ rulebook: Rulebook, year: Int) {
        self.snapshot = snapshot
        self.rulebook = rulebook
        self.year = year
        links = OrderLinks(snapshot: snapshot, rulebook: rulebook)
    }

    // MARK: Where it begins

    private mutating func begin(with scope: RecallScope) throws {
        if scope.product != nil || scope.lot != nil {
            let reason = RecallScope(product: scope.product, lot: scope.lot).text
            for order in try orders(ofProduct: scope.product, lot: scope.lot) { try add(order, because: reason) }
        }
        for (text, kinds) in [(scope.material, [OrderKind.material]), (scope.journey, [.journey, .unit])] {
            guard let text else { continue }
            let found = try OrderSearch.orders(text, year: year, in: snapshot).filter {
                kinds.contains(try links.kind(of: $0))
            }
            guard !found.isEmpty else {
                throw CustodyError(.orderUnknown, "no \(kinds[0].rawValue) is known by '\(text)'")
            }
            for order in found { try add(order, because: "\(kinds[0].rawValue) \(text)") }
        }
        for text in scope.devices {
            let order = try OrderSearch.order(text, year: year, in: snapshot, rulebook)
            try add(order, because: "named")
        }
    }

    private func orders(ofProduct product: String?, lot: String?) throws -> [OrderRecord] {
        guard let product else { return try snapshot.orders(marked: .lot(lot ?? ""), limit: Self.affectedMax) }
        let subject = product.allSatisfy(\.isNumber) ? Self.link(ofProduct: product) : product
        let ofProduct = try snapshot.orders(under: subject, limit: Self.affectedMax)
        guard let lot else { return ofProduct }
        let ofLot = Set(try snapshot.orders(marked: .lot(lot), limit: Self.affectedMax))
        return ofProduct.filter(ofLot.contains)
    }

    /// The Digital Link of a GTIN of 8 to 14 digits.
    public static func link(ofProduct digits: String) -> String {
        "https://id.gs1.org/01/" + String(repeating: "0", count: max(0, 14 - digits.count)) + digits
    }

    // MARK: Where it leads

    private mutating func add(_ next: OrderRecord, because reason: String) throws {
        guard reasons[next] == nil else { return }
        try Limit.check(order.count + 1, max: Self.affectedMax, "a recall", unit: "orders")
        reasons[next] = reason
        order.append(next)
    }

    private mutating func spread() throws {
        var place = 0
        while place < order.count {
            let next = order[place]
            place += 1
            let kind = try links.kind(of: next)
            // Whoever reports harm from a device, or recalls it, is not affected by it.
            guard kind != .event, kind != .recall, kind != .patientCase else { continue }
            for other in try snapshot.orders(citing: next, limit: Self.affectedMax) {
                try add(other, because: "relies on \(name(of: next, kind))")
            }
            if kind == .unit { try spread(fromUnit: next) }
        }
    }

    private mutating func spread(fromUnit unit: OrderRecord) throws {
        let contents = UnitContents(try snapshot.thread(of: unit, rulebook: rulebook))
        for item in contents.items {
            for order in try snapshot.orders(keyed: item, limit: Self.affectedMax) where order != unit {
                try add(order, because: "is in \(contents.unit ?? unit.name)")
            }
        }
    }

    private func name(of order: OrderRecord, _ kind: OrderKind) throws -> String {
        guard let link = try links.link(order) else { return order.name }
        return [kind.rawValue, link.number ?? link.facts["lot"] ?? order.name].joined(separator: " ")
    }

    // MARK: What it comes to

    private func found() throws -> [AffectedOrder] {
        let logs = Dictionary(uniqueKeysWithValues: try snapshot.logs().map { ($0.origin, $0) })
        return try order.filter { try links.kind(of: $0) == .device }.map { record in
            let updates = try snapshot.updates(of: record)
            let thread = try snapshot.thread(of: record, rulebook: rulebook)
            let contract = thread.contract.flatMap { rulebook.contracts[$0] }
            let isDisputed = contract.flatMap { thread.conflict(under: $0) } != nil
            let units = try UnitStay.all(of: updates, notIn: record, snapshot, rulebook)
            return AffectedOrder(
                order: record.name, contract: contract.map { "\($0.name) \($0.version)" },
                subjects: try snapshot.subjects(of: record), because: reasons[record] ?? "",
                holder: Holder(updates, without: thread.dropped, isDisputed: isDisputed, logs: logs),
                unit: units.first { $0.unpackedAt == nil }?.unit, heads: thread.heads)
        }
    }
}

extension RecallScope {
    /// What a recall's opening says.
    /// - Parameter devices: named beside it.
    public init(_ opening: Update, devices: [String]) {
        self.init(
            product: opening.text(of: "product"), lot: opening.text(of: "lot"), material: opening.text(of: "material"),
            journey: opening.text(of: "journey"), devices: devices)
    }
}
