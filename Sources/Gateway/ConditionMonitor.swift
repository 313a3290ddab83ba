import Ledger
import Logging
import Store
import Telemetry

/// Watches the sensors of each journey: sums their readings up in windows, and tells at once what is out of order. Each
/// becomes an update of the order that travels.
///
/// A journey lasts from the step that names the vehicle's sensors to the step that ends it. What is decided depends on
/// the stored readings alone, so a gateway that starts again goes on where it was.
public actor ConditionMonitor {
    /// Late readings are waited for this long after a journey's end, in microseconds.
    static let patience: Int64 = 7 * 86_400 * 1_000_000
    /// Applied updates looked at in one go.
    static let followMax = 512

    /// A sensor on a journey.
    struct Place: Hashable {
        let order: String
        let sensor: SensorName
    }

    private nonisolated let executor = DispatchExecutor(label: "custody.conditions")
    let rule: ConditionRule
    let recorder: Recorder
    let ledger: LedgerStore
    let intake: IntakeStore
    let instruments: Instruments
    let logger: Logger
    /// What was seen of each sensor, for silence; the stored readings give it back after a restart.
    var pulses: [Place: SensorPulse] = [:]
    /// Events whose recording was tried and not finished.
    var attempted: Set<Int64> = []
    /// The stamp up to which devices' own events are looked at.
    var deviceEventsSeen: Int64 = 0
    private var hasFinishedAnnounced = false

    public nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    public init(
        rule: ConditionRule, recorder: Recorder, ledger: LedgerStore, intake: IntakeStore, instruments: Instruments,
        logger: Logger
    ) {
        self.rule = rule
        self.recorder = recorder
        self.ledger = ledger
        self.intake = intake
        self.instruments = instruments
        self.logger = logger
    }

    /// Works until the task is cancelled: when readings have come, at most ten times a second, and once a second without.
    public func run() async {
        await PacedWork.run(after: intake.arrivals.signal) {
            try await advance()
        } failed: { error in
            logger.warning("conditions wait", metadata: ["error": "\(error)"])
        }
    }

    /// Does all that can be done now.
    public func advance() async throws {
        try followJourneys()
        if !hasFinishedAnnounced { try await tellEvents(areNew: false) }
        try await finishAnnounced()
        hasFinishedAnnounced = true
        let heard = try intake.heardSensors()
        let journeys = try intake.journeys(endedAfter: instruments.now() - Self.patience)
        try noteDeviceEvents(on: journeys)
        for journey in journeys {
            for sensor in try intake.sensors(of: journey) where try isDue(sensor, journey, heard) {
                try await look(at: sensor, on: journey)
            }
        }
        let orders = Set(journeys.map(\.order))
        pulses = pulses.filter { orders.contains($0.key.order) }
        try await tellEvents()
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
        guard rule.beginsWith.contains(applied.update.step), let sensors = applied.update.text(of: rule.vehicleFact)
        else { return nil }
        return Journey(
            order: applied.update.order, sensors: sensors, began: time(of: applied), limits: limits(of: applied.update))
    }

    /// What the label of the transport order said and what the contract says: of each the stricter.
    private func limits(of update: Update) -> TemperatureLimits {
        let label = TemperatureLimits(
            lowest: update.text(of: TemperatureLimits.lowestFact).flatMap(Double.init),
            highest: update.text(of: TemperatureLimits.highestFact).flatMap(Double.init))
        guard let written = ledger.rulebook.contracts[update.contract]?.limits else { return label }
        return label.joined(with: TemperatureLimits(written))
    }

    private func ended(_ applied: AppliedUpdate) -> (order: String, at: Int64)? {
        rule.endsWith.contains(applied.update.step) ? (applied.update.order, time(of: applied)) : nil
    }

    private func time(of applied: AppliedUpdate) -> Int64 { applied.update.observedAt ?? applied.entry.recordedAt }

    // MARK: Recording

    /// Records a draft, unless it stands in the log already. A contract that forbids it has the last word.
    /// - Parameter isNew: whether this process has just made it up, so that it cannot stand there.
    func record(_ draft: Draft, isNew: Bool) async throws {
        if !isNew, try stands(draft) { return }
        do { _ = try await recorder.record(draft) } catch let error as CustodyError
            where Rejection.Code(rawValue: error.code.rawValue) != nil
        {
            logger.error("conditions refused", metadata: ["step": "\(draft.step)", "error": "\(error)"])
        }
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

extension TemperatureLimits {
    /// What a contract says.
    /// Those of a contract.
    public init(_ written: Contract.Limits) {
        self.init(
            lowest: written.lowest, highest: written.highest, grace: written.grace.map { Int64($0) * 1_000_000 },
            mkt: written.mkt, mktSpan: Int64(written.mktHours) * 3_600_000_000)
    }
}
