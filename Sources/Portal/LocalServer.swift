import Consortium
import Foundation
import Gateway
import Hummingbird
import Ledger
import Logging
import NIOCore
import ServiceLifecycle

/// Serves the gateway's own machine over a Unix socket that only its owner may open.
public struct LocalServer: Service {
    private let recorder: Recorder
    private let peers: @Sendable () -> [PeerStatus]
    private let documents: DocumentExchange
    private let fetch: OrderFetch
    private let files: DocumentFiles
    private let socket: String
    private let logger: Logger

    public init(
        recorder: Recorder, peers: @escaping @Sendable () -> [PeerStatus], documents: DocumentExchange,
        fetch: OrderFetch, files: DocumentFiles, socket: String, logger: Logger
    ) {
        self.recorder = recorder
        self.documents = documents
        self.fetch = fetch
        self.files = files
        self.peers = peers
        self.socket = socket
        self.logger = logger
    }

    public func run() async throws {
        try? FileManager.default.removeItem(atPath: socket)
        let socket = socket
        let application = Application(
            router: router(), configuration: .init(address: .unixDomainSocket(path: socket), serverName: nil),
            onServerRunning: { _ in
                try? FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: socket)
            }, logger: logger)
        try await application.run()
        try? FileManager.default.removeItem(atPath: socket)
    }

    private func router() -> Router<BasicRequestContext> {
        let router = Router()
        router.post("\(LocalProtocol.recordPath)") { request, _ in try await record(request) }
        router.post("\(LocalProtocol.preparePath)") { request, _ in try await prepare(request) }
        router.post("\(LocalProtocol.documentsPath)") { request, _ in try await takeDocuments(request) }
        router.get("\(LocalProtocol.peersPath)") { _, _ in try Response.json(peers()) }
        router.post("\(LocalProtocol.fetchPath)") { request, _ in try await fetchOrder(request) }
        router.post("\(LocalProtocol.filesPath)") { request, _ in try await fetchFile(request) }
        return router
    }

    /// How long a command waits for one answer; it asks again and shows how far it is.
    private static let fileWait: Duration = .seconds(2)

    private func fetchFile(_ request: Request) async throws -> Response {
        try await answer(request, LocalProtocol.WantedFile.self, "a document's file") { wanted in
            guard let file = Hash(hex: wanted.file) else {
                throw CustodyError("request-malformed", "the request names no file")
            }
            return await files.fetch(file, bytes: wanted.bytes, atMost: Self.fileWait)
        }
    }

    private func fetchOrder(_ request: Request) async throws -> Response {
        try await answer(request, LocalProtocol.Wanted.self, "an order") { try await fetch.fetch($0.order) }
    }

    private func takeDocuments(_ request: Request) async throws -> Response {
        try await answer(request, DocumentPackage.self, "documents") {
            LocalProtocol.Taken(isInForce: try documents.submit($0))
        }
    }

    private func record(_ request: Request) async throws -> Response {
        try await answer(request, LocalProtocol.Request.self, "a draft") { try await recorder.record($0.draft()) }
    }

    private func prepare(_ request: Request) async throws -> Response {
        try await answer(request, LocalProtocol.Request.self, "a draft") {
            LocalProtocol.Prepared(try await recorder.prepare($0.draft()))
        }
    }

    /// - Parameter name: what the request should be, for people.
    private func answer<Asked: Decodable>(
        _ request: Request, _ type: Asked.Type, _ name: String, _ body: (Asked) async throws -> some Encodable
    ) async throws -> Response {
        let bytes = try await request.body.collect(upTo: LocalProtocol.bodyBytesMax)
        do {
            guard let asked = try? JSONDecoder().decode(type, from: Data(bytes.readableBytesView)) else {
                throw CustodyError("request-malformed", "the request is not JSON of \(name)")
            }
            return try Response.json(try await body(asked))
        } catch let error as CustodyError {
            let mayRetry = error.code == .recorderBusy || error.code == .ownLogInDoubt
            let status: HTTPResponse.Status = mayRetry ? .serviceUnavailable : .unprocessableContent
            return try Response.json(LocalProtocol.Failure(error), status: status)
        }
    }
}
