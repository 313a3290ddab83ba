import Rig
import Testing

@testable import Ledger

/// Contract language 4 judges the same whatever the order in which updates arrive, and however they are read.
@Suite struct ContractArrivalTests {
    @Test(arguments: 1...40)
    func fiveMembersReachTheSameVerdictsInAnyOrderOfArrival(seed: UInt64) throws {
        var numbers = SeededRandom(seed: seed)
        let order = try Gate.randomOrder(&numbers)
        let first = ArrivalTests.deliver(order.sent, of: order)
        for _ in 0..<5 {
            #expect(ArrivalTests.deliver(order.sent.shuffled(using: &numbers), of: order) == first)
        }
    }

    @Test func theRandomOrdersMeetEveryPartOfTheLanguage() throws {
        var codes: Set<Rejection.Code> = []
        var accepted: Set<String> = []
        var disputes: Set<String> = []
        for seed in (1...40) as ClosedRange<UInt64> {
            var numbers = SeededRandom(seed: seed)
            let order = try Gate.randomOrder(&numbers)
            let belief = ArrivalTests.deliver(order.sent, of: order)
            for case .rejected(let rejection) in belief.verdicts.values { codes.insert(rejection.code) }
            for node in order.thread.nodes where node.verdict.isAccepted {
                accepted.insert(node.update.firing?.rule ?? node.update.step)
            }
            disputes.formUnion(Self.disputes(in: order))
        }
        #expect(
            codes.isSuperset(of: [
                .factMalformed, .scanMismatched, .stepRepeated, .stepOutOfOrder, .ruleMismatched, .ruleNotSetOff,
                .ruleActedOn, .deadlineNotPassed, .deadlineMet, .orderDisputed,
            ]), "\(codes)")
        #expect(
            accepted.isSuperset(of: [
                "not-made", "not-shipped", "grave", "many", "check", "ship", "make", "settle",
            ]), "\(accepted)")
        #expect(disputes.contains("make was recorded in time on one branch and missed on the other"), "\(disputes)")
    }

    /// All that the order was disputed for on its way.
    private static func disputes(in order: TestOrder) -> [String] {
        (1...order.sent.count).compactMap {
            ArrivalTests.deliver(Array(order.sent.prefix($0)), of: order).conflict?.message
        }
    }

    /// What a tip says, it says as the graph does; and a scan as the decoded update.
    @Test(arguments: 1...20)
    func theTipAndTheBytesJudgeAsTheThreadDoes(seed: UInt64) throws {
        var numbers = SeededRandom(seed: seed)
        let order = try Gate.randomOrder(&numbers)
        let rulebook = order.consortium.rulebook
        var thread = OrderThread(order: order.thread.order)
        var tip = ThreadTip(order: order.thread.order)
        var told = 0
        for sent in order.sent {
            let expected = thread.judge(
                sent.update, from: sent.reference.origin, recordedAt: sent.recordedAt, floor: 0, by: rulebook,
                elsewhere: { _ in .absent })
            let clock = ClockQuality(source: .none, error: 0, bootID: [])
            let entry = Entry(previous: nil, recordedAt: sent.recordedAt, clock: clock, body: .update(sent.update))
            try entry.sealed().withUnsafeBytes { bytes in
                var scan = UpdateScan()
                #expect(try scan.read(entry: bytes))
                let grounds = rulebook.grounds(of: scan, from: sent.reference.origin, known: nil)
                let byBytes = try thread.graph.judge(
                    scan, floor: 0, on: grounds, elsewhere: { _ in .absent },
                    updates: { reference in try #require(thread.node(reference.leafHash)).update })
                #expect(byBytes == expected)
                guard let judgement = tip.judge(scan, floor: 0, on: grounds) else { return }
                #expect(judgement == expected)
                told += 1
                if judgement == .decided(.accepted) { tip.advance(to: scan, at: sent.reference, on: grounds) }
            }
            guard case .decided(let verdict) = expected else { continue }
            thread.insert(
                sent.update, at: sent.reference, recordedAt: sent.recordedAt, verdict: verdict, by: rulebook)
        }
        #expect(told > 0)
    }
}
