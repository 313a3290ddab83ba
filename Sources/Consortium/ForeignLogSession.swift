import Ledger
import Logging
import Store

/// Keeps a mirror of a log that no member writes, from where it is served (C2SP tlog-tiles).
public final class ForeignLogSession: Sendable {
    private let key: VerifierKey
    private let client: any PeerClient
    private let store: LedgerStore
    private let mirror: Mirror
    private let interval: Duration
    private let state: SessionStatus

    /// - Parameters:
    ///   - key: the log's; its name is the origin.
    ///   - client: whose address is the log's prefix.
    ///   - interval: from one look at its checkpoint to the next.
    public init(
        key: VerifierKey, client: any PeerClient, store: LedgerStore, mirror: Mirror, interval: Duration,
        logger: Logger
    ) {
        self.key = key
        self.client = client
        self.store = store
        self.mirror = mirror
        self.interval = interval
        state = SessionStatus(client, named: key.name, logger: logger)
    }

    public var status: PeerStatus { state.current }

    /// Follows the log until the task is cancelled.
    public func run() async {
        await state.repeating(longest: interval) {
            while !Task.isCancelled {
                try await self.look()
                self.state.met()
                try await self.client.clock.sleep(self.interval)
            }
        }
        try? await client.shutdown()
    }

    private func look() async throws {
        if let reason = try store.read({ try $0.log(key.name)?.frozen }) {
            throw CustodyError(.logFrozen, "nothing is taken from this log any more: \(reason)", at: key.name)
        }
        try await PeerPull(foreign: key.name, client: client, store: store, mirror: mirror).run()
    }
}
