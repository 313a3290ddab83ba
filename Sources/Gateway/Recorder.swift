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

    private struct Waiting {
        let draft: Draft
        let resume: @Sendable (Result<Receipt, any Error>) -> Void
    }

    private struct Queue {
        var waiting: [Waiting] = []
        var isDraining = false
        var stopped: CustodyError?
    }

    private nonisolated let executor = DispatchExecutor(label: "custody.recorder")
    private nonisolated let queue = Mutex(Queue())
    private nonisolated let stop: @Sendable (CustodyError) -> Void
    private let writer: LogWriter

    public nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// - Parameter stop: called once if durability is unknown.
    public init(writer: sending LogWriter, stop: @escaping @Sendable (CustodyError) -> Void) {
        self.writer = writer
        self.stop = stop
    }

    /// Records one draft.
    /// - Throws: `CustodyError`: `recorder-busy` (retry later), `durability-unknown` (the gateway stops), or the
    ///   rejection's code: recording it again changes nothing.
    public nonisolated func record(_ draft: Draft) async throws -> Receipt {
        try await withCheckedThrowingContinuation { continuation in
            enqueue([Waiting(draft: draft) { continuation.resume(with: $0) }])
        }
    }

    /// Records many drafts; each has its own outcome, in the order given.
    public nonisolated func record(_ drafts: [Draft]) async -> [Result<Receipt, any Error>] {
        guard !drafts.isEmpty else { return [] }
        let outcomes = Outcomes(count: drafts.count)
        return await withCheckedContinuation { continuation in
            enqueue(
                drafts.enumerated().map { place, draft in
                    Waiting(draft: draft) { result in
                        if let all = outcomes.set(result, at: place) { continuation.resume(returning: all) }
                    }
                })
        }
    }

    private nonisolated func enqueue(_ drafts: [Waiting]) {
        enum Answer { case drain, wait, refuse(CustodyError) }
        let answer: Answer = queue.withLock { queue in
            if let stopped = queue.stopped { return .refuse(stopped) }
            guard queue.waiting.count + drafts.count <= Self.queueMax else { return .refuse(Self.busy) }
            queue.waiting += drafts
            defer { queue.isDraining = true }
            return queue.isDraining ? .wait : .drain
        }
        switch answer {
        case .wait: break
        case .drain: Task { await drain() }
        case .refuse(let error): for draft in drafts { draft.resume(.failure(error)) }
        }
    }

    private static let busy = CustodyError(
        .recorderBusy, "the gateway is busy: \(queueMax) updates are waiting", remedy: "try again in a second")

    private func drain() {
        while let batch = nextBatch() {
            do {
                let outcomes = try writer.commit(batch.map(\.draft))
                for (waiting, outcome) in zip(batch, outcomes) { waiting.resume(outcome) }
            } catch let error as CustodyError where error.code == .durabilityUnknown {
                halt(error, refusing: batch)
            } catch {
                for waiting in batch { waiting.resume(.failure(error)) }
            }
        }
    }

    private func nextBatch() -> [Waiting]? {
        queue.withLock { queue in
            guard !queue.waiting.isEmpty else {
                queue.isDraining = false
                return nil
            }
            let batch = Array(queue.waiting.prefix(Self.batchMax))
            queue.waiting.removeFirst(batch.count)
            return batch
        }
    }

    private func halt(_ error: CustodyError, refusing batch: [Waiting]) {
        let rest = queue.withLock { queue in
            queue.stopped = error
            defer { queue.waiting = [] }
            return queue.waiting
        }
        for waiting in batch + rest { waiting.resume(.failure(error)) }
        stop(error)
    }
}

/// Gathers the outcomes of drafts that were handed in together.
private final class Outcomes: Sendable {
    private let state: Mutex<(results: [Result<Receipt, any Error>?], left: Int)>

    init(count: Int) { state = Mutex((Array(repeating: nil, count: count), count)) }

    /// - Returns: all of them, with the last.
    func set(_ result: Result<Receipt, any Error>, at place: Int) -> [Result<Receipt, any Error>]? {
        state.withLock { state in
            state.results[place] = result
            state.left -= 1
            return state.left == 0 ? state.results.compactMap { $0 } : nil
        }
    }
}

extension CustodyError.Code {
    public static let recorderBusy: Self = "recorder-busy"
}
