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

    private var samples: [Sample] = []

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
        guard samples.count < Window.readingsMax else {
            throw TelemetryError(
                .windowFull, "A window holds at most \(Window.readingsMax) readings: close it and open the next.")
        }
        samples.append(
            Sample(
                time: reading.time, value: reading.value, sequence: reading.sequence, session: reading.session))
    }

    /// Sums up what is there so far; nil while the window is empty.
    /// - Parameter limits: against which temperatures are counted.
    public func summary(limits: TemperatureLimits = TemperatureLimits()) -> WindowSummary? {
        WindowSummary(of: Window.ordered(samples), device: device, metric: metric, unit: unit, limits: limits)
    }

    /// By time; what else tells samples apart only makes the order total. Duplicates are left out.
    private static func ordered(_ samples: [Sample]) -> [Sample] {
        let sorted = samples.sorted { left, right in
            if left.time != right.time { return left.time < right.time }
            if left.sequence != right.sequence { return precedes(left.sequence, right.sequence) }
            if left.session != right.session { return precedes(left.session, right.session) }
            return left.value < right.value
        }
        var unique: [Sample] = []
        unique.reserveCapacity(sorted.count)
        for sample in sorted where sample != unique.last { unique.append(sample) }
        return unique
    }

    private static func precedes<Value: Comparable>(_ left: Value?, _ right: Value?) -> Bool {
        guard let right else { return false }
        guard let left else { return true }
        return left < right
    }
}
