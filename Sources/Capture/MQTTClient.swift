import Glibc
import Ledger
import Synchronization
import Telemetry

/// Receives messages from a broker and acknowledges them only when they are durable.
///
/// One round: read until the socket is dry or the batch is full, commit the batch, and only then write, which sends the
/// PUBACKs. When the commit fails, the connection is dropped without writing, so the broker delivers again; when the
/// process is killed at any instant, the same happens. The session is persistent: messages wait at the broker while
/// this client is away. A message may be delivered more than once; removing duplicates is the sink's part.
public final class MQTTClient: Sendable {
    /// The most messages in one commit.
    public static let batchMax = 1_024
    /// A batch is also full at this many payload bytes.
    public static let batchBytesMax = 8 * 1024 * 1024
    /// The largest payload, in bytes. Of a larger one its beginning is kept, as an undecodable message.
    public static let payloadBytesMax = InboundMessage.payloadBytesMax
    /// How much of a payload that is too large is kept, in bytes.
    public static let payloadBytesKept = 4_096

    /// What a client says of itself: when it is connected, and when it goes or has been lost.
    public struct Presence: Sendable {
        public let here: MQTTConfiguration.Will
        public let gone: MQTTConfiguration.Will

        public init(here: MQTTConfiguration.Will, gone: MQTTConfiguration.Will) {
            self.here = here
            self.gone = gone
        }
    }

    /// Makes a message of a topic, a payload and the time of receipt (UTC microseconds). Must not block.
    public typealias Decoder = @Sendable (_ topic: String, _ payload: [UInt8], _ receivedAt: Int64) -> InboundMessage

    /// A connection that lasted this long was a good one, even if no message came.
    private static let stableAfter = Duration.seconds(60)

    private let configuration: MQTTConfiguration
    private let sink: any ReadingSink
    private let decode: Decoder
    private let now: @Sendable () -> Int64
    private let presence: (@Sendable (_ now: Int64) -> Presence)?
    private let onStatus: @Sendable (MQTTStatus) -> Void
    private let waker: Waker
    private let isStopping = Mutex(false)

    /// - Parameters:
    ///   - sink: makes batches durable; called on the client's own thread, one batch at a time.
    ///   - now: UTC microseconds.
    ///   - presence: what to say of this client on a connection that is made now; nothing where it is nil.
    ///   - onStatus: told of every connection and disconnection, on the client's own thread.
    ///
    /// Throws `mqtt-configuration-invalid`, `descriptors-exhausted`.
    public init(
        configuration: MQTTConfiguration, sink: any ReadingSink, decode: @escaping Decoder,
        now: @escaping @Sendable () -> Int64, presence: (@Sendable (_ now: Int64) -> Presence)? = nil,
        onStatus: @escaping @Sendable (MQTTStatus) -> Void
    ) throws {
        try configuration.check()
        self.configuration = configuration
        self.sink = sink
        self.decode = decode
        self.now = now
        self.presence = presence
        self.onStatus = onStatus
        waker = try Waker()
    }

    /// Receives until the task is cancelled; connects again whenever the connection is lost. Call it once.
    ///
    /// After cancellation it returns when the commit in progress is done and its PUBACKs are written; a connection
    /// attempt to a host that does not answer delays it until the kernel gives up.
    public func run() async throws {
        let lane = BlockingLane("custody.mqtt-client")
        try await withTaskCancellationHandler {
            try await lane.run { self.runBlocking() }
        } onCancel: {
            isStopping.withLock { $0 = true }
            waker.wake()
        }
    }

    private func runBlocking() {
        var backoff = configuration.backoff
        while !stopping {
            let started = ContinuousClock.now
            var committed = false
            do {
                try serve(&committed)
            } catch {
                if committed || ContinuousClock.now - started > MQTTClient.stableAfter { backoff.reset() }
                let wait = backoff.next()
                onStatus(.disconnected(MQTTClient.custodyError(error), retryAfter: wait))
                pause(wait)
            }
        }
    }

