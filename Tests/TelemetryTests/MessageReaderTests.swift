import Testing

@testable import Telemetry

@Suite("Messages of a broker")
struct MessageReaderTests {
    private static let received: Int64 = 1_772_366_400_000_000

    private func topic(
        _ pattern: String, _ format: TelemetryFormat = .json, units: [String: String] = [:]
    ) throws -> TelemetryTopic {
        try TelemetryTopic(pattern: TopicPattern(pattern), format: format, units: units)
    }

    private func content(
        _ payload: [UInt8], _ topic: String, _ topics: [TelemetryTopic]
    ) -> InboundMessage.Content {
        var reader = MessageReader(topics: topics)
        let message = reader.read(payload, topic: topic, receivedAt: Self.received)
        #expect(message.payload == payload && message.topic == topic && message.receivedAt == Self.received)
        return message.content
    }

    private func reading(
        _ metric: String, _ value: Reading.Value, _ unit: String = "Cel", device: String = "t1",
        time: Int64 = received
    ) throws -> Reading {
        try Reading(device: device, metric: metric, value: value, unit: unit, time: time)
    }

    // MARK: Formats

    private static let json =
        #"{"device":"t1","metric":"temperature","value":5,"unit":"Cel","time":"2026-03-01T12:00:00Z"}"#
    private static let senML = #"[{"bn":"t1/","n":"temperature","u":"Cel","v":5,"t":1772366400}]"#
    private static let cbor =
        "81a52163" + "74312f" + "006b74656d7065726174757265" + "016343656c" + "0205" + "061a69a42a40"

    private func samples() throws -> [(name: TelemetryFormat, payload: [UInt8])] {
        [
            (.json, Array(Self.json.utf8)), (.senMLJSON, Array(Self.senML.utf8)), (.senMLCBOR, try bytes(Self.cbor)),
            (.mapped(try ReadingMap(values: .one(""), fixedMetric: "temperature", fixedUnit: "Cel")), Array("5".utf8)),
        ]
    }

    @Test func eachFormatReachesItsDecoder() throws {
        let expected = InboundMessage.Content.readings([try reading("temperature", .number(5))])
        for (index, sample) in try samples().enumerated() {
            #expect(content(sample.payload, "s/t1/x", [try topic("s/{device}/+", sample.name)]) == expected)
            for (other, another) in try samples().enumerated() where other != index {
                let taken = content(another.payload, "s/t1/x", [try topic("s/{device}/+", sample.name)])
                #expect(taken != expected || other == index, "\(sample.name) has read \(another.name)")
            }
        }
    }

    @Test func theFirstTopicThatMatchesSaysTheFormat() throws {
        let topics = [try topic("s/t1/x", .senMLJSON), try topic("s/#", .json)]
        let expected = InboundMessage.Content.readings([try reading("temperature", .number(5))])
        #expect(content(Array(Self.senML.utf8), "s/t1/x", topics) == expected)
        #expect(content(Array(Self.json.utf8), "s/t1/y", topics) == expected)
        #expect(content(Array(Self.json.utf8), "elsewhere", topics) == expected, "unasked, it is our own JSON")
        guard case .undecodable = content(Array(Self.senML.utf8), "s/t1/y", topics) else {
            Issue.record("SenML was read as our own JSON")
            return
        }
    }

    @Test func whatCannotBeReadSaysWhy() throws {
        for (sample, code) in [("{", "json-malformed"), ("", "json-malformed"), (#"{"value":1}"#, "key-missing")] {
            guard case .undecodable(let reason) = content(Array(sample.utf8), "s", [try topic("s")]) else {
                Issue.record("\(sample) was read")
                continue
            }
            #expect(reason.code.rawValue == code)
        }
    }

    @Test(arguments: TelemetryFormat.names + ["", "JSON", "mapped", "senml"])
    func formatsHaveTheNamesThatTheySay(_ name: String) {
        #expect((TelemetryFormat(name: name) != nil) == TelemetryFormat.names.contains(name))
    }

    // MARK: Units

    @Test func unitsAreForNumbersThatHaveNone() throws {
        let map = try ReadingMap(values: .members(""), fixedUnit: nil)
        let units = ["a": "K", "b": "Cel", "c": "Cel"]
        let payload = Array(#"{"a":277.15,"b":true,"c":"warm","d":4}"#.utf8)
        guard
            case .readings(let readings) = content(
                payload, "s/t1", [try topic("s/{device}", .mapped(map), units: units)])
        else {
            Issue.record("The payload was not read")
            return
        }
        #expect(
            Set(readings) == [
                try reading("a", .number(4)), try reading("b", .flag(true), "1"), try reading("c", .text("warm"), "1"),
                try reading("d", .number(4), "1"),
            ])
    }

    @Test func unitsLeaveAloneWhatThePayloadSays() throws {
        let json = Self.json.replacing("Cel", with: "K")
        let expected = try Reading(
            device: "t1", metric: "temperature", value: .number(5), unit: "K", time: Self.received)
        #expect(
            content(Array(json.utf8), "s", [try topic("s", units: ["temperature": "Cel"])]) == .readings([expected]))
    }

