/// A logger's temperatures summed up, in degrees Celsius.
///
/// Each sample stands for the time to half-way to each of its neighbours, between the first and the last: nothing is
/// said about when a limit was crossed, and nothing about the time before or after the file. A sample beside a silence
/// stands for half of the silence; `gaps` tells how far that holds.
public struct LoggerSummary: Hashable, Sendable {
    /// Samples on one side of the limits, one after the other.
    public struct Excursion: Hashable, Sendable {
        /// When the time begins for which its first sample stands, UTC microseconds since 1970.
        public let from: Int64

        /// When the time ends for which its last sample stands, UTC microseconds since 1970.
        public let to: Int64

        /// The value that is furthest outside.
        public let extreme: Double

        /// Too hot or too cold.
        public let side: Band.Side

        /// In microseconds.
        public var duration: Int64 { to - from }
    }

    /// How many samples.
    public let count: Int

    /// Time of the first sample, UTC microseconds since 1970.
    public let from: Int64

    /// Time of the last sample, UTC microseconds since 1970.
    public let to: Int64

    /// The lowest value.
    public let min: Double

    /// The highest value.
    public let max: Double

    /// The arithmetic mean of the values, each counted once.
    public let mean: Double

    /// Mean kinetic temperature (USP <1079.2>), nil where a value is at absolute zero.
    public let mkt: Double?

    /// What the temperatures were allowed to be.
    public let limits: TemperatureLimits

    /// How many samples lie above the highest allowed.
    public let above: Int

    /// How many samples lie below the lowest allowed.
    public let below: Int

    /// Every time outside the limits, in order of time.
    public let excursions: [Excursion]

    /// Every two samples that are further apart than three times the usual, with the time between.
    public let gaps: [ConditionSeries.Span]

    /// Sums up samples in order of time; nil for none.
    /// - Parameter activationEnergy: of the product in kJ/mol, where it is known.
    public init?(
        _ samples: [ConditionSeries.Sample],
        limits: TemperatureLimits = TemperatureLimits(),
        activationEnergy: Double = MeanKineticTemperature.activationEnergy
    ) {
        guard let first = samples.first, let last = samples.last else { return nil }
        count = samples.count
        (from, to) = (first.time, last.time)
        min = samples.reduce(first.value) { Swift.min($0, $1.value) }
        max = samples.reduce(first.value) { Swift.max($0, $1.value) }
        let sum = samples.reduce(0.0) { $0 + $1.value }
        let count = Double(samples.count)
        mean = sum.isFinite ? sum / count : samples.reduce(0.0) { $0 + $1.value / count }
        mkt = MeanKineticTemperature.celsius(samples, activationEnergy: activationEnergy)
        self.limits = limits
        above = samples.count { limits.band?.side(of: $0.value) == .above }
        below = samples.count { limits.band?.side(of: $0.value) == .below }
        excursions = LoggerSummary.excursions(samples, limits: limits)
        gaps = LoggerSummary.gaps(samples)
    }

    /// For how long it was too hot, in microseconds.
    public var timeAbove: Int64 { time(on: .above) }

    /// For how long it was too cold, in microseconds.
    public var timeBelow: Int64 { time(on: .below) }

    /// The longest time above the highest allowed; of equal ones the first.
    public var longestAbove: Excursion? { longest(on: .above) }

    /// The longest time below the lowest allowed; of equal ones the first.
    public var longestBelow: Excursion? { longest(on: .below) }

    private func time(on side: Band.Side) -> Int64 {
        excursions.reduce(0) { $0 + ($1.side == side ? $1.duration : 0) }
    }

    private func longest(on side: Band.Side) -> Excursion? {
        excursions.reduce(nil) { longest, next in
            guard next.side == side else { return longest }
            return longest.map { $0.duration >= next.duration } ?? false ? longest : next
        }
    }

    private static func excursions(_ samples: [ConditionSeries.Sample], limits: TemperatureLimits) -> [Excursion] {
        guard let band = limits.band else { return [] }
        var excursions: [Excursion] = []
        var begin = 0
        while begin < samples.count {
            let side = band.side(of: samples[begin].value)
            var end = begin + 1
            while end < samples.count, band.side(of: samples[end].value) == side { end += 1 }
            if let side { excursions.append(excursion(samples, begin..<end, side: side)) }
            begin = end
        }
        return excursions
    }

    private static func excursion(
        _ samples: [ConditionSeries.Sample],
        _ range: Range<Int>,
        side: Band.Side
    ) -> Excursion {
        let extreme = samples[range].reduce(samples[range.lowerBound].value) { extreme, sample in
            side == .above ? Swift.max(extreme, sample.value) : Swift.min(extreme, sample.value)
        }
        return Excursion(
            from: amid(samples, range.lowerBound - 1), to: amid(samples, range.upperBound - 1), extreme: extreme,
            side: side)
    }

    /// Half-way from a sample to the next; the first and the last have nothing beyond them.
    private static func amid(_ samples: [ConditionSeries.Sample], _ index: Int) -> Int64 {
        let earlier = samples[Swift.max(index, 0)].time
        guard index >= 0, index + 1 < samples.count else { return earlier }
        return earlier + (samples[index + 1].time - earlier) / 2
    }

    private static func gaps(_ samples: [ConditionSeries.Sample]) -> [ConditionSeries.Span] {
        let spacings = zip(samples, samples.dropFirst()).map { $1.time - $0.time }.filter { $0 > 0 }.sorted()
        guard !spacings.isEmpty else { return [] }
        let usual = spacings[spacings.count / 2]
        return zip(samples, samples.dropFirst()).compactMap { earlier, later in
            guard (later.time - earlier.time) / 3 >= usual, later.time - earlier.time > 3 * usual else { return nil }
            return ConditionSeries.Span(from: earlier.time, to: later.time)
        }
    }
}

extension ConditionSeries {
    /// A logger's file as a series, with what its summary found.
    public init(device: String, file: LoggerFile, summary: LoggerSummary) {
        self.init(
            device: device, metric: "temperature", unit: "Cel", samples: file.samples, limits: summary.limits,
            excursions: summary.excursions.map { Span(from: $0.from, to: $0.to) }, gaps: summary.gaps)
    }
}
