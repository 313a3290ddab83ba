import ArgumentParser
import Capture
import FoundationEssentials
import Ledger
import Logging

extension SensorReading.Metric: ExpressibleByArgument {}

/// `firmware-sim truck`
struct TruckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "truck", abstract: "Drive a truck whose sensors publish over MQTT.",
        discussion: """
            Publishes JSON with QoS 1 on sensors/<device>/<metric>, keeps each reading until the broker has \
            acknowledged it, and prints at the end what became of all readings. Fails when some were not acknowledged. \
            The same seed drives the same trip.
            """)

    @Option(help: "The device's name.")
    var device = "truck-7"

    @OptionGroup(title: "Broker")
    var broker: BrokerOptions

    @Option(help: "Seconds between two readings of one sensor.")
    var interval = 1.0

    @Option(help: "How many readings each sensor makes.")
    var count = 60

    @Option(help: "A sensor: temperature, humidity or door. Can be given many times.")
    var metric: [SensorReading.Metric] = [.temperature, .humidity]

    @Option(help: "Chooses the trip: curve, door opening, clock.")
    var seed: UInt64 = 1

    @Option(help: "Seconds of the trip in one second. Only the curve runs faster; the times of readings stay true.")
    var pace = 1.0

    @Option(help: "Open the door after so many seconds of the trip, instead of when the seed says.")
    var doorAfter: Double?

    @Option(help: "Leave the door open for so many seconds of the trip.")
    var doorFor = 300.0

    @Option(help: "Seconds that the truck's clock is wrong, instead of what the seed says.")
    var clockOffset: Double?

    @Option(help: "Microseconds that the truck's clock gains in a second, instead of what the seed says.")
    var clockDrift: Double?

    @Option(help: "Lose the network after so many seconds.")
    var offlineAfter: Double?

    @Option(help: "Stay without the network for so many seconds.")
    var offlineFor = 10.0

    @Option(help: "Keep the readings in this file, so that they and their numbers outlive the process.")
    var bufferFile: String?

    @Option(help: "The most readings in the buffer; a full one drops its oldest.")
    var bufferMax = ReadingBuffer.readingsMax

    @Option(help: "Seconds to wait at the end for the last acknowledgements.")
    var settle = 30.0

    func validate() throws {
        guard interval > 0, pace > 0 else { throw ValidationError("--interval and --pace must be more than 0.") }
        guard count >= 0, bufferMax >= 1 else { throw ValidationError("--count and --buffer-max are too small.") }
        let seconds = [doorAfter ?? 0, doorFor, offlineAfter ?? 0, offlineFor, settle]
        guard seconds.allSatisfy({ (0...1e9).contains($0) }), interval <= 1e6, pace <= 1e6, count <= 1_000_000_000,
            abs(clockOffset ?? 0) <= 1e9, abs(clockDrift ?? 0) <= 1e6
        else { throw ValidationError("A number of seconds is negative or out of all proportion.") }
    }

    func run() async throws {
        let sensors = try TruckSensors(
            truck, broker: broker.configuration(device: device), bufferPath: bufferFile, bufferMax: bufferMax,
            startTime: Int64(Date().timeIntervalSince1970 * 1_000_000), logger: Logger(label: "firmware-sim"))
        try await sensors.network(up: true)
        try await drive(sensors)
        let isSettled = await sensors.settle(within: .seconds(settle))
        try await StandardOutput.json(sensors.tally)
        try await sensors.network(up: false)
        guard isSettled else {
            throw CustodyError("readings-not-acknowledged", "Not all readings were acknowledged by the broker")
        }
    }

    /// A stop ends the trip early; what was measured is still delivered and told.
    private func drive(_ sensors: TruckSensors) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try? await loseNetwork(sensors) }
            do {
                try await sensors.measure(count: count)
            } catch is CancellationError {}
            group.cancelAll()
        }
        try await sensors.network(up: true)
    }

    private func loseNetwork(_ sensors: TruckSensors) async throws {
        guard let offlineAfter else { return }
        try await Task.sleep(for: .seconds(offlineAfter))
        try await sensors.network(up: false)
        try await Task.sleep(for: .seconds(offlineFor))
        try await sensors.network(up: true)
    }

    private var truck: Truck {
        let opening = doorAfter.map {
            [CargoClimate.DoorOpening(after: .seconds($0), lasts: .seconds(doorFor))]
        }
        var clock = DeviceClock.ordinary(seed: seed)
        if let clockOffset { clock.offset = .seconds(clockOffset) }
        if let clockDrift { clock.driftPerMillion = clockDrift }
        return Truck(
            device: device, climate: CargoClimate(seed: seed, doorOpenings: opening), clock: clock, metrics: metric,
            interval: .seconds(interval), pace: pace)
    }
}
