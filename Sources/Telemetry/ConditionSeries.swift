/// One sensor's values over a journey, with what they were allowed to be.
public struct ConditionSeries: Hashable, Sendable {
    /// One value with its time.
    public struct Sample: Hashable, Sendable, TimedValue {
        /// UTC microseconds since 1970.
        public let time: Int64

        /// In the series' unit.
        public let value: Double

        /// Makes a sample.
        public init(time: Int64, value: Double) {
            self.time = time
            self.value = value
        }
    }

    /// A stretch of time, UTC microseconds since 1970.
    public struct Span: Hashable, Sendable {
        /// When it began.
        public let from: Int64

        /// When it ended; nil while it lasts.
        public let to: Int64?

        /// Makes a span.
        public init(from: Int64, to: Int64?) {
            self.from = from
            self.to = to
        }
    }

    /// The sensor.
    public let device: String

    /// What it measures.
    public let metric: String

    /// The unit of all values.
    public let unit: String

    /// In order of time.
    public let samples: [Sample]

    /// What the values are allowed to be; empty where nothing was said.
    public let limits: TemperatureLimits

    /// When the values were outside the limits, as far as somebody judged that.
    public let excursions: [Span]

    /// When the sensor was silent.
    public let gaps: [Span]

    /// Makes a series. Samples are put in order of time; those that no reading can be, not finite or outside the years
    /// 1 to 9999, are left out.
    public init(
        device: String,
        metric: String,
        unit: String,
        samples: [Sample],
        limits: TemperatureLimits = TemperatureLimits(),
        excursions: [Span] = [],
        gaps: [Span] = []
    ) {
        self.device = device
        self.metric = metric
        self.unit = unit
        self.samples = ConditionSeries.ordered(samples)
        self.limits = limits
        self.excursions = excursions
        self.gaps = gaps
    }

    private static func ordered(_ samples: [Sample]) -> [Sample] {
        let sound = samples.allSatisfy(isSound) ? samples : samples.filter(isSound)
        let isOrdered = zip(sound, sound.dropFirst()).allSatisfy { $0.time <= $1.time }
        return isOrdered ? sound : sound.sorted { $0.time < $1.time }
    }

    private static func isSound(_ sample: Sample) -> Bool {
        sample.value.isFinite && sample.time >= Reading.timeMin && sample.time <= Reading.timeMax
    }

    /// Where a value lies against the limits.
    enum State: String {
        case unlimited = ""
        case inside
        case above
        case below

        var isOutside: Bool { self == .above || self == .below }
    }

    func state(of value: Double) -> State {
        guard let band = limits.band else { return .unlimited }
        return switch band.side(of: value) {
        case .above: .above
        case .below: .below
        case nil: .inside
        }
    }

    /// The lowest and the highest value; nil without samples.
    var extremes: (lowest: Double, highest: Double)? {
        guard let first = samples.first?.value else { return nil }
        return samples.reduce((first, first)) { (min($0.0, $1.value), max($0.1, $1.value)) }
    }
}
