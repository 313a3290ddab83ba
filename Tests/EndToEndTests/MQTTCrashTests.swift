import Rig
import Store
import Testing

/// Killed at any instant, a gateway has lost no reading that the broker took, and holds none twice.
@Suite(.serialized, .timeLimit(.minutes(5))) struct MQTTCrashTests {
    static let rounds = 100
    static let readingsOfOneRound = 200

    @Test func everyReadingArrivesExactlyOnceThoughTheGatewayIsKilledAHundredTimes() async throws {
        let (site, broker) = (try TestSite(), try Broker())
        try site.configure(broker: broker.port)
        // The first run makes the broker keep a session, without which it would drop what comes before the next.
        try await RunningGateway(site).kill()
        let sensor = try NumberedSensor("truck", at: broker)
        let intake = try site.intake()
        var numbers = SeededRandom(seed: 1)
        var interrupted = 0
        for round in 0..<Self.rounds {
            let readings = (round * Self.readingsOfOneRound)..<((round + 1) * Self.readingsOfOneRound)
            let delay = Duration.microseconds(Int.random(in: 0...40_000, using: &numbers))
            try await live(site, while: sensor, sends: readings, freezing: round % 2 == 1, for: delay)
            if try intake.readingCount() < readings.upperBound { interrupted += 1 }
        }
        // Otherwise the kills came too late to break anything.
        #expect(interrupted > Self.rounds / 10)
        try await check(sensor, site)
    }

    /// One life of a gateway, from its connection to the broker to SIGKILL.
    /// - Parameter freezing: whether it is frozen for a moment first, in which the broker goes on sending.
    private func live(
        _ site: TestSite, while sensor: NumberedSensor, sends readings: Range<Int>, freezing: Bool, for delay: Duration
    ) async throws {
        let gateway = try await RunningGateway(site)
        async let sending: Void = sensor.send(readings)
        try await Task.sleep(for: delay)
        if freezing {
            gateway.freeze()
            try await Task.sleep(for: delay / 4)
        }
        gateway.kill()
        try await sending
    }

    private func check(_ sensor: NumberedSensor, _ site: TestSite) async throws {
        let all = Self.rounds * Self.readingsOfOneRound
        let acknowledged = await sensor.acknowledged()
        #expect(acknowledged == (0..<all).map { UInt64($0) })
        let gateway = try await RunningGateway(site)
        let intake = try site.intake()
        try await until("all readings are there") { try intake.readingCount() >= all }
        gateway.stop()
        try site.expectReadings(acknowledged, of: sensor.device)
    }
}
