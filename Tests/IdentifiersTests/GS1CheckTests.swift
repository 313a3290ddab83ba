import Testing

@testable import Identifiers

@Suite("Checks of values")
struct GS1CheckTests {
    struct Vector: Sendable, CustomTestStringConvertible {
        var check: GS1Check
        var passes: [String]
        var fails: [String]
        var testDescription: String { "\(check)" }
    }

    @Test(arguments: [
        Vector(
            check: .checkDigit,
            passes: ["24012345678905", "2112233789657", "416000336108", "02345680", "04012345000016"],
            fails: ["24012345678909", "2112233789658", "416000336107", "02345689", "04012345000012"]),
        Vector(
            check: .checkPair,
            passes: [
                "1987654Ad4X4bL5ttr2310c2K", "12345678901234567890123NT", "12345_ABCDEFGHIJKLMCP",
                "12345_NOPQRSTUVWXYZDN", "12345_abcdefghijklmN3", "12345_nopqrstuvwxyzP2", "12345_!\"%&'()*+,-./LC",
                "12345_0123456789:;<=>?62", "7907665Bm8v2AB", "97850l6KZm0yCD", "149512464PM+GH", "23956qk1&dB!23",
                "57453Uq3qA<H67", "99999zzzzzzzzzzzzzzzzzzT2", "22", "!22",
            ],
            fails: ["2", "33", "1987654Ad4X4bL5ttr2310cXK", "1987654Ad4X4bL5ttr2310c2X", "12345678901234567890123nt"]),
        Vector(check: .companyPrefix, passes: ["0123", "01234A"], fails: ["012", "012A", "A123"]),
        Vector(check: .date, passes: ["200229", "200600", "991231"], fails: ["210229", "200010", "201310", "200431"]),
        Vector(check: .day, passes: ["200229"], fails: ["210229", "200600"]),
        Vector(
            check: .longDay, passes: ["20000229", "19960229", "24000229", "19200131"],
            fails: ["19000229", "21000229", "20200600", "20201310", "20200132"]),
        Vector(check: .hour, passes: ["00", "23"], fails: ["24", "99"]),
        Vector(check: .minute, passes: ["00", "59"], fails: ["60"]),
        Vector(check: .hourMinute, passes: ["0000", "2359"], fails: ["2400", "2360"]),
        Vector(check: .nonzero, passes: ["0001", "10"], fails: ["0", "0000"]),
        Vector(check: .zero, passes: ["0"], fails: ["1"]),
        Vector(check: .noLeadingZero, passes: ["1", "10"], fails: ["0", "01"]),
        Vector(check: .nonDigit, passes: ["12A4", "_"], fails: ["1234"]),
        Vector(
            check: .pieceOfTotal, passes: ["0101", "0203", "9899", "9999"],
            fails: ["0001", "0100", "0000", "0908", "9998"]),
        Vector(
            check: .positionOfTotal, passes: ["1/1", "1/3", "9/9"], fails: ["0/1", "1/0", "2/1", "1//", "x/1", "123"]),
        Vector(check: .country, passes: ["004", "276", "894"], fails: ["000", "003", "999", "895"]),
        Vector(check: .countryOrNone, passes: ["004", "999"], fails: ["998"]),
        Vector(check: .countryLetters, passes: ["AD", "DE", "ZW", "SS", "OM"], fails: ["AA", "DD", "ZZ", "de", "UK"]),
        Vector(check: .currency, passes: ["008", "978", "999", "924"], fails: ["000", "998", "280"]),
        Vector(
            check: .bankAccount,
            passes: [
                "FR7630006000011234567890189", "DE91100000000123456789", "MU43BOMM0101123456789101000MUR",
                "BE71096123456769", "LC14BOSL123456789012345678901234", "MT90MALT011000012345MTLCAST001SABC",
            ],
            fails: ["BE71096123456760", "XX361234567890", "BE71", "LC14BOSLxx3456789012345678901230"]),
        Vector(check: .latitude, passes: ["0000000000", "1800000000"], fails: ["1800000001"]),
        Vector(check: .longitude, passes: ["0000000000", "3600000000"], fails: ["3600000001"]),
        Vector(check: .winding, passes: ["0", "1", "9"], fails: ["2", "8"]),
        Vector(check: .yesNo, passes: ["0", "1"], fails: ["2", "9"]),
        Vector(check: .sex, passes: ["0", "1", "2", "9"], fails: ["3", "8"]),
        Vector(check: .mediaType, passes: ["01", "10", "80", "99"], fails: ["00", "11", "79"]),
        Vector(
            check: .packageType, passes: ["1A", "200", "8", "APE", "ZZ", "X20"],
            fails: ["0", "000", "A", "1a", "ZZZ", "APEX"]),
        Vector(check: .importerIndex, passes: ["-", "0", "Z", "_", "a"], fails: ["!", "/", "="]),
        Vector(
            check: .percentEncoding, passes: ["A", "%00", "%fF", "ABC%20XYZ"],
            fails: ["%", "%f", "%fg", "ABC%gXYZ", "A%4"]),
        Vector(check: .hyphen, passes: ["-"], fails: ["+", "0"]),
        Vector(
            check: .couponOffer,
            passes: ["001234561234560123456", "0012345612345611234567", "061234567890121234569123456789012345"],
            fails: [
                "a01234561234560123456", "201234561234560123456", "0", "001234", "07", "00123456123456",
                "00123456123456012345", "0012345612345601234567",
            ]),
        Vector(
            check: .coupon,
            passes: [
                "012345612345611110123", "612345678901212345611110123",
                "012345612345611110123" + "1011" + "0123" + "9", "012345612345611110123" + "1011" + "0123" + "0123456",
                "012345612345611110123" + "211" + "0123" + "9", "012345612345611110123" + "3261231" + "4260101",
                "012345612345611110123" + "50123456", "012345612345611110123" + "61" + "1234567",
                "012345612345611110123" + "9" + "0101",
            ],
            fails: [
                "01234561234561111012a", "01", "0123456", "7123456", "0123456123456", "01234561234560",
                "012345612345611",
                "012345612345611115123", "01234561234561111012", "0123456123456111101238",
                "012345612345611110123" + "3261331", "012345612345611110123" + "3260101" + "4261231",
                "012345612345611110123" + "60" + "123456", "012345612345611110123" + "9" + "3101",
                "012345612345611110123" + "9" + "0102", "012345612345611110123" + "4260101" + "3261231",
            ]),
    ])
    func tellsRightFromWrong(_ vector: Vector) {
        for value in vector.passes {
            #expect(vector.check.problem(in: Array(value.utf8)[...], year: 2026) == nil, "\(value)")
        }
        for value in vector.fails {
            let problem = vector.check.problem(in: Array(value.utf8)[...], year: 2026)
            #expect(problem != nil, "\(value)")
            #expect((0...value.utf8.count).contains(problem?.index ?? 0), "\(value)")
        }
    }

    @Test(arguments: [
        ("12=", true), ("1==", true), ("123", true), ("-_", true), ("123=", false), ("12==", false), ("1===", false),
        ("1=3", false), ("=", false), ("12+", false),
    ])
    func readsBase64WithItsFiller(_ value: String, _ isFine: Bool) {
        #expect((GS1Base64.firstOutside(Array(value.utf8)[...]) == nil) == isFine)
    }

    /// By hand: 3 × (0+0+2+4+0+0+1) + (4+1+3+5+0+0) = 21 + 13 = 34, and 6 make 40.
    @Test func computesTheCheckDigit() {
        #expect(gs1CheckDigit(Array("0401234500001".utf8)[...]) == UInt8(ascii: "6"))
    }
}
