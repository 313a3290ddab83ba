import AsyncHTTPClient
import HTTPTypes
import Ledger
import NIOCore
import NIOHTTP1
import NIOSSL

/// Calls one peer's consortium port over kept connections, and believes only the CA of the peer's organisation; or, as
/// plainly, a log, witness or mirror outside the consortium.
///
/// `shutdown()` must be called before it is let go.
public final class ConsortiumClient: PeerClient {
    /// How long a connection may take to open.
    public static let connectSeconds: Int64 = 5
    /// The organisation that the peer must be of, or the name of an outsider.
    public let organisation: String
    /// `https://host:port`, with an outsider's path.
    public let address: String
    public let clock = PeerClock.system
    private let client: HTTPClient

    /// - Parameter address: `https://host:port`, with a host that the peer's certificate names.
    /// - Throws: `CustodyError` with code `address-malformed`, `organisation-unknown`, `certificate-malformed`.
    public convenience init(
        organisation: String, address: String, tls: ConsortiumTLS, document: ConsortiumDocument
    ) throws {
        let scheme = "https://"
        guard address.hasPrefix(scheme), address.count > scheme.count, !address.dropFirst(scheme.count).contains("/")
        else {
            throw CustodyError(
                .addressMalformed, "a peer's address is https://host:port", at: address,
                remedy: "write it without a path and without a slash at its end")
        }
        self.init(name: organisation, address: address, tls: try tls.client(meeting: organisation, document: document))
    }

    /// A client for a log, witness or mirror that is no member's.
    ///
    /// - Parameters:
    ///   - name: of whoever is there, for people.
    ///   - url: `https://host:port/prefix`, or `http:` to this machine or where TLS is somebody else's work.
    ///   - tls: as `ConsortiumTLS.outside` makes it.
    /// - Throws: `CustodyError` with code `address-malformed`.
    public convenience init(outside name: String, url: String, tls: TLSConfiguration) throws {
        let rest = ["https://", "http://"].first(where: url.hasPrefix).map { url.dropFirst($0.count) }
        guard let rest, let first = rest.first, first != "/", !url.contains(where: { $0.isWhitespace || $0 == "?" })
        else {
            throw CustodyError(
                .addressMalformed, "this is no URL of a log, witness or mirror", at: url,
                remedy: "write https://host:port/prefix")
        }
        self.init(name: name, address: url.hasSuffix("/") ? String(url.dropLast()) : url, tls: tls)
    }

    private init(name: String, address: String, tls: TLSConfiguration) {
        organisation = name
        self.address = address
        var configuration = HTTPClient.Configuration(
            tlsConfiguration: tls, redirectConfiguration: .disallow,
            timeout: .init(connect: .seconds(Self.connectSeconds)))
        configuration.httpVersion = .http1Only
        // Otherwise a refused handshake is tried again and again until the connect timeout.
        configuration.connectionPool.retryConnectionEstablishment = false
        client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    /// - Parameters:
    ///   - path: begins with a slash; may hold a query.
    ///   - maxBytes: of the body; a longer one is an error.
    /// - Throws: `CustodyError` with code `peer-unreachable` (also after the deadline), `peer-refused-us` if the peer
    ///   does not take this gateway for a member, `peer-not-trusted` if the peer is not of the organisation,
    ///   `peer-answer-too-large`; `CancellationError`.
    public func get(
        path: String, maxBytes: Int = PeerAnswer.bytesMax, deadline: ContinuousClock.Instant
    ) async throws -> PeerAnswer {
        var request = HTTPClientRequest(url: address + path)
        request.headers.add(name: "accept-encoding", value: "\(Gzip.name), identity")
        return try await send(request, maxBytes: maxBytes, deadline: deadline)
    }

    /// - Throws: as `get(path:maxBytes:deadline:)`.
    public func get(
        path: String, range: ByteRange, maxBytes: Int, deadline: ContinuousClock.Instant
    ) async throws -> PeerAnswer {
        var request = HTTPClientRequest(url: address + path)
        request.headers.add(name: "range", value: range.field)
        return try await send(request, maxBytes: maxBytes, deadline: deadline)
    }

    /// - Parameter encoding: the coding of the body, if it has one.
    /// - Throws: as `get(path:maxBytes:deadline:)`.
    public func post(
        path: String, contentType: String, body: [UInt8], encoding: String? = nil, maxBytes: Int = PeerAnswer.bytesMax,
        deadline: ContinuousClock.Instant
    ) async throws -> PeerAnswer {
        let content = HTTPClientRequest.Body.bytes(ByteBuffer(bytes: body))
        return try await post(path, contentType, content, encoding: encoding, maxBytes: maxBytes, deadline: deadline)
    }

    /// Sends the chunks as they come, without holding them all.
    ///
    /// - Throws: as `get(path:maxBytes:deadline:)`.
    public func post<Chunks: AsyncSequence & Sendable>(
        path: String, contentType: String, chunks: Chunks, maxBytes: Int = PeerAnswer.bytesMax,
        deadline: ContinuousClock.Instant
    ) async throws -> PeerAnswer where Chunks.Element == [UInt8] {
        let content = HTTPClientRequest.Body.stream(chunks.map { ByteBuffer(bytes: $0) }, length: .unknown)
        return try await post(path, contentType, content, maxBytes: maxBytes, deadline: deadline)
    }

    /// Closes all connections; calls that run fail.
    public func shutdown() async throws {
        try await client.shutdown()
    }
}

extension ConsortiumClient {
    private func post(
        _ path: String, _ contentType: String, _ body: HTTPClientRequest.Body, encoding: String? = nil, maxBytes: Int,
        deadline: ContinuousClock.Instant
    ) async throws -> PeerAnswer {
        var request = HTTPClientRequest(url: address + path)
        request.method = .POST
        request.headers.add(name: "content-type", value: contentType)
        if let encoding { request.headers.add(name: "content-encoding", value: encoding) }
        request.body = body
        return try await send(request, maxBytes: maxBytes, deadline: deadline)
    }

