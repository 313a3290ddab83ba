import ArgumentParser
import Capture
import FoundationEssentials
import Ledger
import Logging

extension SensorReading.Metric: ExpressibleByArgument {}
extension PayloadFormat: ExpressibleByArgument {}

/// `firmware-sim truck`
struct TruckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "truck", abstract: "Drive a truck whose sensors publish over MQTT.",
        discussion: """
            Keeps each reading until the broker has acknowledged it, and prints at the end what became of all readings. \
            Fails when some were not acknowledged, unless the battery is empty. JSON goes to sensors/<device>/<metric> \
            and SenML packs of all readings of one moment to sensors/<device>/senml/json or .../cbor, with QoS 1. \
            Sparkplug goes to spBv1.0/<group>/... with QoS 0, as its standard says: the vehicle is the edge node, its \
            cargo room the device "cargo". The same seed drives the same trip.
            """)

    @Option(help: "The device's name.")
    var device = "truck-7"

    @OptionGroup(title: "Broker")
    var broker: BrokerOptions

    @Option(help: "How readings are written.")
    var format: PayloadFormat = .json

    @Option(help: "The Sparkplug group.")
    var group = "trucks"

    @Option(help: "Seconds between two readings of one sensor.")
    var interval = 1.0

    @Option(help: "How many readings each sensor makes.")
    var count = 60

    @Option(help: "A sensor. Can be given many times.")
    var metric: [SensorReading.Metric] = [.temperature, .humidity]

    @Flag(help: "Read all sensors.")
    var allMetrics = false

    @OptionGroup(title: "Trip")
    var trip: TripOptions

    @OptionGroup(title: "Faults")
    var faults: FaultOptions

    @Option(help: "Keep the readings in this file, so that they and their numbers outlive the process.")
    var bufferFile: String?

    @Option(help: "The most readings in the buffer; a full one drops its oldest.")
    var bufferMax = ReadingBuffer.readingsMax

    @Option(help: "Seconds to wait at the end for the last acknowledgements.")
    var settle = 30.0

    func validate() throws {
        guard interval > 0, interval <= 1e6 else {
            throw ValidationError("--interval must be more than 0 and at most 1000000.")
        }
        guard (0...1_000_000_000).contains(count), (1...ReadingBuffer.readingsMax).contains(bufferMax),
            (0...1e9).contains(settle)
        else {
            throw ValidationError(
                """
                --count must be 0 to 1000000000, --buffer-max 1 to \(ReadingBuffer.readingsMax), \
                --settle 0 to 1000000000.
                """)
        }
        guard Set(metric).count == metric.count else { throw ValidationError("A --metric is given twice.") }
    }

    func run() async throws {
        let sensors = try TruckSensors(
            truck, broker: broker.configuration(device: device), format: format, group: group, bufferPath: bufferFile,
            bufferMax: bufferMax, countsByBoot: faults.countByBoot,
            startTime: Int64(Date().timeIntervalSince1970 * 1_000_000), logger: Logger(label: "firmware-sim"))
        await sensors.network(up: true)
        try await drive(sensors)
        let isDead = await sensors.isDead
        let isSettled = isDead ? true : await sensors.settle(within: .seconds(settle))
        try await StandardOutput.json(sensors.tally)
        await sensors.leave()
        guard isSettled else {
            throw CustodyError("readings-not-acknowledged", "Not all readings were acknowledged by the broker")
        }
    }

    /// A stop ends the trip early; what was measured is still delivered and told.
    private func drive(_ sensors: TruckSensors) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try? await loseNetwork(sensors) }
            group.addTask { try await reboot(sensors) }
            do {
                try await sensors.measure(count: count)
            } catch is CancellationError {}
            group.cancelAll()
            do { try await group.waitForAll() } catch is CancellationError {}
        }
        try await sensors.power(on: true)
        await sensors.network(up: true)
    }

    private func loseNetwork(_ sensors: TruckSensors) async throws {
        let start = ContinuousClock.now
        for outage in faults.outages(seed: trip.seed) {
            try await Task.sleep(until: start + outage.from)
            await sensors.network(up: false)
            try await Task.sleep(until: start + outage.until)
            await sensors.network(up: true)
        }
    }

    private func reboot(_ sensors: TruckSensors) async throws {
        guard let after = faults.rebootAfter else { return }
        try await Task.sleep(for: .seconds(after))
        try await sensors.power(on: false)
        try await Task.sleep(for: .seconds(faults.rebootFor))
        try await sensors.power(on: true)
    }

    private var truck: Truck {
        Truck(
            device: device, climate: trip.climate, clock: faults.clock(seed: trip.seed),
            metrics: allMetrics ? SensorReading.Metric.allCases : metric, interval: .seconds(interval),
            pace: trip.pace, dropAfter: trip.dropAfter.map { .seconds($0) },
            batteryDeadAfter: trip.batteryDeadAfter.map { .seconds($0) })
    }
}
