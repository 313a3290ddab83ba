import Testing

@testable import Telemetry

/// The examples of RFC 8428 and what their records resolve to.
enum SenMLExample {
    /// 2026-03-01T12:00:00Z, when every payload of these tests was received.
    static let receivedAt: Int64 = 1_772_366_400_000_000

    /// Section 5.1.1.
    static let single = #"[{"n":"urn:dev:ow:10e2073a01080063","u":"Cel","v":23.1}]"#

    /// Section 5.1.2, "now".
    static let voltage = """
        [
          {"bn":"urn:dev:ow:10e2073a01080063:","n":"voltage","u":"V","v":120.1},
          {"n":"current","u":"A","v":1.2}
        ]
        """

    /// Section 5.1.2, at a time; the names end in 006 there.
    static let current = """
        [
          {"bn":"urn:dev:ow:10e2073a0108006:","bt":1.276020076001e+09,
           "bu":"A","bver":5,
           "n":"voltage","u":"V","v":120.1},
          {"n":"current","t":-5,"v":1.2},
          {"n":"current","t":-4,"v":1.3},
          {"n":"current","t":-3,"v":1.4},
          {"n":"current","t":-2,"v":1.5},
          {"n":"current","t":-1,"v":1.6},
          {"n":"current","v":1.7}
        ]
        """

    /// Section 5.1.2, the stream, ended.
    static let stream = """
        [
          {"bn":"urn:dev:ow:10e2073a01080063","bt":1.320067464e+09,
           "bu":"%RH","v":21.2},
          {"t":10,"v":21.3},
          {"t":20,"v":21.4},
          {"t":30,"v":21.4},
          {"t":40,"v":21.5},
          {"t":50,"v":21.5},
          {"t":60,"v":21.5},
          {"t":70,"v":21.6},
          {"t":80,"v":21.7}
        ]
        """

    /// Section 5.1.3.
    static let measurements = """
        [
          {"bn":"urn:dev:ow:10e2073a01080063","bt":1.320067464e+09,
           "bu":"%RH","v":20},
          {"u":"lon","v":24.30621},
          {"u":"lat","v":60.07965},
          {"t":60,"v":20.3},
          {"u":"lon","t":60,"v":24.30622},
          {"u":"lat","t":60,"v":60.07965},
          {"t":120,"v":20.7},
          {"u":"lon","t":120,"v":24.30623},
          {"u":"lat","t":120,"v":60.07966},
          {"u":"%EL","t":150,"v":98},
          {"t":180,"v":21.2},
          {"u":"lon","t":180,"v":24.30628},
          {"u":"lat","t":180,"v":60.07967}
        ]
        """

    /// Section 5.1.4: the one before, resolved.
    static let resolved = """
        [
          {"n":"urn:dev:ow:10e2073a01080063","u":"%RH","t":1.320067464e+09,"v":20},
          {"n":"urn:dev:ow:10e2073a01080063","u":"lon","t":1.320067464e+09,"v":24.30621},
          {"n":"urn:dev:ow:10e2073a01080063","u":"lat","t":1.320067464e+09,"v":60.07965},
          {"n":"urn:dev:ow:10e2073a01080063","u":"%RH","t":1.320067524e+09,"v":20.3},
          {"n":"urn:dev:ow:10e2073a01080063","u":"lon","t":1.320067524e+09,"v":24.30622},
          {"n":"urn:dev:ow:10e2073a01080063","u":"lat","t":1.320067524e+09,"v":60.07965},
          {"n":"urn:dev:ow:10e2073a01080063","u":"%RH","t":1.320067584e+09,"v":20.7},
          {"n":"urn:dev:ow:10e2073a01080063","u":"lon","t":1.320067584e+09,"v":24.30623},
          {"n":"urn:dev:ow:10e2073a01080063","u":"lat","t":1.320067584e+09,"v":60.07966},
          {"n":"urn:dev:ow:10e2073a01080063","u":"%EL","t":1.320067614e+09,"v":98},
          {"n":"urn:dev:ow:10e2073a01080063","u":"%RH","t":1.320067644e+09,"v":21.2},
          {"n":"urn:dev:ow:10e2073a01080063","u":"lon","t":1.320067644e+09,"v":24.30628},
          {"n":"urn:dev:ow:10e2073a01080063","u":"lat","t":1.320067644e+09,"v":60.07967}
        ]
        """

