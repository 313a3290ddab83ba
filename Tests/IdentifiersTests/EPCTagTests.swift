import Identifiers
import Testing

/// One tag of a scheme before TDS 2 in all its forms. The first rows are the examples of the EPC Tag Data Standard 2.3
/// (section E.3, with its misprints corrected), the others those of public test suites; all were computed again apart
/// from this code.
struct EPCTagExample: Sendable, CustomTestStringConvertible {
    let hex: String
    let uri: String

    /// Bracketed; empty for the schemes without a GS1 key.
    let elements: String

    init(_ hex: String, _ uri: String, _ elements: String) {
        self.hex = hex
        self.uri = uri
        self.elements = elements
    }

    var testDescription: String { uri }

    /// The name without binary scheme and filter.
    var pureIdentity: String {
        let fields = uri.split(separator: ":", maxSplits: 4)
        let scheme = fields[3].prefix { $0 != "-" }
        let body = scheme == "gid" ? fields[4] : fields[4].drop { $0 != "." }.dropFirst()
        return "urn:epc:id:\(scheme):\(body)"
    }

    var companyPrefixLength: Int {
        pureIdentity.split(separator: ":")[4].prefix { $0 != "." }.count
    }

    static let all: [EPCTagExample] = [
        .init(
            "3066C4409047E140075BCD15",
            "urn:epc:tag:sgtin-96:3.95060001343.05.123456789",
            "(01)09506000134352(21)123456789"),
        .init(
            "3666C4409047E159B2C2BF100000000000000000000000000000",
            "urn:epc:tag:sgtin-198:3.95060001343.05.32a%2Fb",
            "(01)09506000134352(21)32a/b"),
        .init(
            "311BA1B300CE0A6A83000000",
            "urn:epc:tag:sscc-96:0.952012.03456789123",
            "(00)095201234567891235"),
        .init(
            "3276451FD46072000000162E",
            "urn:epc:tag:sgln-96:3.9521141.12345.5678",
            "(414)9521141123454(254)5678"),
        .init(
            "3976451FD46072CD9615F8800000000000000000000000000000",
            "urn:epc:tag:sgln-195:3.9521141.12345.32a%2Fb",
            "(414)9521141123454(254)32a/b"),
        .init(
            "3376451FD40C0E400000162E",
            "urn:epc:tag:grai-96:3.9521141.12345.5678",
            "(8003)095211411234545678"),
        .init(
            "3776451FD40C0E59B2C2BF1000000000000000000000",
            "urn:epc:tag:grai-170:3.9521141.12345.32a%2Fb",
            "(8003)0952114112345432a/b"),
        .init(
            "3476451FD40000000000162E",
            "urn:epc:tag:giai-96:3.9521141.5678",
            "(8004)95211415678"),
        .init(
            "3876451FD59B2C2BF10000000000000000000000000000000000",
            "urn:epc:tag:giai-202:3.9521141.32a%2Fb",
            "(8004)952114132a/b"),
        .init(
            "2D76451FD4499602D2000000",
            "urn:epc:tag:gsrn-96:3.9521141.1234567890",
            "(8018)952114112345678906"),
        .init(
            "2E76451FD4499602D2000000",
            "urn:epc:tag:gsrnp-96:3.9521141.1234567890",
            "(8017)952114112345678906"),
        .init(
            "2C76451FD46072000000162E",
            "urn:epc:tag:gdti-96:3.9521141.12345.5678",
            "(253)95211411234545678"),
        .init(
            "3E76451FD7039B061438997367D0C18B266D1AB66EE0",
            "urn:epc:tag:gdti-174:3.9521141.98765.ABCDefgh012345678",
            "(253)9521141987650ABCDefgh012345678"),
        .init(
            "3C76451FD400C0E680003039",
            "urn:epc:tag:cpi-96:3.9521141.98765.12345",
            "(8010)952114198765(8011)12345"),
        .init(
            "3D76451FD75411DEF6B4CC00000003039000",
            "urn:epc:tag:cpi-var:3.9521141.5PQ7%2FZ43.12345",
            "(8010)95211415PQ7/Z43(8011)12345"),
        .init(
            "3F76451FD612640000019907",
            "urn:epc:tag:sgcn-96:3.9521141.67890.04711",
            "(255)952114167890904711"),
        .init(
            "3500E86F8000A9E000000586",
            "urn:epc:tag:gid-96:952056.2718.1414",
            ""),
        .init(
            "2F320434147455900000162E",
            "urn:epc:tag:usdod-96:3.CAGEY.5678",
            ""),
        .init(
            "3B0E0CF5E76C9047759AD00373DC7602E7200",
            "urn:epc:tag:adi-var:3.35962.PQ7VZ4.M37GXB92",
            ""),
        .init(
            "4076451FD40C0E40820000000F54",
            "urn:epc:tag:itip-110:3.9521141.012345.01.02.981",
            "(8006)095211411234540102(21)981"),
        .init(
            "4176451FD40C0E4082DBDD8B36600000000000000000000000000000",
            "urn:epc:tag:itip-212:3.9521141.012345.01.02.mw133",
            "(8006)095211411234540102(21)mw133"),
        .init(
            "3B157E316390F32CCE78D106310325CD06DD7200",
            "urn:epc:tag:adi-var:5.W81X9C.3KL984PX1.2WMA-52",
            ""),
        .init(
            "3D14257BF71CADD35D8000075BCD1500",
            "urn:epc:tag:cpi-var:0.0614141.12-456.123456789",
            "(8010)061414112-456(8011)123456789"),
        .init(
            "3E14257BF460730614388C593368BC00000000000000",
            "urn:epc:tag:gdti-174:0.0614141.12345.ABCD1234%2F",
            "(253)0614141123452ABCD1234/"),
        .init(
            "3814257BF58C1858D7C400000000000000000000000000000000",
            "urn:epc:tag:giai-202:0.0614141.1ABc%2FD",
            "(8004)06141411ABc/D"),
        .init(
            "35FFFFFFFFFFFFFFFFFFFFFF",
            "urn:epc:tag:gid-96:268435455.16777215.68719476735",
            ""),
        .init(
            "3714257BF40C0E60C287118B266D1780000000000000",
            "urn:epc:tag:grai-170:0.0614141.12345.ABCD1234%2F",
            "(8003)00614141123452ABCD1234/"),
        .init(
            "2D000B7F7070D404D2000000",
            "urn:epc:tag:gsrn-96:0.012345678901.01234",
            "(8018)012345678901012342"),
        .init(
            "2E000B7F7070D404D2000000",
            "urn:epc:tag:gsrnp-96:0.012345678901.01234",
            "(8017)012345678901012342"),
        .init(
            "41000B7F7070D40000830A1C48B1A3C8932A5CC9B3A7D05F4A9D4000",
            "urn:epc:tag:itip-212:0.012345678901.0.00.00.ABCDEFGHIJKLMNOP%2FRST",
            "(8006)001234567890120000(21)ABCDEFGHIJKLMNOP/RST"),
        .init(
            "3FE175ADC32764000000000B",
            "urn:epc:tag:sgcn-96:7.401234512345..1",
            "(255)40123451234561"),
        .init(
            "390039318D8401057AD850E2458D1E449952E64D9D3E851A4000",
            "urn:epc:tag:sgln-195:0.061411123456..A%2F-BCDEFGHIJKLMNOPQR",
            "(414)0614111234560(254)A/-BCDEFGHIJKLMNOPQR"),
        .init(
            "36500001DB011169E5E5A70EC000000000000000000000000000",
            "urn:epc:tag:sgtin-198:2.00000950.01093.Serial",
            "(01)00000095010939(21)Serial"),
        .init(
            "31003932449F003039000000",
            "urn:epc:tag:sscc-96:0.061414123456.12345",
            "(00)106141412345623458"),
        .init(
            "2FF203253313934FFFFFFFFF",
            "urn:epc:tag:usdod-96:15.2S194.68719476735",
            ""),
        .init(
            "31105E30A7055F2CC0000000",
            "urn:epc:tag:sscc-96:0.12345678.090123456",
            "(00)012345678901234560"),
        .init(
            "32305E30A7466800499602D2",
            "urn:epc:tag:sgln-96:1.12345678.9012.1234567890",
            "(414)1234567890128(254)1234567890"),
        .init(
            "39305E30A746690614389163214CC5EB20000000000000000000",
            "urn:epc:tag:sgln-195:1.12345678.9012.ABCDEF!%261=2",
            "(414)1234567890128(254)ABCDEF!&1=2"),
        .init(
            "330C75BCD150030000000001",
            "urn:epc:tag:grai-96:0.123456789.012.1",
            "(8003)012345678901281"),
        .init(
            "37E45BFB8386A0A0C2C7922A18F1E42D76995614A000",
            "urn:epc:tag:grai-170:7.12345678901.2.ABcdE!GGH-;%26*a%25",
            "(8003)01234567890128ABcdE!GGH-;&*a%"),
        .init(
            "34344B5A1C00000000000001",
            "urn:epc:tag:giai-96:1.1234567.1",
            "(8004)12345671"),
        .init(
            "38344B5A1D8C1C30B14BD76BD217E9593264D52A54E9D2800000",
            "urn:epc:tag:giai-202:1.1234567.1AaBbKkZz!%3F%252225%25%25''%25",
            "(8004)12345671AaBbKkZz!?%2225%%''%"),
        .init(
            "2D08075BCD1501E240000000",
            "urn:epc:tag:gsrn-96:0.0123456789.0123456",
            "(8018)012345678901234560"),
        .init(
            "2C28075BCD150200003493AE",
            "urn:epc:tag:gdti-96:1.0123456789.01.3445678",
            "(253)01234567890123445678"),
        .init(
            "3A28075BCD1502000000006695170000",
            "urn:epc:tag:gdti-113:1.0123456789.01.3445678",
            "(253)01234567890123445678"),
        .init(
            "3A74F4E4E7039AC790E65D7AA5C38000",
            "urn:epc:tag:gdti-113:3.4012345.98765.12345678901234567",
            "(253)401234598765212345678901234567"),
        .init(
            "3500004D20004D20000004D2",
            "urn:epc:tag:gid-96:1234.1234.1234",
            ""),
        .init(
            "2F020393941424800000007B",
            "urn:epc:tag:usdod-96:0.99ABH.123",
            ""),
        .init(
            "3B060E79048CB1CB3031D3500000",
            "urn:epc:tag:adi-var:1.99AH2.123.145",
            ""),
        .init(
            "303613ACD83B9AC000000646",
            "urn:epc:tag:sgtin-96:1.8710966.061035.1606",
            "(01)08710966610350(21)1606"),
        .init(
            "363613ACD83B9AD2B26AC9900000000000000000000000000000",
            "urn:epc:tag:sgtin-198:1.8710966.061035.%252522",
            "(01)08710966610350(21)%2522"),
        .init(
            "3074257BF7194E4000001A85",
            "urn:epc:tag:sgtin-96:3.0614141.812345.6789",
            "(01)80614141123458(21)6789"),
        .init(
            "31AC16465751CCD0C2000000",
            "urn:epc:tag:sscc-96:5.023356789.30200002",
            "(00)302335678902000022"),
        .init(
            "30340242201D8840009EFDF7",
            "urn:epc:tag:sgtin-96:1.0037000.030241.10419703",
            "(01)00037000302414(21)10419703"),
        .init(
            "301800004000004000000001",
            "urn:epc:tag:sgtin-96:0.000001.0000001.1",
            "(01)00000010000014(21)1"),
        .init(
            "3674257BF6B7A659B2C2BF1000000000000000000000000000",
            "urn:epc:tag:sgtin-198:3.0614141.712345.32a%2Fb",
            "(01)70614141123451(21)32a/b"),
        .init(
            "3634257BF46DB65A3060000000000000000000000000000000",
            "urn:epc:tag:sgtin-198:1.0614141.112345.400",
            "(01)10614141123459(21)400"),
        .init(
            "371A57BF400C0E60C286B58800000000000000000000",
            "urn:epc:tag:grai-170:0.614141.012345.ABC-1",
            "(8003)06141410123454ABC-1"),
        .init(
            "38B4F4E4E60D3A716A2D60C18800000000000000000000000000",
            "urn:epc:tag:giai-202:5.4012345.ASSET-001",
            "(8004)4012345ASSET-001"),
        .init(
            "394DFC24F0F055937EFE4B9B80000000000000000000000000",
            "urn:epc:tag:sgln-195:2.532827919.042.door.7",
            "(414)5328279190426(254)door.7"),
        .init(
            "391A57BF406073140000000000000000000000000000000000",
            "urn:epc:tag:sgln-195:0.614141.012345.E",
            "(414)6141410123454(254)E"),
    ]

