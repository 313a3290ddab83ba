import ArgumentParser
import EPCIS
import Foundation
import Gateway
import History
import Ledger
import Store

struct EPCISImportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Record the events of somebody's EPCIS document as steps of orders.",
        discussion: """
            Each event becomes the next step of the order that it names, or that has one of its identifiers, and is judged by the \
            order's contract like any other update. Events are taken in the order of their times; what was recorded already is \
            not recorded again. Status 1 if any event was refused or belongs to no order.
            """)

    @Argument(help: "The document in JSON-LD, or - for standard input.")
    var file: String
    @Option(help: "The order to which all events belong, instead of looking for it.")
    var order: String?
    @Option(help: "Which step a business step is, such as receiving=received; may be given again.")
    var map: [String] = []
    @Option(help: "A public fact for each step, name=value, such as those that events do not have; may be given again.")
    var fact: [String] = []
    @OptionGroup var state: StateOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let chosen = try Self.pairs(map, "--map BIZSTEP=STEP")
        let more = try Self.pairs(fact, "--fact name=value")
        let document = try EPCISDocument(reading: try NamedFile.bytes(file))
        let ledger = try state.ledger()
        let intake = EventIntake(
            ledger: ledger, rulebook: try ledger.read { try $0.rulebook() }, order: order, chosen: chosen, facts: more,
            state: state.directory)
        // Numbered as they stand in the document, taken as they happened.
        let events = document.events.enumerated().map {
            (number: $0, event: EventImport($1, year: CalendarYear.present))
        }
        .sorted { ($0.event.time ?? .max, $0.number) < ($1.event.time ?? .max, $1.number) }
        var outcomes: [EventOutcome] = []
        for (number, event) in events {
            let outcome = try await intake.take(event, number: number + 1)
            outcomes.append(outcome)
            if !output.json { print(outcome.text) }
        }
        if output.json { print(try OutputOptions.encode(outcomes)) }
        let failed = outcomes.count { !$0.isFine }
        if failed > 0 { throw CheckFailed(message: "\(failed) of \(outcomes.count) events were not recorded") }
    }

    private static func pairs(_ texts: [String], _ form: String) throws -> [String: String] {
        try texts.reduce(into: [:]) { pairs, text in
            guard let equals = text.firstIndex(of: "="), equals != text.startIndex else {
                throw ValidationError("'\(text)' is not of the form \(form)")
            }
            pairs[String(text[..<equals])] = String(text[text.index(after: equals)...])
        }
    }
}

/// What became of one event.
struct EventOutcome: Encodable {
    enum Kind: String, Encodable {
        case recorded, refused
        case alreadyThere = "already-there"
        case noOrder = "no-order"
    }

    /// Its place in the document, from 1.
    let event: Int
    let id: String
    let outcome: Kind
    var order: String?
    var step: String?
    /// The update that says it.
    var update: String?
    /// Why it was not recorded.
    var code: String?
    var reason: String?

    var isFine: Bool { outcome == .recorded || outcome == .alreadyThere }

    var text: String {
        let what = [step, update].compactMap { $0 }.joined(separator: " at ")
        let why = reason.map { "\($0)" + (code.map { " [\($0)]" } ?? "") }
        return (["event \(event)".padded(9), outcome.rawValue.padded(13)] + [what, why ?? "", order ?? ""])
            .filter { !$0.isEmpty }.joined(separator: "  ")
    }
}

/// Events on their way to the recorder.
private struct EventIntake {
    let ledger: LedgerStore
    let rulebook: Rulebook
    let order: String?
    let chosen: [String: String]
    let facts: [String: String]
    let state: StateDirectory

    private enum Decision {
        case record(Draft)
        case done(EventOutcome)
    }

    /// - Throws: `CustodyError` for what no event can help, such as a full disk.
    func take(_ event: EventImport, number: Int) async throws -> EventOutcome {
        switch try decide(event, number) {
        case .done(let outcome): return outcome
        case .record(let draft):
            var outcome = EventOutcome(event: number, id: event.id, outcome: .recorded, step: draft.step)
            do {
                let receipt = try await RecorderAccess.record(draft, state: state)
                outcome.order = receipt.order
                outcome.update = "\(receipt.origin):\(receipt.index)"
                return outcome
            } catch let error as CustodyError where Self.isRefusal(error) {
                if case .existing(let name) = draft.order { outcome.order = name }
                return Self.refused(outcome, error.code.rawValue, error.message)
            }
        }
    }

    private static func isRefusal(_ error: CustodyError) -> Bool {
        Rejection.Code(rawValue: error.code.rawValue) != nil || error.code == .limitExceeded
    }

    private static func refused(_ outcome: EventOutcome, _ code: String, _ reason: String) -> EventOutcome {
        EventOutcome(
            event: outcome.event, id: outcome.id, outcome: .refused, order: outcome.order, step: outcome.step,
            code: code,
            reason: reason)
    }

    private func decide(_ event: EventImport, _ number: Int) throws -> Decision {
        let plain = EventOutcome(event: number, id: event.id, outcome: .noOrder)
        return try ledger.read { snapshot in
            let places = try places(of: event, snapshot)
            let known = try known(event, in: places, snapshot, plain)
            if let correction = event.correction { return .done(Self.withdrawn(correction, of: known ?? plain)) }
            if let known { return .done(known) }
            guard !places.isEmpty else { return .done(missing(event, plain)) }
            return try draft(event, among: places, snapshot, plain)
        }
    }

