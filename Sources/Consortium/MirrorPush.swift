import Foundation
import Ledger
import Store

/// Pushes this gateway's own log to one mirror, a member's or anybody else's (C2SP tlog-mirror).
struct MirrorPush {
    /// Packages in one `add-entries` request (C2SP tlog-mirror: at most 32).
    static let packagesMax = 32
    /// How long one request may take.
    static let requestMax: Duration = .seconds(30)
    /// Answers in a row that take nothing, until this is given up for a while.
    static let attemptsMax = 8
    /// Bytes of a second below which a network is worth compressing for: compressing takes longer on a faster one.
    static let slowBytesPerSecond = 2_000_000.0

    let client: ConsortiumClient
    let store: LedgerStore
    /// What to do when the mirror does not know this log.
    let onUnknown: @Sendable () async throws -> Void

    /// Where the mirror stands, as far as it has said; nil before its first answer.
    private var remote: MirrorInfo?
    private var isSlow = false

    init(
        client: ConsortiumClient, store: LedgerStore, onUnknown: @escaping @Sendable () async throws -> Void
    ) {
        self.client = client
        self.store = store
        self.onUnknown = onUnknown
    }

    /// Brings a head and all entries below it.
    /// - Returns: the mirror's signature lines; none if it has a newer head already.
    /// - Throws: `CustodyError` with code `own-log-behind` if the mirror has more of this log than there is here,
    ///   `peer-refused`, `peer-misbehaves`; as the client.
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
                old = size
                if size == round.size { return try await ask() }
            case .unknown: try await onUnknown()
            }
        }
        throw CustodyError(.peerMisbehaves, "\(client.organisation) takes no checkpoint", at: client.address)
    }

    /// A mirror that was not met before is asked where it stands (C2SP tlog-mirror: an upload from zero to zero).
    private func ask() async throws -> MirrorInfo {
        let header = MirrorUpload.Header(origin: try own().origin, start: 0, end: 0)
        switch try await post(MirrorUpload.header(header)) {
        case .moved(let info): return info
        case .cosigned: return MirrorInfo(size: 0, next: 0)
        }
    }

    /// That a mirror is ahead of a round is the work of those who pulled from here meanwhile, unless it is ahead of all.
    private func checkAhead(_ size: UInt64) throws {
        let here = try own().size
        guard size > here else { return }
        throw CustodyError(
            .ownLogBehind, "a mirror holds \(size) entries of this log, which has only \(here) here",
            remedy: "this gateway was rolled back: do not record, restore from the mirrors")
    }

    private func own() throws -> LogRecord {
        guard let log = try store.read({ try $0.ownLog() }) else {
            throw CustodyError(.logUnknown, "this gateway has no log")
        }
        return log
    }

    // MARK: Requests

    private var deadline: ContinuousClock.Instant { .now + Self.requestMax }

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
        default: throw client.refused(answer)
        }
    }

    private func consistencyProof(from old: UInt64, to size: UInt64) throws -> [Hash] {
        guard old > 0, old < size, let plan = MerkleProof.consistencyPlan(from: old, to: size) else { return [] }
        let log = try own()
        return try store.read { try $0.proof(plan, log: log.id) }
    }

    private enum Uploaded {
        case cosigned([String])
        case moved(MirrorInfo)
    }

    /// The body that comes after the one that is under way, so that nobody waits for it to be read from the disk.
    private var prepared: (header: MirrorUpload.Header, packages: [UInt8], end: UInt64)?

    /// One `add-entries` with at most `packagesMax` packages.
    private mutating func upload(_ round: PushRounds.Round, from remote: MirrorInfo) async throws -> Uploaded {
        guard remote.next <= round.size else { return .moved(remote) }
        let header = MirrorUpload.Header(
            origin: try own().origin, start: remote.next, end: round.size, ticket: remote.ticket)
        let body = try prepared(for: header)
        let next = MirrorUpload.Header(origin: header.origin, start: body.end, end: header.end)
        let store = store
        async let following = try body.end < header.end ? Self.packages(of: next, store) : nil
        let began = ContinuousClock.now
        let uploaded = try await post(MirrorUpload.header(header) + body.packages, compressed: isSlow)
        if body.packages.count >= 1 << 16 {
            let pace = Double(body.packages.count) / ((ContinuousClock.now - began) / .seconds(1))
            isSlow = pace < Self.slowBytesPerSecond
        }
        prepared = try await following.map { (next, $0.bytes, $0.end) }
        return uploaded
    }

    private mutating func prepared(for header: MirrorUpload.Header) throws -> (packages: [UInt8], end: UInt64) {
        defer { prepared = nil }
        if let prepared, prepared.header.start == header.start, prepared.header.end == header.end {
            return (prepared.packages, prepared.end)
        }
        let made = try Self.packages(of: header, store)
        return (made.bytes, made.end)
    }

    private func post(_ body: [UInt8], compressed: Bool = false) async throws -> Uploaded {
        let small = compressed ? Gzip.compress(body) : nil
        let answer = try await client.post(
            path: "/add-entries", contentType: "application/octet-stream", body: small ?? body,
            encoding: small == nil ? nil : Gzip.name, deadline: deadline)
        let text = String(decoding: answer.body, as: UTF8.self)
        switch answer.status {
        case 200: return .cosigned(text.split(separator: "\n").map(String.init))
        case 202, 409:
            guard let info = MirrorInfo(text: text) else { throw client.refused(answer) }
            return .moved(info)
        default: throw client.refused(answer)
        }
    }

    private static func packages(
        of header: MirrorUpload.Header, _ store: LedgerStore
    ) throws -> (bytes: [UInt8], end: UInt64) {
        try store.read { snapshot in
            guard let log = try snapshot.log(header.origin) else {
                throw CustodyError(.logUnknown, "this gateway has no log")
            }
            var bytes: [UInt8] = []
            var start = header.start
            for _ in 0..<packagesMax where start < header.end {
                let end = MirrorUpload.packageEnd(start: start, uploadEnd: header.end)
                let rounded = start & ~UInt64(Tile.width - 1)
                let plan = MerkleProof.subtreePlan(start: rounded, end: end, size: header.end) ?? []
                try snapshot.appendBundle(log: log.id, from: start, to: end, to: &bytes)
                let proof = try snapshot.proof(plan, log: log.id)
                bytes.append(UInt8(proof.count))
                for hash in proof { hash.withUnsafeBytes { bytes.append(contentsOf: $0) } }
                start = end
            }
            return (bytes, start)
        }
    }
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

