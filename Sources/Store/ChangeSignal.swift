import Synchronization

/// Tells any number of followers that something has changed; what it was they read for themselves.
///
/// A follower that is slow hears of many changes once.
public final class ChangeSignal: Sendable {
    private struct State {
        var count: UInt64 = 0
        var nextFollower = 0
        var followers: [Int: AsyncStream<Void>.Continuation] = [:]
    }

    private let state = Mutex(State())

    public init() {}

    /// How often something has changed since this process began.
    public var count: UInt64 { state.withLock { $0.count } }

    public func notify() {
        let followers = state.withLock { state in
            state.count += 1
            // In the order in which they came, so that a run can be repeated.
            return state.followers.sorted { $0.key < $1.key }.map(\.value)
        }
        for follower in followers { follower.yield() }
    }

    /// Yields once for all changes since the follower last asked. Ends when its reader goes.
    public func follow() -> AsyncStream<Void> {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let follower = state.withLock { state in
            state.nextFollower += 1
            state.followers[state.nextFollower] = continuation
            return state.nextFollower
        }
        continuation.onTermination = { [weak self] _ in
            self?.state.withLock { _ = $0.followers.removeValue(forKey: follower) }
        }
        return stream
    }
}
