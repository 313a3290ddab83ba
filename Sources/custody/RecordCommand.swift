import ArgumentParser
import Consortium
import Foundation
import Gateway
import Identifiers
import Ledger
import Portal
import Store

/// Facts and scans as they are given on a command line. Private values come from files or standard input only.
struct FactOptions: ParsableArguments {
    @Option(help: "A public fact, name=value; may be given again.")
    var fact: [String] = []
    @Option(help: "A private fact, name=@FILE, or name=- for standard input; may be given again.")
    var privateFact: [String] = []
    @Option(help: "A scanned label that the update is about; may be given again.")
    var scan: [String] = []

    func facts() throws -> [(name: String, value: Draft.Value)] {
        let open = try fact.map { text in
            let (name, value) = try Self.split(text, "--fact name=value")
            return (name: name, value: Draft.Value.text(value))
        }
        let secret = try privateFact.map { text in
            let (name, value) = try Self.split(text, "--private-fact name=@FILE, or name=-")
            guard value == "-" || value.hasPrefix("@") else {
                throw ValidationError(
                    "a private value is not given as an argument, where other users could see it: use \(name)=@FILE or \(name)=-"
                )
            }
            return (
                name: name,
                value: Draft.Value.private(try NamedFile.bytes(value == "-" ? "-" : String(value.dropFirst())))
            )
        }
        return open + secret
    }

    private static func split(_ text: String, _ form: String) throws -> (String, String) {
        guard let equals = text.firstIndex(of: "="), equals != text.startIndex else {
            throw ValidationError("'\(text)' is not of the form \(form)")
        }
        return (String(text[..<equals]), String(text[text.index(after: equals)...]))
    }

    func subjects(instruments: Instruments) throws -> [String] {
        try scan.map { data in
            let identifier: Identifier
            do {
                identifier = try identify(
                    Scan(bytes: Array(data.utf8)), year: CalendarYear.of(instruments.now()))
            } catch let error as IdentifierError {
                throw CustodyError(
                    CustodyError.Code(rawValue: error.code.rawValue), error.message, at: "--scan \(data)")
            }
            guard let subject = identifier.subject else {
                throw CustodyError(.scanUnmatched, "this label alone names no device", at: "--scan \(data)")
            }
            return subject
        }
    }
}

/// Hands a draft to the gateway that runs here, or records it itself if none does.
enum RecorderAccess {
    /// How often an operator signs again because the order has gone on meanwhile.
    static let signingsMax = 5

    /// - Parameter operator: who signs what is recorded; nil for an update that nobody signs.
    static func record(
        _ draft: Draft, signedBy operator: OperatorCredential? = nil, state: StateDirectory
    ) async throws -> Receipt {
        do {
            let lock = try state.lock()
            defer { withExtendedLifetime(lock) {} }
            let instruments = Instruments.system()
            let opened = try GatewayStart(state: state, instruments: instruments).open()
            if let opening = opened.opening {
                FileHandle.standardError.write(
                    Data("custody: \(opening.doubt.cause.message): the log goes on as \(opening.origin)\n".utf8))
            }
            let writer = try LogWriter(store: opened.ledger, key: opened.key, instruments: instruments)
            let recorder = Recorder(writer: writer, stop: { _ in })
            let receipt = try await record(
                draft, signedBy: `operator`, prepare: { try await recorder.prepare($0) },
                record: { try await recorder.record($0) })
            try? opened.head.keep(now: instruments.now())
            return receipt
        } catch let error as CustodyError where error.code == .gatewayRunning {
            let client = LocalClient(socket: state.socket)
            return try await record(
                draft, signedBy: `operator`, prepare: { try await client.prepare($0) },
                record: { try await client.record($0) })
        }
    }

    /// The key stays in this process: the gateway says what it would seal, and is given that with a signature.
    private static func record(
        _ draft: Draft, signedBy person: OperatorCredential?,
        prepare: (Draft) async throws -> PreparedUpdate, record: (Draft) async throws -> Receipt
    ) async throws -> Receipt {
        guard let person else { return try await record(draft) }
        for attempt in 1... {
            let prepared = try await prepare(draft)
            try prepared.check(answers: draft)
            try FileHandle.standardError.write(
                contentsOf: Data((ShownStatement(prepared, signedBy: person).text + "\n").utf8))
            let signed = PreparedUpdate(
                origin: prepared.origin, update: try person.sign(prepared.update, for: prepared.origin),
                disclosures: prepared.disclosures)
            do {
                return try await record(Draft(signed: signed))
            } catch let error as CustodyError where error.code == .orderMovedOn && attempt < signingsMax {
                continue
            }
        }
        preconditionFailure("the last attempt returns or throws")
    }
}

