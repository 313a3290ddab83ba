import Testing

@testable import Ledger

@Suite struct LogTests {
    static let clock = ClockQuality(source: .none, error: 0, bootID: [])

    static func body(_ number: Int) -> Entry.Body {
        .erasure(Erasure(order: "o", update: EntryTests.reference(number), fact: "f", reason: "\(number)"))
    }

    @Test func everyEntryCarriesTheHashOfTheOneBefore() throws {
        var log = Log(origin: "hospital/gw")
        var full: [FullTile] = []
        var before: Hash?
        var tree = MerkleTree()
        for number in 0..<300 {
            let sealed = try log.seal(Self.body(number), now: Int64(number), clock: Self.clock, full: &full)
            #expect(sealed.entry.previous == before)
            #expect(try Entry(bytes: sealed.bytes) == sealed.entry)
            #expect(sealed.index == UInt64(number))
            #expect(sealed.leafHash == Hash.leaf(sealed.bytes))
            before = sealed.leafHash
            tree.append(sealed.leafHash)
        }
        #expect(log.last == before)
        #expect(try log.checkpoint() == Checkpoint(origin: "hospital/gw", size: 300, root: tree.root))
        #expect(full.map(\.tile) == [Tile(level: 0, index: 0)])
    }

    @Test(arguments: [([5, 9, 7, 12], [5, 9, 9, 12]), ([3, -4, 3], [3, 3, 3]), ([-8, -2], [-8, -2])])
    func timeNeverRunsBackwards(clock: [Int64], recorded: [Int64]) throws {
        var log = Log(origin: "hospital/gw")
        var full: [FullTile] = []
        let times = try clock.map { now in
            try log.seal(Self.body(0), now: now, clock: Self.clock, full: &full).entry.recordedAt
        }
        #expect(times == recorded)
        #expect(log.recordedAt == recorded.last)
    }

    @Test func anotherLogOfTheSameBytesStandsTheSame() throws {
        var log = Log(origin: "hospital/gw")
        var mirror = Log(origin: "hospital/gw")
        var full: [FullTile] = []
        var mirrored: [FullTile] = []
        for number in 0..<260 {
            let sealed = try log.seal(Self.body(number), now: 1, clock: Self.clock, full: &full)
            #expect(try mirror.extend(with: sealed.bytes, full: &mirrored).leafHash == sealed.leafHash)
        }
        #expect(mirror.tree.root == log.tree.root)
        #expect(mirror.last == log.last)
        #expect(mirrored.map(\.root) == full.map(\.root))
    }

    @Test(arguments: [nil, Hash.sha256([1])])
    func refusesAnEntryThatDoesNotContinueIt(previous: Hash?) throws {
        var log = Log(origin: "hospital/gw")
        var full: [FullTile] = []
        _ = try log.seal(Self.body(0), now: 1, clock: Self.clock, full: &full)
        let before = log.tree.root
        let stranger = Entry(previous: previous, recordedAt: 2, clock: Self.clock, body: Self.body(1))
        #expect(throws: CustodyError(.previousMismatch, "")) { try log.extend(with: stranger.sealed(), full: &full) }
        #expect(log.tree.root == before)
        #expect(log.size == 1)
    }

    @Test func refusesAFirstEntryWithAPrevious() throws {
        var log = Log(origin: "hospital/gw")
        var full: [FullTile] = []
        let entry = Entry(previous: Hash.sha256([1]), recordedAt: 2, clock: Self.clock, body: Self.body(1))
        #expect(throws: CustodyError(.previousMismatch, "")) { try log.extend(with: entry.sealed(), full: &full) }
    }

    @Test func standsWhereItStoodAfterARefusal() throws {
        var log = Log(origin: "hospital/gw")
        var full: [FullTile] = []
        _ = try log.seal(Self.body(0), now: 1, clock: Self.clock, full: &full)
        let (last, root) = (log.last, log.tree.root)
        let large = Update(
            order: "o", step: "s", parents: [], consortium: .emptyTree, contract: .emptyTree,
            facts: [Fact(name: "f", value: .text(UpdateLimitTests.text(Update.factBytesMax + 1)))],
            source: Source(.operator))
        #expect(throws: CustodyError(.limitExceeded, "")) {
            try log.seal(.update(large), now: 9, clock: Self.clock, full: &full)
        }
        #expect(log.last == last)
        #expect(log.tree.root == root)
        #expect(log.recordedAt == 1)
    }
}
