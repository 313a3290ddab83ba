import Telemetry
import Testing

@Suite("Cuts of windows")
struct WindowCutTests {
    private static let band = Band(lowest: 2, highest: 8, grace: 10)

    /// Windows of 100 microseconds and 1,000 readings.
    private static let rule = rule()

    private static func rule(length: Int64 = 100, count: Int = 1_000, band: Band? = band) -> WindowCut.Rule {
        WindowCut.Rule(length: length, count: count, band: band)
    }

    private func readings(_ samples: [(Int64, Double)]) throws -> [Reading] {
        try samples.map {
            try Reading(device: "d", metric: "m", value: .number($0.1), unit: "Cel", time: $0.0)
        }
    }

    /// End, cause, the excursion and what is left open.
    private func cut(
        _ samples: [(Int64, Double)], from start: Int64 = 0, rule: WindowCut.Rule = rule,
        excursion: WindowCut.Excursion? = nil, outsideSince: WindowCut.Excursion? = nil, journeyEnd: Int64? = nil,
        now: Int64 = 0
    ) throws -> String? {
        let cut = WindowCut.next(
            in: try readings(samples), from: start, under: rule, excursion: excursion, outsideSince: outsideSince,
            journeyEnd: journeyEnd, now: now)
        return cut.map { cut in
            let parts = [cut.excursion.map(Self.text), cut.outsideSince.map { "open " + Self.text($0) }]
            return (["\(cut.end) \(cut.cause.rawValue)"] + parts.compactMap(\.self)).joined(separator: ", ")
        }
    }

    private static func text(_ excursion: WindowCut.Excursion) -> String { "\(excursion.side) \(excursion.from)" }

    private static let above = WindowCut.Excursion(side: .above, from: 20)

    // MARK: Time and count

    @Test(
        arguments: [
            ([], 0, nil), ([(10, 5), (99, 5)], 0, nil), ([(10, 5), (100, 5)], 0, "100 time"),
            ([(110, 5), (250, 5)], 0, "200 time"), ([(-110, 5), (-100, 5)], -200, "-100 time"),
            ([(-1, 5), (0, 5)], -100, "0 time"), ([(-100, 5), (-1, 5)], -100, nil),
        ] as [([(Int64, Double)], Int64, String?)])
    func aWindowEndsAtWholeMultiplesOfItsLength(
        _ samples: [(Int64, Double)], _ start: Int64, _ expected: String?
    ) throws {
        #expect(try cut(samples, from: start) == expected)
    }

    @Test(arguments: [(2, nil), (3, "30 count"), (4, "30 count")] as [(Int, String?)])
    func aWindowEndsWhenItHasSoManyReadings(_ count: Int, _ expected: String?) throws {
        let samples = (1...count).map { (Int64(min($0, 3)) * 10 + Int64(max($0 - 3, 0)), 5.0) }
        #expect(try cut(samples, rule: Self.rule(count: 2)) == expected)
    }

    @Test(arguments: [0, 1])
    func aWindowHoldsOneReadingAtLeast(_ count: Int) throws {
        #expect(try cut([(10, 5)], rule: Self.rule(count: count)) == nil)
        #expect(try cut([(10, 5), (11, 5)], rule: Self.rule(count: count)) == "11 count")
    }

    @Test func equalTimesStayTogetherWhateverTheirNumber() throws {
        let same = [(10, 4.0), (10, 5), (10, 6)] as [(Int64, Double)]
        #expect(try cut(same, rule: Self.rule(count: 2)) == nil)
        #expect(try cut(same + [(11, 5)], rule: Self.rule(count: 2)) == "11 count")
        #expect(try cut([(9, 5)] + same + [(11, 5)], rule: Self.rule(count: 2)) == "11 count")
        #expect(try cut([(8, 5), (9, 5)] + same, rule: Self.rule(count: 2)) == "10 count")
    }

    @Test(arguments: [(199, nil), (200, "100 time"), (201, "100 time")] as [(Int64, String?)])
    func aWindowThatNobodyAddsToEndsOneLengthLate(_ now: Int64, _ expected: String?) throws {
        #expect(try cut([(10, 5)], now: now) == expected)
    }

