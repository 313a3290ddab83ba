import Testing

@testable import Telemetry

@Suite("SenML in CBOR becomes readings")
struct SenMLCBORTests {
    private static let now = SenMLExample.receivedAt

    /// The dump in RFC 8428 section 6.
    private static let current = """
        87 a7 21 78 1b 75 72 6e 3a 64 65 76 3a 6f 77 3a 31 30 65 32 30 37 33 61 30 31 30 38 30 30 36 3a
        22 fb 41 d3 03 a1 5b 00 10 62 23 61 41 20 05 00 67 76 6f 6c 74 61 67 65 01 61 56 02 fb 40 5e 06
        66 66 66 66 66 a3 00 67 63 75 72 72 65 6e 74 06 24 02 fb 3f f3 33 33 33 33 33 33 a3 00 67 63 75
        72 72 65 6e 74 06 23 02 fb 3f f4 cc cc cc cc cc cd a3 00 67 63 75 72 72 65 6e 74 06 22 02 fb 3f
        f6 66 66 66 66 66 66 a3 00 67 63 75 72 72 65 6e 74 06 21 02 f9 3e 00 a3 00 67 63 75 72 72 65 6e
        74 06 20 02 fb 3f f9 99 99 99 99 99 9a a3 00 67 63 75 72 72 65 6e 74 06 00 02 fb 3f fb 33 33 33
        33 33 33
        """

    /// The other examples, encoded by the Python package cbor2 5.4.6; collection and thermostat in canonical form.
    private static let measurements = """
        8da421781b75726e3a6465763a6f773a3130653230373361303130383030363322fb41d3aba86200000023632552480214a2
        01636c6f6e02fb40384e63c74fb54aa201636c617402fb404e0a31f8a0902ea206183c02fb40344ccccccccccda301636c6f
        6e06183c02fb40384e646f156191a301636c617406183c02fb404e0a31f8a0902ea206187802fb4034b33333333333a30163
        6c6f6e06187802fb40384e6516db0dd8a301636c617406187802fb404e0a324c836651a3016325454c061896021862a20618
        b402fb4035333333333333a301636c6f6e0618b402fb40384e685db76b3ca301636c61740618b402fb404e0a32a0663c75
        """

    private static let types = """
        84a421781c75726e3a6465763a6f773a313065323037336130313038303036333a006474656d70016343656c02fb40371999
        9999999aa200656c6162656c036c4d616368696e6520526f6f6da200646f70656e04f4a2006a6e66762d7265616465720844
        6869200a
        """

    private static let collection = """
        84a5006b74656d7065726174757265016343656c02fb4039333333333333216c323030313a6462383a3a322f22fb41d3abb3
        17400000a3006868756d6964697479016325524802181ea4006b74656d7065726174757265016343656c02fb402899999999
        999a216c323030313a6462383a3a312fa3006868756d69646974790163255248021843
        """

    private static let thermostat = """
        84a121781c75726e3a6465763a6f773a313065323037336130313038303036333aa3006474656d70016343656c02fb403719
        999999999aa300646865617401612f0201a3006366616e01612f0200
        """

    private static let lightsOff = """
        84a422fb41d3abb31740000023612f006b323030313a6462383a3a3302fb3fe0000000000000a2006b323030313a6462383a
        3a3402fb3fe0000000000000a3006b323030313a6462383a3a3306fb3fb999999999999a0200a3006b323030313a6462383a
        3a3406fb3fb999999999999a0200
        """

    private static let all = [current, measurements, types, collection, thermostat, lightsOff]

    /// `{0: "a:b"` of one record with so many further fields.
    private func pack(_ fields: Int, _ hex: String) -> String {
        "81" + ["a1", "a2", "a3", "a4"][fields] + "0063613a62" + hex
    }

    private func decode(_ hex: String) throws -> [Reading] {
        try SenMLExample.decode(hex: hex)
    }