    @Test func refusesUnitsThatNobodyKnows() throws {
        let error = #expect(throws: TelemetryError.self) { try topic("s", units: ["a": "furlong"]) }
        #expect(error?.code == .unitUnknown)
    }

    // MARK: Sparkplug

    private static let birth = SparkplugDraft(
        time: 1_772_366_400_000, count: 0,
        [
            .init(name: "bdSeq", type: 8, value: .long(7)),
            .init(name: "t", alias: 1, type: 10, value: .double(277.15)),
        ]
    ).bytes

    private static let data = SparkplugDraft(
        time: 1_772_366_400_000, count: 1, [.init(alias: 1, value: .double(278.15))]
    ).bytes

    private func sparkplug(_ units: [String: String] = ["t": "K"]) throws -> [TelemetryTopic] {
        [try topic("spBv1.0/#", .sparkplug, units: units)]
    }

    private func outcome(_ message: InboundMessage) throws -> SparkplugOutcome {
        guard case .sparkplug(let outcome) = message.content else {
            throw TelemetryError(.formatUnknown, "The message was not read as Sparkplug.")
        }
        return outcome
    }

    @Test func aBirthMakesAliasesReadable() throws {
        var reader = MessageReader(topics: try sparkplug())
        let born = try outcome(reader.read(Self.birth, topic: "spBv1.0/g/NBIRTH/n", receivedAt: Self.received))
        #expect(born.isBirth)
        #expect(born.readings == [try reading("t", .number(4), device: "g/n")])
        let data = try outcome(reader.read(Self.data, topic: "spBv1.0/g/NDATA/n", receivedAt: Self.received))
        #expect(data.readings == [try reading("t", .number(5), device: "g/n")])
    }

    @Test func aBirthOfAnEarlierRunMakesAliasesReadable() throws {
        var fresh = MessageReader(topics: try sparkplug())
        let unknown = try outcome(fresh.read(Self.data, topic: "spBv1.0/g/NDATA/n", receivedAt: Self.received))
        #expect(unknown.readings.isEmpty && unknown.refusal?.code == .birthMissing)
        #expect(unknown.rebirth == SparkplugNode(group: "g", edge: "n"))
        var reader = MessageReader(
            topics: try sparkplug(), births: [(topic: "spBv1.0/g/NBIRTH/n", payload: Self.birth)])
        let data = try outcome(reader.read(Self.data, topic: "spBv1.0/g/NDATA/n", receivedAt: Self.received))
        #expect(data.readings == [try reading("t", .number(5), device: "g/n")])
        #expect(data.events.isEmpty && data.refusal == nil)
    }

    /// 1e308 km are more metres than a number can say.
    @Test func aBirthWhoseValuesCannotBeKeptStillTellsItsAliases() throws {
        var reader = MessageReader(topics: try sparkplug(["t": "km"]))
        let huge = SparkplugDraft(
            time: 1_772_366_400_000, count: 0, [.init(name: "t", alias: 1, type: 10, value: .double(1e308))]
        ).bytes
        let born = try outcome(reader.read(huge, topic: "spBv1.0/g/NBIRTH/n", receivedAt: Self.received))
        #expect(born.isBirth && born.readings.isEmpty && born.refusal?.code == .valueNotFinite)
        #expect(born.events.map(\.kind) == [.born])
        let data = try outcome(reader.read(Self.data, topic: "spBv1.0/g/NDATA/n", receivedAt: Self.received))
        #expect(data.readings.map(\.value) == [.number(278_150)])
    }

    // MARK: Shared subscriptions

    @Test func topicsOfASharedSubscriptionComeWithoutItsGroup() throws {
        let topics = [
            try topic("$share/gateways/spBv1.0/#", .sparkplug), try topic("$share/gateways/s/{device}/+", .senMLJSON),
        ]
        #expect(
            content(Array(Self.senML.utf8), "s/t1/x", topics) == .readings([try reading("temperature", .number(5))]))
        guard case .sparkplug(let outcome) = content(Self.birth, "spBv1.0/g/NBIRTH/n", topics) else {
            Issue.record("The birth was not read as Sparkplug")
            return
        }
        #expect(outcome.readings.map(\.device) == ["g/n"])
    }
}
