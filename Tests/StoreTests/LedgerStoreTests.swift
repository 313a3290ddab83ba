import Foundation
import GRDB
import Ledger
import Testing

@testable import Store

@Suite struct LedgerStoreTests {
    /// So that what copies the file next has all of it.
    @Test func aStoreThatWasClosedIsOneFile() throws {
        let ledger = try TestLedger()
        try ledger.take(try TestTraffic(ledger.consortium).hospital)
        _ = try ledger.beliefs()
        try ledger.store.close()
        for ending in ["-wal", "-shm"] { #expect(!FileManager.default.fileExists(atPath: ledger.path + ending)) }
        try ledger.reopen()
        #expect(try ledger.record(.hospital).size > 1)
    }

    @Test func theWriterWaitsForTheDisk() throws {
        let ledger = try TestLedger()
        #expect(try ledger.store.synchronousLevel() == 2)
        try ledger.reopen()
        #expect(try ledger.store.synchronousLevel() == 2)
        #expect(try ledger.look { try String.fetchOne($0, sql: "PRAGMA journal_mode") } == "wal")
    }

    @Test func givesBackWhatWasAppended() throws {
        let ledger = try TestLedger()
        var log = TestLog(ledger.consortium[.hospital])
        try log.fill(20)
        try ledger.take(log, upTo: 7)
        try ledger.take(log)
        try ledger.reopen()
        let record = try ledger.record(.hospital)
        #expect(record.size == 20)
        #expect(try ledger.store.read { try $0.entries(log: record.id, from: 0, count: 99) } == log.sealed.map(\.bytes))
        #expect(try ledger.store.read { try $0.entry(log: record.id, index: 19) } == log.sealed[19].bytes)
        #expect(try ledger.store.read { try $0.entry(log: record.id, index: 20) } == nil)
        #expect(
            try ledger.store.read { try $0.entries(log: record.id, from: 5, count: 2) }
                == log.sealed[5..<7].map(\.bytes))
    }

    @Test(arguments: [1, 255, 256, 257, 600, 65_537])
    func theStoredTreeIsTheTree(size: Int) throws {
        let ledger = try TestLedger()
        var log = TestLog(ledger.consortium[.hospital])
        try log.fill(size)
        try ledger.take(log)
        try ledger.reopen()
        let record = try ledger.record(.hospital)
        let state = try ledger.store.read { try $0.state(of: record) }
        #expect(state.tree.root == log.log.tree.root)
        #expect(state.tree.partialRows == log.log.tree.partialRows)
        #expect(state.last == log.log.last)
        #expect(state.recordedAt == log.log.recordedAt)
        try checkTiles(of: log, record, in: ledger.store)
        try checkProofs(of: log, record, in: ledger.store)
    }

    /// Every tile, whole or at its present width, against the leaf hashes alone.
    private func checkTiles(of log: TestLog, _ record: LogRecord, in store: LedgerStore) throws {
        var row = log.sealed.map(\.leafHash)
        var level = 0
        while !row.isEmpty {
            for index in Set([0, row.count / 512, row.count / 256]) {
                let slots = row.dropFirst(index * 256).prefix(256)
                let tile = Tile(level: level, index: UInt64(index))
                let stored = try store.read { try $0.hashes(of: tile, slots: 0..<slots.count, log: record.id) }
                #expect(stored == Array(slots), "level \(level), tile \(index)")
            }
            row = (0..<row.count / 256).map { MerkleProof.root(ofSubtree: row[($0 * 256)..<($0 * 256 + 256)]) }
            level += 1
        }
    }