    /// Section 5.1.5.
    static let types = """
        [
          {"bn":"urn:dev:ow:10e2073a01080063:","n":"temp","u":"Cel","v":23.1},
          {"n":"label","vs":"Machine Room"},
          {"n":"open","vb":false},
          {"n":"nfv-reader","vd":"aGkgCg"}
        ]
        """

    /// Section 5.1.6.
    static let collection = """
        [
          {"bn":"2001:db8::2/","bt":1.320078429e+09,
           "n":"temperature","u":"Cel","v":25.2},
          {"n":"humidity","u":"%RH","v":30},
          {"bn":"2001:db8::1/","n":"temperature","u":"Cel","v":12.3},
          {"n":"humidity","u":"%RH","v":67}
        ]
        """

    /// Section 5.1.7, whose first record holds base fields alone.
    static let thermostat = """
        [
          {"bn":"urn:dev:ow:10e2073a01080063:"},
          {"n":"temp","u":"Cel","v":23.1},
          {"n":"heat","u":"/","v":1},
          {"n":"fan","u":"/","v":0}
        ]
        """

    /// Section 5.1.7, the lights that go on.
    static let lightsOn = """
        [
          {"bt":1.320078429e+09,"bu":"/","n":"2001:db8::3","v":1},
          {"n":"2001:db8::4","v":1}
        ]
        """

    /// Section 5.1.7, the lights that go off.
    static let lightsOff = """
        [
          {"bt":1.320078429e+09,"bu":"/","n":"2001:db8::3","v":0.5},
          {"n":"2001:db8::4","v":0.5},
          {"n":"2001:db8::3","t":0.1,"v":0},
          {"n":"2001:db8::4","t":0.1,"v":0}
        ]
        """

    static let all = [
        single, voltage, current, stream, measurements, resolved, types, collection, thermostat, lightsOn, lightsOff,
    ]

    static func decode(_ json: String, _ topic: String = "x", _ pattern: String? = nil) throws -> [Reading] {
        try decodeSenMLJSON(
            Array(json.utf8), topic: topic, pattern: pattern.map { try TopicPattern($0) }, receivedAt: receivedAt)
    }

    static func decode(hex: String) throws -> [Reading] {
        try decodeSenMLCBOR(bytes(hex), topic: "x", pattern: nil, receivedAt: receivedAt)
    }

    static func bytes(_ hex: String) -> [UInt8] {
        let digits = hex.filter { !$0.isWhitespace }.compactMap { $0.hexDigitValue }
        return stride(from: 0, to: digits.count - 1, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
    }

    static func numbers(
        _ device: String,
        _ rows: [(metric: String, value: Double, unit: String, time: Int64)]
    ) throws -> [Reading] {
        try rows.map {
            try Reading(device: device, metric: $0.metric, value: .number($0.value), unit: $0.unit, time: $0.time)
        }
    }

    /// Cuts and spoils the bytes in every way that the promise names; `decode` must throw or give finite values. The
    /// spoilings repeat (SplitMix64).
    static func torment(_ bytes: [UInt8], seed: UInt64, _ decode: ([UInt8]) throws -> [Reading]) {
        for count in 0..<bytes.count {
            #expect(throws: TelemetryError.self) { try decode(Array(bytes[..<count])) }
        }
        var state = seed
        func next(below bound: Int) -> Int {
            state &+= 0x9E37_79B9_7F4A_7C15
            var mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
            return Int((mixed ^ (mixed >> 31)) % UInt64(bound))
        }
        for _ in 0..<2_000 {
            var spoiled = bytes
            spoiled[next(below: bytes.count)] = UInt8(next(below: 256))
            expectFinite(spoiled, decode)
        }
    }

    private static func expectFinite(_ bytes: [UInt8], _ decode: ([UInt8]) throws -> [Reading]) {
        do {
            for reading in try decode(bytes) {
                #expect(reading.value.number?.isFinite != false)
                #expect(reading.time >= Reading.timeMin && reading.time <= Reading.timeMax)
            }
        } catch let error as TelemetryError {
            #expect((0...bytes.count).contains(error.position ?? 0))
        } catch {
            Issue.record(error)
        }
    }
}

@Suite("SenML in JSON becomes readings")
struct SenMLJSONTests {
    private static let now = SenMLExample.receivedAt

    private func decode(_ json: String, _ topic: String = "x", _ pattern: String? = nil) throws -> [Reading] {
        try SenMLExample.decode(json, topic, pattern)
    }

