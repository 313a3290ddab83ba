import Ledger
import Store

/// What the ledger knows about an adverse event: the report, every link that touched the device, under which conditions, and
/// what else shares its lot, its material or its journey.
public struct AdverseCase: Encodable {
    /// A time by which somebody must have done something.
    public struct Clock: Encodable, Sendable {
        public let step: String
        /// Who must have done it.
        public let by: [String]
        public let due: String
        /// When it was done; nil while it is not.
        public let done: String?
        public let isLate: Bool
    }

    /// Somebody who had to do with the device.
    public struct Link: Encodable, Sendable {
        public let organisation: String
        public let role: String?
        public let order: String
        public let step: String
        public let at: String
        public let facts: [String: String]
        /// The log and index where it stands, and how sure it is.
        public let entry: String
        public let standing: String
    }

    /// Orders that have something in common with the device's.
    public struct Shared: Encodable, Sendable {
        public let what: String
        public let orders: [OrderLink]
    }

    /// Orders that share one thing, at the most.
    public static let sharedMax = 1_000

    public let event: String
    /// The step by which it was reported, such as `death.reported`.
    public let report: String
    public let reportedAt: String
    public let reportedBy: String
    public let facts: [String: String]
    public let clocks: [Clock]
    /// What happened in the case since, in order.
    public let proceedings: [Link]
    /// The device's own order; nil where the report cites none.
    public let device: Trace?
    /// Of the device's order and of all that it relies on, in the order of time.
    public let links: [Link]
    public let shared: [Shared]

    /// - Parameter now: UTC microseconds.
    /// - Throws: `CustodyError` with code `order-unknown` for an order that is no adverse event.
    public init(of record: OrderRecord, now: Int64, _ snapshot: LedgerSnapshot, _ rulebook: Rulebook) throws {
        let updates = try snapshot.updates(of: record).filter(\.verdict.isAccepted)
        guard let first = updates.first, let contract = rulebook.contracts[first.update.contract],
            OrderKind(contract: contract.name) == .event
        else { throw CustodyError(.orderUnknown, "this order is no adverse event", at: record.name) }
        let trace = try Trace(of: record, snapshot: snapshot, rulebook: rulebook)
        event = record.name
        report = first.update.step
        reportedAt = UTCText.of(first.entry.recordedAt)
        reportedBy = ConsortiumDocument.organisation(ofOrigin: first.reference.origin)
        facts = trace.steps.first?.facts ?? [:]
        clocks = Self.clocks(updates, contract, now: now)
        proceedings = trace.steps.map { Link($0, of: record.name) }
        let walk = OrderLinks(snapshot: snapshot, rulebook: rulebook)
        let own = try snapshot.orders(citedBy: record, limit: Trace.linksMax).first { try walk.kind(of: $0) == .device }
        let device = try own.map { try Trace(of: $0, snapshot: snapshot, rulebook: rulebook) }
        self.device = device
        guard let own, let device else {
            (links, shared) = ([], [])
            return
        }
        let upstream = try walk.records(from: [own], .upstream, limit: Trace.linksMax)
            .filter { try ![.event, .recall].contains(walk.kind(of: $0)) }
        let beside = try upstream.flatMap { order in
            try Trace(of: order, snapshot: snapshot, rulebook: rulebook).steps.map { Link($0, of: order.name) }
        }
        links = (device.steps.map { Link($0, of: own.name) } + beside).sorted { $0.at < $1.at }
        shared = try Self.shared(own, upstream, walk)
    }

    private static func clocks(_ updates: [AppliedUpdate], _ contract: Contract, now: Int64) -> [Clock] {
        contract.steps.compactMap { step in
            guard let within = step.within, let start = updates.first(where: { $0.update.step == within.of }) else {
                return nil
            }
            let due = within.end(from: start.entry.recordedAt)
            let done = updates.first { $0.update.step == step.name }?.entry.recordedAt
            return Clock(
                step: step.name, by: step.by.map(\.rawValue).sorted(), due: UTCText.of(due), done: done.map(UTCText.of),
                isLate: (done ?? now) > due)
        }
    }

    private static func shared(_ own: OrderRecord, _ upstream: [OrderRecord], _ walk: OrderLinks) throws -> [Shared] {
        let snapshot = walk.snapshot
        func links(_ orders: [OrderRecord]) throws -> [OrderLink] {
            try orders.filter { try $0 != own && walk.kind(of: $0) == .device }.compactMap(walk.link)
        }
        var found: [Shared] = []
        for lot in try Set(snapshot.lots(of: own)).sorted() {
            found.append(
                Shared(what: "lot \(lot)", orders: try links(snapshot.orders(marked: .lot(lot), limit: sharedMax))))
        }
        for order in upstream {
            let kind = try walk.kind(of: order)
            guard kind != .device, let link = try walk.link(order) else { continue }
            let name = [kind.rawValue, link.number ?? link.facts["lot"] ?? order.name].joined(separator: " ")
            let others = try walk.records(from: [order], .downstream, limit: sharedMax)
            found.append(Shared(what: name, orders: try links(others)))
        }
        return found.filter { !$0.orders.isEmpty }
    }

    /// For a terminal.
    public var text: String {
        var lines = [
            "event     \(event)", "reported  \(report) by \(reportedBy), \(reportedAt)",
        ]
        lines += facts.sorted { $0.key < $1.key }.map { "    \($0.key.onOneLine)=\($0.value.onOneLine)" }
        lines += clocks.map { clock in
            let state = clock.done.map { "done \($0)" } ?? "open"
            return "clock     \(clock.step) by \(clock.by.joined(separator: " or ")): due \(clock.due), \(state)"
                + (clock.isLate ? ", LATE" : "")
        }
        lines += ["", "in the case"] + proceedings.dropFirst().map(\.text)
        guard let device else { return (lines + ["", "the report cites no device's order"]).joined(separator: "\n") }
        lines += ["", "device    \(device.order)" + (device.holder.map { ", held by \($0.text)" } ?? "")]
        lines += ["", "every link that touched it"] + links.map(\.text)
        let excursions = device.journeys.flatMap { journey in
            journey.excursions.map { "    \(journey.order): \($0.text)" }
        }
        lines += excursions.isEmpty ? [] : ["", "out of order on its journeys"] + excursions
        for group in shared {
            lines += ["", "shares \(group.what.onOneLine)"] + group.orders.map { "    \($0.text)" }
        }
        return lines.joined(separator: "\n")
    }
}

extension AdverseCase.Link {
    fileprivate init(_ step: Trace.Step, of order: String) {
        organisation = step.organisation
        role = step.role
        self.order = order
        self.step = step.step
        at = step.recordedAt
        facts = step.facts
        entry = "\(step.origin):\(step.index)"
        standing = step.standing
    }

    fileprivate var text: String {
        let shown = facts.sorted { $0.key < $1.key }.map { "\($0.key.onOneLine)=\($0.value.onOneLine)" }.joined(
            separator: "  ")
        return "    \(at.padded(24)) \(organisation.padded(13)) \(step.padded(21)) \(entry.padded(22)) \(standing)"
            + (shown.isEmpty ? "" : "\n        \(shown)")
    }
}