    @Test func nothingIsCutFromNoReadings() throws {
        #expect(try cut([], journeyEnd: 50, now: .max / 2) == nil)
    }

    // MARK: The journey's end

    @Test(
        arguments: [
            ([(10, 5)], 50, "50 journey"), ([(10, 5)], 150, "150 journey"), ([(10, 5), (120, 5)], 150, "100 time"),
            ([(10, 9), (49, 9)], 50, "10 excursion-began, above 10"), ([(45, 9), (49, 9)], 50, "50 journey"),
        ] as [([(Int64, Double)], Int64, String)])
    func theLastWindowEndsWithTheJourney(
        _ samples: [(Int64, Double)], _ journeyEnd: Int64, _ expected: String
    ) throws {
        #expect(try cut(samples, journeyEnd: journeyEnd) == expected)
    }

    @Test func anExcursionThatLastsEndsWithTheJourney() throws {
        let expected = "50 journey, above 20"
        #expect(try cut([(20, 9), (30, 9)], from: 20, excursion: Self.above, journeyEnd: 50) == expected)
        #expect(try cut([], from: 40, excursion: Self.above, journeyEnd: 50) == expected)
        #expect(try cut([], from: 40, journeyEnd: 50) == nil)
        #expect(try cut([], from: 40, excursion: Self.above, now: .max / 2) == nil)
    }

    // MARK: Excursions

    @Test(
        arguments: [(9, nil), (10, "20 excursion-began, above 20"), (11, "20 excursion-began, above 20")]
            as [(Int64, String?)])
    func anExcursionBeginsWhenItsGraceIsOver(_ wait: Int64, _ expected: String?) throws {
        #expect(try cut([(10, 5), (20, 9), (20 + wait, 9)]) == expected)
    }

    @Test func withoutGraceItBeginsWithTheFirstReading() throws {
        let rule = Self.rule(band: Band(highest: 8))
        #expect(try cut([(10, 5), (20, 9)], rule: rule) == "20 excursion-began, above 20")
        #expect(try cut([(20, 9)], rule: rule) == "20 excursion-began, above 20")
    }

    @Test(
        arguments: [
            ([(10, 9), (15, 5), (16, 9), (25, 9)], nil),
            ([(10, 9), (15, 1), (24, 1)], nil), ([(10, 9), (15, 1), (25, 1)], "15 excursion-began, below 15"),
            ([(10, 1), (20, 1)], "10 excursion-began, below 10"),
        ] as [([(Int64, Double)], String?)])
    func aRunThatIsOverInItsGraceIsNone(_ samples: [(Int64, Double)], _ expected: String?) throws {
        #expect(try cut(samples) == expected)
    }

    @Test(
        arguments: [
            ([(20, 9), (60, 9)], nil), ([(20, 9), (60, 5)], "60 excursion-ended, above 20"),
            ([(20, 9), (60, 1)], "60 excursion-ended, above 20"), ([(60, 5)], "60 excursion-ended, above 20"),
            ([(20, 9), (99, 9), (100, 5)], "100 time"),
        ] as [([(Int64, Double)], String?)])
    func anExcursionEndsWithTheFirstReadingThatIsNotPartOfIt(
        _ samples: [(Int64, Double)], _ expected: String?
    ) throws {
        #expect(try cut(samples, from: 20, excursion: Self.above) == expected)
    }

    @Test func aRunThatCrossesAWindowsEndKeepsItsBegin() throws {
        #expect(try cut([(50, 5), (95, 9), (101, 9)]) == "100 time, open above 95")
        let open = WindowCut.Excursion(side: .above, from: 95)
        #expect(try cut([(101, 9), (104, 9)], from: 100, outsideSince: open) == nil)
        let began = try cut([(101, 9), (105, 9)], from: 100, outsideSince: open)
        #expect(began == "100 excursion-began, above 95")
        #expect(try cut([(101, 5), (105, 9)], from: 100, outsideSince: open) == nil)
        #expect(try cut([(101, 1), (111, 1)], from: 100, outsideSince: open) == "101 excursion-began, below 101")
    }

