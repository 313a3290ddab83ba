extension ConditionSeries {
    /// The widest sparkline, in characters.
    public static let sparklineWidthMax = 1_000

    /// The series in one line of block characters, the lowest value ▁ and the highest █, a gap a space. Each character
    /// shows the value of its time that lies furthest out, so that no excursion is averaged away. Where a value lies
    /// outside the limits, a second line has a `!` below it. Empty without samples.
    /// - Parameter width: in characters, at least 1 and at most `sparklineWidthMax`.
    public func sparkline(width: Int) -> String {
        guard let extremes else { return "" }
        let cells = SparklineCells(of: self, count: min(max(width, 1), ConditionSeries.sparklineWidthMax)).values
        let bars = cells.map { value in
            value.map { ConditionSeries.bar($0, lowest: extremes.lowest, highest: extremes.highest) } ?? " "
        }
        let marks = cells.map { value in value.map { state(of: $0).isOutside } == true ? "!" : " " }
        guard let last = marks.lastIndex(of: "!") else { return bars.joined() }
        return bars.joined() + "\n" + marks[...last].joined()
    }

    private static func bar(_ value: Double, lowest: Double, highest: Double) -> String {
        guard highest > lowest else { return "▄" }
        // Halves, because the difference of two doubles may be infinite.
        let height = (value / 2 - lowest / 2) / (highest / 2 - lowest / 2)
        return bars[min(Int(height * Double(bars.count)), bars.count - 1)]
    }

    private static let bars = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"]
}

/// The one value that stands for each equal part of a series' time; nil in a gap.
private struct SparklineCells {
    private(set) var values: [Double?]
    private let series: ConditionSeries
    private let from: Int64
    private let span: Double
    private let middle: Double

    init(of series: ConditionSeries, count: Int) {
        self.series = series
        values = Array(repeating: nil, count: count)
        from = series.samples.first?.time ?? 0
        span = Double((series.samples.last?.time ?? from) - from)
        middle = series.extremes.map { $0.lowest / 2 + $0.highest / 2 } ?? 0
        fillWithSamples()
        fillBetweenSamples()
    }

    private mutating func fillWithSamples() {
        for sample in series.samples {
            let cell = cell(at: sample.time)
            if let value = values[cell], excess(of: value) >= excess(of: sample.value) { continue }
            values[cell] = sample.value
        }
    }

    /// Where cells are finer than samples, each shows the sample nearest to it.
    private mutating func fillBetweenSamples() {
        let silent = silentCells()
        let samples = series.samples
        var nearest = 0
        for cell in values.indices where values[cell] == nil && !silent[cell] {
            let time = time(amid: cell)
            while nearest + 1 < samples.count,
                (Double(samples[nearest + 1].time - from) - time).magnitude
                    <= (Double(samples[nearest].time - from) - time).magnitude
            {
                nearest += 1
            }
            values[cell] = samples[nearest].value
        }
    }

    private func silentCells() -> [Bool] {
        var silent = Array(repeating: false, count: values.count)
        for gap in series.gaps {
            let (first, last) = (cell(at: gap.from), cell(at: gap.to ?? .max))
            guard first <= last else { continue }
            let begin = Double(clamped(gap.from) - from)
            let end = Double(clamped(gap.to ?? .max) - from)
            for cell in first...last where time(amid: cell) >= begin && time(amid: cell) <= end { silent[cell] = true }
        }
        return silent
    }

    private func clamped(_ time: Int64) -> Int64 { min(max(time, from), from + Int64(span)) }

    private func cell(at time: Int64) -> Int {
        guard span > 0 else { return 0 }
        return min(Int(Double(clamped(time) - from) / span * Double(values.count)), values.count - 1)
    }

    /// Microseconds after the first sample.
    private func time(amid cell: Int) -> Double { (Double(cell) + 0.5) / Double(values.count) * span }

    /// How far a value lies outside the limits, negative inside; without limits, how far from the middle of the values.
    private func excess(of value: Double) -> Double {
        if series.limits.band == nil { return (value - middle).magnitude }
        let above = series.limits.highest.map { value - $0 } ?? -.infinity
        let below = series.limits.lowest.map { $0 - value } ?? -.infinity
        return max(above, below)
    }
}
