import Foundation
import HTTPTypes
import Hummingbird
import Ledger
import Logging
import NIOCore
import ServiceLifecycle
import Store

/// The consortium port: C2SP tlog-tiles for every log that is stored here, tlog-witness and tlog-mirror for pushing
/// to it, and the long poll.
public struct MirrorRoutes: Sendable {
    private let store: LedgerStore
    private let mirror: Mirror
    private let pushes: RecentPushes
    private let documents: DocumentExchange
    /// Tells one run of this process from the next, so that a poll from before a restart is answered at once.
    private let instance: String
    private let clock: PeerClock
    private let now: @Sendable () -> Int64
    private let logger: Logger
    private let refusals = RefusalLimit()
    private let logs: ServedLogs
    private let kept: KeptLogs?

    /// - Parameters:
    ///   - watch: says from when on this gateway's own log is served; nil = from the start.
    ///   - kept: says which logs are taken; nil = all.
    ///   - now: UTC microseconds.
    public init(
        store: LedgerStore, mirror: Mirror, pushes: RecentPushes, instance: String, watch: OwnLogWatch? = nil,
        kept: KeptLogs? = nil, clock: PeerClock = .system, now: @escaping @Sendable () -> Int64, logger: Logger
    ) {
        logs = ServedLogs(watch: watch)
        self.kept = kept
        self.store = store
        self.mirror = mirror
        self.pushes = pushes
        documents = DocumentExchange(store: store)
        self.instance = instance
        self.clock = clock
        self.now = now
        self.logger = logger
    }

    public func add(to router: Router<MemberContext>) {
        router.post("/add-checkpoint") { request, context in try await addCheckpoint(request, context) }
        router.post("/add-entries") { request, context in try await addEntries(request, context) }
        router.post("\(LogIntroduction.path)") { request, context in
            try await take(request, context, upTo: LogIntroduction.bytesMax, or: .forbidden, introduce)
        }
        router.post("\(PeerNews.cosignaturesPath)") { request, context in
            try await take(request, context, upTo: SignedNote.bytesMax) { body in
                try await mirror.keepCosignatures(of: try SignedNote(bytes: body))
            }
        }
        router.post("\(PeerNews.evidencePath)") { request, context in
            try await take(request, context, upTo: LogEvidence.bytesMax) { body in
                try await mirror.convict(by: try LogEvidence(bytes: body))
            }
        }
        router.get("\(PeerNews.evidencePath)/:hash") { _, context in
            try evidence(against: try context.parameters.require("hash"))
        }
        router.get("\(PeerNews.confirmedPath)/:hash") { _, context in
            try confirmed(of: try context.parameters.require("hash"))
        }
        router.post("\(DocumentPackage.path)") { request, context in
            try await take(request, context, upTo: DocumentPackage.bytesMax, takeDocuments)
        }
        router.get("\(DocumentPackage.path)") { request, _ in
            let version = request.uri.queryParameters["after"].flatMap { Int(String($0)) } ?? 0
            return try Response.json(try documents.package(after: version))
        }
        router.get("\(PeerNews.path)") { request, _ in try await news(request) }
        router.get("/:hash/checkpoint") { _, context in
            try checkpoint(of: try context.parameters.require("hash"))
        }
        router.get("/:hash/tile/**") { request, context in
            try tile(of: try context.parameters.require("hash"), request)
        }
    }

    // MARK: Writing

    private func addCheckpoint(_ request: Request, _ context: MemberContext) async throws -> Response {
        try await admitted(context) {
            guard let body = try await Self.body(of: request, upTo: CheckpointRequest.bytesMax) else {
                return Self.tooLarge(CheckpointRequest.bytesMax)
            }
            guard let parsed = CheckpointRequest(bytes: body) else {
                return .refused(.malformed, CustodyError(.requestMalformed, "the request is no add-checkpoint"))
            }
            if let kept, let checkpoint = try? Checkpoint(text: parsed.note.text),
                let error = try kept.refusal(of: checkpoint.origin)
            {
                return .refused(.forbidden, error)
            }
            return try await mirror.addCheckpoint(parsed)
        }
    }

    private func introduce(_ body: [UInt8]) async throws {
        guard let introduction = try? JSONDecoder().decode(LogIntroduction.self, from: Data(body)) else {
            throw CustodyError(.requestMalformed, "the request introduces no log")
        }
        if let error = try kept?.refusal(of: introduction.origin) { throw error }
        try await mirror.introduce(origin: introduction.origin, chain: introduction.chain.map { [UInt8]($0) })
    }

    private func takeDocuments(_ body: [UInt8]) throws {
        guard let package = try? JSONDecoder().decode(DocumentPackage.self, from: Data(body)) else {
            throw CustodyError(.requestMalformed, "the request brings no documents")
        }
        try documents.take(package)
    }