    @Test func whatTheExcursionLeftBehindBeginsNoOther() throws {
        let old = WindowCut.Excursion(side: .above, from: -5)
        let cut = try cut([(20, 9), (99, 9), (101, 9)], from: 20, excursion: Self.above, outsideSince: old)
        #expect(cut == "100 time")
    }

    /// A device whose clock counts seconds says several values at one time.
    @Test(
        arguments: [
            [(20, 9), (20, 5)], [(20, 5), (20, 9)], [(20, 1), (20, 9), (20, 5)],
        ] as [[(Int64, Double)]])
    func noExcursionEndsAtTheTimeAtWhichItBegins(_ moment: [(Int64, Double)]) throws {
        let rule = Self.rule(band: Band(highest: 8))
        #expect(try cut([(10, 5)] + moment, rule: rule) == "20 excursion-began, above 20")
        #expect(try cut(moment + [(25, 9)], from: 20, rule: rule, excursion: Self.above) == nil)
        let ended = try cut(moment + [(25, 5)], from: 20, rule: rule, excursion: Self.above)
        #expect(ended == "25 excursion-ended, above 20")
    }

    @Test func lateReadingsFromBeforeAnExcursionDoNotEndIt() throws {
        let began = try cut([(10, 5), (20, 9), (30, 9)], excursion: Self.above)
        #expect(began == "20 excursion-began, above 20")
        #expect(try cut([(10, 5), (15, 1)], excursion: Self.above) == nil)
        #expect(try cut([(20, 9), (30, 9)], from: 20, excursion: Self.above) == nil)
    }

    @Test func whatIsNoNumberEndsNoExcursion() throws {
        let text = try Reading(device: "d", metric: "m", value: .text("hot"), unit: "Cel", time: 15)
        for (excursion, outside) in [(Self.above, nil), (nil, Self.above)] {
            let cut = WindowCut.next(
                in: [text], from: 10, under: Self.rule, excursion: excursion, outsideSince: outside, now: 300)
            #expect(cut?.cause == .time && cut?.outsideSince == outside)
        }
    }

    @Test func withoutABandNothingIsOutside() throws {
        #expect(try cut([(10, 900), (90, -900)], rule: Self.rule(band: nil)) == nil)
    }
}

// MARK: - All windows of a journey

@Suite("Windows of a journey")
struct JourneyWindowsTests {
    /// Readings as they come, in any order and late, and the monitor that follows them.
    @Test(arguments: 0..<40)
    func takeEachReadingOnceWhateverCame(_ seed: UInt64) {
        var random = SplitMix(state: seed)
        for _ in 0..<25 {
            var journey = SimulatedJourney(&random)
            for step in 1...8 {
                journey.deliver(&random)
                journey.look(now: Int64(step) * 40)
            }
            journey.end()
            journey.deliver(&random)
            journey.look(now: 1_000)
            #expect(journey.isStuck == false, "seed \(seed)")
            #expect(journey.misplaced().isEmpty, "seed \(seed)")
            #expect(journey.events.allSatisfy { $0.ended ?? .max >= $0.began }, "seed \(seed)")
            #expect(journey.events.allSatisfy { $0.ended != nil }, "seed \(seed)")
            let ends = journey.windows.filter { !$0.isLate }.map(\.end)
            #expect(zip(ends, ends.dropFirst()).allSatisfy { $0 < $1 })
        }
    }
}

/// What a monitor does with one sensor on one journey: it closes windows, remembers excursions, and takes what comes for
/// closed windows into one more.
private struct SimulatedJourney {
    struct Window {
        let isLate: Bool
        let end: Int64
        let readings: [Reading]
    }

    struct Event {
        let side: Band.Side
        let began: Int64
        var ended: Int64?
    }

    private static let began: Int64 = 20
    private static let ended: Int64 = 220

