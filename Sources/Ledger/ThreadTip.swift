/// The last accepted update of an order: all that judging an update needs which stands on it alone.
///
/// Most orders are one line, so that whoever judges millions of them need not keep their graphs. Whatever else an
/// update stands on is for `ThreadGraph` to look up; the judge is the same.
public struct ThreadTip: Sendable {
    public let order: String
    /// Nil until an update has been accepted.
    private var last: ThreadGraph.Footing?

    public init(order: String) {
        self.order = order
    }

    /// Judges an update of this order.
    /// - Parameter floor: the newest document version that its log named before.
    /// - Returns: nil if more must be known of the order than its tip.
    public func judge(_ update: UpdateScan, floor: Int, on grounds: Grounds) -> Judgement? {
        guard update.citeCount == 0, update.parentCount == 0 || isOnlyParent(of: update),
            !asksOfPast(update, under: grounds.contract)
        else { return nil }
        return ThreadGraph.judge(
            update, of: order, recordedAt: update.recordedAt, floor: floor, on: grounds,
            ancestry: { ancestry(of: update, document: $0) },
            pastRefusal: { _, _, _ in nil }, dispute: { _, _ in nil })
    }

    /// Whether the contract asks more of what came before than which steps were done.
    private func asksOfPast(_ update: UpdateScan, under contract: Contract?) -> Bool {
        guard let contract else { return false }
        if update.isFired { return !contract.rules.isEmpty }
        return contract.looksBack && contract.steps.first { update.isStep($0.name) }?.looksBack == true
    }

    private func isOnlyParent(of update: UpdateScan) -> Bool {
        guard update.parentCount == 1, let last else { return false }
        return update.isParent(0, last.reference)
    }

    private func ancestry(of update: UpdateScan, document: ConsortiumDocument) -> ThreadGraph.Ancestry {
        guard update.parentCount > 0, let last else { return .known([], done: StepSet()) }
        if let refusal = last.refusal(of: update, under: document, isNamedAgain: false) { return .refused(refusal) }
        return .known([], done: last.done)
    }

    /// Makes an accepted update, for which `judge` had an answer, the tip.
    public mutating func advance(to update: UpdateScan, at reference: Reference, on grounds: Grounds) {
        let done = update.parentCount == 0 ? StepSet() : last?.done ?? StepSet()
        last = ThreadGraph.Footing(after: update, at: reference, isAccepted: true, done: done, on: grounds)
    }
}
