import Rig
import Store
import Testing

/// Brokers end and networks are cut; the gateway goes on by itself, has lost nothing that the broker has kept, and holds
/// nothing twice.
///
/// What a broker took and had not yet written down when it was killed is the broker's to lose.
@Suite(.serialized, .timeLimit(.minutes(2))) struct BrokerLossTests {
    static let readings = 3_000
    static let cuts = 12

    @Test func aBrokerThatStopsUnderLoadAndStartsAgainLosesNothing() async throws {
        let (site, broker) = (try TestSite(), try Broker())
        try site.configure(broker: broker.port)
        let gateway = try await RunningGateway(site)
        let sensor = try NumberedSensor("truck", at: broker)
        async let sending: Void = sensor.send(0..<Self.readings)
        try await sensor.untilAcknowledged(Self.readings / 3)
        broker.stop()
        try broker.start()
        try await sending
        try await check(sensor, gateway, site)
        #expect(gateway.log.contains("broker lost"))
    }

    /// The gateway is frozen, so that the broker is the only one who has the readings when it dies.
    @Test func aBrokerThatIsKilledGivesBackWhatItHadSaved() async throws {
        let (site, broker) = (try TestSite(), try Broker())
        try site.configure(broker: broker.port)
        let gateway = try await RunningGateway(site)
        gateway.freeze()
        let sensor = try NumberedSensor("truck", at: broker)
        try await sensor.send(0..<Self.readings)
        #expect(await sensor.acknowledged().count == Self.readings)
        try broker.save()
        broker.crash()
        try broker.start()
        gateway.thaw()
        try await check(sensor, gateway, site)
    }

    /// Each cut lies somewhere in the bytes of a packet, and takes with it the acknowledgements that are on their way.
    @Test func aNetworkThatIsCutAgainAndAgainLosesNothing() async throws {
        let (site, broker) = (try TestSite(), try Broker())
        let relay = try Relay(to: broker.port)
        defer { relay.stop() }
        try site.configure(broker: relay.port)
        let gateway = try await RunningGateway(site)
        let sensor = try NumberedSensor("truck", at: broker)
        var numbers = SeededRandom(seed: 3)
        for cut in 0..<Self.cuts {
            relay.cut(after: .random(in: 1_000...20_000, using: &numbers))
            try await sensor.send((cut * Self.readings / Self.cuts)..<((cut + 1) * Self.readings / Self.cuts))
            try await until("the network is cut") { relay.cuts > cut }
            relay.mend()
        }
        try await check(sensor, gateway, site)
    }

    private func check(_ sensor: NumberedSensor, _ gateway: RunningGateway, _ site: TestSite) async throws {
        let acknowledged = await sensor.acknowledged()
        #expect(acknowledged.count == Self.readings)
        let intake = try site.intake()
        try await until("all readings are there") { try intake.readingCount() >= Self.readings }
        gateway.stop()
        try site.expectReadings(acknowledged, of: sensor.device)
    }
}
