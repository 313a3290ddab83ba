import HTTPTypes
import Ledger
import NIOCore

/// Takes one `add-entries` request as it streams in: reads packages while the disk takes those before.
///
/// It holds at most `batchBytes` and one package, whatever the request holds.
struct UploadIntake {
    /// Bytes of entries that are committed together: fewer commits for a log that catches up.
    static let batchBytes = 4 << 20
    /// How long packages wait for more before they are committed: a slow line may be cut at any time.
    static let batchTime: Duration = .milliseconds(200)

    private let mirror: Mirror
    private let clock: PeerClock
    private let inflater: Gzip.Inflater?
    private let onBegin: (String) -> Void
    private var reader = MirrorUpload.Reader()
    private var header: MirrorUpload.Header?
    private var target: Mirror.UploadTarget?
    private var batch: [MirrorUpload.ReadPackage] = []
    private var batchSize = 0
    private var committed: ContinuousClock.Instant
    private var writing: Task<Mirror.Taken, any Error>?
    /// The first entry that is not here, once something has been taken.
    private var next: UInt64?

    /// - Parameters:
    ///   - encoding: the request's `Content-Encoding`.
    ///   - onBegin: told the log's origin when its entries begin to come.
    /// - Throws: `CustodyError` with code `request-malformed` for a coding other than gzip.
    init(mirror: Mirror, clock: PeerClock, encoding: String?, onBegin: @escaping (String) -> Void) throws {
        self.mirror = mirror
        self.clock = clock
        committed = clock.now()
        self.onBegin = onBegin
        switch encoding?.lowercased() {
        case nil, "identity": inflater = nil
        case Gzip.name: inflater = try Gzip.Inflater()
        default:
            throw CustodyError(
                .requestMalformed, "the body is coded in a way that is not known here", remedy: "send gzip or identity")
        }
    }

    /// - Returns: an answer that ends the upload early.
    mutating func take(_ chunk: ByteBuffer) async throws -> MirrorAnswer? {
        guard let inflater else {
            reader.feed(chunk.readableBytesView)
            return try await drain()
        }
        do {
            inflater.feed(Array(chunk.readableBytesView))
            while let piece = try inflater.next() {
                reader.feed(piece)
                if let answer = try await drain() { return answer }
            }
            return nil
        } catch let error as CustodyError where error.code == .gzipMalformed {
            return try await stop(.refused(.malformed, error))
        }
    }

    /// Takes every whole part that has arrived.
    private mutating func drain() async throws -> MirrorAnswer? {
        while true {
            switch reader.take() {
            case .more:
                guard !batch.isEmpty, clock.now() - committed > Self.batchTime else { return nil }
                return try await commit()
            case .malformed(let message):
                return try await stop(.refused(.malformed, CustodyError(.requestMalformed, message)))
            case .oversized(let message):
                return try await stop(.refused(.tooLarge, CustodyError(.uploadOversized, message)))
            case .header(let header):
                self.header = header
                switch try await mirror.begin(header) {
                case .answer(let answer): return answer
                case .proceed(let target): self.target = target
                }
                onBegin(header.origin)
            case .package(let package):
                if let answer = try await add(package) { return answer }
            }
        }
    }

    private mutating func add(_ package: MirrorUpload.Package) async throws -> MirrorAnswer? {
        guard let target else { return nil }
        batch.append(
            MirrorUpload.ReadPackage(package, of: target.checkpoint.origin, isForeign: target.isForeign))
        batchSize += package.bundle.byteCount
        return batchSize >= Self.batchBytes ? try await commit() : nil
    }

    /// Lets the mirror take what has been read, once it has taken what came before.
    /// - Returns: the answer if that was refused.
    private mutating func commit() async throws -> MirrorAnswer? {
        if let answer = try await settle() { return answer }
        guard let target, !batch.isEmpty else { return nil }
        let (mirror, packages) = (mirror, batch)
        batch.removeAll()
        batchSize = 0
        committed = clock.now()
        writing = Task(executorPreference: clock.executor) {
            try await mirror.take(packages, for: target.checkpoint, under: target.note)
        }
        return nil
    }

    private mutating func settle() async throws -> MirrorAnswer? {
        guard let writing else { return nil }
        self.writing = nil
        let taken = try await writing.value
        if let refusal = taken.refusal { return .refused(.unprocessable, refusal) }
        next = taken.next
        return nil
    }

    /// Ends with an answer, and leaves aside what has not been committed: the request is not what it should be.
    private mutating func stop(_ answer: MirrorAnswer) async throws -> MirrorAnswer {
        batch.removeAll()
        return try await settle() ?? answer
    }

    /// Commits all that has been read: the rest of the request does not come.
    mutating func cut() async throws {
        guard try await flush() == nil else { return }
        _ = try await finish()
    }

    private mutating func flush() async throws -> MirrorAnswer? {
        if let answer = try await commit() { return answer }
        return try await settle()
    }

    /// - Returns: nil if entries are missing.
    private func finish() async throws -> MirrorAnswer? {
        guard let header, let target, (next ?? header.start) >= header.end else { return nil }
        return try await mirror.finish(target)
    }

    /// The answer to a request of which all has been taken.
    mutating func end() async throws -> MirrorAnswer {
        if let answer = try await flush() { return answer }
        guard let header, let target else {
            return .refused(.malformed, CustodyError(.uploadTruncated, "the upload has no whole header"))
        }
        if let answer = try await finish() { return answer }
        guard let next else {
            return .refused(
                .malformed, CustodyError(.uploadTruncated, "the upload holds no whole package", at: header.origin))
        }
        return .accepted(await mirror.info(of: target, next: next))
    }
}
