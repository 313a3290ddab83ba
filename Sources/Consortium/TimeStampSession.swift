import Ledger
import Logging
import Store
import TimeStamps

/// Has the newest head of this gateway's own log stamped by an authority now and then, and keeps the time stamps.
///
/// Recording never waits for it: an authority that is away is asked again, and then stamps the head that is newest by then,
/// which includes all entries before it.
public actor TimeStampSession {
    /// How long an authority that does not answer is left alone at most.
    static let waitMax: Duration = .seconds(60)

    private nonisolated let executor = DispatchExecutor(label: "custody.time-stamps")
    private let client: TimeStampClient
    private let interval: Duration
    private let store: LedgerStore
    private let watch: OwnLogWatch?
    private let now: @Sendable () -> Int64
    private let random: @Sendable () -> UInt64
    private nonisolated let state: SessionStatus
    /// In this run of the process.
    private var stampedAt: ContinuousClock.Instant?

    public nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// - Parameters:
    ///   - interval: from one time stamp to the next at least.
    ///   - watch: until it is open, nothing of the log is stamped.
    ///   - now: UTC microseconds.
    ///   - random: 64 bits that nobody can guess.
    public init(
        client: TimeStampClient, interval: Duration, store: LedgerStore, watch: OwnLogWatch? = nil,
        now: @escaping @Sendable () -> Int64, random: @escaping @Sendable () -> UInt64, logger: Logger
    ) {
        self.client = client
        self.interval = interval
        self.store = store
        self.watch = watch
        self.now = now
        self.random = random
        state = SessionStatus(
            PeerStatus(organisation: client.name, address: client.url), clock: .system, logger: logger)
    }

    public nonisolated var status: PeerStatus { state.current }

    /// Until the task is cancelled.
    public func run() async {
        await state.repeating(longest: Self.waitMax) { try await self.stampForever() }
        try? await client.shutdown()
    }

    private func stampForever() async throws {
        while !Task.isCancelled {
            let news = store.changes.follow()
            guard let next = try next() else {
                for await _ in news { break }
                continue
            }
            guard next.wait <= .zero else {
                try await Task.sleep(for: next.wait)
                continue
            }
            try await stamp(next.note, of: next.log)
        }
    }

    private struct Next {
        let log: LogRecord
        let note: SignedNote
        let wait: Duration
    }

    /// What is to be stamped, and in how long; nil where all of it is.
    private func next() throws -> Next? {
        guard watch?.isOpen ?? true else { return nil }
        return try store.read { snapshot in
            guard let log = try snapshot.ownLog(), log.frozen == nil, let head = try snapshot.head(of: log.id) else {
                return nil
            }
            let last = try snapshot.lastTimeStamp(of: log)
            guard try Checkpoint(text: head.text).size > last?.size ?? 0 else { return nil }
            let schedule = TimeStampSchedule(interval: interval)
            let wait =
                stampedAt.map { schedule.wait(after: .now - $0) }
                ?? schedule.wait(since: last?.time, now: now())
            return Next(log: log, note: try head.signedBy(log: log.key), wait: wait)
        }
    }

    private func stamp(_ note: SignedNote, of log: LogRecord) async throws {
        let stamp = try await client.stamp(note, nonce: random())
        try store.write {
            try $0.keep(stamp, of: note, by: client.authority, url: client.url, log: log)
        }
        stampedAt = .now
        state.met()
    }
}

/// When a head that has no time stamp yet gets one.
struct TimeStampSchedule {
    /// From one time stamp to the next at least.
    let interval: Duration

    /// - Parameter passed: since the last time stamp.
    func wait(after passed: Duration) -> Duration { max(.zero, interval - max(.zero, passed)) }

    /// After a start, when only the authority's time of the last one is known: never more than the interval, however wrong
    /// a clock is.
    /// - Parameters: both in UTC microseconds.
    func wait(since last: Int64?, now: Int64) -> Duration {
        guard let last else { return .zero }
        let (passed, isBeyond) = now.subtractingReportingOverflow(last)
        return wait(after: isBeyond ? .zero : .microseconds(passed))
    }
}
