import Foundation
import Testing

@testable import Telemetry

@Suite("Logger files")
struct LoggerFileTests {
    private func file(
        _ text: String,
        column: String? = nil,
        dateOrder: LoggerFile.DateOrder? = nil,
        unreadableShareMax: Double = 0
    ) throws(TelemetryError) -> LoggerFile {
        try LoggerFile(
            Array(text.utf8), column: column, dateOrder: dateOrder, unreadableShareMax: unreadableShareMax)
    }

    private func refusal(_ text: String, column: String? = nil, unreadableShareMax: Double = 0) -> TelemetryError? {
        do throws(TelemetryError) {
            _ = try file(text, column: column, unreadableShareMax: unreadableShareMax)
            return nil
        } catch {
            return error
        }
    }

    /// 2026-03-13T22:50:00Z.
    private static let start: Int64 = 1_773_442_200_000_000
    private static let minute: Int64 = 60_000_000

    @Test(
        arguments: [
            "2026-03-13T22:50:00Z,4.5\n2026-03-13T23:00:00Z,-5.25\n2026-03-14T01:10:00+02:00,6\n",
            "\u{FEFF}time,temp\r\n2026-03-13 22:50:00,4.5\r\n2026-03-13 23:00:00,-5.25\r\n2026-03-13 23:10:00,6.0",
            "Zeit;Temperatur\n13.03.2026 22:50;4,5\n13.03.2026 23:00;-5,25\n13.03.2026 23:10;+6\n",
            "\"Time\"\t\"°C\"\n\"13/03/2026 22:50\"\t\"4,5\"\n"
                + "\"13/03/2026 23:00\"\t\"-5,25\"\n\"13/03/2026 23:10\"\t\"6\"\n",
            "n,at,value\n1,03/13/2026 10:50 PM,4.5\n2,03/13/2026 11:00 PM,-5.25\n3,03/13/2026 11:10:00 PM,6\n",
            "1773442200,4.5\n1773442800.0,-5.25\n1773443400,6\n",
            "1773442200000,4.5\n1773442800000,-5.25\n1773443400000,6\n",
            "No;Date;Time;Temp (°C);RH\n1;13.03.2026;22:50:00;4,5;40\n"
                + "2;13.03.2026;23:00:00;-5,25;40\n3;13.03.2026;23:10:00;6;40",
            "# a logger\nSerial,77\nStarted,2026-03-13 22:40,interval,10\n\nRH,Time,Battery,Temperature °C\n"
                + "1,2026-03-13 22:50,3.1,4.5\n# moved\n\n1,2026-03-13 23:00,3.1,-5.25\n1,2026-03-13 23:10,3.1,6\n",
            "time,temperature_f\n2026-03-13T22:50:00Z,40.1\n2026-03-13T23:00:00Z,22.55\n2026-03-13T23:10:00Z,42.8\n",
            "time,Temp. [degF]\n2026-03-13T22:50:00Z,40.1\n2026-03-13T23:00:00Z,22.55\n2026-03-13T23:10:00Z,42.8\n",
            "time,value\n2026-03-13T22:50:00Z,40.1 °F\n2026-03-13T23:00:00Z,22.55°F\n2026-03-13T23:10:00Z,42.8 F\n",
            "time,T (K)\n2026-03-13T22:50:00Z,277.65\n2026-03-13T23:00:00Z,267.9\n2026-03-13T23:10:00Z,279.15\n",
            "time,t\n2026-03-13T23:10:00Z,6\n2026-03-13T23:00:00Z,-5.25\n2026-03-13T22:50:00Z,4.500000000000000000\n",
        ])
    func readsWhatLoggersWrite(_ text: String) throws {
        let samples = try file(text).samples
        #expect(samples.map(\.time) == [0, 10, 20].map { Self.start + $0 * Self.minute })
        #expect(zip(samples.map(\.value), [4.5, -5.25, 6]).allSatisfy { abs($0 - $1) < 1e-9 }, "\(samples)")
    }

