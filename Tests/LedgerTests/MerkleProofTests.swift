import Ledger
import Testing

@Suite struct MerkleProofTests {
    static let size = 70
    static let leaves = NaiveTree.leaves(UInt64(size))
    static let roots = (0...size).map { NaiveTree.root(leaves[..<$0]) }

    /// Hashes of complete subtrees straight from the leaves.
    static func hash(of node: TreeNode, in leaves: [Hash]) throws -> Hash {
        let start = Int(node.index) << node.level
        try #require(start + 1 << node.level <= leaves.count)
        return NaiveTree.root(leaves[start..<(start + 1 << node.level)])
    }

    static func proof(_ plan: [[TreeNode]]?, in leaves: [Hash] = leaves) throws -> [Hash] {
        try MerkleProof.proof(#require(plan)) { try hash(of: $0, in: leaves) }
    }

    static func subtrees(in size: Int) -> [(start: Int, end: Int)] {
        (0..<size).flatMap { start in
            (start + 1...size).filter { NaiveTree.isSubtree(start, $0) }.map { (start, $0) }
        }
    }

    @Test(arguments: 1...size)
    func provesEverySubtreeAsTheDraftDoes(size: Int) throws {
        let leaves = Array(Self.leaves.prefix(size))
        for (start, end) in Self.subtrees(in: size) {
            let proof = try Self.proof(
                MerkleProof.subtreePlan(start: UInt64(start), end: UInt64(end), size: UInt64(size)), in: leaves)
            #expect(proof == NaiveTree.proof(start, end, leaves[...]))
            #expect(
                MerkleProof.verifySubtree(
                    start: UInt64(start), end: UInt64(end), hash: NaiveTree.root(leaves[start..<end]),
                    size: UInt64(size), proof: proof, root: Self.roots[size]))
        }
    }