    private func refusal(_ hex: String) -> TelemetryError? {
        #expect(throws: TelemetryError.self, "\(hex)") { try decode(hex) }
    }

    @Test(arguments: [
        (current, SenMLExample.current), (measurements, SenMLExample.measurements), (types, SenMLExample.types),
        (collection, SenMLExample.collection), (thermostat, SenMLExample.thermostat),
        (lightsOff, SenMLExample.lightsOff),
    ])
    func readsTheSameAsInJSON(_ hex: String, _ json: String) throws {
        #expect(try decode(hex) == SenMLExample.decode(json))
    }

    @Test func readsAPackWithoutRecords() throws {
        #expect(try decode("80") == [])
        #expect(try decode("9fff") == [])
    }

    @Test(arguments: [
        // 1, 2^64 - 1, -1, -2^64
        ("01", 1.0), ("1bffffffffffffffff", 0x1p64), ("20", -1), ("3bffffffffffffffff", -0x1p64),
        // the integer 5 in 8 bytes, and 24 in 1
        ("1b0000000000000005", 5), ("1818", 24),
        // 1.5 as half, 100000 as single, 1.1 as double
        ("f93e00", 1.5), ("fa47c35000", 100_000), ("fb3ff199999999999a", 1.1),
        // 4([-2, -525]), 4([1, 5]), 4([-3, 2^64 - 1]), 4([-400, 1]), indefinite 4([-1, 15])
        ("c4822139020c", -5.25), ("c4820105", 50), ("c482221bffffffffffffffff", 18_446_744_073_709_551.615),
        ("c48239018f01", 0), ("c49f200fff", 1.5),
    ])
    func readsEveryNumber(_ hex: String, _ value: Double) throws {
        #expect(try decode(pack(1, "02" + hex)).map(\.value) == [.number(value)])
    }

    @Test(arguments: [
        // NaN, infinities, 4([400, 1])
        ("f97e00", TelemetryError.Code.valueNotFinite), ("f97c00", .valueNotFinite), ("faff800000", .valueNotFinite),
        ("fb7ff0000000000000", .valueNotFinite), ("c48219019001", .valueNotFinite),
        // 2^64 and -2^64 - 1 as big numbers, 4([0, 2(h'01')])
        ("c249010000000000000000", .valueInvalid), ("c349010000000000000000", .valueInvalid),
        // a text, null, undefined, true, an array, another tag, a bigfloat
        ("6131", .cborMalformed), ("f6", .cborMalformed), ("f7", .cborMalformed), ("f5", .cborMalformed),
        ("80", .cborMalformed), ("c101", .cborMalformed), ("c5820101", .cborMalformed),
        // 4 before no array, and arrays of one and of three
        ("c401", .cborMalformed), ("c48101", .cborMalformed), ("c483010101", .cborMalformed),
        ("c482f93c0001", .cborMalformed),
    ])
    func refusesWhatIsNoNumber(_ hex: String, _ code: TelemetryError.Code) {
        #expect(refusal(pack(1, "02" + hex))?.code == code)
        #expect(refusal(pack(1, "06" + hex)) != nil)
    }

    @Test func saysWhereANumberIsNone() {
        #expect(refusal(pack(1, "02f97e00"))?.position == 8)
        #expect(refusal(pack(1, "02c48200c24101"))?.position == 11)
        #expect(refusal(pack(1, "06fb7ff0000000000000"))?.position == 8)
    }

