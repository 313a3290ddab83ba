import Store
import Telemetry
import Testing

/// Gateways that share a subscription share its work. A reading may come to more than one of them; none is lost.
@Suite(.timeLimit(.minutes(2))) struct SharedSubscriptionTests {
    static let readings = 4_000

    @Test func theOtherGoesOnWhileOneIsKilledAndTogetherTheyHaveAll() async throws {
        let broker = try Broker()
        let sites = try ["first", "second"].map { try site(as: $0, broker) }
        let first = try await RunningGateway(sites[0])
        let second = try await RunningGateway(sites[1])
        let intakes = try sites.map { try $0.intake() }
        let sensor = try NumberedSensor("truck", at: broker)
        try await sensor.send(0..<(Self.readings / 4))
        try await until("both take their part") { try intakes.allSatisfy { try $0.readingCount() > 0 } }
        async let sending: Void = sensor.send((Self.readings / 4)..<(Self.readings / 2))
        first.kill()
        try await sending
        let before = try intakes[1].readingCount()
        try await sensor.send((Self.readings / 2)..<Self.readings)
        try await until("the other goes on") { try intakes[1].readingCount() > before }
        let again = try await RunningGateway(sites[0])
        let acknowledged = await sensor.acknowledged()
        #expect(acknowledged.count == Self.readings)
        try await until("together they have all") { try numbers(of: sites) == Set(acknowledged) }
        again.stop()
        second.stop()
        #expect(try numbers(of: sites) == Set(acknowledged))
        try sites.forEach(expectEachOnce)
    }

    private func site(as client: String, _ broker: Broker) throws -> TestSite {
        let site = try TestSite()
        try site.configure(
            broker: broker.port, topics: [#""$share/site/sensors/{device}/{metric}""#],
            client: ["client-id: \(client)"])
        return site
    }

    private func numbers(_ site: TestSite) throws -> [UInt64] {
        try site.intake().readings(device: "truck").compactMap(\.sequence)
    }

    private func numbers(of sites: [TestSite]) throws -> Set<UInt64> {
        Set(try sites.flatMap(numbers))
    }

    private func expectEachOnce(_ site: TestSite) throws {
        let numbers = try numbers(site)
        #expect(Set(numbers).count == numbers.count)
        #expect(try site.intake().undecodableCount() == 0)
    }
}
