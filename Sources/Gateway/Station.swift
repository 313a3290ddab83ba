import Capture
import Identifiers
import Ledger
import Store
import Synchronization
import Telemetry

/// A place where scans happen, with its rule for which step a scan records.
///
/// Symbols of one package that come within the rule's session speak together.
public final class Station: Sendable {
    /// What a station's configuration says.
    public struct Rule: Hashable, Sendable {
        public let name: String
        /// The step that a scan records.
        public let step: String
        /// Facts that every update of this station carries.
        public let facts: [String: String]
        /// Microseconds during which the symbols of one package are waited for.
        public let session: Int64

        public init(name: String, step: String, facts: [String: String] = [:], session: Int64 = 10_000_000) {
            self.name = name
            self.step = step
            self.facts = facts
            self.session = session
        }
    }

    private struct Desk {
        var session: ScanSession
        var unit: String?
        /// Under which number the intake keeps a symbol that has not been recorded.
        var kept: [Identifier: Int64] = [:]
    }

    public let rule: Rule
    let recorder: Recorder
    let ledger: LedgerStore
    private let intake: IntakeStore
    let instruments: Instruments
    private let desk: Mutex<Desk>

    public init(rule: Rule, recorder: Recorder, ledger: LedgerStore, intake: IntakeStore, instruments: Instruments) {
        self.rule = rule
        self.recorder = recorder
        self.ledger = ledger
        self.intake = intake
        self.instruments = instruments
        desk = Mutex(Desk(session: ScanSession(window: rule.session / 1_000)))
    }

    // MARK: Taking scans

    /// Turns one scan into an update. What matches no order is kept as unmatched, and the operator hears why.
    /// When it returns, either is on disk.
    public func accept(_ scan: Scan, from origin: ScanOrigin) async -> ScanAcknowledgement {
        do {
            let identifier = try identify(scan)
            let (outcome, over) = add(identifier)
            await settle(over)
            switch outcome {
            case nil: return hold(scan, identifier)
            case .complete(let merged, let parts), .extended(let merged, let parts):
                try await record(merged, parts: parts)
                return .recorded
            case .incomplete(let merged, _): throw Self.incomplete(merged)
            case .contradiction(let error, _): throw CustodyError(error)
            }
        } catch let error as CustodyError where Self.mayRetry.contains(error.code) {
            return .unavailable(error)
        } catch {
            return keep(scan, because: error as? CustodyError ?? CustodyError(.scanUnmatched, "\(error)"))
        }
    }

    /// Ends the sessions whose time has passed: what may stand alone is recorded, the rest stays unmatched.
    public func expire() async { await settle(expired()) }

    /// When there is something for `expire` to do, UTC microseconds; nil while nothing waits.
    public var deadline: Int64? { desk.withLock { $0.session.deadline }.map { $0 * 1_000 } }

    /// Ends sessions in time until the task is cancelled.
    public func run() async {
        while !Task.isCancelled {
            let wait = (deadline ?? .max) - instruments.now()
            try? await Task.sleep(for: .microseconds(min(max(wait, 0), Self.lookMax)))
            await expire()
        }
    }

    /// Microseconds after which `run` looks again.
    private static let lookMax: Int64 = 500_000

    static let mayRetry: Set<CustodyError.Code> = [
        .recorderBusy, .durabilityUnknown, .storeFailed, .ownLogInDoubt,
    ]

    private func identify(_ scan: Scan) throws -> Identifier {
        do { return try Identifiers.identify(scan, year: year) } catch { throw CustodyError(error) }
    }

    private var year: Int { CalendarYear.of(instruments.now()) }

    private var milliseconds: Int64 { instruments.now() / 1_000 }

    /// - Returns: what is now known of the symbol's package, nil while it waits for another one; and what became of the
    ///   packages whose time is over.
    private func add(_ identifier: Identifier) -> (outcome: ScanSession.Outcome?, over: [ScanSession.Outcome]) {
        let (milliseconds, year) = (milliseconds, year)
        return desk.withLock { desk in
            let over = desk.session.expire(at: milliseconds)
            let outcomes = desk.session.add(identifier, at: milliseconds, year: year)
            let own = outcomes.last { $0.parts.contains(identifier) }
            return (own ?? desk.session.outcome(of: identifier), over)
        }
    }

