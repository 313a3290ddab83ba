import Consortium
import Ledger
import Store
import Telemetry

/// An order as a person reads it: every step, who stands behind it, how sure it is, and what the order has to do with others.
public struct Trace: Encodable {
    public struct Step: Encodable {
        let step: String
        let organisation: String
        let role: String?
        let origin: String
        let index: UInt64
        let leafHash: String
        let recordedAt: String
        let observedAt: String?
        /// What recorded it: `scan`, `window`, `operator`, `rule`, `import`.
        let source: String
        /// The place where it was scanned.
        let station: String?
        /// The rule of the contract that recorded it.
        let rule: String?
        /// Leaf hash of the update that set the rule off.
        let trigger: String?
        let facts: [String: String]
        let subjects: [String]
        /// The pseudonym of who did it.
        let `operator`: String?
        /// Whether the operator signed it with a key that the organisation certified; nil if nobody signed.
        let operatorSigned: Bool?
        let verdict: String
        /// The updates that it builds on, by leaf hash.
        let parents: [String]
        /// Whether a resolution took it out of the order.
        let dropped: Bool
        let confirmed: Bool
        /// Seconds from its recording to its confirmation, by this gateway's clock.
        let confirmedAfter: Double?
        let cosigners: [String]
        /// How many organisations cosign.
        let members: Int
        let frozen: String?
        /// Whether its log was revoked before it.
        let revoked: Bool
        /// Organisations whose cosignatures contradict its time, and time stamps that do, with the seconds by which it is
        /// ahead of theirs.
        let clockAhead: [String: Double]
        /// Of the first head with a time stamp that includes it.
        let timeStamp: ShownTimeStamp?
        /// When it was recorded, UTC microseconds.
        let recordedTime: Int64

        private enum CodingKeys: CodingKey {
            case step, organisation, role, origin, index, leafHash, recordedAt, observedAt, source, station, rule,
                trigger, facts
            case subjects, `operator`, operatorSigned, verdict, parents, dropped, confirmed, confirmedAfter, cosigners,
                members
            case frozen, revoked, clockAhead, timeStamp
        }
    }

    /// Other orders that are looked for on each side, at the most.
    public static let linksMax = 256

    public let order: String
    let kind: OrderKind
    let contract: String?
    let number: String?
    let steps: [Step]
    /// Who has what the order is about; nil before anybody has had it.
    let holder: Holder?
    let heads: [String]
    /// What each head has that no other has; one of an order without a fork.
    let branches: [Branch]
    let disputed: String?
    let waiting: [String]
    let erasures: [ShownErasure]
    /// Of the order's own journey and of those that it cites.
    let journeys: [Journey]
    /// Cases and pallets in which its things are or were, the newest first.
    let units: [UnitStay]
    /// Orders on which it relies, and on which those rely: materials, journeys.
    let upstream: [OrderLink]
    /// Orders that rely on it, and those that rely on them.
    let downstream: [OrderLink]
    /// Updates that are not stored here, or that wait here for such, as peers have them.
    let fetched: [FetchedStep]
    /// Why peers gave nothing, or nothing that is proved.
    let unfetched: [String]

    public struct Branch: Encodable {
        let head: String
        let origin: String
        let steps: [String]
        let dropped: Bool
    }

    public struct Journey: Encodable {
        struct Sensor: Encodable {
            let device, metric, unit: String
            let min, mean, max: Double
            let secondsOutside, secondsSilent: Double
        }

        let order: String
        let windows: Int
        let sensors: [Sensor]
        let excursions: [ShownJourney.Event]
    }

    /// - Parameter fetched: what peers have of the order.
    public init(
        of record: OrderRecord, snapshot: LedgerSnapshot, rulebook: Rulebook, fetched: FetchedOrder? = nil
    ) throws {
        let logs = Dictionary(uniqueKeysWithValues: try snapshot.logs().map { ($0.origin, $0) })
        self.fetched = try fetched?.updates.map { try FetchedStep($0, log: logs[$0.origin], of: record.name) } ?? []
        unfetched = fetched?.problems ?? []
        let thread = try snapshot.thread(of: record, rulebook: rulebook)
        let contract = thread.contract.flatMap { rulebook.contracts[$0] }
        order = record.name
        kind = OrderKind(contract: contract?.name)
        self.contract = contract.map { "\($0.name) \($0.version)" }
        let updates = try snapshot.updates(of: record)
        number = updates.lazy.compactMap { $0.update.text(of: OrderFact.number) }.first
        let dropped = thread.dropped
        let erased = try snapshot.erasures(ofOrder: record.name)
        let cosigned = try Dictionary(
            uniqueKeysWithValues: Set(updates.map(\.reference.origin)).compactMap { logs[$0] }.map {
                ($0.origin, try snapshot.cosignedSizes(of: $0.id))
            })
        steps = try updates.map { applied in
            try Step(
                applied, isDropped: dropped.contains(applied.reference.leafHash), erased: erased,
                log: logs[applied.reference.origin], cosigned: cosigned[applied.reference.origin] ?? [:],
                snapshot: snapshot, rulebook: rulebook)
        }
        erasures = erased.map { ShownErasure($0, updates) }
        heads = thread.heads.map(\.leafHash.hex)
        branches = thread.heads.map { head in
            Branch(
                head: head.leafHash.hex, origin: head.origin, steps: thread.branch(of: head).map(\.update.step),
                dropped: dropped.contains(head.leafHash))
        }
        let conflict = contract.flatMap { thread.conflict(under: $0)?.message }
        disputed = conflict
        holder = Holder(updates, without: dropped, isDisputed: conflict != nil, logs: logs)
        waiting = try snapshot.waiting().filter { $0.update.order == record.name }.map(Self.sentence)
        journeys = try JourneyReport.all(of: record, snapshot, rulebook).map(Journey.init)
        let links = OrderLinks(snapshot: snapshot, rulebook: rulebook)
        upstream = try links.all(from: record, .upstream, limit: Self.linksMax)
        downstream = try links.all(from: record, .downstream, limit: Self.linksMax)
        units = try UnitStay.all(of: updates, notIn: record, snapshot, rulebook)
    }

