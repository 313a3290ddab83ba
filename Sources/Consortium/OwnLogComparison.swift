import Ledger
import Store

/// Compares what a peer has of this gateway's own log with what stands here.
///
/// A peer can make nothing up: only a head that the log's own key has signed counts, and what is common to both is proved
/// against it.
struct OwnLogComparison {
    let client: any PeerClient
    let store: LedgerStore
    let mirror: Mirror
    let log: LogRecord

    /// - Parameter evidence: what convicts the log, if the peer has any; it has been checked.
    /// - Returns: why this gateway must not go on with its log; nil if the peer has nothing that is not here.
    /// - Throws: `CustodyError` with code `peer-refused`, `checkpoint-unsigned`, or as `ConsortiumClient` does.
    func doubt(evidence: ForkEvidence? = nil) async throws -> Doubt? {
        let pull = PeerPull(client: client, store: store, mirror: mirror, origin: log.origin)
        let note = try SignedNote(bytes: try await pull.fetch("/checkpoint", maxBytes: SignedNote.bytesMax))
        let theirs = try Checkpoint.open(note, log: log.key)
        let root = try store.read { try $0.knownRoot(of: log, size: theirs.size) }
        let isKnown = theirs.size == 0 || root == theirs.root
        guard !isKnown || evidence != nil else { return nil }
        let common =
            isKnown
            ? nil : try await common(with: theirs, tiles: RemoteTiles(pull: pull, size: theirs.size, usesStore: false))
        return Doubt(
            evidence == nil ? .knownElsewhere : .forked, origin: log.origin, head: note.encoded,
            common: common)
    }

    /// The largest size at which both logs are the same.
    private func common(with theirs: Checkpoint, tiles: RemoteTiles) async throws -> UInt64 {
        var (same, other) = (UInt64(0), min(log.size, theirs.size) + 1)
        while other - same > 1 {
            let middle = same + (other - same) / 2
            if try await isCommon(middle, theirs, tiles: tiles) { same = middle } else { other = middle }
        }
        return same
    }

    private func isCommon(_ size: UInt64, _ theirs: Checkpoint, tiles: RemoteTiles) async throws -> Bool {
        guard let root = try store.read({ try $0.root(of: log.id, size: size) }) else { return false }
        guard size < theirs.size else { return root == theirs.root }
        let plan = MerkleProof.consistencyPlan(from: size, to: theirs.size) ?? []
        return MerkleProof.verifyConsistency(
            from: size, oldRoot: root, to: theirs.size, newRoot: theirs.root, proof: try await tiles.proof(plan))
    }
}

extension ConsortiumClient {
    /// Asks a peer for the newest head of a log that it has, over a connection of its own.
    /// - Throws: `CustodyError` with code `log-unknown` if it has none, `checkpoint-unsigned` if the log has not signed it,
    ///   and as `get(path:maxBytes:deadline:)`.
    public static func head(
        of log: VerifierKey, at address: String, organisation: String, tls: ConsortiumTLS, document: ConsortiumDocument,
        deadline: ContinuousClock.Instant
    ) async throws -> Head {
        let client = try ConsortiumClient(organisation: organisation, address: address, tls: tls, document: document)
        let answer: Result<PeerAnswer, any Error>
        do {
            answer = .success(
                try await client.get(
                    path: LogPath.prefix(log.name) + "/checkpoint", maxBytes: SignedNote.bytesMax, deadline: deadline))
        } catch { answer = .failure(error) }
        try await client.shutdown()
        let found = try answer.get()
        guard found.status == 200 else {
            throw CustodyError(.logUnknown, "\(organisation) does not have this log", at: log.name)
        }
        let checkpoint = try Checkpoint.open(try SignedNote(bytes: found.body), log: log)
        return Head(origin: checkpoint.origin, size: checkpoint.size, root: checkpoint.root)
    }
}
