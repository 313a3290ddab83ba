import Capture
import Ledger
import Synchronization

/// One connection of a fleet, with the trucks that share it. In Sparkplug it is an edge node, and they are its devices.
struct FleetLine: Sendable {
    struct Tally: Hashable, Sendable {
        var readings = 0
        var messages = 0
        var acknowledged = 0
        var refused = 0
        var payloadBytes = 0
    }

    /// What the broker says, heard on the publisher's own thread.
    private final class Heard: Sendable {
        let acknowledged = Atomic(0)
        let refused = Atomic(0)
        let rebirthIsAsked = Atomic(false)

        func hear(_ outcome: MQTTPublisher.Outcome) {
            switch outcome {
            case .acknowledged: acknowledged.add(1, ordering: .relaxed)
            case .refused: refused.add(1, ordering: .relaxed)
            }
        }

        func hear(_ payload: [UInt8]) {
            if SparkplugEdge.asksForRebirth(payload) { rebirthIsAsked.store(true, ordering: .relaxed) }
        }
    }

    /// A connection rests for so long when it is ahead of its rate.
    private static let rest = Duration.milliseconds(5)

    private let fleet: Fleet
    private let number: Int
    private let trucks: [Truck]
    private let session: String
    private let configuration: MQTTConfiguration
    private let publisher: MQTTPublisher
    private let heard = Heard()
    private let statuses: AsyncStream<MQTTStatus>
    private let told: AsyncStream<MQTTStatus>.Continuation
    /// As it was before its births.
    private let edge: SparkplugEdge

    /// Throws `device-name-unusable`, `mqtt-configuration-invalid`, `descriptors-exhausted`.
    init(_ fleet: Fleet, number: Int, _ broker: MQTTConfiguration) throws {
        try SensorReading.checkDevice(fleet.truck(fleet.trucks - 1).device)
        if fleet.format == .senMLJSON || fleet.format == .senMLCBOR { try SenMLPack.checkDevice(fleet.name) }
        trucks = fleet.trucks(of: number)
        let devices = trucks.map { SparkplugEdge.Part(device: $0.device, metrics: fleet.metrics) }
        var edge = SparkplugEdge(
            group: fleet.group, node: "\(fleet.name)-edge-\(number + 1)", metrics: [], devices: devices)
        var configuration = broker
        configuration.clientID = "\(fleet.name)-line-\(number + 1)"
        configuration.keepsSession = false
        if fleet.format == .sparkplug {
            configuration.will = edge.connect(at: fleet.startTime)
            configuration.topics = [edge.commandTopic]
        }
        (statuses, told) = AsyncStream.makeStream(of: MQTTStatus.self)
        publisher = try MQTTPublisher(
            configuration: configuration, windowMax: fleet.inflightMax, onOutcome: { [heard] in heard.hear($0) },
            onStatus: { [told] in told.yield($0) }, onMessage: { [heard] in heard.hear($1) })
        session = "fleet-" + String(fleet.startTime, radix: 16)
        (self.fleet, self.number, self.configuration, self.edge) = (fleet, number, configuration, edge)
    }

    /// Returns when the broker has answered for every message of this connection.
    func run(connectWithin limit: Duration) async throws -> Tally {
        let running = Task { try await serve() }
        defer { running.cancel() }
        try await MQTTLoad.connected(statuses, told, within: limit)
        var tally = Tally()
        try await publishAll(&tally)
        await publisher.drain()
        try Task.checkCancellation()
        tally.acknowledged = heard.acknowledged.load(ordering: .relaxed)
        tally.refused = heard.refused.load(ordering: .relaxed)
        guard tally.acknowledged + tally.refused == tally.messages else { throw lost(tally) }
        running.cancel()
        _ = try? await running.value
        return tally
    }

    /// Only with acknowledgements can a lost connection be made good by the next one.
    private func serve() async throws {
        guard fleet.format == .sparkplug else { return try await publisher.run() }
        do {
            try await publisher.runOnce()
        } catch {
            let reason = error as? CustodyError ?? CustodyError("mqtt-broker-unreachable", "\(error)")
            told.yield(.disconnected(reason, retryAfter: .zero))
            told.finish()
            throw error
        }
    }

    private func publishAll(_ tally: inout Tally) async throws {
        var edge = edge
        let moments = fleet.moments(of: number)
        let start = ContinuousClock.now
        if fleet.format == .sparkplug { try await bear(&edge, fleet.startTime, &tally) }
        for moment in 0..<moments {
            try await keepPace(moment, start)
            let elapsed = start.duration(to: .now)
            if heard.rebirthIsAsked.exchange(false, ordering: .relaxed) {
                try await bear(&edge, fleet.startTime + Int64(elapsed / .microseconds(1)), &tally)
            }
            for message in messages(moment, elapsed, &edge) { try await publish(message, &tally) }
            tally.readings += fleet.metrics.count
        }
        if fleet.format == .sparkplug { try await publish(edge.death(at: fleet.startTime), &tally) }
    }

    private func bear(_ edge: inout SparkplugEdge, _ time: Int64, _ tally: inout Tally) async throws {
        for birth in edge.births(at: time, newest: { _, _ in nil }) { try await publish(birth, &tally) }
    }

    private func publish(_ message: OutgoingMessage, _ tally: inout Tally) async throws {
        try await publisher.publish(topic: message.topic, payload: message.payload, qos: message.qos)
        tally.messages += 1
        tally.payloadBytes += message.payload.count
    }

    /// Returns when it is this moment's turn.
    private func keepPace(_ moment: Int, _ start: ContinuousClock.Instant) async throws {
        while fleet.momentsDue(after: start.duration(to: .now)) <= moment {
            try await Task.sleep(for: FleetLine.rest)
        }
    }

    /// Trucks take turns; each counts its own moments.
    private func messages(_ moment: Int, _ elapsed: Duration, _ edge: inout SparkplugEdge) -> [OutgoingMessage] {
        let index = moment % trucks.count
        let readings = readings(of: trucks[index], UInt64(moment / trucks.count), elapsed)
        let device = trucks[index].device
        let pack = SenMLPack(device: device, readings: readings)
        switch fleet.format {
        case .json:
            return readings.map { OutgoingMessage(topic: $0.topic(of: device), payload: $0.payload(of: device)) }
        case .senMLJSON: return [OutgoingMessage(topic: "sensors/\(device)/senml/json", payload: pack.json)]
        case .senMLCBOR: return [OutgoingMessage(topic: "sensors/\(device)/senml/cbor", payload: pack.cbor)]
        case .sparkplug:
            let kept = readings.map { SparkplugEdge.Kept(order: $0.sequence, reading: $0) }
            return [edge.data(index + 1, kept, isHistorical: false, at: readings.first?.time ?? fleet.startTime)]
        }
    }

    private func readings(of truck: Truck, _ sequence: UInt64, _ elapsed: Duration) -> [SensorReading] {
        let time = truck.clock.time(start: fleet.startTime, elapsed: elapsed)
        return truck.metrics.map {
            SensorReading(
                metric: $0, value: truck.value(of: $0, at: elapsed), time: time, sequence: sequence, session: session)
        }
    }

    private func lost(_ tally: Tally) -> CustodyError {
        CustodyError(
            "fleet-not-acknowledged",
            "Of \(tally.messages) messages \(tally.messages - tally.acknowledged - tally.refused) have no answer",
            at: "\(configuration.host):\(configuration.port)", remedy: "See why the connection was lost.")
    }
}