    private func expired() -> [ScanSession.Outcome] { desk.withLock { $0.session.expire(at: milliseconds) } }

    private func settle(_ outcomes: [ScanSession.Outcome]) async {
        for outcome in outcomes {
            if case .complete(let merged, let parts) = outcome {
                // Each of its parts is among the unmatched scans already, with the reason that was told.
                try? await record(merged, parts: parts)
            }
            desk.withLock { desk in for part in outcome.parts { desk.kept[part] = nil } }
        }
    }

    // MARK: Matching

    enum Match {
        case next(String, Contract.Step)
        /// The same scan stands in the log already: a source that saw no receipt delivers again.
        case done(Reference)
        /// A logistic unit, which speaks for what is in it.
        case unit(UnitLoad)
        case none(String)
    }

    private func record(_ identifier: Identifier, parts: [Identifier]) async throws {
        let entry = try await record(identifier)
        let kept = desk.withLock { desk in parts.compactMap { desk.kept.removeValue(forKey: $0) } }
        try intake.settle(scans: kept, in: "\(entry.origin):\(entry.index)")
    }

    private func record(_ identifier: Identifier) async throws -> Reference {
        if let subject = identifier.subject {
            switch rule.step {
            case UnitContents.packing: return try await pack(subject)
            case UnitContents.unpacking: return try await unpack(subject)
            default: break
            }
        }
        switch try match(keys: [identifier.value(of: "400"), identifier.subject].compactMap { $0 }, identifier.subject)
        {
        case .none(let reason): throw CustodyError(.scanUnmatched, reason)
        case .done(let reference): return reference
        case .unit(let load): return try await record(load)
        case .next(let order, let step):
            return try await recorder.record(draft(of: identifier, order: order, step: step)).reference
        }
    }

    /// The unit that things are packed into: the one that was begun last.
    var unit: String? {
        get { desk.withLock { $0.unit } }
        set { desk.withLock { $0.unit = newValue } }
    }

    /// - Parameters:
    ///   - keys: by which the order is found: numbers and subjects, the first one first.
    ///   - subject: what is scanned; nil for a label that names only an order.
    func match(keys: [String], _ subject: String?) throws -> Match {
        let rulebook = ledger.rulebook
        return try ledger.read { snapshot in
            var seen = false
            for key in keys {
                for order in try snapshot.orders(keyed: key) {
                    seen = true
                    let thread = try snapshot.thread(of: order, rulebook: rulebook)
                    if let done = recorded(subject, in: thread) { return .done(done) }
                    if let step = allowed(thread, rulebook) { return .next(order.name, step) }
                }
            }
            if let subject, let load = try UnitLoad(of: subject, snapshot, rulebook) { return .unit(load) }
            return .none(
                seen
                    ? "\(rule.step) cannot be recorded now on the order of this label"
                    : "no order is known for this label")
        }
    }

    /// The update in which this station has recorded its step of a thing.
    func recorded(_ subject: String?, in thread: OrderThread) -> Reference? {
        thread.nodes.first { node in
            node.verdict.isAccepted && node.update.step == rule.step && node.update.source.station == rule.name
                && subject.map(node.update.subjects.contains) ?? false
        }?.reference
    }

    private func allowed(_ thread: OrderThread, _ rulebook: Rulebook) -> Contract.Step? {
        let step = thread.contract.flatMap { rulebook.contracts[$0] }?.step(rule.step)
        return step.flatMap { thread.allows($0) ? $0 : nil }
    }

    private func draft(of identifier: Identifier, order: String, step: Contract.Step) -> Draft {
        let fromLabel = LabelFacts.of(identifier)
            .filter { step.facts[$0.name] == .public && rule.facts[$0.name] == nil }
        return Draft(
            order: .existing(order), step: step.name,
            facts: fixedFacts + fromLabel.map { (name: $0.name, value: Draft.Value.text($0.value)) },
            subjects: identifier.subject.map { [$0] } ?? [], observedAt: instruments.now(),
            source: Source(.scan, station: rule.name))
    }

