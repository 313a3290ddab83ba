import Foundation
import GRDB
import Ledger
import Testing

@testable import Store

/// Values of private facts as one gateway keeps and destroys them.
@Suite struct PrivateFactStoreTests {
    private static let value = "Ada Lovelace"

    private let ledger: TestLedger
    private var hospital: TestLog
    private let disclosure: Disclosure
    private let update: Reference
    private let order: String
    private let reader = PrivateReadingKey.generate()

    init() throws {
        ledger = try TestLedger()
        hospital = TestLog(ledger.consortium[.hospital])
        disclosure = try Disclosure(name: "patient", value: Array(Self.value.utf8), salt: RestingBox.newKey())
        order = OrderName.make(origin: "hospital/gw", milliseconds: 1, random: (1, 2))
        let fact = Fact(name: "patient", value: .commitment(disclosure.commitment))
        update = try hospital.seal(
            Update(
                order: order, step: "order.placed", parents: [], consortium: ledger.consortium.document.hash,
                contract: try ledger.consortium.contract("custom-device").hash,
                facts: [TestOrder.text("product", "hip"), fact], source: Source(.operator)))
        try take(hospital)
        try keep()
    }

    private func take(_ log: TestLog) throws {
        try ledger.take(log)
        try ledger.store.applyPending()
    }

