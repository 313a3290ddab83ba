import Synchronization

/// Which logs were pushed to this mirror lately, so that it does not pull what is coming anyway.
public final class RecentPushes: Sendable {
    /// How long a log counts as pushed.
    static let memory: Duration = .seconds(30)
    /// How long a pull of a pushed log holds back.
    static let patience: Duration = .milliseconds(400)

    private let times = Mutex<[String: ContinuousClock.Instant]>([:])
    private let clock: PeerClock

    public init(clock: PeerClock = .system) { self.clock = clock }

    func note(_ origin: String) { times.withLock { $0[origin] = clock.now() } }

    func isPushed(_ origin: String) -> Bool {
        times.withLock { $0[origin].map { clock.now() - $0 < Self.memory } ?? false }
    }
}
