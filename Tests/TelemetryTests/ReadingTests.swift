import Telemetry
import Testing

@Suite("Readings")
struct ReadingTests {
    @Test(arguments: [Reading.textBytesMax - 1, Reading.textBytesMax, Reading.textBytesMax + 1])
    func refusesTextOverItsLimit(_ count: Int) {
        let long = String(repeating: "a", count: count)
        let fits = count <= Reading.textBytesMax
        #expect(((try? Reading(device: long, metric: "m", value: .number(1), unit: "1", time: 0)) != nil) == fits)
        #expect(((try? Reading(device: "d", metric: long, value: .number(1), unit: "1", time: 0)) != nil) == fits)
        #expect(
            ((try? Reading(device: "d", metric: "m", value: .number(1), unit: "1", time: 0, session: long)) != nil)
                == fits)
    }

    @Test func keepsOneUnitForEachKindOfValue() throws {
        let fahrenheit = try Reading(device: "d", metric: "m", value: .number(41), unit: "FAH", time: 0)
        #expect(fahrenheit.value == .number(5) && fahrenheit.unit == "Cel")
        #expect(try Reading(device: "d", metric: "m", value: .flag(true), unit: "1", time: 0).value == .flag(true))
    }

    @Test(arguments: ["furlong", "cel", "C", ""])
    func refusesAnUnknownUnitAndSaysWhichAreKnown(_ unit: String) {
        let error = #expect(throws: TelemetryError.self) {
            try Reading(device: "d", metric: "m", value: .number(1), unit: unit, time: 0)
        }
        #expect(error?.code == (unit.isEmpty ? .textEmpty : .unitUnknown))
        #expect(unit.isEmpty || error?.message.contains("Cel") == true || unit == "C")
    }

    @Test(arguments: [Reading.valueBytesMax - 1, Reading.valueBytesMax, Reading.valueBytesMax + 1])
    func refusesAValueOverItsLimit(_ count: Int) {
        let text = Reading.Value.text(String(repeating: "a", count: count))
        let data = Reading.Value.data([UInt8](repeating: 1, count: count))
        for value in [text, data] {
            let isTaken = (try? Reading(device: "d", metric: "m", value: value, unit: "1", time: 0)) != nil
            #expect(isTaken == (count <= Reading.valueBytesMax))
        }
    }

    @Test(arguments: [Double.nan, .infinity, -.infinity])
    func refusesValuesThatAreNotFinite(_ value: Double) {
        let error = #expect(throws: TelemetryError.self) {
            try Reading(device: "d", metric: "m", value: .number(value), unit: "1", time: 0)
        }
        #expect(error?.code == .valueNotFinite)
    }

    @Test(arguments: [
        (Reading.timeMin - 1, false), (Reading.timeMin, true), (Reading.timeMax, true), (Reading.timeMax + 1, false),
    ])
    func refusesTimesOutsideTheCalendar(_ time: Int64, _ isTaken: Bool) {
        #expect(((try? Reading(device: "d", metric: "m", value: .number(1), unit: "1", time: time)) != nil) == isTaken)
    }
}

@Suite("Topic patterns")
struct TopicPatternTests {
    @Test(
        arguments: [
            ("sensors/{device}/#", "sensors/t1/a/b", "t1", nil), ("sensors/{device}/#", "sensors/t1", "t1", nil),
            ("{device}/+/{metric}", "t1/x/temp", "t1", "temp"), ("#", "a/b", nil, nil), ("a/+", "a/", nil, nil),
        ] as [(String, String, String?, String?)])
    func readsTheNamedLevels(_ pattern: String, _ topic: String, _ device: String?, _ metric: String?) throws {
        let match = try #require(try TopicPattern(pattern).match(topic))
        #expect(match.device == device)
        #expect(match.metric == metric)
    }

    @Test(arguments: [
        ("sensors/{device}", "sensors/t1/a"), ("sensors/{device}", "sensors"), ("a/b", "a/c"), ("#", "$SYS/x"),
        ("+/x", "$SYS/x"), ("{device}/x", "$SYS/x"), ("a", ""), ("a/b", "a"),
    ])
    func matchesNoOtherTopic(_ pattern: String, _ topic: String) throws {
        #expect(try TopicPattern(pattern).match(topic) == nil)
    }

    @Test(arguments: ["", "a/#/b", "a+/b", "{device}/{device}", "{name}/x", "x{device}", "a#"])
    func refusesWhatMQTTWouldRefuse(_ pattern: String) {
        let error = #expect(throws: TelemetryError.self) { try TopicPattern(pattern) }
        #expect(error?.code == .patternInvalid)
    }

    @Test func subscribesWithAPlainFilter() throws {
        #expect(try TopicPattern("a/{device}/+/{metric}/#").filter == "a/+/+/+/#")
    }

    @Test(arguments: [TopicPattern.bytesMax - 1, TopicPattern.bytesMax, TopicPattern.bytesMax + 1])
    func refusesAPatternOverItsLimit(_ count: Int) {
        let text = String(repeating: "a", count: count)
        #expect(((try? TopicPattern(text)) != nil) == (count <= TopicPattern.bytesMax))
    }
}
