extension ConditionSeries {
    /// The samples and gaps of several series as CSV (RFC 4180), one series after the other: see `ConditionCSV`.
    public static func csv(of series: [ConditionSeries]) -> ConditionCSV { ConditionCSV(series) }
}

/// Lines of CSV (RFC 4180), each with its CRLF, made one at a time: `time,device,metric,value,unit,state`.
///
/// The time is RFC 3339 in UTC, the value its shortest exact text, the state `inside`, `above` or `below` the limits
/// and empty without limits. A gap is a line at its begin with no value and the state `gap`.
public struct ConditionCSV: Sequence, Sendable {
    private let series: [ConditionSeries]

    init(_ series: [ConditionSeries]) {
        self.series = series
    }

    public func makeIterator() -> Iterator { Iterator(series) }

    public struct Iterator: IteratorProtocol {
        private var series: ArraySlice<ConditionSeries>
        private var hasBegun = false
        private var gaps: ArraySlice<ConditionSeries.Span> = []
        private var sample = 0
        private var names = ""

        init(_ series: [ConditionSeries]) {
            self.series = series[...]
        }

        /// The next line; the first one is the header.
        public mutating func next() -> String? {
            guard hasBegun else {
                hasBegun = true
                begin()
                return "time,device,metric,value,unit,state\r\n"
            }
            while let current = series.first {
                if let line = line(of: current) { return line }
                series.removeFirst()
                begin()
            }
            return nil
        }

        private mutating func begin() {
            guard let current = series.first else { return }
            sample = 0
            gaps = current.gaps.sorted { $0.from < $1.from }[...]
            names = "\(quoted(current.device)),\(quoted(current.metric))"
        }

        private mutating func line(of current: ConditionSeries) -> String? {
            let next = sample < current.samples.count ? current.samples[sample] : nil
            if let gap = gaps.first, gap.from < next?.time ?? .max {
                gaps.removeFirst()
                return line(gap.from, value: "", unit: current.unit, state: "gap")
            }
            guard let next else { return nil }
            sample += 1
            return line(
                next.time, value: next.value.description, unit: current.unit,
                state: current.state(of: next.value).rawValue)
        }

        private func line(_ time: Int64, value: String, unit: String, state: String) -> String {
            "\(InternetTime.text(Reading.nearest(time))),\(names),\(value),\(quoted(unit)),\(state)\r\n"
        }

        private func quoted(_ text: String) -> String {
            let isPlain = !text.utf8.contains { $0 == 0x22 || $0 == 0x2C || $0 == 0x0D || $0 == 0x0A }
            if isPlain, text.utf8.first != 0x20, text.utf8.last != 0x20 { return text }
            var quoted = "\""
            // By scalar: a quote with an accent is one character that is not a quote.
            for scalar in text.unicodeScalars {
                if scalar == "\"" { quoted += "\"" }
                quoted.unicodeScalars.append(scalar)
            }
            return quoted + "\""
        }
    }
}

extension Reading {
    /// The time itself, or the nearest that a reading may have.
    static func nearest(_ time: Int64) -> Int64 { min(max(time, timeMin), timeMax) }
}
