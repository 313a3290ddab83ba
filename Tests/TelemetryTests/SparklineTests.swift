import Telemetry
import Testing

@Suite("Sparklines and CSV of conditions")
struct SparklineTests {
    private func series(
        _ values: [Double],
        every step: Int64 = 60_000_000,
        limits: TemperatureLimits = TemperatureLimits(),
        gaps: [ConditionSeries.Span] = []
    ) -> ConditionSeries {
        ConditionSeries(
            device: "box-1", metric: "temperature", unit: "Cel",
            samples: values.enumerated().map { ConditionSeries.Sample(time: Int64($0) * step, value: $1) },
            limits: limits, gaps: gaps)
    }

    @Test func drawsTheLowestAndTheHighest() {
        #expect(series([0, 1, 2, 3, 4, 5, 6, 7]).sparkline(width: 8) == "▁▂▃▄▅▆▇█")
        #expect(series([7, 0]).sparkline(width: 4) == "██▁▁")
    }

    @Test(arguments: [(99.0, "█"), (-99.0, "▁")])
    func neverLosesOneSampleOutsideTheLimitsAmongMany(_ value: Double, _ bar: Character) {
        var values = (0..<100_000).map { 4 + Double($0 % 7) / 10 }
        values[61_234] = value
        let lines = series(values, limits: TemperatureLimits(lowest: 2, highest: 8)).sparkline(width: 60)
            .split(separator: "\n").map(Array.init)
        #expect(lines.count == 2)
        #expect(lines.first?.count == 60)
        #expect(lines.first?.indices.filter { lines[0][$0] == bar } == [36])
        #expect(lines.last == Array(repeating: " ", count: 36) + ["!"])
    }

    @Test func showsBothSidesOfTheLimits() {
        let line = series([5, 1, 5, 5, 9, 5], limits: TemperatureLimits(lowest: 2, highest: 8)).sparkline(width: 2)
        #expect(line == "▁█\n!!")
    }

    @Test func showsAGapAsASpace() {
        let gap = ConditionSeries.Span(from: 3_000_000, to: 7_000_000)
        let samples = [0, 1, 2, 3, 7, 8, 9, 10].map { ConditionSeries.Sample(time: $0 * 1_000_000, value: 1) }
        let line = ConditionSeries(device: "d", metric: "m", unit: "u", samples: samples, gaps: [gap]).sparkline(
            width: 10)
        #expect(line == "▄▄▄▄   ▄▄▄")
    }

    @Test func fillsWhatIsFinerThanTheSamplesFromTheNearest() {
        #expect(series([0, 7]).sparkline(width: 8) == "▁▁▁▁████")
        #expect(series([9, 1], limits: TemperatureLimits(highest: 8)).sparkline(width: 4) == "██▁▁\n!!")
    }

    @Test(arguments: [(0, 1), (-5, 1), (1, 1), (999, 999), (1_000, 1_000), (1_001, 1_000)])
    func keepsItsWidth(_ width: Int, _ expected: Int) {
        #expect(series([1, 2, 3]).sparkline(width: width).count == expected)
    }

    @Test func survivesOddSeries() {
        let huge = Double.greatestFiniteMagnitude
        #expect(series([]).sparkline(width: 5).isEmpty)
        #expect(series([3]).sparkline(width: 3) == "▄▄▄")
        #expect(series([huge, -huge, 0]).sparkline(width: 3) == "█▁▅")
        #expect(series([4, 4], every: 0).sparkline(width: 2) == "▄▄")
        #expect(series([.nan, .infinity, 4]).sparkline(width: 2) == "▄▄")
        let endless = [ConditionSeries.Span(from: .min, to: nil), ConditionSeries.Span(from: .max, to: .min)]
        #expect(series([1, 1], gaps: endless).sparkline(width: 4) == "▄  ▄")
    }

    @Test func writesEverySampleAndGapAsCSV() {
        let hostile = ConditionSeries(
            device: "a,\"b\"\u{301}\r\n=1", metric: " m", unit: "%RH",
            samples: [ConditionSeries.Sample(time: 0, value: 0.1), ConditionSeries.Sample(time: 9_000_000, value: 9)],
            limits: TemperatureLimits(lowest: 1, highest: 8), gaps: [ConditionSeries.Span(from: 1, to: 8_999_999)])
        let lines = Array(ConditionSeries.csv(of: [hostile, series([]), series([5])]))
        let names = "\"a,\"\"b\"\"\u{301}\r\n=1\",\" m\""
        #expect(
            lines.map { Array($0.utf8) }
                == [
                    "time,device,metric,value,unit,state\r\n",
                    "1970-01-01T00:00:00.000000Z,\(names),0.1,%RH,below\r\n",
                    "1970-01-01T00:00:00.000001Z,\(names),,%RH,gap\r\n",
                    "1970-01-01T00:00:09.000000Z,\(names),9.0,%RH,above\r\n",
                    "1970-01-01T00:00:00.000000Z,box-1,temperature,5.0,Cel,\r\n",
                ].map { Array($0.utf8) })
    }
}
