import Ledger
import Logging
import Store
import Telemetry

/// Sums up the readings of a journey in windows, and records each as an update of the order that travels.
///
/// A journey lasts from the step that names the vehicle to the step that ends it. A window closes when a later reading
/// has come, when it is overdue, or with the journey; readings that come for a closed window go into a supplementary
/// one.
public actor ConditionMonitor {
    /// What `conditions` in the configuration says.
    public struct Rule: Hashable, Sendable {
        /// Length of a window in microseconds.
        public let window: Int64
        public let beginsWith: String
        public let endsWith: String
        /// The fact of the first step that names the vehicle.
        public let vehicleFact: String
        /// The step that a window records.
        public let step: String

        public init(
            window: Int64 = 900_000_000, beginsWith: String = "shipped", endsWith: String = "received",
            vehicleFact: String = "vehicle", step: String = "conditions.recorded"
        ) {
            self.window = window
            self.beginsWith = beginsWith
            self.endsWith = endsWith
            self.vehicleFact = vehicleFact
            self.step = step
        }
    }

    /// Late readings are waited for this long after a journey's end.
    static let patience: Int64 = 7 * 86_400 * 1_000_000
    /// Applied updates looked at in one go.
    static let followMax = 512

    private nonisolated let executor = DispatchExecutor(label: "custody.conditions")
    private let rule: Rule
    private let recorder: Recorder
    private let ledger: LedgerStore
    private let intake: IntakeStore
    private let instruments: Instruments
    private let logger: Logger

    public nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    public init(
        rule: Rule, recorder: Recorder, ledger: LedgerStore, intake: IntakeStore, instruments: Instruments,
        logger: Logger
    ) {
        self.rule = rule
        self.recorder = recorder
        self.ledger = ledger
        self.intake = intake
        self.instruments = instruments
        self.logger = logger
    }

    /// Works until the task is cancelled, at most once a second.
    public func run() async {
        while !Task.isCancelled {
            do { try await advance() } catch is CancellationError { return } catch {
                logger.warning("conditions wait", metadata: ["error": "\(error)"])
            }
            try? await Task.sleep(for: .seconds(1))
        }
    }

    /// Does all that can be done now.
    public func advance() async throws {
        try followJourneys()
        for window in try intake.pendingWindows() { try await record(window) }
        for journey in try intake.journeys(endedAfter: instruments.now() - Self.patience) {
            for sensor in try intake.sensors(of: journey.device) { try await closeWindows(of: sensor, on: journey) }
        }
    }

    // MARK: Journeys

    private func followJourneys() throws {
        while true {
            let sequence = try intake.followed()
            let updates = try ledger.read { try $0.applied(after: sequence, limit: Self.followMax) }
            guard let last = updates.last else { return }
            let accepted = updates.filter(\.verdict.isAccepted)
            try intake.follow(to: last.sequence, began: accepted.compactMap(began), ended: accepted.compactMap(ended))
        }
    }

    private func began(_ applied: AppliedUpdate) -> Journey? {
        guard applied.update.step == rule.beginsWith, let device = applied.update.text(of: rule.vehicleFact) else {
            return nil
        }
        return Journey(
            order: applied.update.order, device: device, began: time(of: applied), limits: limits(in: applied.update))
    }

    /// What the label of the transport order said.
    private func limits(in update: Update) -> TemperatureLimits {
        TemperatureLimits(
            lowest: update.text(of: TemperatureLimits.lowestFact).flatMap(Double.init),
            highest: update.text(of: TemperatureLimits.highestFact).flatMap(Double.init))
    }

    private func ended(_ applied: AppliedUpdate) -> (order: String, at: Int64)? {
        applied.update.step == rule.endsWith ? (applied.update.order, time(of: applied)) : nil
    }

    private func time(of applied: AppliedUpdate) -> Int64 { applied.update.observedAt ?? applied.entry.recordedAt }

    // MARK: Windows

    private func closeWindows(of sensor: SensorName, on journey: Journey) async throws {
        let batch = try intake.lastBatch()
        while true {
            let mark = try intake.mark(of: sensor, order: journey.order) ?? WindowMark(end: journey.began, batch: 0)
            if mark.batch < batch, try hasLate(sensor, journey: journey, mark: mark, batch: batch) {
                let late = WindowMark(end: mark.end, batch: batch)
                try await record(
                    try intake.announce(order: journey.order, sensor: sensor, mark: late, isSupplementary: true))
            }
            guard let end = try dueEnd(of: sensor, journey: journey, mark: mark, batch: batch) else { return }
            let next = WindowMark(end: end, batch: batch)
            try await record(
                try intake.announce(order: journey.order, sensor: sensor, mark: next, isSupplementary: false))
        }
    }

    private func hasLate(_ sensor: SensorName, journey: Journey, mark: WindowMark, batch: Int64) throws -> Bool {
        guard mark.end > journey.began else { return false }
        return try intake.hasReadings(
            of: sensor, from: journey.began, before: mark.end, batches: (mark.batch + 1)...batch)
    }

    /// Where the next window ends, if it is time to close it.
    private func dueEnd(of sensor: SensorName, journey: Journey, mark: WindowMark, batch: Int64) throws -> Int64? {
        let horizon = journey.ended ?? .max
        guard
            let span = try intake.span(of: sensor, from: mark.end, before: horizon, upToBatch: batch)
        else { return nil }
        let start = span.first - Self.modulo(span.first, rule.window)
        let end = min(start + rule.window, horizon)
        let isOver = span.last >= end || journey.ended != nil || instruments.now() >= end + rule.window
        return isOver ? end : nil
    }

    private static func modulo(_ value: Int64, _ divisor: Int64) -> Int64 {
        let rest = value % divisor
        return rest < 0 ? rest + divisor : rest
    }

    /// Records a window that was announced, unless it stands in the log already.
    private func record(_ window: PendingWindow) async throws {
        guard let summary = try summary(of: window) else { return try intake.settle(window) }
        let draft = draft(of: summary, window: window)
        if try !stands(draft) {
            do { _ = try await recorder.record(draft) } catch let error as CustodyError
                where Rejection.Code(rawValue: error.code.rawValue) != nil
            {
                logger.error(
                    "window refused", metadata: ["order": "\(window.order)", "error": "\(error)"])
            }
        }
        try intake.settle(window)
    }

    private func summary(of pending: PendingWindow) throws -> WindowSummary? {
        let before = try intake.markBefore(pending)
        let sensor = pending.sensor
        var window = Window(device: sensor.device, metric: sensor.metric, unit: sensor.unit)
        let start = before?.end ?? .min
        let readings =
            pending.isSupplementary
            ? try intake.readings(
                of: sensor, from: .min, before: start, batches: ((before?.batch ?? 0) + 1)...max(pending.batch, 1))
            : try intake.readings(of: sensor, from: start, before: pending.end, batches: 0...pending.batch)
        let journey = try intake.journeys(endedAfter: .min).first { $0.order == pending.order }
        let began = journey?.began ?? .min
        for reading in readings.prefix(Window.readingsMax) where reading.time >= began { try window.add(reading) }
        return window.summary(limits: journey?.limits ?? TemperatureLimits())
    }

    private func draft(of summary: WindowSummary, window: PendingWindow) -> Draft {
        var facts = summary.facts.map { (name: $0.name, value: Draft.Value.text($0.value)) }
        if window.isSupplementary { facts.append((name: "supplementary", value: .text("true"))) }
        return Draft(
            order: .existing(window.order), step: rule.step, facts: facts, observedAt: summary.to,
            source: Source(.window, sensor: "\(window.sensor.device)/\(window.sensor.metric)"))
    }

    private func stands(_ draft: Draft) throws -> Bool {
        guard case .existing(let order) = draft.order else { return false }
        let facts = draft.facts.map { fact -> Fact in
            if case .text(let text) = fact.value {
                Fact(name: fact.name, value: .text(text))
            } else {
                Fact(name: fact.name, value: .text(""))
            }
        }
        return try ledger.read { snapshot in
            try snapshot.updates(of: try snapshot.order(order)).contains {
                $0.update.step == draft.step && $0.update.source == draft.source && $0.update.facts == facts
            }
        }
    }
}
