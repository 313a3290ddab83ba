/// Maps values to heights.
struct ValueScale {
    /// A round value beside the axis.
    struct Tick {
        let value: Double
        let label: String
    }

    /// The longest label that has room beside the axis.
    private static let labelMax = 7

    let lowest: Double
    let highest: Double

    /// Shows the values and the limits with some air around them, and equal values in the middle.
    init(_ series: ConditionSeries) {
        let bounds = [series.limits.lowest, series.limits.highest, series.extremes?.lowest, series.extremes?.highest]
        let shown = bounds.compactMap { $0 }.filter(\.isFinite)
        let low = shown.min() ?? 0
        let high = shown.max() ?? 0
        let air = max((high / 2 - low / 2) * 0.22, max(high.magnitude, low.magnitude) * 1e-9, low == high ? 1 : 1e-9)
        lowest = max(low - air, -.greatestFiniteMagnitude)
        highest = min(high + air, .greatestFiniteMagnitude)
    }

    /// 0 at the lowest and 1 at the highest, and never beyond.
    func share(_ value: Double) -> Double {
        // Halves, because the difference of two doubles may be infinite.
        min(max((value / 2 - lowest / 2) / (highest / 2 - lowest / 2), 0), 1)
    }

    /// About five values in steps of 1, 2 or 5 times a power of ten.
    var ticks: [Tick] {
        let (step, decimals) = ValueScale.step(atLeast: (highest / 2 - lowest / 2) / 3)
        let first = (lowest / step).rounded(.up)
        let count = Int(min(max((highest / step).rounded(.down) - first, -1), 20)) + 1
        return (0..<count).map { index in
            let value = (first + Double(index)) * step
            let label = FixedDecimal.text(value, decimals: decimals)
            return Tick(value: value, label: label.utf8.count > ValueScale.labelMax ? ValueScale.short(value) : label)
        }
    }

    /// As one digit, up to two decimals and a power of ten.
    private static func short(_ value: Double) -> String {
        var (digits, exponent) = (value, 0)
        while digits.magnitude >= 9.995, exponent < 400 { (digits, exponent) = (digits / 10, exponent + 1) }
        while digits.magnitude < 0.9995, digits != 0, exponent > -400 {
            (digits, exponent) = (digits * 10, exponent - 1)
        }
        return "\(FixedDecimal.short(digits, decimals: 2))e\(exponent)"
    }

    /// The step and the decimals that its multiples need.
    private static func step(atLeast rough: Double) -> (step: Double, decimals: Int) {
        var decimals = 0
        var power = 1.0
        while power * 10 < rough, power < 1e307 { power *= 10 }
        while power > rough, decimals < FixedDecimal.decimalsMax {
            decimals += 1
            power = 1 / FixedDecimal.powerOfTen(decimals)
        }
        let factor = [1.0, 2, 5, 10].first { power * $0 >= rough } ?? 10
        return (power * factor, factor == 10 ? max(decimals - 1, 0) : decimals)
    }
}

/// Maps times to widths.
struct TimeScale {
    /// A round time below the axis.
    struct Tick {
        let time: Int64
        let label: String
        /// A second line: the date, where it differs from that of the tick before; with the first tick the zone.
        let note: String?
    }

    private static let ticksMax: Int64 = 8
    private static let second: Int64 = 1_000_000
    private static let day: Int64 = 86_400 * second

    let from: Int64
    let to: Int64

    /// From the first sample to the last of all series; a single time in the middle of two minutes.
    init(_ series: [ConditionSeries]) {
        let times = series.flatMap { [$0.samples.first?.time, $0.samples.last?.time] }.compactMap { $0 }
        let first = times.min() ?? 0
        let last = times.max() ?? 0
        let air = first == last ? 60 * TimeScale.second : 0
        from = Reading.nearest(first - air)
        to = Reading.nearest(last + air)
    }

    /// 0 at the begin and 1 at the end, and never beyond.
    func share(_ time: Int64) -> Double {
        Double(min(max(time, from), to) - from) / Double(to - from)
    }

    /// At most eight times at round seconds, minutes, hours or days of UTC.
    var ticks: [Tick] {
        let step = step
        var ticks: [Tick] = []
        var date: Substring = ""
        var time = TimeScale.roundedUp(from, to: step)
        while time <= to {
            let text = InternetTime.text(time)
            let isNewDay = text.prefix(10) != date
            date = text.prefix(10)
            let label = step < TimeScale.day ? String(text.dropFirst(11).prefix(clockLength(step))) : String(date)
            let day = isNewDay && step < TimeScale.day ? String(date) : nil
            let zone = ticks.isEmpty ? "UTC" : nil
            let note = [day, zone].compactMap { $0 }.joined(separator: " ")
            ticks.append(Tick(time: time, label: label, note: note.isEmpty ? nil : note))
            time += step
        }
        return ticks
    }

    private func clockLength(_ step: Int64) -> Int {
        if step >= 60 * TimeScale.second { return 5 }
        return step >= TimeScale.second ? 8 : 15
    }

    private var step: Int64 {
        let rough = (to - from) / TimeScale.ticksMax + 1
        return TimeScale.steps.first { $0 >= rough } ?? TimeScale.roundedUp(rough, to: 1_000 * TimeScale.day)
    }

    private static let steps: [Int64] =
        multiples([1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000], of: 1)
        + multiples([10, 20, 50, 100, 200, 500], of: 1_000)
        + multiples([1, 2, 5, 10, 15, 30], of: second)
        + multiples([1, 2, 5, 10, 15, 30], of: 60 * second)
        + multiples([1, 2, 3, 6, 12], of: 3_600 * second)
        + multiples([1, 2, 5, 10, 20, 50, 100, 200, 500], of: day)

    private static func multiples(_ factors: [Int64], of unit: Int64) -> [Int64] { factors.map { $0 * unit } }

    private static func roundedUp(_ time: Int64, to step: Int64) -> Int64 {
        let remainder = time % step
        return remainder > 0 ? time - remainder + step : time - remainder
    }
}
