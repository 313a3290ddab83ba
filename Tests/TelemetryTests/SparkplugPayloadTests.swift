import Testing

@testable import Telemetry

/// Made by protoc 3.21 (`protoc --encode=Payload sparkplug.proto`) from a schema with the fields of Sparkplug 3.0
/// section 6.4.1; `narrow` by protobuf for Python 4.21, with numbers as Eclipse Tahu's Python client writes them.
enum SparkplugFixture {
    static let nodeBirth =
        "08809494caca3312120a05626453657118809494caca332008580312230a144e6f646520436f6e74726f6c2f526562697274681001"
        + "18809494caca33200b700012450a0b74656d7065726174757265100218819494caca33200a4a220a075175616c6974790a07656e67"
        + "556e69741205080318c0011207080c420343656c69000000000000124012250a0868756d6964697479100320094a100a05756e6974"
        + "731207080c4203255248650000264212110a09646f6f722f6f70656e1004200b700112140a0673657269616c1005200c7a06542d30"
        + "383135120f0a066f666673657410ac022003380112250a057461626c65100720108a011708021201611201621803180c22090a0208"
        + "010a0332017812230a056d6f746f7210082013920115120a0a0372706d200350840722054d6f746f7228001800"
    static let nodeData =
        "08e0e897caca331212100218ece497caca33690000000000001540121010031880dffbc9ca33280165000021421204100470001209"
        + "10ac0250ffffffff0f1801"
    static let deviceBirth =
        "08e89b94caca33121b0a1544657669636520436f6e74726f6c2f5265626f6f74200b7000122e0a087072657373757265101418e89b"
        + "94caca3320094a120a07656e67556e69741207080c4203626172650000c03f1802"
    static let deviceData = "08c8f097caca33120e101418c8f097caca33650000a03f1803"
    static let deviceDeath = "08b0f897caca331804"
    static let nodeDeath = "08988c94caca33120b0a05626453657120085803"
    static let types =
        "08809494caca33120e0a04696e743820015080ffffff0f120f0a05696e7431362002508080feff0f120f0a05696e74333220035080"
        + "8080800812140a05696e74363420045880808080808080808001120c0a0575696e7438200550ff01120e0a0675696e743136200650"
        + "ffff0312100a0675696e743332200750ffffffff0f12150a0675696e743634200858ffffffffffffffffff01120e0a05666c6f6174"
        + "200965000000bf12130a06646f75626c65200a6959f3f8c21f6ea501120d0a07626f6f6c65616e200b7001120d0a06737472696e67"
        + "200c7a016112130a086461746574696d65200d58809494caca33120c0a0474657874200e7a02c3a9122e0a0475756964200f7a2430"
        + "303030303030302d303030302d343030302d383030302d30303030303030303030303112150a076461746173657420108a01070801"
        + "1201611803120e0a056279746573201182010200ff122b0a0466696c652012421a120f6170706c69636174696f6e2f70646618042a"
        + "05612e7064668201042550444612120a0874656d706c617465201392010322015412110a06696e7431367320178201040100ffff18"
        + "00"
    static let narrow =
        "08809494caca33120b0a04696e7438200150ff01120d0a05696e743136200250d4fd03120f0a05696e74333220035090ddfbff0f12"
        + "140a05696e743634200458fbffffffffffffffff0112100a0675696e74333220075880d0acf30e1800"

    static let all = [nodeBirth, nodeData, deviceBirth, deviceData, deviceDeath, nodeDeath, types, narrow]
}

/// The bytes of a fixture.
func bytes(_ hex: String) throws -> [UInt8] {
    let digits = Array(hex.utf8)
    return try stride(from: 0, to: digits.count, by: 2).map { index in
        try #require(UInt8(String(decoding: digits[index..<index + 2], as: UTF8.self), radix: 16))
    }
}