    static let keyed = all.filter { !$0.elements.isEmpty }
}

@Suite("EPC tags")
struct EPCTagTests {
    @Test(arguments: EPCTagExample.all)
    func readsHexIntoBothURIs(_ example: EPCTagExample) throws {
        let tag = try EPCTag(hex: example.hex)
        #expect(tag.uri == example.uri)
        #expect(tag.epc?.uri == example.pureIdentity)
        #expect(bracketed(tag.elements) == example.elements)
        #expect(tag.data.isEmpty && tag.hostname == nil)
    }

    @Test(arguments: EPCTagExample.all)
    func writesATagURIAsHex(_ example: EPCTagExample) throws {
        let tag = try EPCTag(uri: example.uri)
        #expect(tag.hex() == wholeWords(example.hex))
        #expect(try EPCTag(hex: example.hex) == tag)
    }

    @Test(arguments: EPCTagExample.all)
    func writesAPureIdentityAsTheSameTag(_ example: EPCTagExample) throws {
        let tag = try EPCTag(hex: example.hex)
        let epc = try EPC(uri: example.pureIdentity)
        #expect(epc.uri == example.pureIdentity)
        #expect(try EPC(uri: example.uri) == epc)
        #expect(try epc.tag(tag.coding, filter: tag.filter) == tag)
    }

