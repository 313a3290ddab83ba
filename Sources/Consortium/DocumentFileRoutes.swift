import Foundation
import HTTPTypes
import Hummingbird
import Ledger
import NIOCore
import ServiceLifecycle
import Store

/// The part of the consortium port where members fetch the files of documents, and hand in what is wanted here: a gateway
/// that nobody can dial has no other way to give its documents to anybody.
public struct DocumentFileRoutes: Sendable {
    /// Gives under it the file of a hash, by ranges (RFC 9110 section 14), and takes what comes next of one.
    static let path = "/custody/v1/files"
    static let wantedPath = path + "/wanted"

    private let files: DocumentFiles
    private let instance: String
    private let clock: PeerClock

    /// - Parameter instance: tells one run of this process from the next.
    public init(files: DocumentFiles, instance: String, clock: PeerClock = .system) {
        self.files = files
        self.instance = instance
        self.clock = clock
    }

    public func add(to router: Router<MemberContext>) {
        router.get("\(Self.wantedPath)") { request, _ in try await wanted(request) }
        router.get("\(Self.path)/:hash") { request, context in try await give(request, context) }
        router.post("\(Self.path)/:hash") { request, context in try await take(request, context) }
    }

    private static func number(_ name: String, _ request: Request) -> UInt64? {
        request.uri.queryParameters[name[...]].flatMap { UInt64($0) }
    }

    // MARK: Wanted

    /// A long poll, as for news.
    private func wanted(_ request: Request) async throws -> Response {
        let known = request.uri.queryParameters["after"].map(String.init)
        let deadline = clock.now() + PeerNews.holdMax
        while true {
            let changes = files.changes.follow()
            let token = "\(instance)-\(files.changes.count)"
            let rest = deadline - clock.now()
            guard token == known, rest > .zero, !Task.isShuttingDownGracefully, !Task.isCancelled else {
                let wanted = await files.wanted().prefix(WantedFiles.itemsMax)
                return try .json(WantedFiles(token: token, wanted: Array(wanted)))
            }
            let (shutdown, end) = AsyncStream.makeStream(of: Void.self)
            await withGracefulShutdownHandler {
                await clock.first(of: changes, shutdown, atMost: rest)
            } onGracefulShutdown: {
                end.finish()
            }
        }
    }

    // MARK: Giving

    private func give(_ request: Request, _ context: MemberContext) async throws -> Response {
        guard let file = Hash(hex: try context.parameters.require("hash")) else { return Self.refusal(.notFound) }
        guard let reader = await files.reader(of: file) else {
            let bytes = Self.number("bytes", request)
            await files.note(file, bytes: bytes, askedBy: try context.member.organisation.id)
            return Self.refusal(.notFound)
        }
        guard let place = files.place(for: try context.member.organisation.id) else {
            return Self.refusal(.serviceUnavailable)
        }
        let range: ByteRange?
        do { range = try ByteRange(request.headers[.range], of: reader.bytes) } catch {
            var headers = HTTPFields()
            headers[.contentRange] = "bytes */\(reader.bytes)"
            return Response(status: .rangeNotSatisfiable, headers: headers)
        }
        let (first, end) = range.map { ($0.first, $0.end) } ?? (0, reader.bytes)
        var headers: HTTPFields = [
            .contentType: "application/octet-stream", .acceptRanges: "bytes", .eTag: "\"\(file.hex)\"",
            .cacheControl: "private, max-age=31536000, immutable",
        ]
        if range != nil { headers[.contentRange] = "bytes \(first)-\(end - 1)/\(reader.bytes)" }
        let files = files
        let body = ResponseBody(contentLength: Int(end - first)) { writer in
            var next = first
            while next < end {
                let count = Int(min(end - next, UInt64(DocumentFolder.blockBytes)))
                let block = try await files.read(reader, at: next, count: count)
                guard !block.isEmpty else {
                    throw CustodyError(.documentMissing, "the file became shorter", at: file.hex)
                }
                try await writer.write(ByteBuffer(bytes: block))
                next += UInt64(block.count)
            }
            withExtendedLifetime(place) {}
            try await writer.finish(nil)
        }
        return Response(status: range == nil ? .ok : .partialContent, headers: headers, body: body)
    }

    // MARK: Taking

