import Telemetry
import Testing

@Suite("Pulses")
struct PulseTests {
    private func pulse(_ times: [Int64], delay: Int64 = 3) throws -> Pulse {
        try #require(Pulse(of: times.map { (time: $0, arrived: $0 + delay) }))
    }

    @Test(
        arguments: [
            ([0], nil), ([0, 60], nil), ([0, 60, 120], 60), ([0, 60, 130], 70), ([0, 60, 60, 60, 120], 60),
            ([0, 0, 0, 60], nil), ([0, 10, 20, 30, 9_000], 10),
        ] as [([Int64], Int64?)])
    func theUsualIntervalIsTheMiddleOne(_ times: [Int64], _ interval: Int64?) throws {
        #expect(try pulse(times).interval == interval)
    }

    @Test func noReadingsAreNoPulse() {
        #expect(Pulse(of: [(time: Int64, arrived: Int64)]()) == nil)
    }

    /// Twice as many old steps of 5 as fit beside new ones of 100.
    @Test(arguments: [Pulse.readingsMax / 2 - 1, Pulse.readingsMax / 2, Pulse.readingsMax - 1, Pulse.readingsMax])
    func onlyTheNewestReadingsTellTheInterval(_ newCount: Int) throws {
        let old = (0...Int64(2 * Pulse.readingsMax)).map { $0 * 5 }
        let last = try #require(old.last)
        let new = (0..<newCount).map { last + Int64($0 + 1) * 100 }
        let isMostlyNew = newCount > (Pulse.readingsMax - 1) / 2
        #expect(try pulse(old + new).interval == (isMostlyNew ? 100 : 5))
    }

    @Test func remembersTheLastArrivalAndTheNewestTime() throws {
        let pulse = try #require(Pulse(of: [(time: 10, arrived: 90), (time: 20, arrived: 80)]))
        #expect(pulse.lastArrival == 90 && pulse.lastTime == 20)
    }

    @Test func fewNewReadingsTellNoNewInterval() throws {
        var known = try pulse([0, 60, 120])
        known.join(try pulse([500], delay: 8))
        #expect(known.interval == 60 && known.lastTime == 500 && known.lastArrival == 508)
        known.join(try pulse([90, 91, 92, 93]))
        #expect(known.interval == 1 && known.lastTime == 500 && known.lastArrival == 508)
    }

    @Test(
        arguments: [
            ([0, 60_000_000, 120_000_000], 5, 420_000_003), ([0, 60_000_000, 120_000_000], 0, nil),
            ([0, 60_000_000, 120_000_000], -1, nil), ([0, 60_000_000], 5, nil), ([0, 1, 2], 5, 1_000_005),
            ([0, 200_000, 400_000], 5, 1_400_003), ([0, 199_999, 399_998], 5, 1_399_998 + 3),
        ] as [([Int64], Int, Int64?)])
    func isSilentAfterSoManyOfItsIntervalsAndNeverWithinASecond(
        _ times: [Int64], _ intervals: Int, _ silentFrom: Int64?
    ) throws {
        #expect(try pulse(times).silentFrom(intervals: intervals) == silentFrom)
    }

    /// A device may say whatever times it likes.
    @Test(arguments: [1, 2, 29, 30, 31, 60, 1_000_000, Int.max])
    func longIntervalsAreNoTrap(_ intervals: Int) throws {
        let calendar = Reading.timeMax - Reading.timeMin
        for length in [calendar / 2, calendar / 2 - 1, Int64.max / Int64(max(intervals, 60)), 1_772_366_400_000_000] {
            let times = [Reading.timeMin, Reading.timeMin + length, Reading.timeMin + 2 * length]
            let pulse = try #require(Pulse(of: times.map { (time: $0, arrived: Int64.max / 2) }))
            let (wait, isOver) = length.multipliedReportingOverflow(by: Int64(intervals))
            let isKnown = !isOver && wait <= Int64.max - Int64.max / 2
            #expect((pulse.silentFrom(intervals: intervals) != nil) == isKnown)
        }
    }
}
