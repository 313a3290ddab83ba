import HTTPTypes
import Ledger

/// How a gateway calls one peer's consortium port. `ConsortiumClient` does it over mutual TLS.
///
/// Any number of calls may run at once, and may come to the peer in any order. A call that throws may have been carried
/// out all the same.
public protocol PeerClient: Sendable {
    /// The organisation that the peer must be of, or the name of an outsider.
    var organisation: String { get }
    /// Where the peer is, for people.
    var address: String { get }
    /// By which deadlines are measured.
    var clock: PeerClock { get }

    /// - Parameters:
    ///   - path: begins with a slash; may hold a query.
    ///   - maxBytes: of the answer's body; a longer one is an error.
    /// - Throws: `CustodyError` where there is no answer before the deadline; `CancellationError`.
    func get(path: String, maxBytes: Int, deadline: ContinuousClock.Instant) async throws -> PeerAnswer

    /// Asks for a range of what is there; an answer of status 206 holds it.
    ///
    /// - Throws: as `get(path:maxBytes:deadline:)`.
    func get(
        path: String, range: ByteRange, maxBytes: Int, deadline: ContinuousClock.Instant
    ) async throws -> PeerAnswer

    /// - Parameter encoding: the coding of the body, if it has one.
    /// - Throws: as `get(path:maxBytes:deadline:)`.
    func post(
        path: String, contentType: String, body: [UInt8], encoding: String?, maxBytes: Int,
        deadline: ContinuousClock.Instant
    ) async throws -> PeerAnswer

    /// Sends the chunks as they come, without holding them all.
    ///
    /// - Throws: as `get(path:maxBytes:deadline:)`.
    func post<Chunks: AsyncSequence & Sendable>(
        path: String, contentType: String, chunks: Chunks, maxBytes: Int, deadline: ContinuousClock.Instant
    ) async throws -> PeerAnswer where Chunks.Element == [UInt8]

    /// Closes all connections; calls that run fail.
    func shutdown() async throws
}

/// A peer's answer, whatever its status.
public struct PeerAnswer: Sendable {
    /// Bytes of an answer's body, unless a call says otherwise.
    public static let bytesMax = 16 << 20

    /// Of HTTP.
    public let status: Int
    public let headers: HTTPFields
    public let body: [UInt8]

    public init(status: Int, headers: HTTPFields = [:], body: [UInt8]) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// What it was refused for; nil where the peer does not say.
    var refusalCode: CustodyError.Code? {
        MirrorRoutes.refusalCode.flatMap { headers[$0] }.map { CustodyError.Code(rawValue: $0) }
    }

    /// The size in a `text/x.tlog.size` (C2SP tlog-witness); nil where the body is something else.
    var size: UInt64? {
        let text = String(decoding: body, as: UTF8.self)
        return text.hasSuffix("\n") ? UInt64(text.dropLast()) : nil
    }
}

extension PeerClient {
    /// Of a client that knows no ranges, which is answered with the whole.
    public func get(
        path: String, range: ByteRange, maxBytes: Int, deadline: ContinuousClock.Instant
    ) async throws -> PeerAnswer {
        try await get(path: path, maxBytes: maxBytes, deadline: deadline)
    }

    func get(path: String, deadline: ContinuousClock.Instant) async throws -> PeerAnswer {
        try await get(path: path, maxBytes: PeerAnswer.bytesMax, deadline: deadline)
    }

    func post(
        path: String, contentType: String, body: [UInt8], encoding: String? = nil, deadline: ContinuousClock.Instant
    ) async throws -> PeerAnswer {
        try await post(
            path: path, contentType: contentType, body: body, encoding: encoding, maxBytes: PeerAnswer.bytesMax,
            deadline: deadline)
    }

    func post<Chunks: AsyncSequence & Sendable>(
        path: String, contentType: String, chunks: Chunks, deadline: ContinuousClock.Instant
    ) async throws -> PeerAnswer where Chunks.Element == [UInt8] {
        try await post(
            path: path, contentType: contentType, chunks: chunks, maxBytes: PeerAnswer.bytesMax, deadline: deadline)
    }

    /// `add-checkpoint` (C2SP tlog-witness).
    func offer(_ round: PushRounds.Round, from old: UInt64, proof: [Hash]) async throws -> PeerAnswer {
        let request = CheckpointRequest(oldSize: old, proof: proof, note: round.note)
        return try await post(
            path: "/add-checkpoint", contentType: "text/plain; charset=utf-8", body: Array(request.text.utf8),
            deadline: clock.now() + MirrorPush.requestMax)
    }

    /// Gives a peer a head with the cosignatures that are known of it.
    func handOver(_ note: SignedNote, deadline: ContinuousClock.Instant) async throws -> PeerAnswer {
        try await post(
            path: PeerNews.cosignaturesPath, contentType: "text/plain; charset=utf-8", body: Array(note.encoded.utf8),
            deadline: deadline)
    }

    func refused(_ answer: PeerAnswer) -> CustodyError {
        CustodyError(
            .peerRefused,
            "\(organisation) answered \(answer.status): \(String(decoding: answer.body.prefix(300), as: UTF8.self))",
            at: address)
    }
}
