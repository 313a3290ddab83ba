import Telemetry
import Testing

@Suite("Bands")
struct BandTests {
    private static let cold = Band(lowest: 2, highest: 8, grace: 10)

    private func reading(_ value: Reading.Value, at time: Int64) throws -> Reading {
        try Reading(device: "d", metric: "m", value: value, unit: "Cel", time: time)
    }

    /// One value each ten microseconds.
    private func runs(_ values: [Double], in band: Band = cold) throws -> [String] {
        let readings = try values.enumerated().map { try reading(.number($1), at: Int64($0) * 10) }
        return band.runs(in: readings).map(Self.text)
    }

    private static func text(_ run: Band.Run) -> String {
        "\(run.side) \(run.from) \(run.last) \(run.to.map(String.init) ?? "on") \(run.worst) = \(run.length)"
    }

    @Test(arguments: [(1.999, Band.Side.below), (2, nil), (5, nil), (8, nil), (8.001, .above)])
    func itsLimitsBelongToIt(_ value: Double, _ side: Band.Side?) {
        #expect(Self.cold.side(of: value) == side)
        #expect(Band(lowest: 2).side(of: value) == (side == .below ? .below : nil))
        #expect(Band(highest: 8).side(of: value) == (side == .above ? .above : nil))
        #expect(Band().side(of: value) == nil)
    }

    @Test func saysItsLimitOnEachSide() {
        #expect(Self.cold.limit(on: .above) == 8 && Self.cold.limit(on: .below) == 2)
        #expect(Band(lowest: 2).limit(on: .above) == nil && Band(highest: 8).limit(on: .below) == nil)
    }

    @Test(
        arguments: [
            ([], []), ([5, 2, 8], []),
            ([9], ["above 0 0 on 9.0 = 0"]),
            ([5, 9, 11, 10], ["above 10 30 on 11.0 = 20"]),
            ([5, 9, 8], ["above 10 10 20 9.0 = 10"]),
            ([1, -4, 0, 5, 1], ["below 0 20 30 -4.0 = 30", "below 40 40 on 1.0 = 0"]),
            ([9, 1, 5], ["above 0 0 10 9.0 = 10", "below 10 10 20 1.0 = 10"]),
            ([1, 9, 1], ["below 0 0 10 1.0 = 10", "above 10 10 20 9.0 = 10", "below 20 20 on 1.0 = 0"]),
        ] as [([Double], [String])])
    func findsEveryRunOutside(_ values: [Double], _ expected: [String]) throws {
        #expect(try runs(values) == expected)
    }

    @Test func whatIsNoNumberNeitherBeginsNorEndsARun() throws {
        let readings = try [
            reading(.text("hot"), at: 0), reading(.number(9), at: 1), reading(.data([1]), at: 2),
            reading(.number(9.5), at: 3), reading(.text("cold"), at: 4),
        ]
        #expect(Self.cold.runs(in: readings).map(Self.text) == ["above 1 3 on 9.5 = 2"])
    }

    @Test func aFlagCountsAsNothingOrOne() throws {
        let readings = try [false, true, true, false].enumerated().map { try reading(.flag($1), at: Int64($0)) }
        #expect(Band(highest: 0.5).runs(in: readings).map(Self.text) == ["above 1 2 3 1.0 = 2"])
    }
}
