import Rig
import Testing

@testable import Ledger

@Suite struct EntryTests {
    static let previous = Hash.sha256([1])
    static let clock = ClockQuality(source: .gnss, error: 1_500, bootID: [9, 8, 7])

    static func update(
        order: String = "hospital/gw/01JD0000000000000000000000", step: String = "shipped", parents: Int = 1,
        cites: Int = 1, subjects: [String] = ["https://id.gs1.org/01/09506000134352/21/A1"],
        facts: [Fact] = [
            Fact(name: "vehicle", value: .text("truck-9")), Fact(name: "site", value: .commitment(Hash.sha256([7]))),
        ], source: Source = Source(.scan, station: "dock", sensor: "cam-1")
    ) -> Update {
        Update(
            order: order, step: step, parents: (0..<parents).map { reference($0) },
            cites: (0..<cites).map { Citation(reference: reference(1_000 + $0), proof: [1, 2, 3]) },
            consortium: Hash.sha256([2]), contract: Hash.sha256([3]), subjects: subjects, facts: facts,
            observedAt: 1_700_000_000_123_456, source: source,
            operator: Operator(id: "op-7", certificate: [4, 5], signature: [6]),
            firing: Firing(rule: "cold", trigger: Hash.sha256([8])))
    }

    static func reference(_ number: Int) -> Reference {
        Reference(origin: "supplier/gw", index: UInt64(number), leafHash: Hash.sha256([UInt8(number & 0xFF)]))
    }

    static func entry(_ body: Entry.Body, previous: Hash? = previous) -> Entry {
        Entry(previous: previous, recordedAt: 1_700_000_000_654_321, clock: clock, body: body)
    }

    static let bodies: [Entry.Body] = [
        .update(update()),
        .update(
            Update(
                order: "o", step: "s", parents: [], consortium: Hash.emptyTree, contract: Hash.emptyTree,
                source: Source(.operator))),
        .genesis(Genesis(origin: "hospital/gw", organisation: "hospital", certificateChain: [[1, 2], [3]])),
        .genesis(
            Genesis(
                origin: "hospital/gw.2", organisation: "hospital", certificateChain: [],
                predecessor: Head(origin: "hospital/gw", size: 1 << 40, root: Hash.sha256([4])))),
        .erasure(Erasure(order: "o", update: reference(3), fact: "site", reason: "asked")),
        .keyRollover(KeyRollover(certificateChain: [[1]], proofOfPossession: [2, 3])),
    ]

    @Test(arguments: bodies)
    func keepsEveryField(of body: Entry.Body) throws {
        let entry = Self.entry(body)
        #expect(try Entry(bytes: entry.sealed()) == entry)
    }

    @Test(arguments: Source.Kind.allCases)
    func keepsEverySource(kind: Source.Kind) throws {
        let entry = Self.entry(.update(Self.update(source: Source(kind))))
        #expect(try Entry(bytes: entry.sealed()).update?.source == Source(kind))
    }

    @Test(arguments: ClockQuality.Source.allCases)
    func keepsEveryClockSource(source: ClockQuality.Source) throws {
        let clock = ClockQuality(source: source, error: .max, bootID: [])
        let entry = Entry(previous: nil, recordedAt: -1, clock: clock, body: Self.bodies[4])
        #expect(try Entry(bytes: entry.sealed()) == entry)
    }

    /// Bytes that were written once are read for ever, and what is written today is written so tomorrow.
    @Test func theFormatNeverChanges() throws {
        let entry = Self.entry(.update(Self.update()))
        #expect(Hex.encode(try entry.sealed()) == Self.golden)
        let bytes = try #require(Hex.decode(Self.golden.utf8))
        #expect(try Entry(bytes: bytes) == entry)
    }