    private func serve(_ committed: inout Bool) throws {
        let batch = MQTTBatch(decode: decode, now: now)
        var events = MQTTConnection.Events()
        events.received = { batch.append(topic: $0, payload: $1) }
        let said = presence?(now())
        var configuration = configuration
        configuration.will = said?.gone
        let connection = try MQTTConnection(configuration, events)
        var wasReady = false
        while !stopping {
            connection.wait(waker, limit: .seconds(1))
            let failure = collect(batch, from: connection)
            if try commit(batch) { committed = true }
            if let failure { throw failure }
            for question in batch.takeQuestions() {
                _ = try connection.publish(topic: question.topic, payload: question.payload, qos: 0)
            }
            try connection.write()
            try connection.keepAlive()
            if connection.isReady && !wasReady {
                wasReady = true
                onStatus(.connected)
                try say(said?.here, on: connection)
            }
        }
        // A goodbye drops the will.
        if wasReady { try? say(presence?(now()).gone, on: connection) }
        connection.disconnect()
    }

    private func say(_ message: MQTTConfiguration.Will?, on connection: MQTTConnection) throws {
        guard let message else { return }
        _ = try connection.publish(
            topic: message.topic, payload: message.payload, qos: message.qos, retain: message.retain)
        try connection.write()
    }

    /// Reads until a call brought no message, which means that the socket is dry or the packet was another one. What
    /// was read before a failure is returned in the batch: a message with QoS 0 would not come again.
    private func collect(_ batch: MQTTBatch, from connection: MQTTConnection) -> (any Error)? {
        do {
            var before: Int
            repeat {
                before = batch.messages.count
                try connection.read()
            } while batch.messages.count > before && !batch.isFull
            return nil
        } catch {
            return error
        }
    }

    /// Whether there was anything to commit.
    private func commit(_ batch: MQTTBatch) throws -> Bool {
        guard !batch.messages.isEmpty else { return false }
        // A TLS record can hold more messages than a batch, and the library reads a record to its end.
        var rest = batch.messages[...]
        while !rest.isEmpty {
            try sink.commit(Array(rest.prefix(MQTTClient.batchMax)))
            rest = rest.dropFirst(MQTTClient.batchMax)
        }
        batch.clear()
        return true
    }

    private var stopping: Bool { isStopping.withLock { $0 } }

    private func pause(_ duration: Duration) {
        guard !stopping else { return }
        var descriptor = pollfd(fd: waker.descriptor, events: Int16(POLLIN), revents: 0)
        _ = poll(&descriptor, 1, duration.pollMilliseconds)
    }

    private static func custodyError(_ error: any Error) -> CustodyError {
        error as? CustodyError
            ?? CustodyError("mqtt-commit-failed", "Received messages cannot be written to disk: \(error)")
    }
}

/// The messages of one round. Used on the client's thread only.
final class MQTTBatch {
    private(set) var messages: [InboundMessage] = []
    private var payloadBytes = 0
    private var questions: [(topic: String, payload: [UInt8])] = []
    private let decode: MQTTClient.Decoder
    private let now: @Sendable () -> Int64

    init(decode: @escaping MQTTClient.Decoder, now: @escaping @Sendable () -> Int64) {
        self.decode = decode
        self.now = now
        messages.reserveCapacity(MQTTClient.batchMax)
    }

    var isFull: Bool {
        messages.count >= MQTTClient.batchMax || payloadBytes >= MQTTClient.batchBytesMax
    }

    func append(topic: String, payload: UnsafeRawBufferPointer) {
        payloadBytes += payload.count
        let message = message(topic, payload)
        if case .sparkplug(let outcome) = message.content, let node = outcome.rebirth {
            questions.append(SparkplugCommand.rebirth(of: node, at: message.receivedAt))
        }
        messages.append(message)
    }

    func clear() {
        messages.removeAll(keepingCapacity: true)
        payloadBytes = 0
    }

    /// What has to be asked because of messages that are durable by now.
    func takeQuestions() -> [(topic: String, payload: [UInt8])] {
        defer { questions.removeAll() }
        return questions
    }

    private func message(_ topic: String, _ payload: UnsafeRawBufferPointer) -> InboundMessage {
        guard payload.count > MQTTClient.payloadBytesMax else { return decode(topic, Array(payload), now()) }
        let kept = Array(payload.prefix(MQTTClient.payloadBytesKept))
        let reason = TelemetryError(
            .payloadTooLarge,
            "The payload has \(payload.count) bytes, more than \(MQTTClient.payloadBytesMax); its beginning is kept.")
        return InboundMessage(topic: topic, payload: kept, receivedAt: now(), content: .undecodable(reason: reason))
    }
}
