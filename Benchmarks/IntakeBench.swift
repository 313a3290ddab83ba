import Capture
import Foundation
import Gateway
import Glibc
import Logging
import Rig
import Store
import Synchronization
import Telemetry

/// Durable readings from a real broker, beside `mosquitto_sub -q 1` counting the same messages.
struct IntakeBench {
    static let messages = 100_000
    static let rounds = 3

    let folder: String

    func run() async throws -> [Measurement] {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        var ours: [Double] = []
        var cost: [Double] = []
        var theirs: [Double] = []
        for round in 0..<Self.rounds {
            let broker = try await BenchBroker(folder: "\(folder)/\(round)")
            defer { broker.stop() }
            try await broker.makeSession("gateway", version: "5")
            try await broker.makeSession("reference", version: "5")
            try await broker.publish(Self.messages, round: round)
            let began = Self.processorSeconds()
            ours.append(Double(Self.messages) / (try await intake(from: broker, round: round)))
            cost.append((Self.processorSeconds() - began) / Double(Self.messages) * 1e6)
            theirs.append(Double(Self.messages) / (try broker.count(Self.messages, client: "reference")))
        }
        return [
            Measurement(
                name: "MQTT intake, QoS 1", value: Statistic.median(ours), unit: "readings/s",
                reference: Statistic.median(theirs), ratio: Statistic.median(zip(ours, theirs).map { $0 / $1 }),
                target: "ratio >= 0.95"),
            Measurement(
                name: "MQTT intake, processor", value: Statistic.median(cost), unit: "us/reading", target: "-"),
        ]
    }

    private static func processorSeconds() -> Double { Double(clock()) / 1e6 }

    /// Seconds from the start of the client until the last reading is durable.
    private func intake(from broker: BenchBroker, round: Int) async throws -> Double {
        let store = try IntakeStore(path: "\(folder)/intake-\(round).sqlite")
        let sink = CountingSink(store: store, expected: Self.messages)
        let pattern = try TopicPattern("sensors/{device}/+")
        let client = try MQTTClient(
            configuration: MQTTConfiguration(
                host: "127.0.0.1", port: broker.port, clientID: "gateway", topics: [pattern.filter]),
            sink: sink,
            decode: { InboundMessage(json: $1, topic: $0, pattern: pattern, receivedAt: $2) },
            now: { Int64(Date().timeIntervalSince1970 * 1e6) }, onStatus: { _ in })
        let upkeep = ReadingUpkeep(intake: store, retention: .max / 2, now: { 0 }, logger: Logger(label: "bench"))
        let packing = Task { await upkeep.run() }
        defer { packing.cancel() }
        let began = ContinuousClock.now
        let running = Task { try await client.run() }
        for await _ in sink.done {}
        let seconds = (ContinuousClock.now - began) / .seconds(1)
        running.cancel()
        _ = try? await running.value
        let kept = try store.readingCount()
        precondition(kept == Self.messages, "\(kept) readings kept")
        return seconds
    }
}

/// Passes batches on to the store, and says when all have come.
private final class CountingSink: ReadingSink {
    let done: AsyncStream<Void>
    private let finish: AsyncStream<Void>.Continuation
    private let store: IntakeStore
    private let left: Mutex<Int>

    init(store: IntakeStore, expected: Int) {
        self.store = store
        left = Mutex(expected)
        (done, finish) = AsyncStream.makeStream()
    }

    func commit(_ messages: [InboundMessage]) throws {
        try store.commit(messages)
        let rest = left.withLock { left in
            left -= messages.count
            return left
        }
        if rest <= 0 { finish.finish() }
    }
}

/// A real mosquitto on a free loopback port.
final class BenchBroker: Sendable {
    let port: Int
    private let process: ChildProcess

    init(folder: String) async throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        port = try Loopback.freePort()
        let text = """
            listener \(port) 127.0.0.1
            allow_anonymous true
            max_inflight_messages 0
            max_queued_messages 0
            log_type none

            """
        try Data(text.utf8).write(to: URL(fileURLWithPath: "\(folder)/mosquitto.conf"))
        process = try Self.start("mosquitto", ["-c", "\(folder)/mosquitto.conf"])
        for _ in 0..<100 where !Self.accepts(port) { try await Task.sleep(for: .milliseconds(20)) }
    }

    func stop() {
        process.send(SIGKILL)
        _ = process.wait()
    }

    /// Makes the broker keep messages for a client that is not there.
    func makeSession(_ client: String, version: String) async throws {
        let subscriber = try Self.start(
            "mosquitto_sub",
            [
                "-p", "\(port)", "-q", "1", "-c", "-i", client, "-t", "sensors/+/+", "-V", "mqttv\(version)", "-E",
                "-x", "3600",
            ])
        _ = subscriber.wait()
    }

    /// Publishes readings of eight sensors and returns when the broker has them all.
    func publish(_ count: Int, round: Int) async throws {
        let publisher = try MQTTPublisher(
            configuration: MQTTConfiguration(host: "127.0.0.1", port: port, clientID: "publisher"),
            onOutcome: { _ in }, onStatus: { _ in })
        let running = Task { try await publisher.run() }
        for number in 0..<count {
            let time = 1_700_000_000 + number / 8
            let payload = """
                {"device":"truck-\(number % 8)","metric":"temperature","value":\(4 + Double(number % 30) / 10),\
                "unit":"Cel","time":\(time),"seq":\(number / 8)}
                """
            try await publisher.publish(topic: "sensors/truck-\(number % 8)/temperature", payload: Array(payload.utf8))
        }
        await publisher.drain()
        running.cancel()
        _ = try? await running.value
    }

    /// Seconds that `mosquitto_sub` takes to count them.
    func count(_ messages: Int, client: String) throws -> Double {
        let began = ContinuousClock.now
        let subscriber = try Self.start(
            "mosquitto_sub",
            [
                "-p", "\(port)", "-q", "1", "-c", "-i", client, "-t", "sensors/+/+", "-V", "mqttv5", "-C",
                "\(messages)",
                "-x", "3600",
            ])
        _ = subscriber.wait()
        return (ContinuousClock.now - began) / .seconds(1)
    }

    private static func start(_ name: String, _ arguments: [String]) throws -> ChildProcess {
        let folders = ["/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin"]
        let path = folders.map { "\($0)/\(name)" }.first { FileManager.default.isExecutableFile(atPath: $0) }
        return try ChildProcess(path ?? name, arguments, output: .file("/dev/null"))
    }

    private static func accepts(_ port: Int) -> Bool {
        (try? start("mosquitto_pub", ["-p", "\(port)", "-t", "probe", "-m", "x"]))?.wait() == 0
    }
}
