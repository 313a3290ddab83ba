import Ledger
import Testing

@testable import Capture

@Suite(.timeLimit(.minutes(1))) struct MQTTPublisherTests {
    private struct Arrival: Hashable {
        let topic: String
        let text: String
    }

    /// A publisher on one connection, and what it said.
    private struct Running {
        let publisher: MQTTPublisher
        let statuses = Collected<MQTTStatus>()
        let outcomes = Collected<MQTTPublisher.Outcome>()
        let arrivals = Collected<Arrival>()
        let task: Task<Void, any Error>

        init(_ configuration: MQTTConfiguration) async throws {
            let publisher = try MQTTPublisher(
                configuration: configuration, onOutcome: { [outcomes] in outcomes.append($0) },
                onStatus: { [statuses] in statuses.append($0) },
                onMessage: { [arrivals] in
                    arrivals.append(Arrival(topic: $0, text: String(decoding: $1, as: UTF8.self)))
                })
            self.publisher = publisher
            task = Task { try await publisher.runOnce() }
            try await statuses.until { $0.contains(.connected) }
        }

        func stop() async throws {
            task.cancel()
            try await task.value
        }
    }

    /// Each has a name of its own: who takes over another's name makes the broker publish that one's will.
    private static func withWill(
        _ broker: Broker, _ version: MQTTConfiguration.Version, _ name: String
    ) -> MQTTConfiguration {
        var configuration = broker.connection(name, version, topics: [])
        configuration.will = MQTTConfiguration.Will(topic: "t/will", payload: Array(name.utf8))
        configuration.keepsSession = false
        return configuration
    }

    @Test(arguments: MQTTConfiguration.Version.allCases)
    func onlyWhoLeavesWithoutAWordLeavesItsWill(version: MQTTConfiguration.Version) async throws {
        let broker = try Broker()
        let listener = try await Running(broker.connection("listener", version))
        try await Running(Self.withWill(broker, version, "polite")).stop()
        let lost = try await Running(Self.withWill(broker, version, "lost"))
        lost.publisher.abandon()
        try await lost.task.value
        let arrivals = try await listener.arrivals.until { $0.contains { $0.text == "lost" } }
        #expect(arrivals == [Arrival(topic: "t/will", text: "lost")])
        try await listener.stop()
    }

    @Test(arguments: [Int32(0), 1, 2])
    func tellsTheEndOfAMessageOfEachQuality(qos: Int32) async throws {
        let broker = try Broker()
        let listener = try await Running(broker.connection("listener"))
        let running = try await Running(broker.connection("truck", topics: []))
        for number in 0..<50 {
            try await running.publisher.publish(topic: "t/a", payload: Array("\(number)".utf8), qos: qos)
        }
        let outcomes = try await running.outcomes.until { $0.count >= 50 }
        #expect(outcomes == (0..<50).map { .acknowledged($0) })
        let arrivals = try await listener.arrivals.until { $0.count >= 50 }
        #expect(arrivals.map(\.text) == (0..<50).map { "\($0)" })
        try await running.stop()
        try await listener.stop()
    }

    @Test func aRetainedMessageAwaitsThoseWhoComeLater() async throws {
        let broker = try Broker()
        let running = try await Running(broker.connection("truck", topics: []))
        try await running.publisher.publish(topic: "t/kept", payload: Array("here".utf8), retain: true)
        try await running.publisher.publish(topic: "t/passing", payload: Array("gone".utf8))
        await running.publisher.drain()
        let listener = try await Running(broker.connection("listener"))
        let arrivals = try await listener.arrivals.until { !$0.isEmpty }
        #expect(arrivals == [Arrival(topic: "t/kept", text: "here")])
        try await running.stop()
        try await listener.stop()
    }

    @Test func runsOnceAndSaysWhyItIsOver() async throws {
        let broker = try Broker()
        let running = try await Running(broker.connection("truck", topics: []))
        broker.stop()
        await #expect(throws: CustodyError.self) { try await running.task.value }
        await #expect(throws: CustodyError.self) { try await running.publisher.publish(topic: "t/a", payload: []) }
        let again = try MQTTPublisher(
            configuration: broker.connection("truck", topics: []), onOutcome: { _ in }, onStatus: { _ in })
        await #expect(throws: CustodyError.self) { try await again.runOnce() }
    }

    @Test(
        arguments: [
            ("", 0, 1, false), ("t/#", 0, 1, false), ("t/+", 0, 1, false), ("t", 0, 3, false), ("t", 0, -1, false),
            ("t", MQTTConfiguration.willBytesMax - 1, 1, true), ("t", MQTTConfiguration.willBytesMax, 0, true),
            ("t", MQTTConfiguration.willBytesMax + 1, 1, false),
        ] as [(String, Int, Int32, Bool)])
    func refusesAWillThatNoBrokerTakes(topic: String, bytes: Int, qos: Int32, isValid: Bool) throws {
        var configuration = MQTTConfiguration(host: "h", port: 1, clientID: "c")
        configuration.will = MQTTConfiguration.Will(topic: topic, payload: .init(repeating: 0, count: bytes), qos: qos)
        if isValid {
            try configuration.check()
        } else {
            #expect(throws: CustodyError.self) { try configuration.check() }
        }
    }
}
