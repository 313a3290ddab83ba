import Capture
import FoundationEssentials
import Ledger
import Logging

/// The truck's drive: it measures before, during and after the journey of the device.
struct DemoTrip: Sendable {
    /// What became of the readings of one metric.
    struct Account: Sendable {
        let before: Int
        /// From the step that named the vehicle up to the step that ended the journey.
        let during: Int
        let after: Int
        /// So close to either step that the trace, which tells milliseconds, does not say on which side.
        let unclear: Int

        func fits(_ recorded: Int) -> Bool { (during...(during + unclear)).contains(recorded) }
    }

    static let device = "truck-7"
    static let interval: Duration = .milliseconds(250)

    let sensors: TruckSensors
    let truck: Truck
    private let startTime: Int64
    private let measuring: Task<Void, any Error>

    /// Starts to measure, with the network up. Throws as `TruckSensors` does.
    init(broker: Broker) async throws {
        // A clock in the field is never right: the readings carry its time, and it is this time that counts.
        truck = Truck(
            device: DemoTrip.device,
            climate: CargoClimate(seed: 7, doorOpenings: [.init(after: .seconds(300), lasts: .seconds(120))]),
            clock: DeviceClock(offset: .milliseconds(-120), driftPerMillion: 20), metrics: [.temperature, .humidity],
            interval: DemoTrip.interval, pace: 60)
        startTime = Int64(Date().timeIntervalSince1970 * 1_000_000)
        var logger = Logger(label: "firmware-sim")
        logger.logLevel = .critical
        let sensors = try TruckSensors(
            truck,
            broker: MQTTConfiguration(
                host: "127.0.0.1", port: broker.port, clientID: DemoTrip.device, user: DemoTrip.device,
                passwordFile: broker.passwordFile(of: DemoTrip.device),
                backoff: Backoff(first: .milliseconds(100), longest: .seconds(1))),
            startTime: startTime, logger: logger)
        self.sensors = sensors
        await sensors.network(up: true)
        measuring = Task { try await sensors.measure(count: 1_000_000) }
    }

    /// Stops measuring; what was measured stays to be delivered.
    func stop() async throws {
        measuring.cancel()
        do { try await measuring.value } catch is CancellationError {}
    }

    /// Where each reading of one metric lies, after `made` of them; the truck reads all metrics at one time.
    ///
    /// - Parameters:
    ///   - began: UTC microseconds, known to the millisecond.
    ///   - ended: the same.
    func account(made: Int, began: Int64, ended: Int64) -> Account {
        let times = (0..<made).map { truck.clock.time(start: startTime, elapsed: truck.elapsed(at: $0)) }
        let unclear = times.filter { abs($0 - began) <= 1_000 || abs($0 - ended) <= 1_000 }.count
        return Account(
            before: times.filter { $0 < began - 1_000 }.count,
            during: times.filter { $0 > began + 1_000 && $0 < ended - 1_000 }.count,
            after: times.filter { $0 > ended + 1_000 }.count, unclear: unclear)
    }

    /// Sleeps until this part of the gateway's running window has passed, by the truck's clock.
    func sleep(untilInWindow part: Double) async throws {
        let window = Double(DemoConfiguration.windowSeconds)
        let now = Date().timeIntervalSince1970 + truck.clock.offset / .seconds(1)
        let target = (now / window).rounded(.down) * window + part * window
        try await Task.sleep(for: .seconds(target > now ? target - now : target + window - now))
    }
}
