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

    public init(store: LedgerStore, mirror: Mirror, pushes: RecentPushes, instance: String) {
        self.store = store
        self.mirror = mirror
        self.pushes = pushes
        documents = DocumentExchange(store: store)
        self.instance = instance
    }

    public func add(to router: Router<MemberContext>) {
        router.post("/add-checkpoint") { request, _ in try await addCheckpoint(request) }
        router.post("/add-entries") { request, _ in try await addEntries(request) }
        router.post("\(LogIntroduction.path)") { request, _ in try await introduce(request) }
        router.post("\(PeerNews.cosignaturesPath)") { request, _ in
            try await take(request, upTo: SignedNote.bytesMax) { body in
                try await mirror.keepCosignatures(of: try SignedNote(bytes: body))
            }
        }
        router.post("\(PeerNews.evidencePath)") { request, _ in
            try await take(request, upTo: ForkEvidence.bytesMax) { body in
                try await mirror.convict(by: try ForkEvidence(bytes: body))
            }
        }
        router.get("\(PeerNews.evidencePath)/:hash") { _, context in
            try evidence(against: try context.parameters.require("hash"))
        }
        router.post("\(DocumentPackage.path)") { request, _ in try await takeDocuments(request) }
        router.get("\(DocumentPackage.path)") { request, _ in
            let version = request.uri.queryParameters["after"].flatMap { Int(String($0)) } ?? 0
            return try Self.json(try documents.package(after: version))
        }
        router.get("\(PeerNews.path)") { request, _ in try await news(request) }
        router.get("/:hash/checkpoint") { _, context in
            try checkpoint(of: try context.parameters.require("hash"))
        }
        router.get("/:hash/tile/**") { request, context in
            try tile(of: try context.parameters.require("hash"), path: request.uri.path)
        }
    }

    // MARK: Writing

    private func addCheckpoint(_ request: Request) async throws -> Response {
        let body = try await request.body.collect(upTo: CheckpointRequest.bytesMax)
        guard let parsed = CheckpointRequest(text: String(buffer: body)) else {
            return response(.refused(.malformed, "the request is not an add-checkpoint"))
        }
        return response(try await mirror.addCheckpoint(parsed))
    }

    private func introduce(_ request: Request) async throws -> Response {
        let body = try await request.body.collect(upTo: LogIntroduction.bytesMax)
        guard let introduction = try? JSONDecoder().decode(LogIntroduction.self, from: Data(body.readableBytesView))
        else {
            return response(.refused(.malformed, "the request introduces no log"))
        }
        do {
            try await mirror.introduce(origin: introduction.origin, chain: introduction.chain.map { [UInt8]($0) })
            return Response(status: .ok)
        } catch let error as CustodyError {
            return response(.refused(.forbidden, error.description))
        }
    }

    /// Takes what a member tells; what does not hold is refused.
    private func take(
        _ request: Request, upTo bytesMax: Int, _ keep: (ByteBufferView) async throws -> Void
    ) async throws -> Response {
        let body = try await request.body.collect(upTo: bytesMax)
        do {
            try await keep(body.readableBytesView)
            return Response(status: .ok)
        } catch let error as CustodyError {
            return response(.refused(.unprocessable, error.description))
        }
    }

    private func addEntries(_ request: Request) async throws -> Response {
        var reader = MirrorUpload.Reader()
        var session: UploadSession?
        for try await chunk in request.body {
            reader.feed(chunk.readableBytesView)
            if let answer = try await drain(&reader, into: &session) { return response(answer) }
        }
        guard let session else { return response(.refused(.malformed, "the upload has no header")) }
        return response(try await end(session))
    }

    private struct UploadSession {
        let header: MirrorUpload.Header
        let checkpoint: Checkpoint
        var next: UInt64?
    }

    /// Takes every whole part that has arrived.
    /// - Returns: an answer that ends the upload early.
    private func drain(
        _ reader: inout MirrorUpload.Reader, into session: inout UploadSession?
    ) async throws -> MirrorAnswer? {
        while true {
            switch reader.take() {
            case .more: return nil
            case .malformed(let message): return .refused(.malformed, message)
            case .header(let header):
                switch try await mirror.begin(header) {
                case .answer(let answer): return answer
                case .proceed(let checkpoint): session = UploadSession(header: header, checkpoint: checkpoint)
                }
                pushes.note(header.origin)
            case .package(let package):
                guard let checkpoint = session?.checkpoint else { return .refused(.malformed, "no header came first") }
                do {
                    session?.next = try await mirror.take(package, for: checkpoint)
                } catch let error as CustodyError where Self.refusals.contains(error.code) {
                    return .refused(.unprocessable, error.description)
                }
            }
        }
    }

    private static let refusals: Set<CustodyError.Code> = [
        .packageRefused, .previousMismatch, .entryMalformed, .limitExceeded,
    ]

    private func end(_ session: UploadSession) async throws -> MirrorAnswer {
        let isWhole = (session.next ?? session.header.start) >= session.header.end
        if isWhole, let lines = try await mirror.finish(session.checkpoint) { return .cosigned(lines) }
        guard let next = session.next else { return .refused(.malformed, "the upload holds no whole package") }
        return .accepted(MirrorInfo(size: session.header.end, next: next))
    }

    private func response(_ answer: MirrorAnswer) -> Response {
        Response(
            status: .init(code: answer.status),
            headers: [.contentType: answer.contentType, .acceptEncoding: "identity"],
            body: .init(byteBuffer: ByteBuffer(string: answer.body)))
    }

    // MARK: Reading

    private func log(_ hash: String, _ snapshot: LedgerSnapshot) throws -> LogRecord {
        guard let log = try snapshot.logs().first(where: { LogPath.prefix($0.origin) == "/\(hash)" }) else {
            throw HTTPError(.notFound, message: "this log is not known here")
        }
        return log
    }

    private func checkpoint(of hash: String) throws -> Response {
        let note = try store.read { try $0.head(of: log(hash, $0).id) }
        guard let note else { throw HTTPError(.notFound, message: "this log has no checkpoint yet") }
        return Self.changing(note.encoded)
    }

    private func evidence(against hash: String) throws -> Response {
        let evidence = try store.read { try $0.evidence(against: log(hash, $0).id).first }
        guard let evidence else { throw HTTPError(.notFound, message: "nothing is known against this log") }
        return Self.changing(evidence.encoded)
    }

    /// Text that may be another the next time.
    private static func changing(_ text: String) -> Response {
        Response(
            status: .ok, headers: [.contentType: "text/plain; charset=utf-8", .cacheControl: "no-cache"],
            body: .init(byteBuffer: ByteBuffer(string: text)))
    }

    private func tile(of hash: String, path: String) throws -> Response {
        guard let tilePath = TilePath(String(path.dropFirst(hash.utf8.count + 2))) else {
            throw HTTPError(.notFound, message: "this is no tile")
        }
        let bytes = try store.read { snapshot in try content(of: tilePath, log: log(hash, snapshot), snapshot) }
        return Response(
            status: .ok,
            headers: [.contentType: "application/octet-stream", .cacheControl: "public, max-age=31536000, immutable"],
            body: .init(byteBuffer: ByteBuffer(bytes: bytes)))
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

    // MARK: Documents

    private func takeDocuments(_ request: Request) async throws -> Response {
        let body = try await request.body.collect(upTo: DocumentPackage.bytesMax)
        guard let package = try? JSONDecoder().decode(DocumentPackage.self, from: Data(body.readableBytesView)) else {
            return response(.refused(.malformed, "the request brings no documents"))
        }
        do { try documents.take(package) } catch let error as CustodyError {
            return response(.refused(.unprocessable, error.description))
        }
        return Response(status: .ok)
    }

    private static func json(_ value: some Encodable) throws -> Response {
        Response(
            status: .ok, headers: [.contentType: "application/json"],
            body: .init(byteBuffer: ByteBuffer(bytes: try JSONEncoder().encode(value))))
    }

    // MARK: News

    private func news(_ request: Request) async throws -> Response {
        let known = request.uri.queryParameters["after"].map(String.init)
        let news = store.changes.follow()
        if known == token { await Self.wait(for: news, atMost: PeerNews.holdMax) }
        return try Self.json(try current())
    }

    private var token: String { "\(instance)-\(store.changes.count)" }

    private func current() throws -> PeerNews {
        let token = token
        let logs = try store.read { snapshot in
            try snapshot.logs().map { log in
                let head = try snapshot.head(of: log.id).map { try Checkpoint(text: $0.text) }
                let cosigners = try snapshot.cosigners(size: head?.size ?? 0, of: log.id, by: store.rulebook.latest)
                return PeerNews.Log(
                    origin: log.origin, size: head?.size ?? 0, cosigners: cosigners, root: head?.root,
                    isFrozen: log.frozen != nil)
            }
        }
        return PeerNews(token: token, logs: logs, documents: try documents.summary())
    }

    private static func wait(for news: AsyncStream<Void>, atMost limit: Duration) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { for await _ in news.cancelOnGracefulShutdown() { return } }
            group.addTask { try? await cancelWhenGracefulShutdown { try await Task.sleep(for: limit) } }
            await group.next()
            group.cancelAll()
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

extension MirrorUpload {
    /// C2SP tlog-tiles: entries, each after its 16-bit length.
    static func bundle(_ entries: [[UInt8]]) -> [UInt8] {
        var bytes: [UInt8] = []
        for entry in entries {
            bytes.append(contentsOf: [UInt8(entry.count >> 8), UInt8(entry.count & 0xFF)])
            bytes.append(contentsOf: entry)
        }
        return bytes
    }

    /// - Returns: nil unless the bytes are exactly `count` entries.
    static func entries(inBundle bytes: [UInt8], count: Int) -> [[UInt8]]? {
        var entries: [[UInt8]] = []
        var position = 0
        while position < bytes.count, entries.count < count {
            guard bytes.count - position >= 2 else { return nil }
            let size = Int(bytes[position]) << 8 | Int(bytes[position + 1])
            guard bytes.count - position - 2 >= size else { return nil }
            entries.append(Array(bytes[(position + 2)..<(position + 2 + size)]))
            position += 2 + size
        }
        return entries.count == count && position == bytes.count ? entries : nil
    }
}