    private func refusal(_ json: String, _ topic: String = "x", _ pattern: String? = nil) -> TelemetryError? {
        #expect(throws: TelemetryError.self, "\(json)") { try decode(json, topic, pattern) }
    }

    private func times(_ json: String) throws -> [Int64] {
        try decode(json).map(\.time)
    }

    // MARK: The standard's examples

    @Test func readsASingleDataPoint() throws {
        let expected = try SenMLExample.numbers("urn:dev:ow", [("10e2073a01080063", 23.1, "Cel", SenMLJSONTests.now)])
        #expect(try decode(SenMLExample.single) == expected)
    }

    @Test func readsSeveralDataPointsOfOneBaseName() throws {
        let expected = try SenMLExample.numbers(
            "urn:dev:ow:10e2073a01080063",
            [("voltage", 120.1, "V", SenMLJSONTests.now), ("current", 1.2, "A", SenMLJSONTests.now)])
        #expect(try decode(SenMLExample.voltage) == expected)
    }

    @Test func readsTimesRelativeToTheBaseTime() throws {
        let base: Int64 = 1_276_020_076_001_000
        let rows: [(metric: String, value: Double, unit: String, time: Int64)] = [
            ("voltage", 120.1, "V", base), ("current", 1.2, "A", base - 5_000_000),
            ("current", 1.3, "A", base - 4_000_000), ("current", 1.4, "A", base - 3_000_000),
            ("current", 1.5, "A", base - 2_000_000), ("current", 1.6, "A", base - 1_000_000),
            ("current", 1.7, "A", base),
        ]
        #expect(try decode(SenMLExample.current) == SenMLExample.numbers("urn:dev:ow:10e2073a0108006", rows))
    }

    @Test func readsAStreamOfOneName() throws {
        let values = [21.2, 21.3, 21.4, 21.4, 21.5, 21.5, 21.5, 21.6, 21.7]
        let rows = values.enumerated().map { index, value in
            ("10e2073a01080063", value, "%RH", 1_320_067_464_000_000 + Int64(index) * 10_000_000)
        }
        #expect(try decode(SenMLExample.stream) == SenMLExample.numbers("urn:dev:ow", rows))
    }

    @Test func resolvesAsTheStandardDoes() throws {
        let readings = try decode(SenMLExample.measurements)
        #expect(readings == (try decode(SenMLExample.resolved)))
        #expect(readings.count == 13)
        let battery = try Reading(
            device: "urn:dev:ow", metric: "10e2073a01080063", value: .number(98), unit: "%EL",
            time: 1_320_067_614_000_000)
        #expect(readings[9] == battery)
    }

    @Test func readsEveryTypeOfValue() throws {
        let values: [(String, Reading.Value, String)] = [
            ("temp", .number(23.1), "Cel"), ("label", .text("Machine Room"), "1"), ("open", .flag(false), "1"),
            ("nfv-reader", .data([0x68, 0x69, 0x20, 0x0A]), "1"),
        ]
        let expected = try values.map {
            try Reading(
                device: "urn:dev:ow:10e2073a01080063", metric: $0.0, value: $0.1, unit: $0.2, time: SenMLJSONTests.now)
        }
        #expect(try decode(SenMLExample.types) == expected)
    }

    @Test func keepsTheBaseTimeWhenTheBaseNameChanges() throws {
        let time: Int64 = 1_320_078_429_000_000
        let second = try SenMLExample.numbers(
            "2001:db8::2", [("temperature", 25.2, "Cel", time), ("humidity", 30, "%RH", time)])
        let first = try SenMLExample.numbers(
            "2001:db8::1", [("temperature", 12.3, "Cel", time), ("humidity", 67, "%RH", time)])
        #expect(try decode(SenMLExample.collection) == second + first)
    }

    @Test func takesARecordOfBaseFieldsAloneForNoReading() throws {
        let expected = try SenMLExample.numbers(
            "urn:dev:ow:10e2073a01080063",
            [
                ("temp", 23.1, "Cel", SenMLJSONTests.now), ("heat", 1, "/", SenMLJSONTests.now),
                ("fan", 0, "/", SenMLJSONTests.now),
            ])
        #expect(try decode(SenMLExample.thermostat) == expected)
    }

