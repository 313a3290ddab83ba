import Foundation
import Ledger
import Logging
import Store
import Synchronization

/// Agrees with all peer sessions on which head to push next, so that their mirrors cosign the same checkpoint and a
/// quorum comes together under load too.
///
/// The next round begins when every connected peer has the head of this one, or after `roundMax`: a slow peer delays
/// nobody.
public final class PushRounds: Sendable {
    /// How long a round waits for its slowest peer.
    static let roundMax: Duration = .milliseconds(250)

    struct Round: Sendable {
        let size: UInt64
        let note: SignedNote
    }

    private struct State {
        var round: Round?
        var began: ContinuousClock.Instant?
        /// Whether a newer head waits for this round's end.
        var isBehind = false
        /// Sizes that connected peers have reached.
        var reached: [String: UInt64] = [:]
    }

    private let store: LedgerStore
    private let mirror: Mirror
    private let state = Mutex(State())
    let changes = ChangeSignal()

    private let watch: OwnLogWatch?

    /// - Parameter watch: says from when on there is a head to push; nil = from the start.
    public init(store: LedgerStore, mirror: Mirror, watch: OwnLogWatch? = nil) {
        self.store = store
        self.mirror = mirror
        self.watch = watch
    }

    /// The head to push now; nil while there is none.
    func current(now: ContinuousClock.Instant) async throws -> Round? {
        if let watch, !watch.isOpen { return nil }
        let known = state.withLock { $0.round }
        let head = try store.read { snapshot -> Round? in
            guard let log = try snapshot.ownLog(), case let size = try snapshot.mirroredSize(of: log), size > 0 else {
                return nil
            }
            if let known, known.size == size { return known }
            return try snapshot.head(of: log.id).map { Round(size: size, note: $0) }
        }
        guard let head else { return nil }
        let (round, isNew) = state.withLock { state in
            guard Self.mayBegin(state, head: head, now: now) else {
                state.isBehind = head.size > state.round?.size ?? 0
                return (state.round, false)
            }
            state.round = head
            state.isBehind = false
            state.began = now
            return (head, true)
        }
        if isNew, let round { try await mirror.cosignOwn(round.note, size: round.size) }
        return round
    }

    /// Cosigns each new head of a gateway that has no peers: nobody else asks for rounds.
    public func runAlone(logger: Logger) async {
        while !Task.isCancelled {
            // Followed before looking, so that nothing falls between.
            let news = store.changes.follow()
            do { _ = try await current(now: .now) } catch {
                logger.warning("own head not cosigned", metadata: ["error": "\(error)"])
            }
            for await _ in news { break }
        }
    }

    private static func mayBegin(_ state: State, head: Round, now: ContinuousClock.Instant) -> Bool {
        guard let round = state.round, let began = state.began else { return true }
        guard head.size > round.size else { return false }
        return state.reached.values.allSatisfy { $0 >= round.size } || now - began >= roundMax
    }

    var isBehind: Bool { state.withLock { $0.isBehind } }

    /// A peer's mirror holds this size.
    func reached(_ size: UInt64, by peer: String) {
        state.withLock { $0.reached[peer] = size }
        changes.notify()
    }

    /// A peer cannot be reached: rounds go on without it.
    func lost(_ peer: String) {
        state.withLock { _ = $0.reached.removeValue(forKey: peer) }
        changes.notify()
    }
}
