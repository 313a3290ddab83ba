import Ledger
import Store
import Synchronization

/// The one writer of this gateway's log.
///
/// `record` may be called from anywhere, any number of times at once. All drafts that wait are judged, sealed and
/// committed together, with one signature and one fsync; each caller gets its receipt, or why it was refused, after
/// that. If the disk does not confirm a commit, nothing is acknowledged, the recorder takes no more, and `stop` is
/// called: the process must end, and the next start reads back what the disk has.
public actor Recorder {
    /// Drafts that may wait; the next one is refused as busy.
    public static let queueMax = 4_096
    /// Drafts in one commit.
    public static let batchMax = 1_024

    /// Drafts that were handed in together: they stand in one commit, and are answered together.
    private struct Submission {
        let drafts: [Draft]
        let resume: @Sendable (Result<[Result<Receipt, any Error>], any Error>) -> Void
    }

    private struct Queue {
        var submissions: [Submission] = []
        /// Drafts in `submissions`.
        var waiting = 0
        var isDraining = false
        var stopped: CustodyError?

        /// As many submissions as fit into one commit.
        mutating func takeBatch() -> [Submission] {
            var drafts = 0
            let end = submissions.firstIndex { submission in
                drafts += submission.drafts.count
                return drafts > batchMax
            }
            let batch = Array(submissions[..<(end ?? submissions.endIndex)])
            submissions.removeFirst(batch.count)
            waiting -= batch.reduce(0) { $0 + $1.drafts.count }
            return batch
        }
    }

    private nonisolated let executor: any SerialExecutor & TaskExecutor
    private nonisolated let queue = Mutex(Queue())
    private nonisolated let stop: @Sendable (CustodyError) -> Void
    private let writer: LogWriter

    public nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// - Parameters:
    ///   - executor: runs it; each commit waits for the disk.
    ///   - stop: called once if durability is unknown.
    public init(
        writer: sending LogWriter,
        executor: any SerialExecutor & TaskExecutor = DispatchExecutor(label: "custody.recorder"),
        stop: @escaping @Sendable (CustodyError) -> Void
    ) {
        self.executor = executor
        self.writer = writer
        self.stop = stop
    }

    /// Records one draft.
    /// - Throws: `CustodyError`: `recorder-busy` (retry later), `durability-unknown` (the gateway stops), or the
    ///   rejection's code: recording it again changes nothing.
    public nonisolated func record(_ draft: Draft) async throws -> Receipt {
        let outcomes = try await record([draft])
        guard let outcome = outcomes.first else { preconditionFailure("each draft has an outcome") }
        return try outcome.get()
    }

    /// Records up to `batchMax` drafts in one commit; each has its own outcome, in the order given.
    /// - Throws: `CustodyError`: `recorder-busy`, `durability-unknown`, or `limit-exceeded` above `batchMax`; none of
    ///   them is recorded then.
    public nonisolated func record(_ drafts: [Draft]) async throws -> [Result<Receipt, any Error>] {
        try Limit.check(drafts.count, max: Self.batchMax, "a batch", unit: "updates")
        guard !drafts.isEmpty else { return [] }
        return try await withCheckedThrowingContinuation { continuation in
            enqueue(Submission(drafts: drafts) { continuation.resume(with: $0) })
        }
    }

    /// The update that a draft would become if it were recorded now, for an operator to sign; nothing is recorded.
    /// - Throws: `CustodyError` if nothing is known of its order or contract, or why the recorder takes no more.
    public func prepare(_ draft: Draft) throws -> PreparedUpdate {
        if let stopped = queue.withLock({ $0.stopped }) { throw stopped }
        return try writer.prepare(draft)
    }

    private nonisolated func enqueue(_ submission: Submission) {
        enum Answer { case drain, wait, refuse(CustodyError) }
        let answer: Answer = queue.withLock { queue in
            if let stopped = queue.stopped { return .refuse(stopped) }
            guard queue.waiting + submission.drafts.count <= Self.queueMax else { return .refuse(Self.busy) }
            queue.submissions.append(submission)
            queue.waiting += submission.drafts.count
            defer { queue.isDraining = true }
            return queue.isDraining ? .wait : .drain
        }
        switch answer {
        case .wait: break
        case .drain: Task(executorPreference: executor) { await self.drain() }
        case .refuse(let error): submission.resume(.failure(error))
        }
    }

    private static let busy = CustodyError(
        .recorderBusy, "the gateway is busy: \(queueMax) updates are waiting", remedy: "try again in a second")

    private func drain() {
        while let first = nextBatch() {
            // Handed to the writer and not yet answered.
            var taken = [first]
            do {
                try writer.commit(
                    first.flatMap(\.drafts),
                    more: {
                        guard let next = batchAhead() else { return nil }
                        taken.append(next)
                        return next.flatMap(\.drafts)
                    }, answer: { Self.answer(taken.removeFirst(), $0) })
            } catch let error as CustodyError where error.code == .durabilityUnknown {
                halt(error, refusing: taken.flatMap { $0 })
            } catch {
                for submission in taken.joined() { submission.resume(.failure(error)) }
            }
        }
    }

    private static func answer(_ batch: [Submission], _ outcomes: [Result<Receipt, any Error>]) {
        var rest = outcomes[...]
        for submission in batch {
            submission.resume(.success(Array(rest.prefix(submission.drafts.count))))
            rest = rest.dropFirst(submission.drafts.count)
        }
    }

    /// As many waiting submissions as fit into one commit; when there are none, the next one starts the recorder again.
    private func nextBatch() -> [Submission]? {
        queue.withLock { queue in
            guard !queue.submissions.isEmpty else {
                queue.isDraining = false
                return nil
            }
            return queue.takeBatch()
        }
    }

    /// Drafts from which on a batch is sealed while another one is being committed. Fewer go on waiting, so that one
    /// commit takes all that come during the one before it.
    private static let aheadMin = 64

    private nonisolated func batchAhead() -> [Submission]? {
        queue.withLock { $0.waiting >= Self.aheadMin ? $0.takeBatch() : nil }
    }

    /// Takes no more drafts, and refuses those that wait: none of them has been acknowledged.
    public nonisolated func close(because error: CustodyError) {
        let rest = queue.withLock { queue in
            if queue.stopped == nil { queue.stopped = error }
            defer {
                queue.submissions = []
                queue.waiting = 0
            }
            return queue.submissions
        }
        for submission in rest { submission.resume(.failure(error)) }
    }

    private func halt(_ error: CustodyError, refusing batch: [Submission]) {
        let rest = queue.withLock { queue in
            queue.stopped = error
            defer {
                queue.submissions = []
                queue.waiting = 0
            }
            return queue.submissions
        }
        stop(error)
        for submission in batch + rest { submission.resume(.failure(error)) }
    }
}

extension CustodyError.Code {
    public static let recorderBusy: Self = "recorder-busy"
}