    /// What every update of this station says.
    var fixedFacts: [(name: String, value: Draft.Value)] {
        rule.facts.sorted { $0.key < $1.key }.map { (name: $0.key, value: .text($0.value)) }
    }

    // MARK: Keeping

    private func hold(_ scan: Scan, _ identifier: Identifier) -> ScanAcknowledgement {
        switch keep(scan, because: Self.incomplete(identifier), as: identifier) {
        case .refused(let error): .held(error)
        case let other: other
        }
    }

    private static func incomplete(_ identifier: Identifier) -> CustodyError {
        let missing = identifier.missing.isEmpty ? "" : " (\(identifier.missing.joined(separator: ", ")))"
        return CustodyError(
            .scanIncomplete, "this symbol alone does not tell which device it is\(missing)",
            remedy: "scan the other symbol of the package")
    }

    private func keep(
        _ scan: Scan, because error: CustodyError, as identifier: Identifier? = nil
    ) -> ScanAcknowledgement {
        do {
            let number = try intake.keepUnmatched(
                bytes: scan.bytes, symbologyIdentifier: scan.symbologyIdentifier, station: rule.name,
                receivedAt: instruments.now(), reason: error.description)
            if let identifier { desk.withLock { $0.kept[identifier] = number } }
            return .refused(error)
        } catch {
            return .unavailable(error as? CustodyError ?? CustodyError(.storeFailed, "\(error)"))
        }
    }
}

/// What a label says that a contract may want as facts.
enum LabelFacts {
    static func of(_ identifier: Identifier) -> [(name: String, value: String)] {
        let udi = identifier.udi
        let logistics = LogisticsLabel(identifier)
        let all: [(name: String, value: String?)] = [
            ("lot", udi?.lot), ("serial", udi?.serial), ("expiry", udi?.expiry), ("sscc", logistics?.sscc),
            ("ship-to", logistics?.shipTo), (TemperatureLimits.lowestFact, logistics?.minimumCelsius.map(degrees)),
            (TemperatureLimits.highestFact, logistics?.maximumCelsius.map(degrees)),
        ]
        return all.compactMap { name, value in value.map { (name, $0) } }
    }

    /// Hundredths, as labels have them.
    private static func degrees(_ celsius: Double) -> String { "\((celsius * 100).rounded() / 100)" }
}

extension ScanSession.Outcome {
    fileprivate var parts: [Identifier] {
        switch self {
        case .complete(_, let parts), .extended(_, let parts), .incomplete(_, let parts), .contradiction(_, let parts):
            parts
        }
    }
}

extension CustodyError {
    /// What a scan means cannot be said.
    public init(_ error: IdentifierError) {
        self.init(
            Code(rawValue: error.code.rawValue), error.message, at: error.position.map { "position \($0)" })
    }
}

/// The calendar year of a time, for labels' two-digit years.
public enum CalendarYear {
    /// - Parameter microseconds: UTC since 1970-01-01.
    public static func of(_ microseconds: Int64) -> Int {
        let perDay: Int64 = 86_400_000_000
        let day = microseconds / perDay - (microseconds % perDay < 0 ? 1 : 0)
        // Whole cycles of the calendar, and the days since the first of March 2000 in the one under way: leap days are last.
        let since = day - 11_017
        let cycle = since / 146_097 - (since % 146_097 < 0 ? 1 : 0)
        let inCycle = since - cycle * 146_097
        let year = (inCycle - inCycle / 1_460 + inCycle / 36_524 - inCycle / 146_096) / 365
        let inYear = inCycle - (365 * year + year / 4 - year / 100)
        // January and February belong to the year that begins with the March before them.
        return Int(2_000 + cycle * 400 + year) + (inYear >= 306 ? 1 : 0)
    }
}

extension CustodyError.Code {
    public static let scanUnmatched: Self = "scan-unmatched"
    public static let scanIncomplete: Self = "scan-incomplete"
}