    /// Made by protoc from `ledger.proto`.
    static let golden = [
        "0a204bf5122f344554c53bde2ebb8cd2b7e3d1600ad631c385a5d7cce23c7785459a10f1f7a0c1c1c482031a0a080310dc0b",
        "1a030908072a9c030a26686f73706974616c2f67772f30314a44303030303030303030303030303030303030303030301207",
        "736869707065641a2f0a0b737570706c6965722f67771a206e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511",
        "a30617afa01d22390a320a0b737570706c6965722f677710e8071a20e6f207509afa3908da116ce61a7576954248d9fe64a3",
        "c652b493cca57ce36e2e12030102032a20dbc1b4c900ffe48d575b5da5c638040125f65db0fe3e24494b76ea986457d98632",
        "20084fed08b978af4d7d196a7446a86b58009e636b611db16211b65a9aadff29c53a2a68747470733a2f2f69642e6773312e",
        "6f72672f30312f30393530363030303133343335322f32312f413142120a0776656869636c651207747275636b2d3942280a",
        "04736974651a20ca358758f6d27e6cf45272937977a748fd88391db679ceda7dc7bf1f005ee87948c0c480c1c1c48203520f",
        "08011204646f636b1a0563616d2d315a046f702d37620204056a010672280a04636f6c641220beead77994cf573341ec17b5",
        "8bbf7eb34d2711c993c1d976b128b3188dc1829a",
    ].joined()

    @Test(arguments: bodies)
    func refusesTruncatedBytes(of body: Entry.Body) throws {
        let bytes = try Self.entry(body).sealed()
        for count in 0..<bytes.count {
            #expect(throws: CustodyError(.entryMalformed, ""), "\(count) bytes") {
                try Entry(bytes: Array(bytes.prefix(count)))
            }
        }
    }

    /// Field 15, which this release does not know: what was there is missing then.
    private static let unknown: [UInt8] = [0x7A]

    /// Bytes of the golden entry, and what stands in their place.
    static let changes: [(name: String, old: [UInt8], new: [UInt8])] = [
        ("no body", [0x08, 0x07, 0x2A], [0x08, 0x07, 0x7A]),
        ("clock source", [0x08, 0x03, 0x10], [0x08, 0x09, 0x10]),
        ("source 0", [0x08, 0x01, 0x12, 0x04], [0x08, 0x00, 0x12, 0x04]),
        ("source 77", [0x08, 0x01, 0x12, 0x04], [0x08, 0x4D, 0x12, 0x04]),
        ("no document", [0x2A, 0x20], unknown + [0x20]),
        ("no contract", [0x32, 0x20], unknown + [0x20]),
        ("no source", [0x52, 0x0F], unknown + [0x0F]),
        ("previous is no hash", [0x0A, 0x20], [0x0A, 0x1F]),
        ("parent without a hash", [0x1A, 0x20] + Hash.sha256([0]).bytes, unknown + [0x20] + Hash.sha256([0]).bytes),
        ("commitment of no kind", [0x1A, 0x20] + Hash.sha256([7]).bytes, unknown + [0x20] + Hash.sha256([7]).bytes),
        ("no trigger", [0x12, 0x20] + Hash.sha256([8]).bytes, unknown + [0x20] + Hash.sha256([8]).bytes),
        ("text that is no UTF-8", Array("truck-9".utf8), [0xFF, 0xFE] + Array("uck-9".utf8)),
        ("a wire type of old", [0x08, 0x07, 0x2A], [0x08, 0x07, 0x2B]),
    ]

    @Test(arguments: changes.indices)
    func refusesMalformedParts(place: Int) throws {
        let change = Self.changes[place]
        var bytes = try #require(Hex.decode(Self.golden.utf8))
        let found = try #require(bytes.firstRange(of: change.old), "\(change.name)")
        bytes.replaceSubrange(found, with: change.new)
        #expect(throws: CustodyError(.entryMalformed, ""), "\(change.name)") { try Entry(bytes: bytes) }
    }

    /// A later release adds fields; what they say is no part of what this one understands.
    @Test func aFieldThatIsUnknownIsPassedOver() throws {
        let bytes = try Self.entry(Self.bodies[0]).sealed()
        #expect(try Entry(bytes: bytes + [0x7A, 0x02, 1, 2]) == Self.entry(Self.bodies[0]))
    }

    /// Verifiers read `previous` at the front of an entry, so a second or later one must not say something else.
    @Test func refusesAnEntryThatDoesNotBeginWithItsPrevious() throws {
        let first = try Self.entry(Self.bodies[0], previous: nil).sealed()
        let late: [UInt8] = [0x0A, 0x20] + Hash.sha256([5]).bytes
        #expect(throws: CustodyError(.entryMalformed, "")) { try Entry(bytes: first + late) }
        let twice = try Self.entry(Self.bodies[0]).sealed() + late
        #expect(throws: CustodyError(.entryMalformed, "")) { try Entry(bytes: twice) }
        let emptied = try Self.entry(Self.bodies[0]).sealed() + [0x0A, 0x00]
        #expect(throws: CustodyError(.entryMalformed, "")) { try Entry(bytes: emptied) }
    }

    @Test func refusesAPreviousThatStandsBehindTheRest() throws {
        let bytes = try Self.entry(Self.bodies[0]).sealed()
        #expect(throws: CustodyError(.entryMalformed, "")) {
            try Entry(bytes: Array(bytes[34...]) + Array(bytes[..<34]))
        }
    }

    @Test func hostileBytesAreRefusedWithoutATrap() throws {
        var numbers = SeededRandom(seed: 1)
        let sound = try Self.entry(.update(Self.update())).sealed()
        for _ in 0..<2_000 {
            var bytes = sound
            for _ in 0..<Int.random(in: 1...4, using: &numbers) {
                bytes[Int.random(in: 0..<bytes.count, using: &numbers)] = .random(in: 0...255, using: &numbers)
            }
            if let entry = try? Entry(bytes: bytes) { _ = try entry.sealed() }
        }
    }
}

