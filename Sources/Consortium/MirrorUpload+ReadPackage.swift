import Ledger

extension MirrorUpload {
    /// A package whose entries have been hashed and read, which costs more than all that a mirror does with them after.
    struct ReadPackage: Sendable {
        let start: UInt64
        let run: EntryRun
        let proof: [Hash]

        init(_ package: Package, of origin: String, isForeign: Bool) {
            start = package.start
            run = EntryRun(package.bundle, of: origin, from: package.start, isForeign: isForeign)
            proof = package.proof
        }

        var end: UInt64 { start + UInt64(run.leaves.count) }
        var roundedStart: UInt64 { start & ~UInt64(Tile.width - 1) }

        /// Checks that the entries are those that a checkpoint says.
        /// - Parameter before: leaf hashes from the start rounded down to the first entry, and on as far as they are here.
        /// - Throws: `CustodyError` with code `package-refused` or `index-reused`.
        func check(against checkpoint: Checkpoint, before: [Hash]) throws {
            let place = "\(checkpoint.origin):\(start)"
            let gap = Int(start - roundedStart)
            guard before.count >= gap else {
                throw CustodyError(.packageRefused, "entries before the package are missing", at: place)
            }
            let hash = run.tileRoot ?? MerkleProof.root(ofSubtree: before[..<gap] + run.leaves)
            guard
                MerkleProof.verifySubtree(
                    start: roundedStart, end: end, hash: hash, size: checkpoint.size, proof: proof,
                    root: checkpoint.root)
            else {
                if let index = zip(before[gap...], run.leaves).enumerated().first(where: { $1.0 != $1.1 })?.offset {
                    throw CustodyError(
                        .indexReused, "another entry is stored at index \(start + UInt64(index))", at: place,
                        remedy: "a log never gives an index twice: whoever sent this lies, or has lost its log")
                }
                throw CustodyError(
                    .packageRefused, "the entries from \(start) are not those of the checkpoint", at: place)
            }
        }
    }
}
