/// What a contract's `confirmed-by` asks of whatever follows an update: the word of others that they hold it.
///
/// The word travels in the update that relies on it, so that its verdict depends on nothing else.
public struct Confirmation: Sendable {
    /// The update that must be held.
    public let reference: Reference
    /// Of each of these one cosigner.
    public let roles: Set<Role>
    /// Says who cosigns for whom.
    public let document: ConsortiumDocument

    public init(of reference: Reference, by roles: Set<Role>, document: ConsortiumDocument) {
        self.reference = reference
        self.roles = roles
        self.document = document
    }

    /// Why none of the citations confirms the update; nil if one does.
    public func refusal(citations: [Citation]) -> Rejection? {
        let proofs = citations.lazy.filter { $0.reference == reference }
        if proofs.contains(where: { isShown(by: $0.proof) }) { return nil }
        let missing = roles.map(\.rawValue).sorted().joined(separator: " and ")
        return Rejection(
            .notConfirmed, "what it builds on must first be confirmed by a \(missing), and it brings no proof of that")
    }

    /// Whether cosignatures of these organisations are enough.
    public func isGiven(by organisations: some Sequence<String>) -> Bool {
        roles.isSubset(of: organisations.compactMap { document.role(of: $0) })
    }

    /// - Parameter proof: the bytes of a C2SP tlog-proof.
    public func isShown(by proof: [UInt8]) -> Bool {
        guard let proof = try? TransparencyProof(bytes: proof), proof.index == reference.index,
            let checkpoint = try? Checkpoint(text: proof.checkpoint.text), checkpoint.origin == reference.origin,
            MerkleProof.verifyInclusion(
                leaf: reference.leafHash, index: proof.index, size: checkpoint.size, proof: proof.hashes,
                root: checkpoint.root)
        else { return false }
        let cosigners = document.ids(by: \.cosigner)
        guard let signed = try? proof.checkpoint.verified(by: Array(cosigners.keys)) else { return false }
        return isGiven(by: signed.compactMap { cosigners[$0.key] })
    }
}
