import Ledger
import Logging
import Store
import Synchronization

/// What this gateway hears of its own log from members, who may know more of it than a disk that was rolled back.
///
/// Until every configured peer has been asked once, or cannot be reached, nothing of the log is shown to anybody: what was
/// recorded on a log that goes on elsewhere can then be taken back, and no member ever sees two heads that contradict each
/// other. Recording does not wait.
public final class OwnLogWatch: Sendable {
    /// How long peers are waited for, at most.
    public static let patience: Duration = .seconds(5)

    private struct State {
        var silent: Set<String>
        var isDoubted = false
    }

    private let store: LedgerStore
    private let state: Mutex<State>
    private let clock: PeerClock
    private let onDoubt: @Sendable (Doubt) -> Void

    /// - Parameters:
    ///   - peers: addresses of those that are asked.
    ///   - onDoubt: called once, after the database has been marked; the gateway must not go on with its log.
    public init(
        store: LedgerStore, peers: [String], clock: PeerClock = .system, onDoubt: @escaping @Sendable (Doubt) -> Void
    ) {
        self.store = store
        self.onDoubt = onDoubt
        self.clock = clock
        state = Mutex(State(silent: Set(peers)))
    }

    /// Whether the log may be shown to members.
    public var isOpen: Bool { state.withLock { $0.silent.isEmpty && !$0.isDoubted } }

    /// Stops waiting for peers after `patience`.
    public func run() async {
        guard (try? await clock.sleep(Self.patience)) != nil else { return }
        change { $0.silent.removeAll() }
    }

    /// A peer has told what it has, or cannot be asked.
    func heard(from peer: String) { change { $0.silent.remove(peer) } }

    private func change(_ body: (inout State) -> Void) {
        let opens = state.withLock { state in
            let was = state.silent.isEmpty
            body(&state)
            return !was && state.silent.isEmpty && !state.isDoubted
        }
        guard opens else { return }
        store.changes.notify()
    }

    /// Marks the database, and tells whoever ends this gateway's work on its log.
    func raise(_ doubt: Doubt) throws {
        let isFirst = state.withLock { state in
            defer { state.isDoubted = true }
            return !state.isDoubted
        }
        guard isFirst else { return }
        // Nothing more may be recorded from here on; the mark follows, for the next start.
        defer { onDoubt(doubt) }
        try store.write { try $0.set(doubt: doubt) }
    }

    /// Looks at later generations that members have of this gateway's log: one that this gateway did not open, and that
    /// cites more of its log than stands here, was opened by somebody who knew more.
    func lookForSuccessors() throws {
        let doubt = try store.read { snapshot -> Doubt? in
            guard let own = try snapshot.ownLog() else { return nil }
            let gateway = Generation.gateway(ofOrigin: own.origin)
            for log in try snapshot.logs() where !log.own && Generation.gateway(ofOrigin: log.origin) == gateway {
                guard let cited = try snapshot.genesis(of: log)?.predecessor, cited.origin == own.origin,
                    cited.size > 0,
                    try snapshot.knownRoot(of: own, size: cited.size) != cited.root
                else { continue }
                return Doubt(.knownElsewhere, origin: own.origin)
            }
            return nil
        }
        if let doubt { try raise(doubt) }
    }

    /// Looks at a head of this gateway's own log that a member has, where the member cannot be asked for more.
    /// - Returns: whether it was one of this gateway's own log.
    func take(_ note: SignedNote) throws -> Bool {
        guard let checkpoint = try? Checkpoint(text: note.text) else { return false }
        let (log, root) = try store.read { snapshot in
            let log = try snapshot.ownLog()
            return (log, try log.flatMap { try snapshot.knownRoot(of: $0, size: checkpoint.size) })
        }
        guard let log, log.origin == checkpoint.origin else { return false }
        _ = try Checkpoint.open(note, log: log.key)
        guard checkpoint.size > 0, root != checkpoint.root else { return true }
        try raise(Doubt(.knownElsewhere, origin: log.origin, head: note.encoded))
        return true
    }
}
