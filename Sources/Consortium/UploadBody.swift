import Ledger
import Store
import Synchronization

/// The body of an `add-entries`, read from the store as it is sent (C2SP tlog-mirror): the header, then packages until the
/// end of the log or of the time. Whatever has been sent by then is a whole upload or a prefix of one.
struct UploadBody: AsyncSequence, Sendable {
    /// Packages that are read at once.
    private static let step = 8
    /// Room for so many packages of usual entries.
    private static let roomBytes = 1 << 20

    let header: MirrorUpload.Header
    let store: LedgerStore
    let clock: PeerClock
    var packagesMax = Int.max
    let until: ContinuousClock.Instant
    let sent: SentBytes

    func makeAsyncIterator() -> Iterator { Iterator(body: self) }

    struct Iterator: AsyncIteratorProtocol {
        private let body: UploadBody
        private var packages = 0
        /// What comes next is read while what came before is sent; nil before the header.
        private var ahead: Task<Part, any Error>?

        init(body: UploadBody) { self.body = body }

        mutating func next() async throws -> [UInt8]? {
            guard let ahead else {
                read(after: Part(end: body.header.start))
                return count(MirrorUpload.header(body.header))
            }
            guard body.clock.now() < body.until else { return nil }
            let part = try await ahead.value
            guard !part.bytes.isEmpty else { return nil }
            read(after: part)
            return count(part.bytes)
        }

        private mutating func read(after part: Part) {
            let (body, wanted) = (body, Swift.min(UploadBody.step, body.packagesMax - packages))
            let (start, nodes) = (part.end, part.nodes)
            packages += wanted
            ahead = Task(executorPreference: body.clock.executor) {
                try body.packages(from: start, count: wanted, nodes: nodes)
            }
        }

        private func count(_ bytes: [UInt8]) -> [UInt8] {
            body.sent.add(bytes.count)
            return bytes
        }
    }

    /// Packages as they are sent.
    private struct Part {
        var bytes: [UInt8] = []
        /// The entry that follows.
        var end: UInt64
        /// The nodes of the last proof: the next package's needs nearly all of them again, and each costs as many rows as it
        /// has tiles below it.
        var nodes: [TreeNode: Hash] = [:]
    }

    private func packages(from start: UInt64, count: Int, nodes: [TreeNode: Hash]) throws -> Part {
        var part = Part(end: start, nodes: nodes)
        guard start < header.end, count > 0 else { return part }
        try store.read { snapshot in
            guard let log = try snapshot.log(header.origin) else {
                throw CustodyError(.logUnknown, "this gateway has no log")
            }
            part.bytes.reserveCapacity(Self.roomBytes)
            for _ in 0..<count where part.end < header.end {
                let next = part.end
                part.end = MirrorUpload.packageEnd(start: next, uploadEnd: header.end)
                try snapshot.appendBundle(log: log.id, from: next, to: part.end, to: &part.bytes)
                try appendProof(from: next & ~UInt64(Tile.width - 1), log, snapshot, to: &part)
            }
        }
        return part
    }

    private func appendProof(
        from start: UInt64, _ log: LogRecord, _ snapshot: LedgerSnapshot, to part: inout Part
    ) throws {
        let plan = MerkleProof.subtreePlan(start: start, end: part.end, size: header.end) ?? []
        var nodes: [TreeNode: Hash] = [:]
        let proof = try MerkleProof.proof(plan) { node in
            let hash = try part.nodes[node] ?? snapshot.hash(of: node, log: log.id)
            nodes[node] = hash
            return hash
        }
        part.nodes = nodes
        part.bytes.append(UInt8(proof.count))
        for hash in proof { hash.withUnsafeBytes { part.bytes.append(contentsOf: $0) } }
    }
}

/// How much of a body has been asked for.
final class SentBytes: Sendable {
    private let count = Mutex(0)

    var bytes: Int { count.withLock { $0 } }

    func add(_ more: Int) { count.withLock { $0 += more } }
}

extension LedgerSnapshot {
    /// Appends entries, each after its 16-bit length, as C2SP bundles and packages hold them.
    fileprivate func appendBundle(log: Int64, from start: UInt64, to end: UInt64, to bytes: inout [UInt8]) throws {
        try forEachEntry(log: log, from: start, to: end) { _, entry in
            bytes.append(UInt8(truncatingIfNeeded: entry.count >> 8))
            bytes.append(UInt8(truncatingIfNeeded: entry.count))
            bytes.append(contentsOf: entry)
        }
    }
}
