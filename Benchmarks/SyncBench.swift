import Consortium
import Foundation
import Hummingbird
import Ledger
import Logging
import ServiceLifecycle
import Store

/// A whole log pushed over mutual TLS to one mirror, every entry verified and durable there.
struct SyncBench {
    static let entries = 100_000

    let folder: String

    func run() async throws -> [Measurement] {
        let members = try BenchGateway.make(in: folder, members: ["maker", "keeper"])
        let (maker, keeper) = (members[0], members[1])
        try await maker.fill(Self.entries)
        let size = try maker.store.read { try $0.ownLog()?.size ?? 0 }
        let bytes = try maker.store.read { snapshot in
            try snapshot.ownLog().map { try snapshot.entries(log: $0.id, from: 0, count: Int(size)) } ?? []
        }.reduce(0) { $0 + $1.count }
        let seconds = try await push(from: maker, to: keeper, size: size)
        return [
            Measurement(
                name: "sync to one mirror", value: Double(size) / seconds, unit: "entries/s", target: "-"),
            Measurement(
                name: "sync to one mirror, bytes of entries", value: Double(bytes) / seconds / 1e6, unit: "MB/s",
                target: "-"),
        ]
    }

    private func push(from maker: BenchGateway, to keeper: BenchGateway, size: UInt64) async throws -> Double {
        guard let document = maker.store.rulebook.latest else { throw CancellationError() }
        var logger = Logger(label: "bench")
        logger.logLevel = .critical
        let now: @Sendable () -> Int64 = { Int64(Date().timeIntervalSince1970 * 1e6) }
        let keeperMirror = Mirror(store: keeper.store, cosigner: ("keeper", try keeper.cosigner), now: now)
        let router = Router(context: MemberContext.self)
        let recent = RecentPushes()
        MirrorRoutes(
            store: keeper.store, mirror: keeperMirror, pushes: recent, instance: "bench", now: now, logger: logger
        ).add(to: router)
        let (ports, found) = AsyncStream.makeStream(of: Int.self)
        let server = try ConsortiumServer(
            router: router, document: document,
            tls: ConsortiumTLS(certificateFile: keeper.state.tlsCertificate, keyFile: keeper.state.tlsKey),
            host: "127.0.0.1", port: 0, logger: logger, onRunning: { found.yield($0) })
        let serving = Task { try await server.run() }
        defer { serving.cancel() }
        var port = 0
        for await bound in ports {
            port = bound
            break
        }
        let mirror = Mirror(store: maker.store, cosigner: nil, now: now)
        let rounds = PushRounds(store: maker.store, mirror: mirror)
        let session = PeerSession(
            client: try ConsortiumClient(
                organisation: "keeper", address: "https://127.0.0.1:\(port)",
                tls: ConsortiumTLS(certificateFile: maker.state.tlsCertificate, keyFile: maker.state.tlsKey),
                document: document), store: maker.store, mirror: mirror, rounds: rounds, recent: RecentPushes(),
            logger: logger)
        let began = ContinuousClock.now
        let running = Task { await session.run() }
        while session.status.pushed < size { try await Task.sleep(for: .milliseconds(5)) }
        let seconds = (ContinuousClock.now - began) / .seconds(1)
        running.cancel()
        return seconds
    }
}
