import ArgumentParser
import Gateway
import Ledger
import Store

struct EraseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "erase", abstract: "Erase the value of a private fact wherever it has gone.",
        discussion: """
            Records a signed erasure. Every gateway that it reaches destroys salt, value and key; what has been proved stays \
            proved. The organisation that recorded the fact may, and the roles that the contract names. Status 0: it is \
            on disk, and nothing of the value is left on this gateway.
            """)

    @Argument(help: "The order: its id, a unique part of it, or its number.")
    var order: String
    @Argument(help: "The private fact. If several updates of the order have one, all of them are erased.")
    var fact: String
    @Option(help: "Why, in a few words that everybody may read for ever: never what or whose.")
    var reason: String
    @Option(help: "Only in the update whose hash begins with these digits.")
    var update: String?
    @OptionGroup var state: StateOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let ledger = try state.ledger()
        let record = try ledger.read { try $0.order(order) }
        let found = try ledger.privateFacts(of: record).filter {
            $0.name == fact && $0.update.reference.leafHash.hex.hasPrefix(update ?? "")
        }
        guard !found.isEmpty else { throw Self.unknown(fact, record.name) }
        let left = found.filter { if case .erased = $0.state { false } else { true } }
        guard !left.isEmpty else {
            throw CustodyError(.factErased, "'\(fact)' has been erased already", at: record.name)
        }
        var receipts: [Receipt] = []
        for found in left {
            let erasure = Erasure(order: record.name, update: found.update.reference, fact: fact, reason: reason)
            receipts.append(try await RecorderAccess.record(Draft(erasing: erasure), state: state.directory))
        }
        try output.print(
            receipts,
            text: receipts.map { "\(fact) erased by \($0.origin):\($0.index)  \($0.leafHash)" }.joined(separator: "\n"))
    }

    private static func unknown(_ fact: String, _ order: String) -> CustodyError {
        CustodyError(
            .factUnreadable, "no private fact '\(fact)' stands there", at: order,
            remedy: "custody reveal lists them; what is public stands in the log for ever")
    }
}