    @Test(arguments: EPCTagExample.keyed)
    func makesTheSameNameFromElements(_ example: EPCTagExample) throws {
        let epc = try EPC(
            elements: elements(example.elements), companyPrefixLength: example.companyPrefixLength)
        #expect(epc.uri == example.pureIdentity)
    }

    @Test(arguments: [
        ("3066C4409047E140075BCD15", "https://id.gs1.org/01/09506000134352/21/123456789"),
        ("3666C4409047E159B2C2BF100000000000000000000000000000", "https://id.gs1.org/01/09506000134352/21/32a%2Fb"),
        ("311BA1B300CE0A6A83000000", "https://id.gs1.org/00/095201234567891235"),
        ("3376451FD40C0E400000162E", "https://id.gs1.org/8003/095211411234545678"),
    ])
    func saysTheSameAsADigitalLink(_ hex: String, _ link: String) throws {
        let tag = try EPCTag(hex: hex)
        #expect(tag.digitalLink == link)
        #expect(tag.epc?.digitalLink == link)
    }

    @Test(arguments: [
        "3074257bf7194e4000001a85", "0x3074257BF7194E4000001A85", "0X3074 257B F719 4E40 0000 1A85",
        "3074257BF7194E4000001A850000", "3074257BF7194E4000001A850",
    ])
    func takesHexInEveryWritingOfReaders(_ hex: String) throws {
        let tag = try EPCTag(hex: hex)
        #expect(tag.uri == "urn:epc:tag:sgtin-96:3.0614141.812345.6789")
        #expect(tag.hex() == "3074257BF7194E4000001A85")
    }

