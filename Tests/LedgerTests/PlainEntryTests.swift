import Rig
import Testing

@testable import Ledger

@Suite struct PlainEntryTests {
    private static func update(facts: [Fact], subjects: [String] = ["https://id.gs1.org/01/04012345000016"]) -> Update {
        let hash = Hash.sha256([1])
        return Update(
            order: "hospital/gw:01J", step: "design.set",
            parents: [Reference(origin: "hospital/gw", index: 300, leafHash: hash)], cites: [], consortium: hash,
            contract: hash, subjects: subjects, facts: facts, observedAt: 1_700_000_000_000_000,
            source: Source(.scan, station: "dock-1"), operator: nil, firing: nil)
    }

    private static func sealed(_ body: Entry.Body, previous: Hash? = .sha256([2])) throws -> [UInt8] {
        let clock = ClockQuality(source: .ntp, error: 12, bootID: [1, 2, 3])
        return try Entry(previous: previous, recordedAt: 1_700_000_000_000_001, clock: clock, body: body).sealed()
    }

    private static func plain(_ bytes: [UInt8]) -> PlainEntry? { bytes.withUnsafeBytes { PlainEntry($0) } }

    private static let usual = update(facts: [
        Fact(name: "design", value: .text("DES-4711")), Fact(name: "patient", value: .commitment(.sha256([3]))),
    ])

    @Test(arguments: [nil, Hash.sha256([2])]) func theUsualEntryIsPlain(previous: Hash?) throws {
        let plain = try #require(Self.plain(try Self.sealed(.update(Self.usual), previous: previous)))
        #expect(plain.previous == previous)
        #expect(plain.recordedAt == 1_700_000_000_000_001)
    }

    @Test func whatIsRareIsLeftToTheDecoder() throws {
        let umlaut = Self.update(facts: [Fact(name: "product", value: .text("Hüfte"))])
        let erasure = Erasure(
            order: "", update: Reference(origin: "", index: 0, leafHash: .emptyTree), fact: "", reason: "")
        for body in [Entry.Body.update(umlaut), .erasure(erasure)] { #expect(Self.plain(try Self.sealed(body)) == nil) }
    }

    /// Bytes changed, cut out and put in at random: what the shortcut takes, the decoder takes too, and reads the same.
    @Test(arguments: 0..<8) func takesNothingThatTheDecoderRefuses(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let entries = [
            try Self.sealed(.update(Self.usual)), try Self.sealed(.update(Self.update(facts: [], subjects: []))),
            try Self.sealed(.update(Self.usual), previous: nil),
        ]
        var taken = 0
        for _ in 0..<20_000 {
            var bytes = try #require(entries.randomElement(using: &random))
            for _ in 0...Int.random(in: 0..<3, using: &random) {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: bytes.remove(at: place)
                case 1: bytes.insert(.random(in: 0...255, using: &random), at: place)
                case 2: bytes[place] = .random(in: 0...255, using: &random)
                default: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
                }
            }
            guard let plain = Self.plain(bytes) else { continue }
            taken += 1
            let entry = try Entry(bytes: bytes)
            #expect(entry.previous == plain.previous && entry.recordedAt == plain.recordedAt)
        }
        #expect(taken > 1_000)
    }

    @Test(arguments: [(-1, true), (0, true), (1, false)])
    func aLimitHolds(step: (offset: Int, fits: Bool)) throws {
        let value = String(repeating: "x", count: Update.factBytesMax + step.offset)
        let update = Self.update(facts: [Fact(name: "design", value: .text(value))])
        let clock = ClockQuality(source: .ntp, error: 12, bootID: [])
        let bytes = Entry(previous: nil, recordedAt: 1, clock: clock, body: .update(update)).wire
        #expect((Self.plain(bytes) != nil) == step.fits)
        #expect(((try? Entry(bytes: bytes)) != nil) == step.fits)
    }
}
