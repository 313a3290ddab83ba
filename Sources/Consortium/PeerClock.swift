/// The clock by which peers wait for one another: deadlines, rounds, polls. It never jumps; what is written into logs
/// comes from the wall clock of `Instruments`.
public struct PeerClock: Sendable {
    public let now: @Sendable () -> ContinuousClock.Instant
    /// Throws `CancellationError` when the task is cancelled before the time is over.
    public let sleep: @Sendable (Duration) async throws -> Void
    /// Runs work that is begun beside what waits by this clock; nil = the shared pool.
    public let executor: (any TaskExecutor)?

    public init(
        now: @escaping @Sendable () -> ContinuousClock.Instant,
        sleep: @escaping @Sendable (Duration) async throws -> Void, executor: (any TaskExecutor)?
    ) {
        self.now = now
        self.sleep = sleep
        self.executor = executor
    }

    /// The machine's own.
    public static let system = PeerClock(
        now: { .now }, sleep: { try await Task.sleep(for: $0) }, executor: nil)
}

extension PeerClock {
    /// Waits for a value or the end of a stream, or the end of the time.
    func first(of one: AsyncStream<Void>, atMost limit: Duration) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { for await _ in one { return } }
            group.addTask { try? await sleep(limit) }
            await group.next()
            group.cancelAll()
        }
    }

    /// Waits for whichever comes first: a value or the end of a stream, or the end of the time.
    func first(of one: AsyncStream<Void>, _ other: AsyncStream<Void>, atMost limit: Duration) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { for await _ in one { return } }
            group.addTask { for await _ in other { return } }
            group.addTask { try? await sleep(limit) }
            await group.next()
            group.cancelAll()
        }
    }
}
