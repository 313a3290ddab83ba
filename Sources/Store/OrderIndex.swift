import Ledger

/// The threads of the orders that were used last, and the rules by which they are judged. Owned by the store's writer.
final class OrderIndex {
    /// Threads kept in memory.
    static let threadsMax = 8_192

    struct Cached {
        /// nil until the order's first update is entered.
        var id: Int64?
        var thread: OrderThread
    }

    var rulebook: Rulebook
    private var threads: [String: Cached] = [:]

    init(rulebook: Rulebook) {
        self.rulebook = rulebook
    }

    func forget() { threads.removeAll(keepingCapacity: true) }

    func cached(_ order: String) -> Bool { threads[order] != nil }

    func keep(_ thread: Cached) {
        if threads.count >= Self.threadsMax { threads.removeAll(keepingCapacity: true) }
        threads[thread.thread.order] = thread
    }

    /// Changes a thread in place, so that its arrays are never copied.
    @discardableResult
    func withThread<Result>(_ order: String, _ body: (inout Cached) throws -> Result) rethrows -> Result? {
        guard let place = threads.index(forKey: order) else { return nil }
        return try body(&threads.values[place])
    }
}