    private static func sentence(_ waiting: WaitingUpdate) -> String {
        let what =
            switch waiting.awaited {
            case .entry(let reference): "\(reference.origin):\(reference.index)"
            case .document(let hash): "the consortium document \(hash.hex)"
            case .contract(let hash): "the contract \(hash.hex)"
            }
        return "\(waiting.update.step) of \(waiting.reference.origin) waits for \(what)"
    }
}

extension Trace.Step {
    init(
        _ applied: AppliedUpdate, isDropped: Bool, erased: [ErasureRecord], log: LogRecord?, cosigned: [String: UInt64],
        snapshot: LedgerSnapshot, rulebook: Rulebook
    ) throws {
        let reference = applied.reference
        let member = rulebook.documents[applied.update.consortium]?.organisation(
            ConsortiumDocument.organisation(ofOrigin: reference.origin))
        step = applied.update.step
        organisation = ConsortiumDocument.organisation(ofOrigin: reference.origin)
        role = member?.role.rawValue
        origin = reference.origin
        index = reference.index
        leafHash = reference.leafHash.hex
        recordedTime = applied.entry.recordedAt
        recordedAt = UTCText.of(recordedTime)
        observedAt = applied.update.observedAt.map(UTCText.of)
        source = applied.update.source.kind.rawValue
        station = applied.update.source.station.isEmpty ? nil : applied.update.source.station
        rule = applied.update.firing?.rule
        trigger = applied.update.firing?.trigger.hex
        facts = Dictionary(
            applied.update.facts.map { fact in
                switch fact.value {
                case .text(let text): (fact.name, text)
                case .commitment:
                    (fact.name, erased.contains { $0.erases(fact.name, of: reference) } ? "(erased)" : "(private)")
                }
            }, uniquingKeysWith: { first, _ in first })
        subjects = applied.update.subjects
        `operator` = applied.update.operator?.id
        operatorSigned = rulebook.isSigned(
            applied.update, from: reference.origin, recordedAt: applied.entry.recordedAt)
        verdict = applied.verdict.isAccepted ? "accepted" : "\(applied.verdict)"
        parents = applied.update.parents.map(\.leafHash.hex)
        dropped = isDropped
        confirmed = log?.isConfirmed(reference.index) ?? false
        revoked = log.map { reference.index > $0.lastCounted ?? .max } ?? false
        confirmedAfter = try snapshot.confirmedAt(reference).map {
            Double(max(0, $0 - applied.entry.recordedAt)) / 1e6
        }
        members = rulebook.latest?.organisations.count ?? 0
        clockAhead = Dictionary(
            try snapshot.doubts(of: reference).map { ($0.cosigner, Double($0.ahead) / 1e6) },
            uniquingKeysWith: { first, _ in first })
        timeStamp = try log.flatMap { try snapshot.timeStamp(including: reference.index, of: $0) }
            .map { try ShownTimeStamp($0) }
        frozen = log?.frozen(at: reference.index)
        cosigners = cosigned.filter { $0.value > reference.index }.keys.sorted()
    }
}

extension Trace.Journey {
    init(_ report: JourneyReport) {
        order = report.order
        windows = report.sensors.reduce(0) { $0 + $1.windows.count }
        sensors = report.sensors.map { Sensor($0.sensor, $0.windows) }
        excursions = report.events.filter(\.isExcursion).map(ShownJourney.Event.init)
    }
}

extension Trace.Journey.Sensor {
    init(_ sensor: SensorName, _ windows: [JourneyReport.Window]) {
        device = sensor.device
        metric = sensor.metric
        unit = sensor.unit
        min = windows.map(\.min).min() ?? 0
        max = windows.map(\.max).max() ?? 0
        let readings = windows.reduce(0) { $0 + $1.count }
        mean = windows.reduce(0) { $0 + $1.mean * Double($1.count) } / Double(Swift.max(1, readings))
        secondsOutside = windows.reduce(0) { $0 + $1.secondsOutside }
        secondsSilent = windows.reduce(0) { $0 + $1.secondsSilent }
    }
}
