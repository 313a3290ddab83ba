import ArgumentParser
import Gateway
import History
import Ledger
import Store

struct ForksCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "forks", abstract: "List the orders that gateways have continued apart, until they are one again.",
        discussion: "The next update joins a fork that is not disputed. Exit status 1 if one is disputed.")

    @OptionGroup var state: StateOptions
    @OptionGroup var output: OutputOptions
    @Option(help: "How many at the most, those that have been open for the longest first.")
    var limit = 50

    struct Listed: Encodable {
        let order: String
        let number: String?
        /// When the update was recorded that made it a fork.
        let since: String
        let heads: [String]
        let disputed: String?

        init(_ record: OrderRecord, since: Int64, snapshot: LedgerSnapshot, rulebook: Rulebook) throws {
            let thread = try snapshot.thread(of: record, rulebook: rulebook)
            order = record.name
            number = thread.nodes.lazy.compactMap { $0.update.text(of: OrderFact.number) }.first
            self.since = UTCText.of(since)
            heads = thread.heads.map(\.leafHash.hex)
            let contract = thread.contract.flatMap { rulebook.contracts[$0] }
            disputed = contract.flatMap { thread.conflict(under: $0)?.message }
        }

        var text: String {
            "\(order.padded(44)) \((number ?? "-").padded(16)) \(since)  \(heads.count) heads"
                + (disputed.map { "  DISPUTED: \($0)" } ?? "")
        }
    }

    func run() async throws {
        let listed = try state.ledger().read { snapshot in
            let rulebook = try snapshot.rulebook()
            return try snapshot.forks(limit: limit).map {
                try Listed($0.order, since: $0.since, snapshot: snapshot, rulebook: rulebook)
            }
        }
        try output.print(listed, text: listed.map(\.text).joined(separator: "\n"))
        if listed.contains(where: { $0.disputed != nil }) { throw CheckFailed(message: "") }
    }
}

struct ResolveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resolve", abstract: "Close a dispute: say which branch of an order stands.",
        discussion: "The steps and facts that only the other branches hold leave the order. All stay in the logs.")

    @Argument(help: "The order: its id, a unique part of it, or its number.")
    var order: String
    @Option(help: "The head of the branch that stands, or how it begins; custody trace shows the heads.")
    var stands: String
    @OptionGroup var facts: FactOptions
    @OptionGroup var person: OperatorOptions
    @OptionGroup var state: StateOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let (name, step, chosen) = try state.ledger().read { snapshot -> (String, String, Hash) in
            let record = try snapshot.order(order)
            let rulebook = try snapshot.rulebook()
            let thread = try snapshot.thread(of: record, rulebook: rulebook)
            return (record.name, try Self.step(of: thread, rulebook), try head(of: thread))
        }
        var facts = try facts.facts()
        facts.append((name: Contract.standsFact, value: .text(chosen.hex)))
        let credential = try person.credential()
        let draft = Draft(
            order: .existing(name), step: step, facts: facts, source: Source(.operator),
            operator: person.id(credential))
        try output.print(try await RecorderAccess.record(draft, signedBy: credential, state: state.directory))
    }

    private static func step(of thread: OrderThread, _ rulebook: Rulebook) throws -> String {
        guard let contract = thread.contract.flatMap({ rulebook.contracts[$0] }),
            let step = contract.steps.first(where: \.resolves)
        else {
            throw CustodyError(
                "nothing-resolves", "the order's contract has no step that closes a dispute", at: thread.order,
                remedy: "a new version of the contract gives one to a role, for orders to come")
        }
        return step.name
    }

    private func head(of thread: OrderThread) throws -> Hash {
        let found = thread.heads.map(\.leafHash).filter { $0.hex.hasPrefix(stands.lowercased()) }
        guard let head = found.first, found.count == 1 else {
            throw CustodyError(
                "head-unknown", "\(found.count) of the order's \(thread.heads.count) heads begin with '\(stands)'",
                at: thread.order, remedy: "custody trace shows them")
        }
        return head
    }
}