    @Test func readsNamesWithoutABaseName() throws {
        let time: Int64 = 1_320_078_429_000_000
        #expect(
            try decode(SenMLExample.lightsOn)
                == SenMLExample.numbers("2001:db8:", [("3", 1, "/", time), ("4", 1, "/", time)]))
        let rows: [(metric: String, value: Double, unit: String, time: Int64)] = [
            ("3", 0.5, "/", time), ("4", 0.5, "/", time), ("3", 0, "/", time + 100_000), ("4", 0, "/", time + 100_000),
        ]
        #expect(try decode(SenMLExample.lightsOff) == SenMLExample.numbers("2001:db8:", rows))
    }

    // MARK: Records

    @Test func keepsEachBaseFieldUntilItChanges() throws {
        let json = """
            [{"bn":"a:","bt":1000000000,"bu":"V","bv":10,"n":"x","v":1},{"bt":1000000001,"n":"x","v":2},
             {"bu":"A"},{"n":"x","v":3},{"bv":-1,"n":"y","v":4,"u":"W"},{"n":"x","v":5},{"v":6,"n":"x","bn":"b:"}]
            """
        let rows: [(metric: String, value: Double, unit: String, time: Int64)] = [
            ("x", 11, "V", 1_000_000_000_000_000), ("x", 12, "V", 1_000_000_001_000_000),
            ("x", 13, "A", 1_000_000_001_000_000), ("y", 3, "W", 1_000_000_001_000_000),
            ("x", 4, "A", 1_000_000_001_000_000),
        ]
        let last = try SenMLExample.numbers("b", [("x", 5, "A", 1_000_000_001_000_000)])
        #expect(try decode(json) == SenMLExample.numbers("a", rows) + last)
    }

    @Test func readsAPackWithoutRecords() throws {
        #expect(try decode(" [ ] ") == [])
    }