    @Test(arguments: [
        // -5, 2^28 - 1, 2^28
        ("24", now - 5_000_000), ("1a0fffffff", now + 268_435_455_000_000), ("1a10000000", 268_435_456_000_000),
        // doubles: 1276020076.001, 2147483647.123457; a single 0.5; a half -0.25
        ("fb41d303a15b001062", 1_276_020_076_001_000), ("fb41dfffffffc7e6b8", 2_147_483_647_123_457),
        ("fa3f000000", now + 500_000), ("f9b400", now - 250_000),
        // 0.0000006 and -0.0000006 are nearest to a microsecond
        ("fb3ea421f5f40d8376", now + 1), ("fbbea421f5f40d8376", now - 1),
        // 4([-6, 1772366400123456]), 4([-7, 17723664001234569]), 4([2, 17723664])
        ("c482251b00064bf535b0f240", 1_772_366_400_123_456), ("c482261b003ef79418e97689", 1_772_366_400_123_456),
        ("c482021a010e7110", 1_772_366_400_000_000),
    ])
    func readsTimesToTheMicrosecond(_ hex: String, _ time: Int64) throws {
        #expect(try decode(pack(2, "0201 06" + hex)).map(\.time) == [time])
    }

    @Test(arguments: [
        "1b0000003affffffff", "fb7fefffffffffffff", "3bffffffffffffffff", "c482186401", "c4821bffffffffffffffff01",
    ])
    func refusesTimesBeyondTheYears(_ hex: String) {
        let error = refusal(pack(2, "0201 06" + hex))
        #expect(error?.code == .timeInvalid)
        #expect(error?.position == 10)
    }

    @Test(arguments: [
        // [_ {0: "a:b", 2: 1}], [{_ 0: "a:b", 2: 1}], {0: (_ "a:", "b"), 2: 1}, {0: "a:b", (_ "x"): 0, 2: 1}
        "9fa20063613a620201ff", "81bf0063613a620201ff", "81a2007f62613a6162ff0201", "81a30063613a627f6178ff000201",
        // labels and lengths in more bytes than they need
        "990001 a20063613a620201", "81a21800 7803613a62 1802 01",
    ])
    func readsEveryWayToWriteARecord(_ hex: String) throws {
        #expect(try decode(hex) == SenMLExample.decode(#"[{"n":"a:b","v":1}]"#))
    }

    @Test func readsDataThatComesInChunks() throws {
        #expect(try decode(pack(1, "085f4101420203ff")).map(\.value) == [.data([1, 2, 3])])
        #expect(try decode(pack(1, "037f6141606142ff")).map(\.value) == [.text("AB")])
    }

    @Test(arguments: [
        // labels that nobody asked for: 9, -7, 300, -300, "x", "_x", ""
        "09f6", "26a0", "19012c80", "39012b8101", "6178a1f6f6", "625f7801",
        "60c074323031332d30332d32315432303a30343a30305a",
    ])
    func ignoresLabelsThatNobodyAskedFor(_ hex: String) throws {
        #expect(try decode(pack(2, hex + "0201")) == SenMLExample.decode(#"[{"n":"a:b","v":1}]"#))
    }

    @Test(arguments: [
        // "x_", and the JSON spellings of v and bt
        "62785f00", "617600", "6262740a",
    ])
    func refusesLabelsThatItMustNotIgnore(_ hex: String) {
        let error = refusal(pack(2, "0201" + hex))
        #expect(error?.code == .labelUnknown)
        #expect(error?.position == 9)
    }

    @Test(arguments: [
        "216161", "2201", "236156", "2401", "2501", "200a", "006161", "016156", "0201", "036161", "04f5", "0501",
        "0601",
        "0701", "084161",
    ])
    func refusesALabelThatStandsTwice(_ field: String) {
        let error = refusal("81a2" + field + field)
        #expect(error?.code == .keyRepeated)
        #expect(error?.position == 2 + field.utf8.count / 2)
    }

    @Test(arguments: ["2001", "2005", "200a"])
    func readsTheVersionsThatItKnows(_ field: String) throws {
        #expect(try decode(pack(2, field + "0201")).count == 1)
    }

    @Test(arguments: ["2000", "200b", "20181a", "2020", "20f94900", "20c4820101", "206131", "201bffffffffffffffff"])
    func refusesVersionsThatItDoesNotKnow(_ field: String) {
        let error = refusal(pack(2, field + "0201"))
        #expect(error?.code == .versionUnknown)
        #expect(error?.position == 7)
    }

