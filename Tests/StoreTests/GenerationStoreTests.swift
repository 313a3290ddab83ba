import Foundation
import Ledger
import Testing

@testable import Store

/// A log that this gateway lets go of, with and without entries that are taken back.
@Suite struct GenerationStoreTests {
    let ledger: TestLedger
    var log: TestLog

    init() throws {
        ledger = try TestLedger()
        log = TestLog(ledger.consortium[.hospital])
        try log.fill(600)
        try ledger.take(log)
    }

    private func leave(common: UInt64?) throws {
        let head = try log.log.checkpoint().signed(by: log.member.log)
        let record = try ledger.record(.hospital)
        try ledger.store.write { transaction in
            try transaction.set(
                doubt: Doubt(.knownElsewhere, origin: record.origin, head: head.encoded, common: common))
            try transaction.leave(record, common: common, head: head)
        }
    }

    @Test(arguments: [UInt64(0), 1, 255, 256, 257, 511, 512, 599, 600])
    func entriesThatAreTakenBackLeaveTheTreeAsItWas(common: UInt64) async throws {
        try leave(common: common)
        let record = try ledger.record(.hospital)
        #expect(record.size == common)
        #expect(try ledger.store.read { try $0.doubt() } == nil)
        let tree = try ledger.store.read { try $0.state(of: record).tree }
        var expected = MerkleTree()
        for entry in log.sealed.prefix(Int(common)) { expected.append(entry.leafHash) { _, _, _ in } }
        #expect(tree.root == expected.root)
        let taken = try ledger.store.read { try $0.takenBack(openOnly: true) }
        #expect(taken.map(\.reference.index) == Array(common..<600))
        #expect(taken.map(\.bytes) == log.sealed.dropFirst(Int(common)).map(\.bytes))
        // What the mirrors have is then put in their place.
        try ledger.take(log)
        try ledger.store.applyPending()
        #expect(try ledger.record(.hospital).size == 600)
        #expect(await LedgerVerifier(store: ledger.store).run().findings == [])
    }

    @Test func withoutACommonSizeEverythingStays() throws {
        try leave(common: nil)
        #expect(try ledger.record(.hospital).size == 600)
        #expect(try ledger.store.read { try $0.takenBack().isEmpty })
    }

    @Test func whatWasRecordedAgainIsNotOpenAnyMore() throws {
        try leave(common: 598)
        let open = try ledger.store.read { try $0.takenBack(openOnly: true) }
        let again = Reference(origin: "hospital/gw.20261123125642317", index: 1, leafHash: .emptyTree)
        try ledger.store.write { transaction in
            try transaction.settle(takenBack: open[0].id, as: again)
            try transaction.refuse(takenBack: open[1].id, because: "no")
        }
        let all = try ledger.store.read { try $0.takenBack() }
        #expect(all.map(\.recorded) == [again, nil])
        #expect(all.map(\.refusal) == [nil, "no"])
        #expect(try ledger.store.read { try $0.takenBack(openOnly: true).isEmpty })
        #expect(try ledger.store.read { try $0.replacement(of: open[0].reference.leafHash) } == again)
    }

    @Test func theFirstDoubtStays() throws {
        let doubts = [Doubt(.forked, origin: "a", common: 3), Doubt(.backupRestored, origin: "a")]
        for doubt in doubts { try ledger.store.write { try $0.set(doubt: doubt) } }
        try ledger.reopen()
        #expect(try ledger.store.read { try $0.doubt() } == doubts[0])
    }

    @Test func aCopyIsMarkedAndOneFile() async throws {
        try ledger.store.write {
            _ = try $0.createLog(origin: "hospital/own", key: log.member.log.verifierKey, own: true)
        }
        let path = ledger.folder + "/copy.sqlite"
        try ledger.store.copy(to: path)
        #expect(try ledger.store.read { try $0.doubt() } == nil)
        let files = try FileManager.default.contentsOfDirectory(atPath: ledger.folder)
        #expect(files.filter { $0.hasPrefix("copy") } == ["copy.sqlite"])
        let copy = try LedgerStore(path: path)
        #expect(try copy.read { try $0.doubt()?.cause } == .backupRestored)
        #expect(try copy.read { try $0.log("hospital/gw")?.size } == 600)
    }
}
