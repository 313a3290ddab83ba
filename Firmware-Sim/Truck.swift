import Rig

/// A truck as its sensors see it: a pure description, the same for the same seed.
struct Truck: Sendable {
    let device: String
    let climate: CargoClimate
    let drive: TruckDrive
    let shocks: CargoShocks
    let battery: DeviceBattery
    let clock: DeviceClock
    let metrics: [SensorReading.Metric]
    /// Between two readings of one metric.
    let interval: Duration
    /// How many seconds of the trip pass in one second, for people who cannot wait; times of readings stay true.
    let pace: Double

    /// - Parameters:
    ///   - dropAfter: when a parcel falls, since the trip began.
    ///   - batteryDeadAfter: when the device falls silent, since the trip began.
    init(
        device: String, climate: CargoClimate, clock: DeviceClock, metrics: [SensorReading.Metric],
        interval: Duration, pace: Double, dropAfter: Duration? = nil, batteryDeadAfter: Duration? = nil
    ) {
        self.device = device
        self.climate = climate
        self.clock = clock
        self.metrics = metrics
        self.interval = interval
        self.pace = pace
        drive = TruckDrive(seed: climate.seed, doorOpenings: climate.doorOpenings)
        shocks = CargoShocks(seed: climate.seed, drive: drive, dropAfter: dropAfter)
        battery = DeviceBattery(seed: climate.seed, deadAfter: batteryDeadAfter)
    }

    /// When the reading with this index is due, since the truck started.
    func elapsed(at index: Int) -> Duration { interval * index }

    func value(of metric: SensorReading.Metric, at elapsed: Duration) -> Double {
        let trip = elapsed * pace
        return switch metric {
        case .temperature: climate.temperature(at: trip)
        case .humidity: climate.humidity(at: trip)
        case .door: climate.isDoorOpen(at: trip) ? 1 : 0
        case .latitude: drive.latitude(at: trip)
        case .longitude: drive.longitude(at: trip)
        case .speed: drive.speed(at: trip)
        case .shock: shocks.peak(from: (elapsed - interval) * pace, to: trip)
        case .tilt: shocks.tilt(at: trip)
        case .battery: battery.level(at: trip)
        }
    }

    /// Whether the device has fallen silent for good.
    func isDead(at elapsed: Duration) -> Bool { battery.isDead(at: elapsed * pace) }

    /// The truck as an edge node: the vehicle's own sensors are the node's, those of the cargo room its device's.
    func sparkplugEdge(group: String) -> SparkplugEdge {
        let cargo = metrics.filter { $0.isOfCargo }
        return SparkplugEdge(
            group: group, node: device, metrics: metrics.filter { !$0.isOfCargo },
            devices: cargo.isEmpty ? [] : [SparkplugEdge.Part(device: "cargo", metrics: cargo)])
    }
}

extension SensorReading.Metric {
    /// Measured in the cargo room, not by the vehicle.
    var isOfCargo: Bool {
        switch self {
        case .temperature, .humidity, .door, .shock, .tilt: true
        case .latitude, .longitude, .speed, .battery: false
        }
    }
}

extension DeviceClock {
    /// A clock as found in the field: up to 1.5 seconds wrong, up to 40 parts per million off.
    static func ordinary(seed: UInt64) -> DeviceClock {
        var random = SeededRandom(seed: seed, stream: 0xC10C, position: 0)
        let offset = Duration.milliseconds(Int64(random.number(in: -1_500...1_500)))
        return DeviceClock(offset: offset, driftPerMillion: random.number(in: -40...40).rounded())
    }
}
