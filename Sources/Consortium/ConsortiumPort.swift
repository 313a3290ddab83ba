import Hummingbird
import Ledger
import Logging
import ServiceLifecycle
import Store
import Synchronization

/// The consortium port for as long as the gateway runs: with each version of the document it is opened anew, because
/// another version trusts other CAs, and admits other gateways.
public struct ConsortiumPort: Service {
    private let store: LedgerStore
    private let server: @Sendable (ConsortiumDocument, _ port: Int) throws -> ConsortiumServer
    private let bound: BoundPort
    private let logger: Logger

    /// - Parameters:
    ///   - port: 0 = any free one, which is then kept.
    ///   - onRunning: is told the bound port when connections are accepted for the first time.
    public init(
        store: LedgerStore, router: Router<MemberContext>, tls: ConsortiumTLS, host: String, port: Int, logger: Logger,
        onRunning: @escaping @Sendable (_ port: Int) -> Void
    ) {
        self.store = store
        self.logger = logger
        let bound = BoundPort(port)
        self.bound = bound
        let routes = router.buildResponder()
        server = { document, port in
            try ConsortiumServer(
                routes: routes, document: document, tls: tls, host: host, port: port, logger: logger,
                onRunning: { if bound.isFirst($0) { onRunning($0) } })
        }
    }

    /// - Throws: `CustodyError` with code `port-unusable`, `certificate-malformed`, `log-missing`.
    public func run() async throws {
        while !Task.isShuttingDownGracefully, !Task.isCancelled {
            guard let document = store.rulebook.latest else {
                throw CustodyError(.logUnknown, "this gateway has no consortium document")
            }
            try await serve(document)
        }
    }

    private func serve(_ document: ConsortiumDocument) async throws {
        logger.info(
            "consortium document in force",
            metadata: ["version": "\(document.version)", "sha256": "\(document.hash.hex)"])
        let watch = DocumentWatch(store: store, document: document)
        let services = [try server(document, bound.port) as any Service, watch].map {
            ServiceGroupConfiguration.ServiceConfiguration(
                service: $0, successTerminationBehavior: .gracefullyShutdownGroup)
        }
        let group = ServiceGroup(configuration: .init(services: services, logger: logger))
        try await withGracefulShutdownHandler {
            try await group.run()
        } onGracefulShutdown: {
            Task { await group.triggerGracefulShutdown() }
        }
    }
}

/// Ends when another version of the document is in force.
struct DocumentWatch: Service {
    let store: LedgerStore
    let document: ConsortiumDocument

    func run() async {
        while !Task.isCancelled, !Task.isShuttingDownGracefully {
            // Followed before looking, so that nothing falls between.
            let news = store.changes.follow()
            if store.rulebook.latest != document { return }
            for await _ in news.cancelOnGracefulShutdown() { break }
        }
    }
}

/// The port that the first opening got.
private final class BoundPort: Sendable {
    private let state: Mutex<(port: Int, isKnown: Bool)>

    init(_ port: Int) { state = Mutex((port, false)) }

    var port: Int { state.withLock { $0.port } }

    func isFirst(_ port: Int) -> Bool {
        state.withLock { state in
            defer { state = (port, true) }
            return !state.isKnown
        }
    }
}
