import Foundation
import SwiftProtobuf

/// That one raw reading is among those which a window's update sums up.
public struct ReadingProof: Hashable, Sendable {
    /// The longest leaf, in bytes: more than a reading of the longest names and value.
    public static let leafBytesMax = 32_768
    /// The facts of the update that hold the tree's root and size.
    public static let rootFact = "root"
    public static let countFact = "count"

    /// The reading as it was hashed.
    public let leaf: [UInt8]
    /// Its place among the window's readings.
    public let index: UInt64
    /// How many readings the window has.
    public let size: UInt64
    /// The RFC 6962 inclusion proof.
    public let hashes: [Hash]
    /// The leaf hash of the update's entry in its log.
    public let entry: Hash

    /// Proves the leaf at a place among all leaf hashes of a window; nil for a place that is none.
    public init?(leaf: [UInt8], index: Int, of leaves: [Hash], entry: Hash) {
        guard leaves.indices.contains(index),
            let plan = MerkleProof.inclusionPlan(index: UInt64(index), size: UInt64(leaves.count))
        else { return nil }
        hashes = MerkleProof.proof(plan) { node in
            let width = 1 << node.level
            let start = Int(node.index) * width
            return MerkleProof.root(ofSubtree: leaves[start..<min(start + width, leaves.count)])
        }
        self.leaf = leaf
        self.index = UInt64(index)
        size = UInt64(leaves.count)
        self.entry = entry
    }

    /// Whether the update sums up this reading.
    public func isProved(by update: Update) -> Bool {
        guard let root = update.text(of: Self.rootFact).flatMap({ Hash(hex: $0) }),
            update.text(of: Self.countFact) == String(size)
        else { return false }
        return MerkleProof.verifyInclusion(
            leaf: Hash.leaf(leaf), index: index, size: size, proof: hashes, root: root)
    }

    /// The lines of the leaf, for people.
    public var lines: [String] {
        String(decoding: leaf, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }
}

extension ReadingProof {
    init(_ wire: WireReading) throws {
        try Limit.check(wire.leaf.count, max: Self.leafBytesMax, "a reading", unit: "bytes")
        try Limit.check(wire.hashes.count, max: MerkleProof.proofHashesMax, "a reading's proof", unit: "hashes")
        let hashes = wire.hashes.compactMap { hash in [UInt8](hash).withUnsafeBytes { Hash($0) } }
        guard hashes.count == wire.hashes.count, let entry = [UInt8](wire.entry).withUnsafeBytes({ Hash($0) }) else {
            throw CustodyError(.bundleMalformed, "a hash in the proof file does not have 32 bytes")
        }
        leaf = [UInt8](wire.leaf)
        index = wire.index
        size = wire.size
        self.hashes = hashes
        self.entry = entry
    }

    var wire: WireReading {
        WireReading.with {
            $0.leaf = Data(leaf)
            $0.index = index
            $0.size = size
            $0.hashes = hashes.map { Data($0.bytes) }
            $0.entry = Data(entry.bytes)
        }
    }
}
