import Identifiers
import Ledger
import Store

/// Finds orders by whatever a person has in hand: an order's id or number, a label as it was scanned, a UDI, a serial or lot
/// number, an SSCC, an EPC.
public enum OrderSearch {
    /// Orders that are looked at for one question.
    public static let foundMax = 1_000

    /// Orders that fit, the newest first; those of the first reading of the text that fits any.
    /// - Parameter year: the present one, for labels' two-digit years.
    public static func orders(_ text: String, year: Int, in snapshot: LedgerSnapshot) throws -> [OrderRecord] {
        let exact = try snapshot.orders(named: text)
        guard exact.isEmpty else { return exact }
        if let identifier = try? identify(Scan(bytes: Array(text.utf8)), year: year) {
            let found = try orders(of: identifier, in: snapshot)
            guard found.isEmpty else { return found }
        }
        for mark in [OrderMark.serial(text), .lot(text)] {
            let found = try snapshot.orders(marked: mark, limit: foundMax)
            guard found.isEmpty else { return found }
        }
        return try snapshot.orders(matching: text)
    }

    /// The one order that is meant. Of several, the one that is about the device itself, and not about its journey or its case.
    /// - Throws: `CustodyError` with code `order-unknown` or `order-ambiguous`.
    public static func order(
        _ text: String, year: Int, in snapshot: LedgerSnapshot, _ rulebook: Rulebook
    ) throws -> OrderRecord {
        try one(of: try orders(text, year: year, in: snapshot), text, snapshot, rulebook)
    }

    /// All orders that fit, as a list shows them.
    public static func links(
        _ text: String, year: Int, in snapshot: LedgerSnapshot, _ rulebook: Rulebook
    ) throws -> [OrderLink] {
        let links = OrderLinks(snapshot: snapshot, rulebook: rulebook)
        return try orders(text, year: year, in: snapshot).compactMap(links.link)
    }

    /// Subjects that name a serialised thing, with more on their labels than this one or not.
    public static func subjects(fitting subject: String, in snapshot: LedgerSnapshot) throws -> [String] {
        guard let match = SubjectMatch(subject), let mark = OrderMark.parts(of: subject).last else { return [] }
        var seen: Set<String> = []
        return try snapshot.orders(marked: mark, limit: foundMax).flatMap { try snapshot.subjects(of: $0) }
            .filter { match.fits($0) && seen.insert($0).inserted }
    }

    private static func one(
        of found: [OrderRecord], _ text: String, _ snapshot: LedgerSnapshot, _ rulebook: Rulebook
    ) throws -> OrderRecord {
        let links = OrderLinks(snapshot: snapshot, rulebook: rulebook)
        let devices = found.count == 1 ? found : try found.filter { try links.kind(of: $0) == .device }
        let meant = devices.isEmpty ? found : devices
        guard let first = meant.first else {
            throw CustodyError(
                .orderUnknown, "no order is known by '\(text)'",
                remedy: "custody orders lists those that this gateway has")
        }
        guard meant.count == 1 else {
            let names = meant.prefix(20).map(\.name).joined(separator: ", ")
            throw CustodyError(
                .orderAmbiguous, "'\(text)' fits \(meant.count) orders: \(names)\(meant.count > 20 ? ", ..." : "")",
                remedy: "give one of these, or look at all: custody find")
        }
        return first
    }

    private static func orders(of identifier: Identifier, in snapshot: LedgerSnapshot) throws -> [OrderRecord] {
        guard let subject = identifier.subject else { return try marked(identifier, in: snapshot) }
        let direct = try snapshot.orders(under: subject, limit: foundMax)
        guard direct.isEmpty else { return direct }
        // A label that gives more or less than the one that was scanned before: without its lot, say.
        guard let asked = SubjectMatch(subject) else { return [] }
        return try marked(identifier, in: snapshot).filter { order in
            try snapshot.subjects(of: order).contains { asked.fits($0) }
        }
    }

    private static func marked(_ identifier: Identifier, in snapshot: LedgerSnapshot) throws -> [OrderRecord] {
        if let serial = identifier.udi?.serial ?? identifier.value(of: "21") {
            return try snapshot.orders(marked: .serial(serial), limit: foundMax)
        }
        guard let lot = identifier.udi?.lot ?? identifier.value(of: "10") else { return [] }
        return try snapshot.orders(marked: .lot(lot), limit: foundMax)
    }
}