struct RecordCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "record", abstract: "Record the next step of an order.",
        discussion: "When it returns with status 0, the update is signed and on disk.")

    @Argument(help: "The order: its id, a unique part of it, or its number.")
    var order: String
    @Argument(help: "The step, as the order's contract names it.")
    var step: String
    @OptionGroup var facts: FactOptions
    @OptionGroup var documents: DocumentOptions
    @Option(help: "An order that this step relies on, such as the transport that carries it; may be given again.")
    var cite: [String] = []
    @OptionGroup var person: OperatorOptions
    @OptionGroup var label: LabelOptions
    @OptionGroup var state: StateOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let ledger = try state.ledger()
        let (name, cites) = try ledger.read { snapshot in
            let rulebook = try snapshot.rulebook()
            let cited = try cite.flatMap { order in
                try snapshot.thread(of: try snapshot.order(order), rulebook: rulebook).heads
            }
            return (try snapshot.order(order).name, cited)
        }
        let credential = try person.credential()
        let given = try facts.facts()
        let added = try documents.add(
            to: try ledger.step(step, of: try ledger.read { try $0.order(order) }), state: state.directory)
        let draft = Draft(
            order: .existing(name), step: step, facts: given + added.facts,
            subjects: try facts.subjects(instruments: .system()), cites: cites, source: Source(.operator),
            operator: person.id(credential))
        let drawn = try label.draw(subjects: draft.subjects, facts: draft.facts)
        let receipt = try await added.recorded {
            try await RecorderAccess.record(draft, signedBy: credential, state: state.directory)
        }
        try drawn?.write()
        try output.print(receipt)
    }
}

struct OrderCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "order", abstract: "Orders.", subcommands: [Open.self])

    struct Open: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Open an order under a contract.",
            discussion: "Prints the order's generated id. The contract's opening step is recorded with the facts given."
        )

        @Option(help: "The contract's name.")
        var contract: String
        @Option(help: "The step that opens it, where the contract has several that may.")
        var step: String?
        @Option(help: "A purchase order number, by which people find the order.")
        var number: String?
        @OptionGroup var facts: FactOptions
        @OptionGroup var documents: DocumentOptions
        @OptionGroup var person: OperatorOptions
        @OptionGroup var state: StateOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            var all = try facts.facts()
            if let number { all.append((name: OrderFact.number, value: .text(number))) }
            let credential = try person.credential()
            let opening = try openingStep()
            let added = try documents.add(to: try contractInForce().step(opening), state: state.directory)
            let draft = Draft(
                order: .open(contract: contract), step: opening, facts: all + added.facts,
                subjects: try facts.subjects(instruments: .system()), source: Source(.operator),
                operator: person.id(credential))
            let receipt = try await added.recorded {
                try await RecorderAccess.record(draft, signedBy: credential, state: state.directory)
            }
            try output.print(receipt, text: receipt.order)
        }

        private func openingStep() throws -> String {
            let found = try contractInForce()
            let steps = found.steps.filter(\.opens).map(\.name)
            if steps.count == 1 || step.map(steps.contains) == true { return step ?? steps[0] }
            throw CustodyError(
                .stepAmbiguous, "an order under \(contract) is opened by one of several steps",
                remedy: "say which with --step: \(steps.joined(separator: ", "))")
        }

        private func contractInForce() throws -> Contract {
            let rulebook = try state.ledger().rulebook
            guard let document = rulebook.latest, let found = rulebook.contract(named: contract, in: document) else {
                let known = rulebook.latest?.contracts.map(\.name).sorted().joined(separator: ", ") ?? "none"
                throw CustodyError(
                    .contractUnknown, "no contract '\(contract)' is in force", remedy: "in force are: \(known)")
            }
            return found
        }
    }
}

extension CustodyError.Code {
    /// A contract whose orders may be opened by several steps, and none was named.
    fileprivate static let stepAmbiguous: Self = "step-ambiguous"
}
