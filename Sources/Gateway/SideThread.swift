import Dispatch

/// A thread that works beside the caller's, for as long as the caller waits.
final class SideThread: Sendable {
    private let queue: DispatchQueue

    init(label: String) { queue = DispatchQueue(label: label) }

    /// Runs both at once and returns when both have ended.
    /// - Throws: what `other` throws.
    func run<Result>(_ work: () -> Result, beside other: () throws -> Void) rethrows -> Result {
        // Handed over and taken back by `async` and `sync`, so never touched by two threads at once.
        nonisolated(unsafe) var result: Result?
        try withoutActuallyEscaping(work) { work in
            nonisolated(unsafe) let work = work
            queue.async { result = work() }
            defer { queue.sync {} }
            try other()
        }
        guard let result else { preconditionFailure("a serial queue runs its work in order") }
        return result
    }
}
