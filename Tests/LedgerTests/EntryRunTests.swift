import Testing

@testable import Ledger

@Suite struct EntryRunTests {
    /// A log's entries, and the log after some of them.
    private static func log(_ count: Int, stops: Int = 0) throws -> (entries: [[UInt8]], log: Log) {
        var log = Log(origin: "hospital/gw")
        var stopped = log
        var full: [FullTile] = []
        var entries: [[UInt8]] = []
        for number in 0..<count {
            entries.append(try log.seal(LogTests.body(number), now: 1, clock: LogTests.clock, full: &full).bytes)
            if number + 1 == stops { stopped = log }
        }
        return (entries, stops == count ? log : stopped)
    }

    @Test(arguments: [(0, 300, 0), (250, 250, 0), (250, 200, 50), (300, 100, 200)])
    func aLogTakesARunFromWhereItStands(stands: Int, from: Int, known: Int) throws {
        let (entries, whole) = try Self.log(300, stops: 300)
        var log = try Self.log(300, stops: stands).log
        var full: [FullTile] = []
        let start = stands == 0 ? 0 : from
        let run = EntryRun(EntryBundle(Array(entries[start...])), of: "hospital/gw", from: UInt64(start))
        #expect(run.fault == nil)
        try log.extend(with: run, after: stands == 0 ? 0 : known, full: &full)
        #expect(log.tree.root == whole.tree.root)
        #expect(log.last == whole.last)
        #expect(log.recordedAt == whole.recordedAt)
    }

    /// A log that takes whole tiles stands where one stands that took their leaves, and hands out the same tiles.
    @Test(arguments: [0, 256, 65_280]) func wholeTilesMakeTheSameTree(before: Int) {
        func leaf(_ number: Int) -> Hash { Hash.sha256(withUnsafeBytes(of: number) { [UInt8]($0) }) }
        var (one, other) = (MerkleTree(), MerkleTree())
        for number in 0..<before {
            one.append(leaf(number))
            other.append(leaf(number))
        }
        var (tiles, others): ([FullTile], [FullTile]) = ([], [])
        for start in [before, before + 256] {
            let leaves = (start..<(start + 256)).map(leaf)
            one.append(tile: leaves, root: MerkleProof.root(ofSubtree: leaves)) {
                tiles.append(FullTile(tile: $0, hashes: $1, root: $2))
            }
            for leaf in leaves { other.append(leaf) { others.append(FullTile(tile: $0, hashes: $1, root: $2)) } }
        }
        #expect(one.root == other.root && one.size == other.size && one.partialRows == other.partialRows)
        #expect(tiles.map(\.tile) == others.map(\.tile))
        #expect(tiles.map(\.root) == others.map(\.root))
        #expect(tiles.map(\.hashes) == others.map(\.hashes))
    }

    @Test(arguments: [0, 1, 5]) func namesTheEntryThatDoesNotFollow(place: Int) throws {
        var entries = try Self.log(8).entries
        entries.remove(at: place)
        let run = EntryRun(EntryBundle(entries), of: "hospital/gw", from: 0)
        var log = Log(origin: "hospital/gw")
        var full: [FullTile] = []
        #expect(throws: CustodyError(.previousMismatch, "")) { try log.extend(with: run, full: &full) }
        #expect(log.size == 0)
    }

    @Test func saysThatAnEntryIsMalformed() throws {
        let run = EntryRun(EntryBundle([[1, 2, 3]]), of: "hospital/gw", from: 0)
        #expect(run.fault?.code == .entryMalformed)
    }

    @Test func aForeignLogsEntriesAreAnyBytes() throws {
        let run = EntryRun(EntryBundle([[], [1, 2, 3]]), of: "example.com/log", from: 0, isForeign: true)
        var log = Log(origin: "example.com/log")
        var full: [FullTile] = []
        try log.extend(with: run, full: &full)
        #expect(log.tree.root == Hash.node(Hash.leaf([]), Hash.leaf([1, 2, 3])))
    }

    /// A proof from another tree convicts whoever signed both heads, unless the proof leaves the old root to its reader.
    @Test(arguments: 1...20) func aProofShowsTheOldRootThatItComesFrom(old: UInt64) throws {
        let leaves = (0..<20).map { Hash.sha256([UInt8($0)]) }
        let plan = try #require(MerkleProof.consistencyPlan(from: old, to: 20))
        let proof = MerkleProof.proof(plan) { node in
            let width = 1 << node.level
            return MerkleProof.root(ofSubtree: leaves[(Int(node.index) * width)..<((Int(node.index) + 1) * width)])
        }
        let root = MerkleProof.root(ofSubtree: leaves)
        let shown = MerkleProof.rootShown(at: old, by: proof, new: 20, newRoot: root)
        let isLeftOut = old == 20 || old & (old - 1) == 0
        #expect(shown == (isLeftOut ? nil : MerkleProof.root(ofSubtree: leaves[..<Int(old)])))
        #expect(MerkleProof.rootShown(at: old, by: proof, new: 20, newRoot: .emptyTree) == nil)
    }
}
