import Telemetry
import Testing

@Suite("Windows")
struct WindowTests {
    private func reading(
        _ value: Double,
        at second: Int64,
        sequence: UInt64? = nil,
        session: String? = nil,
        unit: String = "Cel"
    ) throws -> Reading {
        try Reading(
            device: "d", metric: "m", value: .number(value), unit: unit, time: second * 1_000_000, sequence: sequence,
            session: session)
    }

    private func summary(_ readings: [Reading], unit: String = "Cel") throws -> WindowSummary {
        var window = Window(device: "d", metric: "m", unit: unit)
        for reading in readings { try window.add(reading) }
        return try #require(window.summary())
    }

    @Test(arguments: [([5.0, 5, 8, 12], 8.0192), ([20.0, 22, 25, 30], 25.0317), ([4.0], 4.0)])
    func agreesWithTheMeanKineticTemperatureVectors(_ values: [Double], _ expected: Double) throws {
        let readings = try values.enumerated().map { try reading($1, at: Int64($0) * 60) }
        let mkt = try #require(try summary(readings).mkt)
        #expect(abs(mkt - expected) < 0.00005)
    }

    @Test func weighsSamplesByTheTimeThatTheyStandFor() throws {
        let irregular = try summary([reading(5, at: 0), reading(5, at: 60), reading(12, at: 180), reading(12, at: 240)])
        let regular = try summary((0...5).map { (index: Int64) in try reading(index < 3 ? 5 : 12, at: index * 60) })
        #expect(try abs(#require(irregular.mkt) - #require(regular.mkt)) < 1e-9)
    }

    @Test func givesNoMeanKineticTemperatureForWhatIsNoTemperature() throws {
        #expect(try summary([reading(5, at: 0, unit: "lx")], unit: "lx").mkt == nil)
        #expect(try summary([reading(-273.15, at: 0)]).mkt == nil)
        #expect(try summary([reading(-272, at: 0)]).mkt == nil)
        #expect(try summary([reading(1e300, at: 0)]).mkt == nil)
    }

    @Test func sumsUpTheSameInAnyOrderOfArrival() throws {
        let readings = try (0..<50).map { (index: Int) in
            let value = Double(index * 7 % 11) + 0.1
            return try reading(value, at: Int64(index * index), sequence: UInt64(index))
        }
        let forward = try summary(readings)
        #expect(try summary(readings.reversed()) == forward)
        #expect(try summary(readings + readings) == forward)
        #expect(forward.count == 50)
    }

    @Test func rendersFactsWithFixedDecimals() throws {
        let facts = try summary([reading(-0.00001, at: 0, sequence: 1), reading(2.5, at: 1, sequence: 5)]).facts
        #expect(
            facts.map { "\($0.name)=\($0.value)" } == [
                "device=d", "metric=m", "unit=Cel", "from=1970-01-01T00:00:00.000000Z",
                "to=1970-01-01T00:00:01.000000Z",
                "count=2", "min=0.0000", "max=2.5000", "mean=1.2500", "mkt=1.3476", "seconds-silent=0.0000",
                "gaps=1", "missing=3",
            ])
    }

    @Test func countsWhatLiesOutsideTheLimits() throws {
        func facts(_ limits: TemperatureLimits, unit: String = "Cel") throws -> [String] {
            var window = Window(device: "d", metric: "m", unit: unit)
            for (second, value) in [1.99, 2, 5, 8, 8.01, 9].enumerated() {
                try window.add(reading(value, at: Int64(second), unit: unit))
            }
            return try #require(window.summary(limits: limits)).facts.map { "\($0.name)=\($0.value)" }
                .filter { $0.hasPrefix("outside") || $0.contains("allowed") }
        }
        #expect(
            try facts(TemperatureLimits(lowest: 2, highest: 8)) == [
                "lowest-allowed=2.0000", "highest-allowed=8.0000", "outside=3",
            ])
        #expect(try facts(TemperatureLimits(highest: 8)) == ["highest-allowed=8.0000", "outside=2"])
        #expect(try facts(TemperatureLimits()) == [])
        #expect(try facts(TemperatureLimits(lowest: 2, highest: 8), unit: "%") == [])
    }

    @Test(arguments: [(-5.00006, "-5.0001"), (1e11, "100000000000.0000"), (1e300, "1e+300"), (0.5, "0.5000")])
    func rendersNumbers(_ value: Double, _ expected: String) throws {
        let facts = try summary([reading(value, at: 0, unit: "1")], unit: "1").facts
        #expect(facts.first { $0.name == "max" }?.value == expected)
    }

    @Test(
        arguments: [
            ([1, 2, 3], 0, 0), ([3, 1, 2], 0, 0), ([1, 4, 6], 2, 3), ([0, UInt64.max], 1, UInt64.max - 1),
            ([7, 7], 0, 0),
        ] as [([UInt64], Int, UInt64)])
    func countsTheHolesInADevicesCount(_ numbers: [UInt64], _ gaps: Int, _ missing: UInt64) throws {
        let readings = try numbers.enumerated().map { try reading(1, at: Int64($0), sequence: $1, session: "s") }
        let summary = try summary(readings)
        #expect(summary.gaps == gaps)
        #expect(summary.missing == missing)
    }

    @Test func countsEachSessionForItself() throws {
        let readings = try [
            reading(1, at: 0, sequence: 90, session: "a"), reading(1, at: 1, sequence: 1, session: "b"),
            reading(1, at: 2),
        ]
        #expect(try summary(readings).gaps == 0)
    }

    @Test func isNothingWhileEmpty() {
        #expect(Window(device: "d", metric: "m", unit: "1").summary() == nil)
    }

    @Test func refusesReadingsOfAnotherSensor() throws {
        var window = Window(device: "d", metric: "m", unit: "%")
        let error = #expect(throws: TelemetryError.self) { try window.add(reading(1, at: 0)) }
        #expect(error?.code == .windowMismatch)
    }

    @Test func refusesReadingsOverItsLimit() throws {
        var window = Window(device: "d", metric: "m", unit: "Cel")
        let one = try reading(1, at: 0)
        for _ in 0..<Window.readingsMax { try window.add(one) }
        let error = #expect(throws: TelemetryError.self) { try window.add(one) }
        #expect(error?.code == .windowFull)
    }

    @Test func keepsTheMeanOfHugeValuesFinite() throws {
        let huge = Double.greatestFiniteMagnitude
        #expect(
            try summary([reading(huge, at: 0, unit: "1"), reading(huge, at: 1, unit: "1")], unit: "1").mean == huge)
    }
}
