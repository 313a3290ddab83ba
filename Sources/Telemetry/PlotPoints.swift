/// What is drawn of a series: of each of many equal parts of its time the lowest and the highest sample, so that no
/// extreme is lost however many samples there are.
struct PlotPoints {
    /// The most points that are drawn.
    static let countMax = 1_500

    /// Points that a line joins: between one run and the next lies a gap.
    private(set) var runs: [[ConditionSeries.Sample]] = []

    var count: Int { runs.reduce(0) { $0 + $1.count } }

    init(_ series: ConditionSeries) {
        var ahead = series.gaps.sorted { $0.from < $1.from }[...]
        for sample in PlotPoints.thinned(series.samples) {
            if let last = runs.last?.last, !PlotPoints.hasEdge(in: &ahead, after: last.time, before: sample.time) {
                runs[runs.count - 1].append(sample)
            } else {
                runs.append([sample])
            }
        }
    }

    /// Whether a gap begins or ends between two times. Samples that came later may lie in a gap: they are joined.
    private static func hasEdge(
        in gaps: inout ArraySlice<ConditionSeries.Span>,
        after earlier: Int64,
        before later: Int64
    ) -> Bool {
        while let gap = gaps.first, gap.to ?? gap.from <= earlier, gap.from < earlier { gaps.removeFirst() }
        return gaps.prefix { $0.from < later }.contains { gap in
            gap.from >= earlier || gap.to.map { $0 > earlier && $0 <= later } ?? false
        }
    }

    private static func thinned(_ samples: [ConditionSeries.Sample]) -> [ConditionSeries.Sample] {
        guard samples.count > countMax, let first = samples.first, let last = samples.last else { return samples }
        let span = Double(last.time - first.time)
        let parts = countMax / 2
        var kept: [ConditionSeries.Sample] = []
        var begin = 0
        while begin < samples.count {
            let part = part(of: samples[begin].time, from: first.time, span: span, of: parts)
            var end = begin + 1
            while end < samples.count, self.part(of: samples[end].time, from: first.time, span: span, of: parts) == part
            {
                end += 1
            }
            kept += extremes(samples[begin..<end])
            begin = end
        }
        return kept
    }

    private static func part(of time: Int64, from: Int64, span: Double, of parts: Int) -> Int {
        span > 0 ? min(Int(Double(time - from) / span * Double(parts)), parts - 1) : 0
    }

    /// The lowest and the highest in order of time.
    private static func extremes(_ samples: ArraySlice<ConditionSeries.Sample>) -> [ConditionSeries.Sample] {
        var (lowest, highest) = (samples.startIndex, samples.startIndex)
        for index in samples.indices {
            if samples[index].value < samples[lowest].value { lowest = index }
            if samples[index].value > samples[highest].value { highest = index }
        }
        return lowest == highest ? [samples[lowest]] : [samples[min(lowest, highest)], samples[max(lowest, highest)]]
    }
}
