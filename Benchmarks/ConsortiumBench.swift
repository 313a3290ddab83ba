import Consortium
import Foundation
import Gateway
import Ledger
import Logging
import Rig
import ServiceLifecycle
import Store

/// Five members on one machine: how long an update takes until their quorum has cosigned it, and what many idle peers cost.
struct ConsortiumBench {
    static let members = ["maker", "one", "two", "three", "regulator"]
    static let updates = 300
    static let peers = 200
    /// Seconds over which an idle gateway is watched.
    static let watched = 30

    let folder: String

    func run() async throws -> [Measurement] {
        let confirmed = try await confirmations()
        let (cpu, memory) = try await idlePeers()
        return [
            Measurement(
                name: "confirmation by a quorum of five members: median", value: Statistic.median(confirmed),
                unit: "ms", target: "-"),
            Measurement(
                name: "confirmation by a quorum of five members: p99", value: Statistic.percentile(confirmed, 0.99),
                unit: "ms", target: "<= 250 ms"),
            Measurement(
                name: "\(Self.peers) idle peers: processor", value: cpu, unit: "% of a core", target: "< 1 %"),
            Measurement(
                name: "\(Self.peers) idle peers: resident memory", value: memory, unit: "MB", target: "< 80 MB"),
        ]
    }

    // MARK: Confirmation

    /// Milliseconds from the draft to the quorum, one update at a time. The other four are programs of their own.
    private func confirmations() async throws -> [Double] {
        let gateways = try BenchGateway.make(
            in: "\(folder)/five", members: Self.members, role: { $0 == "regulator" ? .regulator : .manufacturer })
        let custody = try Daemon.custody()
        let daemons = try gateways.dropFirst().map { try Daemon(custody, state: $0.state) }
        var sessions: [PeerSession] = []
        let maker = gateways[0]
        let mirror = Mirror(store: maker.store, cosigner: ("maker", try maker.cosigner), now: ServedGateway.now)
        let rounds = PushRounds(store: maker.store, mirror: mirror)
        guard let document = maker.store.rulebook.latest else { throw CancellationError() }
        let tls = try ConsortiumTLS(certificateFile: maker.state.tlsCertificate, keyFile: maker.state.tlsKey)
        for (daemon, name) in zip(daemons, Self.members.dropFirst()) {
            let client = try ConsortiumClient(
                organisation: name, address: "https://127.0.0.1:\(try await daemon.port())", tls: tls,
                document: document)
            sessions.append(
                PeerSession(
                    client: client, store: maker.store, mirror: mirror, rounds: rounds, recent: RecentPushes(),
                    logger: ServedGateway.logger))
        }
        let running = sessions.map { session in Task { await session.run() } }
        let times = try await record(at: maker)
        for task in running { task.cancel() }
        for task in running { await task.value }
        for daemon in daemons { await daemon.stop() }
        return times
    }

    private func record(at maker: BenchGateway) async throws -> [Double] {
        let recorder = try maker.recorder()
        var workload = Workload()
        var times: [Double] = []
        for number in 0..<(Self.updates + 20) {
            let changes = maker.store.changes.follow()
            let began = ContinuousClock.now
            let receipts = try await recorder.record(workload.drafts(1)).map { try $0.get() }
            workload.take(receipts)
            let index = receipts[0].index
            if try !isConfirmed(index, maker) {
                for await _ in changes where try isConfirmed(index, maker) { break }
            }
            // The first ones meet peers that still connect.
            if number >= 20 { times.append((ContinuousClock.now - began) / .milliseconds(1)) }
        }
        return times
    }

    private func isConfirmed(_ index: UInt64, _ maker: BenchGateway) throws -> Bool {
        try maker.store.read { try $0.ownLog()?.confirmed ?? 0 } > index
    }

    // MARK: Idle peers

    /// Percent of one core, and megabytes, of a gateway that holds the polls of many others.
    private func idlePeers() async throws -> (cpu: Double, memory: Double) {
        let gateways = try BenchGateway.make(in: "\(folder)/idle", members: ["maker", "crowd"])
        let (maker, crowd) = (gateways[0], gateways[1])
        try await maker.fill(10_240)
        let daemon = try Daemon(try Daemon.custody(), state: maker.state)
        let address = "https://127.0.0.1:\(try await daemon.port())"
        let organisation = try OrganisationFolder.load(at: "\(folder)/idle/organisation-crowd")
        guard let document = crowd.store.rulebook.latest else { throw CancellationError() }
        var random = SystemRandomNumberGenerator()
        let clients = try (0..<Self.peers).map { number in
            let issued = try organisation.authority.issueTLSCertificate(
                origin: "crowd/gateway-\(number)", hosts: [], now: Date(), random: &random)
            return try ConsortiumClient(
                organisation: "maker", address: address,
                tls: try ConsortiumTLS(certificate: issued.certificate, key: issued.key), document: document)
        }
        let polls = clients.map { client in Task { try await Self.poll(client) } }
        try await Task.sleep(for: .seconds(5))
        let before = try daemon.processorSeconds()
        try await Task.sleep(for: .seconds(Self.watched))
        let cpu = (try daemon.processorSeconds() - before) / Double(Self.watched) * 100
        let memory = try daemon.residentMegabytes()
        for poll in polls { poll.cancel() }
        for poll in polls { _ = await poll.result }
        for client in clients { try await client.shutdown() }
        await daemon.stop()
        return (cpu, memory)
    }

    private struct News: Decodable {
        let token: String
    }

    /// Holds one poll after another, as a peer does.
    private static func poll(_ client: ConsortiumClient) async throws {
        var token = ""
        while !Task.isCancelled {
            let answer = try await client.get(path: "/custody/v1/news?after=\(token)", deadline: .later)
            precondition(answer.status == 200)
            token = try JSONDecoder().decode(News.self, from: Data(answer.body)).token
        }
    }
}
