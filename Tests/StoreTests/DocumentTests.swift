import Ledger
import Testing

@testable import Store

/// Versions of the consortium document, from a proposal to being in force.
@Suite struct DocumentTests {
    let ledger: TestLedger
    let next: String

    init() throws {
        ledger = try TestLedger()
        next = try TestConsortium(version: 2, previous: ledger.consortium.document.hash).document.text
    }

    private func note(_ text: String, by roles: [Role]) throws -> SignedNote {
        try SignedNote(text: text, signatures: roles.map { try ledger.consortium[$0].key.sign(text) })
    }

    private func take(_ text: String, by roles: [Role]) throws -> DocumentTaken {
        try ledger.store.write { try $0.take(document: try note(text, by: roles)) }
    }

    @Test func signaturesComeTogetherUntilTheQuorumHasSigned() throws {
        #expect(try take(next, by: [.manufacturer]) == .proposed)
        #expect(try take(next, by: [.manufacturer]) == .known)
        #expect(try take(next, by: [.hospital]) == .proposed)
        #expect(ledger.store.rulebook.latest?.version == 1)
        try ledger.reopen()
        #expect(ledger.store.rulebook.latest?.version == 1)
        #expect(try take(next, by: [.supplier]) == .inForce)
        #expect(ledger.store.rulebook.latest?.version == 2)
        #expect(try ledger.store.read { try $0.proposals() }.isEmpty)
        #expect(try take(next, by: [.regulator]) == .known)
    }

    @Test func nobodysDocumentIsNotKept() throws {
        let stranger = try SigningKey(
            name: "x", algorithm: .ed25519, rawRepresentation: [UInt8](repeating: 9, count: 32))
        let note = try SignedNote(text: next, signatures: [stranger.sign(next)])
        #expect(throws: CustodyError(.documentUnsigned, "")) { try ledger.store.write { try $0.take(document: note) } }
        #expect(try ledger.store.read { try $0.proposals() }.isEmpty)
    }

    @Test func aMemberThatSignsWithoutEndFillsNoDisk() throws {
        for number in 0..<LedgerTransaction.proposalsMax {
            #expect(try take(next + "# \(number)\n", by: [.logistics]) == .proposed)
        }
        #expect(throws: CustodyError(.limitExceeded, "")) { try take(next + "# more\n", by: [.logistics]) }
        // What is known gets on all the same.
        #expect(try take(next + "# 0\n", by: [.hospital]) == .proposed)
    }

    @Test func updatesOfAVersionWaitUntilItIsInForce() throws {
        let second = try ConsortiumDocument(text: next)
        var log = TestLog(ledger.consortium[.hospital])
        let order = OrderName.make(origin: "hospital/gw", milliseconds: 1, random: (1, 2))
        try log.seal(
            Update(
                order: order, step: "order.placed", parents: [], consortium: second.hash,
                contract: try ledger.consortium.contract("custom-device").hash,
                facts: [TestOrder.text("product", "hip")], source: Source(.operator)))
        try ledger.take(log)
        try ledger.store.applyPending()
        #expect(try ledger.beliefs().verdicts.isEmpty)
        _ = try take(next, by: [.hospital, .regulator])
        try ledger.store.applyPending()
        #expect(try ledger.beliefs().verdicts.values.map { $0 } == [.accepted])
    }

    @Test func entriesOfARevokedLogCountUpToTheIndexThatTheDocumentNames() throws {
        var log = TestLog(ledger.consortium[.supplier])
        try log.fill(4)
        try ledger.take(log)
        let before = try ledger.record(.supplier)
        try ledger.store.write { transaction in
            let note = try #require(try transaction.snapshot.checkpoint(size: 4, of: before.id))
            for role in [Role.hospital, .regulator] {
                let line = try ledger.consortium[role].cosigner.cosign(note.text, time: 9).line
                try transaction.keep(
                    [Cosignature(cosigner: role.rawValue, time: 9, line: line)], size: 4, of: before.id)
            }
            try transaction.confirm(before, size: 4, now: 0)
        }
        #expect(try (0..<5).map { try ledger.record(.supplier).isConfirmed($0) } == [true, true, true, true, false])
        _ = try take(next + "revoked: {supplier/gw: 1, hospital/gw: 0}\n", by: [.hospital, .regulator])
        #expect(try (0..<5).map { try ledger.record(.supplier).isConfirmed($0) } == [true, true, false, false, false])
        // A log that comes later is no exception.
        try ledger.take(TestLog(ledger.consortium[.hospital]))
        #expect(try ledger.record(.hospital).lastCounted == 0)
    }
}