    @Test(
        arguments: [
            ("1773442200,4.5\n", 1_773_442_200_000_000), ("2026-03-13T22:50:00.1234567Z,1\n", 1_773_442_200_123_456),
            ("2026/3/1 2:05,1\n", 1_772_330_700_000_000), ("01.03.2026 12:05 AM;1\n", 1_772_323_500_000_000),
            ("2026-03-01T00:05:00+0530,1\n", 1_772_303_700_000_000),
        ] as [(String, Int64)])
    func readsTimes(_ text: String, _ time: Int64) throws {
        #expect(try file(text).samples.map(\.time) == [time])
    }

    @Test(arguments: [("Temp 2", 20.0), ("temp 2 (°C)", 20), ("RH", 55), ("Door", 1)])
    func readsTheColumnThatIsAskedFor(_ column: String, _ value: Double) throws {
        let text = "Time,RH,Temp 1 (°C),Temp 2 (°C),Door\n2026-03-01 00:00,55,10,20,1\n2026-03-01 00:10,55,10,20,1\n"
        #expect(try file(text, column: column).samples.map(\.value) == [value, value])
        #expect(try file(text).column == "Temp 1 (°C)")
        #expect(try file(text).samples.map(\.value) == [10, 10])
    }

    @Test func namesTheColumnsWhereTheOneAskedForIsNotThere() throws {
        let error = try #require(refusal("Time,RH,Temp\n2026-03-01 00:00,55,10\n", column: "Probe"))
        #expect(error.code == .keyMissing)
        #expect(error.message.contains("Time, RH, Temp"))
    }

    @Test(
        arguments: [
            ("03/04/2026 00:00,1\n04/04/2026 00:00,1\n13/04/2026 00:00,1\n", 1_775_174_400_000_000),
            ("03/04/2026 00:00,1\n03/05/2026 00:00,1\n03/13/2026 00:00,1\n", 1_772_582_400_000_000),
            ("03/03/2026 00:00,1\n03/03/2026 00:10,1\n", 1_772_496_000_000_000),
        ] as [(String, Int64)])
    func decidesTheOrderOfDatesOverTheWholeFile(_ text: String, _ first: Int64) throws {
        #expect(try file(text).samples.first?.time == first)
    }

    @Test func neverGuessesTheOrderOfDates() throws {
        let text = "03/04/2026 00:00,1\n05/04/2026 00:00,1\n"
        #expect(refusal(text)?.code == .timeInvalid)
        #expect(try file(text, dateOrder: .dayFirst).samples.first?.time == 1_775_174_400_000_000)
        #expect(try file(text, dateOrder: .monthFirst).samples.first?.time == 1_772_582_400_000_000)
        #expect(refusal("13/04/2026 00:00,1\n04/13/2026 00:00,1\n")?.message.contains("Line 2") == true)
    }

    @Test(
        arguments: [
            ("2026-03-01 00:10,\n", "there is no temperature"), ("2026-03-01 00:10,---\n", "there is no temperature"),
            ("end of data\n", "there is no time"), ("2026-02-29 00:10,5\n", "there is no such time"),
            ("2026-03-01 00:10,-999\n", "nothing is as cold as that"), ("2026-03-01 25:10,5\n", "there is no time"),
            ("2026-03-01 00:10,1.2.3\n", "there is no temperature"),
            ("2026-03-01 00:10,\"5\n", "there is no temperature"),
        ])
    func namesTheLineThatItCannotRead(_ row: String, _ reason: String) throws {
        let text = "time,temp\n2026-03-01 00:00,5\n" + row + "2026-03-01 00:20,5\n2026-03-01 00:30,5\n"
        let error = try #require(refusal(text))
        #expect(error.code == .textMalformed)
        #expect(error.message == "Line 3 cannot be read: \(reason).")
        #expect(error.position == 29)
        #expect(refusal(text, unreadableShareMax: 0.24) != nil)
        let read = try file(text, unreadableShareMax: 0.25)
        #expect(read.unreadable == [LoggerFile.UnreadableRow(line: 3, reason: reason)])
        #expect(read.samples.count == 3)
    }

    @Test(
        arguments: [
            ("time,temp\n2026-03-01 00:00,---\n2026-03-01 00:10,5\n2026-03-01 00:20,5\n", 2),
            ("time,temp\n2026-03-01 00:00,5\npaused\n2026-03-01 00:20,5\n2026-03-01 00:30,5\n", 3),
            ("2026-03-01 00:00,5\npaused\n2026-03-01 00:20,5\n2026-03-01 00:30,5\n", 2),
        ])
    func doesNotPassOverFirstRowsInSilence(_ text: String, _ line: Int) throws {
        #expect(refusal(text)?.message.contains("Line \(line) ") == true)
        let read = try file(text, unreadableShareMax: 0.5)
        #expect(read.unreadable.map(\.line) == [line])
    }

