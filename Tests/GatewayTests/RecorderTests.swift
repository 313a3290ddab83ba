import Foundation
import Ledger
import Store
import Synchronization
import Testing

@testable import Gateway

@Suite struct RecorderTests {
    let gateway: TestGateway

    init() throws {
        gateway = try TestGateway()
    }

    @Test func everyCallerGetsTheReceiptOfItsOwnUpdate() async throws {
        let recorder = try gateway.recorder()
        let receipts = try await withThrowingTaskGroup(of: (String, Receipt).self) { group in
            for number in 0..<400 {
                group.addTask { ("PO-\(number)", try await recorder.record(TestGateway.open(number: "PO-\(number)"))) }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(Set(receipts.map(\.1.index)) == Set(1...400))
        for (number, receipt) in receipts {
            let update = try #require(try gateway.updates(of: receipt.order).first)
            #expect(update.update.text(of: "number") == number)
            #expect(update.reference.leafHash == receipt.leafHash)
            #expect(update.reference.index == receipt.index)
            #expect(update.reference.origin == receipt.origin)
            #expect(update.entry.recordedAt == receipt.recordedAt)
        }
        #expect(await LedgerVerifier(store: gateway.ledger).run().findings == [])
    }

    @Test func aReceiptIsGivenOnlyForWhatIsOnTheDisk() async throws {
        let receipt = try await gateway.recorder().record(TestGateway.open())
        let again = try LedgerStore(path: gateway.folder + "/ledger.sqlite", readOnly: true)
        let own = try #require(try again.read { try $0.ownLog() })
        let bytes = try #require(try again.read { try $0.entry(log: own.id, index: receipt.index) })
        #expect(Hash.leaf(bytes) == receipt.leafHash)
        let head = try #require(try again.read { try $0.head(of: own.id) })
        #expect(try Checkpoint.open(head, log: gateway.consortium[.hospital].log.verifierKey).size == receipt.index + 1)
    }

    @Test func aBatchCostsOneCheckpoint() async throws {
        let recorder = try gateway.recorder()
        for batch in [300, 1, Recorder.batchMax] {
            let outcomes = try await recorder.record((0..<batch).map { _ in TestGateway.open() })
            #expect(outcomes.allSatisfy { $0.code == nil })
        }
        let (id, size) = (try gateway.own.id, UInt64(1 + 300 + 1 + Recorder.batchMax))
        let sizes = try (1...size).filter { size in
            try gateway.ledger.read { try $0.checkpoint(size: size, of: id) != nil }
        }
        #expect(sizes == [1, 301, 302, size])
    }

    @Test func outcomesComeInTheOrderOfTheDrafts() async throws {
        let recorder = try gateway.recorder()
        let order = try await recorder.record(TestGateway.open()).order
        let outcomes = try await recorder.record([
            TestGateway.next("received", of: order), TestGateway.next("shipped", of: order),
            TestGateway.next("shipped", of: order), TestGateway.open(number: "X"), TestGateway.next("gone", of: order),
            TestGateway.next("received", of: order), TestGateway.next("received", of: "nobody/knows"),
            Draft(order: .open(contract: "none"), step: "order.placed", source: Source(.operator)),
        ])
        #expect(
            outcomes.map(\.code) == [
                "step-out-of-order", nil, "step-repeated", nil, "step-unknown", nil, "order-unknown",
                "contract-unknown",
            ])
        #expect(try gateway.own.size == 5)
        #expect(try gateway.updates(of: order).map(\.update.step) == ["order.placed", "shipped", "received"])
        #expect(await LedgerVerifier(store: gateway.ledger).run().findings == [])
    }

    @Test func aDraftAboveALimitDisturbsNobody() async throws {
        let recorder = try gateway.recorder()
        let long = String(repeating: "x", count: Update.factBytesMax + 1)
        let outcomes = try await recorder.record([
            TestGateway.open(), TestGateway.open(number: long), TestGateway.open(),
        ])
        #expect(outcomes.map(\.code) == [nil, "limit-exceeded", nil])
        #expect(try gateway.own.size == 3)
    }

    @Test(arguments: [(-1, true), (0, true), (1, false)])
    func aBatchHasALimit(step: (offset: Int, fits: Bool)) async throws {
        let recorder = try gateway.recorder()
        let drafts = (0..<Recorder.batchMax + step.offset).map { _ in TestGateway.next("shipped", of: "unknown") }
        var codes: Set<CustodyError.Code?> = []
        do { codes = Set(try await recorder.record(drafts).map(\.code)) } catch let error as CustodyError {
            codes = [error.code]
        }
        #expect(codes == [step.fits ? "order-unknown" : "limit-exceeded"])
    }

    /// Large batches are sealed on one thread while they are written on another.
    @Test func aFullBatchHoldsWhatItsReceiptsSay() async throws {
        let recorder = try gateway.recorder()
        let opened = try await recorder.record((0..<300).map { TestGateway.open(number: "PO-\($0)") })
        let orders = try opened.map { try $0.get().order }
        let steps = ["shipped", "received", "received"]
        let drafts = steps.flatMap { step in orders.map { TestGateway.next(step, of: $0) } }
        let outcomes = try await recorder.record(drafts)
        let log = try gateway.own.id
        for (outcome, draft) in zip(outcomes[..<600], drafts) {
            let receipt = try outcome.get()
            #expect(.existing(receipt.order) == draft.order && receipt.step == draft.step)
            let bytes = try gateway.ledger.read { try $0.entry(log: log, index: receipt.index) }
            #expect(bytes.map { Hash.leaf($0) } == receipt.leafHash)
        }
        #expect(outcomes[600...].allSatisfy { $0.code == "step-repeated" })
        #expect(try gateway.own.size == 901)
        #expect(await LedgerVerifier(store: gateway.ledger).run().findings == [])
    }

    /// The next batch is sealed while the one before it is being committed.
    @Test func batchesThatFollowEachOtherHoldWhatTheirReceiptsSay() async throws {
        let recorder = try gateway.recorder()
        let opened = try await Self.record((0..<900).map { _ in TestGateway.open() }, recorder)
        let orders = try opened.map { try $0.get().order }
        for step in ["shipped", "received"] {
            let outcomes = try await Self.record(orders.map { TestGateway.next(step, of: $0) }, recorder)
            let log = try gateway.own.id
            for receipt in try outcomes.map({ try $0.get() }) {
                let bytes = try gateway.ledger.read { try $0.entry(log: log, index: receipt.index) }
                #expect(bytes.map { Hash.leaf($0) } == receipt.leafHash)
            }
        }
        #expect(try gateway.own.size == 1 + 3 * 900)
        #expect(await LedgerVerifier(store: gateway.ledger).run().findings == [])
    }

    /// Hands in twenty parts of some drafts at once.
    private static func record(
        _ drafts: [Draft], _ recorder: Recorder
    ) async throws -> [Result<Receipt, any Error>] {
        let size = (drafts.count + 19) / 20
        return try await withThrowingTaskGroup(of: [Result<Receipt, any Error>].self) { group in
            for start in stride(from: 0, to: drafts.count, by: size) {
                let part = Array(drafts[start..<min(start + size, drafts.count)])
                group.addTask { try await recorder.record(part) }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
    }

    /// What was sealed on top of a batch that failed is thrown away with it.
    @Test(arguments: [false, true])
    func aFailureTakesBackWhatWasSealedAhead(atCommit: Bool) async throws {
        let recorder = try gateway.recorder()
        let order = try await recorder.record(TestGateway.open()).order
        if atCommit {
            try failCommits()
        } else {
            try gateway.tamper("CREATE TRIGGER fail BEFORE INSERT ON entry BEGIN SELECT RAISE(ABORT, 'no'); END")
        }
        let codes = await withTaskGroup(of: CustodyError.Code?.self) { group in
            for _ in 0..<8 {
                let drafts = [TestGateway.next("shipped", of: order)] + (0..<400).map { _ in TestGateway.open() }
                group.addTask { await code { try await recorder.record(drafts) } }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(Set(codes) == [atCommit ? .durabilityUnknown : .storeFailed])
        try gateway.tamper("DROP TRIGGER fail")
        let next = atCommit ? try gateway.recorder() : recorder
        #expect(try await next.record(TestGateway.next("shipped", of: order)).index == 2)
        #expect(await LedgerVerifier(store: gateway.ledger).run().findings == [])
    }

    /// While the disk is busy, drafts wait; what does not fit is refused at once, and nobody else waits longer for it.
    @Test func refusesAsBusyWhileTheWriterIsHeldUp() async throws {
        let recorder = try gateway.recorder()
        let (held, free) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        let ledger = gateway.ledger
        Thread.detachNewThread {
            try? ledger.write { _ in
                held.signal()
                free.wait()
            }
        }
        Self.wait(held)
        let count = Recorder.queueMax + Recorder.batchMax + 100
        let (codes, arrived) = AsyncStream<CustodyError.Code?>.makeStream()
        for _ in 0..<count {
            Task { arrived.yield(await code { try await recorder.record(TestGateway.next("shipped", of: "unknown")) }) }
        }
        var iterator = codes.makeAsyncIterator()
        // More than the queue and one batch cannot be taken.
        for _ in 0..<100 { #expect(await iterator.next() == "recorder-busy") }
        free.signal()
        var taken = 0
        for _ in 100..<count where await iterator.next() == "order-unknown" { taken += 1 }
        #expect(taken >= Recorder.queueMax)
        #expect(taken <= Recorder.queueMax + Recorder.batchMax)
        #expect(await code { try await recorder.record(TestGateway.open()) } == nil)
    }

    private static func wait(_ semaphore: DispatchSemaphore) { semaphore.wait() }

    @Test func stopsOnceWhenTheDiskDoesNotConfirm() async throws {
        let stops = Mutex<[CustodyError.Code]>([])
        let recorder = try gateway.recorder { error in stops.withLock { $0.append(error.code) } }
        let before = try await recorder.record(TestGateway.open())
        try failCommits()
        let outcomes = await withTaskGroup(of: CustodyError.Code?.self) { group in
            for _ in 0..<50 { group.addTask { await code { try await recorder.record(TestGateway.open()) } } }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(Set(outcomes) == [.durabilityUnknown])
        #expect(await code { try await recorder.record(TestGateway.open()) } == .durabilityUnknown)
        #expect(stops.withLock { $0 } == [.durabilityUnknown])
        try gateway.tamper("DROP TRIGGER fail")
        let after = try await gateway.recorder().record(TestGateway.open())
        #expect(after.index == before.index + 1)
        #expect(await LedgerVerifier(store: gateway.ledger).run().findings == [])
    }

    /// A deferred foreign key is what SQLite refuses at COMMIT and not before.
    private func failCommits() throws {
        try gateway.tamper(
            """
            CREATE TABLE parent (id INTEGER PRIMARY KEY);
            CREATE TABLE child (id INTEGER REFERENCES parent (id) DEFERRABLE INITIALLY DEFERRED);
            CREATE TRIGGER fail AFTER INSERT ON entry BEGIN INSERT INTO child VALUES (7); END;
            """)
    }

    @Test func goesOnAfterAFailureBeforeTheCommit() async throws {
        let recorder = try gateway.recorder()
        let before = try await recorder.record(TestGateway.open())
        try gateway.tamper("CREATE TRIGGER fail BEFORE INSERT ON entry BEGIN SELECT RAISE(ABORT, 'no'); END")
        #expect(await code { try await recorder.record(TestGateway.open()) } == .storeFailed)
        try gateway.tamper("DROP TRIGGER fail")
        #expect(try await recorder.record(TestGateway.open()).index == before.index + 1)
        #expect(await LedgerVerifier(store: gateway.ledger).run().findings == [])
    }

    @Test func timeNeverRunsBackwardsInALog() async throws {
        let recorder = try gateway.recorder()
        let first = try await recorder.record(TestGateway.open())
        gateway.clock.set(gateway.clock.now - 60_000_000)
        #expect(try await recorder.record(TestGateway.open()).recordedAt == first.recordedAt)
    }

    @Test func aPrivateValueNeverEntersTheLog() async throws {
        let secret = "patient-4711"
        let draft = Draft(
            order: .open(contract: "journey"), step: "order.placed",
            facts: [(name: "patient", value: .private(Array(secret.utf8)))], source: Source(.operator))
        let receipt = try await gateway.recorder().record(draft)
        let own = try gateway.own.id
        let bytes = try #require(try gateway.ledger.read { try $0.entry(log: own, index: receipt.index) })
        #expect(!Data(bytes).contains(sequence: Array(secret.utf8)))
        let fact = try #require(try gateway.updates(of: receipt.order).first?.update.facts.first)
        guard case .commitment(let commitment) = fact.value else {
            Issue.record("the fact is public")
            return
        }
        let reference = Reference(origin: receipt.origin, index: receipt.index, leafHash: receipt.leafHash)
        #expect(try gateway.ledger.disclosure(of: commitment, fact: "patient", in: reference)?.value == secret)
    }
}

extension Data {
    fileprivate func contains(sequence: [UInt8]) -> Bool { range(of: Data(sequence)) != nil }
}
