import Foundation
import Glibc
import Store
import Telemetry
import Testing

/// One gateway reads all forms of payloads at once, each on its topics.
@Suite(.timeLimit(.minutes(2))) struct FormatsTests {
    static let topics = [
        #""json/{device}/{metric}""#,
        #"{filter: "senml/{device}", format: senml-json}"#,
        #"{filter: "cbor/{device}", format: senml-cbor}"#,
        #"{filter: "spBv1.0/#", format: sparkplug, units: {temperature: Cel}}"#,
        #"""
        {filter: "odd/{device}", map: {readings: /data, values: {temperature: /t, humidity: /h}, time: /at, \#
        time-unit: milliseconds, seq: /n, units: {temperature: Cel, humidity: "%"}}}
        """#,
    ]
    static let millisecond: UInt64 = 1_800_000_000_000
    static let node = SparkplugMessages(group: "plant", node: "line")

    private func site(_ broker: Broker, client: [String] = []) throws -> TestSite {
        let site = try TestSite()
        try site.configure(broker: broker.port, topics: Self.topics, client: client)
        return site
    }

    // MARK: What can be read

    @Test func everyFormIsReadAndBirthsAreRememberedThroughAKill() async throws {
        let broker = try Broker()
        let site = try site(broker)
        let gateway = try await RunningGateway(site)
        let devices = try await TestClient("devices", at: broker)
        try await devices.publish(Self.plain + Self.births)
        let intake = try site.intake()
        try await until("all forms are read") { try intake.readingCount() >= 7 }
        gateway.kill()
        try await devices.publish([
            Self.node.deviceData("oven", alias: 7, value: 6.5, sequence: 3, at: Self.millisecond + 2_000)
        ])
        let again = try await RunningGateway(site)
        try await until("the alias is still understood") { try intake.readingCount() >= 8 }
        again.stop()
        #expect(try Set(Self.shown(intake)) == Self.expected)
        #expect(try Self.shown(intake).count == Self.expected.count)
        #expect(try intake.undecodable(limit: 10).map(\.reason) == [])
    }

    private static let plain: [(topic: String, payload: [UInt8])] = [
        ("json/fridge/temperature", Array(#"{"value":4.5,"unit":"Cel","time":1800000000,"seq":1}"#.utf8)),
        ("senml/fridge", Array(#"[{"bn":"fridge/","bt":1800000000,"n":"humidity","u":"%RH","v":40}]"#.utf8)),
        ("cbor/van", pack),
        ("odd/box", Array(#"{"data":[{"t":5.5,"h":41,"at":1800000000250,"n":7}]}"#.utf8)),
    ]

    private static let births = [
        node.nodeBirth(at: millisecond),
        node.deviceBirth("oven", "temperature", alias: 7, value: 8.5, sequence: 1, at: millisecond),
        node.deviceData("oven", alias: 7, value: 7.5, sequence: 2, at: millisecond + 1_000),
    ]

    /// `[{bn: "van/", bt: 1800000000, n: "temperature", u: "Cel", v: 3.5}]` with the labels of RFC 8428 section 6.
    private static var pack: [UInt8] {
        var bytes = CBORBytes()
        bytes.array(count: 1)
        bytes.map(count: 5)
        bytes.integer(-2)
        bytes.text("van/")
        bytes.integer(-3)
        bytes.integer(1_800_000_000)
        bytes.integer(0)
        bytes.text("temperature")
        bytes.integer(1)
        bytes.text("Cel")
        bytes.integer(2)
        bytes.double(3.5)
        return bytes.bytes
    }

    private static let expected: Set<String> = [
        "fridge temperature 4.5 Cel 0.000", "fridge humidity 40.0 % 0.000", "van temperature 3.5 Cel 0.000",
        "box temperature 5.5 Cel 0.250", "box humidity 41.0 % 0.250",
        "plant/line/oven temperature 8.5 Cel 0.000", "plant/line/oven temperature 7.5 Cel 1.000",
        "plant/line/oven temperature 6.5 Cel 2.000",
    ]

    /// Times are seconds since 1,800,000,000.
    private static func shown(_ intake: IntakeStore) throws -> [String] {
        try ["fridge", "van", "box", "plant/line/oven"].flatMap(intake.readings).map { reading in
            let milliseconds = (reading.time - Int64(millisecond) * 1_000) / 1_000
            let seconds = "\(milliseconds / 1_000).\(String(milliseconds % 1_000 + 1_000).dropFirst())"
            return "\(reading.device) \(reading.metric) \(reading.value.number ?? .nan) \(reading.unit) \(seconds)"
        }
    }

    // MARK: What cannot be read

    private struct Listed: Decodable {
        struct Row: Decodable {
            let topic: String
            let reason: String
            let bytes: Int
        }

        let count: Int
        let payloads: [Row]
    }

    private static let bad: [(topic: String, payload: [UInt8], code: String)] = [
        ("json/fridge/temperature", Array(#"{"value":"#.utf8), "json-malformed"),
        ("senml/fridge", Array(#"[{"n":"temperature","u":"Cel"}]"#.utf8), "value-missing"),
        ("cbor/van", [0x81, 0xBF], "cbor-malformed"),
        ("spBv1.0/plant/NBIRTH/line", [0x12, 0x7F], "protobuf-malformed"),
        ("odd/box", Array(#"{"data":[{"t":5.5,"at":1800000000250}]}"#.utf8), "value-missing"),
    ]

    @Test func whatCannotBeReadIsListedWithItsTopicAndReason() async throws {
        let broker = try Broker()
        let site = try site(broker)
        let gateway = try await RunningGateway(site)
        let devices = try await TestClient("devices", at: broker)
        try await devices.publish(Self.bad.map { ($0.topic, $0.payload) } + Self.plain.prefix(1))
        let intake = try site.intake()
        try await until("the good one is read") { try intake.readingCount() == 1 }
        let text = try site.custody("telemetry", "unread", "--json", "--limit", "4", "--state", site.state).joined()
        let listed = try JSONDecoder().decode(Listed.self, from: Data(text.utf8))
        #expect(listed.count == Self.bad.count)
        let newest = Array(Self.bad.suffix(4).reversed())
        #expect(listed.payloads.map(\.topic) == newest.map(\.topic))
        #expect(listed.payloads.map(\.bytes) == newest.map(\.payload.count))
        for (row, bad) in zip(listed.payloads, newest) { #expect(row.reason.hasPrefix(bad.code + ": ")) }
        gateway.stop()
    }

    // MARK: What Sparkplug's nodes are told

    @Test func aNodeWhoseCountHasAHoleIsAskedForItsBirths() async throws {
        let broker = try Broker()
        let site = try site(broker)
        let gateway = try await RunningGateway(site)
        let node = try await TestClient("node", at: broker, topics: ["spBv1.0/plant/NCMD/#"])
        try await node.publish(Self.births)
        let intake = try site.intake()
        try await until("the births are read") { try intake.readingCount() == 2 }
        #expect(node.heard.elements == [])
        try await node.publish([
            Self.node.deviceData("oven", alias: 7, value: 6.5, sequence: 9, at: Self.millisecond + 2_000)
        ])
        let asked = try await node.heard.until { !$0.isEmpty }
        #expect(asked.map(\.topic) == ["spBv1.0/plant/NCMD/line"])
        #expect(asked[0].text.contains("Node Control/Rebirth"))
        // What stands behind the hole is kept all the same.
        try await until("the value is kept") { try intake.readingCount() == 3 }
        gateway.stop()
        #expect(try intake.undecodable(limit: 10).map(\.reason) == [])
    }

    private struct HostState: Decodable, Hashable {
        let online: Bool
        let timestamp: Int64
    }

    @Test func nodesAreToldWhetherTheirHostIsThere() async throws {
        let broker = try Broker()
        let site = try site(broker, client: ["sparkplug-host: cold-chain"])
        let gateway = try await RunningGateway(site)
        let early = try await TestClient("early", at: broker, topics: ["spBv1.0/STATE/#"])
        let first = try await states(early, 1)
        #expect(first.map(\.online) == [true])
        gateway.kill()
        let second = try await states(early, 2)
        #expect(second.map(\.online) == [true, false])
        #expect(second[1].timestamp == second[0].timestamp)
        // Whoever comes now is told too.
        let late = try await TestClient("late", at: broker, topics: ["spBv1.0/STATE/cold-chain"])
        #expect(try await states(late, 1) == [second[1]])
        let again = try await RunningGateway(site)
        let third = try await states(late, 2)
        #expect(third[1].online && third[1].timestamp > second[1].timestamp)
        again.kill()
    }

    @Test func aHostThatStopsSaysThatItHasGone() async throws {
        let broker = try Broker()
        let gateway = try await RunningGateway(try site(broker, client: ["sparkplug-host: cold-chain"]))
        let node = try await TestClient("node", at: broker, topics: ["spBv1.0/STATE/#"])
        #expect(try await states(node, 1).map(\.online) == [true])
        gateway.stop()
        let said = try await states(node, 2)
        #expect(said.map(\.online) == [true, false] && said[1].timestamp > said[0].timestamp)
    }

    @Test func aHostThatComesBackSaysSoWithANewTime() async throws {
        let broker = try Broker()
        let gateway = try await RunningGateway(try site(broker, client: ["sparkplug-host: cold-chain"]))
        let before = try await TestClient("before", at: broker, topics: ["spBv1.0/STATE/#"])
        let first = try #require(try await before.heard.until { !$0.isEmpty }.first)
        broker.stop()
        try broker.start()
        // Until the gateway is back, the broker tells what it was told last.
        let after = try await TestClient("after", at: broker, topics: ["spBv1.0/STATE/#"])
        let heard = try await after.heard.until { $0.contains { $0.text != first.text && $0.text.contains("true") } }
        let last = try JSONDecoder().decode(HostState.self, from: Data(try #require(heard.last).payload))
        let old = try JSONDecoder().decode(HostState.self, from: Data(first.payload))
        #expect(old.online && last.online && last.timestamp > old.timestamp)
        gateway.kill()
    }

    private func states(_ client: TestClient, _ count: Int) async throws -> [HostState] {
        let heard = try await client.heard.until { $0.count >= count }
        #expect(heard.allSatisfy { $0.topic == "spBv1.0/STATE/cold-chain" })
        return try heard.map { try JSONDecoder().decode(HostState.self, from: Data($0.payload)) }
    }
}
