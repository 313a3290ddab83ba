import Telemetry
import Testing

/// MQTT 5.0 section 4.8.2.
@Suite("Shared subscriptions")
struct SharedSubscriptionTests {
    @Test func subscribesWithItsGroupAndMatchesWithout() throws {
        let pattern = try TopicPattern("$share/gateways/sensors/{device}/{metric}/#")
        #expect(pattern.filter == "$share/gateways/sensors/+/+/#")
        #expect(pattern.description == "$share/gateways/sensors/{device}/{metric}/#")
        let match = try #require(pattern.match("sensors/t1/temperature/now"))
        #expect(match.device == "t1")
        #expect(match.metric == "temperature")
        #expect(pattern.match("$share/gateways/sensors/t1/temperature") == nil)
        #expect(pattern.match("gateways/sensors/t1/temperature") == nil)
    }

    @Test(arguments: [
        ("$share/g/#", "a/b", true), ("$share/g/#", "$SYS/x", false), ("$share/g//a", "/a", true),
        ("$share/g/a", "a", true), ("$share/g/$SYS/+", "$SYS/x", true), ("$share/é/+", "x", true),
        ("$shared/g/a", "$shared/g/a", true), ("share/g/a", "share/g/a", true),
    ])
    func keepsTheRulesOfPlainFilters(_ pattern: String, _ topic: String, _ isMatch: Bool) throws {
        #expect((try TopicPattern(pattern).match(topic) != nil) == isMatch)
        #expect(try TopicPattern(pattern).filter == pattern)
    }

    @Test(arguments: [
        "$share", "$share/", "$share/g", "$share/g/", "$share//a", "$share/+/a", "$share/g#/a", "$share/{device}/a",
        "$share/{g/a", "$share/g}/a", "$share/g/a/#/b", "$share/g/{device}/{device}",
    ])
    func refusesAGroupOrAFilterThatMQTTWouldRefuse(_ pattern: String) {
        let error = #expect(throws: TelemetryError.self) { try TopicPattern(pattern) }
        #expect(error?.code == .patternInvalid)
    }

    @Test(arguments: [TopicPattern.bytesMax - 1, TopicPattern.bytesMax, TopicPattern.bytesMax + 1])
    func countsTheGroupTowardsItsLimit(_ count: Int) {
        let text = "$share/g/" + String(repeating: "a", count: count - 9)
        #expect(((try? TopicPattern(text)) != nil) == (count <= TopicPattern.bytesMax))
    }
}
