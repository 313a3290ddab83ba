import Capture

/// An MQTT client that publishes what a test says, with QoS 1, and keeps what it hears.
final class TestClient: Sendable {
    struct Message: Hashable, Sendable {
        let topic: String
        let payload: [UInt8]

        var text: String { String(decoding: payload, as: UTF8.self) }
    }

    let heard = Collected<Message>()
    private let publisher: MQTTPublisher
    private let running: Task<Void, any Error>

    /// Returns when the broker has granted the topics.
    init(_ name: String, at broker: Broker, topics: [String] = []) async throws {
        let statuses = Collected<MQTTStatus>()
        let publisher = try MQTTPublisher(
            configuration: broker.connection(name, topics: topics), onOutcome: { _ in },
            onStatus: { statuses.append($0) },
            onMessage: { [heard] in heard.append(Message(topic: $0, payload: $1)) })
        self.publisher = publisher
        running = Task { try await publisher.run() }
        try await statuses.until { $0.contains(.connected) }
    }

    deinit { running.cancel() }

    /// Returns when the broker has all of them, in this order.
    func publish(_ messages: [(topic: String, payload: [UInt8])]) async throws {
        for message in messages {
            try await publisher.publish(topic: message.topic, payload: message.payload)
            await publisher.drain()
        }
    }
}
