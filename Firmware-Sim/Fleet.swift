import Capture
import Ledger
import Rig

/// Many trucks, each with a seed and topics of its own, that publish at a steady rate over a few connections.
struct Fleet: Sendable {
    struct Report: Codable, Hashable, Sendable {
        let trucks: Int
        let connections: Int
        let readings: Int
        /// With the births and deaths of Sparkplug.
        let messages: Int
        /// Of the messages.
        let acknowledged: Int
        let refused: Int
        let payloadBytes: Int
        let seconds: Double
        /// Readings in a second, up to the last acknowledgement.
        let rate: Double
    }

    /// The names of its trucks begin with this.
    let name: String
    let trucks: Int
    let connections: Int
    let format: PayloadFormat
    /// The Sparkplug group; no other format has one.
    let group: String
    let metrics: [SensorReading.Metric]
    /// Readings in a second, of all trucks together.
    let rate: Double
    /// Rounded up, so that each connection sends whole moments of its trucks.
    let readings: Int
    let seed: UInt64
    /// As `Truck.pace`.
    let pace: Double
    let inflightMax: Int
    /// UTC microseconds at the start, by a clock that is right.
    let startTime: Int64

    /// Returns when the broker has answered for every message.
    ///
    /// Throws `broker-not-reached` or why the broker refuses, `fleet-not-acknowledged`, `device-name-unusable`,
    /// `CancellationError`, and what `MQTTPublisher` throws.
    func run(_ configuration: MQTTConfiguration, connectWithin limit: Duration) async throws -> Report {
        let lines = try (0..<connections).map { try FleetLine(self, number: $0, configuration) }
        let start = ContinuousClock.now
        let tallies = try await withThrowingTaskGroup(of: FleetLine.Tally.self) { group in
            for line in lines { group.addTask { try await line.run(connectWithin: limit) } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        return report(tallies, took: start.duration(to: .now))
    }

    /// The truck with this index.
    func truck(_ index: Int) -> Truck {
        let seed = seed &+ UInt64(index)
        return Truck(
            device: "\(name)-\(index + 1)", climate: CargoClimate(seed: seed), clock: .ordinary(seed: seed),
            metrics: metrics, interval: .seconds(Double(trucks * metrics.count) / rate), pace: pace)
    }

    /// The trucks of one connection.
    func trucks(of line: Int) -> [Truck] {
        stride(from: line, to: trucks, by: connections).map(truck)
    }

    /// How many moments, of one truck each, a connection sends.
    func moments(of line: Int) -> Int {
        let moments = (readings + metrics.count - 1) / metrics.count
        return moments / connections + (line < moments % connections ? 1 : 0)
    }

    /// How many moments a connection should have sent by then, if it lasts for ever.
    func momentsDue(after elapsed: Duration) -> Int {
        let due = elapsed / .seconds(1) * rate / Double(metrics.count * connections)
        return Int(min(due, 1e15))
    }

    private func report(_ tallies: [FleetLine.Tally], took: Duration) -> Report {
        let seconds = took / .seconds(1)
        let readings = tallies.map(\.readings).reduce(0, +)
        return Report(
            trucks: trucks, connections: connections, readings: readings,
            messages: tallies.map(\.messages).reduce(0, +), acknowledged: tallies.map(\.acknowledged).reduce(0, +),
            refused: tallies.map(\.refused).reduce(0, +), payloadBytes: tallies.map(\.payloadBytes).reduce(0, +),
            seconds: seconds, rate: (Double(readings) / seconds).rounded())
    }
}
