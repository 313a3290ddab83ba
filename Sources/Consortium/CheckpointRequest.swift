import Ledger

/// The body of `add-checkpoint` (C2SP tlog-witness).
struct CheckpointRequest: Sendable {
    static let bytesMax = SignedNote.bytesMax + 64 * 64

    let oldSize: UInt64
    let proof: [Hash]
    let note: SignedNote

    init(oldSize: UInt64, proof: [Hash], note: SignedNote) {
        self.oldSize = oldSize
        self.proof = proof
        self.note = note
    }

    var text: String {
        "old \(oldSize)\n" + proof.map { "\($0.base64)\n" }.joined() + "\n" + note.encoded
    }

    /// - Returns: nil for anything malformed.
    init?(bytes: [UInt8]) {
        guard let end = bytes.indices.dropFirst().first(where: { bytes[$0] == 0x0A && bytes[$0 - 1] == 0x0A }),
            let head = String(validating: bytes[..<(end - 1)], as: UTF8.self),
            let note = try? SignedNote(bytes: bytes[(end + 1)...])
        else { return nil }
        let lines = head.split(separator: "\n", omittingEmptySubsequences: false)
        guard let first = lines.first, first.hasPrefix("old "), let size = UInt64(first.dropFirst(4)),
            String(size) == first.dropFirst(4), lines.count - 1 <= MerkleProof.proofHashesMax
        else { return nil }
        let proof = lines.dropFirst().compactMap { Hash(base64: String($0)) }
        guard proof.count == lines.count - 1 else { return nil }
        self.init(oldSize: size, proof: proof, note: note)
    }
}
