import Telemetry
import Testing

@Suite("JSON payloads become readings")
struct JSONReadingsTests {
    private static let good =
        #"{"device":"t1","metric":"temperature","value":5.25,"unit":"Cel","time":"2026-03-01T12:00:00Z","seq":7}"#

    private func decode(_ json: String, _ topic: String = "x", _ pattern: String? = nil) throws -> [Reading] {
        try decodeJSONReadings(Array(json.utf8), topic: topic, pattern: pattern.map { try TopicPattern($0) })
    }

    private func payload(_ fields: String) -> String {
        #"{"device":"d","metric":"m","unit":"1",\#(fields)}"#
    }

    @Test func readsTheFixedShape() throws {
        let expected = try Reading(
            device: "t1", metric: "temperature", value: .number(5.25), unit: "Cel", time: 1_772_366_400_000_000,
            sequence: 7)
        #expect(try decode(JSONReadingsTests.good) == [expected])
        #expect(try decode("[\(JSONReadingsTests.good) , \(JSONReadingsTests.good)]") == [expected, expected])
        #expect(try decode(" [ ] ") == [])
    }

    @Test func walksOverKeysThatNobodyAskedFor() throws {
        let json = payload(#""value":1,"time":0,"x":{"a":[1,{"b":null},[],{},"\u00e9\"]"],"c":true},"y":-0.5e+3"#)
        #expect(try decode(json).count == 1)
    }

    @Test(arguments: [
        ("1772366400", 1_772_366_400_000_000), ("1772366400.25", 1_772_366_400_250_000), ("-1.5", -1_500_000),
        ("1772366400.1234567", 1_772_366_400_123_456), ("1.7723664e9", 1_772_366_400_000_000),
        ("\"1970-01-01T00:00:00Z\"", 0), ("\"1969-12-31T23:59:59.5Z\"", -500_000),
        ("\"2026-03-01t14:00:00.123456789+02:00\"", 1_772_366_400_123_456),
        ("\"2024-02-29T00:00:00-00:30\"", 1_709_166_600_000_000), ("\"2016-12-31T23:59:60Z\"", 1_483_228_800_000_000),
        ("253402300799.999999", Reading.timeMax), ("-62135596800", Reading.timeMin),
        ("\"9999-12-31T23:59:59.999999Z\"", Reading.timeMax), ("\"0001-01-01T00:00:00Z\"", Reading.timeMin),
    ])
    func readsTimes(_ text: String, _ micros: Int64) throws {
        #expect(try decode(payload(#""value":1,"time":\#(text)"#)).first?.time == micros)
    }

    @Test(arguments: [
        "253402300800", "-62135596801", "1772366400000", "1e300", "\"2026-02-29T00:00:00Z\"", "\"2026-03-01\"",
        "\"2026-03-01T12:00:00\"", "\"2026-03-01T24:00:00Z\"", "\"2026-03-01T12:00:00.Z\"",
        "\"0001-01-01T00:00:00+01:00\"",
        "\"2026-03-01T12:00:00Zx\"", "\"\"",
    ])
    func refusesWhatIsNoTime(_ text: String) {
        let error = #expect(throws: TelemetryError.self) { try decode(payload(#""value":1,"time":\#(text)"#)) }
        #expect(error?.code == .timeInvalid)
    }

    @Test(arguments: [
        "0", "-0", "0.1", "5.25", "-273.15", "123456789012345", "0.000000000000001", "9007199254740993", "1e-7",
        "1.7976931348623157e308", "4.9e-324", "0.30000000000000004", "99999999999999.9", "1E5", "1e-400",
    ])
    func readsValuesAsTheNearestDouble(_ text: String) throws {
        #expect(try decode(payload(#""value":\#(text),"time":0"#)).first?.value.number == Double(text))
    }

    @Test(arguments: [
        ("{}", TelemetryError.Code.keyMissing, 0), ("", .jsonMalformed, 0), ("[", .jsonMalformed, 1),
        (#"{"device":"d"}"#, .keyMissing, 0),
        (#"{"device":"d","device":"d"}"#, .keyRepeated, 14),
        (#"{"device":"d","\u0064evice":"d"}"#, .keyRepeated, 14),
        (#"{"seq":null,"seq":null}"#, .keyRepeated, 12),
        (#"{"device":"","metric":"m","unit":"1","value":1,"time":0}"#, .textEmpty, 0),
        (#"{"device":"a\u0000","metric":"m","unit":"1","value":1,"time":0}"#, .textNotAllowed, 0),
        (#"{"value":1e309}"#, .valueNotFinite, 9), (#"{"value":01}"#, .jsonMalformed, 9),
        (#"{"value":.5}"#, .jsonMalformed, 9), (#"{"value":+1}"#, .jsonMalformed, 9),
        (#"{"value":1.}"#, .jsonMalformed, 11), (#"{"value":1e}"#, .jsonMalformed, 11),
        (#"{"value":NaN}"#, .jsonMalformed, 9), (#"{"value":"1"}"#, .jsonMalformed, 9),
        (#"{"value":true}"#, .jsonMalformed, 9), (#"{"value":null}"#, .jsonMalformed, 9),
        (#"{"seq":-1}"#, .sequenceInvalid, 7), (#"{"seq":1.0}"#, .sequenceInvalid, 7),
        (#"{"seq":18446744073709551616}"#, .sequenceInvalid, 7),
        (#"{"x":[1,]}"#, .jsonMalformed, 8), (#"{"x":tru}"#, .jsonMalformed, 5), (#"{"x":1,}"#, .jsonMalformed, 7),
        (#"{"x":"\ud800"}"#, .jsonMalformed, 6), (#"{"x":"\ud800\u0041"}"#, .jsonMalformed, 6),
        (#"{"x":"\udc00"}"#, .jsonMalformed, 6), (#"{"x":"\q"}"#, .jsonMalformed, 6),
        ("{\"x\":\"\u{1}\"}", .jsonMalformed, 6), (#"{"x":"\u12G4"}"#, .jsonMalformed, 10),
        (#"{"x":"abc"#, .jsonMalformed, 9), (#"{"x" 1}"#, .jsonMalformed, 5),
    ])
    func refusesWithCodeAndPlace(_ json: String, _ code: TelemetryError.Code, _ position: Int) {
        let error = #expect(throws: TelemetryError.self) { try decode(json) }
        #expect(error?.code == code)
        #expect(error?.position == position)
    }

    @Test func refusesWhatFollowsTheValue() {
        let error = #expect(throws: TelemetryError.self) { try decode(JSONReadingsTests.good + "x") }
        #expect(error?.code == .jsonMalformed)
    }

    @Test func refusesTextThatIsNoUTF8() {
        let bytes = Array(#"{"device":""#.utf8) + [0xC3, 0x28] + Array(#""}"#.utf8)
        let error = #expect(throws: TelemetryError.self) { try decodeJSONReadings(bytes, topic: "x", pattern: nil) }
        #expect(
            error
                == TelemetryError(.jsonMalformed, "The payload is not valid JSON: a string is no UTF-8.", position: 11))
    }

    @Test func resolvesEscapes() throws {
        let json = #"{"device":"é\u00e9\ud83d\ude00\/\"","metric":"m","unit":"\u00b0C","value":1,"time":0,"seq":null}"#
        let reading = try #require(try decode(json).first)
        #expect(reading.device == "éé😀/\"")
        #expect(reading.unit == "Cel")
        #expect(reading.sequence == nil)
    }

    @Test func takesTheDeviceFromTheTopic() throws {
        let json = #"{"value":1,"time":0,"unit":"1","session":"boot-3","seq":18446744073709551615}"#
        let reading = try #require(try decode(json, "sensors/t9/temperature/now", "sensors/{device}/{metric}/#").first)
        #expect(reading.device == "t9")
        #expect(reading.metric == "temperature")
        #expect(reading.session == "boot-3")
        #expect(reading.sequence == .max)
    }

    @Test(arguments: [
        ("sensors/t1/x", "sensors/{device}/#", nil),
        ("sensors/t2/x", "sensors/{device}/#", TelemetryError.Code.deviceMismatch),
        ("a/t1/humidity", "a/+/{metric}", .metricMismatch), ("other/t1", "sensors/{device}/#", .topicUnmatched),
        ("sensors//x", "sensors/{device}/#", .deviceMismatch),
    ])
    func refusesAPayloadThatContradictsItsTopic(_ topic: String, _ pattern: String, _ code: TelemetryError.Code?) {
        do throws(TelemetryError) {
            _ = try decodeJSONReadings(
                Array(JSONReadingsTests.good.utf8), topic: topic, pattern: try TopicPattern(pattern))
            #expect(code == nil)
        } catch {
            #expect(error.code == code)
        }
    }

    @Test(arguments: [
        InboundMessage.payloadBytesMax - 1, InboundMessage.payloadBytesMax, InboundMessage.payloadBytesMax + 1,
    ])
    func refusesAPayloadOverItsLimit(_ count: Int) {
        let json = JSONReadingsTests.good + String(repeating: " ", count: count - JSONReadingsTests.good.utf8.count)
        let message = InboundMessage(json: Array(json.utf8), topic: "x", pattern: nil, receivedAt: 1)
        switch message.content {
        case .readings(let readings): #expect(readings.count == 1 && count <= InboundMessage.payloadBytesMax)
        case .undecodable(let reason):
            #expect(reason.code == .payloadTooLarge && count == InboundMessage.payloadBytesMax + 1)
        case .delivery, .sparkplug: Issue.record("JSON is neither a delivery nor Sparkplug")
        }
        #expect(message.payload.count == count)
    }

    @Test(arguments: [InboundMessage.readingsMax - 1, InboundMessage.readingsMax, InboundMessage.readingsMax + 1])
    func refusesMoreReadingsThanItsLimit(_ count: Int) {
        let one = #"{"device":"d","metric":"m","unit":"1","value":1,"time":0}"#
        let json = "[" + Array(repeating: one, count: count).joined(separator: ",") + "]"
        do {
            #expect(try decode(json).count == count)
            #expect(count <= InboundMessage.readingsMax)
        } catch {
            #expect((error as? TelemetryError)?.code == .readingsTooMany)
            #expect(count == InboundMessage.readingsMax + 1)
        }
    }

    @Test(arguments: [31, 32, 33])
    func refusesValuesNestedTooDeep(_ depth: Int) {
        let nested = String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        do {
            #expect(try decode(payload(#""value":1,"time":0,"x":\#(nested)"#)).count == 1)
            #expect(depth <= 32)
        } catch {
            #expect((error as? TelemetryError)?.code == .nestingTooDeep)
            #expect(depth == 33)
        }
    }
}
