import Ledger

/// One log's entries, links, tiles and roots, checked as they are read in order.
struct ChainCheck {
    /// Findings kept of one log: a damaged file would bring thousands.
    static let findingsMax = 100

    private let log: LogRecord
    /// Sizes of which the root is asked for, the smallest last.
    private var sizesToCome: [UInt64]
    private var tree = MerkleTree()
    private var last: Hash?
    /// Entries that the log's own tiles hold another hash of.
    private var changed: Set<UInt64> = []
    /// Entries whose hash is not the one that the next entry carries.
    private var broken: Set<UInt64> = []
    private var roots: [UInt64: Hash] = [:]
    private var findings: [LedgerVerifier.Finding] = []
    /// The root if the last entry but one were what the last one says it is.
    private var rootByLastLink: Hash?

    /// - Parameter sizes: those of which the root is asked for.
    init(log: LogRecord, sizes: [UInt64]) {
        self.log = log
        sizesToCome = sizes.filter { $0 > 0 }.sorted(by: >)
    }

    mutating func take(_ index: UInt64, _ bytes: UnsafeRawBufferPointer, _ snapshot: LedgerSnapshot) throws {
        let leaf = Hash.leaf(bytes)
        // Entries of a foreign log carry no hash of the one before.
        let previous = log.isForeign ? last : EntryHead.previous(bytes)
        if index != tree.size { find("\(log.origin):\(index)", "an entry is missing before this one") }
        if previous != last, index > 0 { broken.insert(index - 1) }
        if index > 0, index + 1 == log.size, let previous {
            rootByLastLink = root(replacingLastBy: previous, then: leaf)
        }
        if index + 2 == log.size { beforeLast = tree }
        var full: [FullTile] = []
        tree.append(leaf) { full.append(FullTile(tile: $0, hashes: $1, root: $2)) }
        for tile in full { try compare(tile, snapshot) }
        last = leaf
        while let size = sizesToCome.last, size <= tree.size {
            sizesToCome.removeLast()
            if size == tree.size { roots[size] = tree.root }
        }
    }

    /// The tree before the last entry but one: the only one that is ever asked for, and a copy costs much.
    private var beforeLast = MerkleTree()

    private func root(replacingLastBy hash: Hash, then leaf: Hash) -> Hash {
        var other = beforeLast
        other.append(hash)
        other.append(leaf)
        return other.root
    }

    private mutating func find(_ place: String, _ message: String) {
        guard findings.count < Self.findingsMax else { return }
        findings.append(LedgerVerifier.Finding(place: place, message: message))
    }

    private mutating func compare(_ full: FullTile, _ snapshot: LedgerSnapshot) throws {
        let name = "tile \(full.tile.index) of level \(full.tile.level)"
        guard let stored = try snapshot.storedTile(full.tile, log: log.id), stored.hashes.count == full.hashes.count
        else {
            return find(log.origin, "\(name) is missing or torn")
        }
        let isRight = stored.hashes == full.hashes
        let wrong = isRight ? [] : full.hashes.indices.filter { stored.hashes[$0] != full.hashes[$0] }
        if full.tile.level == 0 {
            changed.formUnion(wrong.map { full.tile.index * UInt64(Tile.width) + UInt64($0) })
        } else if !wrong.isEmpty, changed.isEmpty {
            find(log.origin, "\(name) has been changed")
        }
        if wrong.isEmpty, stored.root != full.root { find(log.origin, "the root of \(name) has been changed") }
    }

    /// All that is wrong with the log, by what it signed.
    func findings(signed: [Checkpoint]) -> [LedgerVerifier.Finding] {
        var all = findings
        let culprits = culprits(signed: signed)
        all += culprits.sorted().prefix(Self.findingsMax).map {
            LedgerVerifier.Finding(
                place: "\(log.origin):\($0)", message: "the entry has been changed: the log holds another hash of it")
        }
        guard all.isEmpty else { return all }
        return signed.filter { roots[$0.size] != $0.root }.prefix(1).map {
            let place =
                $0.size == log.size && $0.size > 0
                ? "\(log.origin):\(log.size - 1)" : "\(log.origin) at size \($0.size)"
            return LedgerVerifier.Finding(place: place, message: "the log signed something else than what is stored")
        }
    }

    /// A changed entry breaks the link after it, and the one before it too if its own link was what changed.
    private func culprits(signed: [Checkpoint]) -> Set<UInt64> {
        var culprits = changed
        for link in broken.sorted() where !culprits.contains(link) && !culprits.contains(link + 1) {
            let nextIsBroken = broken.contains(link + 1)
            let isLastLink = link + 2 == log.size
            let lastIsRight = signed.contains { $0.size == log.size && $0.root == rootByLastLink }
            culprits.insert(nextIsBroken || (isLastLink && !lastIsRight) ? link + 1 : link)
        }
        return culprits
    }
}

/// The beginning of an entry's bytes, read without decoding the rest.
enum EntryHead {
    /// Field 1, `previous`: the first that a writer of the format writes.
    static func previous(_ bytes: UnsafeRawBufferPointer) -> Hash? {
        guard bytes.count >= 34, bytes[0] == 0x0A, bytes[1] == 0x20 else { return nil }
        return Hash(UnsafeRawBufferPointer(rebasing: bytes[2..<34]))
    }
}
