import Rig
import Testing

@testable import Ledger

/// The rule decides the same everywhere: whatever the order in which updates arrive.
@Suite struct ArrivalTests {
    /// What a member believes once everything has arrived.
    struct Belief: Equatable {
        let verdicts: [Hash: Verdict]
        let heads: [Reference]
        let conflict: OrderThread.Conflict?
        let waiting: Set<Hash>
        let dropped: Set<Hash>
        /// The steps that may come next.
        let allowed: [String]
    }

    @Test(arguments: 1...40)
    func everyArrivalLeadsToTheSameBelief(seed: UInt64) throws {
        var numbers = SeededRandom(seed: seed)
        let order = try Self.randomOrder(&numbers)
        let first = Self.deliver(order.sent, of: order)
        #expect(first.verdicts.values.contains(.accepted))
        #expect(first.verdicts.values.contains { !$0.isAccepted })
        for _ in 0..<20 {
            let shuffled = order.sent.shuffled(using: &numbers)
            #expect(Self.deliver(shuffled, of: order) == first)
        }
    }

    @Test func theRandomOrdersHoldForksAndDisputes() throws {
        let beliefs = try (1...40).map { (seed: UInt64) in
            var numbers = SeededRandom(seed: seed)
            let order = try Self.randomOrder(&numbers)
            return Self.deliver(order.sent, of: order)
        }
        #expect(beliefs.contains { $0.heads.count > 1 && $0.conflict == nil })
        #expect(beliefs.contains { $0.conflict != nil })
        #expect(beliefs.contains { !$0.waiting.isEmpty })
        #expect(beliefs.contains { !$0.dropped.isEmpty })
    }

    /// Updates of five members that often know only a part of what the others have written.
    static func randomOrder(_ numbers: inout SeededRandom) throws -> TestOrder {
        let consortium = try TestConsortium(contracts: [Contract(text: OrderThreadTests.parallel)])
        var order = try TestOrder(consortium, contract: "parallel", number: numbers.next() % 1_000)
        try order.record("open")
        for _ in 0..<40 {
            let role = Role.allCases.randomElement(using: &numbers) ?? .hospital
            let update = Self.randomUpdate(of: order, by: role, &numbers)
            try order.record(update, from: consortium[role].origin)
        }
        return order
    }

    private static func randomUpdate(of order: TestOrder, by role: Role, _ numbers: inout SeededRandom) -> Update {
        let allowed = order.contract.steps.filter { $0.by.contains(role) && !$0.after.isEmpty }
        let usual = Int.random(in: 0..<10, using: &numbers) < 6
        let steps = usual ? allowed.filter(\.repeats) : order.contract.steps
        let step = steps.randomElement(using: &numbers)?.name ?? "note"
        let colour = ["red", "blue"].randomElement(using: &numbers) ?? ""
        let parents = parents(in: order, &numbers)
        let facts =
            switch step {
            case "left", "right": [TestOrder.text("color", colour)]
            case "settle": [TestOrder.text("stands", parents.randomElement(using: &numbers)?.leafHash.hex ?? "")]
            default: [Fact]()
            }
        return order.update(step, parents: parents, facts: facts)
    }

    private static func parents(in order: TestOrder, _ numbers: inout SeededRandom) -> [Reference] {
        switch Int.random(in: 0..<40, using: &numbers) {
        case 0: return [EntryTests.reference(9_999)]
        case 1..<25: return Array(order.thread.heads.shuffled(using: &numbers).prefix(3))
        case 25..<36:
            let known = order.thread.nodes.filter(\.verdict.isAccepted).map(\.reference)
            return Array(known.shuffled(using: &numbers).prefix(2))
        default: return Array(order.sent.map(\.reference).shuffled(using: &numbers).prefix(2))
        }
    }

    /// Judges in order of arrival; what waits is tried again after every verdict.
    static func deliver(_ arrivals: [TestOrder.Sent], of order: TestOrder) -> Belief {
        var thread = OrderThread(order: order.thread.order)
        var waiting: [TestOrder.Sent] = []
        for arrival in arrivals {
            waiting.append(arrival)
            while let place = waiting.firstIndex(where: { enter($0, into: &thread, of: order) }) {
                waiting.remove(at: place)
            }
        }
        return Belief(
            verdicts: Dictionary(uniqueKeysWithValues: thread.nodes.map { ($0.reference.leafHash, $0.verdict) }),
            heads: thread.heads, conflict: thread.conflict(under: order.contract),
            waiting: Set(waiting.map(\.reference.leafHash)), dropped: thread.dropped,
            allowed: order.contract.steps.filter { thread.allows($0) }.map(\.name))
    }

    private static func enter(_ sent: TestOrder.Sent, into thread: inout OrderThread, of order: TestOrder) -> Bool {
        let judgement = thread.judge(
            sent.update, from: sent.reference.origin, recordedAt: sent.recordedAt, floor: 0,
            by: order.consortium.rulebook,
            elsewhere: { _ in .absent })
        guard case .decided(let verdict) = judgement else { return false }
        thread.insert(
            sent.update, at: sent.reference, recordedAt: sent.recordedAt, verdict: verdict,
            by: order.consortium.rulebook)
        return true
    }
}
