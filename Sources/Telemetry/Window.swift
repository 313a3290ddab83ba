/// A span of readings of one sensor, gathered in any order, to be summed up into one update.
///
/// What comes out depends only on which readings went in, never on the order of their arrival: two gateways that hold
/// the same readings sum up to the same text.
public struct Window: Sendable {
    /// The most readings that one window holds: more than a day at one a second.
    public static let readingsMax = 131_072

    struct Sample: Hashable, Sendable {
        let time: Int64
        let value: Double
        let sequence: UInt64?
        let session: String?
    }

    /// The sensor.
    public let device: String

    /// What it measures.
    public let metric: String

    /// The unit of all its values.
    public let unit: String

    private var readings: [Reading] = []

    /// Opens an empty window for one sensor's metric in one unit.
    public init(device: String, metric: String, unit: String) {
        self.device = device
        self.metric = metric
        self.unit = unit
    }

    /// Takes one reading, of any time; a duplicate counts once. Throws `window-mismatch` for another sensor, metric or
    /// unit, and `window-full` when the caller should have closed this window.
    public mutating func add(_ reading: Reading) throws(TelemetryError) {
        guard reading.device == device, reading.metric == metric, reading.unit == unit else {
            throw TelemetryError(
                .windowMismatch, "This window sums up \(device) \(metric) in \(unit), and the reading is of another.")
        }
        guard reading.value.number != nil else {
            throw TelemetryError(.windowMismatch, "A window sums up numbers, and the reading is none.")
        }
        guard readings.count < Window.readingsMax else {
            throw TelemetryError(
                .windowFull, "A window holds at most \(Window.readingsMax) readings: close it and open the next.")
        }
        readings.append(reading)
    }

    /// The readings in their one order (`Reading.<`), each once: the leaves of the window's tree, from left to right.
    public var ordered: [Reading] {
        var unique: [Reading] = []
        unique.reserveCapacity(readings.count)
        for reading in readings.sorted() where reading != unique.last { unique.append(reading) }
        return unique
    }

    /// Sums up what is there so far; nil while the window is empty.
    /// - Parameter limits: against which temperatures are counted.
    public func summary(limits: TemperatureLimits = TemperatureLimits()) -> WindowSummary? {
        let samples = ordered.map {
            Sample(time: $0.time, value: $0.value.number ?? 0, sequence: $0.sequence, session: $0.session)
        }
        return WindowSummary(of: samples, device: device, metric: metric, unit: unit, limits: limits)
    }
}
