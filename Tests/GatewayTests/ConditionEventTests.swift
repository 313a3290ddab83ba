import Ledger
import Store
import Telemetry
import Testing

@testable import Gateway

/// What is out of order on a journey is told at once, once, and again when it is over.
@Suite struct ConditionEventTests {
    static let second: Int64 = 1_000_000

    let gateway: TestGateway
    let recorder: Recorder
    let order: String
    let start: Int64

    init() async throws {
        gateway = try TestGateway()
        recorder = try gateway.recorder()
        start = gateway.clock.now
        order = try await recorder.record(TestGateway.open()).order
        let facts: [(name: String, value: Draft.Value)] = [
            ("vehicle", .text("truck-1, group/node")), ("lowest-allowed", .text("2.0000")),
            ("highest-allowed", .text("8.0000")),
        ]
        _ = try await recorder.record(
            Draft(
                order: .existing(order), step: "shipped", facts: facts, observedAt: start, source: Source(.operator)))
    }

    /// As each start of the process makes one.
    private func advance(_ change: (inout ConditionRule) -> Void = { _ in }) async throws {
        try await monitor(change).advance()
    }

    private func monitor(_ change: (inout ConditionRule) -> Void = { _ in }) -> ConditionMonitor {
        var rule = ConditionRule()
        change(&rule)
        return ConditionMonitor(
            rule: rule, recorder: recorder, ledger: gateway.ledger, intake: gateway.intake,
            instruments: gateway.instruments, logger: gateway.logger)
    }

    /// Values at seconds after the journey's begin; the clock stands at the last.
    private func read(
        _ values: [(Int64, Double)], metric: String = "temperature", unit: String = "Cel", sequences: [UInt64]? = nil
    ) throws {
        let readings = try values.enumerated().map { index, value in
            try Reading(
                device: "truck-1", metric: metric, value: .number(value.1), unit: unit,
                time: start + value.0 * Self.second, sequence: sequences?[index])
        }
        let now = start + (values.last?.0 ?? 0) * Self.second
        if now > gateway.clock.now { gateway.clock.set(now) }
        try gateway.intake.commit([
            InboundMessage(topic: "t", payload: [], receivedAt: gateway.clock.now, content: .readings(readings))
        ])
    }

    private func steady(_ seconds: Range<Int64>, _ value: Double) -> [(Int64, Double)] {
        seconds.filter { $0 % 10 == 0 }.map { ($0, value) }
    }

    /// Step, kind, and begin and end in seconds after the journey's begin.
    private func told() throws -> [String] {
        try gateway.updates(of: order).map(\.update).filter {
            $0.step.contains("excursion.") || $0.step.hasPrefix("event.")
        }
        .map { update in
            let times = ["from", "to"].compactMap { update.text(of: $0).flatMap(WindowSummary.time) }
                .map { String(($0 - start) / Self.second) }
            return ([update.step, update.text(of: "kind") ?? ""] + times).joined(separator: " ")
        }
    }

    private func windows() throws -> [String] {
        try gateway.updates(of: order).map(\.update).filter { $0.step == "conditions.recorded" }.map {
            "\($0.text(of: "count") ?? "") \($0.text(of: "closed-by") ?? "late")"
        }
    }

    @Test func anExcursionIsToldAtOnceAndEndsItsWindows() async throws {
        try read(steady(0..<100, 5) + steady(100..<160, 9))
        try await advance()
        #expect(try told() == [], "the grace is not over")
        try read([(160, 9.5)])
        try await advance()
        #expect(try told() == ["excursion.detected above 100"])
        #expect(try windows() == ["10 excursion-began"])
        try read(steady(170..<210, 9) + [(210, 7)])
        try await advance()
        #expect(try told() == ["excursion.detected above 100", "excursion.ended above 100 210"])
        #expect(try windows() == ["10 excursion-began", "11 excursion-ended"])
        let ended = try #require(try gateway.updates(of: order).last { $0.update.step == "excursion.ended" }).update
        #expect(ended.text(of: "worst") == "9.5000" && ended.text(of: "limit") == "8.0000")
        try await advance()
        #expect(try told().count == 2)
    }

