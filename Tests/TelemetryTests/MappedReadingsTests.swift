import Telemetry
import Testing

@Suite("Any JSON and text become readings by a map")
struct MappedReadingsTests {
    private static let receivedAt: Int64 = 1_772_366_400_000_000

    private func decode(
        _ payload: String,
        _ map: ReadingMap,
        topic: String = "s/t1/temperature",
        pattern: String? = nil
    ) throws -> [Reading] {
        try decodeMapped(
            Array(payload.utf8), topic: topic, pattern: pattern.map { try TopicPattern($0) }, map: map,
            receivedAt: MappedReadingsTests.receivedAt)
    }

    private func reading(
        _ metric: String,
        _ value: Reading.Value,
        _ unit: String = "1",
        device: String = "t1",
        time: Int64 = receivedAt,
        sequence: UInt64? = nil,
        session: String? = nil
    ) throws -> Reading {
        try Reading(
            device: device, metric: metric, value: value, unit: unit, time: time, sequence: sequence, session: session)
    }

    private func refusal(_ payload: String, _ map: ReadingMap, pattern: String? = nil) -> TelemetryError? {
        #expect(throws: TelemetryError.self) { try decode(payload, map, pattern: pattern) }
    }

    /// Places for everything.
    private static func full(_ timeUnit: ReadingMap.TimeUnit = .seconds) throws -> ReadingMap {
        try ReadingMap(
            values: .one("/v"), device: "/id", metric: "/m", unit: "/u", time: "/t", sequence: "/n", session: "/boot",
            timeUnit: timeUnit)
    }

    // MARK: JSON

    @Test func readsOneValueWithAllThatBelongsToIt() throws {
        let json = #"{"id":"t1","m":"temp","v":5.25,"u":"Cel","t":1772366400.25,"n":7,"boot":"b3","x":[{}]}"#
        let expected = try reading(
            "temp", .number(5.25), "Cel", time: 1_772_366_400_250_000, sequence: 7, session: "b3")
        #expect(try decode(json, MappedReadingsTests.full()) == [expected])
        #expect(try decode("[\(json), \(json)]", MappedReadingsTests.full()) == [expected, expected])
        #expect(try decode(" [ ] ", MappedReadingsTests.full()) == [])
    }

    @Test func readsSeveralValuesOfOneObject() throws {
        let map = try ReadingMap(
            values: .named(["temperature": "/d/t", "humidity": "/d/h/0"]), time: "/at", fixedDevice: "t1",
            units: ["temperature": "Cel", "humidity": "%RH"])
        let readings = try decode(#"{"d":{"h":[40.5,1],"t":5.25},"at":"2026-03-01T12:00:01Z"}"#, map)
        let time = MappedReadingsTests.receivedAt + 1_000_000
        #expect(
            try readings == [
                reading("humidity", .number(40.5), "%RH", time: time),
                reading("temperature", .number(5.25), "Cel", time: time),
            ])
        #expect(try decode(#"{"d":{"h":[null],"t":5}}"#, map).map(\.metric) == ["temperature"])
    }

