import Gateway
import Ledger
import Store
import Telemetry

/// The conditions of a journey as the log tells them: what its sensors said, and what was out of order.
public struct JourneyReport: Sendable {
    /// What an update sums up.
    public struct Window: Hashable, Sendable {
        /// UTC microseconds.
        public let from: Int64
        public let to: Int64
        public let count: Int
        public let min: Double
        public let max: Double
        public let mean: Double
        /// Nil where the values are no temperatures.
        public let mkt: Double?
        /// Readings outside the limits, and the seconds that they stand for.
        public let outside: Int
        public let secondsOutside: Double
        public let secondsSilent: Double
        /// Readings that the device counted and that have not come.
        public let missing: UInt64
        public let isSupplementary: Bool
    }

    /// What people were told of.
    public struct Event: Hashable, Sendable {
        public let kind: String
        public let sensor: SensorName
        public let from: Int64
        /// Nil while it lasts.
        public var to: Int64?
        public let value: Double?
        public let limit: Double?
        public var worst: Double?
        public let detail: String?

        /// Whether the goods were outside their limits.
        public var isExcursion: Bool { ["above", "below", "mkt"].contains(kind) }
    }

    public let order: String
    /// UTC microseconds; nil where the journey has not begun.
    public let began: Int64?
    public let ended: Int64?
    public let limits: TemperatureLimits
    /// In order of device, metric and time.
    public private(set) var sensors: [(sensor: SensorName, windows: [Window])] = []
    public private(set) var events: [Event] = []

    /// - Parameter contract: whose limits hold.
    public init(order: String, updates: [AppliedUpdate], contract: Contract?, rule: ConditionRule = ConditionRule()) {
        let accepted = updates.filter(\.verdict.isAccepted)
        let first = accepted.first { rule.beginsWith.contains($0.update.step) }
        let last = accepted.first { rule.endsWith.contains($0.update.step) }
        self.order = order
        began = first.map { $0.update.observedAt ?? $0.entry.recordedAt }
        ended = last.map { $0.update.observedAt ?? $0.entry.recordedAt }
        let label = TemperatureLimits(
            lowest: first?.update.decimal(TemperatureLimits.lowestFact),
            highest: first?.update.decimal(TemperatureLimits.highestFact))
        limits = contract?.limits.map { label.joined(with: TemperatureLimits($0)) } ?? label
        var windows: [SensorName: [Window]] = [:]
        for update in accepted.lazy.map(\.update) {
            if update.step == rule.step, let sensor = update.sensor, let window = Window(update) {
                windows[sensor, default: []].append(window)
            }
            take(event: update)
        }
        sensors = windows.sorted {
            ($0.key.device, $0.key.metric, $0.key.unit) < ($1.key.device, $1.key.metric, $1.key.unit)
        }
        .map { ($0.key, $0.value.sorted { $0.from < $1.from }) }
    }

    /// Of an order and of the transports that it cites, those that have conditions.
    public static func all(
        of record: OrderRecord, _ snapshot: LedgerSnapshot, _ rulebook: Rulebook
    ) throws -> [JourneyReport] {
        let cited = try snapshot.orders(citedBy: record, limit: Trace.linksMax).filter { order in
            let contract = try snapshot.ends(of: order).flatMap { rulebook.contracts[$0.first.update.contract]?.name }
            return OrderKind(contract: contract) == .journey
        }
        return try ([record] + cited).map { record in
            let updates = try snapshot.updates(of: record)
            return JourneyReport(
                order: record.name, updates: updates,
                contract: updates.first.flatMap { rulebook.contracts[$0.update.contract] })
        }.filter { !$0.isEmpty }
    }

    public var isEmpty: Bool { sensors.isEmpty && events.isEmpty }

    /// Excursions of a sensor.
    public func excursions(of sensor: SensorName) -> [Event] { events.filter { $0.isExcursion && $0.sensor == sensor } }

    private mutating func take(event update: Update) {
        guard update.step.hasPrefix("excursion.") || update.step.hasPrefix("event."),
            let kind = update.text(of: "kind"),
            let from = update.time("from")
        else { return }
        let sensor = update.sensor ?? SensorName(device: update.text(of: "device") ?? "", metric: "", unit: "")
        if update.step.hasSuffix(".ended"),
            let place = events.lastIndex(where: { $0.kind == kind && $0.sensor == sensor && $0.from == from })
        {
            events[place].to = update.time("to")
            events[place].worst = update.decimal("worst")
            return
        }
        events.append(
            Event(
                kind: kind, sensor: sensor, from: from, to: update.time("to"), value: update.decimal("value"),
                limit: update.decimal("limit"), worst: update.decimal("worst"), detail: update.text(of: "detail")))
    }
}

extension JourneyReport.Window {
    fileprivate init?(_ update: Update) {
        guard let from = update.time("from"), let to = update.time("to"), let min = update.decimal("min"),
            let max = update.decimal("max"), let mean = update.decimal("mean"),
            let count = update.text(of: "count").flatMap(Int.init)
        else { return nil }
        self.from = from
        self.to = to
        self.count = count
        self.min = min
        self.max = max
        self.mean = mean
        mkt = update.decimal("mkt")
        outside = update.text(of: "outside").flatMap(Int.init) ?? 0
        secondsOutside = update.decimal("seconds-outside") ?? 0
        secondsSilent = update.decimal("seconds-silent") ?? 0
        missing = update.text(of: "missing").flatMap(UInt64.init) ?? 0
        isSupplementary = update.text(of: "supplementary") == "true"
    }
}

extension Update {
    fileprivate func decimal(_ fact: String) -> Double? {
        text(of: fact).flatMap(Double.init).flatMap { $0.isFinite ? $0 : nil }
    }

    fileprivate func time(_ fact: String) -> Int64? { text(of: fact).flatMap(WindowSummary.time) }

    fileprivate var sensor: SensorName? {
        guard let device = text(of: "device"), let metric = text(of: "metric"), let unit = text(of: "unit") else {
            return nil
        }
        return SensorName(device: device, metric: metric, unit: unit)
    }
}