    /// Takes what a member tells; what does not hold is refused.
    private func take(
        _ request: Request, _ context: MemberContext, upTo bytesMax: Int,
        or refusal: MirrorAnswer.Refusal = .unprocessable, _ keep: ([UInt8]) async throws -> Void
    ) async throws -> Response {
        try await admitted(context) {
            guard let body = try await Self.body(of: request, upTo: bytesMax) else { return Self.tooLarge(bytesMax) }
            do {
                try await keep(body)
                return .cosigned([])
            } catch let error as CustodyError {
                return .refused(error.code == .requestMalformed ? .malformed : refusal, error)
            }
        }
    }

    private func addEntries(_ request: Request, _ context: MemberContext) async throws -> Response {
        let response = try await admitted(context) {
            let intake: UploadIntake
            do {
                intake = try UploadIntake(
                    mirror: mirror, clock: clock, encoding: request.headers[.contentEncoding],
                    onBegin: { pushes.note($0) })
            } catch let error as CustodyError { return .refused(.malformed, error) }
            do { return try await Self.answer(to: request, intake) } catch {
                judgeLater()
                throw error
            }
        }
        // Of a package that is refused, the entries before the broken one may have been taken.
        if response.status == .ok || response.status == .unprocessableContent { judgeLater() }
        return response
    }

    private static func answer(to request: Request, _ intake: UploadIntake) async throws -> MirrorAnswer {
        var intake = intake
        do {
            for try await chunk in request.body {
                if let answer = try await intake.take(chunk) { return answer }
            }
        } catch {
            // The line was cut: what has come through whole needs not come again.
            try await intake.cut()
            throw error
        }
        return try await intake.end()
    }

    /// Verdicts follow the cosignature: a mirror judges bytes, and nobody waits for the business in them.
    private func judgeLater() {
        let (mirror, logger) = (mirror, logger)
        Task(executorPreference: clock.executor) {
            do { try await mirror.judge() } catch {
                logger.error("entries of a peer have no verdict yet", metadata: ["error": "\(error)"])
            }
        }
    }

    // MARK: Refusing

    static let refusalCode = HTTPField.Name("Custody-Code")

    /// Answers a member, unless it has been refused too often of late; a refusal is logged with its code.
    private func admitted(
        _ context: MemberContext, _ answer: () async throws -> MirrorAnswer
    ) async throws -> Response {
        let member = try context.member.origin
        let seconds = now() / 1_000_000
        if let wait = refusals.wait(of: member, now: seconds) {
            let error = CustodyError(.refusedTooOften, "too much of what this gateway sent was refused", at: member)
            return Self.response(.refused(.tooMany, error), after: wait)
        }
        let answer = try await answer()
        if let error = answer.error, answer.isRefusal {
            refusals.note(member, now: seconds)
            logger.warning(
                "refused", metadata: ["code": "\(error.code)", "member": "\(member)", "error": "\(error)"])
        }
        return Self.response(answer)
    }

    private static func response(_ answer: MirrorAnswer, after wait: Int64? = nil) -> Response {
        var headers: HTTPFields = [.contentType: answer.contentType, .acceptEncoding: "\(Gzip.name), identity"]
        if let name = refusalCode, let error = answer.error { headers[name] = error.code.rawValue }
        if let wait { headers[.retryAfter] = "\(wait)" }
        return Response(
            status: .init(code: answer.status), headers: headers,
            body: .init(byteBuffer: ByteBuffer(string: answer.body)))
    }

    /// - Returns: nil if it is longer.
    private static func body(of request: Request, upTo bytesMax: Int) async throws -> [UInt8]? {
        var bytes: [UInt8] = []
        for try await chunk in request.body {
            guard bytes.count + chunk.readableBytes <= bytesMax else { return nil }
            bytes += chunk.readableBytesView
        }
        return bytes
    }

    private static func tooLarge(_ bytesMax: Int) -> MirrorAnswer {
        .refused(.tooLarge, CustodyError(.requestTooLarge, "the request has more than \(bytesMax) bytes"))
    }

    // MARK: Reading

    private func checkpoint(of hash: String) throws -> Response {
        let note = try store.read { try $0.head(of: logs.log(hash, $0).id) }
        guard let note else { throw HTTPError(.notFound, message: "this log has no checkpoint yet") }
        return .changing(note.encoded)
    }

    private func confirmed(of hash: String) throws -> Response {
        let note = try store.read { try $0.confirmedHead(of: logs.log(hash, $0)) }
        guard let note else { throw HTTPError(.notFound, message: "nothing of this log is confirmed here") }
        return .changing(note.encoded)
    }

