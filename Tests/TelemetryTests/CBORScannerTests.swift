import Testing

@testable import Telemetry

@Suite("CBOR is walked over strictly")
struct CBORScannerTests {
    private func scanner(_ hex: String) -> CBORScanner {
        CBORScanner(SenMLExample.bytes(hex))
    }

    private func skip(_ bytes: [UInt8]) throws {
        var scanner = CBORScanner(bytes)
        try scanner.skipItem()
        try scanner.expectEnd()
    }

    /// The examples of RFC 8949 appendix A.
    @Test(arguments: [
        "00", "01", "0a", "17", "1818", "1819", "1864", "1903e8", "1a000f4240", "1b000000e8d4a51000",
        "1bffffffffffffffff", "c249010000000000000000", "3bffffffffffffffff", "c349010000000000000000", "20", "29",
        "3863", "3903e7", "f90000", "f98000", "f93c00", "fb3ff199999999999a", "f93e00", "f97bff", "fa47c35000",
        "fa7f7fffff", "fb7e37e43c8800759c", "f90001", "f90400", "f9c400", "fbc010666666666666", "f97c00", "f97e00",
        "f9fc00", "fa7f800000", "fa7fc00000", "faff800000", "fb7ff0000000000000", "fb7ff8000000000000",
        "fbfff0000000000000", "f4", "f5", "f6", "f7", "f0", "f8ff",
        "c074323031332d30332d32315432303a30343a30305a", "c11a514b67b0", "c1fb41d452d9ec200000", "d74401020304",
        "d818456449455446", "d82076687474703a2f2f7777772e6578616d706c652e636f6d", "40", "4401020304", "60", "6161",
        "6449455446", "62225c", "62c3bc", "63e6b0b4", "64f0908591", "80", "83010203", "8301820203820405",
        "98190102030405060708090a0b0c0d0e0f101112131415161718181819", "a0", "a201020304", "a26161016162820203",
        "826161a161626163", "a56161614161626142616361436164614461656145", "5f42010243030405ff",
        "7f657374726561646d696e67ff", "9fff", "9f018202039f0405ffff", "9f01820203820405ff", "83018202039f0405ff",
        "83019f0203ff820405", "9f0102030405060708090a0b0c0d0e0f101112131415161718181819ff",
        "bf61610161629f0203ffff", "826161bf61626163ff", "bf6346756ef563416d7421ff",
    ])
    func walksOverEveryItem(_ hex: String) throws {
        try skip(SenMLExample.bytes(hex))
    }

    /// The examples of RFC 8949 appendix F, and texts that are no UTF-8.
    @Test(arguments: [
        "", "18", "19", "1a", "1b", "1901", "1a0102", "1b01020304050607", "38", "58", "78", "98", "9a01ff00", "b8",
        "d8",
        "f8", "f900", "fa0000", "fb000000", "41", "61", "5affffffff00", "5bffffffffffffffff010203", "7affffffff00",
        "7b7fffffffffffffff010203", "81", "818181818181818181", "8200", "a1", "a20102", "a100", "a2000000", "c0",
        "5f4100", "7f6100", "9f", "9f0102", "bf", "bf01020102", "819f", "9f8000", "9f9f9f9f9fffffffff",
        "9f819f819f9fffffff", "1c", "1d", "1e", "3c", "3d", "3e", "5c", "5d", "5e", "7c", "7d", "7e", "9c", "9d", "9e",
        "bc", "bd", "be", "dc", "dd", "de", "fc", "fd", "fe", "f800", "f801", "f818", "f81f", "5f00ff", "5f21ff",
        "5f6100ff", "5f80ff", "5fa0ff", "5fc000ff", "5fe0ff", "7f4100ff", "5f5f4100ffff", "7f7f6100ffff", "ff", "81ff",
        "8200ff", "a1ff", "a1ff00", "a100ff", "a20000ff", "9f81ff", "9f829f819f9fffffffff", "bf00ff", "bf000000ff",
        "1f",
        "3f", "df", "61ff", "62c328", "63eda080", "7f61c361bcff", "0000",
    ])
    func refusesWhatIsNotWellFormed(_ hex: String) {
        let bytes = SenMLExample.bytes(hex)
        let error = #expect(throws: TelemetryError.self) { try skip(bytes) }
        #expect(error?.code == .cborMalformed)
        #expect((0...bytes.count).contains(error?.position ?? -1))
    }

