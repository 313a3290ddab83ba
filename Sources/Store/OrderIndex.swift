import Ledger

/// The threads of the orders that were used last, and the rules by which they are judged. Owned by the store's writer.
final class OrderIndex {
    /// Threads kept in memory: this many young ones, and as many that were young before.
    static let threadsMax = 8_192

    /// An order as the writer keeps it between two updates.
    final class Kept {
        /// Its number in the store; nil until the order's first update is entered.
        var id: Int64?
        var thread: OrderThread
        /// Subjects that the index has for this order already.
        var subjects: Set<String>

        init(id: Int64?, thread: OrderThread) {
            self.id = id
            self.thread = thread
            subjects = Set(thread.nodes.flatMap { $0.verdict.isAccepted ? $0.update.subjects : [] })
        }
    }

    var rulebook: Rulebook
    private var young: [String: Kept] = [:]
    private var old: [String: Kept] = [:]
    private var last: Kept?

    init(rulebook: Rulebook) {
        self.rulebook = rulebook
    }

    func forget() {
        young.removeAll(keepingCapacity: true)
        old.removeAll(keepingCapacity: true)
        last = nil
    }

    func entry(of order: String) -> Kept? {
        if let last, last.thread.order == order { return last }
        if let entry = young[order] {
            last = entry
            return entry
        }
        guard let entry = old[order] else { return nil }
        keep(entry)
        return entry
    }

    func keep(_ entry: Kept) {
        if young.count >= Self.threadsMax {
            swap(&young, &old)
            young.removeAll(keepingCapacity: true)
        }
        young[entry.thread.order] = entry
        last = entry
    }
}