    @Test func refusesAClockThatWasSetBack() {
        let text = "2026-10-25 02:50,5\n2026-10-25 02:55,5\n2026-10-25 02:00,5\n"
        #expect(refusal(text)?.code == .timeInvalid)
        #expect(refusal(text)?.message.contains("line 3") == true)
    }

    @Test(arguments: ["", "\n\n", "a,b\nc,d\n", "1,2\n3,4\n", "time,temp\n", "\u{FEFF}"])
    func refusesAFileWithoutData(_ text: String) {
        #expect(refusal(text)?.code == .valueMissing)
    }

    @Test func saysWhatToDoWithUTF16() {
        let error = #expect(throws: TelemetryError.self) { try LoggerFile([0xFF, 0xFE, 0x31, 0x00]) }
        #expect(error?.code == .textMalformed)
    }

    @Test func readsADegreeSignOfAnOlderEncoding() throws {
        let bytes = Array("time,value (".utf8) + [0xB0] + Array("F)\n2026-03-01 00:00,50\n".utf8)
        #expect(try LoggerFile(bytes).samples.map(\.value) == [10])
    }

    @Test(arguments: [(2, true), (3, false), (4, false)])
    func refusesRowsOverItsLimit(_ rowsMax: Int, _ isRefused: Bool) throws {
        let bytes = Array("1773442200,4.5\n1773442800,5\n1773443400,6\n".utf8)
        let code = refusalCode { _ = try LoggerFile(bytes, bytesMax: 100, rowsMax: rowsMax) }
        #expect(code == (isRefused ? .readingsTooMany : nil))
    }

    @Test(arguments: [(14, true), (15, false), (16, false)])
    func refusesBytesOverItsLimit(_ bytesMax: Int, _ isRefused: Bool) throws {
        let bytes = Array("1773442200,4.5\n".utf8)
        let code = refusalCode { _ = try LoggerFile(bytes, bytesMax: bytesMax, rowsMax: 10) }
        #expect(code == (isRefused ? .payloadTooLarge : nil))
    }

    private func refusalCode(_ read: () throws -> Void) -> TelemetryError.Code? {
        do { try read() } catch { return (error as? TelemetryError)?.code }
        return nil
    }

    @Test func survivesWhateverAFileHolds() {
        var state: UInt64 = 42
        let alphabet = Array("0123456789-./:,;\t\"\nTZ+ aPMe°#".utf8) + [0x00, 0xFF]
        for _ in 0..<3_000 {
            var bytes = Array("1773442200,4.5\n03/04/2026 10:11,5\n".utf8)
            for _ in 0..<12 {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                let place = Int(state >> 33) % bytes.count
                bytes[place] = alphabet[Int(state >> 13) % alphabet.count]
            }
            guard let file = try? LoggerFile(bytes, unreadableShareMax: 1) else { continue }
            #expect(zip(file.samples, file.samples.dropFirst()).allSatisfy { $0.time <= $1.time })
            _ = LoggerSummary(file.samples, limits: TemperatureLimits(lowest: 2, highest: 8))
        }
    }
}

@Suite("Summaries of logger files")
struct LoggerSummaryTests {
    private static let minute: Int64 = 60_000_000

    private func samples(_ values: [Double], every step: Int64 = minute) -> [ConditionSeries.Sample] {
        values.enumerated().map { ConditionSeries.Sample(time: Int64($0) * step, value: $1) }
    }

    private func mkt(_ values: [Double], activationEnergy: Double = 83.144) throws -> Double {
        let summary = try #require(LoggerSummary(samples(values), activationEnergy: activationEnergy))
        return try #require(summary.mkt)
    }

