import Capture
import Telemetry
import Testing

/// A sensor that numbers its readings and knows which of them the broker took.
final class NumberedSensor: Sendable {
    let device: String
    private let publisher: MQTTPublisher
    private let outcomes: Collected<MQTTPublisher.Outcome>
    private let publishing: Task<Void, any Error>

    init(_ device: String, at broker: Broker) throws {
        let outcomes = Collected<MQTTPublisher.Outcome>()
        let publisher = try MQTTPublisher(
            configuration: broker.connection(device, topics: []), windowMax: 16,
            onOutcome: { outcomes.append($0) }, onStatus: { _ in })
        self.device = device
        self.publisher = publisher
        self.outcomes = outcomes
        publishing = Task { try await publisher.run() }
    }

    deinit { publishing.cancel() }

    /// Publishes readings with these numbers. Each must be sent once and the first must be 0: then they are the
    /// publisher's own numbers too.
    func send(_ numbers: Range<Int>) async throws {
        for number in numbers {
            let payload = #"{"value":5.2,"unit":"Cel","time":\#(1_800_000_000 + number),"seq":\#(number)}"#
            let sent = try await publisher.publish(
                topic: "sensors/\(device)/temperature", payload: Array(payload.utf8))
            try #require(sent == UInt64(number))
        }
    }

    /// The numbers of the readings that the broker took, once all that were sent have their outcome.
    func acknowledged() async -> [UInt64] {
        await publisher.drain()
        return outcomes.elements.compactMap { if case .acknowledged(let number) = $0 { number } else { nil } }.sorted()
    }

    /// Returns when the broker has taken so many.
    func untilAcknowledged(_ count: Int) async throws {
        try await outcomes.until { $0.count >= count }
    }
}
