import Testing

@testable import Telemetry

@Suite("Sparkplug host")
struct SparkplugHostTests {
    private static let received: Int64 = 1_772_366_500_000_000
    private static let node = SparkplugNode(group: "ward", edge: "gw")

    private func reading(
        _ device: String, _ metric: String, _ value: Reading.Value, _ unit: String = "1", at milliseconds: Int64
    ) throws -> Reading {
        try Reading(device: device, metric: metric, value: value, unit: unit, time: milliseconds * 1_000)
    }

    /// A host that took these messages, each a second after the one before; gives what the last one said.
    private func outcome(
        _ host: inout SparkplugHost,
        _ messages: [(String, [UInt8])],
        from start: Int64 = received
    ) -> SparkplugOutcome {
        var outcome = SparkplugOutcome()
        for (index, message) in messages.enumerated() {
            outcome = host.take(
                message.1, topic: "spBv1.0/" + message.0, receivedAt: start + Int64(index) * 1_000_000)
        }
        return outcome
    }

    private func outcome(_ messages: [(String, [UInt8])]) -> SparkplugOutcome {
        var host = SparkplugHost()
        return outcome(&host, messages)
    }

    private static let birth = SparkplugDraft(
        time: 1, count: 0,
        [
            .init(name: "bdSeq", type: 8, value: .long(7)), .init(name: "t", alias: 1, type: 10, value: .double(1)),
        ]
    ).bytes

    private static let deviceBirth = SparkplugDraft(
        time: 1, count: 1,
        [
            .init(name: "p", alias: 2, type: 10, value: .double(1))
        ]
    ).bytes

    private static func data(_ count: UInt64?, alias: UInt64 = 1, _ value: Double = 2) -> [UInt8] {
        SparkplugDraft(time: 2, count: count, [.init(alias: alias, value: .double(value))]).bytes
    }

    // MARK: A node's life

