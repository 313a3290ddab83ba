import Capture
import FoundationEssentials
import Ledger
import Logging
import Synchronization
import Testing

@testable import firmware_sim

@Suite(.timeLimit(.minutes(1))) struct TruckSensorsTests {
    private static let start: Int64 = 1_700_000_000_000_000

    private static func path() -> String {
        "\(FileManager.default.temporaryDirectory.path)/truck-\(UUID().uuidString)"
    }

    private static func sensors(
        _ broker: MQTTConfiguration = .init(host: "127.0.0.1", port: 1, clientID: "truck-7"),
        format: PayloadFormat = .json, file: String? = nil, countsByBoot: Bool = false,
        batteryDeadAfter: Duration? = nil
    ) throws -> TruckSensors {
        let truck = Truck(
            device: "truck-7", climate: CargoClimate(seed: 1),
            clock: DeviceClock(offset: .zero, driftPerMillion: 0), metrics: [.temperature, .battery],
            interval: .milliseconds(2), pace: 1, batteryDeadAfter: batteryDeadAfter)
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        return try TruckSensors(
            truck, broker: broker, format: format, bufferPath: file, countsByBoot: countsByBoot, startTime: start,
            logger: logger)
    }

    /// What the file holds of one sensor, in order.
    private static func kept(_ file: String) throws -> [SensorReading] {
        let buffer = try ReadingBuffer(capacity: 100, path: file)
        var readings: [SensorReading] = []
        var order: UInt64 = 0
        while let next = buffer.next(from: order) {
            if next.reading.metric == .temperature { readings.append(next.reading) }
            order = next.order + 1
        }
        return readings
    }

    private static func reboot(_ sensors: TruckSensors) async throws {
        try await sensors.power(on: false)
        try await sensors.power(on: true)
    }

    @Test(arguments: [(true, [0, 1, 0, 1]), (false, [0, 1, 2, 3])] as [(Bool, [UInt64])])
    func aRebootRestartsTheCountOnlyInASessionOfItsOwn(countsByBoot: Bool, expected: [UInt64]) async throws {
        let file = Self.path()
        defer { try? FileManager.default.removeItem(atPath: file) }
        let sensors = try Self.sensors(file: file, countsByBoot: countsByBoot)
        try await sensors.measure(count: 2)
        try await Self.reboot(sensors)
        try await sensors.measure(count: 2)
        let kept = try Self.kept(file)
        #expect(kept.map(\.sequence) == expected)
        #expect(Set(kept.map(\.session)).count == (countsByBoot ? 2 : 1))
        #expect(kept.allSatisfy { ($0.session != nil) == countsByBoot })
        #expect(await sensors.tally == TruckSensors.Tally(made: 8, waiting: 8))
    }

    @Test func withoutAFileARebootForgets() async throws {
        let sensors = try Self.sensors()
        try await sensors.measure(count: 3)
        try await Self.reboot(sensors)
        #expect(await sensors.tally == TruckSensors.Tally(made: 6, dropped: 6, waiting: 0))
    }

    @Test func goesOnMeasuringWhereItStopped() async throws {
        let file = Self.path()
        defer { try? FileManager.default.removeItem(atPath: file) }
        let sensors = try Self.sensors(file: file)
        try await sensors.measure(count: 2)
        try await sensors.measure(count: 1)
        #expect(try Self.kept(file).map { $0.time - Self.start } == [0, 2_000, 4_000])
    }

    @Test func withoutPowerNothingIsMeasured() async throws {
        let sensors = try Self.sensors()
        try await sensors.power(on: false)
        try await sensors.measure(count: 3)
        #expect(await sensors.tally.made == 0)
    }

    @Test func anEmptyBatteryEndsTheTripForGood() async throws {
        let sensors = try Self.sensors(batteryDeadAfter: .milliseconds(5))
        try await sensors.measure(count: 1_000)
        #expect(await sensors.isDead)
        #expect(await sensors.tally.made == 6)
        try await sensors.power(on: true)
        try await sensors.measure(count: 2)
        #expect(await sensors.tally.made == 6)
    }

    @Test(arguments: [(PayloadFormat.json, 48), (.senMLJSON, 24), (.senMLCBOR, 24)])
    func deliversEverythingOverALossyNetwork(format: PayloadFormat, messages: Int) async throws {
        let folder = Self.path()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        var random = SystemRandomNumberGenerator()
        let broker = try await Broker(folder: folder, devices: ["truck-7"], readers: ["gateway"], random: &random)
        try await broker.start()
        let payloads = Mutex<Set<[UInt8]>>([])
        let (changes, changed) = AsyncStream.makeStream(of: Void.self)
        let listener = try MQTTPublisher(
            configuration: Self.configuration(broker, "gateway", topics: ["sensors/#"]), onOutcome: { _ in },
            onStatus: { _ in changed.yield() },
            onMessage: { _, payload in
                _ = payloads.withLock { $0.insert(payload) }
                changed.yield()
            })
        let listening = Task { try await listener.run() }
        var change = changes.makeAsyncIterator()
        await change.next()
        try await Self.drive(Self.sensors(Self.configuration(broker, "truck-7"), format: format))
        while payloads.withLock({ $0.count }) < messages { try #require(await change.next() != nil) }
        #expect(payloads.withLock { $0.count } == messages)
        listening.cancel()
        try await listening.value
        await broker.stop()
    }

    /// Online, offline, online again: 24 readings of each sensor.
    private static func drive(_ sensors: TruckSensors) async throws {
        for _ in 0..<3 {
            await sensors.network(up: true)
            try await sensors.measure(count: 4)
            await sensors.network(up: false)
            try await sensors.measure(count: 4)
        }
        await sensors.network(up: true)
        #expect(await sensors.settle(within: .seconds(20)))
        await sensors.leave()
        #expect(await sensors.tally == TruckSensors.Tally(made: 48, acknowledged: 48))
    }

    private static func configuration(_ broker: Broker, _ login: String, topics: [String] = []) -> MQTTConfiguration {
        MQTTConfiguration(
            host: "127.0.0.1", port: broker.port, clientID: login, topics: topics, user: login,
            passwordFile: broker.passwordFile(of: login),
            backoff: Backoff(first: .milliseconds(10), longest: .milliseconds(100)))
    }
}
