import Ledger
import Logging
import Store
import Synchronization

/// The sessions with all configured peers. With each version of the document they begin anew, because another version
/// trusts other CAs, knows other members, and wants heads cosigned by other keys.
public final class PeerSessions: Sendable {
    /// A peer as the configuration names it.
    public struct Peer: Hashable, Sendable {
        public let organisation: String
        /// `https://host:port`
        public let address: String

        public init(organisation: String, address: String) {
            self.organisation = organisation
            self.address = address
        }
    }

    private let peers: [Peer]
    private let store: LedgerStore
    private let session: @Sendable (ConsortiumClient) -> PeerSession
    private let tls: ConsortiumTLS
    private let logger: Logger
    private let current = Mutex<(sessions: [PeerSession], refused: [PeerStatus])>(([], []))

    public init(
        peers: [Peer], tls: ConsortiumTLS, store: LedgerStore, mirror: Mirror, rounds: PushRounds,
        recent: RecentPushes, watch: OwnLogWatch? = nil, kept: KeptLogs? = nil, relay: DisclosureRelay? = nil,
        files: DocumentFiles? = nil, logger: Logger
    ) {
        self.peers = peers
        self.tls = tls
        self.store = store
        self.logger = logger
        session = { client in
            PeerSession(
                client: client, store: store, mirror: mirror, rounds: rounds, recent: recent, watch: watch,
                kept: kept, relay: relay, files: files, logger: logger)
        }
    }

    public var statuses: [PeerStatus] {
        current.withLock { $0.sessions.map(\.status) + $0.refused }
    }

    /// Those that are called, to be asked for an order.
    var clients: [any PeerClient] { current.withLock { $0.sessions.map(\.client) } }

    /// Pushes and follows until the task is cancelled.
    public func run() async {
        while !Task.isCancelled {
            guard let document = store.rulebook.latest else { return }
            let sessions = open(under: document)
            await withTaskGroup(of: Bool.self) { group in
                for session in sessions {
                    group.addTask {
                        await session.run()
                        return false
                    }
                }
                group.addTask {
                    await DocumentWatch(store: self.store, document: document).run()
                    return true
                }
                for await isOver in group where isOver { break }
                group.cancelAll()
            }
        }
    }

    private func open(under document: ConsortiumDocument) -> [PeerSession] {
        var opened: (sessions: [PeerSession], refused: [PeerStatus]) = ([], [])
        for peer in peers {
            do {
                opened.sessions.append(
                    session(
                        try ConsortiumClient(
                            organisation: peer.organisation, address: peer.address, tls: tls, document: document)))
            } catch {
                logger.error("peer not called", metadata: ["peer": "\(peer.organisation)", "error": "\(error)"])
                var status = PeerStatus(organisation: peer.organisation, address: peer.address)
                status.problem = "\(error)"
                opened.refused.append(status)
            }
        }
        let sessions = opened
        current.withLock { $0 = sessions }
        return sessions.sessions
    }
}
