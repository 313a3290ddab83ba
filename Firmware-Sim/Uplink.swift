import Capture
import Ledger
import Synchronization

/// One connection of a device to its broker, from the moment it is tried to the moment it is lost.
///
/// Messages name the readings that they carry by their orders in the device's buffer; the connection tells which of
/// them the broker has taken.
final class Uplink: Sendable {
    enum Event: Sendable {
        /// The first event, if the broker takes the login.
        case connected
        case acknowledged([UInt64])
        case refused([UInt64], CustodyError)
        /// A message for the device came in.
        case received([UInt8])
        /// The last event, unless the device itself has ended the connection.
        case lost(CustodyError)
    }

    private struct Sent {
        var orders: [UInt64: [UInt64]] = [:]
        /// A broker can be faster than the return from `publish`.
        var early: [UInt64: MQTTPublisher.Outcome] = [:]
    }

    /// Ends with the connection.
    let events: AsyncStream<Event>
    private let told: AsyncStream<Event>.Continuation
    private let publisher: MQTTPublisher
    /// Ends with the reason why the connection was lost.
    private let running: Task<CustodyError?, Never>
    private let sent: Mutex<Sent>

    /// Throws `mqtt-configuration-invalid`, `descriptors-exhausted`.
    init(_ configuration: MQTTConfiguration) throws {
        let (events, told) = AsyncStream.makeStream(of: Event.self)
        let (raw, heard) = AsyncStream.makeStream(of: MQTTPublisher.Outcome.self)
        let publisher = try MQTTPublisher(
            configuration: configuration, onOutcome: { heard.yield($0) }, onStatus: { _ in told.yield(.connected) },
            onMessage: { told.yield(.received($1)) })
        (self.events, self.told, self.publisher) = (events, told, publisher)
        sent = Mutex(Sent())
        running = Task {
            defer { heard.finish() }
            do { try await publisher.runOnce() } catch { return Uplink.reason(error) }
            return nil
        }
        Task {
            for await outcome in raw { tell(outcome) }
            if let reason = await running.value { told.yield(.lost(reason)) }
            told.finish()
        }
    }

    /// Returns when the message is on its way. Throws when the connection is over.
    func send(_ message: OutgoingMessage) async throws {
        let number = try await publisher.publish(topic: message.topic, payload: message.payload, qos: message.qos)
        let early = sent.withLock { sent in
            sent.orders[number] = message.orders
            return sent.early.removeValue(forKey: number)
        }
        if let early { tell(early) }
    }

    /// Loses the connection, as in a tunnel. What the broker has already acknowledged is still told.
    func lose() {
        publisher.abandon()
    }

    /// Says goodbye, after what is on its way has been answered or `limit` has passed.
    func leave(within limit: Duration) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.publisher.drain() }
            group.addTask { try? await Task.sleep(for: limit) }
            await group.next()
            group.cancelAll()
        }
        running.cancel()
        _ = await running.value
    }

    private func tell(_ outcome: MQTTPublisher.Outcome) {
        let number =
            switch outcome {
            case .acknowledged(let number), .refused(let number, _): number
            }
        let orders = sent.withLock { sent in
            let orders = sent.orders.removeValue(forKey: number)
            if orders == nil { sent.early[number] = outcome }
            return orders
        }
        guard let orders else { return }
        switch outcome {
        case .acknowledged: told.yield(.acknowledged(orders))
        case .refused(_, let error): told.yield(.refused(orders, error))
        }
    }

    private static func reason(_ error: any Error) -> CustodyError {
        error as? CustodyError ?? CustodyError("mqtt-broker-unreachable", "\(error)")
    }
}
