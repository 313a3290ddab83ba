import ArgumentParser
import Consortium
import Foundation
import Gateway
import History
import Ledger
import Store

/// How grave an event is, which decides the legal clock (MDR article 87).
private enum Gravity: String, ExpressibleByArgument, CaseIterable {
    /// A serious public health threat: 2 days.
    case threat
    /// Death, or unanticipated serious deterioration: 10 days.
    case death
    /// Any other serious incident: 15 days.
    case serious
    case incident

    var step: String { "\(rawValue).reported" }
}

struct AdverseReportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report", abstract: "Report an adverse event.",
        discussion: """
            Prints the event's order. Maker and regulator are notified by their own gateways, and the legal clock runs. What \
            points to a person, and who reports, is given as a private fact: patient, narrative, clinical-sign, health-effect, \
            occurred-on, reporter.
            """)

    @Option(help: "How grave it is: threat (public health), death, serious, incident.")
    private var gravity: Gravity
    @Option(help: "The IMDRF code of the device's problem, annex A, such as A0401.")
    var problem: String
    @Option(help: "The device: its order, or its label as scanned.")
    var device: String?
    @OptionGroup var facts: FactOptions
    @OptionGroup var person: OperatorOptions
    @OptionGroup var state: StateOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let code = try IMDRFCode.checked(problem, annex: .deviceProblem, at: "--problem")
        let subjects = try facts.subjects(instruments: .system())
        let about = try device.map { text in try state.ledger().read { try AboutDevice(text, $0) } }
        let named: [(name: String, value: String?)] = [
            ("problem", code.text), ("order", about?.order), ("device", about?.subject ?? subjects.first),
            ("lot", about?.lot),
        ]
        let given = try facts.facts()
        let open = named.known.filter { fact in !given.contains { $0.name == fact.name } }
        let credential = try person.credential()
        let draft = Draft(
            order: .open(contract: AdverseStatistics.contract), step: gravity.step, facts: open + given,
            subjects: subjects.isEmpty ? about?.subject.map { [$0] } ?? [] : subjects,
            cites: Array((about?.heads ?? []).prefix(Update.citesMax)), source: Source(.operator),
            operator: person.id(credential))
        let receipt = try await RecorderAccess.record(draft, signedBy: credential, state: state.directory)
        try output.print(receipt, text: receipt.order)
    }

    /// What the ledger says of the device that a report is about.
    private struct AboutDevice {
        let order: String
        let subject: String?
        let lot: String?
        let heads: [Reference]

        init(_ text: String, _ snapshot: LedgerSnapshot) throws {
            let rulebook = try snapshot.rulebook()
            let record = try OrderSearch.order(text, year: CalendarYear.present, in: snapshot, rulebook)
            order = record.name
            subject = try snapshot.subjects(of: record).last { !UnitContents.isUnit($0) }
            lot = try snapshot.lots(of: record).last
            heads = try snapshot.thread(of: record, rulebook: rulebook).heads
        }
    }
}

/// What is known of one event, and of the values that this gateway may read.
private struct EventOptions: ParsableArguments {
    @Argument(help: "The event's order or number.")
    var event: String
    @OptionGroup var state: StateOptions
    @OptionGroup var output: OutputOptions

    func found(_ ledger: LedgerStore, now: Int64) throws -> AdverseCase {
        try ledger.read { snapshot in
            try AdverseCase(of: try snapshot.order(event), now: now, snapshot, try snapshot.rulebook())
        }
    }
}

struct AdverseShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract:
            "Show an event with its clocks, every link that touched the device, and what shares its lot, material or journey."
    )

    @OptionGroup private var options: EventOptions

    func run() async throws {
        let shown = try options.found(try options.state.ledger(), now: Instruments.system().now())
        try options.output.print(shown, text: shown.text)
    }
}

struct AdverseExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Write a draft of FDA form 3500A and of the EU's incident report as JSON.",
        discussion: """
            Fields are filled as far as the ledger knows them, and what is missing is named. Private facts are in it only with \
            --with-private, and only those that this gateway may read.
            """)

    @OptionGroup private var options: EventOptions
    @Flag(help: "Put the values of private facts into the draft.")
    var withPrivate = false
    @Option(
        name: .shortAndLong, help: "The file to write, readable by its owner alone; standard output if none is named.")
    var output: String?

    func run() async throws {
        let ledger = try options.state.ledger()
        let now = Instruments.system().now()
        let event = try options.found(ledger, now: now)
        let secret = withPrivate ? try values(of: event.event, ledger) : [:]
        let draft = try OutputOptions.encode(AdverseDraft(of: event, secret: secret, now: now))
        guard let output else { return print(draft) }
        try PrivateFile.replace(output, bytes: Array((draft + "\n").utf8))
    }

    private func values(of order: String, _ ledger: LedgerStore) throws -> [String: String] {
        let record = try ledger.read { try $0.order(order) }
        let readable = try ledger.privateFacts(of: record).compactMap { fact -> (String, String)? in
            guard case .readable(let disclosure) = fact.state else { return nil }
            return (fact.name, disclosure.value)
        }
        return Dictionary(readable, uniquingKeysWith: { _, last in last })
    }
}
