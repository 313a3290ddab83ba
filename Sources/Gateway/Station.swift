import Capture
import Identifiers
import Ledger
import Store

/// A place where scans happen, with its rule for which step a scan records.
public struct Station: Sendable {
    /// What a station's configuration says.
    public struct Rule: Hashable, Sendable {
        public let name: String
        /// The step that a scan records.
        public let step: String
        /// Facts that every update of this station carries.
        public let facts: [String: String]

        public init(name: String, step: String, facts: [String: String] = [:]) {
            self.name = name
            self.step = step
            self.facts = facts
        }
    }

    public let rule: Rule
    private let recorder: Recorder
    private let ledger: LedgerStore
    private let intake: IntakeStore
    private let instruments: Instruments

    public init(rule: Rule, recorder: Recorder, ledger: LedgerStore, intake: IntakeStore, instruments: Instruments) {
        self.rule = rule
        self.recorder = recorder
        self.ledger = ledger
        self.intake = intake
        self.instruments = instruments
    }

    /// Turns one scan into an update. What matches no order is kept as unmatched, and the operator hears why.
    /// When it returns, either is on disk.
    public func accept(_ scan: Scan, from origin: ScanOrigin) async -> ScanAcknowledgement {
        do {
            let identifier = try identify(scan)
            switch try match(identifier) {
            case .done: return .recorded
            case .next(let order, let step):
                _ = try await recorder.record(draft(of: identifier, order: order, step: step, origin: origin))
                return .recorded
            case .none(let reason): throw CustodyError(.scanUnmatched, reason)
            }
        } catch let error as CustodyError where Self.mayRetry.contains(error.code) {
            return .unavailable(error)
        } catch {
            return keep(scan, because: error as? CustodyError ?? CustodyError(.scanUnmatched, "\(error)"))
        }
    }

    private static let mayRetry: Set<CustodyError.Code> = [.recorderBusy, .durabilityUnknown, .storeFailed]

    private func identify(_ scan: Scan) throws -> Identifier {
        do { return try Identifiers.identify(scan, year: CalendarYear.of(instruments.now())) } catch {
            throw CustodyError(
                CustodyError.Code(rawValue: error.code.rawValue), error.message,
                at: error.position.map { "position \($0)" })
        }
    }

    private enum Match {
        case next(String, Contract.Step)
        /// The same scan stands in the log already: a source that saw no receipt delivers again.
        case done
        case none(String)
    }

    private func match(_ identifier: Identifier) throws -> Match {
        let keys = [identifier.value(of: "400"), identifier.subject].compactMap { $0 }
        let rulebook = ledger.rulebook
        return try ledger.read { snapshot in
            var seen = false
            for key in keys {
                for order in try snapshot.orders(keyed: key) {
                    seen = true
                    let thread = try snapshot.thread(of: order, rulebook: rulebook)
                    if isRecorded(identifier, in: thread) { return .done }
                    if let step = allowed(thread, rulebook) { return .next(order.name, step) }
                }
            }
            return .none(
                seen
                    ? "\(rule.step) cannot be recorded now on the order of this label"
                    : "no order is known for this label")
        }
    }

    private func isRecorded(_ identifier: Identifier, in thread: OrderThread) -> Bool {
        thread.nodes.contains { node in
            node.verdict.isAccepted && node.update.step == rule.step && node.update.source.station == rule.name
                && identifier.subject.map(node.update.subjects.contains) ?? false
        }
    }

    private func allowed(_ thread: OrderThread, _ rulebook: Rulebook) -> Contract.Step? {
        let step = thread.contract.flatMap { rulebook.contracts[$0] }?.step(rule.step)
        return step.flatMap { thread.allows($0) ? $0 : nil }
    }

    private func draft(of identifier: Identifier, order: String, step: Contract.Step, origin: ScanOrigin) -> Draft {
        let udi = identifier.udi
        let read = [("lot", udi?.lot), ("serial", udi?.serial), ("expiry", udi?.expiry)]
        let fromLabel = read.compactMap { name, value in value.map { (name: name, value: Draft.Value.text($0)) } }
            .filter { step.facts[$0.name] == .public && rule.facts[$0.name] == nil }
        let fixed = rule.facts.sorted { $0.key < $1.key }.map { (name: $0.key, value: Draft.Value.text($0.value)) }
        return Draft(
            order: .existing(order), step: step.name, facts: fixed + fromLabel,
            subjects: identifier.subject.map { [$0] } ?? [], observedAt: instruments.now(),
            source: Source(.scan, station: rule.name))
    }

    private func keep(_ scan: Scan, because error: CustodyError) -> ScanAcknowledgement {
        do {
            try intake.keepUnmatched(
                bytes: scan.bytes, symbologyIdentifier: scan.symbologyIdentifier, station: rule.name,
                receivedAt: instruments.now(), reason: error.description)
            return .refused(error)
        } catch {
            return .unavailable(error as? CustodyError ?? CustodyError(.storeFailed, "\(error)"))
        }
    }
}

/// The calendar year of a time, for labels' two-digit years.
public enum CalendarYear {
    /// - Parameter microseconds: UTC since 1970-01-01.
    public static func of(_ microseconds: Int64) -> Int {
        // 400 Gregorian years are 146,097 days: the mean year is near enough, but for the hours around New Year.
        1970 + Int((Double(microseconds) / 86_400_000_000 / 365.2425).rounded(.down))
    }
}

extension CustodyError.Code {
    public static let scanUnmatched: Self = "scan-unmatched"
}