    private func checkProofs(of log: TestLog, _ record: LogRecord, in store: LedgerStore) throws {
        for index in Set([0, log.sealed.count / 2, log.sealed.count - 1]) {
            let size = UInt64(log.sealed.count)
            let plan = try #require(MerkleProof.inclusionPlan(index: UInt64(index), size: size))
            let proof = try store.read { try $0.proof(plan, log: record.id) }
            #expect(
                MerkleProof.verifyInclusion(
                    leaf: log.sealed[index].leafHash, index: UInt64(index), size: size, proof: proof,
                    root: log.log.tree.root))
        }
        guard log.sealed.count > 1 else { return }
        var half = MerkleTree()
        for entry in log.sealed.prefix(log.sealed.count / 2) { half.append(entry.leafHash) }
        #expect(try store.read { try $0.root(of: record.id, size: half.size) } == half.root)
    }

    struct Stopped: Error {}

    @Test func aFailureInsideLeavesNothing() throws {
        let ledger = try TestLedger()
        let traffic = try TestTraffic(ledger.consortium)
        try ledger.take(traffic.hospital, upTo: 2)
        try ledger.store.applyPending()
        let before = ledger.store.changes.count
        #expect(throws: Stopped.self) {
            try ledger.store.write { transaction in
                let log = try #require(try transaction.snapshot.log("hospital/gw"))
                try transaction.append([traffic.hospital.sealed[2]], full: [], to: log.id)
                let update = try #require(traffic.manufacturer.sealed[1].entry.update)
                let reference = Reference(
                    origin: "manufacturer/gw", index: 1, leafHash: traffic.manufacturer.sealed[1].leafHash)
                let order = try transaction.order(traffic.order)
                order.thread.insert(
                    update, at: reference, recordedAt: 0, verdict: .accepted, by: ledger.consortium.rulebook)
                try transaction.enter(
                    update, of: order, index: 1, log: log.id, verdict: .accepted, isFork: false,
                    recordedAt: 0)
                #expect(try transaction.order(traffic.order).thread.heads == [reference])
                throw Stopped()
            }
        }
        #expect(ledger.store.changes.count == before)
        #expect(try ledger.record(.hospital).size == 2)
        let heads = try ledger.store.write { try $0.order(traffic.order).thread.heads }
        #expect(heads.map(\.leafHash) == [traffic.hospital.sealed[1].leafHash])
    }

    @Test func aFailureForgetsTheRulesToo() throws {
        let ledger = try TestLedger()
        let next = try TestConsortium(version: 2, previous: ledger.consortium.document.hash)
        #expect(throws: Stopped.self) {
            try ledger.store.write { transaction in
                try transaction.add(document: next.note)
                #expect(transaction.rulebook.latest?.version == 2)
                throw Stopped()
            }
        }
        #expect(ledger.store.rulebook.latest?.version == 1)
        #expect(try ledger.store.write { $0.rulebook.latest?.version } == 1)
    }

    @Test func aFullDiskIsSaidAndNothingIsKept() throws {
        let ledger = try TestLedger()
        var log = TestLog(ledger.consortium[.hospital])
        try log.fill(4_000)
        try ledger.take(log, upTo: 1)
        try ledger.store.write { transaction in
            let pages = try Int.fetchOne(transaction.database, sql: "PRAGMA page_count") ?? 0
            try transaction.database.execute(sql: "PRAGMA max_page_count = \(pages)")
        }
        #expect(throws: CustodyError(.storeFailed, "")) { try ledger.take(log) }
        #expect(try ledger.record(.hospital).size == 1)
    }

    /// SQLite refuses the COMMIT itself: what is on the disk then, only the next start knows.
    @Test func aFailedCommitIsDurabilityUnknown() throws {
        let ledger = try TestLedger()
        var log = TestLog(ledger.consortium[.hospital])
        try log.fill(2)
        try ledger.take(log, upTo: 1)
        try ledger.tamper(
            """
            CREATE TABLE parent (id INTEGER PRIMARY KEY);
            CREATE TABLE child (id INTEGER REFERENCES parent (id) DEFERRABLE INITIALLY DEFERRED);
            """)
        #expect(throws: CustodyError(.durabilityUnknown, "")) {
            try ledger.store.write { try $0.database.execute(sql: "INSERT INTO child VALUES (7)") }
        }
        try ledger.take(log)
        #expect(try ledger.record(.hospital).size == 2)
    }

    @Test func givesASignalForEachCommit() throws {
        let ledger = try TestLedger()
        let before = ledger.store.changes.count
        try ledger.store.write { _ in }
        try ledger.store.write { _ in }
        #expect(ledger.store.changes.count == before + 2)
    }

    @Test func keepsTheConfirmedCheckpointAndTheNewest() throws {
        let ledger = try TestLedger()
        var log = TestLog(ledger.consortium[.hospital])
        try log.fill(100)
        for size in 1...100 { try ledger.take(log, upTo: size) }
        try ledger.store.write { transaction in
            let record = try #require(try transaction.snapshot.log("hospital/gw"))
            let kept = try #require(try transaction.snapshot.checkpoint(size: 3, of: record.id))
            for role in [Role.hospital, .regulator] {
                let line = try ledger.consortium[role].cosigner.cosign(kept.text, time: 9).line
                try transaction.keep(
                    [Cosignature(cosigner: role.rawValue, time: 9, line: line)], size: 3, of: record.id)
            }
            try transaction.confirm(record, size: 3, now: 0)
            try transaction.forgetOldCheckpoints(of: record.id)
        }
        let record = try ledger.record(.hospital)
        #expect(record.confirmed == 3)
        let sizes = try ledger.store.read { try $0.checkpoints(of: record.id).map(\.size) }
        #expect(Set(sizes).isSuperset(of: Set(93...100)))
        #expect(sizes.contains(3))
        #expect(sizes.count <= 10)
        #expect(try ledger.store.read { try $0.cosignatures(size: 3, of: record.id).count } == 2)
    }
}