extension ConsortiumClient {
    /// `add-checkpoint` (C2SP tlog-witness).
    func offer(_ round: PushRounds.Round, from old: UInt64, proof: [Hash]) async throws -> Answer {
        let request = CheckpointRequest(oldSize: old, proof: proof, note: round.note)
        return try await post(
            path: "/add-checkpoint", contentType: "text/plain; charset=utf-8", body: Array(request.text.utf8),
            deadline: .now + MirrorPush.requestMax)
    }

    func refused(_ answer: Answer) -> CustodyError {
        CustodyError(
            .peerRefused,
            "\(organisation) answered \(answer.status): \(String(decoding: answer.body.prefix(300), as: UTF8.self))",
            at: address)
    }
}

extension ConsortiumClient.Answer {
    /// The size in a `text/x.tlog.size` (C2SP tlog-witness); nil where the body is something else.
    var size: UInt64? {
        let text = String(decoding: body, as: UTF8.self)
        return text.hasSuffix("\n") ? UInt64(text.dropLast()) : nil
    }
}

extension CustodyError.Code {
    public static let peerRefused: Self = "peer-refused"
    public static let peerMisbehaves: Self = "peer-misbehaves"
    public static let ownLogBehind: Self = "own-log-behind"
    public static let logUnknown: Self = "log-unknown"
}
