import Foundation
import Ledger
import Store

/// This gateway's durable copies of other gateways' logs, as a C2SP mirror keeps them.
///
/// It judges bytes, not business: it refuses what breaks a signature, a proof, `previous` or a size, and stores and
/// cosigns everything else. All of it runs on a queue of its own, because each step waits for the disk.
public actor Mirror {
    private nonisolated let executor: any SerialExecutor
    private nonisolated let store: LedgerStore
    /// The organisation's, if this gateway is its one cosigner.
    private let cosigner: (organisation: String, key: SigningKey)?
    /// Takes its place when a document lists it.
    private let nextCosigner: SigningKey?
    private let now: @Sendable () -> Int64
    private let tickets = UploadTickets()
    private nonisolated let watch: OwnLogWatch?
    /// How far all of them have come.
    nonisolated let board: NewsBoard
    /// Where each mirrored log stands; forgotten whenever a write fails.
    private var logs: [String: Log] = [:]

    public nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// - Parameters:
    ///   - watch: is told of heads of this gateway's own log that members have.
    ///   - now: UTC microseconds.
    ///   - executor: runs it; each step waits for the disk.
    public init(
        store: LedgerStore, cosigner: (organisation: String, key: SigningKey)?, nextCosigner: SigningKey? = nil,
        watch: OwnLogWatch? = nil, now: @escaping @Sendable () -> Int64,
        executor: any SerialExecutor = DispatchExecutor(label: "custody.mirror")
    ) {
        self.executor = executor
        board = NewsBoard(store: store, watch: watch)
        self.watch = watch
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
        let gateway = Generation.gateway(ofOrigin: origin)
        guard origin == gateway || document.lastCounted(of: gateway) == nil || document.lastCounted(of: origin) != nil
        else { throw CustodyError.refusedCertificate("its gateway has been revoked", origin) }
        let key = try LogCertificate.verify(chain: chain, origin: origin, document: document, at: nil)
        try store.write { transaction in
            guard try transaction.snapshot.log(origin) == nil else { return }
            _ = try transaction.createLog(origin: origin, key: key, own: false)
        }
    }

    /// Takes up a log that no member writes, because the gateway's configuration says so.
    /// - Throws: `CustodyError` with code `log-key-changed` where another key is known for it.
    public nonisolated func admit(foreign key: VerifierKey) throws {
        try store.write { transaction in
            guard let known = try transaction.snapshot.log(key.name) else {
                return _ = try transaction.createLog(origin: key.name, key: key, own: false, isForeign: true)
            }
            guard known.isForeign, known.key == key else {
                throw CustodyError(
                    .logKeyChanged, "another log is stored here under this name", at: key.name,
                    remedy: "a log keeps its key: give the other log a name of its own")
            }
        }
    }

    // MARK: add-checkpoint

    /// Handles the body of a C2SP `add-checkpoint`: the pending checkpoint moves forward, nothing is cosigned yet.
    func addCheckpoint(_ request: CheckpointRequest) throws -> MirrorAnswer {
        let note = request.note
        guard let candidate = try? Checkpoint(text: note.text) else {
            return .refused(.malformed, CustodyError(.requestMalformed, "the note is no checkpoint"))
        }
        guard let log = try store.read({ try $0.log(candidate.origin) }) else { return Self.unknown(candidate.origin) }
        guard !log.own, (try? Checkpoint.open(note, log: log.key)) != nil else {
            return .refused(
                .forbidden,
                CustodyError(
                    .checkpointUnsigned, "the checkpoint is not signed by the log's key", at: candidate.origin))
        }
        if let reason = log.frozen { return Self.frozen(log, reason) }
        guard candidate.size <= LogRecord.sizeMax else {
            return .refused(.unprocessable, CustodyError(.limitExceeded, "the log is too large", at: log.origin))
        }
        guard request.oldSize <= candidate.size else {
            return .refused(
                .malformed,
                CustodyError(.requestMalformed, "the old size is above the checkpoint's", at: log.origin))
        }
        if let evidence = try contradiction(to: note) {
            try convict(by: .fork(evidence))
            return .sizeConflict(try pendingSize(of: log), Self.inconsistent(log.origin))
        }
        return try store.write { transaction in
            try Self.advance(log, to: candidate, request: request, transaction)
        }
    }

    private static func unknown(_ origin: String) -> MirrorAnswer {
        .refused(.unknownLog, CustodyError(.logUnknown, "this log is not known here", at: origin))
    }

    private static func frozen(_ log: LogRecord, _ reason: String) -> MirrorAnswer {
        .refused(.forbidden, CustodyError(.logFrozen, "the log is frozen: \(reason)", at: log.origin))
    }

    private static func inconsistent(_ origin: String) -> CustodyError {
        CustodyError(
            .headsInconsistent, "this head and another that the log signed cannot both be true", at: origin,
            remedy: "both are kept as evidence: see custody evidence")
    }

    private func pendingSize(of log: LogRecord) throws -> UInt64 {
        try store.read { try $0.pendingHead(of: log.id)?.size ?? 0 }
    }

    private static func advance(
        _ log: LogRecord, to candidate: Checkpoint, request: CheckpointRequest, _ transaction: LedgerTransaction
    ) throws -> MirrorAnswer {
        let pending = try transaction.snapshot.pendingHead(of: log.id)
        let known = try pending.map { try Checkpoint(text: $0.note.text) }
        guard request.oldSize == known?.size ?? 0 else {
            return .sizeConflict(
                known?.size ?? 0,
                CustodyError(.sizeOutdated, "this mirror stands at another size", at: log.origin))
        }
        if let pending, let evidence = try shown(by: request, candidate, against: pending.note) {
            try transaction.freeze(log, by: .fork(evidence), try evidence.check(log: log.key))
            let error = inconsistent(log.origin)
            return pending.size == candidate.size ? .sizeConflict(pending.size, error) : .refused(.unprocessable, error)
        }
        guard
            MerkleProof.verifyConsistency(
                from: request.oldSize, oldRoot: known?.root ?? Hash.emptyTree, to: candidate.size,
                newRoot: candidate.root, proof: request.proof)
        else {
            return .refused(
                .unprocessable,
                CustodyError(.consistencyRefused, "the consistency proof does not hold", at: log.origin))
        }
        if known?.size != candidate.size {
            // Its head it becomes in `finish` alone, which cosigns it.
            try transaction.keep(try bare(request.note, log: log), size: candidate.size, of: log.id, stored: false)
        }
        return .cosigned([])
    }

    /// The evidence that a new head brings along against the pending one: another root of one size, or a proof from another
    /// tree than the pending one.
    private static func shown(
        by request: CheckpointRequest, _ candidate: Checkpoint, against pending: SignedNote
    ) throws -> ForkEvidence? {
        let known = try Checkpoint(text: pending.text)
        if known.size == candidate.size {
            guard known.root != candidate.root, known.size > 0 else { return nil }
            return ForkEvidence(first: request.note, second: pending, root: known.root, proof: [])
        }
        guard
            let root = MerkleProof.rootShown(
                at: known.size, by: request.proof, new: candidate.size, newRoot: candidate.root),
            root != known.root
        else { return nil }
        return ForkEvidence(first: pending, second: request.note, root: root, proof: request.proof)
    }

    // MARK: Evidence

    /// Freezes a log that nobody can go on with, whoever shows it.
    /// - Throws: `CustodyError` with code `log-unknown`, and what `LogEvidence.check` throws.
    func convict(by evidence: LogEvidence) throws {
        let origin = try evidence.origin
        guard let log = try store.read({ try $0.log(origin) }) else {
            throw CustodyError(.logUnknown, "the log is not known here", at: origin)
        }
        let offence = try evidence.check(log: log.key)
        if log.isForeign, case .brokenEntry = evidence {
            throw CustodyError.refusedEvidence("entries of this log carry no hash of the entry before them", origin)
        }
        guard log.isNews(offence) else { return }
        if log.own {
            let kept = try store.read { try $0.soundSize(of: log, by: evidence) }
            try watch?.raise(
                Doubt(evidence.doubt, origin: log.origin, head: evidence.head.encoded, common: kept))
        }
        try store.write { try $0.freeze(log, by: evidence, offence) }
    }

    /// Looks at a head that brings nothing new: if it contradicts what is stored here, its log is convicted.
    /// - Throws: what `Checkpoint.open` throws, where they disagree and the log has not signed the other's head.
    func compare(_ note: SignedNote) throws {
        if let evidence = try contradiction(to: note) { try convict(by: .fork(evidence)) }
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

    /// What an upload brings entries for.
    struct UploadTarget: Sendable {
        let checkpoint: Checkpoint
        /// The same, signed.
        let note: SignedNote
        let isForeign: Bool
    }

    enum Upload: Sendable {
        case proceed(UploadTarget)
        case answer(MirrorAnswer)
    }

    /// Decides from an upload's header whether its packages may come.
    /// - Returns: the checkpoint that all packages are proved against; or the answer.
    func begin(_ header: MirrorUpload.Header) throws -> Upload {
        let ticket = tickets.checkpoint(in: header.ticket, now: seconds)
        return try store.read { snapshot in
            guard let log = try snapshot.log(header.origin), !log.own else {
                return .answer(Self.unknown(header.origin))
            }
            if let reason = log.frozen { return .answer(Self.frozen(log, reason)) }
            guard let note = try Self.checkpoint(of: header, log, ticket: ticket, snapshot),
                header.end >= (try snapshot.mirroredSize(of: log))
            else {
                return .answer(.conflict(try pending(of: log, snapshot), Self.outdated(log)))
            }
            let info = MirrorInfo(size: header.end, next: log.size, ticket: tickets.ticket(for: note, now: seconds))
            guard header.start <= log.size else { return .answer(.conflict(info, Self.outdated(log))) }
            guard !Self.isReplay(header, next: log.size) else {
                return .answer(.conflict(info, CustodyError(.uploadReplayed, "all of it is here", at: log.origin)))
            }
            return .proceed(
                UploadTarget(checkpoint: try Checkpoint(text: note.text), note: note, isForeign: log.isForeign))
        }
    }

    private var seconds: Int64 { now() / 1_000_000 }

    /// What the client of an unfinished upload is told.
    func info(of target: UploadTarget, next: UInt64) -> MirrorInfo {
        MirrorInfo(
            size: target.checkpoint.size, next: next, ticket: tickets.ticket(for: target.note, now: seconds))
    }

    /// The pending checkpoint of an upload's end: one that is kept here, or else in its ticket.
    private static func checkpoint(
        of header: MirrorUpload.Header, _ log: LogRecord, ticket: SignedNote?, _ snapshot: LedgerSnapshot
    ) throws -> SignedNote? {
        if let kept = try snapshot.checkpoint(size: header.end, of: log.id) { return kept }
        guard let ticket, let checkpoint = try? Checkpoint.open(ticket, log: log.key), checkpoint.size == header.end
        else { return nil }
        return ticket
    }

    private func pending(of log: LogRecord, _ snapshot: LedgerSnapshot) throws -> MirrorInfo {
        guard let pending = try snapshot.pendingHead(of: log.id) else { return MirrorInfo(size: 0, next: log.size) }
        let ticket = tickets.ticket(for: try Self.bare(pending.note, log: log), now: seconds)
        return MirrorInfo(size: pending.size, next: log.size, ticket: ticket)
    }

    private static func outdated(_ log: LogRecord) -> CustodyError {
        CustodyError(.uploadOutdated, "the upload does not fit what is here", at: log.origin)
    }

    /// An upload may begin in the package in which the next entry lies, and must bring that entry: what lies further back
    /// was checked when it came, and checking it again is work that anybody could ask for (C2SP: "too far below").
    /// One that is empty asks for the cosignature again, of which the answer may have been lost.
    private static func isReplay(_ header: MirrorUpload.Header, next: UInt64) -> Bool {
        guard header.start < header.end else { return header.end < next }
        return header.end <= next || header.start < next & ~UInt64(Tile.width - 1)
    }

    /// How far packages were taken, and why no further.
    struct Taken: Sendable {
        /// The first entry that is not here yet.
        let next: UInt64
        let refusal: CustodyError?
        /// Whether what was refused has convicted the log.
        var isConvicted = false
    }

    /// Checks a package against the checkpoint that it was uploaded for, and stores what is new of it.
    /// - Returns: the first entry that is not here yet.
    /// - Throws: `CustodyError` with code `package-refused`, `index-reused` or `previous-mismatch`; `durability-unknown`.
    @discardableResult
    func take(_ package: MirrorUpload.Package, for checkpoint: Checkpoint, isForeign: Bool = false) throws -> UInt64 {
        let read = MirrorUpload.ReadPackage(package, of: checkpoint.origin, isForeign: isForeign)
        let taken = try take([read], for: checkpoint)
        if let refusal = taken.refusal { throw refusal }
        return taken.next
    }

    /// The same for several, in one transaction. The first that is refused ends it, and those before it are kept.
    /// - Parameter head: the checkpoint as the log signed it, if it did: it convicts the log of a broken entry below it.
    /// - Throws: `CustodyError` with code `durability-unknown` or `store-failed`.
    func take(
        _ packages: [MirrorUpload.ReadPackage], for checkpoint: Checkpoint, under head: SignedNote? = nil
    ) throws -> Taken {
        do {
            return try store.write { transaction in
                let end = packages.last?.end ?? 0
                guard let record = try transaction.snapshot.log(checkpoint.origin), record.takes(upTo: end) else {
                    return Taken(next: 0, refusal: CustodyError(.logFrozen, "the log is frozen", at: checkpoint.origin))
                }
                var log = try logs[checkpoint.origin] ?? transaction.snapshot.state(of: record)
                for package in packages {
                    do { try Self.take(package, for: checkpoint, to: record, &log, transaction) } catch {
                        guard let refusal = error as? CustodyError, Self.refusals.contains(refusal.code) else {
                            throw error
                        }
                        let isConvicted =
                            try Self.brokenEntryRefusals.contains(refusal.code)
                            && Self.convict(record, of: package, under: head, &log, transaction)
                        logs[checkpoint.origin] = log
                        return Taken(next: log.size, refusal: refusal, isConvicted: isConvicted)
                    }
                }
                logs[checkpoint.origin] = log
                return Taken(next: log.size, refusal: nil)
            }
        } catch {
            logs[checkpoint.origin] = nil
            throw error
        }
    }

    private static let refusals: Set<CustodyError.Code> = [
        .packageRefused, .indexReused, .previousMismatch, .entryMalformed, .limitExceeded,
    ]
    /// Refusals of entries that the head has in its tree.
    private static let brokenEntryRefusals: Set<CustodyError.Code> = [
        .previousMismatch, .entryMalformed, .limitExceeded,
    ]

    private static func take(
        _ package: MirrorUpload.ReadPackage, for checkpoint: Checkpoint, to record: LogRecord, _ log: inout Log,
        _ transaction: LedgerTransaction
    ) throws {
        try package.check(against: checkpoint, before: leaves(of: package, record, log, transaction.snapshot))
        // Somebody else may have brought some of it since the upload began.
        let known = Int(clamping: log.size - package.start)
        guard known < package.run.leaves.count else { return }
        var full: [FullTile] = []
        let first = log.size
        try log.extend(with: package.run, after: known, full: &full)
        try transaction.append(package.run.entries, after: known, from: first, full: full, to: record.id)
    }

    /// Leaf hashes that are stored from the package's start rounded down on.
    private static func leaves(
        of package: MirrorUpload.ReadPackage, _ record: LogRecord, _ log: Log, _ snapshot: LedgerSnapshot
    ) throws -> [Hash] {
        let stored = Int(clamping: min(log.size, package.end) - min(log.size, package.roundedStart))
        guard stored > 0 else { return [] }
        return try snapshot.hashes(
            of: Tile(level: 0, index: package.roundedStart / UInt64(Tile.width)), slots: 0..<stored, log: record.id)
    }

    /// Freezes a log of which a package was refused, if the signed head shows an entry of it to be broken. The entries
    /// before that one are taken: up to there the log counts, and everybody is to have it.
    /// - Returns: whether it does.
    private static func convict(
        _ record: LogRecord, of package: MirrorUpload.ReadPackage, under head: SignedNote?, _ log: inout Log,
        _ transaction: LedgerTransaction
    ) throws -> Bool {
        guard let head, !record.isForeign, package.start <= log.size, log.size < package.end else { return false }
        let (entries, id) = (package.run.entries.entries, record.id)
        let before = try leaves(of: package, record, log, transaction.snapshot)
        var (sound, full) = (log, [FullTile]())
        let known = Int(log.size - package.start)
        let end = entries[known...].firstIndex { (try? sound.extend(with: $0, full: &full)) == nil }
        let snapshot = transaction.snapshot
        let size = try Checkpoint(text: head.text).size
        let tree = PackageTree(package, before: before, size: size) { try snapshot.hash(of: $0, log: id) }
        guard let end, let tree,
            let entry = try tree.brokenEntry(entries[end], at: sound.size, under: try bare(head, log: record)),
            let offence = try? entry.check(log: record.key)
        else { return false }
        try transaction.append(EntryBundle(Array(entries[known..<end])), from: log.size, full: full, to: id)
        try transaction.freeze(record, by: .brokenEntry(entry), offence)
        log = sound
        return true
    }

    /// Ends an upload: when all entries below the checkpoint are here, it becomes the mirror's head and is cosigned.
    ///
    /// No verdict is given yet: that is for `judge`, and nobody has to wait for it.
    /// - Returns: this organisation's signature lines, or the conflict if a newer head came meanwhile; nil if entries are
    ///   missing.
    func finish(_ target: UploadTarget) throws -> MirrorAnswer? {
        try store.write { transaction in
            guard let log = try transaction.snapshot.log(target.checkpoint.origin), log.size >= target.checkpoint.size
            else { return nil }
            if let reason = log.frozen { return Self.frozen(log, reason) }
            guard target.checkpoint.size >= (try transaction.snapshot.mirroredSize(of: log)) else {
                return .conflict(try pending(of: log, transaction.snapshot), Self.outdated(log))
            }
            let size = target.checkpoint.size
            // The proofs of the packages say nothing of entries that were here before.
            guard try size == 0 || transaction.snapshot.root(of: log.id, size: size) == target.checkpoint.root else {
                return .refused(.unprocessable, Self.inconsistent(log.origin))
            }
            try transaction.keep(try Self.bare(target.note, log: log), size: size, of: log.id, stored: true)
            let lines = try cosign(target.note, size: size, log: log, transaction)
            try transaction.forgetOldCheckpoints(of: log.id)
            return .cosigned(lines)
        }
    }

    /// Gives the verdicts that new entries allow, and lets uploads pass between.
    /// - Throws: `CustodyError` with code `durability-unknown` or `store-failed`.
    func judge() async throws {
        while try store.applySome() { await Task.yield() }
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

    /// Cosigns heads at the start, and again with each document, which may list another key: until then a head that was not
    /// confirmed everywhere could be confirmed nowhere else.
    public nonisolated func cosignForever() async throws {
        var version: Int?
        while !Task.isCancelled {
            // Followed before looking, so that nothing falls between.
            let news = store.changes.follow()
            let latest = store.rulebook.latest?.version
            if version != latest { try await cosignHeads() }
            version = latest
            for await _ in news { break }
        }
    }

    /// Cosigns the heads that are served from here and that this organisation has not cosigned yet: a log that was this
    /// gateway's own before it opened the next generation brings nothing new, which would be cosigned when it comes. Its own
    /// log's head waits for a round to begin.
    func cosignHeads() throws {
        try finishHeads()
        guard let cosigner else { return }
        try store.write { transaction in
            for log in try transaction.snapshot.logs() where log.frozen == nil {
                guard let note = try transaction.snapshot.head(of: log.id) else { continue }
                let size = try Checkpoint(text: note.text).size
                let earlier = try transaction.snapshot.cosignatures(size: size, of: log.id)
                guard !log.own || earlier.contains(where: { $0.cosigner == cosigner.organisation }) else { continue }
                _ = try cosign(note, size: size, log: log, transaction)
            }
        }
    }

    /// Takes heads of which all entries are here, but whose upload or pull was cut before its end: nobody may ever bring them
    /// again.
    private func finishHeads() throws {
        let complete = try store.read { snapshot in
            try snapshot.logs().filter { !$0.own && $0.frozen == nil }.compactMap { log -> UploadTarget? in
                guard let pending = try snapshot.pendingHead(of: log.id), pending.size <= log.size,
                    pending.size > (try snapshot.mirroredSize(of: log))
                else { return nil }
                return UploadTarget(
                    checkpoint: try Checkpoint(text: pending.note.text), note: pending.note, isForeign: false)
            }
        }
        for target in complete { _ = try finish(target) }
    }

    /// Keeps the cosignatures that a note carries, if they are known organisations' and hold. A head that contradicts
    /// what is stored here convicts its log instead.
    /// - Throws: `CustodyError` with code `note-signature-wrong` when a known organisation's does not.
    func keepCosignatures(of note: SignedNote) throws {
        guard let document = store.rulebook.latest else { return }
        if let watch, try watch.take(note), !watch.isOpen { return }
        if let evidence = try contradiction(to: note) { return try convict(by: .fork(evidence)) }
        let checkpoint = try Checkpoint(text: note.text)
        let known = try store.read { snapshot in
            try snapshot.log(checkpoint.origin).flatMap { try snapshot.checkpoint(size: checkpoint.size, of: $0.id) }
        }
        // What is stored here under the same text has been verified.
        let verified = known.flatMap { $0.text.utf8.elementsEqual(note.text.utf8) ? $0 : nil }
        let news = note.signatures.filter { verified?.signatures.contains($0) != true }
        guard !news.isEmpty else { return }
        let keys = document.ids(by: \.cosigner)
        let cosignatures = try SignedNote(text: note.text, signatures: news).verified(by: Array(keys.keys)).compactMap {
            signature -> Cosignature? in
            guard let id = keys[signature.key], let time = signature.time,
                let line = news.first(where: {
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
            // A checkpoint that newer ones have pushed out comes back with its cosignatures. Of one that is here, the log's
            // signature is not taken from elsewhere: it was not looked at.
            if verified == nil { _ = try Checkpoint.open(note, log: log.key) }
            // A mirror serves no head that it has not cosigned: that is done where an upload ends.
            let mirrored = try transaction.snapshot.mirroredSize(of: log)
            let isServed = cosigner == nil || log.own || checkpoint.size <= mirrored
            try transaction.keep(
                try Self.bare(verified ?? note, log: log), size: checkpoint.size, of: log.id, stored: isServed)
            try transaction.keep(cosignatures, size: checkpoint.size, of: log.id)
            try transaction.confirm(log, size: checkpoint.size, now: now())
        }
    }

    /// Keeps what an outside cosigner has signed of this gateway's own log; signatures of other keys are ignored.
    /// - Throws: `CustodyError` with code `note-signature-wrong`.
    func keep(_ signatures: [NoteSignature], of note: SignedNote, by key: VerifierKey) throws {
        let size = try Checkpoint(text: note.text).size
        let its = signatures.filter { $0.keyID == key.keyID && $0.name == key.name }
        guard !its.isEmpty else { return }
        let signed = try SignedNote(text: note.text, signatures: its)
        guard let line = its.first?.line, let time = try signed.verified(by: [key]).first?.time else { return }
        try store.write { transaction in
            guard let log = try transaction.snapshot.ownLog() else { return }
            try transaction.keep([Cosignature(cosigner: key.vkey, time: time, line: line)], size: size, of: log.id)
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

extension CustodyError.Code {
    /// A log that comes back with another key.
    public static let logKeyChanged: Self = "log-key-changed"
}
