import Foundation
import Ledger
import Testing

@testable import Store

/// Documents as values of private facts: known here for as long as their facts can be read.
@Suite struct DocumentErasureTests {
    private let ledger: TestLedger
    private var hospital: TestLog
    private let order: String
    private let documents: DocumentFolder
    private let document: DocumentFact

    init() throws {
        ledger = try TestLedger()
        hospital = TestLog(ledger.consortium[.hospital])
        order = OrderName.make(origin: "hospital/gw", milliseconds: 1, random: (1, 2))
        documents = ledger.store.documents
        var isRead = false
        document = try documents.seal(name: "n", media: "a/b", key: RestingBox.newKey(), reserve: 0) { _ in
            defer { isRead = true }
            return isRead ? [] : [1, 2, 3]
        }
    }

    /// Records the document as the value of a private fact.
    private mutating func record(_ fact: String) throws -> Reference {
        let disclosure = try Disclosure(name: fact, value: Array(document.text.utf8), salt: RestingBox.newKey())
        let update = try hospital.seal(
            Update(
                order: order, step: "order.placed", parents: [], consortium: ledger.consortium.document.hash,
                contract: try ledger.consortium.contract("custom-device").hash,
                facts: [
                    TestOrder.text("product", "hip"), Fact(name: fact, value: .commitment(disclosure.commitment)),
                ], source: Source(.operator)))
        try take()
        let log = try ledger.record(.hospital).id
        try ledger.store.write { try $0.keep(disclosure, sealed: [], ofEntry: update.index, log: log) }
        return update
    }

    private func take() throws {
        try ledger.take(hospital)
        try ledger.store.applyPending()
    }

    private mutating func erase(_ fact: String, of update: Reference) throws {
        try hospital.seal(Erasure(order: order, update: update, fact: fact, reason: "asked"))
        try take()
    }

    private func known() throws -> [DocumentFile] { try ledger.store.read { try $0.documentFiles() } }

    @Test mutating func aDocumentIsKnownOnceItsFactIsHere() throws {
        #expect(try known() == [])
        _ = try record("prescription")
        #expect(try known() == [DocumentFile(file: document.file, bytes: document.fileBytes)])
        #expect(try ledger.store.read { try $0.needs(document.file) })
        try ledger.reopen()
        try ledger.store.reindex()
        #expect(try known().count == 1)
    }

    @Test mutating func anErasureTakesTheFileAndWhatIsOnItsWay() throws {
        let update = try record("prescription")
        let part = try DocumentPart(of: document.file, bytes: 9, in: documents, reserve: 0)
        try part.append([1])
        try erase("prescription", of: update)
        #expect(try known() == [])
        #expect(try FileManager.default.contentsOfDirectory(atPath: documents.path) == [])
    }

    @Test mutating func aFileThatAnotherFactNamesStays() throws {
        let (one, other) = (try record("prescription"), try record("patient"))
        try erase("prescription", of: one)
        #expect(documents.bytes(of: document.file) != nil)
        try erase("patient", of: other)
        #expect(documents.bytes(of: document.file) == nil)
    }

    @Test mutating func verifyReadsEachDocumentThrough() async throws {
        _ = try record("prescription")
        func report() async -> LedgerVerifier.Report { await LedgerVerifier(store: ledger.store).run() }
        var found = await report()
        #expect((found.documents, found.missingDocuments, found.findings) == (1, 0, []))
        let path = documents.file(document.file)
        var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        bytes[20] ^= 1
        try bytes.write(to: URL(fileURLWithPath: path))
        found = await report()
        #expect(found.findings.map(\.place) == ["documents/\(document.file.hex)"])
        try documents.remove(document.file)
        found = await report()
        #expect((found.documents, found.missingDocuments, found.findings) == (0, 1, []))
    }
}