    @Test func whatIsOverWithinTheGraceIsNotTold() async throws {
        try read(steady(0..<100, 5) + steady(100..<160, 9) + steady(160..<1_000, 5))
        try await advance()
        #expect(try told() == [])
    }

    @Test func anExcursionThatCrossesTheEndOfAWindowKeepsItsBegin() async throws {
        try read(steady(0..<880, 5) + steady(880..<940, 1))
        try await advance()
        #expect(try windows() == ["90 time"])
        try read(steady(940..<950, 1))
        try await advance()
        #expect(try told() == ["excursion.detected below 880"])
    }

    @Test func aCrashLeavesOneUpdateOfEach() async throws {
        try read(steady(0..<100, 5) + steady(100..<170, 9))
        try await advance()
        try gateway.tamperIntake("UPDATE event SET told = 0")
        try await advance()
        #expect(try told() == ["excursion.detected above 100"])
        try read([(170, 5)])
        try await advance()
        try gateway.tamperIntake("UPDATE event SET told = 1")
        try await advance()
        #expect(try told() == ["excursion.detected above 100", "excursion.ended above 100 170"])
    }

    @Test func anExcursionInLateReadingsIsTold() async throws {
        try read(steady(0..<300, 5) + steady(600..<910, 5))
        try await advance()
        try read(steady(300..<400, 9) + steady(400..<600, 5))
        try await advance()
        #expect(try told().contains("excursion.detected above 300 400"))
        #expect(try windows() == ["60 time", "30 late"])
    }

    @Test func theMeanKineticTemperatureHasItsOwnLimit() async throws {
        try read(steady(0..<1_200, 7.9))
        try await advance()
        #expect(try told() == [])
        try read(steady(1_200..<1_250, 40))
        try await advance()
        #expect(try told() == ["excursion.detected mkt 1240"])
    }

    @Test func aSensorThatSpeaksOnceInAWindowHasAMeanTemperatureToo() async throws {
        for window in 0..<4 {
            try read([(Int64(window) * 900 + 10, 8.5)])
            try await advance { $0.silence = 0 }
        }
        #expect(try told().contains { $0.hasPrefix("excursion.detected mkt") })
    }

    @Test func aSensorThatFallsSilentIsToldAndThatItIsBack() async throws {
        let monitor = monitor()
        try read(steady(0..<100, 5))
        try await monitor.advance()
        gateway.clock.set(start + 139 * Self.second)
        try await monitor.advance()
        #expect(try told() == [])
        gateway.clock.set(start + 141 * Self.second)
        try await monitor.advance()
        #expect(try told() == ["event.detected silence 90"])
        try read([(200, 5)])
        try await monitor.advance()
        #expect(try told() == ["event.detected silence 90", "event.ended silence 90 200"])
    }

    @Test func aGatewayThatStartsAgainNoticesSilenceToo() async throws {
        try read(steady(0..<1_000, 5))
        try await advance()
        gateway.clock.set(start + 1_100 * Self.second)
        try await advance()
        #expect(try told() == ["event.detected silence 990"])
    }

