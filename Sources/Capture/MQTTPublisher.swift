import Glibc
import Ledger
import Synchronization

/// Publishes messages, with QoS 1 unless told otherwise, and says of each when the broker has taken it.
///
/// At most `windowMax` messages are on their way; further calls of `publish` wait. What was not acknowledged when a
/// connection was lost is published again on the next, so a message may arrive twice. It may also listen: messages of
/// the configuration's topics go to `onMessage`.
public final class MQTTPublisher: Sendable {
    /// What became of one published message.
    public enum Outcome: Sendable, Hashable {
        /// The broker has it; a message with QoS 0 has been written to the connection, and nobody knows more.
        case acknowledged(UInt64)
        /// The broker (MQTT 5) or the library will not have it; it is not sent again.
        case refused(UInt64, CustodyError)
    }

    private struct Message {
        let number: UInt64
        let topic: String
        let payload: [UInt8]
        let qos: Int32
        let retain: Bool
    }

    private struct State {
        var nextNumber: UInt64 = 0
        var isStopped = false
        /// To end as a lost network does.
        var isAbandoned = false
        /// Not yet given to the connection, in order.
        var queued: [Message] = []
        /// Given to the connection and not yet acknowledged.
        var inFlight: [UInt64: Message] = [:]
        var waiting: [UInt64: CheckedContinuation<Void, Never>] = [:]
        var nextWaiter: UInt64 = 0

        var count: Int { queued.count + inFlight.count }
    }

    private let configuration: MQTTConfiguration
    private let windowMax: Int
    private let onOutcome: @Sendable (Outcome) -> Void
    private let onStatus: @Sendable (MQTTStatus) -> Void
    private let onMessage: @Sendable (String, [UInt8]) -> Void
    private let waker: Waker
    private let state = Mutex(State())

    /// - Parameters:
    ///   - windowMax: how many messages may be unacknowledged at once, at least 1.
    ///   - onOutcome: told of every message's end, on the publisher's own thread.
    ///   - onStatus: told of every connection and disconnection, on the publisher's own thread.
    ///   - onMessage: given topic and payload of every message of the configuration's topics, on the publisher's own
    ///     thread.
    ///
    /// Throws `mqtt-configuration-invalid`, `descriptors-exhausted`.
    public init(
        configuration: MQTTConfiguration, windowMax: Int = 1_024, onOutcome: @escaping @Sendable (Outcome) -> Void,
        onStatus: @escaping @Sendable (MQTTStatus) -> Void,
        onMessage: @escaping @Sendable (_ topic: String, _ payload: [UInt8]) -> Void = { _, _ in }
    ) throws {
        try configuration.check()
        self.configuration = configuration
        self.windowMax = max(1, windowMax)
        self.onOutcome = onOutcome
        self.onStatus = onStatus
        self.onMessage = onMessage
        waker = try Waker()
    }

    /// Sends until the task is cancelled; connects again whenever the connection is lost. Call it once.
    public func run() async throws {
        let lane = BlockingLane("custody.mqtt-publisher")
        try await withTaskCancellationHandler {
            try await lane.run { self.runBlocking() }
        } onCancel: {
            stop(abandoning: false)
        }
    }

    /// Sends on one connection until the task is cancelled. Call it, or `run`, once.
    ///
    /// For senders that must begin anew after a loss, with another will or another first message. Throws why there is
    /// no connection, or no longer; then the publisher has stopped, and what has no outcome has none for ever.
    public func runOnce() async throws {
        let lane = BlockingLane("custody.mqtt-publisher")
        defer { stop(abandoning: false) }
        try await withTaskCancellationHandler {
            try await lane.run {
                var acknowledged = false
                try self.serve(&acknowledged)
            }
        } onCancel: {
            stop(abandoning: false)
        }
    }

    /// Ends `run` or `runOnce` as a lost network would, without a goodbye: the broker publishes the will.
    public func abandon() {
        stop(abandoning: true)
    }

    /// The message's number, which `onOutcome` names later; returns when the message is in the window.
    ///
    /// - Parameters:
    ///   - qos: 0, 1 or 2.
    ///   - retain: whether the broker keeps the message for later subscribers.
    ///
    /// Throws `mqtt-publisher-stopped`, `mqtt-payload-too-large`, `CancellationError`.
    @discardableResult
    public func publish(topic: String, payload: [UInt8], qos: Int32 = 1, retain: Bool = false) async throws -> UInt64 {
        guard payload.count <= MQTTClient.payloadBytesMax else {
            throw CustodyError(
                "mqtt-payload-too-large",
                "The payload has \(payload.count) bytes, more than "
                    + "\(MQTTClient.payloadBytesMax)", at: topic)
        }
        while true {
            if let number = try enqueue(topic, payload, qos, retain) {
                waker.wake()
                return number
            }
            await waitUntil { $0.count < self.windowMax }
            try Task.checkCancellation()
        }
    }

    /// Returns when every message so far has its outcome, or the publisher has stopped, or the task was cancelled.
    public func drain() async {
        while state.withLock({ $0.count > 0 && !$0.isStopped }), !Task.isCancelled {
            await waitUntil { $0.count == 0 }
        }
    }

    private func stop(abandoning: Bool) {
        let waiting = state.withLock { state in
            if abandoning, !state.isStopped { state.isAbandoned = true }
            state.isStopped = true
            defer { state.waiting.removeAll() }
            return state.waiting
        }
        waiting.values.forEach { $0.resume() }
        waker.wake()
    }

