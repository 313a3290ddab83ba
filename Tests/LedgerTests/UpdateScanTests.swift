import Rig
import Testing

@testable import Ledger

/// An update read in place says what the decoded one says, so that both get the same verdict.
@Suite struct UpdateScanTests {
    private static let updates = [
        EntryTests.update(), EntryTests.update(parents: Update.parentsMax), EntryTests.update(cites: 3),
        EntryTests.update(facts: []),
        EntryTests.update().with(operator: nil), EntryTests.update().with(operator: Operator(id: "op")),
        EntryTests.update().with(operator: Operator(id: "", certificate: [1])),
        EntryTests.update().with(operator: Operator(id: "", signature: [1])),
        EntryTests.update(facts: [
            Fact(name: "a", value: .text("")), Fact(name: "a", value: .commitment(.emptyTree)),
            Fact(name: "größe", value: .text("3")),
        ]),
    ]

    @Test(arguments: updates.indices)
    func saysWhatTheDecodedUpdateSays(place: Int) throws {
        let update = Self.updates[place]
        let bytes = try EntryTests.entry(.update(update)).sealed()
        try bytes.withUnsafeBytes { bytes in
            var scan = UpdateScan()
            // Used before: nothing of the first entry may be left.
            _ = try Self.read(EntryTests.entry(.update(EntryTests.update(parents: 2, cites: 2))), by: &scan)
            #expect(try scan.read(entry: bytes))
            #expect(scan.isOf(order: update.order) && !scan.isOf(order: update.order + "x"))
            Self.expectSame(scan, update)
            #expect(scan.recordedAt == EntryTests.entry(.update(update)).recordedAt)
        }
    }

    private static func read(_ entry: Entry, by scan: inout UpdateScan) throws -> Bool {
        try entry.sealed().withUnsafeBytes { try scan.read(entry: $0) }
    }

    private static func expectSame(_ scan: UpdateScan, _ update: Update) {
        #expect(scan.consortium == update.consortium)
        #expect(scan.contract == update.contract)
        #expect(scan.isFired == update.isFired)
        #expect(scan.stepName == update.step && scan.isStep(update.step) && !scan.isStep("other"))
        #expect((0..<scan.parentCount).map(scan.parent) == update.parents)
        for (place, parent) in update.parents.enumerated() {
            #expect(scan.isParent(place, parent))
            #expect(!scan.isParent(place, Reference(origin: "x", index: parent.index, leafHash: parent.leafHash)))
        }
        #expect(scan.citations == update.citations)
        #expect(scan.bringsSignature == update.bringsSignature && scan.decoded == update)
        #expect((0..<scan.factCount).map(scan.factName) == update.facts.map(\.name))
        for one in update.facts.indices {
            #expect(scan.isText(one) == update.isText(one))
            #expect(scan.text(of: update.facts[one].name) == update.text(of: update.facts[one].name))
            for other in update.facts.indices {
                #expect(scan.isFact(one, sameAs: other) == update.isFact(one, sameAs: other))
                #expect(scan.isFact(one, update.facts[other].name) == update.isFact(one, update.facts[other].name))
            }
        }
    }

    @Test func whatIsNoUpdateIsSaidSo() throws {
        var scan = UpdateScan()
        let genesis = Genesis(origin: "o/g", organisation: "o", certificateChain: [])
        #expect(try !Self.read(EntryTests.entry(.genesis(genesis)), by: &scan))
    }

    @Test func hostileBytesAreRefusedWithoutATrap() throws {
        var numbers = SeededRandom(seed: 2)
        let sound = try EntryTests.entry(.update(EntryTests.update(parents: 2, cites: 1))).sealed()
        var scan = UpdateScan()
        for _ in 0..<2_000 {
            var bytes = sound
            for _ in 0..<Int.random(in: 1...4, using: &numbers) {
                bytes[Int.random(in: 0..<bytes.count, using: &numbers)] = .random(in: 0...255, using: &numbers)
            }
            bytes.withUnsafeBytes { if (try? scan.read(entry: $0)) == true { _ = scan.citations } }
        }
    }
}