/// A payload written field by field, for what no honest encoder would write.
struct SparkplugDraft {
    enum Value {
        case int(UInt64)
        case long(UInt64)
        case float(Float)
        case double(Double)
        case flag(Bool)
        case text([UInt8])
        case data([UInt8])
        case template([UInt8])
        case none
    }

    struct Metric {
        var name: String?
        var alias: UInt64?
        var time: UInt64?
        var type: UInt64?
        var isNull = false
        var value = Value.none
        var texts: [(String, String)] = []
        var quality: UInt64?
    }

    var time: UInt64?
    var count: UInt64?
    var metrics: [Metric]

    init(time: UInt64? = nil, count: UInt64?, _ metrics: [Metric]) {
        self.time = time
        self.count = count
        self.metrics = metrics
    }

    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        if let time { bytes += [0x08] + SparkplugDraft.varint(time) }
        for metric in metrics { bytes += SparkplugDraft.field([0x12], SparkplugDraft.bytes(of: metric)) }
        if let count { bytes += [0x18] + SparkplugDraft.varint(count) }
        return bytes
    }

    static func varint(_ number: UInt64) -> [UInt8] {
        number < 0x80 ? [UInt8(number)] : [UInt8(number & 0x7F) | 0x80] + varint(number >> 7)
    }

    static func field(_ key: [UInt8], _ bytes: [UInt8]) -> [UInt8] {
        key + varint(UInt64(bytes.count)) + bytes
    }

    private static func bytes(of metric: Metric) -> [UInt8] {
        var bytes: [UInt8] = []
        if let name = metric.name { bytes += field([0x0A], Array(name.utf8)) }
        if let alias = metric.alias { bytes += [0x10] + varint(alias) }
        if let time = metric.time { bytes += [0x18] + varint(time) }
        if let type = metric.type { bytes += [0x20] + varint(type) }
        if metric.isNull { bytes += [0x38, 1] }
        if !metric.texts.isEmpty || metric.quality != nil { bytes += field([0x4A], properties(of: metric)) }
        return bytes + self.bytes(of: metric.value)
    }

    /// The values before the names, which protobuf allows.
    private static func properties(of metric: Metric) -> [UInt8] {
        var values: [UInt8] = []
        var names: [UInt8] = []
        for (name, text) in metric.texts {
            values += field([0x12], [0x08, 12] + field([0x42], Array(text.utf8)))
            names += field([0x0A], Array(name.utf8))
        }
        if let quality = metric.quality {
            values += field([0x12], [0x08, 3, 0x18] + varint(quality))
            names += field([0x0A], Array("Quality".utf8))
        }
        return values + names
    }

    private static func bytes(of value: Value) -> [UInt8] {
        switch value {
        case .int(let number): [0x50] + varint(number)
        case .long(let number): [0x58] + varint(number)
        case .float(let number): [0x65] + littleEndian(UInt64(number.bitPattern), count: 4)
        case .double(let number): [0x69] + littleEndian(number.bitPattern, count: 8)
        case .flag(let isTrue): [0x70, isTrue ? 1 : 0]
        case .text(let text): field([0x7A], text)
        case .data(let data): field([0x82, 0x01], data)
        case .template(let template): field([0x92, 0x01], template)
        case .none: []
        }
    }

    private static func littleEndian(_ number: UInt64, count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: number >> (8 * UInt64($0))) }
    }
}

@Suite("Sparkplug payloads")
struct SparkplugPayloadTests {
    private func birth(_ payload: [UInt8]) -> SparkplugOutcome {
        var host = SparkplugHost()
        return host.take(payload, topic: "spBv1.0/g/NBIRTH/e", receivedAt: 0)
    }

    private func birth(_ metric: SparkplugDraft.Metric) -> SparkplugOutcome {
        birth(SparkplugDraft(count: 0, [metric, .init(name: "other", value: .flag(true))]).bytes)
    }

    private func values(_ outcome: SparkplugOutcome) -> [String: Reading.Value] {
        Dictionary(outcome.readings.map { ($0.metric, $0.value) }) { first, _ in first }
    }