    private func sealed(for recipient: String = "manufacturer") throws -> SealedDisclosure {
        let stored = try #require(try ledger.store.read { try $0.update(update) })
        let context = try #require(
            SealedDisclosure.Context(of: disclosure.commitment, in: stored, from: "hospital/gw"))
        return try SealedDisclosure(
            disclosure, of: context, for: recipient, readingKey: reader.readingKey, signedBy: hospital.member.log)
    }

    private func keep() throws {
        let sealed = try sealed()
        let log = try ledger.record(.hospital).id
        try ledger.store.write { try $0.keep(disclosure, sealed: [sealed], ofEntry: update.index, log: log) }
    }

    private func erasure(of reference: Reference? = nil, fact: String = "patient") -> Erasure {
        Erasure(order: order, update: reference ?? update, fact: fact, reason: "asked")
    }

    private func facts() throws -> [PrivateFact] {
        let record = try ledger.store.read { try $0.order(order) }
        return try ledger.store.privateFacts(of: record)
    }

    private func readable() throws -> String? {
        try ledger.store.disclosure(of: disclosure.commitment, fact: "patient", in: update)?.value
    }

    private func passedOn() throws -> [PassedDisclosure] {
        try ledger.store.sealedDisclosures(after: 0, limit: 9, bytesMax: 1 << 20, exceptVia: nil).items
    }

    private var keyFile: String { ledger.folder + "/ledger.keys" }

    private func keys() throws -> [UInt8] { Array(try Data(contentsOf: URL(fileURLWithPath: keyFile)).dropFirst(32)) }

    // MARK: Keeping

    @Test func whatIsKeptIsReadAndPassedOn() throws {
        #expect(try readable() == Self.value)
        #expect(try facts().map(\.name) == ["patient"])
        #expect(try passedOn().map(\.update) == [update])
        #expect(try passedOn().map(\.sealed.recipient) == ["manufacturer"])
        try ledger.reopen()
        #expect(try readable() == Self.value)
    }

    @Test func nothingOfItStandsInAFileAsItIs() throws {
        let sealed = try #require(try passedOn().first).sealed.sealed
        for name in try FileManager.default.contentsOfDirectory(atPath: ledger.folder) {
            let bytes = try Data(contentsOf: URL(fileURLWithPath: ledger.folder + "/" + name))
            for secret in [Array(Self.value.utf8), Array(disclosure.encoded.utf8), sealed] {
                #expect(bytes.range(of: Data(secret)) == nil, "\(name)")
            }
        }
    }

    @Test func onlyTheOwnerMayReadTheKeys() throws {
        let rights = try FileManager.default.attributesOfItem(atPath: keyFile)[.posixPermissions] as? Int
        #expect(rights == 0o600)
    }

    @Test func aTransactionThatFailsKeepsNothing() throws {
        struct Failure: Error {}
        let before = try keys()
        let log = try ledger.record(.hospital).id
        let other = try Disclosure(name: "patient", value: [0x41], salt: [1])
        #expect(throws: Failure.self) {
            try ledger.store.write { transaction in
                try transaction.keep(other, sealed: [], ofEntry: update.index, log: log)
                throw Failure()
            }
        }
        #expect(try keys() == before)
        try keep()
        #expect(try readable() == Self.value)
    }

    @Test func theSameForTheSameReaderIsKeptOnce() throws {
        let sealed = try sealed()
        let isNews = try ledger.store.write {
            try $0.keep(sealed, opened: nil, fact: "patient", of: update, via: "supplier")
        }
        #expect(!isNews)
        #expect(try passedOn().count == 1)
    }

    @Test func aPageEndsBehindWhatItLeavesOut() throws {
        for recipient in ["hospital", "regulator"] {
            let sealed = try sealed(for: recipient)
            _ = try ledger.store.write {
                try $0.keep(sealed, opened: nil, fact: "patient", of: update, via: "supplier")
            }
        }
        func page(_ place: Int64, limit: Int = 9, bytes: Int = 1 << 20, via: String? = nil) throws -> ([String], Int64)
        {
            let page = try ledger.store.sealedDisclosures(
                after: place, limit: limit, bytesMax: bytes, exceptVia: via)
            return (page.items.map(\.sealed.recipient), page.end)
        }
        #expect(try page(0) == (["manufacturer", "hospital", "regulator"], 3))
        #expect(try page(0, limit: 2) == (["manufacturer", "hospital"], 2))
        #expect(try page(0, bytes: 1) == (["manufacturer"], 1))
        #expect(try page(0, via: "supplier") == (["manufacturer"], 3))
        #expect(try page(3) == ([], 3))
    }

    // MARK: Erasing

    @Test func anErasureDestroysKeyAndValueAndChangesNoVerdict() throws {
        let backup = ledger.folder + "/before.sqlite"
        try DatabaseQueue(path: ledger.path).backup(to: DatabaseQueue(path: backup))
        let verdicts = try ledger.beliefs().verdicts
        var log = hospital
        try log.seal(erasure())
        try take(log)
        #expect(try readable() == nil)
        #expect(try passedOn().isEmpty)
        #expect(try keys().allSatisfy { $0 == 0 })
        #expect(try ledger.beliefs().verdicts == verdicts)
        guard case .erased(let record) = try #require(try facts().first).state else {
            Issue.record("it does not say that it is erased")
            return
        }
        #expect((record.organisation, record.erasure.reason, record.state) == ("hospital", "asked", .done))
        // A copy of the ledger from before has its rows, and nothing opens them.
        try FileManager.default.copyItem(atPath: keyFile, toPath: ledger.folder + "/before.keys")
        let old = try LedgerStore(path: backup, readOnly: true)
        #expect(try old.disclosure(of: disclosure.commitment, fact: "patient", in: update) == nil)
    }

    @Test func aCopyThatComesLaterIsNotKept() throws {
        let late = try sealed(for: "hospital")
        var log = hospital
        try log.seal(erasure())
        try take(log)
        let isNews = try ledger.store.write {
            try $0.keep(late, opened: disclosure, fact: "patient", of: update, via: "supplier")
        }
        #expect(!isNews)
        #expect(try readable() == nil && passedOn().isEmpty)
    }

    @Test(arguments: [(Role.hospital, true), (.regulator, true), (.supplier, false), (.manufacturer, false)])
    func onlyThoseWhoMayErase(role: Role, may: Bool) throws {
        var log = role == .hospital ? hospital : TestLog(ledger.consortium[role])
        try log.seal(erasure())
        try take(log)
        #expect(try (readable() == nil) == may)
        let fact = try #require(try facts().first)
        #expect(fact.vain.map(\.state) == (may ? [] : [.refused]))
        #expect(may || fact.vain.first?.message != nil)
    }

    @Test(arguments: 0..<3)
    func anErasureOfSomethingElseErasesNothing(which: Int) throws {
        let other = Reference(origin: update.origin, index: update.index, leafHash: Hash.sha256([1]))
        let erasures = [erasure(of: other), erasure(fact: "prescription"), erasure(fact: "product")]
        var log = hospital
        try log.seal(erasures[which])
        try take(log)
        #expect(try readable() == Self.value)
    }

    /// Another's update that commits to the same hash, and its erasure, do not reach this one.
    @Test func theErasureOfACopiedCommitmentErasesNothingHere() throws {
        var thief = TestLog(ledger.consortium[.supplier])
        let copy = try thief.seal(
            Update(
                order: order, step: "materials.recorded", parents: [],
                consortium: ledger.consortium.document.hash,
                contract: try ledger.consortium.contract("custom-device").hash,
                facts: [Fact(name: "patient", value: .commitment(disclosure.commitment))], source: Source(.operator)))
        try thief.seal(erasure(of: copy))
        try take(thief)
        #expect(try readable() == Self.value)
    }

    @Test func anErasureWaitsForTheUpdateThatItNames() throws {
        let ledger = try TestLedger()
        var eraser = TestLog(ledger.consortium[.regulator])
        try eraser.seal(erasure())
        try ledger.take(eraser)
        try ledger.store.applyPending()
        func states() throws -> [ErasureRecord.State] {
            try ledger.store.read { try $0.erasures(ofOrder: order).map(\.state) }
        }
        #expect(try states() == [.waiting])
        try ledger.take(hospital)
        try ledger.store.applyPending()
        #expect(try states() == [.done])
        #expect(try ledger.store.read { try $0.isErased("patient", of: update.leafHash) })
    }

    /// Between the log and the keys: the entry is on disk, and the process is gone.
    @Test func aStartFinishesWhatACrashLeft() throws {
        var log = hospital
        try log.seal(erasure())
        try ledger.tamper("CREATE TRIGGER crash BEFORE DELETE ON private BEGIN SELECT RAISE(ABORT, 'crash'); END")
        #expect(throws: CustodyError(.durabilityUnknown, "")) { try take(log) }
        try ledger.tamper("DROP TRIGGER crash")
        try ledger.reopen()
        #expect(try readable() == nil)
        #expect(try ledger.look { try Int.fetchOne($0, sql: "SELECT count(*) FROM private") } == 0)
        #expect(try keys().allSatisfy { $0 == 0 })
    }

    @Test func reindexFindsTheErasuresAgain() throws {
        var log = hospital
        try log.seal(erasure())
        try take(log)
        try ledger.store.reindex()
        #expect(try ledger.store.read { try $0.isErased("patient", of: update.leafHash) })
        #expect(try ledger.store.read { try $0.erasures(ofOrder: order).map(\.state) } == [.done])
    }

    @Test func aLostKeyIsSaidAndBreaksNothing() throws {
        try FileManager.default.removeItem(atPath: keyFile)
        guard case .unreadable = try #require(try facts().first).state else {
            Issue.record("it is not said")
            return
        }
        #expect(try passedOn().isEmpty)
    }

    // MARK: Scans

    /// A wristband that was scanned, and whose text somebody then recorded as a private fact.
    @Test func scansAndMessagesThatHoldTheValueGoWithIt() throws {
        let path = ledger.folder + "/intake.sqlite"
        let intake = try IntakeStore(path: path)
        func keep(_ text: String) throws {
            _ = try intake.keepUnmatched(
                bytes: Array(text.utf8), symbologyIdentifier: nil, station: "door", receivedAt: 1, reason: "unknown")
        }
        for number in 0..<200 { try keep("(01)04012345000016(21)\(number)") }
        for text in [Self.value, "band \(Self.value) 7"] { try keep(text) }
        let before = try intake.unmatchedScans(limit: .max).count
        var log = hospital
        try log.seal(erasure())
        try take(log)
        #expect(try intake.unmatchedScans(limit: .max).count == before - 2)
        for file in [path, path + "-wal"] where FileManager.default.fileExists(atPath: file) {
            let bytes = try Data(contentsOf: URL(fileURLWithPath: file))
            #expect(bytes.range(of: Data(Self.value.utf8)) == nil, "\(file)")
        }
    }

    // MARK: Earlier releases

    @Test func aStoreOfAnEarlierReleaseCanBeReadAsItIs() throws {
        let path = ledger.folder + "/old.sqlite"
        let old = try DatabasePool(path: path)
        try LedgerSchema.migrator.migrate(old, upTo: "2 fork evidence")
        try old.close()
        let store = try LedgerStore(path: path, readOnly: true)
        #expect(try store.read { try $0.erasures(ofOrder: order) } == [])
        #expect(try store.disclosure(of: disclosure.commitment, fact: "patient", in: update) == nil)
    }

    /// They kept disclosures as they are, in a table of their own.
    @Test func whatAnEarlierReleaseKeptIsPutUnderKeys() throws {
        let ledger = try TestLedger()
        try ledger.take(hospital)
        try ledger.store.applyPending()
        try ledger.tamper("UPDATE log SET own = 1")
        try ledger.tamper(
            "INSERT INTO disclosure VALUES (?, ?)",
            [Data(disclosure.commitment.bytes), Data(disclosure.encoded.utf8)])
        try ledger.reopen()
        let found = try ledger.store.disclosure(of: disclosure.commitment, fact: "patient", in: update)
        #expect(found == disclosure)
        for file in [ledger.path, ledger.path + "-wal"] where FileManager.default.fileExists(atPath: file) {
            let bytes = try Data(contentsOf: URL(fileURLWithPath: file))
            #expect(bytes.range(of: Data(disclosure.encoded.utf8)) == nil, "\(file)")
        }
    }
}