@Suite struct UpdateLimitTests {
    struct Limited: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let max: Int
        let update: @Sendable (Int) -> Update
    }

    static let limits = [
        Limited(testDescription: "order", max: Update.nameBytesMax) { EntryTests.update(order: text($0)) },
        Limited(testDescription: "step", max: Update.nameBytesMax) { EntryTests.update(step: text($0)) },
        Limited(testDescription: "parents", max: Update.parentsMax) { EntryTests.update(parents: $0) },
        Limited(testDescription: "cites", max: Update.citesMax) { EntryTests.update(cites: $0) },
        Limited(testDescription: "subjects", max: Update.subjectsMax) {
            EntryTests.update(subjects: (0..<$0).map { "s\($0)" })
        },
        Limited(testDescription: "subject", max: Update.nameBytesMax) { EntryTests.update(subjects: [text($0)]) },
        Limited(testDescription: "facts", max: Update.factsMax) {
            EntryTests.update(facts: (0..<$0).map { Fact(name: "f\($0)", value: .text("v")) })
        },
        Limited(testDescription: "fact name", max: Update.nameBytesMax) {
            EntryTests.update(facts: [Fact(name: text($0), value: .commitment(.emptyTree))])
        },
        Limited(testDescription: "fact value", max: Update.factBytesMax) {
            EntryTests.update(facts: [Fact(name: "f", value: .text(text($0)))])
        },
    ]

    static func text(_ bytes: Int) -> String { String(repeating: "x", count: bytes) }

    @Test(arguments: limits, [(-1, true), (0, true), (1, false)])
    func holdsWhenSealedAndWhenRead(limit: Limited, step: (offset: Int, fits: Bool)) throws {
        let entry = EntryTests.entry(.update(limit.update(limit.max + step.offset)))
        let bytes = entry.wire
        let error = step.fits ? nil : CustodyError(.limitExceeded, "")
        #expect(refusal { try entry.sealed() } == error)
        #expect(refusal { try Entry(bytes: bytes) } == error)
    }

    /// A kilobyte of erasure's reason more or less makes an entry of any size.
    @Test(arguments: [(-1, true), (0, true), (1, false)])
    func anEntryHasAtMostItsBytes(step: (offset: Int, fits: Bool)) throws {
        func entry(_ reason: Int) -> Entry {
            EntryTests.entry(
                .erasure(
                    Erasure(order: "o", update: EntryTests.reference(1), fact: "f", reason: Self.text(reason))))
        }
        let overhead = try entry(60_000).sealed().count - 60_000
        let large = entry(Entry.bytesMax + step.offset - overhead)
        let bytes = large.wire
        #expect(bytes.count == Entry.bytesMax + step.offset)
        let error = step.fits ? nil : CustodyError(.limitExceeded, "")
        #expect(refusal { try large.sealed() } == error)
        #expect(refusal { try Entry(bytes: bytes) } == error)
    }
}

/// The error that `body` throws, if it is one of Custody's.
func refusal(_ body: () throws -> some Any) -> CustodyError? {
    do {
        _ = try body()
        return nil
    } catch { return error as? CustodyError }
}
