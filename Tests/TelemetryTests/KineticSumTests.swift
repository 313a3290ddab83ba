import Telemetry
import Testing

@Suite("Sums of kinetic temperature")
struct KineticSumTests {
    private func readings(_ values: [Double], from start: Int64 = 0) throws -> [Reading] {
        try values.enumerated().map { index, value in
            try Reading(
                device: "d", metric: "m", value: .number(value), unit: "Cel", time: start + Int64(index) * 60_000_000)
        }
    }

    private static let values = (0..<96).map { 5 + Double($0 * 37 % 23) / 4 }

    @Test(arguments: [[48], [2, 50], [8, 16, 24, 80], [94], Array(stride(from: 2, to: 96, by: 2))])
    func partsAddUpToTheWhole(_ cuts: [Int]) throws {
        let all = try readings(Self.values)
        let ends = cuts + [all.count]
        let parts = zip([0] + cuts, ends).map { KineticSum(of: Array(all[$0..<$1])) }
        let sum = parts.reduce(KineticSum(), +)
        let whole = KineticSum(of: all)
        #expect(abs(sum.weight / whole.weight - 1) < 1e-9)
        #expect(abs(sum.weighted / whole.weighted - 1) < 1e-9)
        #expect(try abs(#require(sum.celsius) - #require(whole.celsius)) < 1e-9)
    }

    @Test func agreesWithTheWindowsOwnMean() throws {
        let all = try readings(Self.values)
        var window = Window(device: "d", metric: "m", unit: "Cel")
        for reading in all { try window.add(reading) }
        let mkt = try #require(window.summary()?.mkt)
        #expect(try abs(#require(KineticSum(of: all).celsius) - mkt) < 1e-9)
    }

    @Test(arguments: [[], [5, -273.15, 5], [-300]] as [[Double]])
    func whatIsNoTemperatureAddsNothing(_ values: [Double]) throws {
        let sum = KineticSum(of: try readings(values))
        #expect(sum == KineticSum())
        #expect(sum.celsius == nil)
    }

    @Test func nothingAddsNothing() throws {
        let sum = KineticSum(of: try readings([5, 8, 12]))
        #expect(sum + KineticSum() == sum)
        #expect(sum.weight == 180_000_000)
    }

    @Test func textIsLookedPast() throws {
        let text = try Reading(device: "d", metric: "m", value: .text("warm"), unit: "Cel", time: 30_000_000)
        let numbers = try readings([5, 8, 12])
        #expect(KineticSum(of: (numbers + [text]).sorted()) == KineticSum(of: numbers))
    }
}
