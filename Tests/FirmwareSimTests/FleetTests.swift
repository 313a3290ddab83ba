import ArgumentParser
import Testing

@testable import firmware_sim

@Suite struct FleetTests {
    private static func fleet(trucks: Int = 5, connections: Int = 2, readings: Int = 100, rate: Double = 100) -> Fleet {
        Fleet(
            name: "fleet", trucks: trucks, connections: connections, format: .json, group: "trucks",
            metrics: [.temperature, .humidity, .door], rate: rate, readings: readings, seed: 9, pace: 1,
            inflightMax: 10, startTime: 0)
    }

    @Test func eachTruckHasAConnectionASeedAndAName() {
        let fleet = Self.fleet()
        let lines = (0..<2).map { fleet.trucks(of: $0).map(\.device) }
        #expect(lines == [["fleet-1", "fleet-3", "fleet-5"], ["fleet-2", "fleet-4"]])
        #expect(Set((0..<5).map { fleet.truck($0).climate.seed }).count == 5)
    }

    @Test(arguments: [(1, 1), (3, 1), (4, 2), (100, 34), (300, 100)])
    func sendsWholeMomentsAndNotOneTooMany(readings: Int, moments: Int) {
        let fleet = Self.fleet(readings: readings)
        #expect(fleet.moments(of: 0) + fleet.moments(of: 1) == moments)
    }

    @Test(arguments: [(0, 0), (59, 0), (60, 1), (119, 1), (600, 10), (60_000, 1_000)])
    func keepsItsPace(milliseconds: Int, expected: Int) {
        // 100 readings in a second are 50 on each of two connections: a moment of three every 60 milliseconds.
        #expect(Self.fleet().momentsDue(after: .milliseconds(milliseconds)) == expected)
    }
}

@Suite struct OptionTests {
    @Test(arguments: [
        ["truck", "--loss", "0.96"], ["truck", "--loss", "-0.1"], ["truck", "--loss-for", "0"],
        ["truck", "--door-after", "-1"], ["truck", "--defrost-for", "21600"], ["truck", "--defrost-every", "0.5"],
        ["truck", "--compressor-fails-after", "-1"], ["truck", "--drop-after", "1e10"],
        ["truck", "--battery-dead-after", "0"], ["truck", "--reboot-after", "-1"], ["truck", "--reboot-for", "-1"],
        ["truck", "--clock-jump-after", "-1"], ["truck", "--clock-jump-by", "1e10"], ["truck", "--format", "xml"],
        ["truck", "--metric", "weight"], ["truck", "--metric", "door", "--metric", "door"],
        ["truck", "--interval", "0"], ["truck", "--pace", "nan"], ["truck", "--count", "-1"],
        ["truck", "--buffer-max", "0"], ["truck", "--settle", "-1"],
        ["fleet", "--trucks", "0"], ["fleet", "--trucks", "100001"], ["fleet", "--trucks", "1"],
        ["fleet", "--connections", "0"], ["fleet", "--rate", "0"], ["fleet", "--seconds", "nan"],
        ["fleet", "--readings", "0"], ["fleet", "--inflight", "65536"], ["fleet", "--pace", "0"],
        ["fleet", "--connect-within", "-1"],
    ])
    func refusesAnOptionOutOfItsBounds(arguments: [String]) {
        #expect(throws: (any Error).self) { try FirmwareSim.parseAsRoot(arguments) }
    }

    @Test(arguments: [
        ["truck"], ["truck", "--loss", "0.95", "--offline-after", "3"], ["truck", "--loss", "0"],
        ["truck", "--door-after", "1", "--door-after", "900", "--defrost", "--compressor-fails-after", "0"],
        ["truck", "--format", "senml-cbor", "--all-metrics"], ["truck", "--clock-jump-by=-1e9"],
        ["fleet"], ["fleet", "--trucks", "100000", "--connections", "1000", "--rate", "1e7"],
        ["fleet", "--format", "sparkplug", "--readings", "10000000000"],
    ])
    func takesWhatIsInItsBounds(arguments: [String]) throws {
        _ = try FirmwareSim.parseAsRoot(arguments)
    }
}
