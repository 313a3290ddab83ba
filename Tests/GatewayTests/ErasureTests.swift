import Foundation
import Ledger
import Store
import Testing

@testable import Gateway

@Suite struct ErasureTests {
    private let gateway: TestGateway
    private let recorder: Recorder
    private let receipt: Receipt

    init() async throws {
        gateway = try TestGateway()
        recorder = try gateway.recorder()
        receipt = try await recorder.record(
            Draft(
                order: .open(contract: "journey"), step: "order.placed",
                facts: [
                    (name: "number", value: .text("PO-1")), (name: "patient", value: .private(Array("Ada 4711".utf8))),
                ], source: Source(.operator)))
    }

    private func draft(_ fact: String = "patient", because reason: String = "asked for") -> Draft {
        let update = Reference(origin: receipt.origin, index: receipt.index, leafHash: receipt.leafHash)
        return Draft(erasing: Erasure(order: receipt.order, update: update, fact: fact, reason: reason))
    }

    private func state() throws -> PrivateFact.State? {
        let order = try gateway.ledger.read { try $0.order(receipt.order) }
        return try gateway.ledger.privateFacts(of: order).first?.state
    }

    @Test func theReceiptSaysThatTheValueIsGone() async throws {
        let erased = try await recorder.record(draft())
        #expect(erased.index == receipt.index + 1)
        guard case .erased(let record) = try state() else {
            Issue.record("it is not erased")
            return
        }
        #expect(record.state == .done)
        #expect(await LedgerVerifier(store: gateway.ledger).run().findings == [])
        // The log goes on behind it.
        #expect(try await recorder.record(TestGateway.next("labelled", of: receipt.order)).index == erased.index + 1)
    }

    @Test func isErasedOnce() async throws {
        _ = try await recorder.record(draft())
        #expect(await code { try await recorder.record(draft()) } == .factErased)
    }

    @Test func erasesNothingThatIsPublicOrNotThere() async throws {
        for fact in ["number", "surgeon"] {
            #expect(await code { try await recorder.record(draft(fact)) } == .erasureRefused)
        }
        let nowhere = Reference(origin: receipt.origin, index: 9, leafHash: receipt.leafHash)
        let unknown = Erasure(order: receipt.order, update: nowhere, fact: "patient", reason: "asked for")
        #expect(await code { try await recorder.record(Draft(erasing: unknown)) } == .erasureRefused)
    }

    @Test func theReasonDoesNotTellTheValue() async throws {
        #expect(await code { try await recorder.record(draft(because: "ada asked for it")) } == .erasureReason)
        guard case .readable = try state() else {
            Issue.record("it is erased")
            return
        }
    }

    @Test(arguments: [
        ("requested", "Ada 4711", true), ("consent withdrawn", "The patient withdrew consent", true),
        ("Lovelace asked", "Ada \u{1B}[31mLovelace", false), ("number 47-11 asked", "4711", false),
        ("ADA asked", "Ada Lovelace", false), ("Ádá asked", "Ada", false), ("lovelaces", "Ada Lovelace", false),
        ("about x", "ab", true), ("ab asked", "AB", false), ("asked", "", true), ("", "Ada", false),
        (" . ", "Ada", false),
        ("two\nlines", "Ada", false), ("a\u{202E}b", "Ada", false),
    ])
    func aReasonIsOneLineWithoutTheValue(reason: String, value: String, fits: Bool) async throws {
        let code = await code { try ErasureReason.check(reason, hides: [value]) }
        #expect(code == (fits ? nil : .erasureReason))
    }

    @Test(arguments: [(-1, true), (0, true), (1, false)])
    func aReasonHasAtMostItsBytes(step: (offset: Int, fits: Bool)) async throws {
        let reason = String(repeating: "x", count: ErasureReason.bytesMax + step.offset)
        let code = await code { try ErasureReason.check(reason, hides: []) }
        #expect(code == (step.fits ? nil : .limitExceeded))
    }
}