    @Test func addsTheBaseValueToNumbersAlone() throws {
        let values = try decode(#"[{"bv":5,"n":"a:b","vb":true},{"n":"a:b","vs":"t"},{"n":"a:b","v":0.5}]"#)
        #expect(values.map(\.value) == [.flag(true), .text("t"), .number(5.5)])
    }

    @Test(arguments: [
        (#"[{"n":"a:b"}]"#, TelemetryError.Code.valueMissing, 1), ("[{}]", .valueMissing, 1),
        (#"[{"n":"a:b","v":1}, {"t":1}]"#, .valueMissing, 20), (#"[{"bn":"a:b","u":"V"}]"#, .valueMissing, 1),
        (#"[{"x":1}]"#, .valueMissing, 1), (#"[{"bs":1,"n":"a:b"}]"#, .valueMissing, 1),
        (#"[{"bv":1},{"n":"a:b"}]"#, .valueMissing, 10),
        (#"[{"n":"a:b","v":1,"vs":"x"}]"#, .valueInvalid, 1), (#"[{"n":"a:b","vb":true,"vd":""}]"#, .valueInvalid, 1),
        (#"[{"n":"a:b","v":1,"vb":true,"s":1}]"#, .valueInvalid, 1),
        (#"[{"bv":1e308,"n":"a:b","v":1e308}]"#, .valueNotFinite, 1),
        (#"[{"n":"a:b","v":1e309}]"#, .valueNotFinite, 16),
    ])
    func wantsExactlyOneValue(_ json: String, _ code: TelemetryError.Code, _ position: Int) {
        let error = refusal(json)
        #expect(error?.code == code)
        #expect(error?.position == position)
    }

    // MARK: Sums

    @Test func readsASumAsASecondReading() throws {
        let json = """
            [{"bn":"m:","bs":100,"n":"power","u":"W","v":5,"s":2.5},{"n":"power","u":"W","s":3},
             {"n":"power","u":"W","v":7}]
            """
        let now = SenMLJSONTests.now
        let rows: [(metric: String, value: Double, unit: String, time: Int64)] = [
            ("power", 5, "W", now), ("power.sum", 102.5, "W.s", now), ("power.sum", 103, "W.s", now),
            ("power", 7, "W", now), ("power.sum", 100, "W.s", now),
        ]
        #expect(try decode(json) == SenMLExample.numbers("m", rows))
    }

    @Test func givesNoSumToWhatIsNoNumber() throws {
        #expect(try decode(#"[{"bs":1,"n":"a:b","vs":"x"},{"n":"a:b","vb":true}]"#).map(\.metric) == ["b", "b"])
    }

    @Test func sumsOverTimeCarryTheRecordsTime() throws {
        #expect(
            try times(#"[{"n":"a:b","u":"W","v":1,"s":2,"t":1000000000}]"#) == [
                1_000_000_000_000_000, 1_000_000_000_000_000,
            ])
    }

    // MARK: Labels

    private static let fields = [
        #""bn":"a:""#, #""bt":1"#, #""bu":"V""#, #""bv":1"#, #""bs":1"#, #""bver":10"#, #""n":"x""#, #""u":"V""#,
        #""v":1"#,
        #""vs":"x""#, #""vb":true"#, #""vd":"aGk""#, #""s":1"#, #""t":1"#, #""ut":1"#,
    ]

    @Test(arguments: fields)
    func refusesALabelThatStandsTwice(_ field: String) {
        let error = refusal("[{\(field),\(field)}]")
        #expect(error?.code == .keyRepeated)
        #expect(error?.position == 3 + field.utf8.count)
    }

    @Test func refusesALabelRepeatedUnderAnEscape() {
        #expect(refusal(#"[{"v":1,"\u0076":2,"n":"a:b"}]"#)?.code == .keyRepeated)
    }

    @Test func ignoresLabelsThatNobodyAskedFor() throws {
        let json = #"[{"x":[{"v":2,"x_":[null]}],"_x":1,"bx":"","n":"a:b","":0,"v":1,"V":3,"valu":9,"bvers":99}]"#
        #expect(try decode(json).map(\.value) == [.number(1)])
    }

    @Test(arguments: [("x_", 2), ("_", 2), ("bv_", 2), ("n_", 2), ("vs__", 2), ("a_rather_long_label_", 2)])
    func refusesAPackThatMustBeUnderstood(_ label: String, _ position: Int) {
        let error = refusal("[{\"\(label)\":1,\"n\":\"a:b\",\"v\":1}]")
        #expect(error?.code == .labelUnknown)
        #expect(error?.position == position)
    }

    @Test(arguments: [
        (#"[{"n":1}]"#, TelemetryError.Code.jsonMalformed, 6), (#"[{"v":"1"}]"#, .jsonMalformed, 6),
        (#"[{"v":true}]"#, .jsonMalformed, 6), (#"[{"v":null}]"#, .jsonMalformed, 6),
        (#"[{"vb":1}]"#, .jsonMalformed, 7),
        (#"[{"vb":"true"}]"#, .jsonMalformed, 7), (#"[{"vb":tru}]"#, .jsonMalformed, 7),
        (#"[{"vs":5}]"#, .jsonMalformed, 7), (#"[{"t":"now"}]"#, .jsonMalformed, 6),
        (#"[{"u":null}]"#, .jsonMalformed, 6),
        (#"[{"ut":"soon"}]"#, .jsonMalformed, 7), (#"[{"bver":"10"}]"#, .jsonMalformed, 9), ("{}", .jsonMalformed, 0),
        ("[[]]", .jsonMalformed, 1), ("[{},]", .valueMissing, 1), ("[1]", .jsonMalformed, 1), ("", .jsonMalformed, 0),
        (#"[{"n":"a:b","v":1},]"#, .jsonMalformed, 19), (#"[{"n":"a:b","v":1,}]"#, .jsonMalformed, 18),
        (#"[{"n":"a:b","v":1}{}]"#, .jsonMalformed, 18), (#"[{"n":"a:b" "v":1}]"#, .jsonMalformed, 12),
        (#"[{"n":"a:b","v":1}] x"#, .jsonMalformed, 20),
    ])
    func refusesWhatIsNoPack(_ json: String, _ code: TelemetryError.Code, _ position: Int) {
        let error = refusal(json)
        #expect(error?.code == code)
        #expect(error?.position == position)
    }

    @Test func readsTheUpdateTimeAndKeepsNothingOfIt() throws {
        #expect(try decode(#"[{"n":"a:b","v":1,"ut":60}]"#) == decode(#"[{"n":"a:b","v":1}]"#))
        #expect(refusal(#"[{"n":"a:b","v":1,"ut":1e999}]"#)?.code == .valueNotFinite)
    }

    // MARK: Versions

    @Test(arguments: ["1", "5", "9", "10", "10.0", "1e1"])
    func readsTheVersionsThatItKnows(_ version: String) throws {
        #expect(try decode(#"[{"bver":\#(version),"n":"a:b","v":1},{"n":"a:b","v":1}]"#).count == 2)
    }

    @Test(arguments: ["0", "11", "26", "-1", "2.5", "1e300", "18446744073709551626"])
    func refusesVersionsThatItDoesNotKnow(_ version: String) {
        let error = refusal(#"[{"n":"a:b","bver":\#(version),"v":1}]"#)
        #expect(error?.code == .versionUnknown)
        #expect(error?.position == 12)
    }

    @Test(arguments: [
        #"[{"bver":5,"n":"a:b","v":1},{"bver":5,"n":"a:b","v":1}]"#,
        #"[{"n":"a:b","v":1},{"bver":10,"n":"a:b","v":1}]"#,
        #"[{"bver":10},{"bver":10,"n":"a:b","v":1}]"#,
    ])
    func readsAPackThatRepeatsItsVersion(_ json: String) throws {
        #expect(try !decode(json).isEmpty)
    }

    @Test(arguments: [
        (#"[{"bver":5,"n":"a:b","v":1},{"bver":10,"n":"a:b","v":1}]"#, 29),
        (#"[{"n":"a:b","v":1},{"bver":5,"n":"a:b","v":1}]"#, 20), (#"[{"bn":"a:"},{"bver":9}]"#, 14),
    ])
    func refusesAVersionThatChanges(_ json: String, _ position: Int) {
        let error = refusal(json)
        #expect(error?.code == .versionUnknown)
        #expect(error?.position == position)
    }

    // MARK: Times

    @Test(arguments: [
        (#""t":0"#, now), (#""t":-0.5"#, now - 500_000), (#""t":10"#, now + 10_000_000),
        (#""bt":-60,"t":-1"#, now - 61_000_000),
        (#""t":268435455.999999"#, now + 268_435_455_999_999), (#""t":268435456"#, 268_435_456_000_000),
        (#""bt":268435455,"t":1"#, 268_435_456_000_000), (#""bt":268435456,"t":-1"#, now + 268_435_455_000_000),
        (#""t":-3600"#, now - 3_600_000_000), (#""t":1e9"#, 1_000_000_000_000_000),
        (#""t":2147483647.123457"#, 2_147_483_647_123_457), (#""t":2.147483647123457e9"#, 2_147_483_647_123_457),
        (#""t":2147483648.999999"#, 2_147_483_648_999_999), (#""t":2147483647.1234579"#, 2_147_483_647_123_457),
        (#""bt":2147483000.000001,"t":647.123456"#, 2_147_483_647_123_457),
        (#""bt":1772366400.1,"t":0.2"#, 1_772_366_400_300_000), (#""t":253402300799.999999"#, Reading.timeMax),
    ])
    func addsTimesExactly(_ fields: String, _ expected: Int64) throws {
        #expect(try times(#"[{"n":"a:b","v":1,\#(fields)}]"#) == [expected])
    }

    @Test func readsEveryMicrosecondAsItIsWritten() throws {
        for step in stride(from: Int64(0), to: 1_000_000, by: 997) {
            let digits = String(1_000_000 + step).dropFirst()
            #expect(try times(#"[{"n":"a:b","v":1,"t":2147483647.\#(digits)}]"#) == [2_147_483_647_000_000 + step])
            #expect(try times(#"[{"n":"a:b","v":1,"t":2.147483647\#(digits)e+09}]"#) == [2_147_483_647_000_000 + step])
        }
    }

    @Test(arguments: [
        (#""t":253402300800"#, 22), (#""bt":1e300"#, 23), (#""bt":253402300799,"t":1"#, 1), (#""t":-63000000000"#, 22),
    ])
    func refusesTimesBeyondTheYears(_ fields: String, _ position: Int) {
        let error = refusal(#"[{"n":"a:b","v":1,\#(fields)}]"#)
        #expect(error?.code == .timeInvalid)
        #expect(error?.position == position)
    }

    @Test(arguments: [Int64.max, Int64.min, Reading.timeMax + 2_000_000])
    func refusesAReceiptTimeThatNoReadingMayHave(_ receivedAt: Int64) {
        for time in [1, -1] {
            let payload = Array(#"[{"n":"a:b","v":1,"t":\#(time)}]"#.utf8)
            let error = #expect(throws: TelemetryError.self) {
                try decodeSenMLJSON(payload, topic: "x", pattern: nil, receivedAt: receivedAt)
            }
            #expect(error?.code == .timeInvalid)
        }
    }

    // MARK: Data

    @Test(arguments: [
        ("", []), ("Zg", [0x66]), ("Zm8", [0x66, 0x6F]), ("Zm9v", [0x66, 0x6F, 0x6F]), ("Zm9vYg", Array("foob".utf8)),
        ("Zm9vYmE", Array("fooba".utf8)), ("Zm9vYmFy", Array("foobar".utf8)), ("-_-_", [0xFB, 0xFF, 0xBF]),
        ("AAAA", [0, 0, 0]),
    ])
    func readsBase64URL(_ text: String, _ data: [UInt8]) throws {
        #expect(try decode(#"[{"n":"a:b","vd":"\#(text)"}]"#).map(\.value) == [.data(data)])
    }

    @Test(arguments: ["Zg==", "Zm8=", "Z", "Zm9vY", "Zh", "Zm9", "Zm+v", "Zm/v", "Zm9 ", "Zé"])
    func refusesWhatIsNoBase64URL(_ text: String) {
        let error = refusal(#"[{"n":"a:b","vd":"\#(text)"}]"#)
        #expect(error?.code == .valueInvalid)
        #expect(error?.position == 17)
    }

    // MARK: Names

    @Test(arguments: [
        (#""bn":"t1:","n":"temp""#, "t1", "temp"), (#""bn":"t1","n":"temp""#, "t1", "temp"),
        (#""bn":"t1/","n":"a/b""#, "t1", "a/b"), (#""bn":"t1::","n":"temp""#, "t1:", "temp"),
        (#""bn":"t1_","n":"temp""#, "t1", "temp"), (#""bn":"t1-","n":"temp""#, "t1", "temp"),
        (#""bn":"t1.","n":"temp""#, "t1", "temp"), (#""n":"urn:dev:t1/temp""#, "urn:dev:t1", "temp"),
        (#""n":"t1/env:temp""#, "t1/env", "temp"), (#""bn":"t1:temp""#, "t1", "temp"),
        (#""bn":"t1:temp","n":"""#, "t1", "temp"), (#""bn":"","n":"t1:temp""#, "t1", "temp"),
        (#""n":"a-b.c_d:9""#, "a-b.c_d", "9"),
    ])
    func tellsDeviceAndMetricFromTheName(_ fields: String, _ device: String, _ metric: String) throws {
        let readings = try decode(#"[{\#(fields),"v":1}]"#)
        #expect(readings.map(\.device) == [device])
        #expect(readings.map(\.metric) == [metric])
    }

    @Test(arguments: [
        ("sensors/{device}/senml", #""bn":"t1","n":"temp""#, "temp"),
        ("sensors/{device}/senml", #""bn":"urn:dev:ow:t1:","n":"temp""#, "temp"),
        ("sensors/{device}/senml", #""bn":"urn:dev:ow:t1","n":"temp""#, "temp"),
        ("sensors/{device}/senml", #""bn":"t1/","n":"temp""#, "temp"),
        ("sensors/{device}/senml", #""bn":"t2:","n":"temp""#, "t2:temp"),
        ("sensors/{device}/senml", #""bn":"t1::","n":"temp""#, "t1::temp"),
        ("sensors/{device}/senml", #""n":"temp""#, "temp"), ("sensors/{device}/senml", #""n":"t1:temp""#, "t1:temp"),
        ("sensors/{device}/senml", #""bn":"t1:""#, "t1:"), ("sensors/{device}/{metric}", #""n":"temp""#, "senml"),
        ("sensors/{device}/{metric}", #""bn":"t2:","n":"temp""#, "senml"),
    ])
    func takesTheDeviceFromTheTopic(_ pattern: String, _ fields: String, _ metric: String) throws {
        let readings = try decode(#"[{\#(fields),"v":1}]"#, "sensors/t1/senml", pattern)
        #expect(readings.map(\.device) == ["t1"])
        #expect(readings.map(\.metric) == [metric])
    }

    @Test(arguments: [
        (#""bn":"t9:","n":"temp""#, "t9"), (#""n":"t9:temp""#, "t9"), (#""n":"t9""#, "t9"),
    ])
    func takesTheMetricFromTheTopic(_ fields: String, _ device: String) throws {
        let readings = try decode(#"[{\#(fields),"v":1}]"#, "sensors/senml", "sensors/{metric}")
        #expect(readings.map(\.device) == [device])
        #expect(readings.map(\.metric) == ["senml"])
    }

    @Test func asksTheTopicOfEveryRecord() throws {
        let json = #"[{"bn":"t1:","n":"a","v":1},{"bn":"t2:","n":"a","v":1},{"bn":"t1:","n":"a","v":1}]"#
        #expect(try decode(json, "s/t1", "s/{device}").map(\.metric) == ["a", "t2:a", "a"])
    }

    @Test(arguments: [
        (#"[{"n":"temp","v":1}]"#, TelemetryError.Code.keyMissing, 1), (#"[{"bn":"temp","v":1}]"#, .keyMissing, 1),
        (#"[{"n":"temp:","v":1}]"#, .keyMissing, 1), (#"[{"n":"t.a-b_c","v":1}]"#, .keyMissing, 1),
        (#"[{"v":1}]"#, .nameInvalid, 1), (#"[{"bn":"","n":"","v":1}]"#, .nameInvalid, 1),
        (#"[{"n":":a","v":1}]"#, .nameInvalid, 1), (#"[{"n":"/a","v":1}]"#, .nameInvalid, 1),
        (#"[{"n":"-a:b","v":1}]"#, .nameInvalid, 1), (#"[{"n":"_a:b","v":1}]"#, .nameInvalid, 1),
        (#"[{"n":".a:b","v":1}]"#, .nameInvalid, 1), (#"[{"n":"a b:c","v":1}]"#, .nameInvalid, 1),
        (#"[{"n":"a:b+","v":1}]"#, .nameInvalid, 1), (#"[{"n":"a:\u00e9","v":1}]"#, .nameInvalid, 1),
        (#"[{"n":"a:[b]","v":1}]"#, .nameInvalid, 1), (#"[{"n":"a:b\u0000","v":1}]"#, .nameInvalid, 1),
        (#"[{"bn":"a,","n":"b","v":1}]"#, .nameInvalid, 1), (#"[{"bn":"-","n":"b","v":1}]"#, .nameInvalid, 1),
        (#"[{"bn":"a@:"},{"n":"b","v":1}]"#, .nameInvalid, 14), (#"[{"n":"@`{:b","v":1}]"#, .nameInvalid, 1),
    ])
    func refusesNamesThatTheStandardForbids(_ json: String, _ code: TelemetryError.Code, _ position: Int) {
        let error = refusal(json)
        #expect(error?.code == code)
        #expect(error?.position == position)
    }

    @Test func wantsANameThoughTheTopicSaysAll() {
        #expect(refusal(#"[{"v":1}]"#, "t1/m", "{device}/{metric}")?.code == .nameInvalid)
    }

    @Test func refusesATopicThatDoesNotMatch() {
        #expect(refusal(SenMLExample.single, "other/t1", "sensors/{device}")?.code == .topicUnmatched)
    }

    // MARK: Limits

    @Test(arguments: [InboundMessage.readingsMax - 1, InboundMessage.readingsMax, InboundMessage.readingsMax + 1])
    func readsNoMoreReadingsThanThereMayBe(_ count: Int) throws {
        let json = "[" + Array(repeating: #"{"n":"a:b","v":1}"#, count: count).joined(separator: ",") + "]"
        if count <= InboundMessage.readingsMax {
            #expect(try decode(json).count == count)
        } else {
            let error = refusal(json)
            #expect(error?.code == .readingsTooMany)
            #expect(error?.position == 1 + InboundMessage.readingsMax * 18)
        }
    }

    @Test(arguments: [
        InboundMessage.payloadBytesMax - 1, InboundMessage.payloadBytesMax, InboundMessage.payloadBytesMax + 1,
    ])
    func readsNoMoreBytesThanThereMayBe(_ count: Int) throws {
        let json = SenMLExample.single + String(repeating: " ", count: count - SenMLExample.single.utf8.count)
        if count <= InboundMessage.payloadBytesMax {
            #expect(try decode(json).count == 1)
        } else {
            #expect(refusal(json)?.code == .payloadTooLarge)
        }
    }

    @Test func survivesNestingOfAWholePayload() {
        let nested = #"[{"x":"# + String(repeating: "[", count: 200_000)
        #expect(refusal(nested)?.code == .nestingTooDeep)
    }

    @Test(arguments: SenMLExample.all.indices)
    func answersEveryCutAndSpoilingWithoutATrap(_ index: Int) {
        let bytes = Array(SenMLExample.all[index].utf8)
        SenMLExample.torment(bytes, seed: UInt64(index)) {
            try decodeSenMLJSON($0, topic: "x", pattern: nil, receivedAt: SenMLExample.receivedAt)
        }
    }
}