    @Test(arguments: 0...size)
    func provesInclusionAndConsistency(size: Int) throws {
        for index in 0..<size {
            let proof = try Self.proof(MerkleProof.inclusionPlan(index: UInt64(index), size: UInt64(size)))
            #expect(
                MerkleProof.verifyInclusion(
                    leaf: Self.leaves[index], index: UInt64(index), size: UInt64(size), proof: proof,
                    root: Self.roots[size]))
        }
        for old in 0...size {
            let proof = try Self.proof(MerkleProof.consistencyPlan(from: UInt64(old), to: UInt64(size)))
            #expect(
                MerkleProof.verifyConsistency(
                    from: UInt64(old), oldRoot: Self.roots[old], to: UInt64(size), newRoot: Self.roots[size],
                    proof: proof))
        }
    }

    @Test(arguments: 1...size)
    func refusesEveryChangedProof(size: Int) throws {
        let leaves = Array(Self.leaves.prefix(size))
        for (start, end) in Self.subtrees(in: size) {
            let proof = NaiveTree.proof(start, end, leaves[...])
            let hash = NaiveTree.root(leaves[start..<end])
            func accepts(_ proof: [Hash], hash: Hash = hash, root: Hash = Self.roots[size]) -> Bool {
                MerkleProof.verifySubtree(
                    start: UInt64(start), end: UInt64(end), hash: hash, size: UInt64(size), proof: proof, root: root)
            }
            try #require(accepts(proof))
            let accepted = try Self.changes(of: proof, everyByte: size <= 20).filter { accepts($0) }
            #expect(accepted.isEmpty)
            #expect(try !accepts(proof, hash: Self.flipped(hash, byte: (start + end) % 32)))
            #expect(try !accepts(proof, root: Self.flipped(Self.roots[size], byte: (start + end) % 32)))
        }
    }

    /// Every hash with one byte, or each byte, flipped; one hash less or more; neighbours swapped.
    static func changes(of proof: [Hash], everyByte: Bool) throws -> [[Hash]] {
        var changes = [proof + [.emptyTree], [.emptyTree] + proof]
        for position in proof.indices {
            for byte in everyByte ? Array(0..<32) : [position * 7 % 32] {
                var changed = proof
                changed[position] = try flipped(proof[position], byte: byte)
                changes.append(changed)
            }
            var shorter = proof
            shorter.remove(at: position)
            changes.append(shorter)
            guard position > 0 else { continue }
            var swapped = proof
            swapped.swapAt(position - 1, position)
            changes.append(swapped)
        }
        return changes
    }

    static func flipped(_ hash: Hash, byte: Int) throws -> Hash {
        var bytes = hash.bytes
        bytes[byte] ^= 1 << UInt8(byte % 8)
        return try #require(Hash(bytes: bytes))
    }

    @Test(arguments: 1...size)
    func refusesAProofUnderOtherNumbers(size: Int) throws {
        for index in 0..<size {
            let proof = NaiveTree.proof(index, index + 1, Self.leaves.prefix(size))
            for other in 0...size where other != index {
                #expect(
                    !MerkleProof.verifyInclusion(
                        leaf: Self.leaves[index], index: UInt64(other), size: UInt64(size), proof: proof,
                        root: Self.roots[size]))
            }
        }
        for old in 1...size {
            let proof = NaiveTree.proof(0, old, Self.leaves.prefix(size))
            for other in 0...size + 1 where other != old {
                #expect(
                    !MerkleProof.verifyConsistency(
                        from: UInt64(other), oldRoot: Self.roots[old], to: UInt64(size), newRoot: Self.roots[size],
                        proof: proof))
            }
        }
    }

    @Test func refusesProofsAboutEmptyTreesThatSayAnything() {
        let root = Self.roots[5]
        func accepts(_ old: UInt64, _ oldRoot: Hash, _ new: UInt64, _ newRoot: Hash, _ proof: [Hash]) -> Bool {
            MerkleProof.verifyConsistency(from: old, oldRoot: oldRoot, to: new, newRoot: newRoot, proof: proof)
        }
        #expect(accepts(0, .emptyTree, 5, root, []))
        #expect(accepts(0, .emptyTree, 0, .emptyTree, []))
        #expect(!accepts(0, root, 5, root, []))
        #expect(!accepts(0, .emptyTree, 0, root, []))
        #expect(!accepts(0, .emptyTree, 5, root, [root]))
        #expect(!accepts(5, root, 5, root, [root]))
        #expect(!accepts(5, root, 5, Self.roots[6], []))
        #expect(!MerkleProof.verifyInclusion(leaf: .emptyTree, index: 0, size: 0, proof: [], root: .emptyTree))
    }

    static let inclusions: [(Int, Int, [String])] = [
        (0, 1, []),
        (
            0, 8,
            [
                "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
            ]
        ),
        (
            5, 8,
            [
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            ]
        ),
        (2, 3, ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
        (
            1, 5,
            [
                "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            ]
        ),
    ]

    @Test(arguments: inclusions)
    func hasTheInclusionProofsOfTheReferenceTree(index: Int, size: Int, expected: [String]) throws {
        let leaves = ReferenceTree.leaves.map { Hash.leaf($0) }
        let proof = try Self.proof(MerkleProof.inclusionPlan(index: UInt64(index), size: UInt64(size)), in: leaves)
        #expect(proof.map(\.hex) == expected)
    }

    static let consistencies: [(Int, Int, [String])] = [
        (1, 1, []),
        (
            1, 8,
            [
                "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
            ]
        ),
        (
            6, 8,
            [
                "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            ]
        ),
        (
            2, 5,
            [
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            ]
        ),
    ]

    @Test(arguments: consistencies)
    func hasTheConsistencyProofsOfTheReferenceTree(old: Int, new: Int, expected: [String]) throws {
        let leaves = ReferenceTree.leaves.map { Hash.leaf($0) }
        let proof = try Self.proof(MerkleProof.consistencyPlan(from: UInt64(old), to: UInt64(new)), in: leaves)
        #expect(proof.map(\.hex) == expected)
    }

    @Test func provesFromTilesAndPartialRows() throws {
        let size: UInt64 = 66_000
        let leaves = NaiveTree.leaves(size)
        var tiles: [Tile: [Hash]] = [:]
        var tree = MerkleTree()
        for leaf in leaves { tree.append(leaf) { tile, hashes, _ in tiles[tile] = hashes } }
        func hash(_ node: TreeNode) throws -> Hash {
            if let hash = tree.hash(of: node) { return hash }
            return MerkleProof.root(ofSubtree: try #require(tiles[node.tile])[node.slots])
        }
        for index: UInt64 in [0, 1, 255, 256, 4096, 65_535, 65_536, 65_791, 65_792, 65_999] {
            let plan = try #require(MerkleProof.inclusionPlan(index: index, size: size))
            let proof = try MerkleProof.proof(plan, hash: hash)
            #expect(
                MerkleProof.verifyInclusion(
                    leaf: leaves[Int(index)], index: index, size: size, proof: proof, root: tree.root))
        }
        for old: UInt64 in [1, 256, 300, 65_536, 65_900, 66_000] {
            let proof = try MerkleProof.proof(#require(MerkleProof.consistencyPlan(from: old, to: size)), hash: hash)
            let oldRoot = NaiveTree.root(leaves[..<Int(old)])
            #expect(
                MerkleProof.verifyConsistency(from: old, oldRoot: oldRoot, to: size, newRoot: tree.root, proof: proof))
        }
    }

    @Test func knowsWhichRangesAreSubtrees() {
        for start in 0...40 {
            for end in 0...80 {
                let expected = NaiveTree.isSubtree(start, end)
                #expect(MerkleProof.isSubtree(start: UInt64(start), end: UInt64(end)) == expected)
                #expect((MerkleProof.nodes(from: UInt64(start), to: UInt64(end)) != nil) == expected)
            }
        }
    }

    @Test func splitsARangeIntoCompleteSubtrees() {
        #expect(
            MerkleProof.nodes(from: 8, to: 15)
                == [TreeNode(level: 2, index: 2), TreeNode(level: 1, index: 6), TreeNode(level: 0, index: 14)])
        #expect(MerkleProof.nodes(from: 0, to: .max)?.count == 64)
        #expect(MerkleProof.nodes(from: 1 << 63, to: .max)?.count == 63)
        #expect(MerkleProof.nodes(from: .max - 1, to: .max) == [TreeNode(level: 0, index: .max - 1)])
        #expect(MerkleProof.fold([]) == .emptyTree)
        #expect(MerkleProof.root(ofSubtree: [Hash]()) == .emptyTree)
    }

    static let hostile: [UInt64] = [
        0, 1, 2, 3, 1 << 31, 1 << 32, 1 << 62, (1 << 63) - 1, 1 << 63, (1 << 63) + 1, .max - 1, .max,
    ]

    @Test(arguments: hostile, hostile)
    func boundsEveryPlanOfHostileNumbers(start: UInt64, end: UInt64) {
        for size in Self.hostile {
            let plans = [
                MerkleProof.subtreePlan(start: start, end: end, size: size),
                MerkleProof.inclusionPlan(index: start, size: size),
                MerkleProof.consistencyPlan(from: start, to: size),
            ]
            #expect(plans.allSatisfy { ($0?.count ?? 0) <= 65 })
            #expect((plans[1] != nil) == (start < size))
            #expect((plans[2] != nil) == (start <= size))
            for count in [1, 63, 64] {
                let proof = [Hash](repeating: .emptyTree, count: count)
                #expect(
                    !MerkleProof.verifySubtree(
                        start: start, end: end, hash: .emptyTree, size: size, proof: proof, root: .emptyTree))
                #expect(
                    !MerkleProof.verifyInclusion(
                        leaf: .emptyTree, index: start, size: size, proof: proof, root: .emptyTree))
                #expect(
                    !MerkleProof.verifyConsistency(
                        from: start, oldRoot: .emptyTree, to: size, newRoot: .emptyTree, proof: proof))
            }
        }
    }

    @Test(arguments: [
        (MerkleProof.proofHashesMax - 1, true), (MerkleProof.proofHashesMax, true),
        (MerkleProof.proofHashesMax + 1, false),
    ])
    func readsProofsUpToTheLimit(count: Int, isRead: Bool) {
        // Leaf 0 of a tree of 2^count leaves has exactly `count` siblings, all to its right.
        let proof = (0..<count).map { NaiveTree.leaf(UInt64($0)) }
        let root = proof.reduce(Hash.leaf([])) { Hash.node($0, $1) }
        let size: UInt64 = count < 64 ? 1 << UInt64(count) : .max
        #expect(
            MerkleProof.verifyInclusion(leaf: Hash.leaf([]), index: 0, size: size, proof: proof, root: root) == isRead)
    }
}
