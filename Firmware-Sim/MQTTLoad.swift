import Capture
import Ledger
import Synchronization

/// Publishes readings to a broker as fast as it takes them, and measures.
struct MQTTLoad: Sendable {
    struct Report: Codable, Sendable {
        let messages: Int
        let acknowledged: Int
        let refused: Int
        let payloadBytes: Int
        let seconds: Double
        /// Acknowledged messages in a second.
        let rate: Double
    }

    let device: String
    let messages: Int
    let topics: Int
    let inflightMax: Int
    /// Payloads are filled up to this size; a reading needs about 100 bytes.
    let payloadBytes: Int
    /// The time of the first reading, in UTC microseconds; each later one is a millisecond younger.
    let startTime: Int64

    /// Returns when the broker has answered for every message.
    ///
    /// Throws `broker-not-reached` or why the broker refuses, `CancellationError`, and what `MQTTPublisher` throws.
    func run(_ configuration: MQTTConfiguration, connectWithin limit: Duration) async throws -> Report {
        let (statuses, told) = AsyncStream.makeStream(of: MQTTStatus.self)
        let refused = Mutex(0)
        let publisher = try MQTTPublisher(
            configuration: configuration, windowMax: inflightMax,
            onOutcome: { if case .refused = $0 { refused.withLock { $0 += 1 } } }, onStatus: { told.yield($0) })
        let running = Task { try await publisher.run() }
        defer { running.cancel() }
        try await MQTTLoad.connected(statuses, told, within: limit)
        let start = ContinuousClock.now
        try await publishAll(publisher)
        await publisher.drain()
        try Task.checkCancellation()
        return report(refused: refused.withLock { $0 }, took: start.duration(to: .now))
    }

    private func publishAll(_ publisher: MQTTPublisher) async throws {
        let names = (0..<topics).map { "sensors/\(device)/metric-\($0)" }
        for index in 0..<messages {
            let topic = index % topics
            try await publisher.publish(topic: names[topic], payload: payload(index, topic))
        }
    }

    /// Unix seconds for the time: text would cost more than all the rest.
    private func payload(_ index: Int, _ topic: Int) -> [UInt8] {
        let time = startTime + Int64(index) * 1_000
        let fraction = String(1_000_000 + time % 1_000_000).dropFirst()
        let head = """
            {"device":"\(device)","metric":"metric-\(topic)","value":\(Double(index % 1_000) / 100),"unit":"Cel",\
            "time":\(time / 1_000_000).\(fraction),"seq":\(index / topics)
            """
        let bytes = Array(head.utf8)
        let frame = Array(",\"pad\":\"\"}".utf8)
        guard bytes.count + frame.count < payloadBytes else { return bytes + [UInt8(ascii: "}")] }
        let pad = [UInt8](repeating: UInt8(ascii: "x"), count: payloadBytes - bytes.count - frame.count)
        return bytes + frame.dropLast(2) + pad + frame.suffix(2)
    }

    private func report(refused: Int, took: Duration) -> Report {
        let seconds = took / .seconds(1)
        let acknowledged = messages - refused
        return Report(
            messages: messages, acknowledged: acknowledged, refused: refused, payloadBytes: payload(0, 0).count,
            seconds: seconds, rate: (Double(acknowledged) / seconds).rounded())
    }

    /// Whoever cannot log in is told the last reason, not only that the time is over.
    static func connected(
        _ statuses: AsyncStream<MQTTStatus>, _ told: AsyncStream<MQTTStatus>.Continuation, within limit: Duration
    ) async throws {
        let timer = Task {
            try await Task.sleep(for: limit)
            told.finish()
        }
        defer { timer.cancel() }
        var failure = CustodyError("broker-not-reached", "The broker did not answer in time")
        for await status in statuses {
            switch status {
            case .connected: return
            case .disconnected(let error, _): failure = error
            }
        }
        try Task.checkCancellation()
        throw failure
    }
}