    private func take(_ request: Request, _ context: MemberContext) async throws -> Response {
        guard let file = Hash(hex: try context.parameters.require("hash")), let from = Self.number("from", request),
            let total = Self.number("of", request)
        else { return Self.refusal(.badRequest) }
        guard let place = files.place(for: try context.member.organisation.id) else {
            return Self.refusal(.serviceUnavailable)
        }
        defer { withExtendedLifetime(place) {} }
        let bringer = try context.member.origin
        do {
            switch try await files.begin(file, bytes: total, by: bringer) {
            case .isHere: return try Self.answer(total, isWhole: true)
            case .unwanted: return Self.refusal(.notFound)
            case .busy(let have): return try Self.answer(have, isBusy: true, status: .conflict)
            case .from(let have) where have != from: return try Self.answer(have, status: .conflict)
            case .from: return try await append(request, to: file, total, by: bringer)
            }
        } catch let error as CustodyError {
            await files.release(file, by: bringer)
            return Self.refusal(error.code == .diskNearlyFull ? .init(code: 507) : .unprocessableContent, error)
        }
    }

    /// What has come through before a line was cut needs not come again.
    private func append(_ request: Request, to file: Hash, _ total: UInt64, by bringer: String) async throws -> Response
    {
        var count = 0
        var block: [UInt8] = []
        do {
            for try await chunk in request.body {
                count += chunk.readableBytes
                guard count <= DocumentFiles.pieceBytes else { return Self.refusal(.contentTooLarge) }
                block += chunk.readableBytesView
                guard block.count >= DocumentFolder.blockBytes else { continue }
                guard try await files.append(block, to: file, by: bringer) else { return Self.refusal(.notFound) }
                block = []
            }
        } catch {
            if !(error is CustodyError) { _ = try await files.append(block, to: file, by: bringer) }
            await files.release(file, by: bringer)
            throw error
        }
        guard try await files.append(block, to: file, by: bringer) else { return Self.refusal(.notFound) }
        let have = try await files.settle(file, by: bringer)
        return try Self.answer(have, isWhole: have == total)
    }

    private static func answer(
        _ have: UInt64, isWhole: Bool = false, isBusy: Bool = false, status: HTTPResponse.Status = .ok
    ) throws -> Response {
        var response = try Response.json(TakenPiece(have: have, isWhole: isWhole, isBusy: isBusy))
        response.status = status
        return response
    }

    private static func refusal(_ status: HTTPResponse.Status, _ error: CustodyError? = nil) -> Response {
        var headers: HTTPFields = [.contentType: "text/plain; charset=utf-8"]
        if let name = MirrorRoutes.refusalCode, let error { headers[name] = error.code.rawValue }
        if status == .serviceUnavailable { headers[.retryAfter] = "1" }
        let text = error.map { "\($0)\n" } ?? ""
        return Response(status: status, headers: headers, body: .init(byteBuffer: ByteBuffer(string: text)))
    }
}

/// What a gateway wants to be brought, as JSON.
struct WantedFiles: Codable, Sendable {
    /// Files that are told at once.
    static let itemsMax = 256
    static let bytesMax = 256 << 10

    /// To be sent with the next poll, which then waits for something else.
    let token: String
    let wanted: [DocumentFiles.Want]
}

/// What became of a piece, as JSON.
struct TakenPiece: Codable, Sendable {
    /// How much of the file is on disk there.
    let have: UInt64
    let isWhole: Bool
    /// Somebody else is bringing it.
    let isBusy: Bool
}

/// One range of bytes, as a request asks for it.
public struct ByteRange: Hashable, Sendable {
    let first: UInt64
    /// The first byte behind it.
    let end: UInt64

    struct Unsatisfiable: Error {}

    /// Nil for a field that is missing, or that asks for what nobody needs to understand (RFC 9110 section 14.2): the whole
    /// is given then.
    ///
    /// - Throws: `Unsatisfiable` where it begins behind the end.
    init?(_ field: String?, of bytes: UInt64) throws {
        guard let field, field.hasPrefix("bytes=") else { return nil }
        let parts = field.dropFirst(6).split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, let first = Self.number(parts[0]) else { return nil }
        var end = bytes
        if !parts[1].isEmpty {
            guard let last = Self.number(parts[1]), last >= first else { return nil }
            end = min(bytes, last == .max ? .max : last + 1)
        }
        guard first < bytes else { throw Unsatisfiable() }
        self.first = first
        self.end = end
    }

    init(_ first: UInt64, upTo end: UInt64) {
        self.first = first
        self.end = end
    }

    var field: String { "bytes=\(first)-\(end - 1)" }

    /// The whole length that a `Content-Range` tells; nil where it is of another range.
    func total(in field: String?) -> UInt64? {
        guard let field, field.hasPrefix("bytes \(first)-"), let slash = field.lastIndex(of: "/") else { return nil }
        return Self.number(field[field.index(after: slash)...])
    }

    private static func number(_ text: Substring) -> UInt64? {
        text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ? UInt64(text) : nil
    }
}
