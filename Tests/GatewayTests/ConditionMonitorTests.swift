import Ledger
import Store
import Telemetry
import Testing

@testable import Gateway

@Suite struct ConditionMonitorTests {
    static let second: Int64 = 1_000_000
    static let window: Int64 = 900

    let gateway: TestGateway
    let recorder: Recorder
    let order: String
    /// Where the journey begins: on the edge of a window.
    let start: Int64

    init() async throws {
        gateway = try TestGateway()
        recorder = try gateway.recorder()
        start = gateway.clock.now
        order = try await recorder.record(TestGateway.open()).order
        _ = try await recorder.record(TestGateway.next("shipped", of: order, vehicle: "truck-1", at: start))
    }

    /// As each start of the process makes one.
    private func advance() async throws {
        try await ConditionMonitor(
            rule: ConditionRule(), recorder: recorder, ledger: gateway.ledger, intake: gateway.intake,
            instruments: gateway.instruments, logger: gateway.logger
        ).advance()
    }

    /// Readings at seconds after the journey's begin.
    private func read(_ seconds: [Int64], device: String = "truck-1") throws {
        let readings = try seconds.map {
            try Reading(
                device: device, metric: "temperature", value: .number(Double($0)), unit: "Cel",
                time: start + $0 * Self.second)
        }
        try gateway.intake.commit([
            InboundMessage(topic: "t", payload: [], receivedAt: start, content: .readings(readings))
        ])
    }

    private func setClock(_ seconds: Int64) { gateway.clock.set(start + seconds * Self.second) }

    /// Count, lowest value and whether it is supplementary, of each window in the log.
    private func windows() throws -> [[String]] {
        try gateway.updates(of: order).filter { $0.update.step == "conditions.recorded" }.map { applied in
            ["count", "min", "supplementary"].map { applied.update.text(of: $0) ?? "" }
        }
    }

    @Test func aWindowClosesWhenALaterReadingComes() async throws {
        try read([10, 20, 899])
        try await advance()
        #expect(try windows() == [])
        try read([900])
        try await advance()
        #expect(try windows() == [["3", "10.0000", ""]])
        try await advance()
        #expect(try windows().count == 1)
    }

    @Test func aWindowClosesWhenItIsOverdue() async throws {
        try read([10])
        setClock(2 * Self.window - 1)
        try await advance()
        #expect(try windows() == [])
        setClock(2 * Self.window)
        try await advance()
        #expect(try windows() == [["1", "10.0000", ""]])
    }

    @Test func aWindowClosesWithTheJourney() async throws {
        try read([10, 1_000, 1_100])
        _ = try await recorder.record(TestGateway.next("received", of: order, at: start + 1_050 * Self.second))
        try await advance()
        #expect(try windows() == [["1", "10.0000", ""], ["1", "1000.0000", ""]])
    }

    @Test func lateReadingsMakeASupplementaryWindow() async throws {
        try read([10, 900])
        try await advance()
        try read([30, 40])
        try await advance()
        #expect(try windows() == [["1", "10.0000", ""], ["2", "30.0000", "true"]])
        try await advance()
        #expect(try windows().count == 2)
        try read([50, 1_800])
        try await advance()
        #expect(
            try windows() == [
                ["1", "10.0000", ""], ["2", "30.0000", "true"], ["1", "50.0000", "true"], ["1", "900.0000", ""],
            ])
    }

    @Test func readingsOutsideTheJourneyAreInNoWindow() async throws {
        try read([-5, 10, 2_000])
        try read([20], device: "truck-2")
        _ = try await recorder.record(TestGateway.next("received", of: order, at: start + 100 * Self.second))
        try await advance()
        try read([-4, 3_000])
        setClock(90_000)
        try await advance()
        #expect(try windows() == [["1", "10.0000", ""]])
    }

    @Test func aReadingThatComesTwiceIsCountedOnce() async throws {
        try read([10])
        try read([10, 900])
        try await advance()
        try read([10])
        try await advance()
        #expect(try windows() == [["1", "10.0000", ""]])
    }

    @Test func aCrashBeforeTheRecordingLeavesOneUpdate() async throws {
        try read([10, 900])
        try gateway.intake.follow(
            to: 0, began: [Journey(order: order, sensors: "truck-1", began: start)], ended: [])
        let sensor = try #require(try gateway.intake.sensors(of: "truck-1").first)
        _ = try gateway.intake.announce(
            order: order, sensor: sensor,
            mark: WindowMark(end: start + Self.window * Self.second, arrived: try gateway.intake.lastArrival()),
            isSupplementary: false)
        try await advance()
        #expect(try windows() == [["1", "10.0000", ""]])
        #expect(try gateway.intake.pendingWindows() == [])
    }

    @Test func aCrashAfterTheRecordingLeavesOneUpdate() async throws {
        try read([10, 900])
        try await advance()
        try gateway.tamperIntake("UPDATE window SET recorded = 0")
        try await advance()
        #expect(try windows() == [["1", "10.0000", ""]])
        #expect(try gateway.intake.pendingWindows() == [])
    }

    @Test func readingsThatComeBetweenTheCrashAndTheRecordingAreNotLost() async throws {
        try read([10, 900])
        try await advance()
        try gateway.tamperIntake("UPDATE window SET recorded = 0")
        try read([20, 1_800])
        try await advance()
        #expect(try windows() == [["1", "10.0000", ""], ["1", "20.0000", "true"], ["1", "900.0000", ""]])
    }
}