    @Test func readsEveryTypeOfAnotherImplementation() throws {
        let taken = birth(try bytes(SparkplugFixture.types))
        #expect(taken.refusal == nil)
        #expect(
            values(taken) == [
                "int8": .number(-128), "int16": .number(-32_768), "int32": .number(-2_147_483_648),
                "int64": .number(-0x1p63), "uint8": .number(255), "uint16": .number(65_535),
                "uint32": .number(4_294_967_295), "uint64": .number(0x1p64), "float": .number(-0.5),
                "double": .number(1e-300), "boolean": .flag(true), "string": .text("a"),
                "datetime": .number(1_772_366_400_000), "text": .text("é"),
                "uuid": .text("00000000-0000-4000-8000-000000000001"), "bytes": .data([0, 255]),
                "file": .data(Array("%PDF".utf8)), "int16s": .data([1, 0, 255, 255]),
            ])
    }

    @Test func readsSmallNegativeNumbersThatAreAsWideAsTheirType() throws {
        let taken = birth(try bytes(SparkplugFixture.narrow))
        #expect(taken.refusal == nil)
        #expect(
            values(taken) == [
                "int8": .number(-1), "int16": .number(-300), "int32": .number(-70_000), "int64": .number(-5),
                "uint32": .number(4_000_000_000),
            ])
    }

    @Test(
        arguments: [
            (1, .int(127), 127), (1, .int(128), -128), (1, .int(255), -1), (1, .int(256), nil),
            (1, .int(0xFFFF_FF7F), nil), (1, .int(0xFFFF_FF80), -128), (1, .int(.max), -1), (1, .long(.max), -1),
            (1, .long(.max - 128), nil), (2, .int(32_768), -32_768), (2, .int(65_536), nil),
            (2, .int(0xFFFF_7FFF), nil), (3, .long(0x8000_0000), -2_147_483_648), (3, .long(0x1_0000_0000), nil),
            (3, .long(UInt64(bitPattern: -2_147_483_649)), nil), (5, .int(256), nil), (6, .int(65_536), nil),
            (7, .long(0x1_0000_0000), nil), (4, .int(5), 5), (9, .double(1.5), 1.5), (10, .float(1.5), 1.5),
            (0, .int(5), 5), (0, .double(2), 2),
        ] as [(UInt64, SparkplugDraft.Value, Double?)])
    func takesWhatLiesInTheRangeOfItsType(_ type: UInt64, _ value: SparkplugDraft.Value, _ number: Double?) {
        let taken = birth(.init(name: "m", type: type, value: value))
        #expect(values(taken)["m"] == number.map { .number($0) })
        #expect(taken.refusal?.code == (number == nil ? .valueInvalid : nil))
    }

    @Test(
        arguments: [
            (3, .double(1), .valueInvalid), (3, .text([0x61]), .valueInvalid), (10, .int(1), .valueInvalid),
            (11, .int(1), .valueInvalid), (12, .double(1), .valueInvalid), (17, .text([0x61]), .valueInvalid),
            (35, .int(1), .valueInvalid), (.max, .int(1), .valueInvalid), (10, .none, .valueMissing),
            (0, .none, .valueMissing), (10, .double(.nan), .valueNotFinite), (9, .float(.infinity), .valueNotFinite),
            (0, .double(-.infinity), .valueNotFinite), (12, .text([0xC3, 0x28]), .textMalformed),
        ] as [(UInt64, SparkplugDraft.Value, TelemetryError.Code)])
    func leavesOutAndNamesWhatIsNoValueOfItsType(
        _ type: UInt64, _ value: SparkplugDraft.Value, _ code: TelemetryError.Code
    ) {
        let taken = birth(.init(name: "broken", type: type, value: value))
        #expect(taken.readings.map(\.metric) == ["other"], "One metric harms no other.")
        #expect(taken.refusal?.code == code && taken.refusal?.message.hasPrefix("broken: ") == true)
        #expect(taken.isBirth)
    }

    @Test func readsNothingFromANull() {
        let taken = birth(.init(name: "m", type: 10, isNull: true, value: .double(1)))
        #expect(taken.readings.map(\.metric) == ["other"] && taken.refusal == nil)
    }

    @Test(arguments: [nil, ""] as [String?])
    func refusesAMetricOfABirthWithoutAName(_ name: String?) {
        let taken = birth(.init(name: name, alias: 1, value: .double(1)))
        #expect(taken.readings.map(\.metric) == ["other"] && taken.refusal?.code == .nameInvalid)
    }

    @Test(arguments: [Reading.valueBytesMax - 1, Reading.valueBytesMax, Reading.valueBytesMax + 1])
    func refusesValuesOverTheLimitOfAReading(_ count: Int) {
        let value = [UInt8](repeating: 0x61, count: count)
        for metric in [
            SparkplugDraft.Metric(name: "m", type: 12, value: .text(value)),
            .init(name: "m", type: 17, value: .data(value)),
        ] {
            #expect(birth(metric).refusal?.code == (count <= Reading.valueBytesMax ? nil : .valueTooLong))
        }
    }

    @Test(arguments: [253_402_300_799_999, 253_402_300_800_000, .max] as [UInt64])
    func refusesTimesBehindTheCalendar(_ time: UInt64) {
        let fits = time == 253_402_300_799_999
        #expect(birth(.init(name: "m", time: time, value: .double(1))).refusal?.code == (fits ? nil : .timeInvalid))
        let whole = birth(SparkplugDraft(time: time, count: 0, [.init(name: "m", value: .double(1))]).bytes)
        #expect(whole.refusal?.code == (fits ? nil : .timeInvalid))
        #expect(whole.events.map(\.time) == [fits ? Int64(time) * 1_000 : 0])
    }

    // MARK: Bytes

    @Test(arguments: [
        InboundMessage.payloadBytesMax - 1, InboundMessage.payloadBytesMax, InboundMessage.payloadBytesMax + 1,
    ])
    func refusesAPayloadOverTheLimit(_ count: Int) {
        let payload = [0x18, 0] + SparkplugDraft.field([0x2A], [UInt8](repeating: 0, count: count - 6))
        #expect(payload.count == count)
        #expect(birth(payload).refusal?.code == (count <= InboundMessage.payloadBytesMax ? nil : .payloadTooLarge))
    }

    @Test func refusesAnEmptyPayload() {
        #expect(birth([]).refusal?.code == .valueMissing)
    }

    @Test func refusesACompressedPayload() {
        let uuid = SparkplugDraft.field([0x22], Array("SPBV1.0_COMPRESSED".utf8))
        #expect(birth(uuid + SparkplugDraft.field([0x2A], [1, 2, 3])).refusal?.code == .formatUnknown)
    }

    @Test func stepsOverFieldsThatItDoesNotKnow() throws {
        let strange: [UInt8] = [
            0x30, 1, 0x3A, 1, 1, 0x45, 1, 2, 3, 4, 0x49, 1, 2, 3, 4, 5, 6, 7, 8, 0xF8, 0xFF, 0xFF, 0xFF, 0x0F, 0,
        ]
        let known = try bytes(SparkplugFixture.types)
        #expect(birth(strange + known + strange) == birth(known))
    }

    @Test(
        arguments: [
            [0x08], [0x08, 0x80], [0x12, 1], [0x12, 0x80], [0x0B, 0x0C], [0x0E], [0x0F], [0x00, 0x00], [0x02, 0],
            [0x12, 2, 0x65, 0], [0x12, 2, 0x69, 0], [0x12, 3, 0x0A, 5, 0x61], [0x12, 2, 0x13, 0x14],
            [0x12, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01],
            [0x08, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01],
            [0x80, 0x80, 0x80, 0x80, 0x10, 0],
        ] as [[UInt8]])
    func refusesMalformedProtobuf(_ payload: [UInt8]) {
        let taken = birth(payload)
        #expect(taken.refusal?.code == .protobufMalformed)
        #expect((0...payload.count).contains(taken.refusal?.position ?? -1))
        #expect(taken.readings.isEmpty && taken.events.isEmpty && !taken.isBirth)
    }

    @Test func stepsOverTemplatesHoweverDeep() {
        var template: [UInt8] = []
        while template.count < 200_000 {
            template = SparkplugDraft.field([0x12], SparkplugDraft.field([0x92, 0x01], template))
        }
        let taken = birth(.init(name: "deep", type: 19, value: .template(template)))
        #expect(taken.readings.map(\.metric) == ["other"] && taken.refusal == nil)
    }

    @Test func malformedPropertiesHarmOnlyTheirMetric() {
        let metric = SparkplugDraft.field([0x0A], [0x61]) + SparkplugDraft.field([0x4A], [0x0A, 9]) + [0x70, 1]
        let other = SparkplugDraft.field([0x12], SparkplugDraft.field([0x0A], [0x62]) + [0x70, 1])
        let taken = birth(SparkplugDraft.field([0x12], metric) + other)
        #expect(taken.readings.map(\.metric) == ["b"] && taken.refusal?.code == .protobufMalformed)
    }

    // MARK: Hostile bytes

    private static let topics = ["NBIRTH/e", "NDATA/e", "NDEATH/e", "DBIRTH/e/d", "DDATA/e/d", "DDEATH/e/d"]

    /// A host that knows the births that the fixtures' aliases need.
    private static func born() throws -> SparkplugHost {
        var host = SparkplugHost()
        _ = host.take(try bytes(SparkplugFixture.nodeBirth), topic: "spBv1.0/g/NBIRTH/e", receivedAt: 0)
        _ = host.take(try bytes(SparkplugFixture.deviceBirth), topic: "spBv1.0/g/DBIRTH/e/d", receivedAt: 0)
        return host
    }

    private func survives(_ payload: [UInt8], _ host: SparkplugHost, under topic: String) {
        var host = host
        let taken = host.take(payload, topic: "spBv1.0/g/" + topic, receivedAt: 0)
        #expect((0...payload.count).contains(taken.refusal?.position ?? 0))
        #expect(taken.readings.allSatisfy { $0.value.number?.isFinite != false })
    }

    @Test(arguments: SparkplugFixture.all, SparkplugPayloadTests.topics)
    func answersEveryTruncationWithoutATrap(_ fixture: String, _ topic: String) throws {
        let whole = try bytes(fixture)
        let host = try SparkplugPayloadTests.born()
        for count in 0...whole.count { survives(Array(whole.prefix(count)), host, under: topic) }
    }

    /// The numbers repeat (SplitMix64, seed 44).
    @Test(arguments: SparkplugFixture.all)
    func answersEverySpoilingWithoutATrap(_ fixture: String) throws {
        let whole = try bytes(fixture)
        let host = try SparkplugPayloadTests.born()
        let topics = SparkplugPayloadTests.topics
        var state: UInt64 = 44
        func next(below bound: Int) -> Int {
            state &+= 0x9E37_79B9_7F4A_7C15
            var mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
            return Int((mixed ^ (mixed >> 31)) % UInt64(bound))
        }
        for round in 0..<2_000 {
            var spoilt = whole
            for _ in 0...next(below: 4) where !spoilt.isEmpty {
                let index = next(below: spoilt.count)
                switch next(below: 4) {
                case 0: spoilt[index] = UInt8(next(below: 256))
                case 1: spoilt.remove(at: index)
                case 2: spoilt.insert(spoilt[next(below: spoilt.count)], at: index)
                default: spoilt[index] ^= 1 << UInt8(next(below: 8))
                }
            }
            survives(spoilt, host, under: topics[round % topics.count])
        }
    }
}