    @Test func takesBytesOfTagMemory() throws {
        let tag = try EPCTag(memory: [0x30, 0x74, 0x25, 0x7B, 0xF7, 0x19, 0x4E, 0x40, 0x00, 0x00, 0x1A, 0x85])
        #expect(try tag == EPCTag(hex: "3074257BF7194E4000001A85"))
    }

    @Test(arguments: [(EPCTag.Padding.digit, 50), (.byte, 50), (.word, 52)])
    func fillsHexUpAsAsked(_ padding: EPCTag.Padding, _ digits: Int) throws {
        let tag = try EPC(uri: "urn:epc:id:sgtin:0614141.712345.32a%2Fb").tag(.sgtin198, filter: 3)
        #expect(tag.bitCount == 198)
        #expect(tag.hex(padding).utf8.count == digits)
        #expect(try EPCTag(hex: tag.hex(padding)) == tag)
    }

    @Test func leavesControlInformationOutOfATagURI() throws {
        let plain = try EPCTag(uri: "urn:epc:tag:sgtin-96:3.0614141.812345.6789")
        let uri = "urn:epc:tag:[att=x01][umi=1]:sgtin-96:3.0614141.812345.6789"
        #expect(try EPCTag(uri: uri) == plain)
    }

    @Test(arguments: ["3", "30", "3166C4", "F7379521", "FD3795211411234538566CB0AFC525"])
    func refusesATagThatEndsTooSoon(_ hex: String) {
        #expect(code { _ = try EPCTag(hex: hex) } == "epc-too-short at \(hex.utf8.count)")
    }

