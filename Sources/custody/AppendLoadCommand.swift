import ArgumentParser
import Gateway
import Glibc
import Ledger
import Store

/// Opens orders as fast as it can and says of each when it is durable: what tests kill, to see what is left.
struct AppendLoadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "append-load", abstract: "Open orders without end and print each receipt.", shouldDisplay: false)

    @OptionGroup var state: StateOptions
    @Option(help: "How many orders are opened at once.")
    var writers = 8

    func run() async throws {
        let lock = try state.directory.lock()
        defer { withExtendedLifetime(lock) {} }
        let opened = try GatewayStart(state: state.directory, instruments: .system()).open()
        let store = opened.ledger
        guard let contract = store.rulebook.latest?.contracts.first?.name else {
            throw CustodyError(.contractUnknown, "no contract is in force", at: state.directory.path)
        }
        let recorder = Recorder(
            writer: try LogWriter(store: store, key: opened.key, instruments: .system()),
            stop: { _ in _exit(ExitStatus.checkFailed) })
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await opened.head.run() }
            for _ in 0..<writers { group.addTask { while true { try await Self.open(contract, recorder) } } }
            try await group.waitForAll()
        }
    }

    private static func open(_ contract: String, _ recorder: Recorder) async throws {
        let receipt = try await recorder.record(
            Draft(
                order: .open(contract: contract), step: "order.placed", facts: [("product", .text("load"))],
                source: Source(.operator)))
        // In one piece, so that a line is whole or not there.
        let line = Array("\(receipt.index) \(receipt.leafHash)\n".utf8)
        guard write(STDOUT_FILENO, line, line.count) == line.count else { _exit(ExitStatus.checkFailed) }
    }
}
