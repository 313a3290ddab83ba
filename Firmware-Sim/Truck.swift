import Rig

/// A truck as its sensors see it: a pure description, the same for the same seed.
struct Truck: Sendable {
    let device: String
    let climate: CargoClimate
    let clock: DeviceClock
    let metrics: [SensorReading.Metric]
    /// Between two readings of one metric.
    let interval: Duration
    /// How many seconds of the trip pass in one second, for people who cannot wait; times of readings stay true.
    let pace: Double

    /// When the reading with this index is due, since the truck started.
    func elapsed(at index: Int) -> Duration { interval * index }

    func value(of metric: SensorReading.Metric, at elapsed: Duration) -> Double {
        switch metric {
        case .temperature: climate.temperature(at: elapsed * pace)
        case .humidity: climate.humidity(at: elapsed * pace)
        case .door: climate.isDoorOpen(at: elapsed * pace) ? 1 : 0
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