    @Test(arguments: [
        // no value, two values, base fields and a time alone
        ("81a10063613a62", TelemetryError.Code.valueMissing, 1), ("81a0", .valueMissing, 1),
        ("81a30063613a62020104f5", .valueInvalid, 1), ("81a2216161 0601", .valueMissing, 1),
        // names
        ("81a1 0201", .nameInvalid, 1), ("81a2 0063612062 0201", .nameInvalid, 1), ("81a2 006174 0201", .keyMissing, 1),
        ("81a2 0063613aff 0201", .cborMalformed, 3),
        // values of another type
        ("81a20063613a620401", .cborMalformed, 8), ("81a20063613a62034161", .cborMalformed, 8),
        ("81a20063613a62086161", .cborMalformed, 8), ("81a20001", .cborMalformed, 3),
        // no pack, no record, no label, more than one item, an end too early
        ("a0", .cborMalformed, 0), ("8101", .cborMalformed, 1), ("81a1f501", .cborMalformed, 2),
        ("8000", .cborMalformed, 1),
        ("", .cborMalformed, 0), ("82a20063613a620201", .cborMalformed, 9), ("81bf0063613a6202ff", .cborMalformed, 8),
        ("9bffffffffffffffff00", .cborMalformed, 0), ("81bbffffffffffffffff00", .cborMalformed, 1),
        ("81a1005bffffffffffffffff", .cborMalformed, 3), ("81a1007bffffffffffffffff", .cborMalformed, 3),
    ])
    func refusesWhatIsNoPack(_ hex: String, _ code: TelemetryError.Code, _ position: Int) {
        let error = refusal(hex)
        #expect(error?.code == code)
        #expect(error?.position == position)
    }

    @Test(arguments: [InboundMessage.readingsMax - 1, InboundMessage.readingsMax, InboundMessage.readingsMax + 1])
    func readsNoMoreReadingsThanThereMayBe(_ count: Int) throws {
        let record = "a2 0063613a62 0201"
        let hex =
            "99" + String(UInt32(0x10000 + count), radix: 16).dropFirst() + String(repeating: record, count: count)
        if count <= InboundMessage.readingsMax {
            #expect(try decode(hex).count == count)
        } else {
            let error = refusal(hex)
            #expect(error?.code == .readingsTooMany)
            #expect(error?.position == 3 + InboundMessage.readingsMax * 8)
        }
    }

    @Test func readsNoMoreBytesThanThereMayBe() {
        let payload = [UInt8](repeating: 0x80, count: InboundMessage.payloadBytesMax + 1)
        func code(_ payload: [UInt8]) -> TelemetryError.Code? {
            let error = #expect(throws: TelemetryError.self) {
                try decodeSenMLCBOR(payload, topic: "x", pattern: nil, receivedAt: 0)
            }
            return error?.code
        }
        #expect(code(payload) == .payloadTooLarge)
        #expect(code(Array(payload.dropLast())) == .cborMalformed)
    }

    @Test func takesTheDeviceFromTheTopic() throws {
        let pattern = try TopicPattern("sensors/{device}/senml")
        let readings = try decodeSenMLCBOR(
            SenMLExample.bytes(SenMLCBORTests.thermostat), topic: "sensors/10e2073a01080063/senml", pattern: pattern,
            receivedAt: 0)
        #expect(readings.map(\.device) == Array(repeating: "10e2073a01080063", count: 3))
        #expect(readings.map(\.metric) == ["temp", "heat", "fan"])
    }

    @Test(arguments: all.indices)
    func answersEveryCutAndSpoilingWithoutATrap(_ index: Int) {
        SenMLExample.torment(SenMLExample.bytes(SenMLCBORTests.all[index]), seed: UInt64(index)) {
            try decodeSenMLCBOR($0, topic: "x", pattern: nil, receivedAt: SenMLExample.receivedAt)
        }
    }
}
