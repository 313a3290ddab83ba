import Testing

@testable import Telemetry

@Suite("Spans of samples")
struct SampleSpansTests {
    private func spans(_ samples: [(Int64, Double)]) -> SampleSpans {
        SampleSpans(samples.map { Window.Sample(time: $0.0, value: $0.1, sequence: nil, session: nil) })
    }

    private static func isHot(_ value: Double) -> Bool { value > 8 }

    @Test(
        arguments: [
            ([], 0), ([(0, 9)], 0), ([(0, 5), (60, 5)], 0), ([(0, 9), (60, 9)], 60), ([(0, 5), (60, 9)], 30),
            ([(0, 5), (60, 9), (120, 5)], 60), ([(0, 9), (60, 5), (120, 9)], 60), ([(0, 9), (0, 5), (0, 9)], 0),
        ] as [([(Int64, Double)], Int64)])
    func eachSampleStandsForHalfWayToItsNeighbours(_ samples: [(Int64, Double)], _ hot: Int64) {
        #expect(spans(samples).time(where: Self.isHot) == hot)
        #expect(spans(samples).silence == 0)
    }

    /// Steps of 100 and one of another length; three usual intervals, and what a third of a microsecond rounds away.
    @Test(arguments: [(299, false), (300, false), (303, true)] as [(Int64, Bool)])
    func aSilenceBelongsToNoSample(_ step: Int64, _ isSilence: Bool) {
        let spans = spans([(0, 9), (100, 9), (200, 9), (200 + step, 9), (300 + step, 9), (400 + step, 9)])
        #expect(spans.silence == (isSilence ? step : 0))
        #expect(spans.time(where: Self.isHot) == 400 + (isSilence ? 0 : step))
    }

    @Test func theWholeCalendarIsNoTrap() {
        let spans = spans([(Reading.timeMin, 9), (0, 9), (Reading.timeMax, 9)])
        #expect(spans.time(where: Self.isHot) == Reading.timeMax - Reading.timeMin)
        #expect(spans.silence == 0)
    }
}
