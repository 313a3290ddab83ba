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
    func doubt(evidence: LogEvidence? = nil) async throws -> Doubt? {
        if let evidence, let sound = try store.read({ try $0.soundSize(of: log, by: evidence) }) {
            return Doubt(evidence.doubt, origin: log.origin, head: evidence.head.encoded, common: sound)
        }
        let pull = PeerPull(client: client, store: store, mirror: mirror, origin: log.origin)
        let search = try await ForkSearch(pull, log: log)
        let (note, theirs) = (search.note, search.theirs)
        let root = try store.read { try $0.knownRoot(of: log, size: theirs.size) }
        let isKnown = theirs.size == 0 || root == theirs.root
        guard !isKnown || evidence != nil else { return nil }
        return Doubt(
            evidence?.doubt ?? .knownElsewhere, origin: log.origin, head: note.encoded,
            common: isKnown ? nil : try await search.common())
    }
}

extension LogEvidence {
    /// Why a gateway of whose log this is shown must not go on with it.
    var doubt: Doubt.Cause {
        switch self {
        case .fork: .forked
        case .brokenEntry: .broken
        }
    }
}

extension LedgerSnapshot {
    /// Entries of this gateway's own log before the one that evidence shows to be broken: what follows them here nobody takes.
    /// - Returns: nil if the evidence does not say, or is about other entries than those that are stored here.
    func soundSize(of log: LogRecord, by evidence: LogEvidence) throws -> UInt64? {
        guard case .brokenEntry(let broken) = evidence, try knownRoot(of: log, size: broken.index) == broken.root
        else { return nil }
        return broken.index
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