    private let rule: WindowCut.Rule
    private var stored: [Reading: Int] = [:]
    private var batch = 0
    private var mark: (end: Int64, batch: Int, outsideSince: WindowCut.Excursion?)?
    private var journeyEnd: Int64?
    private(set) var windows: [Window] = []
    private(set) var events: [Event] = []
    private(set) var isStuck = false

    init(_ random: inout SplitMix) {
        let band = Band(
            lowest: Bool.random(using: &random) ? 2 : nil, highest: 8, grace: random.pick([0, 0, 1, 7, 30]))
        rule = WindowCut.Rule(length: random.pick([10, 64, 1_000]), count: random.pick([1, 3, 20]), band: band)
    }

    mutating func end() { journeyEnd = Self.ended }

    mutating func deliver(_ random: inout SplitMix) {
        batch += 1
        let center = Int64.random(in: 0..<240, using: &random)
        for _ in 0..<Int.random(in: 0..<8, using: &random) {
            let value = random.pick([1.0, 5, 5, 9, 9.5])
            let time = center + Int64.random(in: -25...25, using: &random)
            let reading = Reading(
                kept: random.pick([false, false, false, false, true]) ? .text("x") : .number(value), of: "d", "m",
                in: "Cel", at: time, sequence: nil, session: nil)
            stored[reading] = stored[reading] ?? batch
        }
    }

    mutating func look(now: Int64) {
        for _ in 0...(8 * stored.count + 8) {
            if let mark { closeLate(mark.end, after: mark.batch) }
            let start = mark?.end ?? Self.began
            let open = readings { $0 >= start && $0 < self.journeyEnd ?? .max }
            let lasting = events.last { $0.ended == nil }
            let next = WindowCut.next(
                in: open, from: start, under: rule,
                excursion: lasting.map { WindowCut.Excursion(side: $0.side, from: $0.began) },
                outsideSince: mark?.outsideSince, journeyEnd: journeyEnd, now: now)
            guard let next else { return }
            let taken = open.filter { $0.time < next.end }
            if !taken.isEmpty {
                windows.append(Window(isLate: false, end: next.end, readings: taken))
                mark = (next.end, batch, next.outsideSince)
            }
            note(next)
        }
        isStuck = true
    }

    private mutating func closeLate(_ end: Int64, after seen: Int) {
        let late = readings { $0 >= Self.began && $0 < end }.filter { stored[$0] ?? 0 > seen }
        guard !late.isEmpty else { return }
        windows.append(Window(isLate: true, end: end, readings: late))
        mark?.batch = batch
    }

    /// As the store notes: what is noted as lasting lasts again.
    private mutating func note(_ cut: WindowCut) {
        switch cut.cause {
        case .excursionBegan:
            guard let excursion = cut.excursion else { return }
            if let known = events.firstIndex(where: { $0.side == excursion.side && $0.began == excursion.from }) {
                events[known].ended = nil
            } else {
                events.append(Event(side: excursion.side, began: excursion.from))
            }
        case .excursionEnded, .journey:
            guard let lasting = events.lastIndex(where: { $0.ended == nil }) else { return }
            events[lasting].ended = max(cut.end, events[lasting].began)
        case .time, .count: break
        }
    }

    private func readings(_ isMeant: (Int64) -> Bool) -> [Reading] {
        stored.keys.filter { isMeant($0.time) }.sorted()
    }

    /// Readings of the journey that are not in exactly one window, and readings in windows that are not of the journey.
    func misplaced() -> [Reading] {
        let wanted = readings { $0 >= Self.began && $0 < Self.ended }
        let taken = windows.flatMap(\.readings).filter { $0.time < Self.ended }.sorted()
        return wanted == taken
            ? []
            : Array(Set(wanted).symmetricDifference(taken))
                + taken.filter { reading in
                    taken.count { $0 == reading } > 1
                }
    }
}

/// A fixed stream of numbers (SplitMix64), so that a failure can be replayed.
private struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    mutating func pick<Value>(_ values: [Value]) -> Value { values[Int.random(in: 0..<values.count, using: &self)] }
}
