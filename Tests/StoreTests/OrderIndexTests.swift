import Ledger
import Testing

@testable import Store

@Suite struct OrderIndexTests {
    @Test func judgesWhatWaitedWhenItsAncestorArrives() throws {
        let ledger = try TestLedger()
        let traffic = try TestTraffic(ledger.consortium)
        try ledger.take(traffic.manufacturer)
        try ledger.store.applyPending()
        let waiting = try ledger.store.read { try $0.waiting() }
        #expect(waiting.map(\.update.step) == ["design.set"])
        let placed = Reference(origin: "hospital/gw", index: 1, leafHash: traffic.hospital.sealed[1].leafHash)
        #expect(waiting.map(\.awaited) == [.entry(placed)])
        try ledger.take(traffic.hospital)
        try ledger.store.applyPending()
        #expect(try ledger.store.read { try $0.waiting() }.isEmpty)
        #expect(try ledger.beliefs().verdicts.count == 4)
    }

    /// Every split of two logs into deliveries leads to the same verdicts and heads.
    @Test func everyArrivalLeadsToTheSameBelief() throws {
        var first: [Reference: Verdict] = [:]
        for split in 1...4 {
            for manufacturerFirst in [false, true] {
                let ledger = try TestLedger()
                let traffic = try TestTraffic(ledger.consortium)
                if manufacturerFirst { try ledger.take(traffic.manufacturer) }
                try ledger.store.applyPending()
                try ledger.take(traffic.hospital, upTo: split)
                try ledger.store.applyPending()
                try ledger.take(traffic.manufacturer)
                try ledger.take(traffic.hospital)
                try ledger.store.applyPending()
                let beliefs = try ledger.beliefs()
                if first.isEmpty { first = beliefs.verdicts }
                #expect(beliefs.verdicts == first)
                #expect(beliefs.heads[traffic.order]?.map(\.leafHash) == [traffic.manufacturer.sealed[1].leafHash])
            }
        }
        #expect(first.values.count { $0.isAccepted } == 2)
        #expect(first.count == 4)
    }

    @Test func reindexingComesToTheSame() throws {
        let ledger = try TestLedger()
        let traffic = try TestTraffic(ledger.consortium)
        try ledger.take(traffic.manufacturer)
        try ledger.store.applyPending()
        try ledger.take(traffic.hospital)
        try ledger.store.applyPending()
        let before = try ledger.beliefs()
        try ledger.store.reindex()
        let after = try ledger.beliefs()
        #expect(after.verdicts == before.verdicts)
        #expect(after.heads == before.heads)
        try ledger.reopen()
        #expect(try ledger.beliefs().heads == before.heads)
    }

    @Test func findsAnOrderByItsNumberItsSubjectAndAPartOfItsName() throws {
        let ledger = try TestLedger()
        let traffic = try TestTraffic(ledger.consortium)
        try ledger.take(traffic.hospital)
        try ledger.store.applyPending()
        for key in ["PO-1", "urn:epc:1", traffic.order, String(traffic.order.suffix(8))] {
            #expect(try ledger.store.read { try $0.order(key).name } == traffic.order, "\(key)")
        }
        #expect(throws: CustodyError(.orderUnknown, "")) { try ledger.store.read { try $0.order("PO-2") } }
    }

    @Test func appliesMoreThanOneBatch() throws {
        let ledger = try TestLedger()
        var log = TestLog(ledger.consortium[.hospital])
        try log.fill(LedgerStore.applyBatch * 2 + 5)
        try ledger.take(log)
        try ledger.store.applyPending()
        let record = try ledger.record(.hospital)
        #expect(try ledger.store.read { try $0.progress(of: record.id).next } == record.size)
    }
}