    /// A correction bears the ID of what it corrects, and must not pass for that.
    private static func withdrawn(_ correction: String, of known: EventOutcome) -> EventOutcome {
        var outcome = refused(
            known, "event-withdrawn",
            "it says that an event was wrong (\(correction)): what follows from that is for people to record")
        outcome.update = known.update
        return outcome
    }

    private func missing(_ event: EventImport, _ plain: EventOutcome) -> EventOutcome {
        var outcome = plain
        outcome.code = "order-unknown"
        outcome.reason =
            event.subjects.isEmpty
            ? "it names no order of this consortium and no identifier"
            : "no order here has \(event.subjects.prefix(3).joined(separator: ", "))"
        return outcome
    }

    // MARK: Which order

    /// An order to which an event may belong, and what its things are called there.
    private struct Place {
        let record: OrderRecord
        let subjects: [String]
    }

    /// The order that was given or that the event names, or else all that have one of its things.
    private func places(of event: EventImport, _ snapshot: LedgerSnapshot) throws -> [Place] {
        var found: [OrderRecord] = []
        var names: [OrderRecord: [String: String]] = [:]
        for subject in event.subjects.prefix(Update.subjectsMax) {
            for name in try Self.names(of: subject, snapshot) {
                for record in try snapshot.orders(keyed: name) {
                    if names[record] == nil { found.append(record) }
                    if names[record]?[subject] == nil { names[record, default: [:]][subject] = name }
                }
            }
        }
        return try (named(event, snapshot) ?? found).map { record in
            Place(record: record, subjects: event.subjects.map { names[record]?[$0] ?? $0 })
        }
    }

    private func named(_ event: EventImport, _ snapshot: LedgerSnapshot) throws -> [OrderRecord]? {
        if let order { return [try snapshot.order(order)] }
        guard let named = event.order else { return nil }
        let exact = try snapshot.orders(matching: named).filter { $0.name == named }
        return exact.isEmpty ? nil : exact
    }

    /// What the ledger may call a thing: as the event does, or with a lot, or without.
    private static func names(of subject: String, _ snapshot: LedgerSnapshot) throws -> [String] {
        guard let name = EventImport.nameWithoutLot(of: subject) else { return [subject] }
        return try [subject] + OrderSearch.subjects(fitting: name, in: snapshot).filter { $0 != subject }
    }

    /// Whether the order says it already: imported before, or the very update that the event was exported from.
    private func known(
        _ event: EventImport, in places: [Place], _ snapshot: LedgerSnapshot, _ plain: EventOutcome
    ) throws -> EventOutcome? {
        for record in places.map(\.record) {
            let said = try snapshot.updates(of: record).first { applied in
                let source = applied.update.source
                let isImport = source.kind == .import && source.station == event.id
                return applied.verdict.isAccepted && (isImport || applied.reference.leafHash == event.leafHash)
            }
            guard let said else { continue }
            return EventOutcome(
                event: plain.event, id: plain.id, outcome: .alreadyThere, order: record.name, step: said.update.step,
                update: "\(said.reference.origin):\(said.reference.index)")
        }
        return nil
    }

    // MARK: Which step

    private struct Candidate {
        let place: Place
        let step: Contract.Step
        /// Whether the order and this organisation's role allow it now.
        let isNext: Bool
    }

    private func draft(
        _ event: EventImport, among places: [Place], _ snapshot: LedgerSnapshot, _ plain: EventOutcome
    ) throws -> Decision {
        let role = try snapshot.ownLog().flatMap {
            rulebook.latest?.organisation(ConsortiumDocument.organisation(ofOrigin: $0.origin))?.role
        }
        let candidates = try places.flatMap { place in
            let thread = try snapshot.thread(of: place.record, rulebook: rulebook)
            guard let contract = thread.contract.flatMap({ rulebook.contracts[$0] }) else { return [Candidate]() }
            return event.candidates(in: contract, chosen: chosen).compactMap { name in
                guard let step = contract.step(name) else { return nil }
                let isOurs = role.map { step.by.contains($0) || step.approvals?.of.contains($0) == true } ?? false
                return Candidate(
                    place: place, step: step, isNext: isOurs && thread.allows(step))
            }
        }
        let next = candidates.filter(\.isNext)
        if Set(next.map(\.place.record)).count > 1 {
            return .done(
                Self.refused(
                    plain, "order-ambiguous",
                    "it fits \(Set(next.map(\.place.record)).count) orders: say which with --order"))
        }
        // Where none is allowed, the recorder says why the likeliest is not.
        guard let candidate = next.first ?? candidates.first else {
            var outcome = plain
            outcome.order = places.count == 1 ? places[0].record.name : nil
            let said = event.bizStep.map { "'\($0)'" } ?? "nothing"
            return .done(
                Self.refused(
                    outcome, "step-unmapped",
                    "no step of the order's contract is what the event says (bizStep \(said)): say which with --map"))
        }
        return .record(draft(event, candidate))
    }

    private func draft(_ event: EventImport, _ candidate: Candidate) -> Draft {
        var values = Dictionary(uniqueKeysWithValues: event.facts(for: candidate.step).map { ($0.name, $0.value) })
        for (name, value) in facts { values[name] = value }
        return Draft(
            order: .existing(candidate.place.record.name), step: candidate.step.name,
            facts: values.sorted { $0.key < $1.key }.map { (name: $0.key, value: .text($0.value)) },
            subjects: candidate.place.subjects, observedAt: event.time, source: Source(.import, station: event.id))
    }
}
