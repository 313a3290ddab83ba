import Ledger
import Store

/// How far a recall has come.
public struct RecallProgress: Encodable, Sendable {
    /// One affected device, and what was recorded of it since.
    public struct Item: Encodable, Sendable {
        public let order: String
        public let device: String?
        /// Who had it when the recall was opened.
        public let holder: String?
        /// When the notice was recorded on its own order.
        public let noticed: String?
        /// When the holder's gateway has recorded that the notice came.
        public let received: String?
        /// When its holder has acknowledged the recall's notice.
        public let acknowledged: String?
        /// What became of it: `device.quarantined`, `device.returned`, `device.destroyed`, `device.corrected`.
        public let settled: String?
        public let settledAt: String?
    }

    /// How many devices had come so far by the end of a day.
    public struct Day: Encodable, Sendable {
        public let day: String
        public let noticed, received, acknowledged, settled: Int
    }

    /// Steps that end what is to be done about one device.
    public static let settling: Set = ["device.quarantined", "device.returned", "device.destroyed", "device.corrected"]

    public let recall: String
    public let reason: String?
    public let scope: String?
    public let opened: String
    public let closed: String?
    public let items: [Item]
    /// Days on which something happened.
    public let days: [Day]

    /// - Throws: `CustodyError` with code `order-unknown` for an order that is no recall.
    public init(of record: OrderRecord, _ snapshot: LedgerSnapshot, _ rulebook: Rulebook) throws {
        let updates = try snapshot.updates(of: record).filter(\.verdict.isAccepted)
        guard let first = updates.first,
            OrderKind(contract: rulebook.contracts[first.update.contract]?.name) == .recall
        else { throw CustodyError(.orderUnknown, "this order is no recall", at: record.name) }
        recall = record.name
        reason = first.update.text(of: "reason")
        scope = first.update.text(of: "scope")
        opened = UTCText.of(first.entry.recordedAt)
        closed = updates.first { $0.update.step == "recall.closed" }.map { UTCText.of($0.entry.recordedAt) }
        let notices = Notices(updates)
        items = try updates.filter { $0.update.step == "device.affected" }.map { affected in
            try Item(affected.update, notices, of: record.name, snapshot)
        }
        days = Self.days(of: items)
    }

    private static func days(of items: [Item]) -> [Day] {
        func day(_ time: String?) -> String? { time.map { String($0.prefix(10)) } }
        let all = Set(items.flatMap { [$0.noticed, $0.received, $0.acknowledged, $0.settledAt] }.compactMap(day))
        return all.sorted().map { last in
            func count(_ time: (Item) -> String?) -> Int { items.count { day(time($0)).map { $0 <= last } ?? false } }
            return Day(
                day: last, noticed: count(\.noticed), received: count(\.received), acknowledged: count(\.acknowledged),
                settled: count(\.settledAt))
        }
    }

    /// For a terminal.
    public var text: String {
        let last = days.last
        var lines = [
            "recall       \(recall)", "reason       \((reason ?? "-").onOneLine)",
            "scope        \((scope ?? "-").onOneLine)",
            "opened       \(opened)" + (closed.map { ", closed \($0)" } ?? ""),
            "affected     \(items.count)",
            "noticed      \(last?.noticed ?? 0)",
            "received     \(last?.received ?? 0)",
            "acknowledged \(last?.acknowledged ?? 0)",
            "settled      \(last?.settled ?? 0)",
        ]
        if !days.isEmpty { lines.append("") }
        lines += days.map {
            "\($0.day)   noticed \($0.noticed)  received \($0.received)  acknowledged \($0.acknowledged)  settled \($0.settled)"
        }
        return lines.joined(separator: "\n")
    }
}

/// What holders have said on the recall's own order.
private struct Notices {
    /// The first acknowledgement of each organisation.
    private var acknowledged: [String: String] = [:]
    private var settled: [String: (step: String, at: String)] = [:]

    init(_ updates: [AppliedUpdate]) {
        for applied in updates {
            let at = UTCText.of(applied.entry.recordedAt)
            let organisation = ConsortiumDocument.organisation(ofOrigin: applied.reference.origin)
            if applied.update.step == "notice.acknowledged", acknowledged[organisation] == nil {
                acknowledged[organisation] = at
            }
            guard RecallProgress.settling.contains(applied.update.step) else { continue }
            for key in [applied.update.text(of: "order"), applied.update.text(of: "device")].compactMap(\.self) {
                settled[key] = (applied.update.step, at)
            }
        }
    }

    func acknowledgement(of holder: String?) -> String? { holder.flatMap { acknowledged[$0] } }

    func settlement(of order: String, _ device: String?) -> (step: String, at: String)? {
        settled[order] ?? device.flatMap { settled[$0] }
    }
}

extension RecallProgress.Item {
    fileprivate init(
        _ affected: Update, _ notices: Notices, of recall: String, _ snapshot: LedgerSnapshot
    ) throws {
        order = affected.text(of: "order") ?? ""
        device = affected.text(of: "device")
        holder = affected.text(of: "holder")
        let own = try snapshot.orders(named: order, limit: 1).first.map { try snapshot.updates(of: $0) } ?? []
        func time(of step: String) -> String? {
            own.first { $0.verdict.isAccepted && $0.update.step == step && $0.update.text(of: "recall") == recall }
                .map { UTCText.of($0.entry.recordedAt) }
        }
        noticed = time(of: RecallStep.noticed)
        received = time(of: RecallStep.received)
        acknowledged = notices.acknowledgement(of: holder)
        let settlement = notices.settlement(of: order, device)
        settled = settlement?.step
        settledAt = settlement?.at
    }
}

/// Steps of a device's own order that a recall brings about.
public enum RecallStep {
    /// The recall reached the device's order.
    public static let noticed = "recall.noticed"
    /// The gateways of those who may have the device know of it.
    public static let received = "recall.received"
}
