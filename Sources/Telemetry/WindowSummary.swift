/// A window summed up.
public struct WindowSummary: Hashable, Sendable {
    /// One value of the summary as an update records it.
    public struct Fact: Hashable, Sendable {
        /// The fact's name.
        public var name: String

        /// Its value as text.
        public var value: String
    }

    /// The digits after the decimal point in `facts`.
    public static let decimals = 4

    /// The sensor.
    public let device: String

    /// What it measures.
    public let metric: String

    /// The unit of all values below.
    public let unit: String

    /// Time of the first reading, UTC microseconds since 1970.
    public let from: Int64

    /// Time of the last reading, UTC microseconds since 1970.
    public let to: Int64

    /// How many readings, duplicates counted once.
    public let count: Int

    /// The lowest value.
    public let min: Double

    /// The highest value.
    public let max: Double

    /// The arithmetic mean of the values, each counted once whatever its distance in time.
    public let mean: Double

    /// Mean kinetic temperature in degrees Celsius; nil where the unit is not `Cel` or a value is no temperature.
    public let mkt: Double?

    /// What the temperatures were allowed to be; empty where the unit is not `Cel`.
    public let limits: TemperatureLimits

    /// How many readings lie outside the limits.
    public let outside: Int

    /// Microseconds outside the limits: each reading stands for half-way to its neighbours, but not for a silence.
    public let timeOutside: Int64

    /// Microseconds in silences: between readings that lie more than three usual intervals apart.
    public let timeSilent: Int64

    /// How many holes the device's own count has.
    public let gaps: Int

    /// How many readings those holes lack, at most 2^64 - 1.
    public let missing: UInt64

    /// Takes samples in order of time, without duplicates.
    init?(of samples: [Window.Sample], device: String, metric: String, unit: String, limits: TemperatureLimits) {
        guard let first = samples.first, let last = samples.last else { return nil }
        self.device = device
        self.metric = metric
        self.unit = unit
        from = first.time
        to = last.time
        count = samples.count
        min = samples.reduce(first.value) { Swift.min($0, $1.value) }
        max = samples.reduce(first.value) { Swift.max($0, $1.value) }
        mean = WindowSummary.mean(samples)
        mkt = unit == "Cel" ? MeanKineticTemperature.celsius(samples) : nil
        let limits = unit == "Cel" ? limits : TemperatureLimits()
        self.limits = limits
        outside = samples.count { !limits.allow($0.value) }
        let holes = SequenceHoles(samples)
        (gaps, missing) = (holes.count, holes.missing)
        let spans = SampleSpans(samples)
        timeOutside = spans.time { !limits.allow($0) }
        timeSilent = spans.silence
    }

    /// The summary as facts: times as RFC 3339 text, numbers with `decimals` digits after the point.
    public var facts: [Fact] {
        var facts = [
            Fact(name: "device", value: device),
            Fact(name: "metric", value: metric),
            Fact(name: "unit", value: unit),
            Fact(name: "from", value: InternetTime.text(from)),
            Fact(name: "to", value: InternetTime.text(to)),
            Fact(name: "count", value: String(count)),
            Fact(name: "min", value: WindowSummary.text(min)),
            Fact(name: "max", value: WindowSummary.text(max)),
            Fact(name: "mean", value: WindowSummary.text(mean)),
        ]
        if let mkt { facts.append(Fact(name: "mkt", value: WindowSummary.text(mkt))) }
        if let lowest = limits.lowest {
            facts.append(Fact(name: TemperatureLimits.lowestFact, value: WindowSummary.text(lowest)))
        }
        if let highest = limits.highest {
            facts.append(Fact(name: TemperatureLimits.highestFact, value: WindowSummary.text(highest)))
        }
        if limits.band != nil {
            facts.append(Fact(name: "outside", value: String(outside)))
            facts.append(Fact(name: "seconds-outside", value: WindowSummary.text(Double(timeOutside) / 1e6)))
        }
        facts.append(Fact(name: "seconds-silent", value: WindowSummary.text(Double(timeSilent) / 1e6)))
        facts.append(Fact(name: "gaps", value: String(gaps)))
        facts.append(Fact(name: "missing", value: String(missing)))
        return facts
    }

    /// A time as facts carry it: RFC 3339 in UTC.
    public static func timeText(_ time: Int64) -> String { InternetTime.text(time) }

    /// Reads a time with its offset (RFC 3339) as UTC microseconds; nil where the text is none.
    public static func time(_ text: String) -> Int64? { InternetTime.microseconds(text) }

    /// Fixed decimals, rounded half away from zero. Values too large for that keep their shortest exact text.
    public static func text(_ value: Double) -> String {
        let scaled = (value * 10_000).rounded()
        guard scaled.magnitude < 9e15 else { return value.description }
        let units = Int64(scaled)
        let whole = String(units.magnitude / 10_000)
        let fraction = InternetTime.pad(Int64(units.magnitude % 10_000), decimals)
        return (units < 0 ? "-" : "") + whole + "." + fraction
    }

    /// Values near the largest double are divided first, or their sum would be infinite.
    private static func mean(_ samples: [Window.Sample]) -> Double {
        let count = Double(samples.count)
        let sum = samples.reduce(0.0) { $0 + $1.value }
        return sum.isFinite ? sum / count : samples.reduce(0.0) { $0 + $1.value / count }
    }
}
