import ArgumentParser
import Foundation
import Gateway
import History
import Ledger
import Store

/// `custody recall`: devices that are called back.
struct RecallCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "recall", abstract: "Find what is affected, tell its holders, and see how far that has come.",
        subcommands: [Find.self, Open.self, Extend.self, Status.self])

    struct ScopeOptions: ParsableArguments {
        @Option(help: "The device identifier: a GTIN, or its Digital Link.")
        var gtin: String?
        @Option(help: "A lot number: of the product, or on its own of anything.")
        var lot: String?
        @Option(help: "A lot of raw material: its number, or its order.")
        var material: String?
        @Option(help: "A transport: its order, trip number or SSCC.")
        var journey: String?
        @Option(help: "One device: its order, or its label as scanned; may be given again.")
        var device: [String] = []

        var scope: RecallScope {
            RecallScope(product: gtin, lot: lot, material: material, journey: journey, devices: device)
        }

        func validate() throws {
            if scope.isEmpty {
                throw ValidationError("say what is recalled: --gtin, --lot, --material, --journey or --device")
            }
        }
    }

    struct Find: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List what a recall would affect: where it is, who had it last, how sure that is.")

        @OptionGroup var scope: ScopeOptions
        @Option(help: "Write the list to this CSV file.")
        var csv: String?
        @OptionGroup var state: StateOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let affected = try state.ledger().read { snapshot in
                try RecallWalk.affected(
                    by: scope.scope, year: CalendarYear.present, in: snapshot, try snapshot.rulebook())
            }
            if let csv { try NamedFile.write(Array(RecallSheet.csv(of: affected).utf8), to: csv) }
            let text = affected.map(\.text).joined(separator: "\n")
            try output.print(affected, text: "\(affected.count) affected by \(scope.scope.text)\n\(text)")
        }
    }

    struct Open: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Open a recall, and list what it affects; the notice on each order is recorded by rule.",
            discussion:
                "Prints the recall's order. What a cut left unlisted, or comes later, is listed by: custody recall extend ORDER."
        )

        @OptionGroup var scope: ScopeOptions
        @Option(help: "Why.")
        var reason: String
        @Option(help: "What holders are to do.")
        var instructions: String?
        @Option(help: "How grave it is, such as the FDA's class I, II or III.")
        var severity: String?
        @Option(help: "The recall's number, by which people find it.")
        var number: String?
        @OptionGroup var state: StateOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let product = scope.gtin.map { $0.allSatisfy(\.isNumber) ? RecallWalk.link(ofProduct: $0) : $0 }
            let facts: [(name: String, value: String?)] = [
                ("reason", reason), ("scope", scope.scope.text), ("product", product), ("lot", scope.lot),
                ("material", scope.material), ("journey", scope.journey), ("instructions", instructions),
                ("severity", severity), (OrderFact.number, number),
            ]
            let receipt = try await RecorderAccess.record(
                Draft(
                    order: .open(contract: "recall"), step: "recall.opened", facts: facts.known,
                    source: Source(.operator)), state: state.directory)
            let done = try await RecallList(recall: receipt.order, state: state).extend(by: scope.device)
            try output.print(done, text: done.text)
        }
    }

    struct Extend: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List what a recall affects now and did not before.")

        @Argument(help: "The recall's order or number.")
        var recall: String
        @OptionGroup var state: StateOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let order = try state.ledger().read { try $0.order(recall).name }
            let done = try await RecallList(recall: order, state: state).extend()
            try output.print(done, text: done.text)
        }
    }

    struct Status: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show how far a recall has come.")

        @Argument(help: "The recall's order or number.")
        var recall: String
        @Option(help: "Write one row for each device to this CSV file.")
        var csv: String?
        @OptionGroup var state: StateOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let progress = try state.ledger().read { snapshot in
                try RecallProgress(of: try snapshot.order(recall), snapshot, try snapshot.rulebook())
            }
            if let csv { try NamedFile.write(Array(RecallSheet.csv(of: progress).utf8), to: csv) }
            try output.print(progress, text: progress.text)
        }
    }
}

extension [(name: String, value: String?)] {
    /// As public facts, without those that are not known.
    var known: [(name: String, value: Draft.Value)] {
        compactMap { name, value in value.map { (name, .text($0)) } }
    }
}

/// Lists on a recall's order what it affects; doing it again lists what has come since. The notice on each of these orders is recorded
/// by the gateways of maker and regulator, as the recall's contract says.
private struct RecallList {
    struct Done: Encodable {
        let recall: String
        let affected: Int
        /// Those that were not listed before.
        let listed: Int

        var text: String { "\(recall)\n\(affected) affected, \(listed) listed now" }
    }

    let recall: String
    let state: StateOptions

    /// - Parameter devices: named beside what the recall's own facts say.
    func extend(by devices: [String] = []) async throws -> Done {
        let (affected, opening, listed) = try state.ledger().read { snapshot in
            let (rulebook, updates) = (try snapshot.rulebook(), try snapshot.updates(of: try snapshot.order(recall)))
            guard let opening = updates.first(where: { $0.update.step == "recall.opened" && $0.verdict.isAccepted })
            else {
                throw CustodyError(.orderUnknown, "this order is no recall", at: recall)
            }
            let listed = Set(
                updates.filter { $0.update.step == "device.affected" && $0.verdict.isAccepted }
                    .compactMap { $0.update.text(of: "order") })
            let scope = RecallScope(opening.update, devices: devices + listed)
            let year = CalendarYear.present
            return (try RecallWalk.affected(by: scope, year: year, in: snapshot, rulebook), opening.update, listed)
        }
        let new = affected.filter { !listed.contains($0.order) }
        for item in new { try await list(item, opening) }
        return Done(recall: recall, affected: affected.count, listed: new.count)
    }

    private func list(_ item: AffectedOrder, _ opening: Update) async throws {
        let facts: [(name: String, value: String?)] = [
            ("order", item.order), ("device", item.subjects.first { !UnitContents.isUnit($0) }),
            ("holder", item.holder?.organisation), ("certainty", item.holder?.certainty.rawValue), ("recall", recall),
            ("reason", opening.text(of: "reason")), ("instructions", opening.text(of: "instructions")),
        ]
        _ = try await RecorderAccess.record(
            Draft(
                order: .existing(recall), step: "device.affected", facts: facts.known,
                cites: Array(item.heads.prefix(Update.citesMax)), source: Source(.operator)), state: state.directory)
    }
}