    @Test(arguments: EPCTagExample.all)
    func refusesEveryTagCutShort(_ example: EPCTagExample) throws {
        let needed = try (EPCTag(hex: example.hex).bitCount + 3) / 4
        let cut = String(example.hex.prefix(needed - 1))
        #expect(code { _ = try EPCTag(hex: cut) }.hasPrefix("epc-too-short"))
    }

    @Test(arguments: EPCTagExample.all)
    func refusesBitsAfterTheEnd(_ example: EPCTagExample) throws {
        let tag = try EPCTag(hex: example.hex)
        #expect(code { _ = try EPCTag(hex: tag.hex() + "0001") }.hasPrefix("epc-padding-not-zero"))
    }

    @Test(arguments: [
        ("", "epc-too-short at 0"),
        ("G074257BF7194E4000001A85", "epc-not-hexadecimal at 0"),
        ("3074257BF7194E4000001A8-", "epc-not-hexadecimal at 23"),
        ("0074257BF7194E4000001A85", "epc-scheme-unknown at 0"),
        ("E280116060000209D3AA5A2B", "epc-scheme-unknown at 0"),
        ("FF74257BF7194E4000001A85", "epc-scheme-unknown at 0"),
        ("307C257BF7194E4000001A85", "epc-partition-reserved at 2"),
        // A company prefix of 2^24 - 1 where seven digits end at 9999999.
        ("3077FFFFFF194E4000001A85", "epc-out-of-range at 3"),
        // An item reference of 2^20 - 1 where six digits end at 999999.
        ("3074257BF7FFFFC000001A85", "epc-out-of-range at 9"),
        // The last 24 bits of an SSCC-96.
        ("311BA1B300CE0A6A83000001", "epc-padding-not-zero at 18"),
        // A letter after the end of the serial number.
        ("3666C4409047E159B2C2BF100000000000000000000000000041", "epc-padding-not-zero at 49"),
        // No serial number at all.
        ("3666C4409047E14000000000000000000000000000000000000000", "epc-value-invalid at 14"),
        // A location reference where a company prefix of 12 digits leaves none.
        ("32000000000002000000162E", "epc-out-of-range at 13"),
        // A numeric string that does not begin with a 1.
        ("3F76451FD612640000000001", "epc-out-of-range at 13"),
    ])
    func refusesABrokenTag(_ hex: String, _ expected: String) {
        #expect(code { _ = try EPCTag(hex: hex) } == expected)
    }

    @Test(arguments: 0...6)
    func keepsEveryCompanyPrefixLength(_ partition: Int) throws {
        let prefix = String("123456789012".prefix(12 - partition))
        let reference = String("9876543".prefix(1 + partition))
        let epc = try EPC(uri: "urn:epc:id:sgtin:\(prefix).\(reference).0")
        let tag = try epc.tag(.sgtin96, filter: 7)
        #expect(try EPCTag(hex: tag.hex()).epc == epc)
        #expect(try EPC(elements: epc.elements, companyPrefixLength: 12 - partition) == epc)
    }

    @Test(arguments: [
        (EPCTag.Coding.sgtin96, "urn:epc:id:sgtin:0614141.812345.", "274877906943", "274877906944"),
        (.sgln96, "urn:epc:id:sgln:0614141.12345.", "2199023255551", "2199023255552"),
        (.grai96, "urn:epc:id:grai:0614141.12345.", "274877906943", "274877906944"),
        (.gdti96, "urn:epc:id:gdti:0614141.12345.", "2199023255551", "2199023255552"),
        (.giai96, "urn:epc:id:giai:061414112345.", "4398046511103", "4398046511104"),
        (.cpi96, "urn:epc:id:cpi:0614141.98765.", "2147483647", "2147483648"),
        (.itip110, "urn:epc:id:itip:0614141.012345.01.02.", "274877906943", "274877906944"),
    ])
    func holdsSerialNumbersUpToItsBits(
        _ coding: EPCTag.Coding,
        _ start: String,
        _ last: String,
        _ next: String
    ) throws {
        let tag = try EPC(uri: start + last).tag(coding)
        #expect(try EPCTag(hex: tag.hex()).epc?.uri == start + last)
        #expect(try EPC(uri: start + "0").tag(coding).epc?.uri == start + "0")
        #expect(code { _ = try EPC(uri: start + next).tag(coding) } == "epc-out-of-range")
    }