    /// Isopharm Systems, "What is Mean Kinetic Temperature?": 2 hours at 20 °C, 4 at 2 °C and 1 at 25 °C are as 7 hours
    /// at 15.7 °C, published with one decimal (systems.isopharm.co.uk/mean-kinetic-temperature).
    @Test func agreesWithAPublishedExample() throws {
        let mkt = try mkt([20, 20, 2, 2, 2, 2, 25])
        #expect((mkt * 10).rounded() / 10 == 15.7)
        #expect(abs(mkt - 15.6776) < 0.0001)
    }

    /// The formula of USP <1079.2> with 83.144 kJ/mol and 8.3144e-3 kJ/(mol K), worked out by other programs.
    @Test(
        arguments: [
            ([25, 25, 25, 25], 25), ([20, 20, 40, 25], 30.208237), ([20, 40], 34.3579), ([10, 10, 10, 50], 36.5004),
            ([5, 5, 8, 12], 8.0192), ([20, 22, 25, 30], 25.0317), ([2, 8], 5.5364), ([-80, -70, -60], -64.4349),
        ] as [([Double], Double)])
    func agreesWithOtherPrograms(_ values: [Double], _ expected: Double) throws {
        #expect(try abs(mkt(values) - expected) < 0.0001)
    }

    @Test func takesTheActivationEnergyOfTheProduct() throws {
        let values = [20.0, 20, 2, 2, 2, 2, 25]
        // 60 kJ/mol divided by 8.3144e-3 kJ/(mol K) is 7,216.3956 K.
        let sum = values.reduce(0.0) { $0 + exp(-7_216.395_650_918_887 / ($1 + 273.15)) }
        let expected = 7_216.395_650_918_887 / -log(sum / 7) - 273.15
        #expect(try abs(mkt(values, activationEnergy: 60) - expected) < 1e-6)
        #expect(try mkt(values, activationEnergy: 60) < mkt(values))
        for energy in [0, -1, .nan, .infinity] as [Double] {
            #expect(try #require(LoggerSummary(samples(values), activationEnergy: energy)).mkt == nil)
        }
    }

    @Test func lastsHalfWayToTheNeighbours() throws {
        let values: [Double] = [5, 9, 9, 5, 1, 5, 12, 5, 8, 2]
        let summary = try #require(
            LoggerSummary(samples(values), limits: TemperatureLimits(lowest: 2, highest: 8)))
        #expect((summary.above, summary.below) == (3, 1))
        #expect(summary.timeAbove == 3 * Self.minute)
        #expect(summary.timeBelow == Self.minute)
        let longest = try #require(summary.longestAbove)
        #expect((longest.from, longest.to, longest.extreme) == (Self.minute / 2, Self.minute * 5 / 2, 9))
        #expect(summary.longestBelow?.extreme == 1)
        #expect(summary.excursions.map(\.side) == [.above, .below, .above])
    }

    @Test func endsWithTheFile() throws {
        let limits = TemperatureLimits(highest: 8)
        let summary = try #require(LoggerSummary(samples([9, 9, 9]), limits: limits))
        #expect(summary.timeAbove == summary.to - summary.from)
        let single = try #require(LoggerSummary(samples([9]), limits: limits))
        #expect((single.above, single.timeAbove, single.mkt.map { ($0 * 1e6).rounded() / 1e6 }) == (1, 0, 9))
        #expect(LoggerSummary([]) == nil)
    }

    @Test func goesFromTooHotToTooColdInTwoExcursions() throws {
        let limits = TemperatureLimits(lowest: 2, highest: 8)
        let summary = try #require(LoggerSummary(samples([5, 9, 1, 5]), limits: limits))
        #expect(summary.excursions.map(\.duration) == [Self.minute, Self.minute])
        #expect(summary.excursions.first?.to == summary.excursions.last?.from)
    }

    @Test(arguments: [(3, 0), (4, 1)] as [(Int64, Int)])
    func findsGapsOverThreeTimesTheUsualSpacing(_ spacings: Int64, _ count: Int) throws {
        let times = [0, 1, 2, 3, 3 + spacings, 4 + spacings].map { $0 * Self.minute }
        let summary = try #require(LoggerSummary(times.map { ConditionSeries.Sample(time: $0, value: 5) }))
        #expect(summary.gaps.count == count)
        if count > 0 {
            #expect(summary.gaps == [ConditionSeries.Span(from: 3 * Self.minute, to: (3 + spacings) * Self.minute)])
        }
    }
}