    private func send(
        _ request: HTTPClientRequest, maxBytes: Int, deadline: ContinuousClock.Instant
    ) async throws -> PeerAnswer {
        do {
            let answer = try await before(deadline) { try await self.answer(to: request, maxBytes: maxBytes) }
            try checkAdmission(answer)
            return answer
        } catch let error as CustodyError {
            throw error
        } catch let error as CancellationError {
            throw error
        } catch {
            if Task.isCancelled { throw CancellationError() }
            throw failure(error)
        }
    }

    private func answer(to request: HTTPClientRequest, maxBytes: Int) async throws -> PeerAnswer {
        // The deadline around this call covers the body too, which the client's own does not.
        let response = try await client.execute(request, deadline: .distantFuture)
        var body: [UInt8] = []
        for try await chunk in response.body {
            guard body.count + chunk.readableBytes <= maxBytes else {
                throw CustodyError(
                    .peerAnswerTooLarge, "the peer's answer has more than \(maxBytes) bytes", at: request.url)
            }
            body += chunk.readableBytesView
        }
        if response.headers["content-encoding"].contains(Gzip.name) {
            body = try Gzip.decompress(body, bytesMax: maxBytes)
        }
        return PeerAnswer(status: Int(response.status.code), headers: Self.fields(response.headers), body: body)
    }

    private static func fields(_ headers: HTTPHeaders) -> HTTPFields {
        var fields = HTTPFields()
        for (name, value) in headers {
            guard let name = HTTPField.Name(name) else { continue }
            fields.append(HTTPField(name: name, value: value))
        }
        return fields
    }

    private func before<Value: Sendable>(
        _ deadline: ContinuousClock.Instant, _ work: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        let late = CustodyError(.peerUnreachable, "\(organisation) has not answered in time", at: address)
        return try await withThrowingTaskGroup(of: Value.self) { group in
            defer { group.cancelAll() }
            group.addTask(operation: work)
            group.addTask {
                try await Task.sleep(until: deadline, clock: .continuous)
                throw late
            }
            guard let value = try await group.next() else { throw late }
            return value
        }
    }

    private func checkAdmission(_ answer: PeerAnswer) throws {
        guard let field = MemberMiddleware.refusal, answer.headers[field] == MemberMiddleware.notMember else { return }
        let reason = String(decoding: answer.body.prefix(512), as: UTF8.self).filter { !$0.isNewline }
        throw refusedUs(reason)
    }

    // BoringSSL says what happened only in the name of its reason code, so the name is what is looked at.
    private func failure(_ error: any Error) -> CustodyError {
        let reason = "\(error)"
        if reason.contains("CERTIFICATE_VERIFY_FAILED") || error is NIOSSLExtraError {
            return CustodyError(
                .peerNotTrusted, "whoever answers there is not a gateway of \(organisation): \(reason)", at: address,
                remedy: "check the address, and the host names in the peer's certificate")
        }
        if reason.contains("_ALERT_") { return refusedUs(reason) }
        return CustodyError(.peerUnreachable, "\(organisation) cannot be reached: \(reason)", at: address)
    }

    private func refusedUs(_ reason: String) -> CustodyError {
        CustodyError(
            .peerRefusedUs, "\(organisation) does not accept this gateway as a member's: \(reason)", at: address,
            remedy: "check that this gateway's TLS certificate is in date and of its organisation's CA")
    }
}

extension CustodyError.Code {
    /// Text that is no peer's address.
    public static let addressMalformed: Self = "address-malformed"
    /// No connection, a broken one, or no answer in time.
    public static let peerUnreachable: Self = "peer-unreachable"
    /// The peer does not take this gateway for a member.
    public static let peerRefusedUs: Self = "peer-refused-us"
    /// The peer is not of the organisation that is expected there.
    public static let peerNotTrusted: Self = "peer-not-trusted"
    /// An answer beyond the bytes that the call allows.
    public static let peerAnswerTooLarge: Self = "peer-answer-too-large"
}
