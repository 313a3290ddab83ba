import Ledger

/// An order as the store's writer keeps it between two updates.
///
/// Whoever holds the transaction may judge by `thread` and extend it; everything else is the store's.
public final class KeptOrder {
    public let name: String
    public var thread: OrderThread
    /// Its number in the store; nil until the order's first update is entered.
    var id: Int64?
    /// Subjects that the index has for this order already.
    var subjects: Set<String> = []
    /// Whether the store lists it among the forks.
    var isListedAsFork: Bool

    init(name: String, id: Int64?, thread: OrderThread) {
        self.name = name
        self.id = id
        self.thread = thread
        isListedAsFork = thread.isFork
        for node in thread.nodes where node.verdict.isAccepted { subjects.formUnion(node.update.subjects) }
    }

    /// The contract that the first accepted update pinned.
    public var contract: Hash? { thread.contract }

    public var parentsOfNext: [Reference] { thread.parentsOfNext }

    /// Judges an update where the thread is kept: a copy of the thread would cost more than the verdict.
    public func judge(
        _ update: Update, recordedAt: Int64, floor: Int, on grounds: Grounds,
        elsewhere: (Reference) throws -> OrderThread.Elsewhere
    ) throws -> Judgement {
        try thread.judge(update, recordedAt: recordedAt, floor: floor, on: grounds, elsewhere: elsewhere)
    }

    /// Enters an accepted update into the thread.
    /// - Parameter recordedAt: of its entry, UTC microseconds.
    public func insert(_ update: Update, at reference: Reference, recordedAt: Int64, on grounds: Grounds) {
        thread.insert(update, at: reference, recordedAt: recordedAt, verdict: .accepted, on: grounds)
    }
}

/// The threads of the orders that were used last, and the rules by which they are judged. Owned by the store's writer,
/// which lends the orders to what a series prepares.
final class OrderIndex {
    /// Threads kept in memory: this many young ones, and as many that were young before. More than two transactions
    /// touch, so that an order which one under way has looked up is the same object until both have ended.
    static let threadsMax = 8_192

    var rulebook: Rulebook
    private var orders = TwoGenerations<String, KeptOrder>(youngMax: threadsMax)

    init(rulebook: Rulebook) {
        self.rulebook = rulebook
    }

    func forget() { orders.removeAll() }

    func entry(of order: String) -> KeptOrder? { orders.value(of: order) }

    func keep(_ entry: KeptOrder) { orders.keep(entry, of: entry.name) }
}
