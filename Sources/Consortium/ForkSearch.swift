import Ledger
import Store

/// Finds where a log as a peer shows it parts from the same log as it is stored here.
///
/// A peer can make nothing up: only a head that the log's own key has signed counts, and what is common to both is proved
/// against it.
struct ForkSearch {
    let store: LedgerStore
    let log: LogRecord
    /// The peer's head, signed by the log.
    let note: SignedNote
    let theirs: Checkpoint
    private let tiles: RemoteTiles

    /// - Throws: `CustodyError` with code `peer-refused`, `checkpoint-unsigned`, or as `PeerClient` does.
    init(_ pull: PeerPull, log: LogRecord) async throws {
        store = pull.store
        self.log = log
        note = try SignedNote(bytes: try await pull.fetch("/checkpoint", maxBytes: SignedNote.bytesMax))
        theirs = try Checkpoint.open(note, log: log.key)
        // What is stored here may be of the other branch.
        tiles = RemoteTiles(pull: pull, size: theirs.size, usesStore: false)
    }

    /// The largest size at which both are the same.
    func common() async throws -> UInt64 {
        var (same, other) = (UInt64(0), min(log.size, theirs.size) + 1)
        while other - same > 1 {
            let middle = same + (other - same) / 2
            if try await isCommon(middle) { same = middle } else { other = middle }
        }
        return same
    }

    private func isCommon(_ size: UInt64) async throws -> Bool {
        guard let root = try store.read({ try $0.root(of: log.id, size: size) }) else { return false }
        guard size < theirs.size else { return root == theirs.root }
        return MerkleProof.verifyConsistency(
            from: size, oldRoot: root, to: theirs.size, newRoot: theirs.root,
            proof: try await tiles.proof(MerkleProof.consistencyPlan(from: size, to: theirs.size) ?? []))
    }

    /// What convicts the log and says where its branches part; nil if one of the two is only the beginning of the other.
    func evidence() async throws -> ForkEvidence? {
        guard let here = try store.read({ try $0.head(of: log.id) }) else { return nil }
        let ours = try Checkpoint(text: here.text)
        let common = try await common()
        guard common < min(ours.size, theirs.size) else { return nil }
        let point = { (first: ForkPoint.Branch, second: ForkPoint.Branch) in
            ForkPoint(common: common, root: try root(at: common), first: first, second: second)
        }
        let (local, remote) = (try branch(after: common, of: ours), try await branch(after: common))
        guard ours.size <= theirs.size else {
            let plan = MerkleProof.consistencyPlan(from: theirs.size, to: ours.size) ?? []
            return ForkEvidence(
                first: note, second: here, root: try root(at: theirs.size),
                proof: try store.read { try $0.proof(plan, log: log.id) }, point: try point(remote, local))
        }
        let plan = MerkleProof.consistencyPlan(from: ours.size, to: theirs.size) ?? []
        let nodes = MerkleProof.nodes(from: 0, to: ours.size) ?? []
        return ForkEvidence(
            first: here, second: note, root: try await tiles.proof([nodes]).first ?? theirs.root,
            proof: try await tiles.proof(plan), point: try point(local, remote))
    }

    private func root(at size: UInt64) throws -> Hash {
        guard let root = try store.read({ try $0.root(of: log.id, size: size) }) else {
            throw CustodyError(.nodeMissing, "the tree has no root at size \(size)", at: log.origin)
        }
        return root
    }

    private func branch(after common: UInt64, of head: Checkpoint) throws -> ForkPoint.Branch {
        let next = TreeNode(level: 0, index: common)
        return try store.read { snapshot in
            ForkPoint.Branch(
                next: try snapshot.hash(of: next, log: log.id),
                inclusion: try snapshot.proof(
                    MerkleProof.inclusionPlan(index: common, size: head.size) ?? [], log: log.id),
                consistency: try snapshot.proof(
                    MerkleProof.consistencyPlan(from: common, to: head.size) ?? [], log: log.id))
        }
    }

    private func branch(after common: UInt64) async throws -> ForkPoint.Branch {
        let next = TreeNode(level: 0, index: common)
        return ForkPoint.Branch(
            next: try await tiles.proof([[next]]).first ?? .emptyTree,
            inclusion: try await tiles.proof(MerkleProof.inclusionPlan(index: common, size: theirs.size) ?? []),
            consistency: try await tiles.proof(MerkleProof.consistencyPlan(from: common, to: theirs.size) ?? []))
    }
}
