import Foundation
import Ledger
import Logging
import Synchronization
import Telemetry
import Testing

@testable import Gateway

@Suite struct DiskWatchTests {
    static let hour: Int64 = 3_600_000_000

    private final class Sink: ReadingSink {
        let taken = Mutex(0)

        func commit(_ messages: [InboundMessage]) throws { taken.withLock { $0 += messages.count } }
    }

    private func watch(reserve: UInt64, _ sink: Sink) -> DiskWatch {
        var rule = DiskWatch.Rule()
        rule.reserve = reserve
        return DiskWatch(
            rule: rule, folder: FileManager.default.temporaryDirectory.path, sink: sink, now: { 0 },
            logger: Logger(label: "test"))
    }

    @Test func noReadingPassesWhereOnlyTheReserveIsLeft() throws {
        let message = InboundMessage(topic: "t", payload: [1], receivedAt: 1, content: .readings([]))
        let sink = Sink()
        try watch(reserve: 0, sink).commit([message])
        let error = #expect(throws: CustodyError.self) { try watch(reserve: .max / 2, sink).commit([message]) }
        #expect(error?.code == .diskNearlyFull)
        #expect(sink.taken.withLock { $0 } == 1)
    }

    @Test func tellsTheHoursThatAreLeftAboveTheReserve() {
        var forecast = DiskForecast(reserve: 100)
        forecast.look(free: 1_100, at: 0)
        #expect(forecast.hoursLeft == nil, "one look tells no rate")
        forecast.look(free: 1_050, at: Self.hour / 2)
        #expect(forecast.hoursLeft == 9.5)
        forecast.look(free: 90, at: Self.hour)
        #expect(forecast.hoursLeft == 0 && forecast.isFull)
    }

    @Test(arguments: [DiskForecast.shortest - 1, DiskForecast.shortest])
    func knowsNoRateOfAMoment(_ time: Int64) {
        var forecast = DiskForecast(reserve: 0)
        forecast.look(free: 1_000, at: 0)
        forecast.look(free: 999, at: time)
        #expect((forecast.hoursLeft == nil) == (time < DiskForecast.shortest))
    }

    @Test func aDiskThatDoesNotFillLasts() {
        var forecast = DiskForecast(reserve: 0)
        for hour in 0..<5 { forecast.look(free: 1_000 + UInt64(hour), at: Int64(hour) * Self.hour) }
        #expect(forecast.hoursLeft == nil && !forecast.isFull)
    }

    @Test func onlyTheLastHourCounts() {
        var forecast = DiskForecast(reserve: 0)
        for (hour, free) in [10_000, 5_000, 4_990, 4_980].enumerated() {
            forecast.look(free: UInt64(free), at: Int64(hour) * Self.hour)
        }
        #expect(forecast.hoursLeft == 498)
    }
}
