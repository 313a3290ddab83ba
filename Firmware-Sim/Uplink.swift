import Capture
import Ledger
import Synchronization

/// One stay of a device on the network: from the moment it comes up to the moment it is lost.
///
/// Readings are named by their order in the device's buffer; the stay tells which of them the broker has taken.
final class Uplink: Sendable {
    enum Outcome: Sendable {
        case acknowledged(UInt64)
        case refused(UInt64, CustodyError)
    }

    private struct Sent {
        var orders: [UInt64: UInt64] = [:]
        /// A broker can be faster than the return from `publish`.
        var early: [UInt64: MQTTPublisher.Outcome] = [:]
    }

    let outcomes: AsyncStream<Outcome>
    private let told: AsyncStream<Outcome>.Continuation
    private let publisher: MQTTPublisher
    private let running: Task<Void, any Error>
    private let sent: Mutex<Sent>

    /// Throws `mqtt-configuration-invalid`, `descriptors-exhausted`.
    init(_ configuration: MQTTConfiguration, onStatus: @escaping @Sendable (MQTTStatus) -> Void) throws {
        let (outcomes, told) = AsyncStream.makeStream(of: Outcome.self)
        let (raw, heard) = AsyncStream.makeStream(of: MQTTPublisher.Outcome.self)
        let publisher = try MQTTPublisher(
            configuration: configuration, onOutcome: { heard.yield($0) }, onStatus: onStatus)
        (self.outcomes, self.told, self.publisher) = (outcomes, told, publisher)
        sent = Mutex(Sent())
        running = Task {
            defer { heard.finish() }
            try await publisher.run()
        }
        Task { await listen(raw) }
    }

    /// Returns when the reading is on its way or waits for the connection. Throws when the stay is over.
    func send(_ reading: SensorReading, _ order: UInt64, of device: String) async throws {
        let number = try await publisher.publish(
            topic: reading.topic(of: device), payload: reading.payload(of: device))
        let early = sent.withLock { sent in
            sent.orders[number] = order
            return sent.early.removeValue(forKey: number)
        }
        if let early { tell(early) }
    }

    /// Ends the stay. What the broker has already acknowledged is still told.
    func close() {
        running.cancel()
    }

    private func listen(_ outcomes: AsyncStream<MQTTPublisher.Outcome>) async {
        for await outcome in outcomes { tell(outcome) }
        told.finish()
    }

    private func tell(_ outcome: MQTTPublisher.Outcome) {
        let number =
            switch outcome {
            case .acknowledged(let number), .refused(let number, _): number
            }
        let order = sent.withLock { sent in
            let order = sent.orders.removeValue(forKey: number)
            if order == nil { sent.early[number] = outcome }
            return order
        }
        guard let order else { return }
        switch outcome {
        case .acknowledged: told.yield(.acknowledged(order))
        case .refused(_, let error): told.yield(.refused(order, error))
        }
    }
}
