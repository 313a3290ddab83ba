import Capture
import Foundation
import Glibc
import Rig
import Store
import Telemetry
import Testing

/// Killed at any instant, a gateway has lost no reading that the broker took, and holds none twice.
@Suite(.serialized, .timeLimit(.minutes(2))) struct MQTTCrashTests {
    static let rounds = 8
    static let readingsOfOneRound = 2_500

    @Test(arguments: [1, 2])
    func everyReadingArrivesExactlyOnceThoughTheGatewayIsKilled(seed: UInt64) async throws {
        let (site, broker) = (try TestSite(), try Broker())
        try configure(site, broker)
        var numbers = SeededRandom(seed: seed)
        // The first run makes the broker keep a session, without which it would drop what comes before the next.
        try run(site, stopped: false, for: 0)
        let (publisher, outcomes) = try publisher(to: broker)
        let publishing = Task { try await publisher.run() }
        for round in 0..<Self.rounds {
            let sending = Task { try await send(round, through: publisher) }
            try run(site, stopped: round % 2 == 1, for: .random(in: 1_000...50_000, using: &numbers))
            try await sending.value
        }
        await publisher.drain()
        publishing.cancel()
        try await publishing.value
        try await check(outcomes.elements, site)
    }

    private func configure(_ site: TestSite, _ broker: Broker) throws {
        let text = """
            custody-gateway: 1
            listen: 127.0.0.1:0
            mqtt:
              - host: 127.0.0.1
                port: \(broker.port)
                topics: ["sensors/{device}/{metric}"]
            """
        try text.write(toFile: site.state + "/gateway.yaml", atomically: true, encoding: .utf8)
    }

    private func publisher(to broker: Broker) throws -> (MQTTPublisher, Collected<MQTTPublisher.Outcome>) {
        let outcomes = Collected<MQTTPublisher.Outcome>()
        let publisher = try MQTTPublisher(
            configuration: broker.connection("truck", topics: []), windowMax: 16,
            onOutcome: { outcomes.append($0) }, onStatus: { _ in })
        return (publisher, outcomes)
    }

    private func send(_ round: Int, through publisher: MQTTPublisher) async throws {
        for number in (round * Self.readingsOfOneRound)..<((round + 1) * Self.readingsOfOneRound) {
            let payload = #"{"value":5.2,"unit":"Cel","time":\#(1_800_000_000 + number),"seq":\#(number)}"#
            try await publisher.publish(topic: "sensors/truck/temperature", payload: Array(payload.utf8))
        }
    }

    /// One life of the gateway, from its connection to the broker to SIGKILL.
    /// - Parameters:
    ///   - stopped: whether it is frozen for a moment first, in which the broker goes on sending.
    ///   - delay: microseconds until it is killed.
    private func run(_ site: TestSite, stopped: Bool, for delay: UInt32) throws {
        let gateway = try start(site)
        usleep(delay)
        if stopped {
            gateway.send(SIGSTOP)
            usleep(delay / 4)
        }
        gateway.send(SIGKILL)
        #expect(gateway.wait() == 128 + SIGKILL)
    }

    private func start(_ site: TestSite) throws -> Program {
        let log = site.folder + "/log-\(UUID().uuidString)"
        let gateway = try Program(try TestSite.program("custody"), ["run", "--state", site.state], errors: log)
        _ = try #require(gateway.line(), "the gateway does not start")
        try until("it is connected to the broker") {
            try String(contentsOfFile: log, encoding: .utf8).contains("broker connected")
        }
        return gateway
    }

    private func until(_ what: String, _ isMet: () throws -> Bool) throws {
        let deadline = ContinuousClock.now + .seconds(20)
        while try !isMet() {
            try #require(ContinuousClock.now < deadline, "\(what), within the time")
            poll(nil, 0, 5)
        }
    }

    private func check(_ outcomes: [MQTTPublisher.Outcome], _ site: TestSite) async throws {
        let all = Self.rounds * Self.readingsOfOneRound
        let acknowledged = outcomes.filter { if case .acknowledged = $0 { true } else { false } }
        #expect(acknowledged.count == all)
        let gateway = try start(site)
        let intake = try IntakeStore(path: site.state + "/intake.sqlite")
        try until("all readings are there") { try intake.readingCount() >= all }
        gateway.send(SIGTERM)
        #expect(gateway.wait() == 0)
        let sequences = try intake.readings(device: "truck").compactMap(\.sequence).sorted()
        #expect(sequences == (0..<all).map { UInt64($0) })
        #expect(try intake.undecodable(limit: 1).isEmpty)
    }
}
