/// The updates of one order that have a verdict, as the DAG that their parents make.
public struct OrderThread: Sendable {
    public struct Node: Sendable {
        public let reference: Reference
        public let update: Update
        public let verdict: Verdict
        /// Of its entry, UTC microseconds.
        public let recordedAt: Int64
    }

    /// What is known of an entry that stands outside this thread.
    public enum Elsewhere: Sendable {
        /// Not here, or not yet decided.
        case absent
        case decided(order: String, verdict: Verdict)
    }

    /// Why an order with several heads cannot simply go on.
    public struct Conflict: Hashable, Sendable {
        public let first: Reference
        public let second: Reference
        public let message: String
        /// Those of the heads that an earlier resolution has dropped already.
        let dropped: [Hash]
    }

    public private(set) var graph: ThreadGraph
    /// What the graph's nodes say, in the same order.
    private var updates: [Update] = []

    public init(order: String) {
        graph = ThreadGraph(order: order)
    }

    public var order: String { graph.order }

    /// The contract that the first accepted update pinned.
    public var contract: Hash? { graph.contract }

    public var nodes: [Node] { graph.nodes.indices.map(node(at:)) }

    private func node(at place: Int) -> Node {
        let node = graph.nodes[place]
        return Node(
            reference: node.reference, update: updates[place], verdict: node.verdict, recordedAt: node.recordedAt)
    }

    public func node(_ leafHash: Hash) -> Node? { graph.place(of: leafHash).map(node(at:)) }

    /// The accepted updates that no accepted update names as a parent, in a canonical order.
    public var heads: [Reference] {
        graph.headPlaces.map { graph.nodes[$0].reference }.sorted { $0.leafHash < $1.leafHash }
    }

    /// What the order's next update names as its parents: the heads, as many as an update may name.
    public var parentsOfNext: [Reference] {
        guard graph.headPlaces.count == 1 else { return Array(heads.prefix(Update.parentsMax)) }
        return [graph.nodes[graph.headPlaces[0]].reference]
    }

    /// What the contract asks of whatever follows the order's heads, beside coming after them.
    public func confirmationsOfNext(under document: ConsortiumDocument) -> [Confirmation] {
        graph.headPlaces.compactMap { place in
            let footing = graph.nodes[place].footing
            guard let roles = footing.step?.confirmedBy, !roles.isEmpty else { return nil }
            return Confirmation(of: footing.reference, by: roles, document: document)
        }
    }

    public var isFork: Bool { graph.headPlaces.count > 1 }

    /// The leaf hashes of updates that resolutions took out of the order, as its heads stand now.
    public var dropped: Set<Hash> {
        let past = graph.past(of: graph.headPlaces)
        return Set(graph.dropped(in: past).members.map { graph.nodes[$0].reference.leafHash })
    }

    /// The accepted updates that stand behind one head and no other, in the order in which they were entered.
    public func branch(of head: Reference) -> [Node] {
        guard let place = graph.place(of: head.leafHash) else { return [] }
        let others = graph.past(of: graph.headPlaces.filter { $0 != place })
        return graph.nodes[place].past.subtracting(others).members.map(node(at:))
    }

    /// Whether the order stands where this step may come next, whoever records it and with whatever facts.
    public func allows(_ step: Contract.Step) -> Bool { graph.allowsNext(step) }

    /// Judges an update of this order.
    /// - Parameters:
    ///   - origin: the log that carries it.
    ///   - recordedAt: of its entry, UTC microseconds.
    ///   - floor: the newest document version that this log named before.
    ///   - elsewhere: what is known of entries outside this thread: citations, and parents that are not in it.
    public func judge(
        _ update: Update, from origin: String, recordedAt: Int64, floor: Int, by rulebook: Rulebook,
        elsewhere: (Reference) throws -> Elsewhere
    ) rethrows -> Judgement {
        try judge(
            update, recordedAt: recordedAt, floor: floor, on: rulebook.grounds(of: update, from: origin),
            elsewhere: elsewhere)
    }

    /// Judges an update of this order on grounds that hold for it.
    public func judge(
        _ update: Update, recordedAt: Int64, floor: Int, on grounds: Grounds,
        elsewhere: (Reference) throws -> Elsewhere
    ) rethrows -> Judgement {
        try graph.judge(
            judged: update, recordedAt: recordedAt, floor: floor, on: grounds, elsewhere: elsewhere,
            updates: { updates[$0] })
    }

    /// Enters an update with the verdict that `judge` gave.
    /// - Parameter recordedAt: of its entry, UTC microseconds.
    public mutating func insert(
        _ update: Update, at reference: Reference, recordedAt: Int64, verdict: Verdict, by rulebook: Rulebook
    ) {
        insert(
            update, at: reference, recordedAt: recordedAt, verdict: verdict,
            on: rulebook.grounds(of: update, from: reference.origin))
    }

    /// Enters an update with the verdict that `judge` gave on these grounds.
    /// - Parameter recordedAt: of its entry, UTC microseconds.
    public mutating func insert(
        _ update: Update, at reference: Reference, recordedAt: Int64, verdict: Verdict, on grounds: Grounds
    ) {
        guard graph.insert(judged: update, at: reference, recordedAt: recordedAt, verdict: verdict, on: grounds) else {
            return
        }
        updates.append(update)
    }

    /// A rule that an update sets off.
    public struct SetOff: Sendable {
        public let rule: Contract.Rule
        /// The first microsecond, UTC, at which its deadline has passed; nil for a rule without one.
        public let due: Int64?
    }

    /// The rules that an accepted update of this order sets off, whoever is to act on them.
    public func rulesSetOff(by reference: Reference, under contract: Contract) -> [SetOff] {
        guard let place = graph.place(of: reference.leafHash), graph.nodes[place].verdict.isAccepted else { return [] }
        return contract.rules.compactMap { rule in
            guard graph.setsOff(rule, at: place, contract: contract, updates: { updates[$0] }) else { return nil }
            guard case .missed(let step) = rule.when, let within = contract.step(step)?.within else {
                return SetOff(rule: rule, due: nil)
            }
            let end = within.end(from: graph.nodes[place].recordedAt)
            return SetOff(rule: rule, due: end == .max ? end : end + 1)
        }
    }

    /// What makes the order disputed: the first two heads whose branches cannot both stand.
    public func conflict(under contract: Contract) -> Conflict? {
        let heads = graph.headPlaces.sorted { graph.nodes[$0].reference.leafHash < graph.nodes[$1].reference.leafHash }
        return graph.conflict(among: heads, contract: contract, updates: { updates[$0] })
    }
}