    @Test(arguments: [("door", 1.0, "1"), ("shock", 400, "m/s2"), ("tilt", 45, "deg")])
    func doorShockAndTiltAreEvents(metric: String, value: Double, unit: String) async throws {
        try read([(0, 0), (10, 0), (20, value), (30, value), (40, 0)], metric: metric, unit: unit)
        try await advance()
        #expect(
            try told() == ["event.detected \(metric) 20 40"]
                || told() == [
                    "event.detected \(metric) 20", "event.ended \(metric) 20 40",
                ])
    }

    @Test func readingsThatTheDeviceCountedAndThatHaveNotComeAreTold() async throws {
        try read([(0, 5), (10, 5), (20, 5), (900, 5)], sequences: [1, 2, 5, 6])
        try await advance()
        #expect(try told().contains("event.detected gap 0 20"))
    }

    @Test func aClockThatIsAheadOrWasSetBackIsTold() async throws {
        try read([(0, 5), (10, 5), (20, 5)], sequences: [1, 3, 2])
        try read([(905, 5)])
        let ahead = try Reading(
            device: "truck-1", metric: "humidity", value: .number(50), unit: "%", time: start + 960 * Self.second)
        try gateway.intake.commit([
            InboundMessage(topic: "t", payload: [], receivedAt: gateway.clock.now, content: .readings([ahead]))
        ])
        try await advance()
        #expect(try told().contains("event.detected clock 960"))
        #expect(try told().contains("event.detected clock 20 20"))
    }

    @Test func anOverdueCalibrationIsToldOnce() async throws {
        try read(steady(0..<50, 5))
        for _ in 0..<2 { try await advance { [start] in $0.calibratedUntil = ["truck-1/temperature": start - 1] } }
        #expect(try told() == ["event.detected calibration 0 0"])
        try await advance { [start] in $0.calibratedUntil = ["truck-2": start - 1] }
        #expect(try told().count == 1)
    }

    @Test func aDeviceThatDiesIsToldOnItsJourney() async throws {
        try await advance()
        let died = DeviceEvent(device: "group/node", kind: .died, time: start + 5 * Self.second)
        let other = DeviceEvent(device: "group/other", kind: .died, time: start + 5 * Self.second)
        try gateway.intake.commit([
            InboundMessage(
                topic: "spBv1.0/group/NDEATH/node", payload: [1], receivedAt: start,
                content: .sparkplug(SparkplugOutcome(events: [died, other])))
        ])
        for _ in 0..<2 { try await advance() }
        #expect(try told() == ["event.detected died 5 5"])
    }

    @Test func eachReadingIsProvedByItsWindowAndByNoOther() async throws {
        try read(steady(0..<100, 5) + [(905, 5)])
        try await advance()
        try read([(55, 6)])
        try await advance()
        let journey = try #require(try gateway.intake.journey(of: order))
        let sensor = SensorName(device: "truck-1", metric: "temperature", unit: "Cel")
        let windows = try gateway.intake.windows(of: sensor, order: order)
        let updates = try gateway.updates(of: order).filter { $0.update.step == "conditions.recorded" }
        #expect(windows.count == 2 && updates.count == 2)
        for (window, applied) in zip(windows, updates) {
            let readings = try gateway.intake.readings(in: window, of: journey)
            let draft = try #require(try WindowDraft(of: window, journey: journey, readings: readings))
            for (index, reading) in draft.readings.enumerated() {
                let proof = try #require(
                    ReadingProof(
                        leaf: reading.leaf, index: index, of: draft.leaves, entry: applied.reference.leafHash))
                for other in updates {
                    #expect(proof.isProved(by: other.update) == (other.reference == applied.reference))
                }
                var changed = reading.leaf
                changed[changed.count / 2] ^= 1
                let forged = try #require(
                    ReadingProof(leaf: changed, index: index, of: draft.leaves, entry: applied.reference.leafHash))
                #expect(!forged.isProved(by: applied.update))
            }
        }
    }

    @Test func aJourneysEndIsTheEndOfAllThatLasts() async throws {
        try read(steady(0..<100, 5) + steady(100..<1_200, 9))
        gateway.clock.set(start + 1_300 * Self.second)
        try await advance()
        #expect(try told().filter { $0.hasPrefix("e") }.count == 3, "too warm, its mean too, and silent since")
        _ = try await recorder.record(TestGateway.next("received", of: order, at: start + 1_250 * Self.second))
        gateway.clock.set(start + 1_260 * Self.second)
        try await advance()
        let ended = try told().filter { $0.contains(".ended") }
        #expect(ended.count == 3 && ended.allSatisfy { $0.hasSuffix(" 1250") })
    }

    @Test func theStricterOfLabelAndContractHolds() throws {
        let label = TemperatureLimits(lowest: 2, highest: 8)
        let contract = TemperatureLimits(lowest: -20, highest: 5, grace: 60, mkt: 4)
        #expect(
            label.joined(with: contract) == TemperatureLimits(lowest: 2, highest: 5, grace: 60, mkt: 4))
    }
}
