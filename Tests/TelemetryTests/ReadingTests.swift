import Telemetry
import Testing

@Suite("Readings")
struct ReadingTests {
    @Test(arguments: [Reading.textBytesMax - 1, Reading.textBytesMax, Reading.textBytesMax + 1])
    func refusesTextOverItsLimit(_ count: Int) {
        let long = String(repeating: "a", count: count)
        let fits = count <= Reading.textBytesMax
        #expect(((try? Reading(device: long, metric: "m", value: .number(1), unit: "u", time: 0)) != nil) == fits)
        #expect(((try? Reading(device: "d", metric: long, value: .number(1), unit: "u", time: 0)) != nil) == fits)
        #expect(((try? Reading(device: "d", metric: "m", value: .number(1), unit: long, time: 0)) != nil) == fits)
        #expect(((try? Reading(device: "d", metric: "m", value: .number(1), unit: "u", time: 0, session: long)) != nil) == fits)
    }

    @Test(arguments: [Double.nan, .infinity, -.infinity])
    func refusesValuesThatAreNotFinite(_ value: Double) {
        let error = #expect(throws: TelemetryError.self) {
            try Reading(device: "d", metric: "m", value: .number(value), unit: "u", time: 0)
        }
        #expect(error?.code == .valueNotFinite)
    }

    @Test(arguments: [
        (Reading.timeMin - 1, false), (Reading.timeMin, true), (Reading.timeMax, true), (Reading.timeMax + 1, false),
    ])
    func refusesTimesOutsideTheCalendar(_ time: Int64, _ isTaken: Bool) {
        #expect(((try? Reading(device: "d", metric: "m", value: .number(1), unit: "u", time: time)) != nil) == isTaken)
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