    @Test(arguments: [
        CBORScanner.depthMax - 1, CBORScanner.depthMax, CBORScanner.depthMax + 1, InboundMessage.payloadBytesMax - 1,
    ])
    func nestsNoDeeperThanItMay(_ depth: Int) throws {
        let bytes = [UInt8](repeating: 0x81, count: depth) + [0]
        if depth <= CBORScanner.depthMax {
            try skip(bytes)
        } else {
            let error = #expect(throws: TelemetryError.self) { try skip(bytes) }
            #expect(error?.code == .nestingTooDeep)
            #expect(error?.position == CBORScanner.depthMax)
        }
    }

    @Test func walksOverTagsOfAWholePayload() throws {
        try skip([UInt8](repeating: 0xC6, count: InboundMessage.payloadBytesMax - 1) + [0])
    }

    @Test func readsEveryHalfAsTheProcessorDoes() throws {
        for bits in 0..<UInt64(0x10000) {
            guard case .float(let half) = CBORNumber(floatSize: 25, bits: bits) else {
                Issue.record("\(bits) is a half")
                return
            }
            let expected = Double(Float16(bitPattern: UInt16(bits)))
            #expect(half == expected || (half.isNaN && expected.isNaN))
            #expect(half.sign == expected.sign || half.isNaN)
        }
    }

    @Test(arguments: [
        ("c48221196ab3", 273.15), ("c4820105", 50), ("c482330f", 1.5e-19), ("c48239019001", 0),
        ("c48239019f00", 0), ("c4821903e800", 0), ("c482381a1b001fffffffffffff", 9_007_199_254_740_991e-27),
        ("c482163bffffffffffffffff", -18_446_744_073_709_551_616e22), ("c482151903e7", 999e21),
        ("c4823bffffffffffffffff01", 0), ("c4823903e71bffffffffffffffff", 0),
    ])
    func readsDecimalFractionsAsTheNearestDouble(_ hex: String, _ expected: Double) throws {
        var scanner = scanner(hex)
        #expect(try scanner.number().double == expected)
        try scanner.expectEnd()
    }

    @Test(
        arguments: [
            ("1b00000007ffffffff", 34_359_738_367_000_000), ("3a3b9ac9ff", -1_000_000_000_000_000), ("c4822501", 1),
            ("c4822601", 0), ("c4822609", 0), ("c48238ff01", 0), ("c4823bffffffffffffffff01", 0), ("c4820000", 0),
            ("c4821bffffffffffffffff00", nil), ("c4820c01", 1_000_000_000_000_000_000), ("1bffffffffffffffff", nil),
            ("3bffffffffffffffff", nil), ("c482003bffffffffffffffff", nil), ("f97e00", nil),
            ("fb7fefffffffffffff", nil),
            ("f97c00", nil), ("c4822520", -1), ("c4820520", -100_000_000_000),
        ] as [(String, Int64?)])
    func readsSecondsAsMicroseconds(_ hex: String, _ expected: Int64?) throws {
        var scanner = scanner(hex)
        let inRange = expected.flatMap { $0 >= Reading.timeMin && $0 <= Reading.timeMax ? $0 : nil }
        #expect(try scanner.number().microseconds == inRange)
    }

    @Test func putsChunksTogether() throws {
        var text = scanner("7f657374726561646d696e67ff")
        #expect(try text.text() == "streaming")
        var data = scanner("5f42010243030405ff")
        #expect(try data.data() == [1, 2, 3, 4, 5])
        var none = scanner("7fff")
        #expect(try none.text().isEmpty)
    }

    @Test(arguments: [("f4", false), ("f5", true)])
    func readsFlags(_ hex: String, _ expected: Bool) throws {
        var scanner = scanner(hex)
        #expect(try scanner.flag() == expected)
        try scanner.expectEnd()
    }
}