    private func enqueue(_ topic: String, _ payload: [UInt8], _ qos: Int32, _ retain: Bool) throws -> UInt64? {
        try state.withLock { state in
            guard !state.isStopped else {
                throw CustodyError("mqtt-publisher-stopped", "The publisher has stopped", at: topic)
            }
            guard state.count < windowMax else { return nil }
            defer { state.nextNumber += 1 }
            state.queued.append(
                Message(number: state.nextNumber, topic: topic, payload: payload, qos: qos, retain: retain))
            return state.nextNumber
        }
    }

    /// Suspends until something in the state changed, unless `isMet` holds already.
    private func waitUntil(_ isMet: @Sendable (borrowing State) -> Bool) async {
        let waiter = state.withLock { state in
            defer { state.nextWaiter += 1 }
            return state.nextWaiter
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let goesOn = state.withLock { state in
                    if isMet(state) || state.isStopped || Task.isCancelled { return true }
                    state.waiting[waiter] = continuation
                    return false
                }
                if goesOn { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiting.removeValue(forKey: waiter) }?.resume()
        }
    }

    private func runBlocking() {
        var backoff = configuration.backoff
        while !stopping {
            var acknowledged = false
            do {
                try serve(&acknowledged)
            } catch {
                if acknowledged { backoff.reset() }
                let wait = backoff.next()
                let reason = error as? CustodyError ?? CustodyError("mqtt-broker-unreachable", "\(error)")
                onStatus(.disconnected(reason, retryAfter: wait))
                pause(wait)
            }
        }
    }

    private func serve(_ acknowledged: inout Bool) throws {
        requeue()
        let acknowledgements = Acknowledgements()
        var events = MQTTConnection.Events()
        events.published = { acknowledgements.arrived.append(($0, $1)) }
        events.received = { [onMessage] topic, payload in
            acknowledgements.messages += 1
            onMessage(topic, Array(payload))
        }
        let connection = try MQTTConnection(configuration, events)
        var numbers: [Int32: UInt64] = [:]
        var wasReady = false
        while !stopping {
            connection.wait(waker, limit: .seconds(1))
            try readAll(connection, acknowledgements)
            if connection.isReady && !wasReady {
                wasReady = true
                onStatus(.connected)
            }
            if finish(acknowledgements, &numbers) { acknowledged = true }
            if wasReady { send(on: connection, &numbers) }
            try connection.write()
            // Messages with QoS 0 have their end when they are written.
            if finish(acknowledgements, &numbers) { acknowledged = true }
            try connection.keepAlive()
        }
        if !state.withLock({ $0.isAbandoned }) { connection.disconnect() }
    }

    private func readAll(_ connection: MQTTConnection, _ acknowledgements: Acknowledgements) throws {
        var before: Int
        repeat {
            before = acknowledgements.count
            try connection.read()
        } while acknowledgements.count > before
    }

    /// What the last connection left unacknowledged comes first, in its order.
    private func requeue() {
        state.withLock { state in
            state.queued = state.inFlight.values.sorted { $0.number < $1.number } + state.queued
            state.inFlight.removeAll()
        }
    }

    private func send(on connection: MQTTConnection, _ numbers: inout [Int32: UInt64]) {
        let queued = state.withLock { state in
            defer { state.queued.removeAll() }
            for message in state.queued { state.inFlight[message.number] = message }
            return state.queued
        }
        for message in queued {
            do {
                let packet = try connection.publish(
                    topic: message.topic, payload: message.payload, qos: message.qos, retain: message.retain)
                numbers[packet] = message.number
            } catch {
                let reason = error as? CustodyError ?? CustodyError("mqtt-publish-refused", "\(error)")
                end(message.number, .refused(message.number, reason))
            }
        }
    }

    /// Whether any acknowledgement had arrived.
    private func finish(_ acknowledgements: Acknowledgements, _ numbers: inout [Int32: UInt64]) -> Bool {
        defer { acknowledgements.arrived.removeAll(keepingCapacity: true) }
        for (packet, reason) in acknowledgements.arrived {
            guard let number = numbers.removeValue(forKey: packet) else { continue }
            end(number, reason < 128 ? .acknowledged(number) : .refused(number, MQTTPublisher.refusal(reason)))
        }
        return !acknowledgements.arrived.isEmpty
    }

    private func end(_ number: UInt64, _ outcome: Outcome) {
        let waiting = state.withLock { state in
            state.inFlight.removeValue(forKey: number)
            defer { state.waiting.removeAll() }
            return state.waiting
        }
        onOutcome(outcome)
        waiting.values.forEach { $0.resume() }
    }

    private static func refusal(_ reason: Int32) -> CustodyError {
        CustodyError(
            "mqtt-publish-refused", "The broker refused the message: MQTT reason code \(reason)",
            remedy: "Check the topic and the broker's access rules.")
    }

    private var stopping: Bool { state.withLock { $0.isStopped } }

    private func pause(_ duration: Duration) {
        let deadline = ContinuousClock.now + duration
        while !stopping, ContinuousClock.now < deadline {
            var descriptor = pollfd(fd: waker.descriptor, events: Int16(POLLIN), revents: 0)
            _ = poll(&descriptor, 1, ContinuousClock.now.duration(to: deadline).pollMilliseconds)
            waker.drain()
        }
    }
}

/// Packet ids and reason codes in the order of their PUBACKs. Used on the publisher's thread only.
private final class Acknowledgements {
    var arrived: [(packet: Int32, reason: Int32)] = []
    /// How many messages of others came in.
    var messages = 0

    var count: Int { arrived.count + messages }
}
