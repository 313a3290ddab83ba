/// Entries that follow each other in a log that somebody else writes: hashed, read and checked among themselves.
///
/// This is the costly half of taking them over, and needs nothing of the log: it can be done beside the disk's work.
public struct EntryRun: Sendable {
    public let entries: EntryBundle
    /// Leaf hashes of the entries (RFC 6962 section 2.1).
    public let leaves: [Hash]
    /// The root of these leaves, if they are a whole tile: nobody has to compute it again.
    public let tileRoot: Hash?
    /// The hash that the first entry carries of the one before it; nil for a foreign log, whose entries say nothing here.
    let previous: Hash?
    let isForeign: Bool
    /// UTC microseconds of the newest entry.
    let recordedAt: Int64
    /// What keeps them from being entries of one log, with code `previous-mismatch`, `entry-malformed` or
    /// `limit-exceeded`. Whose fault it is, the proof says that came with them: so nothing is thrown here.
    public let fault: CustodyError?

    /// - Parameters:
    ///   - start: the first entry's index, for people.
    ///   - isForeign: whether the entries are those of another kind of log: any bytes, not read.
    public init(_ entries: EntryBundle, of origin: String, from start: UInt64, isForeign: Bool = false) {
        self.entries = entries
        self.isForeign = isForeign
        leaves = entries.leaves
        let isTile = leaves.count == Tile.width && start % UInt64(Tile.width) == 0
        tileRoot = isTile ? MerkleProof.root(ofSubtree: leaves) : nil
        let links = isForeign ? Links() : Links(entries, leaves: leaves, of: origin, from: start)
        (previous, recordedAt, fault) = (links.first, links.recordedAt, links.fault)
    }

    private struct Links {
        var first: Hash?
        var recordedAt = Int64.min
        var fault: CustodyError?

        init() {}

        init(_ entries: EntryBundle, leaves: [Hash], of origin: String, from start: UInt64) {
            do {
                try entries.forEach { place, bytes in
                    let previous = try read(bytes)
                    if place == 0 {
                        first = previous
                    } else if previous != leaves[place - 1] {
                        throw CustodyError.brokenLink(of: origin, at: start + UInt64(place))
                    }
                }
            } catch { fault = error as? CustodyError }
        }

        /// - Returns: the hash that the entry carries of the one before it.
        private mutating func read(_ bytes: UnsafeRawBufferPointer) throws -> Hash? {
            if let plain = PlainEntry(bytes) {
                recordedAt = max(recordedAt, plain.recordedAt)
                return plain.previous
            }
            let entry = try Entry(bytes: [UInt8](bytes))
            recordedAt = max(recordedAt, entry.recordedAt)
            return entry.previous
        }
    }
}

extension Log {
    /// Takes over entries that continue this log.
    /// - Parameters:
    ///   - known: how many of them, from the first, this log has already; the rest follows its last entry.
    ///   - full: receives the tiles that become full.
    /// - Throws: the run's fault; `CustodyError` with code `previous-mismatch`. The log then stands where it stood.
    public mutating func extend(with run: EntryRun, after known: Int = 0, full: inout [FullTile]) throws {
        if let fault = run.fault { throw fault }
        guard known < run.leaves.count else { return }
        let before = known == 0 ? run.previous : run.leaves[known - 1]
        guard run.isForeign || before == last else { throw CustodyError.brokenLink(of: origin, at: size) }
        if known == 0, let root = run.tileRoot, size % UInt64(Tile.width) == 0 {
            append(tile: run.leaves, root: root, full: &full)
        } else {
            for leaf in run.leaves[known...] { append(leaf, full: &full) }
        }
        recorded(at: run.recordedAt)
    }
}

extension CustodyError {
    static func brokenLink(of origin: String, at index: UInt64) -> CustodyError {
        CustodyError(
            .previousMismatch, "entry \(index) does not carry the hash of the entry before it",
            at: "\(origin):\(index)",
            remedy: "ask \(ConsortiumDocument.organisation(ofOrigin: origin)) for an explanation: its log is broken")
    }
}
