import Ledger
import Store

/// Pushes this gateway's own log, or an earlier generation of it, to one mirror, a member's or anybody else's (C2SP
/// tlog-mirror).
struct MirrorPush {
    private static let path = "/add-entries"
    private static let contentType = "application/octet-stream"
    /// Packages in one `add-entries` request to a mirror that is no member's (C2SP tlog-mirror: at most 32).
    static let packagesMax = 32
    /// How long one request to a member's mirror goes on: those take packages while they come, so that no pause is between
    /// the requests of a log that catches up. A mirror commits what it has when the line is cut.
    static let streamTime: Duration = .seconds(10)
    /// How long one request may take.
    static let requestMax: Duration = .seconds(30)
    /// Answers in a row that take nothing, until this is given up for a while.
    static let attemptsMax = 8
    /// Bytes of a second below which a network is worth compressing for: compressing takes longer on a faster one.
    static let slowBytesPerSecond = 2_000_000.0

    let client: any PeerClient
    let store: LedgerStore
    /// Of the earlier generation; nil for the log that this gateway writes.
    let origin: String?
    /// Whether the mirror is a gateway like this one.
    let isMember: Bool
    /// What to do when the mirror does not know this log.
    let onUnknown: @Sendable () async throws -> Void

    /// Where the mirror stands, as far as it has said; nil before its first answer.
    private var remote: MirrorInfo?
    private var isSlow = false

    init(
        client: any PeerClient, store: LedgerStore, origin: String? = nil, isMember: Bool,
        onUnknown: @escaping @Sendable () async throws -> Void
    ) {
        self.client = client
        self.store = store
        self.origin = origin
        self.isMember = isMember
        self.onUnknown = onUnknown
    }

    /// Brings a head and all entries below it.
    /// - Returns: the mirror's signature lines; none if it has a newer head already.
    /// - Throws: `CustodyError` with code `own-log-behind` if the mirror has more of this log than there is here,
    ///   `log-not-kept` if it has chosen not to keep this log, `peer-refused`, `peer-misbehaves`; as the client.
    mutating func push(_ round: PushRounds.Round) async throws -> [NoteSignature] {
        guard var remote = try await offer(round) else { return [] }
        var attempts = 0
        while attempts < Self.attemptsMax {
            switch try await upload(round, from: remote) {
            case .cosigned(let lines):
                self.remote = MirrorInfo(size: round.size, next: round.size)
                return try lines.map { try NoteSignature(line: $0) }
            case .moved(let info):
                attempts = info.next > remote.next ? 0 : attempts + 1
                remote = info
                self.remote = info
                guard info.next <= round.size, info.size <= round.size else {
                    try checkAhead(max(info.next, info.size))
                    return []
                }
            }
        }
        throw CustodyError(.peerMisbehaves, "\(client.organisation) keeps changing what it has", at: client.address)
    }

    /// `add-checkpoint`, from the size that the mirror says it has.
    /// - Returns: where the upload is to begin; nil if the mirror has a newer head.
    private mutating func offer(_ round: PushRounds.Round) async throws -> MirrorInfo? {
        var old = remote?.size ?? 0
        for _ in 0..<Self.attemptsMax {
            guard old <= round.size else {
                try checkAhead(old)
                return nil
            }
            switch try await addCheckpoint(round, from: old) {
            case .taken:
                guard let remote else { return try await ask() }
                return MirrorInfo(size: round.size, next: min(remote.next, round.size))
            case .size(let size):
                if size == old { throw CustodyError(.peerMisbehaves, "it names one size twice", at: client.address) }
                // Also where that is this head's own size: the mirror may have another head of it, which is then evidence.
                old = size
            case .unknown: try await onUnknown()
            }
        }
        throw CustodyError(.peerMisbehaves, "\(client.organisation) takes no checkpoint", at: client.address)
    }

    /// A mirror that was not met before is asked where it stands (C2SP tlog-mirror: an upload from zero to zero).
    private func ask() async throws -> MirrorInfo {
        let header = MirrorUpload.Header(origin: try record().origin, start: 0, end: 0)
        switch try await post(MirrorUpload.header(header)) {
        case .moved(let info): return info
        case .cosigned: return MirrorInfo(size: 0, next: 0)
        }
    }