    @Test func readsAnObjectWhoseMembersAreMetrics() throws {
        let map = try ReadingMap(values: .members("/data"), device: "/id", time: "/data/ts", units: ["t": "Cel"])
        let json = #"{"data":{"t":"5.2","door":true,"fw":"1.20","ts":0,"none":null,"gps":{"lat":1},"l":[1]},"id":"t1"}"#
        #expect(
            try decode(json, map) == [
                reading("t", .number(5.2), "Cel", time: 0), reading("door", .flag(true), time: 0),
                reading("fw", .text("1.20"), time: 0),
            ])
    }

    @Test func takesTheWholeObjectAsItsMembersByDefault() throws {
        let map = try ReadingMap(device: "/id")
        #expect(try decode(#"{"id":"t1","t":5,"h":40}"#, map) == [reading("t", .number(5)), reading("h", .number(40))])
        #expect(try decode("{}", map) == [])
    }

    @Test func readsAListAndWhatStandsAroundIt() throws {
        let map = try ReadingMap(
            readings: "/p/samples", values: .one("/v"), device: "/dev", metric: "/m", unit: "/u", time: "/t",
            sequence: "/n", session: "/s")
        let samples = #"[{"v":1,"m":"a"},{"v":2,"m":"b","t":2,"n":4}]"#
        let json = #"{"dev":"t1","n":9,"p":{"samples":\#(samples)},"t":1,"u":"V","s":"x"}"#
        #expect(
            try decode(json, map) == [
                reading("a", .number(1), "V", time: 1_000_000, session: "x"),
                reading("b", .number(2), "V", time: 2_000_000, sequence: 4, session: "x"),
            ])
        #expect(try decode(#"{"dev":"t1","p":{"samples":null}}"#, map) == [])
        #expect(try decode(#"{"dev":"t1","m":"a","p":{"samples":{"v":3}}}"#, map) == [reading("a", .number(3))])
    }

    @Test func readsAListOfBareNumbers() throws {
        let map = try ReadingMap(
            readings: "/v", values: .one(""), device: "/id", fixedMetric: "t", fixedUnit: "Cel")
        #expect(
            try decode(#"{"v":[5,null,"5.5"],"id":17}"#, map) == [
                reading("t", .number(5), "Cel", device: "17"), reading("t", .number(5.5), "Cel", device: "17"),
            ])
    }

    @Test func resolvesEscapedKeys() throws {
        let places = ["a": "/a~1b", "b": "/m~0n", "c": "/", "d": "/~01"]
        let map = try ReadingMap(values: .named(places), fixedDevice: "t1")
        #expect(
            try decode(#"{"a\u002fb":1,"m~n":2,"":3,"~1":4}"#, map).map(\.value.number) == [1, 2, 3, 4])
    }

    @Test(
        arguments: [
            (.seconds, "1772366400", 1_772_366_400_000_000), (.seconds, "1772366400.1234567", 1_772_366_400_123_456),
            (.seconds, "-1.5", -1_500_000), (.seconds, "1.7723664e9", 1_772_366_400_000_000),
            (.seconds, "\"1772366400\"", 1_772_366_400_000_000), (.seconds, "null", receivedAt),
            (.seconds, "\"2026-03-01T13:00:00+01:00\"", receivedAt), (.seconds, "253402300799.999999", Reading.timeMax),
            (.milliseconds, "1772366400123", 1_772_366_400_123_000),
            (.milliseconds, "1772366400123.4567", 1_772_366_400_123_456), (.milliseconds, "1e3", 1_000_000),
            (.microseconds, "1772366400123456", 1_772_366_400_123_456), (.microseconds, "1.9", 1),
            (.microseconds, "-62135596800000000", Reading.timeMin),
        ] as [(ReadingMap.TimeUnit, String, Int64)])
    func readsTimes(_ unit: ReadingMap.TimeUnit, _ text: String, _ micros: Int64) throws {
        let map = try MappedReadingsTests.full(unit)
        #expect(try decode(#"{"id":"t1","m":"a","v":1,"t":\#(text)}"#, map).first?.time == micros)
    }

    @Test(
        arguments: [
            (.seconds, "1772366400000"), (.seconds, "\"yesterday\""), (.seconds, "\"\""), (.seconds, "true"),
            (.seconds, "{}"), (.seconds, "1e300"), (.seconds, "\"5 s\""), (.milliseconds, "1772366400000000"),
            (.microseconds, "9223372036854775808"), (.microseconds, "-62135596800000001"),
        ] as [(ReadingMap.TimeUnit, String)])
    func refusesWhatIsNoTime(_ unit: ReadingMap.TimeUnit, _ text: String) throws {
        let error = refusal(#"{"id":"t1","m":"a","v":1,"t":\#(text)}"#, try MappedReadingsTests.full(unit))
        #expect(error?.code == .timeInvalid)
        #expect(error?.position == 29)
    }

    @Test(
        arguments: [
            ("5.2", .number(5.2), "V"), ("\"5.2\"", .number(5.2), "V"), ("\"+5.2\"", .number(5.2), "V"),
            ("\"-5.2e1\"", .number(-52), "V"), ("\"5 mV\"", .number(5), "mV"), ("\"5mV\"", .number(5), "mV"),
            ("true", .flag(true), "1"), ("false", .flag(false), "1"),
        ] as [(String, Reading.Value, String)])
    func readsValuesThatHaveAUnit(_ text: String, _ value: Reading.Value, _ unit: String) throws {
        let map = try ReadingMap(values: .one("/v"), fixedDevice: "t1", fixedMetric: "a", fixedUnit: "V")
        #expect(try decode(#"{"v":\#(text)}"#, map) == [reading("a", value, unit)])
    }

    @Test(arguments: ["open", "1.2.3", "5,2", "", "+", "+-5", "05", "5.", "nan", "5 ", "5 furlongs", "true"])
    func keepsOtherTextWhereNoUnitSaysNumber(_ text: String) throws {
        let map = try ReadingMap(values: .one("/v"), fixedDevice: "t1", fixedMetric: "a")
        #expect(try decode(#"{"v":"\#(text)"}"#, map) == [reading("a", .text(text))])
        let withUnit = try ReadingMap(values: .one("/v"), fixedDevice: "t1", fixedMetric: "a", units: ["a": "V"])
        #expect(refusal(#"{"v":"\#(text)"}"#, withUnit)?.code == .valueInvalid)
    }

    @Test(arguments: [
        (#"{"id":"d","m":"a"}"#, TelemetryError.Code.valueMissing, 0), (#"[{"v":1},5]"#, .keyMissing, 1),
        (#" {"id":"d","v":1}"#, .keyMissing, 1), (#"{"m":"a","v":1}"#, .keyMissing, 0),
        (#"{"id":"d","m":"a","v":{}}"#, .valueInvalid, 22), (#"{"id":"d","m":"a","v":[1]}"#, .valueInvalid, 22),
        (#"{"id":"d","m":"a","v":1e400}"#, .valueNotFinite, 22),
        (#"{"id":"d","m":"a","v":1,"v":2}"#, .keyRepeated, 28), (#"{"id":"d","id":"d"}"#, .keyRepeated, 15),
        (#"{"id":true,"m":"a","v":1}"#, .valueInvalid, 6), (#"{"id":"","m":"a","v":1}"#, .textEmpty, 0),
        (#"{"id":"d","m":"a","v":1,"n":-1}"#, .sequenceInvalid, 28),
        (#"{"id":"d","m":"a","v":1,"n":1.0}"#, .sequenceInvalid, 28),
        (#"{"id":"d","m":"a","v":1,"n":"x"}"#, .sequenceInvalid, 28),
        (#"{"id":"d","m":"a","v":1,"n":18446744073709551616}"#, .sequenceInvalid, 28),
        (#"{"id":"d","m":"a","v":tru}"#, .jsonMalformed, 22), (#"{"id":"d"} x"#, .jsonMalformed, 11),
        (#"{"id":"d""#, .jsonMalformed, 9), ("[", .jsonMalformed, 1), (#"{"id" 1}"#, .jsonMalformed, 6),
    ])
    func refusesWithCodeAndPlace(_ json: String, _ code: TelemetryError.Code, _ position: Int) throws {
        let error = refusal(json, try MappedReadingsTests.full())
        #expect(error?.code == code)
        #expect(error?.position == position)
    }

    @Test func refusesAPayloadWithoutItsListOrItsObject() throws {
        let list = try ReadingMap(readings: "/a/b", fixedDevice: "t1")
        #expect(refusal(#"{"a":{"c":[]}}"#, list)?.code == .valueMissing)
        #expect(refusal(#"{"a":{"b":[],"b":[]}}"#, list)?.code == .keyRepeated)
        let members = try ReadingMap(values: .members("/data"), fixedDevice: "t1")
        for json in [#"{"x":1}"#, #"{"data":5}"#, #"{"data":[]}"#, #"[null]"#] {
            #expect(refusal(json, members)?.code == .valueMissing)
        }
        #expect(refusal(#"{"data":{"a":1,"a":2}}"#, members)?.code == .keyRepeated)
        #expect(refusal(#"{"data":{},"data":{}}"#, members)?.code == .keyRepeated)
        let named = try ReadingMap(values: .named(["t": "/t", "h": "/h"]), fixedDevice: "t1")
        #expect(refusal(#"{"t":5}"#, named)?.code == .valueMissing)
    }

    // MARK: Text

    @Test(
        arguments: [
            ("21.5", .number(21.5), "1"), (" 21.5\r\n", .number(21.5), "1"), ("-4", .number(-4), "1"),
            ("+4", .number(4), "1"), ("5.2 Cel", .number(5.2), "Cel"), ("5.2Cel", .number(5.2), "Cel"),
            ("5.2 °C", .number(5.2), "°C"), ("40%", .number(40), "%"), ("1e3", .number(1_000), "1"),
            ("true", .flag(true), "1"), ("false\n", .flag(false), "1"), ("open", .text("open"), "1"),
        ] as [(String, Reading.Value, String)])
    func readsABareValue(_ text: String, _ value: Reading.Value, _ unit: String) throws {
        let readings = try decode(text, ReadingMap(), pattern: "s/{device}/{metric}")
        #expect(try readings == [reading("temperature", value, unit)])
    }

    @Test func givesABareNumberTheUnitOfItsMetric() throws {
        let map = try ReadingMap(fixedUnit: "V", units: ["temperature": "Cel"])
        #expect(try decode("5", map, pattern: "s/{device}/{metric}").first?.unit == "Cel")
        #expect(try decode("5", map, topic: "s/t1/u", pattern: "s/{device}/{metric}").first?.unit == "V")
        #expect(try decode("300 K", map, pattern: "s/{device}/{metric}").first?.value == .number(26.85))
        let error = refusal("error", map, pattern: "s/{device}/{metric}")
        #expect(error?.code == .valueInvalid)
    }

    @Test(arguments: [
        ("", TelemetryError.Code.textMalformed), (" \n", .textMalformed), ("a\u{0}b", .textMalformed),
        ("5.2 C", .valueInvalid), ("5,2", .valueInvalid), ("5.2.1", .valueInvalid), ("-", .valueInvalid),
        ("+-5", .valueInvalid), (".5", .valueInvalid), ("1e400", .valueNotFinite), ("05", .valueInvalid),
    ])
    func refusesABareTextThatIsNoValue(_ text: String, _ code: TelemetryError.Code) throws {
        #expect(refusal(text, try ReadingMap(), pattern: "s/{device}/{metric}")?.code == code)
    }

    @Test func refusesABareValueOfNobody() throws {
        #expect(refusal("5", try ReadingMap(fixedDevice: "t1"))?.code == .keyMissing)
        #expect(refusal("5", try ReadingMap(fixedMetric: "a"))?.code == .keyMissing)
    }

    @Test(arguments: [
        "temp=5.2 hum=40,t=1772366401", "temp=5.2;hum=40&t=1772366401", "\ttemp=5.2\r\nhum=40\nt=1772366401\n",
        "t=2026-03-01T12:00:01Z,,temp=5.2, hum=40", "temp=+5.2 hum=40 t=1772366401.0 gps=",
    ])
    func readsPairs(_ text: String) throws {
        let readings = try decode(text, ReadingMap(time: "/t", fixedDevice: "t1", units: ["temp": "Cel"]))
        let time = MappedReadingsTests.receivedAt + 1_000_000
        #expect(
            try readings == [reading("temp", .number(5.2), "Cel", time: time), reading("hum", .number(40), time: time)])
    }

    @Test func readsPairsAtThePlacesOfTheMap() throws {
        let text = "id=17 boot=b3 n=12 u=V m=battery v=3.6 x=9"
        let expected = try reading("battery", .number(3.6), "V", device: "17", sequence: 12, session: "b3")
        #expect(try decode(text, MappedReadingsTests.full()) == [expected])
        let named = try ReadingMap(values: .named(["door": "/d", "state": "/s"]), fixedDevice: "t1")
        #expect(
            try decode("d=true s=half-open z=1", named) == [
                reading("door", .flag(true)), reading("state", .text("half-open")),
            ])
        let units = try decode("t=5.2Cel h=40%", ReadingMap(fixedDevice: "t1"))
        #expect(units.map(\.unit) == ["Cel", "%"])
    }

    @Test(arguments: [
        ("a=1 b", TelemetryError.Code.textMalformed, 4), ("=1", .textMalformed, 0), ("a=5,2", .textMalformed, 4),
        ("a=1 a=2", .keyRepeated, 6), ("t=1 t=2 a=3", .keyRepeated, 6), ("a=1 t=x", .timeInvalid, 6),
        ("a=1e400", .valueNotFinite, 2),
    ])
    func refusesPairsWithCodeAndPlace(_ text: String, _ code: TelemetryError.Code, _ position: Int) throws {
        let error = refusal(text, try ReadingMap(time: "/t", fixedDevice: "t1"))
        #expect(error?.code == code)
        #expect(error?.position == position)
    }

    @Test func refusesBytesThatAreNoText() throws {
        let map = try ReadingMap(fixedDevice: "t1", fixedMetric: "a")
        for bytes in [[0xFF, 0xFE], [0x61, 0x3D, 0xC3], [0x80]] as [[UInt8]] {
            let error = #expect(throws: TelemetryError.self) {
                try decodeMapped(bytes, topic: "x", pattern: nil, map: map, receivedAt: 0)
            }
            #expect(error?.code == .textMalformed)
        }
    }

    // MARK: Topics

    @Test(arguments: [
        (#"{"id":"t1","m":"temperature","v":1}"#, nil), (#"{"v":1}"#, nil),
        (#"{"id":"t2","v":1}"#, TelemetryError.Code.deviceMismatch), (#"{"m":"humidity","v":1}"#, .metricMismatch),
    ])
    func refusesAPayloadThatContradictsItsTopic(_ json: String, _ code: TelemetryError.Code?) throws {
        let map = try MappedReadingsTests.full()
        do throws(TelemetryError) {
            let readings = try decodeMapped(
                Array(json.utf8), topic: "s/t1/temperature", pattern: try TopicPattern("s/{device}/{metric}"), map: map,
                receivedAt: 0)
            #expect(readings.map(\.device) == ["t1"])
            #expect(code == nil)
        } catch {
            #expect(error.code == code)
        }
    }

    @Test func letsTheTopicGoBeforeTheConstants() throws {
        let map = try ReadingMap(values: .one("/v"), fixedDevice: "d", fixedMetric: "m")
        let reading = try #require(try decode(#"{"v":1}"#, map, pattern: "$share/g/s/{device}/{metric}").first)
        #expect(reading.device == "t1")
        #expect(reading.metric == "temperature")
        #expect(try decode(#"{"v":1}"#, map).first?.device == "d")
        #expect(refusal(#"{"v":1}"#, map, pattern: "other/{device}")?.code == .topicUnmatched)
        #expect(refusal(#"{"humidity":1}"#, try ReadingMap(), pattern: "s/{device}/{metric}")?.code == .metricMismatch)
    }

    // MARK: Limits

    @Test(arguments: [
        InboundMessage.readingsMax - 1, InboundMessage.readingsMax, InboundMessage.readingsMax + 1,
    ])
    func refusesMoreReadingsThanItsLimit(_ count: Int) throws {
        let fits = count <= InboundMessage.readingsMax
        let bare = try ReadingMap(values: .one(""), fixedDevice: "t1", fixedMetric: "a")
        let list = "[" + repeatElement("1", count: count).joined(separator: ",") + "]"
        #expect(((try? decode(list, bare))?.count == count) == fits)
        let members = "{" + (0..<count).map { "\"m\($0)\":1" }.joined(separator: ",") + "}"
        #expect(((try? decode(members, ReadingMap(fixedDevice: "t1")))?.count == count) == fits)
        let pairs = (0..<count).map { "m\($0)=1" }.joined(separator: " ")
        #expect(((try? decode(pairs, ReadingMap(fixedDevice: "t1")))?.count == count) == fits)
        let twice = try ReadingMap(values: .named(["a": "/v", "b": "/v"]), fixedDevice: "t1")
        let objects = "[" + repeatElement(#"{"v":1}"#, count: count / 2 + count % 2).joined(separator: ",") + "]"
        #expect(((try? decode(objects, twice)) != nil) == fits)
    }

    @Test(arguments: [
        InboundMessage.payloadBytesMax - 1, InboundMessage.payloadBytesMax, InboundMessage.payloadBytesMax + 1,
    ])
    func refusesAPayloadOverItsLimit(_ count: Int) throws {
        let payload = "5" + String(repeating: " ", count: count - 1)
        let map = try ReadingMap(fixedDevice: "t1", fixedMetric: "a")
        #expect(((try? decode(payload, map)) != nil) == (count <= InboundMessage.payloadBytesMax))
    }

    @Test(arguments: [ReadingMap.valuesMax - 1, ReadingMap.valuesMax, ReadingMap.valuesMax + 1])
    func refusesMoreValuesThanItsLimit(_ count: Int) {
        let places = Dictionary(uniqueKeysWithValues: (0..<count).map { ("m\($0)", "/v\($0)") })
        #expect(((try? ReadingMap(values: .named(places))) != nil) == (count <= ReadingMap.valuesMax))
    }

    @Test(arguments: [JSONPointer.depthMax - 1, JSONPointer.depthMax, JSONPointer.depthMax + 1])
    func refusesADeeperPointerThanItsLimit(_ depth: Int) throws {
        let pointer = String(repeating: "/a", count: depth)
        guard depth <= JSONPointer.depthMax else {
            #expect(throws: TelemetryError.self) { try ReadingMap(values: .one(pointer)) }
            return
        }
        let map = try ReadingMap(values: .one(pointer), fixedDevice: "t1", fixedMetric: "m")
        let json = String(repeating: #"{"a":"#, count: depth) + "7" + String(repeating: "}", count: depth)
        #expect(try decode(json, map) == [reading("m", .number(7))])
    }

    // MARK: The map

    @Test(arguments: ["v", "/v~", "/v~2", "/~", " /v", "#/v"])
    func refusesAPlaceThatIsNoJSONPointer(_ place: String) {
        func code(_ map: () throws -> ReadingMap) -> TelemetryError.Code? {
            #expect(throws: TelemetryError.self) { try map() }?.code
        }
        #expect(code { try ReadingMap(readings: place) } == .mappingInvalid)
        #expect(code { try ReadingMap(values: .one(place)) } == .mappingInvalid)
        #expect(code { try ReadingMap(values: .named(["a": place])) } == .mappingInvalid)
        #expect(code { try ReadingMap(values: .members(place)) } == .mappingInvalid)
        #expect(code { try ReadingMap(values: .one("/v"), metric: place) } == .mappingInvalid)
        #expect(code { try ReadingMap(device: place) } == .mappingInvalid)
        #expect(code { try ReadingMap(time: place) } == .mappingInvalid)
        #expect(code { try ReadingMap(sequence: place) } == .mappingInvalid)
    }

    @Test func refusesAMapThatContradictsItself() {
        #expect(throws: TelemetryError.self) { try ReadingMap(values: .named([:])) }
        #expect(throws: TelemetryError.self) { try ReadingMap(values: .named(["": "/v"])) }
        #expect(throws: TelemetryError.self) { try ReadingMap(values: .named(["a": "/v"]), metric: "/m") }
        #expect(throws: TelemetryError.self) { try ReadingMap(metric: "/m") }
        #expect(throws: TelemetryError.self) { try ReadingMap(fixedDevice: "") }
        #expect(throws: TelemetryError.self) { try ReadingMap(fixedMetric: String(repeating: "a", count: 257)) }
    }

    @Test func refusesAUnitThatNobodyKnowsAndSaysWhatToWrite() {
        let error = #expect(throws: TelemetryError.self) { try ReadingMap(fixedUnit: "C") }
        #expect(error?.code == .unitUnknown)
        #expect(error?.message.contains("Cel") == true)
        #expect(throws: TelemetryError.self) { try ReadingMap(units: ["t": "cel"]) }
    }

    // MARK: Hostile payloads

    private static let seeds = [
        #"{"id":"t1","m":"temp","v":-5.25e1,"u":"Cel","t":1772366400.25,"n":7,"boot":"b3","x":[{"y":[null]}]}"#,
        #"[{"id":"\u00e9","m":"a","v":"5.2 Cel","t":"2026-03-01T12:00:00.5+01:00"},{"v":true}]"#,
        #"{"id":17,"p":{"s":[{"v":1,"m":"a"},{"a":2,"b":"\ud83d\ude00","c":[1,2]}]},"t":1772366400}"#,
        "temp=5.2 hum=40,t=1772366401;id=17&door=true v=3 m=x n=9", " -21.5 °C\r\n",
    ]

    private static func maps() throws -> [ReadingMap] {
        [
            try full(), try ReadingMap(device: "/id", time: "/t"),
            try ReadingMap(readings: "/p/s", values: .one("/v"), device: "/id", metric: "/m", time: "/t"),
            try ReadingMap(values: .named(["a": "/v", "b": "/p/s/0/v"]), fixedDevice: "t1", units: ["a": "Cel"]),
            try ReadingMap(readings: "/p/s", values: .members(""), device: "/id", fixedUnit: "V"),
        ]
    }

    private func survives(_ bytes: [UInt8], _ map: ReadingMap) {
        do throws(TelemetryError) {
            let readings = try decodeMapped(
                bytes, topic: "s/t1/a", pattern: nil, map: map, receivedAt: MappedReadingsTests.receivedAt)
            #expect(readings.allSatisfy { $0.value.number?.isFinite ?? true })
        } catch {
            #expect((0...bytes.count).contains(error.position ?? 0))
        }
    }

    @Test func answersEveryTruncationWithoutATrap() throws {
        for map in try MappedReadingsTests.maps() {
            for seed in MappedReadingsTests.seeds {
                let bytes = Array(seed.utf8)
                for count in 0...bytes.count { survives(Array(bytes.prefix(count)), map) }
            }
        }
    }

    /// The numbers repeat (SplitMix64, seed 45).
    @Test func answersEverySpoilingWithoutATrap() throws {
        var state: UInt64 = 45
        func next(below bound: Int) -> Int {
            state &+= 0x9E37_79B9_7F4A_7C15
            var mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
            return Int((mixed ^ (mixed >> 31)) % UInt64(bound))
        }
        let maps = try MappedReadingsTests.maps()
        for round in 0..<20_000 {
            var bytes = Array(MappedReadingsTests.seeds[round % MappedReadingsTests.seeds.count].utf8)
            for _ in 0...next(below: 4) where !bytes.isEmpty {
                let index = next(below: bytes.count)
                switch next(below: 3) {
                case 0: bytes[index] = UInt8(next(below: 256))
                case 1: bytes.remove(at: index)
                default: bytes.insert(bytes[next(below: bytes.count)], at: index)
                }
            }
            survives(bytes, maps[next(below: maps.count)])
        }
    }

    @Test func survivesNestingOfAWholePayload() throws {
        let bytes = [UInt8](repeating: UInt8(ascii: "["), count: InboundMessage.payloadBytesMax)
        for map in try MappedReadingsTests.maps() { survives(bytes, map) }
        let error = refusal(
            #"{"id":"# + String(repeating: "[", count: 1_000), try MappedReadingsTests.full())
        #expect(error?.code == .nestingTooDeep)
    }
}
