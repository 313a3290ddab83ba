import Consortium
import Foundation
import Glibc
import Hummingbird
import Ledger
import Logging
import NIOCore
import ServiceLifecycle
import Store

/// A whole log pushed over mutual TLS to mirrors that have nothing of it, every entry verified and durable there; beside
/// it the same client sends the same server one plain file of the same bytes, which is synced to the disk too.
struct SyncBench {
    static let entries = 100_000
    static let rounds = 3

    let folder: String

    func run() async throws -> [Measurement] {
        let keepers = (0..<Self.rounds).map { "keeper-\($0)" }
        let members = try BenchGateway.make(in: folder, members: ["maker"] + keepers)
        let maker = members[0]
        try await maker.fill(Self.entries)
        let (size, bytes) = try maker.store.read { snapshot in
            let log = try snapshot.ownLog()
            let entries = try log.map { try snapshot.entries(log: $0.id, from: 0, count: Int($0.size)) } ?? []
            return (UInt64(entries.count), entries.flatMap { $0 })
        }
        var seconds: [(sync: Double, file: Double)] = []
        for keeper in members.dropFirst() {
            seconds.append(try await Self.measure(from: maker, to: keeper, size: size, bytes: bytes))
        }
        let megabytes = Double(bytes.count) / 1e6
        let sync = Statistic.median(seconds.map(\.sync))
        return [
            Measurement(name: "mirror catch-up", value: Double(size) / sync, unit: "entries/s", target: "-"),
            Measurement(
                name: "mirror catch-up, bytes of entries", value: megabytes / sync, unit: "MB/s",
                reference: megabytes / Statistic.median(seconds.map(\.file)),
                ratio: Statistic.median(seconds.map { $0.file / $0.sync }), target: "ratio >= 0.5"),
        ]
    }

    private static func measure(
        from maker: BenchGateway, to keeper: BenchGateway, size: UInt64, bytes: [UInt8]
    ) async throws -> (sync: Double, file: Double) {
        let port = try ServedGateway(keeper)
        defer { port.stop() }
        let client = try await port.client(of: maker)
        // Once for the handshake and the memory, once for the time.
        _ = try await client.post(path: ServedGateway.filePath, contentType: "text/plain", body: [0], deadline: .later)
        let file = try await Statistic.seconds {
            let answer = try await client.post(
                path: ServedGateway.filePath, contentType: "application/octet-stream", body: bytes, deadline: .later)
            precondition(answer.status == 200)
        }
        let mirror = Mirror(store: maker.store, cosigner: nil, now: ServedGateway.now)
        let session = PeerSession(
            client: client, store: maker.store, mirror: mirror,
            rounds: PushRounds(store: maker.store, mirror: mirror), recent: RecentPushes(), logger: ServedGateway.logger
        )
        var running: Task<Void, Never>?
        let sync = try await Statistic.seconds {
            running = Task { await session.run() }
            while session.status.pushed < size { try await Task.sleep(for: .milliseconds(1)) }
        }
        running?.cancel()
        await running?.value
        // Verdicts follow, and must not be in the way of the next round.
        try keeper.store.applyPending()
        return (sync, file)
    }
}

/// A gateway's consortium port, in this process, with a place for plain files beside it.
struct ServedGateway {
    static let filePath = "/bench/file"
    static let now: @Sendable () -> Int64 = { Int64(Date().timeIntervalSince1970 * 1e6) }

    static var logger: Logger {
        var logger = Logger(label: "bench")
        logger.logLevel = .critical
        return logger
    }

    private let gateway: BenchGateway
    private let ports: AsyncStream<Int>
    private let serving: Task<Void, any Error>

    init(_ gateway: BenchGateway) throws {
        self.gateway = gateway
        guard let document = gateway.store.rulebook.latest else { throw CancellationError() }
        let organisation = ConsortiumDocument.organisation(ofOrigin: gateway.origin)
        let mirror = Mirror(
            store: gateway.store, cosigner: (organisation, try gateway.cosigner), now: Self.now)
        let router = Router(context: MemberContext.self)
        MirrorRoutes(
            store: gateway.store, mirror: mirror, pushes: RecentPushes(), instance: "bench", now: Self.now,
            logger: Self.logger
        ).add(to: router)
        let file = gateway.state.path + "/plain"
        router.post("\(Self.filePath)") { request, _ in try await Self.keep(request, in: file) }
        let (ports, found) = AsyncStream.makeStream(of: Int.self)
        self.ports = ports
        let server = try ConsortiumServer(
            router: router, document: document, tls: try Self.tls(of: gateway), host: "127.0.0.1", port: 0,
            logger: Self.logger, onRunning: { found.yield($0) })
        serving = Task { try await server.run() }
    }

    func stop() { serving.cancel() }

    /// How another member's gateway calls this one.
    func client(of caller: BenchGateway) async throws -> ConsortiumClient {
        guard let document = caller.store.rulebook.latest, let port = await ports.first(where: { _ in true }) else {
            throw CancellationError()
        }
        return try ConsortiumClient(
            organisation: ConsortiumDocument.organisation(ofOrigin: gateway.origin),
            address: "https://127.0.0.1:\(port)", tls: try Self.tls(of: caller), document: document)
    }

    private static func tls(of gateway: BenchGateway) throws -> ConsortiumTLS {
        try ConsortiumTLS(certificateFile: gateway.state.tlsCertificate, keyFile: gateway.state.tlsKey)
    }

    /// Writes a body to a file as it comes, and answers when the disk has it.
    private static func keep(_ request: Request, in path: String) async throws -> HTTPResponse.Status {
        let file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        precondition(file >= 0)
        defer { close(file) }
        for try await chunk in request.body {
            var rest = chunk.readableBytesView[...]
            while !rest.isEmpty {
                let count = rest.withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
                precondition(count > 0)
                rest = rest.dropFirst(count)
            }
        }
        precondition(fsync(file) == 0)
        return .ok
    }
}

extension ContinuousClock.Instant {
    static var later: Self { .now + .seconds(300) }
}
