import Synchronization

/// Which logs have changed since when, in this process: their size, heads, cosignatures, confirmation, and whether they are
/// frozen or this gateway's own.
public final class LogChanges: Sendable {
    private struct State {
        var count: UInt64 = 0
        /// By the log's number in the store: the count at its last change.
        var last: [Int64: UInt64] = [:]
    }

    private let state = Mutex(State())

    func note(_ logs: Set<Int64>) {
        guard !logs.isEmpty else { return }
        state.withLock { state in
            state.count += 1
            for log in logs { state.last[log] = state.count }
        }
    }

    /// - Parameter count: that was returned before.
    /// - Returns: the logs that have changed since then, in order of their numbers, and the count to be asked with next.
    public func since(_ count: UInt64) -> (logs: [Int64], count: UInt64) {
        state.withLock { state in
            guard count < state.count else { return ([], state.count) }
            return (state.last.filter { $0.value > count }.keys.sorted(), state.count)
        }
    }
}
