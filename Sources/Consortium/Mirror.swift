import Foundation
import Ledger
import Store

/// This gateway's durable copies of other gateways' logs, as a C2SP mirror keeps them.
///
/// It judges bytes, not business: it refuses what breaks a signature, a proof, `previous` or a size, and stores and
/// cosigns everything else. All of it runs on a queue of its own, because each step waits for the disk.
public actor Mirror {
    private nonisolated let executor = DispatchExecutor(label: "custody.mirror")
    private nonisolated let store: LedgerStore
    /// The organisation's, if this gateway is its one cosigner.
    private let cosigner: (organisation: String, key: SigningKey)?
    /// Takes its place when a document lists it.
    private let nextCosigner: SigningKey?
    private let now: @Sendable () -> Int64
    /// Where each mirrored log stands; forgotten whenever a write fails.
    private var logs: [String: Log] = [:]

    public nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// - Parameter now: UTC microseconds.
    public init(
        store: LedgerStore, cosigner: (organisation: String, key: SigningKey)?, nextCosigner: SigningKey? = nil,
        now: @escaping @Sendable () -> Int64
    ) {
        self.store = store
        self.cosigner = cosigner
        self.nextCosigner = nextCosigner
        self.now = now
    }

    // MARK: Introducing a log

    /// Takes up a log whose certificate a member's CA has signed.
    /// - Parameter chain: DER, the leaf certifies the log's key for `origin`.
    /// - Throws: `CustodyError` with code `certificate-refused`.
    func introduce(origin: String, chain: [[UInt8]]) throws {
        guard let document = store.rulebook.latest else { return }
        let key = try LogCertificate.verify(chain: chain, origin: origin, document: document, at: nil)
        try store.write { transaction in
            guard try transaction.snapshot.log(origin) == nil else { return }
            _ = try transaction.createLog(origin: origin, key: key, own: false)
        }
    }

    // MARK: add-checkpoint

    /// Handles the body of a C2SP `add-checkpoint`: the pending checkpoint moves forward, nothing is cosigned yet.
    func addCheckpoint(_ request: CheckpointRequest) throws -> MirrorAnswer {
        let note = request.note
        guard let candidate = try? Checkpoint(text: note.text),
            let log = try store.read({ try $0.log(candidate.origin) })
        else { return .refused(.unknownLog, "this log is not known here") }
        guard !log.own, (try? Checkpoint.open(note, log: log.key)) != nil else {
            return .refused(.forbidden, "the checkpoint is not signed by the log's key")
        }
        if let reason = log.frozen { return .refused(.forbidden, "the log is frozen: \(reason)") }
        guard candidate.size <= LogRecord.sizeMax else { return .refused(.unprocessable, "the log is too large") }
        guard request.oldSize <= candidate.size else {
            return .refused(.malformed, "the old size is above the checkpoint's")
        }
        return try store.write { transaction in
            try Self.advance(log, to: candidate, request: request, transaction)
        }
    }

    private static func advance(
        _ log: LogRecord, to candidate: Checkpoint, request: CheckpointRequest, _ transaction: LedgerTransaction
    ) throws -> MirrorAnswer {
        let pending = try transaction.snapshot.pendingHead(of: log.id)
        let known = try pending.map { try Checkpoint(text: $0.note.text) }
        guard request.oldSize == known?.size ?? 0 else { return .sizeConflict(known?.size ?? 0) }
        if let pending, let known, known.size == candidate.size {
            guard known.root == candidate.root else {
                let evidence = ForkEvidence(first: request.note, second: pending.note, root: known.root, proof: [])
                try transaction.freeze(log.id, by: evidence, reason: try evidence.check(log: log.key).description)
                return .sizeConflict(known.size)
            }
            return .cosigned([])
        }
        guard
            MerkleProof.verifyConsistency(
                from: request.oldSize, oldRoot: known?.root ?? Hash.emptyTree, to: candidate.size,
                newRoot: candidate.root, proof: request.proof)
        else { return .refused(.unprocessable, "the consistency proof does not hold") }
        let bare = try bare(request.note, log: log)
        try transaction.keep(bare, size: candidate.size, of: log.id, stored: candidate.size == log.size)
        return .cosigned([])
    }

    // MARK: Forks

    /// Freezes a log that has forked, whoever shows it.
    /// - Throws: `CustodyError` with code `log-unknown`, and what `ForkEvidence.check` throws.
    func convict(by evidence: ForkEvidence) throws {
        let origin = try Checkpoint(text: evidence.first.text).origin
        guard let log = try store.read({ try $0.log(origin) }) else {
            throw CustodyError(.logUnknown, "the log is not known here", at: origin)
        }
        let fork = try evidence.check(log: log.key)
        guard log.frozen == nil else { return }
        try store.write { try $0.freeze(log.id, by: evidence, reason: fork.description) }
    }

    /// What shows that a head of somebody else and what is stored here cannot both be true; nil if they can.
    /// - Throws: what `Checkpoint.open` throws, where they disagree and the log has not signed the other's head.
    private func contradiction(to note: SignedNote) throws -> ForkEvidence? {
        let other = try Checkpoint(text: note.text)
        return try store.read { snapshot in
            guard let log = try snapshot.log(other.origin), let head = try snapshot.head(of: log.id),
                let root = try snapshot.knownRoot(of: log, size: other.size), root != other.root
            else { return nil }
            _ = try Checkpoint.open(note, log: log.key)
            let size = try Checkpoint(text: head.text).size
            guard size >= other.size else { return nil }
            let plan = MerkleProof.consistencyPlan(from: other.size, to: size) ?? []
            return ForkEvidence(first: note, second: head, root: root, proof: try snapshot.proof(plan, log: log.id))
        }
    }

    // MARK: add-entries

    /// Decides from an upload's header whether its packages may come.
    /// - Returns: the log, and the checkpoint that all packages are proved against; or the answer.
    func begin(_ header: MirrorUpload.Header) throws -> Upload {
        try store.read { snapshot in
            guard let log = try snapshot.log(header.origin), !log.own else {
                return .answer(.refused(.unknownLog, "this log is not known here"))
            }
            if let reason = log.frozen { return .answer(.refused(.forbidden, "the log is frozen: \(reason)")) }
            let mirrored = try snapshot.head(of: log.id).map { try Checkpoint(text: $0.text).size } ?? 0
            let note = try snapshot.checkpoint(size: header.end, of: log.id)
            guard let note, header.end >= mirrored, header.start <= log.size else {
                let pending = try snapshot.pendingHead(of: log.id)?.size ?? 0
                let size = note != nil && header.end >= mirrored ? header.end : pending
                return .answer(.conflict(MirrorInfo(size: size, next: log.size)))
            }
            return .proceed(try Checkpoint(text: note.text))
        }
    }

    enum Upload: Sendable {
        case proceed(Checkpoint)
        case answer(MirrorAnswer)
    }

    /// Checks a package against the checkpoint that it was uploaded for, and stores what is new of it.
    /// - Returns: the first entry that is not here yet.
    /// - Throws: `CustodyError` with code `package-refused` or `previous-mismatch`; `durability-unknown`.
    @discardableResult
    func take(_ package: MirrorUpload.Package, for checkpoint: Checkpoint) throws -> UInt64 {
        do {
            return try store.write { try take(package, for: checkpoint, $0) }
        } catch {
            logs[checkpoint.origin] = nil
            throw error
        }
    }

    private func take(
        _ package: MirrorUpload.Package, for checkpoint: Checkpoint, _ transaction: LedgerTransaction
    ) throws -> UInt64 {
        guard let record = try transaction.snapshot.log(checkpoint.origin), record.frozen == nil else {
            throw CustodyError(.packageRefused, "the log is not taken from any more", at: checkpoint.origin)
        }
        var log = try logs[checkpoint.origin] ?? transaction.snapshot.state(of: record)
        guard package.start <= log.size else {
            throw CustodyError(.packageRefused, "entries before the package are missing", at: checkpoint.origin)
        }
        try check(package, for: checkpoint, log: log, record: record, transaction)
        var full: [FullTile] = []
        let known = Int(clamping: log.size - package.start)
        let sealed = try package.entries.dropFirst(known).map { try log.extend(with: $0, full: &full) }
        try transaction.append(sealed, full: full, to: record.id)
        logs[checkpoint.origin] = log
        return log.size
    }

    private func check(
        _ package: MirrorUpload.Package, for checkpoint: Checkpoint, log: Log, record: LogRecord,
        _ transaction: LedgerTransaction
    ) throws {
        let before = try transaction.snapshot.hashes(
            of: Tile(level: 0, index: package.roundedStart / UInt64(Tile.width)),
            slots: 0..<Int(package.start - package.roundedStart), log: record.id)
        let leaves = before + package.entries.map { Hash.leaf($0) }
        guard
            MerkleProof.verifySubtree(
                start: package.roundedStart, end: package.end, hash: MerkleProof.root(ofSubtree: leaves),
                size: checkpoint.size, proof: package.proof, root: checkpoint.root)
        else {
            throw CustodyError(
                .packageRefused, "the entries from \(package.start) are not those of the checkpoint",
                at: "\(checkpoint.origin):\(package.start)")
        }
    }

    /// Ends an upload: when all entries below the checkpoint are here, it becomes the mirror's head and is cosigned.
    /// - Returns: this organisation's signature lines; nil if entries are missing.
    func finish(_ checkpoint: Checkpoint) throws -> [String]? {
        let lines: [String]? = try store.write { transaction in
            guard let log = try transaction.snapshot.log(checkpoint.origin), log.size >= checkpoint.size,
                let note = try transaction.snapshot.checkpoint(size: checkpoint.size, of: log.id)
            else { return nil }
            try transaction.keep(try Self.bare(note, log: log), size: checkpoint.size, of: log.id, stored: true)
            let lines = try cosign(note, size: checkpoint.size, log: log, transaction)
            try transaction.forgetOldCheckpoints(of: log.id)
            return lines
        }
        if lines != nil { try store.applyPending() }
        return lines
    }

    /// The checkpoint with the log's own signature alone: cosignatures are kept apart.
    private static func bare(_ note: SignedNote, log: LogRecord) throws -> SignedNote {
        try SignedNote(
            text: note.text, signatures: note.signatures.filter { $0.keyID == log.key.keyID && $0.name == log.key.name }
        )
    }

    private func cosign(
        _ note: SignedNote, size: UInt64, log: LogRecord, _ transaction: LedgerTransaction
    ) throws -> [String] {
        guard let (organisation, key) = presentCosigner(transaction.rulebook.latest) else { return [] }
        let kept = try transaction.snapshot.cosignatures(size: size, of: log.id)
        let before = kept.first { $0.cosigner == organisation }
        if let before, before.keyID == key.verifierKey.keyID { return [before.line] }
        let time = max(UInt64(max(0, now() / 1_000_000)), (before?.time ?? 0) &+ 1)
        let line = try key.cosign(note.text, time: time).line
        try transaction.keep([Cosignature(cosigner: organisation, time: time, line: line)], size: size, of: log.id)
        try transaction.confirm(log, size: size, now: now())
        return [line]
    }

    /// The key that the document in force lists, if this gateway has it: any other one's word is nobody's.
    private func presentCosigner(_ document: ConsortiumDocument?) -> (organisation: String, key: SigningKey)? {
        guard let cosigner else { return nil }
        let listed = document?.organisation(cosigner.organisation)?.cosigner
        let key = [cosigner.key, nextCosigner].compactMap(\.self).first { $0.verifierKey == listed }
        return key.map { (cosigner.organisation, $0) }
    }

    // MARK: Own log and cosignatures

    /// Cosigns this gateway's own checkpoint: its organisation holds a copy too.
    func cosignOwn(_ note: SignedNote, size: UInt64) throws {
        guard cosigner != nil else { return }
        try store.write { transaction in
            guard let log = try transaction.snapshot.ownLog() else { return }
            try transaction.keep(try Self.bare(note, log: log), size: size, of: log.id, stored: true)
            _ = try cosign(note, size: size, log: log, transaction)
        }
    }

    /// Keeps the cosignatures that a note carries, if they are known organisations' and hold. A head that contradicts
    /// what is stored here convicts its log instead.
    /// - Throws: `CustodyError` with code `note-signature-wrong` when a known organisation's does not.
    func keepCosignatures(of note: SignedNote) throws {
        guard let document = store.rulebook.latest else { return }
        if let evidence = try contradiction(to: note) { return try convict(by: evidence) }
        let checkpoint = try Checkpoint(text: note.text)
        let keys = Dictionary(
            document.organisations.map { ($0.cosigner, $0.id) }, uniquingKeysWith: { first, _ in first })
        let cosignatures = try note.verified(by: Array(keys.keys)).compactMap { signature -> Cosignature? in
            guard let id = keys[signature.key], let time = signature.time,
                let line = note.signatures.first(where: {
                    $0.keyID == signature.key.keyID && $0.name == signature.key.name
                })?.line
            else { return nil }
            return Cosignature(cosigner: id, time: time, line: line)
        }
        guard !cosignatures.isEmpty, try isNews(cosignatures, of: checkpoint) else { return }
        try store.write { transaction in
            guard let log = try transaction.snapshot.log(checkpoint.origin), log.size >= checkpoint.size,
                try transaction.snapshot.root(of: log.id, size: checkpoint.size) == checkpoint.root
            else { return }
            // A checkpoint that newer ones have pushed out comes back with its cosignatures.
            _ = try Checkpoint.open(note, log: log.key)
            try transaction.keep(try Self.bare(note, log: log), size: checkpoint.size, of: log.id, stored: true)
            try transaction.keep(cosignatures, size: checkpoint.size, of: log.id)
            try transaction.confirm(log, size: checkpoint.size, now: now())
        }
    }

    private func isNews(_ cosignatures: [Cosignature], of checkpoint: Checkpoint) throws -> Bool {
        try store.read { snapshot in
            guard let log = try snapshot.log(checkpoint.origin) else { return false }
            let known = Set(
                try snapshot.cosigners(size: checkpoint.size, of: log.id, by: store.rulebook.latest))
            return !cosignatures.allSatisfy { known.contains($0.cosigner) }
        }
    }
}

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
    init?(text: String) {
        guard let split = text.range(of: "\n\n") else { return nil }
        let lines = text[..<split.lowerBound].split(separator: "\n", omittingEmptySubsequences: false)
        guard let first = lines.first, first.hasPrefix("old "), let size = UInt64(first.dropFirst(4)),
            String(size) == first.dropFirst(4), lines.count - 1 <= MerkleProof.proofHashesMax
        else { return nil }
        let proof = lines.dropFirst().compactMap { Hash(base64: String($0)) }
        guard proof.count == lines.count - 1,
            let note = try? SignedNote(encoded: String(text[split.upperBound...]))
        else { return nil }
        self.init(oldSize: size, proof: proof, note: note)
    }
}

extension CustodyError.Code {
    public static let packageRefused: Self = "package-refused"
}
