import HTTPTypes
import Hummingbird
import HummingbirdTLS
import Ledger
import Logging
import NIOCore
import NIOSSL
import ServiceLifecycle

/// What a request on the consortium port carries: above all, which member sent it.
public struct MemberContext: RequestContext {
    /// Bytes of a body that a handler collects in memory.
    public static let bodyBytesMax = 16 << 20

    public var coreContext: CoreRequestContextStorage
    /// Set by `MemberMiddleware`, before any handler runs.
    public var admitted: PeerIdentity?
    let channel: any Channel

    public init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        channel = source.channel
    }

    public var maxUploadSize: Int { Self.bodyBytesMax }

    /// The gateway that sent the request.
    ///
    /// - Throws: `CustodyError` with code `member-unknown` where nobody has asked for its certificate.
    public var member: PeerIdentity {
        get throws {
            guard let admitted else {
                throw CustodyError(.memberUnknown, "no member has been recognised on this connection")
            }
            return admitted
        }
    }
}

/// Lets only members through, and tells the handlers which one it is.
public struct MemberMiddleware: RouterMiddleware {
    /// The field that tells a refusal of the caller from a 403 with which a route answers a request.
    static let refusal = HTTPField.Name("Custody-Refusal")
    static let notMember = "not-a-member"

    private let identities: PeerIdentities

    public init(identities: PeerIdentities) {
        self.identities = identities
    }

    public func handle(
        _ request: Request, context: MemberContext, next: (Request, MemberContext) async throws -> Response
    ) async throws -> Response {
        var context = context
        do {
            context.admitted = try await identity(of: context.channel)
        } catch let error as CustodyError {
            return Self.forbidden(error)
        }
        return try await next(request, context)
    }

    private func identity(of channel: any Channel) async throws -> PeerIdentity {
        guard let certificate = try? await channel.nioSSL_peerCertificate().get() else {
            throw CustodyError.refusedCertificate("the connection brought none", "client")
        }
        return try await identities.identity(of: certificate)
    }

    private static func forbidden(_ error: CustodyError) -> Response {
        var headers: HTTPFields = [.contentType: "text/plain; charset=utf-8"]
        if let refusal { headers[refusal] = notMember }
        return Response(
            status: .forbidden, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(string: "\(error)\n")))
    }
}

/// The consortium port: HTTP/1.1 over mutual TLS, members only.
public struct ConsortiumServer: Service {
    private let application: Application<MembersOnly>
    private let place: String

    /// - Parameters:
    ///   - document: its CAs are trusted; a new version needs a new server.
    ///   - port: 0 = any free one.
    ///   - onRunning: is told the bound port once connections are accepted.
    /// - Throws: `CustodyError` with code `certificate-malformed`.
    public init(
        router: Router<MemberContext>, document: ConsortiumDocument, tls: ConsortiumTLS, host: String, port: Int,
        logger: Logger, onRunning: @escaping @Sendable (_ port: Int) async -> Void = { _ in }
    ) throws {
        try self.init(
            routes: router.buildResponder(), document: document, tls: tls, host: host, port: port, logger: logger,
            onRunning: onRunning)
    }

    init(
        routes: RouterResponder<MemberContext>, document: ConsortiumDocument, tls: ConsortiumTLS, host: String,
        port: Int, logger: Logger, onRunning: @escaping @Sendable (_ port: Int) async -> Void
    ) throws {
        place = "\(host):\(port)"
        let members = MembersOnly(
            middleware: MemberMiddleware(identities: PeerIdentities(document: document)), routes: routes)
        application = Application(
            responder: members, server: try .tls(.http1(), tlsConfiguration: tls.server(document: document)),
            configuration: ApplicationConfiguration(address: .hostname(host, port: port)),
            onServerRunning: { await onRunning($0.localAddress?.port ?? port) }, logger: logger)
    }

    /// Serves until it is told to stop; then finishes the requests that it has begun.
    ///
    /// - Throws: `CustodyError` with code `port-unusable`.
    public func run() async throws {
        do {
            try await application.run()
        } catch let error as IOError {
            throw CustodyError(
                .portUnusable, "the consortium port cannot be opened: \(error)", at: place,
                remedy: "choose another port, or stop what holds this one")
        }
    }
}

/// Before the routes and not among them, so that no route can be added that escapes it.
private struct MembersOnly: HTTPResponder {
    let middleware: MemberMiddleware
    let routes: RouterResponder<MemberContext>

    func respond(to request: Request, context: MemberContext) async throws -> Response {
        try await middleware.handle(request, context: context) { try await routes.respond(to: $0, context: $1) }
    }
}

extension CustodyError.Code {
    /// A request whose sender nobody has recognised.
    public static let memberUnknown: Self = "member-unknown"
    /// An address on which nothing can listen.
    public static let portUnusable: Self = "port-unusable"
}
