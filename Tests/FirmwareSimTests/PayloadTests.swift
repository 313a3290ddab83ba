import FoundationEssentials
import Ledger
import Testing

@testable import firmware_sim

/// The hex texts were made by other implementations, from the same values.
@Suite struct PayloadTests {
    private static let time: Int64 = 1_700_000_000_123_456

    private static func reading(
        _ metric: SensorReading.Metric, _ value: Double, session: String? = nil
    ) -> SensorReading {
        SensorReading(metric: metric, value: value, time: time, sequence: 3, session: session)
    }

    static func hex(_ bytes: [UInt8]) -> String {
        bytes.map { String(Int($0) + 256, radix: 16).dropFirst() }.joined()
    }

    static func bytes(_ hex: String) -> [UInt8] {
        let digits = Array(hex.utf8)
        return stride(from: 0, to: digits.count - 1, by: 2).compactMap {
            UInt8(String(decoding: digits[$0...$0 + 1], as: UTF8.self), radix: 16)
        }
    }

    @Test func jsonIsOneObjectForEachReading() {
        let payload = Self.reading(.temperature, 4.25).payload(of: "truck-7")
        let expected = """
            {"device":"truck-7","metric":"temperature","value":4.25,"unit":"Cel",\
            "time":"2023-11-14T22:13:20.123456Z","seq":3}
            """
        #expect(String(decoding: payload, as: UTF8.self) == expected)
        #expect(Self.reading(.door, 1).topic(of: "truck-7") == "sensors/truck-7/door")
    }

    @Test func jsonNamesTheSessionWhereThereIsOne() {
        let payload = String(
            decoding: Self.reading(.battery, 88, session: "boot-1").payload(of: "truck-7"), as: UTF8.self)
        #expect(payload.hasSuffix(#""seq":3,"session":"boot-1"}"#))
    }

    @Test(
        arguments: [
            (0, "1970-01-01T00:00:00.000000Z"), (-1, "1969-12-31T23:59:59.999999Z"),
            (951_827_696_000_007, "2000-02-29T12:34:56.000007Z"),
            (1_709_251_199_999_999, "2024-02-29T23:59:59.999999Z"),
            (4_107_542_400_000_000, "2100-03-01T00:00:00.000000Z"),
            (-62_135_596_800_000_000, "0001-01-01T00:00:00.000000Z"),
            (253_402_300_799_999_999, "9999-12-31T23:59:59.999999Z"),
        ] as [(Int64, String)])
    func timesAreInternetTimes(time: Int64, expected: String) {
        #expect(SensorReading.text(time) == expected)
    }

    private static let pack = SenMLPack(
        device: "truck-7",
        readings: [
            reading(.temperature, 4.25), reading(.door, 1), reading(.latitude, 48.472752), reading(.battery, 88),
        ])

    @Test func senMLNamesTheDeviceAndTheTimeOnce() {
        let expected = """
            [{"bn":"truck-7/","bt":1700000000.123456,"n":"temperature","u":"Cel","v":4.25},{"n":"door","vb":true},\
            {"n":"latitude","u":"lat","v":48.472752},{"n":"battery","u":"%EL","v":88.0}]
            """
        #expect(String(decoding: Self.pack.json, as: UTF8.self) == expected)
    }

    /// Made with cbor2 5.4.6.
    @Test func senMLInCBORIsWhatAnotherEncoderWrites() {
        let expected = """
            84a52168747275636b2d372f22fb41d954fc4007e6b4006b74656d7065726174757265016343656c02fb4011000000000000\
            a20064646f6f7204f5a300686c6174697475646501636c617402fb40483c8323358f2ea3006762617474657279016325454c\
            02fb4056000000000000
            """
        #expect(Self.hex(Self.pack.cbor) == expected)
    }

    @Test(arguments: [
        (0, "00"), (23, "17"), (24, "1818"), (255, "18ff"), (256, "190100"), (65_535, "19ffff"), (65_536, "1a00010000"),
        (4_294_967_295, "1affffffff"), (4_294_967_296, "1b0000000100000000"), (-1, "20"), (-24, "37"), (-25, "3818"),
    ])
    func integersAreAsShortAsTheyCanBe(number: Int, expected: String) {
        var bytes = CBORBytes()
        bytes.integer(number)
        #expect(Self.hex(bytes.bytes) == expected)
    }

    @Test(arguments: ["-truck", ".truck", "_truck", "", "tr/uck"])
    func refusesANameThatSenMLDoesNotAllow(name: String) {
        #expect(throws: CustodyError.self) { try SenMLPack.checkDevice(name) }
    }
}
