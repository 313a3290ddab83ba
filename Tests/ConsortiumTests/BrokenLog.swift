import Ledger
import Store
import Testing

@testable import Consortium

extension TestOwner {
    /// An entry that does not carry the hash of the one before it, and sound ones after it, under one head.
    func appendBroken(then following: Int) throws {
        try store.write { transaction in
            let record = try #require(try transaction.snapshot.ownLog())
            let sound = try transaction.snapshot.state(of: record)
            var log = Log(origin: origin, tree: sound.tree, last: Hash.sha256([1]), recordedAt: sound.recordedAt)
            var full: [FullTile] = []
            let clock = ClockQuality(source: .none, error: 0, bootID: [])
            let nothing = Reference(origin: "", index: 0, leafHash: .emptyTree)
            let sealed = try (0...following).map { number in
                let body = Entry.Body.erasure(Erasure(order: "", update: nothing, fact: "", reason: "late \(number)"))
                return try log.seal(body, now: 1, clock: clock, full: &full)
            }
            try transaction.append(sealed, full: full, to: record.id)
            try transaction.keep(try log.checkpoint().signed(by: key), size: log.size, of: record.id, stored: true)
        }
    }

    /// What convicts this log of the entry at an index, made from all of it.
    func evidence(at index: UInt64) throws -> BrokenEntry {
        let head = try head(size)
        return try store.read { snapshot in
            let log = try #require(try snapshot.ownLog())
            func proof(_ plan: [[TreeNode]]?) throws -> [Hash] { try snapshot.proof(try #require(plan), log: log.id) }
            return BrokenEntry(
                head: head, index: index, root: try #require(try snapshot.root(of: log.id, size: index)),
                consistency: try proof(MerkleProof.consistencyPlan(from: index, to: log.size)),
                before: BrokenEntry.Before(
                    leaf: try snapshot.hash(of: TreeNode(level: 0, index: index - 1), log: log.id),
                    inclusion: try proof(MerkleProof.inclusionPlan(index: index - 1, size: index))),
                entry: try #require(try snapshot.entry(log: log.id, index: index)),
                inclusion: try proof(MerkleProof.inclusionPlan(index: index, size: log.size)))
        }
    }
}
