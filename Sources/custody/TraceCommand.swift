import ArgumentParser
import Consortium
import Foundation
import Gateway
import History
import Ledger
import Portal
import Store

/// How people name an order.
enum OrderHelp {
    static let named: ArgumentHelp =
        "The order: its id, a unique part of it, its number; or a label as scanned, a UDI, serial, lot, SSCC or EPC."
}

struct TraceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "trace", abstract: "Show every step of an order: who, when, on whose log, and how sure.",
        discussion: """
            With what it relies on (materials, journeys), what relies on it, and the cases and pallets in which its things \
            are. A page (--html) is one file that needs nothing else; its proofs are inside, for custody verify-proof.
            """)

    @Argument(help: OrderHelp.named)
    var order: String
    @Option(help: "Draw the steps on a line of time into this SVG file.")
    var svg: String?
    @Option(help: "Write a page with everything, its proofs inside, into this HTML file.")
    var html: String?
    @OptionGroup var state: StateOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let ledger = try state.ledger()
        let (name, isKnown) = try ledger.read { snapshot in try Self.name(of: order, snapshot) }
        // Before looking at what is here: what comes meanwhile is then shown once.
        let fetched = await Self.fetched(name, from: state.directory)
        let (trace, proof) = try ledger.read { snapshot in
            let rulebook = try snapshot.rulebook()
            guard isKnown else { return (try Trace(fetched, of: order, rulebook: rulebook), [UInt8]?.none) }
            let record = try snapshot.order(name)
            return (
                try Trace(of: record, snapshot: snapshot, rulebook: rulebook, fetched: fetched),
                html == nil ? nil : try snapshot.bundle(of: record).encoded()
            )
        }
        if let svg { try NamedFile.write(Array(Timeline(trace).svg().utf8), to: svg) }
        if let html { try NamedFile.write(Array(TracePage(trace, proof: proof).html().utf8), to: html) }
        try output.print(trace, text: trace.text)
    }

    private static func name(of order: String, _ snapshot: LedgerSnapshot) throws -> (String, Bool) {
        do {
            let year = CalendarYear.present
            return (try OrderSearch.order(order, year: year, in: snapshot, try snapshot.rulebook()).name, true)
        } catch let error as CustodyError where error.code == .orderUnknown { return (order, false) }
    }

    /// What the running gateway gets from its peers; nil while none runs.
    private static func fetched(_ order: String, from state: StateDirectory) async -> FetchedOrder? {
        guard FileManager.default.fileExists(atPath: state.socket) else { return nil }
        return try? await LocalClient(socket: state.socket).fetch(order)
    }
}

struct FindCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "find",
        abstract: "List the orders that have to do with a label, a UDI, a serial or lot number, an SSCC or an EPC.")

    @Argument(help: OrderHelp.named)
    var what: String
    @OptionGroup var state: StateOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let found = try state.ledger().read { snapshot in
            try OrderSearch.links(what, year: CalendarYear.present, in: snapshot, try snapshot.rulebook())
        }
        guard !found.isEmpty else { throw CheckFailed(message: "no order is known by '\(what)'") }
        try output.print(found, text: found.map(\.text).joined(separator: "\n"))
    }
}

struct ContentsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "contents", abstract: "Show what is in a case or on a pallet, and what was.")

    @Argument(help: "The unit: its SSCC as scanned, or its order.")
    var unit: String
    @OptionGroup var state: StateOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let shown = try state.ledger().read { snapshot in
            try ShownContents(of: unit, year: CalendarYear.present, snapshot, try snapshot.rulebook())
        }
        try output.print(shown, text: shown.text)
    }
}

struct OrdersCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "orders", abstract: "List the orders that this gateway knows, the newest first.")

    @OptionGroup var state: StateOptions
    @OptionGroup var output: OutputOptions
    @Option(help: "How many at the most.")
    var limit = 50

    struct Listed: Encodable {
        let order: String
        let contract: String?
        let number: String?
        let lastStep: String?
        let fork: Bool
    }

    func run() async throws {
        let ledger = try state.ledger()
        let listed = try ledger.read { snapshot -> [Listed] in
            let rulebook = try snapshot.rulebook()
            return try snapshot.orders(limit: limit).map { record in
                let thread = try snapshot.thread(of: record, rulebook: rulebook)
                return Listed(
                    order: record.name, contract: thread.contract.flatMap { rulebook.contracts[$0]?.name },
                    number: thread.nodes.lazy.compactMap { $0.update.text(of: OrderFact.number) }.first,
                    lastStep: thread.nodes.last { $0.verdict.isAccepted }?.update.step, fork: thread.isFork)
            }
        }
        try output.print(
            listed,
            text: listed.map {
                "\($0.order.padded(44)) \(($0.contract ?? "-").padded(14)) \(($0.number ?? "-").padded(16)) \($0.lastStep ?? "-")\($0.fork ? "  FORK" : "")"
            }.joined(separator: "\n"))
    }
}