    /// That a mirror is ahead of a round is the work of those who pulled from here meanwhile, unless it is ahead of all.
    private func checkAhead(_ size: UInt64) throws {
        let here = try record()
        guard size > here.size, here.own else { return }
        throw CustodyError(
            .ownLogBehind, "a mirror holds \(size) entries of this log, which has only \(here.size) here",
            remedy: "this gateway was rolled back: do not record, restore from the mirrors")
    }

    private func record() throws -> LogRecord {
        guard let log = try store.read({ try origin.map($0.log) ?? $0.ownLog() }) else {
            throw CustodyError(.logUnknown, "this gateway has no log")
        }
        return log
    }

    // MARK: Requests

    private var deadline: ContinuousClock.Instant { client.clock.now() + Self.requestMax }

    private enum Offered {
        case taken
        case size(UInt64)
        case unknown
    }

    private func addCheckpoint(_ round: PushRounds.Round, from old: UInt64) async throws -> Offered {
        let answer = try await client.offer(round, from: old, proof: try consistencyProof(from: old, to: round.size))
        switch answer.status {
        case 200: return .taken
        case 404: return .unknown
        case 409:
            guard let size = answer.size else { throw client.refused(answer) }
            return .size(size)
        case 403 where answer.refusalCode == .logNotKept:
            throw CustodyError(.logNotKept, "\(client.organisation) does not keep this log", at: client.address)
        default: throw client.refused(answer)
        }
    }

    private func consistencyProof(from old: UInt64, to size: UInt64) throws -> [Hash] {
        guard old > 0, old < size, let plan = MerkleProof.consistencyPlan(from: old, to: size) else { return [] }
        let log = try record()
        return try store.read { try $0.proof(plan, log: log.id) }
    }

    private enum Uploaded {
        case cosigned([String])
        case moved(MirrorInfo)
    }

    /// One `add-entries`, of which the mirror need not take all.
    private mutating func upload(_ round: PushRounds.Round, from remote: MirrorInfo) async throws -> Uploaded {
        guard remote.next <= round.size else { return .moved(remote) }
        let header = MirrorUpload.Header(
            origin: try record().origin, start: remote.next, end: round.size, ticket: remote.ticket)
        guard isMember, !isSlow else { return try await uploadWhole(header) }
        let count = SentBytes()
        let began = client.clock.now()
        let body = UploadBody(
            header: header, store: store, clock: client.clock, until: began + Self.streamTime, sent: count)
        let answer = try await client.post(
            path: Self.path, contentType: Self.contentType, chunks: body, deadline: deadline + Self.streamTime)
        note(count.bytes, in: client.clock.now() - began)
        return try uploaded(answer)
    }

    /// One with a length, of at most `packagesMax` packages, compressed where the network is slow.
    private mutating func uploadWhole(_ header: MirrorUpload.Header) async throws -> Uploaded {
        var body: [UInt8] = []
        let parts = UploadBody(
            header: header, store: store, clock: client.clock, packagesMax: Self.packagesMax, until: deadline,
            sent: SentBytes())
        for try await part in parts { body += part }
        let began = client.clock.now()
        let answer = try await post(body, compressed: isSlow)
        note(body.count, in: client.clock.now() - began)
        return answer
    }

    /// Notes how fast the network is.
    private mutating func note(_ bytes: Int, in time: Duration) {
        guard bytes >= 1 << 16 else { return }
        isSlow = Double(bytes) / (time / .seconds(1)) < Self.slowBytesPerSecond
    }

    private func post(_ body: [UInt8], compressed: Bool = false) async throws -> Uploaded {
        let small = compressed ? Gzip.compress(body) : nil
        return try uploaded(
            try await client.post(
                path: Self.path, contentType: Self.contentType, body: small ?? body,
                encoding: small == nil ? nil : Gzip.name, deadline: deadline))
    }

    private func uploaded(_ answer: PeerAnswer) throws -> Uploaded {
        let text = String(decoding: answer.body, as: UTF8.self)
        switch answer.status {
        case 200: return .cosigned(text.split(separator: "\n").map(String.init))
        case 202, 409:
            guard let info = MirrorInfo(text: text) else { throw client.refused(answer) }
            return .moved(info)
        default: throw client.refused(answer)
        }
    }
}

extension CustodyError.Code {
    public static let peerRefused: Self = "peer-refused"
    public static let peerMisbehaves: Self = "peer-misbehaves"
    public static let ownLogBehind: Self = "own-log-behind"
    public static let logUnknown: Self = "log-unknown"
}