    @Test func readsWhatABirthNames() throws {
        let taken = outcome([("ward/NBIRTH/gw", try bytes(SparkplugFixture.nodeBirth))])
        #expect(
            taken.readings == [
                try reading("ward/gw", "temperature", .number(4.5), "Cel", at: 1_772_366_400_001),
                try reading("ward/gw", "humidity", .number(41.5), "%RH", at: 1_772_366_400_000),
                try reading("ward/gw", "door/open", .flag(true), at: 1_772_366_400_000),
                try reading("ward/gw", "serial", .text("T-0815"), at: 1_772_366_400_000),
            ])
        #expect(taken.events == [DeviceEvent(device: "ward/gw", kind: .born, time: 1_772_366_400_000_000)])
        #expect(taken.refusal == nil && taken.rebirth == nil && taken.isBirth)
    }

    @Test func readsDataByTheNamesTypesAndUnitsOfTheBirth() throws {
        let taken = outcome([
            ("ward/NBIRTH/gw", try bytes(SparkplugFixture.nodeBirth)),
            ("ward/NDATA/gw", try bytes(SparkplugFixture.nodeData)),
        ])
        #expect(
            taken
                == SparkplugOutcome(readings: [
                    try reading("ward/gw", "temperature", .number(5.25), "Cel", at: 1_772_366_459_500),
                    try reading("ward/gw", "humidity", .number(40.25), "%RH", at: 1_772_366_000_000),
                    try reading("ward/gw", "door/open", .flag(false), at: 1_772_366_460_000),
                    try reading("ward/gw", "offset", .number(-1), at: 1_772_366_460_000),
                ]))
    }

    @Test func followsADeviceFromItsBirthToItsDeath() throws {
        var host = SparkplugHost()
        let born = outcome(
            &host,
            [
                ("ward/NBIRTH/gw", try bytes(SparkplugFixture.nodeBirth)),
                ("ward/NDATA/gw", try bytes(SparkplugFixture.nodeData)),
                ("ward/DBIRTH/gw/fridge", try bytes(SparkplugFixture.deviceBirth)),
            ])
        #expect(
            born
                == SparkplugOutcome(
                    readings: [try reading("ward/gw/fridge", "pressure", .number(1.5), "bar", at: 1_772_366_401_000)],
                    events: [DeviceEvent(device: "ward/gw/fridge", kind: .born, time: 1_772_366_401_000_000)],
                    isBirth: true))
        let data = outcome(&host, [("ward/DDATA/gw/fridge", try bytes(SparkplugFixture.deviceData))])
        #expect(
            data
                == SparkplugOutcome(
                    readings: [try reading("ward/gw/fridge", "pressure", .number(1.25), "bar", at: 1_772_366_461_000)]))
        let died = outcome(&host, [("ward/DDEATH/gw/fridge", try bytes(SparkplugFixture.deviceDeath))])
        #expect(
            died
                == SparkplugOutcome(
                    events: [DeviceEvent(device: "ward/gw/fridge", kind: .died, time: 1_772_366_462_000_000)]))
        let late = outcome(&host, [("ward/DDATA/gw/fridge", SparkplugHostTests.data(5, alias: 20))])
        #expect(late.refusal?.code == .birthMissing && late.rebirth == SparkplugHostTests.node)
    }

    @Test func aNodeDiesWithItsDevicesAtTheTimeOfTheReceipt() throws {
        var host = SparkplugHost()
        _ = outcome(
            &host,
            [
                ("ward/NBIRTH/gw", try bytes(SparkplugFixture.nodeBirth)),
                ("ward/DBIRTH/gw/b", SparkplugHostTests.deviceBirth),
                ("ward/DBIRTH/gw/a", SparkplugDraft(count: 2, []).bytes),
            ])
        let death = ("ward/NDEATH/gw", try bytes(SparkplugFixture.nodeDeath))
        let died = outcome(&host, [death])
        #expect(
            died
                == SparkplugOutcome(
                    events: ["ward/gw", "ward/gw/a", "ward/gw/b"].map {
                        DeviceEvent(device: $0, kind: .died, time: SparkplugHostTests.received)
                    }))
        #expect(outcome(&host, [death]) == SparkplugOutcome(), "A will after a farewell says nothing new.")
    }

    /// Published by another implementation (test vectors of united-manufacturing-hub/benthos-umh, made with its Go
    /// encoder); their death belongs to another connection than their birth.
    @Test func readsThePayloadsOfAnotherImplementation() throws {
        var host = SparkplugHost()
        let birth =
            "08d2e283b9fa32120d0a056264536571100120085858121c0a144e6f646520436f6e74726f6c2f526562697274681002"
            + "200b7000121a0a0b54656d70657261747572651064200a6900000000008035401800"
        let at: Int64 = 1_750_855_643_474
        let born = outcome(&host, [("g/NBIRTH/e", try bytes(birth))])
        #expect(born.readings == [try reading("g/e", "Temperature", .number(21.5), at: at)])
        let data = outcome(&host, [("g/NDATA/e", try bytes("08d2e283b9fa32120d1064200a6900000000008036401801"))])
        #expect(data == SparkplugOutcome(readings: [try reading("g/e", "Temperature", .number(22.5), at: at)]))
        let death = outcome(
            &host,
            [
                ("g/NDEATH/e", try bytes("08d2e283b9fa32120d0a0562645365711000200858001800"))
            ])
        #expect(death == SparkplugOutcome())
        let gap = outcome(&host, [("g/NDATA/e", try bytes("08d2e283b9fa32120d1064200a690000000000003b401805"))])
        #expect(gap.readings == [try reading("g/e", "Temperature", .number(27), at: at)])
        #expect(gap.events.map(\.kind) == [.sequenceGap])
    }

    // MARK: Times and units

    @Test(arguments: [(5, 9, 5_000), (nil, 9, 9_000), (nil, nil, received), (0, 9, 0)] as [(UInt64?, UInt64?, Int64)])
    func takesTheTimeOfTheMetricOrElseOfThePayloadOrElseOfTheReceipt(
        _ metric: UInt64?, _ payload: UInt64?, _ expected: Int64
    ) {
        let draft = SparkplugDraft(time: payload, count: 0, [.init(name: "t", time: metric, value: .double(1))])
        #expect(outcome([("ward/NBIRTH/gw", draft.bytes)]).readings.map(\.time) == [expected])
    }

    @Test(
        arguments: [
            (["engUnit": "bar"], "bar"), (["unit": "bar"], "bar"), (["Unit": "bar"], "bar"), (["units": "bar"], "bar"),
            (["units": "Cel", "engUnit": "bar"], "bar"), (["engUnit": "bar", "units": "Cel"], "bar"),
            (["engUnit": ""], "1"), (["EU": "bar"], "1"), ([:], "1"),
        ] as [(KeyValuePairs<String, String>, String)])
    func takesTheUnitThatTheBirthGives(_ properties: KeyValuePairs<String, String>, _ unit: String) throws {
        let birth = SparkplugDraft(
            time: 1, count: 0,
            [
                .init(name: "p", alias: 1, type: 10, value: .double(1), texts: properties.map { ($0.key, $0.value) })
            ])
        let taken = outcome([("ward/NBIRTH/gw", birth.bytes), ("ward/NDATA/gw", SparkplugHostTests.data(1))])
        #expect(taken.readings == [try reading("ward/gw", "p", .number(2), unit, at: 2)])
    }

    @Test func aUnitThatDataGivesHoldsFromThenOn() throws {
        var host = SparkplugHost()
        let changed = SparkplugDraft(
            time: 2, count: 1,
            [
                .init(alias: 1, value: .double(2), texts: [("engUnit", "bar")])
            ])
        let first = outcome(&host, [("ward/NBIRTH/gw", SparkplugHostTests.birth), ("ward/NDATA/gw", changed.bytes)])
        let second = outcome(&host, [("ward/NDATA/gw", SparkplugHostTests.data(2))])
        #expect(
            first.readings + second.readings == [
                try reading("ward/gw", "t", .number(2), "bar", at: 2),
                try reading("ward/gw", "t", .number(2), "bar", at: 2),
            ])
    }

    @Test func readsDataByNameWithTheUnitOfTheBirth() throws {
        let birth = SparkplugDraft(
            time: 1, count: 0,
            [
                .init(name: "p", type: 1, value: .int(1), texts: [("engUnit", "bar")])
            ])
        let data = SparkplugDraft(time: 2, count: 1, [.init(name: "p", value: .int(0xFF))])
        let taken = outcome([("ward/NBIRTH/gw", birth.bytes), ("ward/NDATA/gw", data.bytes)])
        #expect(taken == SparkplugOutcome(readings: [try reading("ward/gw", "p", .number(-1), "bar", at: 2)]))
    }

    @Test(arguments: [(0, false), (192, true), (500, false), (12, true)] as [(UInt64, Bool)])
    func leavesOutWhatTheNodeItselfCallsBadOrStale(_ quality: UInt64, _ isTaken: Bool) {
        let birth = SparkplugDraft(
            time: 1, count: 0,
            [
                .init(name: "t", type: 10, value: .double(1), quality: quality), .init(name: "u", value: .double(1)),
            ])
        let taken = outcome([("ward/NBIRTH/gw", birth.bytes)])
        #expect(taken.readings.map(\.metric) == (isTaken ? ["t", "u"] : ["u"]))
        #expect(taken.refusal?.code == (isTaken ? nil : .valueInvalid))
    }

    @Test(arguments: ["bdSeq", "Node Control/Rebirth", "Device Control/Reboot"])
    func readsNoControls(_ name: String) {
        let birth = SparkplugDraft(count: 0, [.init(name: name, alias: 1, type: 8, value: .long(1))])
        let named = SparkplugDraft(count: 1, [.init(name: name, type: 8, value: .long(1))])
        var host = SparkplugHost()
        #expect(outcome(&host, [("ward/NBIRTH/gw", birth.bytes)]).readings.isEmpty)
        #expect(outcome(&host, [("ward/NDATA/gw", named.bytes)]) == SparkplugOutcome())
        #expect(outcome(&host, [("ward/NDATA/gw", SparkplugHostTests.data(2))]) == SparkplugOutcome())
    }

    // MARK: Aliases

    @Test func leavesOutWhatNoBirthHasNamed() throws {
        let data = SparkplugDraft(
            time: 2, count: 1,
            [
                .init(alias: 9, value: .double(1)), .init(alias: 1, value: .double(2)),
                .init(alias: 8, value: .double(3)),
            ])
        let taken = outcome([("ward/NBIRTH/gw", SparkplugHostTests.birth), ("ward/NDATA/gw", data.bytes)])
        #expect(taken.readings == [try reading("ward/gw", "t", .number(2), at: 2)])
        #expect(taken.refusal?.code == .aliasUnknown)
        #expect(taken.refusal?.message.contains("alias 9") == true && taken.refusal?.message.contains("1 more") == true)
        #expect(taken.rebirth == SparkplugHostTests.node)
    }

    @Test(arguments: ["NDATA/gw", "DDATA/gw/d"])
    func takesOnlyNamedMetricsBeforeABirth(_ topic: String) throws {
        let data = SparkplugDraft(
            time: 2, count: 9,
            [
                .init(alias: 1, value: .double(1)), .init(name: "t", value: .double(2)),
            ])
        let taken = outcome([("ward/" + topic, data.bytes)])
        #expect(taken.readings.map(\.metric) == ["t"])
        #expect(taken.refusal?.code == .birthMissing && taken.rebirth == SparkplugHostTests.node)
    }

    @Test func anAliasOfOneDeviceMeansNothingInAnother() {
        let taken = outcome([
            ("ward/NBIRTH/gw", SparkplugHostTests.birth), ("ward/DBIRTH/gw/a", SparkplugHostTests.deviceBirth),
            ("ward/DBIRTH/gw/b", SparkplugDraft(count: 2, [.init(name: "p", alias: 3, value: .double(1))]).bytes),
            ("ward/DDATA/gw/b", SparkplugHostTests.data(3, alias: 2)),
        ])
        #expect(taken.readings.isEmpty && taken.refusal?.code == .aliasUnknown)
    }

    @Test func twoDevicesMayUseOneAliasForTheirOwnMetrics() {
        let taken = outcome([
            ("ward/NBIRTH/gw", SparkplugHostTests.birth), ("ward/DBIRTH/gw/a", SparkplugHostTests.deviceBirth),
            ("ward/DBIRTH/gw/b", SparkplugDraft(count: 2, [.init(name: "q", alias: 2, value: .double(1))]).bytes),
            ("ward/DDATA/gw/a", SparkplugHostTests.data(3, alias: 2)),
        ])
        #expect(taken.readings.map(\.metric) == ["p"])
    }

    @Test func anAliasOfSeveralMetricsStandsForNone() {
        var host = SparkplugHost()
        let birth = SparkplugDraft(
            count: 0,
            [
                .init(name: "a", alias: 1, value: .double(1)), .init(name: "b", alias: 1, value: .double(2)),
            ])
        let born = outcome(&host, [("ward/NBIRTH/gw", birth.bytes)])
        #expect(born.isBirth && born.refusal?.code == .aliasUnknown)
        #expect(born.readings.map(\.metric) == ["a", "b"], "The birth itself has names.")
        let data = outcome(&host, [("ward/NDATA/gw", SparkplugHostTests.data(1))])
        #expect(data.readings.isEmpty && data.refusal?.code == .aliasUnknown)
        #expect(data.rebirth == nil, "The same birth again would not help.")
    }

    @Test func knowsAMetricWhoseFirstValueCouldNotBeRead() {
        let birth = SparkplugDraft(count: 0, [.init(name: "t", alias: 1, type: 10, value: .double(.nan))])
        let taken = outcome([("ward/NBIRTH/gw", birth.bytes), ("ward/NDATA/gw", SparkplugHostTests.data(1))])
        #expect(taken.readings.map(\.metric) == ["t"] && taken.refusal == nil)
    }

    @Test func aNodesBirthForgetsWhatWasBefore() {
        let fresh = SparkplugDraft(count: 0, [.init(name: "t", alias: 5, value: .double(1))]).bytes
        for (topic, alias) in [("ward/NDATA/gw", 1), ("ward/DDATA/gw/a", 2)] as [(String, UInt64)] {
            let taken = outcome([
                ("ward/NBIRTH/gw", SparkplugHostTests.birth), ("ward/DBIRTH/gw/a", SparkplugHostTests.deviceBirth),
                ("ward/NBIRTH/gw", fresh), (topic, SparkplugHostTests.data(1, alias: alias)),
            ])
            #expect(taken.readings.isEmpty && taken.refusal != nil)
        }
    }

    @Test(arguments: [[0x12, 0x05, 0x0A], [0xFF]] as [[UInt8]])
    func aBirthThatCannotBeReadLeavesNoOldNamesBehind(_ spoilt: [UInt8]) {
        var host = SparkplugHost()
        let refused = outcome(&host, [("ward/NBIRTH/gw", SparkplugHostTests.birth), ("ward/NBIRTH/gw", spoilt)])
        #expect(refused.refusal?.code == .protobufMalformed && !refused.isBirth)
        let data = outcome(&host, [("ward/NDATA/gw", SparkplugHostTests.data(1))])
        #expect(data.readings.isEmpty && data.refusal?.code == .birthMissing)
    }

    // MARK: The count

    @Test(
        arguments: [
            ([0, 1, 2], []), ([0, 2], ["0 to 2"]), ([0, 1, 1], ["1 to 1"]), ([0, 1, 0], ["1 to 0"]),
            ([0, 255], ["0 to 255"]), ([0, 3, 4, 6], ["0 to 3", "4 to 6"]), ([0, nil], ["0 to 0"]),
            (Array(0...255) + [0, 1], []), (Array(0...255) + [nil, 1], []), ([0, 256, 7, 8], []),
        ] as [([UInt64?], [String])])
    func aHoleInTheCountIsAnEventAndAsksForBirths(_ counts: [UInt64?], _ holes: [String]) throws {
        var host = SparkplugHost()
        var found: [DeviceEvent] = []
        var readings = 0
        var asked = 0
        _ = outcome(&host, [("ward/NBIRTH/gw", SparkplugHostTests.birth)])
        for (index, count) in counts.enumerated().dropFirst() {
            let value = Double(index)
            let taken = outcome(&host, [("ward/NDATA/gw", SparkplugHostTests.data(count, value))])
            found += taken.events
            readings += taken.readings.count
            asked += taken.rebirth == nil ? 0 : 1
        }
        #expect(found.map(\.kind) == holes.map { _ in .sequenceGap })
        for (event, hole) in zip(found, holes) {
            #expect(event.detail.contains(hole) && event.device == "ward/gw" && event.time == 2_000)
        }
        #expect(readings == counts.count - 1, "The readings behind a hole are taken all the same.")
        #expect((asked > 0) == (!holes.isEmpty || counts.contains(256)))
    }

    @Test func whatIsDeliveredAgainLeavesNoHole() {
        var host = SparkplugHost()
        let data = (1...4).map { ("ward/NDATA/gw", SparkplugHostTests.data($0, Double($0))) }
        _ = outcome(&host, [("ward/NBIRTH/gw", SparkplugHostTests.birth)])
        for message in data[0...2] + data[0...2] + data[3...] {
            let taken = outcome(&host, [message])
            #expect(taken.events.isEmpty && taken.rebirth == nil && taken.readings.count == 1)
        }
        let other = outcome(&host, [("ward/NDATA/gw", SparkplugHostTests.data(3, 30))])
        #expect(other.events.map(\.kind) == [.sequenceGap], "another message under a count of before")
    }

    @Test func theNodeAndItsDevicesShareOneCount() {
        let taken = outcome([
            ("ward/NBIRTH/gw", SparkplugHostTests.birth), ("ward/DBIRTH/gw/a", SparkplugHostTests.deviceBirth),
            ("ward/NDATA/gw", SparkplugHostTests.data(2)), ("ward/DDATA/gw/a", SparkplugHostTests.data(3, alias: 2)),
            ("ward/DDEATH/gw/a", SparkplugDraft(count: 4, []).bytes), ("ward/NDATA/gw", SparkplugHostTests.data(5)),
        ])
        #expect(taken.events.isEmpty && taken.refusal == nil && taken.rebirth == nil)
    }

    @Test func aMessageDeliveredAgainIsNoHole() {
        let data = SparkplugHostTests.data(1)
        let taken = outcome([
            ("ward/NBIRTH/gw", SparkplugHostTests.birth), ("ward/NDATA/gw", data), ("ward/NDATA/gw", data),
        ])
        #expect(taken.readings.count == 1 && taken.events.isEmpty && taken.rebirth == nil)
    }

    @Test(arguments: [1, 255, 256] as [UInt64])
    func refusesANodesBirthWhoseCountIsNotZero(_ count: UInt64) {
        var host = SparkplugHost()
        let birth = SparkplugDraft(count: count, [.init(name: "t", alias: 1, value: .double(1))])
        let taken = outcome(&host, [("ward/NBIRTH/gw", birth.bytes)])
        #expect(taken.refusal?.code == .sequenceInvalid && taken.rebirth == SparkplugHostTests.node)
        #expect(!taken.isBirth && taken.readings.isEmpty && taken.events.isEmpty)
        let data = outcome(&host, [("ward/NDATA/gw", SparkplugHostTests.data(count + 1))])
        #expect(data.refusal?.code == .birthMissing)
    }

    @Test func takesABirthWhoseEncoderLeavesOutWhatIsZero() {
        let birth = SparkplugDraft(count: nil, [.init(name: "t", alias: 1, value: .double(1))])
        #expect(outcome([("ward/NBIRTH/gw", birth.bytes)]).isBirth)
    }

    // MARK: Asking for births

    @Test func asksAgainOnlyAfterAWhileAndUntilTheBirthComes() {
        let pause = SparkplugHost.rebirthSeconds * 1_000_000
        var host = SparkplugHost()
        func asks(_ payload: [UInt8], _ kind: String, at time: Int64) -> Bool {
            host.take(payload, topic: "spBv1.0/ward/\(kind)/gw", receivedAt: time).rebirth != nil
        }
        let data = SparkplugDraft(count: 1, [.init(name: "t", value: .double(1))]).bytes
        #expect(asks(data, "NDATA", at: 0))
        #expect(!asks(data, "NDATA", at: 1))
        #expect(!asks(data, "NDATA", at: pause - 1))
        #expect(asks(data, "NDATA", at: pause))
        #expect(!asks(data, "NDATA", at: 2 * pause - 1))
        #expect(asks(data, "NDATA", at: 2 * pause + 1))
        #expect(!asks(SparkplugHostTests.birth, "NBIRTH", at: 2 * pause + 2))
        #expect(!asks(SparkplugHostTests.data(1), "NDATA", at: 4 * pause))
        #expect(asks(SparkplugHostTests.data(9), "NDATA", at: 4 * pause + 1))
        #expect(!asks(SparkplugHostTests.birth, "NBIRTH", at: 4 * pause + 2))
        #expect(!asks(SparkplugHostTests.data(9), "NDATA", at: 4 * pause + 3), "It was asked a moment ago.")
        #expect(asks(SparkplugHostTests.data(10), "NDATA", at: 5 * pause + 1), "But it stays to be asked.")
    }

    @Test func asksAgainWhenTheClockWasSetBack() {
        var host = SparkplugHost()
        let data = SparkplugHostTests.data(1)
        for time in [Int64.max, 0, Int64.min] {
            #expect(host.take(data, topic: "spBv1.0/ward/NDATA/gw", receivedAt: time).rebirth != nil)
        }
    }

    @Test func aDevicesBirthBeforeItsNodesIsTakenAndAsksForTheNode() {
        var host = SparkplugHost()
        let born = outcome(&host, [("ward/DBIRTH/gw/a", SparkplugHostTests.deviceBirth)])
        #expect(born.readings.count == 1 && born.isBirth && born.rebirth == SparkplugHostTests.node)
        let data = outcome(&host, [("ward/DDATA/gw/a", SparkplugHostTests.data(2, alias: 2))])
        #expect(data.readings.count == 1 && data.refusal == nil)
    }

    // MARK: Deaths

    @Test(arguments: [(7, true), (6, false), (8, false)] as [(UInt64, Bool)])
    func believesADeathOnlyOfTheSameConnection(_ number: UInt64, _ isBelieved: Bool) {
        let death = SparkplugDraft(count: nil, [.init(name: "bdSeq", type: 8, value: .long(number))])
        var host = SparkplugHost()
        let taken = outcome(&host, [("ward/NBIRTH/gw", SparkplugHostTests.birth), ("ward/NDEATH/gw", death.bytes)])
        #expect(taken.events.map(\.kind) == (isBelieved ? [.died] : []))
        #expect(taken.refusal == nil && taken.rebirth == nil)
        let data = outcome(&host, [("ward/NDATA/gw", SparkplugHostTests.data(1))])
        #expect(data.readings.count == (isBelieved ? 0 : 1))
    }

    @Test func refusesADeathWithoutItsConnection() {
        let death = SparkplugDraft(time: 5, count: nil, [])
        let taken = outcome([("ward/NBIRTH/gw", SparkplugHostTests.birth), ("ward/NDEATH/gw", death.bytes)])
        #expect(taken.refusal?.code == .valueMissing && taken.events.isEmpty)
    }

    @Test func aDeathOfANodeThatWasNotBornSaysNothing() throws {
        #expect(outcome([("ward/NDEATH/gw", try bytes(SparkplugFixture.nodeDeath))]) == SparkplugOutcome())
    }

    // MARK: Topics

    @Test(arguments: ["STATE/scada", "ward/NCMD/gw", "ward/DCMD/gw/d"])
    func saysNothingOfOthersStatesAndCommands(_ topic: String) {
        #expect(outcome([(topic, Array(#"{"online":true}"#.utf8))]) == SparkplugOutcome())
    }

    @Test(
        arguments: [
            "", "spBv1.0", "spBv1.0/ward/NDATA", "spBv1.0/ward/NDATA/gw/d", "spBv1.0/ward/DDATA/gw",
            "spBv1.0/ward/DDATA/gw/d/x", "spBv1.0/ward/DDATA/gw/d/x/y", "spBv1.0/ward/ndata/gw", "spBv1.0//NDATA/gw",
            "spBv1.0/ward/NDATA/", "spAv1.0/ward/NDATA/gw", "/spBv1.0/ward/NDATA/gw", "spBv1.0/STATE/NDATA/gw",
            "spBv1.0/ward/NDATA/g+", "spBv1.0/ward/NDATA/#", "spBv1.0/wa\u{7}rd/NDATA/gw", "STATE/scada",
        ])
    func refusesTopicsThatAreNone(_ topic: String) {
        var host = SparkplugHost()
        let taken = host.take(SparkplugHostTests.birth, topic: topic, receivedAt: 0)
        #expect(taken.refusal?.code == .topicInvalid && taken.readings.isEmpty && taken.events.isEmpty)
    }

    @Test func aBadMessageOfOneNodeHarmsNoOther() {
        let taken = outcome([
            ("ward/NBIRTH/gw", SparkplugHostTests.birth), ("ward/NBIRTH/other", [0xFF]),
            ("ward/NDATA/other", SparkplugHostTests.data(77)), ("other/NDATA/gw", SparkplugHostTests.data(50)),
            ("ward/NDATA/gw", SparkplugHostTests.data(1)),
        ])
        #expect(taken.readings.count == 1 && taken.events.isEmpty && taken.refusal == nil && taken.rebirth == nil)
    }

    // MARK: A restart

    @Test func knowsTheAliasesOfBirthsThatWereTakenBeforeARestart() throws {
        var host = SparkplugHost()
        host.recall(SparkplugHostTests.birth, topic: "spBv1.0/ward/NBIRTH/gw")
        host.recall(SparkplugHostTests.deviceBirth, topic: "spBv1.0/ward/DBIRTH/gw/a")
        let node = outcome(&host, [("ward/NDATA/gw", SparkplugHostTests.data(77))])
        #expect(node == SparkplugOutcome(readings: [try reading("ward/gw", "t", .number(2), at: 2)]))
        let device = outcome(&host, [("ward/DDATA/gw/a", SparkplugHostTests.data(78, alias: 2))])
        #expect(device == SparkplugOutcome(readings: [try reading("ward/gw/a", "p", .number(2), at: 2)]))
        let gap = outcome(&host, [("ward/NDATA/gw", SparkplugHostTests.data(80))])
        #expect(gap.events.map(\.kind) == [.sequenceGap])
    }

    @Test func recallsNothingButBirths() {
        var host = SparkplugHost()
        host.recall(SparkplugHostTests.birth, topic: "spBv1.0/ward/NBIRTH/gw")
        host.recall(SparkplugHostTests.data(9), topic: "spBv1.0/ward/NDATA/gw")
        host.recall([1, 2, 3], topic: "elsewhere")
        #expect(outcome(&host, [("ward/NDATA/gw", SparkplugHostTests.data(1))]).readings.count == 1)
    }

    // MARK: Limits

    @Test(arguments: [InboundMessage.readingsMax - 1, InboundMessage.readingsMax, InboundMessage.readingsMax + 1])
    func refusesAPayloadOfTooManyMetrics(_ count: Int) {
        let metrics = (0..<count).map { SparkplugDraft.Metric(name: "m\($0)", alias: UInt64($0), value: .double(1)) }
        let fits = count <= InboundMessage.readingsMax
        for (kind, seq) in [("NBIRTH", 0), ("NDATA", 1)] as [(String, UInt64)] {
            let taken = outcome([("ward/\(kind)/gw", SparkplugDraft(count: seq, metrics).bytes)])
            #expect(taken.readings.count == (fits ? count : 0))
            #expect(taken.refusal?.code == (fits ? nil : .readingsTooMany))
            #expect(taken.isBirth == (fits && kind == "NBIRTH"))
        }
    }

    @Test func knowsNoMoreNodesThanItsLimit() {
        var host = SparkplugHost()
        for number in 1...SparkplugHost.nodesMax + 1 {
            let taken = outcome(&host, [("ward/NBIRTH/n\(number)", SparkplugHostTests.birth)])
            #expect(taken.refusal?.code == (number <= SparkplugHost.nodesMax ? nil : .topicInvalid))
            #expect(taken.isBirth == (number <= SparkplugHost.nodesMax))
        }
        let first = outcome(&host, [("ward/NDATA/n1", SparkplugHostTests.data(1))])
        #expect(first.readings.count == 1, "Whoever is there stays.")
        let death = SparkplugDraft(count: nil, [.init(name: "bdSeq", type: 8, value: .long(7))]).bytes
        _ = outcome(&host, [("ward/NDEATH/n1", death)])
        #expect(outcome(&host, [("ward/NBIRTH/late", SparkplugHostTests.birth)]).isBirth)
    }

    @Test func nodesThatWereNeverBornCrowdOutNobody() {
        var host = SparkplugHost()
        _ = outcome(&host, [("ward/NBIRTH/gw", SparkplugHostTests.birth)])
        for number in 0..<2 * SparkplugHost.nodesMax {
            #expect(outcome(&host, [("x/NDATA/n\(number)", SparkplugHostTests.data(1))]).refusal?.code == .birthMissing)
        }
        let own = outcome(&host, [("ward/NDATA/gw", SparkplugHostTests.data(1))])
        #expect(own == SparkplugOutcome(readings: own.readings) && own.readings.count == 1)
    }

    @Test func knowsNoMoreDevicesOfANodeThanItsLimit() {
        var host = SparkplugHost()
        _ = outcome(&host, [("ward/NBIRTH/gw", SparkplugHostTests.birth)])
        for number in 1...SparkplugHost.devicesMax + 1 {
            let birth = SparkplugDraft(count: UInt64(number & 255), [.init(name: "p", alias: 2, value: .double(1))])
            let taken = outcome(&host, [("ward/DBIRTH/gw/d\(number)", birth.bytes)])
            #expect(taken.refusal?.code == (number <= SparkplugHost.devicesMax ? nil : .topicInvalid))
            #expect(taken.isBirth == (number <= SparkplugHost.devicesMax))
        }
        let next = UInt64((SparkplugHost.devicesMax + 2) & 255)
        let taken = outcome(&host, [("ward/DDATA/gw/d1", SparkplugHostTests.data(next, alias: 2))])
        #expect(taken.readings.count == 1 && taken.events.isEmpty, "What was refused has counted all the same.")
    }

    @Test(arguments: [(3, true), (4, true), (5, false)])
    func remembersNoMoreMetricsThanItsLimit(_ count: Int, _ fits: Bool) {
        var host = SparkplugHost(metricsMax: 5)
        let metrics = (0..<count).map { SparkplugDraft.Metric(name: "m\($0)", value: .double(1)) }
        let birth = SparkplugDraft(count: 0, metrics).bytes
        _ = outcome(&host, [("ward/NBIRTH/gw", SparkplugHostTests.birth)])
        for former in [[], Array(metrics.prefix(2)), metrics] {
            _ = outcome(&host, [("ward/NBIRTH/other", SparkplugDraft(count: 0, former).bytes)])
            let taken = outcome(&host, [("ward/NBIRTH/other", birth)])
            #expect(taken.isBirth == fits && taken.refusal?.code == (fits ? nil : .readingsTooMany))
        }
    }

    @Test func aDevicesBirthsAndDeathsFreeWhatTheyForget() {
        var host = SparkplugHost(metricsMax: 2)
        _ = outcome(&host, [("ward/NBIRTH/gw", SparkplugHostTests.birth)])
        for round in 0..<5 {
            let born = outcome(&host, [("ward/DBIRTH/gw/a", SparkplugHostTests.deviceBirth)])
            #expect(born.isBirth, "Birth \(round + 1) replaces the one before.")
        }
        let second = outcome(&host, [("ward/DBIRTH/gw/b", SparkplugHostTests.deviceBirth)])
        #expect(second.refusal?.code == .readingsTooMany)
        _ = outcome(&host, [("ward/DDEATH/gw/a", SparkplugDraft(count: 3, []).bytes)])
        #expect(outcome(&host, [("ward/DBIRTH/gw/b", SparkplugHostTests.deviceBirth)]).isBirth)
    }

    @Test(arguments: [Reading.textBytesMax - 1, Reading.textBytesMax, Reading.textBytesMax + 1])
    func refusesNamesOverTheLimitOfAReading(_ count: Int) {
        let edge = String(repeating: "e", count: count - "ward/".utf8.count)
        let taken = outcome([("ward/NBIRTH/\(edge)", SparkplugHostTests.birth)])
        #expect(taken.refusal?.code == (count <= Reading.textBytesMax ? nil : .topicInvalid))
        let metric = SparkplugDraft(count: 0, [.init(name: String(repeating: "m", count: count), value: .double(1))])
        let birth = outcome([("ward/NBIRTH/gw", metric.bytes)])
        #expect(birth.refusal?.code == (count <= Reading.textBytesMax ? nil : .textTooLong))
    }

    @Test func stillReadsWhenMoreTopicsHaveComeThanItKeeps() {
        var host = SparkplugHost()
        _ = outcome(&host, [("ward/NBIRTH/gw", SparkplugHostTests.birth)])
        for number in 0...SparkplugHost.topicsMax { _ = outcome(&host, [("ward/NCMD/n\(number)", [])]) }
        #expect(outcome(&host, [("ward/NDATA/gw", SparkplugHostTests.data(1))]).readings.count == 1)
    }

    // MARK: What a host sends

    /// The payload as another implementation sends it, byte for byte.
    @Test func asksForBirthsAsOthersDo() throws {
        let (topic, payload) = SparkplugCommand.rebirth(of: SparkplugHostTests.node, at: 1_790_000_000_000_999)
        #expect(topic == "spBv1.0/ward/NCMD/gw")
        #expect(payload == (try bytes("0880d8c1a28c34121a0a144e6f646520436f6e74726f6c2f52656269727468200b7001")))
    }

    @Test(arguments: [(true, 1_790_000_000_000_000, 1_790_000_000_000), (false, -1, 0)] as [(Bool, Int64, Int64)])
    func saysWhetherItIsThere(_ online: Bool, _ time: Int64, _ milliseconds: Int64) {
        let (topic, payload) = SparkplugCommand.state(host: "custody", online: online, at: time)
        #expect(topic == "spBv1.0/STATE/custody")
        #expect(String(decoding: payload, as: UTF8.self) == #"{"online":\#(online),"timestamp":\#(milliseconds)}"#)
    }

    @Test func subscribesToTheWholeNamespace() {
        #expect(SparkplugHost.topicFilter == "spBv1.0/#")
    }
}
