import Ledger
import Rig
import Testing

@testable import Store

/// Contract language 4 as stores judge it: what came first makes no difference, and every verdict can be given again.
@Suite struct ContractStoreTests {
    @Test(arguments: 1...8)
    func everyStoreReachesTheSameVerdictsAndVerifies(seed: UInt64) async throws {
        var numbers = SeededRandom(seed: seed)
        let order = try Gate.randomOrder(&numbers)
        let logs = try Self.logs(of: order)
        var first: [Reference: Verdict] = [:]
        for _ in 0..<5 {
            let ledger = try TestLedger(contracts: [Contract(text: Gate.text)])
            try Self.deliver(logs, to: ledger, &numbers)
            let beliefs = try ledger.beliefs()
            if first.isEmpty { first = beliefs.verdicts }
            #expect(beliefs.verdicts == first)
            #expect(await LedgerVerifier(store: ledger.store).run().findings == [])
            try ledger.store.reindex()
            #expect(try ledger.beliefs().heads == beliefs.heads)
            #expect(try ledger.beliefs().verdicts == first)
        }
        #expect(first.values.contains(.accepted) && first.values.contains { !$0.isAccepted })
    }

    /// The order as its five members have it, each in a log of its own.
    private static func logs(of order: TestOrder) throws -> [TestLog] {
        var logs = Dictionary(uniqueKeysWithValues: order.consortium.members.map { ($0.origin, TestLog($0)) })
        for origin in logs.keys { try logs[origin]?.fill(1, now: 0) }
        var places: [Hash: Reference] = [:]
        for sent in order.sent {
            let update = sent.update
            let moved = Update(
                order: update.order, step: update.step,
                parents: update.parents.map { places[$0.leafHash] ?? $0 }, consortium: update.consortium,
                contract: update.contract, subjects: update.subjects,
                facts: update.facts.map { fact in
                    guard case .text(let text) = fact.value, let known = Hash(hex: text).flatMap({ places[$0] }) else {
                        return fact
                    }
                    return Fact(name: fact.name, value: .text(known.leafHash.hex))
                }, source: update.source,
                firing: update.firing.map {
                    Firing(rule: $0.rule, trigger: places[$0.trigger]?.leafHash ?? $0.trigger)
                })
            let now = max(0, sent.recordedAt)
            places[sent.reference.leafHash] = try logs[sent.reference.origin]?.seal(moved, now: now)
        }
        return logs.sorted { $0.key < $1.key }.map(\.value)
    }

    /// Brings the logs piece by piece, one now and one then.
    private static func deliver(_ logs: [TestLog], to ledger: TestLedger, _ numbers: inout SeededRandom) throws {
        var taken = [Int](repeating: 0, count: logs.count)
        while true {
            let open = logs.indices.filter { taken[$0] < logs[$0].sealed.count }
            guard let log = open.randomElement(using: &numbers) else { return }
            taken[log] = min(logs[log].sealed.count, taken[log] + Int.random(in: 1...6, using: &numbers))
            try ledger.take(logs[log], upTo: taken[log])
            try ledger.store.applyPending()
        }
    }
}