    private func evidence(against hash: String) throws -> Response {
        let evidence = try store.read { try $0.evidence(against: logs.log(hash, $0).id) }
        guard let evidence else { throw HTTPError(.notFound, message: "nothing is known against this log") }
        return .changing(evidence.encoded)
    }

    private func tile(of hash: String, _ request: Request) throws -> Response {
        guard let tilePath = TilePath(String(request.uri.path.dropFirst(hash.utf8.count + 2))) else {
            throw HTTPError(.notFound, message: "this is no tile")
        }
        var bytes = try store.read { snapshot in try content(of: tilePath, log: logs.log(hash, snapshot), snapshot) }
        var headers: HTTPFields = [
            .contentType: "application/octet-stream", .cacheControl: "public, max-age=31536000, immutable",
        ]
        // Hashes do not get smaller (C2SP tlog-tiles asks for it of entries alone).
        if tilePath.content == .entries {
            headers[.vary] = "Accept-Encoding"
            if Self.takesGzip(request), let small = Gzip.compress(bytes) {
                headers[.contentEncoding] = Gzip.name
                bytes = small
            }
        }
        return Response(status: .ok, headers: headers, body: .init(byteBuffer: ByteBuffer(bytes: bytes)))
    }

    private static func takesGzip(_ request: Request) -> Bool {
        let codings = request.headers[values: .acceptEncoding].flatMap { $0.split(separator: ",") }
        return codings.contains { coding in
            let parts = coding.lowercased().split(separator: ";").map { $0.filter { !$0.isWhitespace } }
            // A weight of zero forbids (RFC 9110 section 12.4.2).
            return parts.first == Gzip.name
                && !parts.dropFirst().contains { $0.hasPrefix("q=") && Double($0.dropFirst(2)) == 0 }
        }
    }

    private func content(of path: TilePath, log: LogRecord, _ snapshot: LedgerSnapshot) throws -> [UInt8] {
        switch path.content {
        case .entries:
            guard path.index < log.size else { throw HTTPError(.notFound) }
            let entries = try snapshot.entries(log: log.id, from: path.index * UInt64(Tile.width), count: path.width)
            guard entries.count == path.width else { throw HTTPError(.notFound) }
            return MirrorUpload.bundle(entries)
        case .hashes(let level):
            let first = (path.index, UInt64(path.width))
            let available = level < 8 ? log.size >> UInt64(level * Tile.height) : 0
            guard first.0 < available, first.0 * UInt64(Tile.width) + first.1 <= available else {
                throw HTTPError(.notFound)
            }
            let hashes = try snapshot.hashes(
                of: Tile(level: level, index: path.index), slots: 0..<path.width, log: log.id)
            return hashes.flatMap(\.bytes)
        }
    }

    // MARK: News

    private func news(_ request: Request) async throws -> Response {
        let known = request.uri.queryParameters["after"].map(String.init)
        // Earlier releases take what they are told for all that there is.
        let knowsRest = request.uri.queryParameters["only"].map(String.init) == PeerNews.onlyChanges
        let deadline = clock.now() + PeerNews.holdMax
        while true {
            let changes = store.changes.follow()
            let news = try current(after: known, knowsRest: knowsRest)
            let rest = deadline - clock.now()
            guard news.token == known, rest > .zero, !Task.isShuttingDownGracefully, !Task.isCancelled else {
                return try .json(news)
            }
            await wait(for: changes, atMost: rest)
        }
    }

    private func current(after known: String?, knowsRest: Bool) throws -> PeerNews {
        let prefix = "\(instance)-"
        let version = known.flatMap { $0.hasPrefix(prefix) ? UInt64($0.dropFirst(prefix.count)) : nil }
        let telling = try mirror.board.telling(since: knowsRest ? version : nil)
        return PeerNews(
            token: "\(prefix)\(telling.version)", logs: telling.logs, documents: telling.documents,
            disclosures: telling.disclosures)
    }

    private func wait(for news: AsyncStream<Void>, atMost limit: Duration) async {
        let (shutdown, end) = AsyncStream.makeStream(of: Void.self)
        await withGracefulShutdownHandler {
            await clock.first(of: news, shutdown, atMost: limit)
        } onGracefulShutdown: {
            end.finish()
        }
    }
}

/// Asks a mirror to take up a log: its certificate shows whose it is.
struct LogIntroduction: Codable, Sendable {
    static let path = "/custody/v1/logs"
    static let bytesMax = 1 << 16

    let origin: String
    /// DER, base64 in JSON.
    let chain: [Data]
}

extension LogIntroduction {
    /// Nil if the log does not begin with its genesis here.
    init?(_ log: LogRecord, _ snapshot: LedgerSnapshot) throws {
        guard let genesis = try snapshot.genesis(of: log) else { return nil }
        self.init(origin: log.origin, chain: genesis.certificateChain.map { Data($0) })
    }
}