    @Test(arguments: [
        (EPCTag.Coding.sgtin96, "urn:epc:id:sgtin:0614141.812345.007", "epc-coding-unfit"),
        (.sgtin96, "urn:epc:id:sgtin:0614141.812345.A7", "epc-coding-unfit"),
        (.sscc96, "urn:epc:id:sgtin:0614141.812345.7", "epc-coding-unfit"),
        (.cpi96, "urn:epc:id:cpi:0614141.123456789.7", "epc-out-of-range"),
        (.gdti113, "urn:epc:id:gdti:0614141.12345.A", "epc-coding-unfit"),
    ])
    func refusesABinarySchemeThatDoesNotFit(_ coding: EPCTag.Coding, _ uri: String, _ expected: String) {
        #expect(code { _ = try EPC(uri: uri).tag(coding) } == expected)
    }

    @Test(arguments: [
        (EPCTag.Coding.sgtin96, "urn:epc:id:sgtin:0614141.812345.7", 7),
        (.usdod96, "urn:epc:id:usdod:CAGEY.5678", 15),
        (.adiVar, "urn:epc:id:adi:35962.PQ7VZ4.M37GXB92", 63),
        (.gid96, "urn:epc:id:gid:1.2.3", 0),
    ])
    func holdsFiltersUpToItsBits(_ coding: EPCTag.Coding, _ uri: String, _ max: Int) throws {
        let epc = try EPC(uri: uri)
        for filter in [0, max] {
            #expect(try EPCTag(hex: epc.tag(coding, filter: filter).hex()).filter == filter)
        }
        for filter in [-1, max + 1] {
            #expect(code { _ = try epc.tag(coding, filter: filter) } == "epc-filter-invalid")
        }
    }

    @Test(arguments: [(-1, true), (0, true), (1, false)])
    func looksAtNoMoreThanATagHolds(_ over: Int, _ isTaken: Bool) {
        let digits = EPCTag.hexDigitsMax + over
        let hex = "3074257BF7194E4000001A85" + String(repeating: "0", count: digits - 24)
        #expect(code { _ = try EPCTag(hex: hex) } == (isTaken ? "" : "too-long at \(EPCTag.hexDigitsMax)"))
        #expect(code { _ = try EPCTag(hex: "0x" + hex) } == (isTaken ? "" : "too-long at \(EPCTag.hexDigitsMax + 2)"))
    }

    @Test func refusesTenMillionDigitsAtTheFirstTooMany() {
        let hex = String(repeating: "30", count: 5_000_000)
        #expect(code { _ = try EPCTag(hex: hex) } == "too-long at \(EPCTag.hexDigitsMax)")
        #expect(code { _ = try EPCTag(memory: repeatElement(0x30, count: 5_000_000)) } == "too-long at 62")
    }
}

// MARK: What the EPC suites share

/// The code of the error that the body throws, with its place where it has one; empty where it throws none.
func code(_ body: () throws -> Void) -> String {
    do {
        try body()
        return ""
    } catch let error as IdentifierError {
        return error.code.rawValue + (error.position.map { " at \($0)" } ?? "")
    } catch {
        return "\(error)"
    }
}

/// `(01)…(21)…` of elements.
func bracketed(_ elements: [Identifier.Element]) -> String {
    elements.map { "(\($0.ai))\($0.value)" }.joined()
}

/// The elements of bracketed text, whose values hold no brackets.
func elements(_ text: String) -> [Identifier.Element] {
    text.split(separator: "(").map { field in
        let sides = field.split(separator: ")", maxSplits: 1)
        return Identifier.Element(ai: String(sides[0]), value: String(sides[1]))
    }
}

/// Hexadecimal digits up to a multiple of four.
func wholeWords(_ hex: String) -> String {
    hex + String(repeating: "0", count: (4 - hex.utf8.count % 4) % 4)
}
