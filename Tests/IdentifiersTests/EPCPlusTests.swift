import Identifiers
import Testing

/// One tag of a scheme of TDS 2: the examples of the EPC Tag Data Standard 2.3 (section E.3, with its misprints
/// corrected), computed again apart from this code.
struct EPCPlusExample: Sendable, CustomTestStringConvertible {
    let coding: EPCTag.Coding
    let hex: String
    let filter: Int
    let elements: String
    let hostname: String?

    init(_ coding: EPCTag.Coding, _ hex: String, filter: Int, _ elements: String, hostname: String? = nil) {
        self.coding = coding
        self.hex = hex
        self.filter = filter
        self.elements = elements
        self.hostname = hostname
    }

    var testDescription: String { "\(coding.rawValue) \(elements)" }

    static let all: [EPCPlusExample] = [
        .init(
            .sgtinPlus, "F73795211411234538566CB0AFC4", filter: 3,
            "(01)79521141123453(21)32a/b"),
        .init(
            .dsgtinPlus, "FB342CDE795211411234538566CB0AFC4", filter: 3,
            "(01)79521141123453(21)32a/b(17)220630"),
        .init(
            .ssccPlus, "F90095201234567891235", filter: 0,
            "(00)095201234567891235"),
        .init(
            .sglnPlus, "F2395211411234548566CB0AFC4", filter: 3,
            "(414)9521141123454(254)32a/b"),
        .init(
            .graiPlus, "F13095211411234548566CB0AFC4", filter: 3,
            "(8003)0952114112345432a/b"),
        .init(
            .giaiPlus, "FA3952114132E83C2BF10", filter: 3,
            "(8004)952114132a/b"),
        .init(
            .gsrnPlus, "F43952114112345678906", filter: 3,
            "(8018)952114112345678906"),
        .init(
            .gsrnpPlus, "F53952114112345678906", filter: 3,
            "(8017)952114112345678906"),
        .init(
            .gdtiPlus, "F6395211411234540458B8", filter: 3,
            "(253)95211411234545678"),
        .init(
            .cpiPlus, "F0395211415E87A145BAFB4D19A8C0E4", filter: 3,
            "(8010)95211415PQ7/Z43(8011)12345"),
        .init(
            .sgcnPlus, "F839521141678909509338", filter: 3,
            "(255)952114167890904711"),
        .init(
            .itipPlus, "F3309521141123454010266AE27FDF35", filter: 3,
            "(8006)095211411234540102(21)rif981"),
        .init(
            .sgtinPlusHost, "FD3795211411234538566CB0AFC525065F1876F0D996D800", filter: 3,
            "(01)79521141123453(21)32a/b", hostname: "id.example.com"),
        .init(
            .dsgtinPlusHost, "FC342CDE795211411234538566CB0AFC525065F1876F0D996D80", filter: 3,
            "(01)79521141123453(21)32a/b(17)220630", hostname: "id.example.com"),
        .init(
            .ssccPlusHost, "EF009520123456789123592832F8C3B786CCB6C0", filter: 0,
            "(00)095201234567891235", hostname: "id.example.com"),
        .init(
            .sglnPlusHost, "E9395211411234548566CB0AFC525065F1876F0D996D8000", filter: 3,
            "(414)9521141123454(254)32a/b", hostname: "id.example.com"),
        .init(
            .graiPlusHost, "EB3095211411234548566CB0AFC525065F1876F0D996D800", filter: 3,
            "(8003)0952114112345432a/b", hostname: "id.example.com"),
        .init(
            .giaiPlusHost, "EE3952114132E83C2BF1494197C61DBC3665B600", filter: 3,
            "(8004)952114132a/b", hostname: "id.example.com"),
        .init(
            .gsrnPlusHost, "E7395211411234567890692832F8C3B786CCB6C0", filter: 3,
            "(8018)952114112345678906", hostname: "id.example.com"),
        .init(
            .gsrnpPlusHost, "E8395211411234567890692832F8C3B786CCB6C0", filter: 3,
            "(8017)952114112345678906", hostname: "id.example.com"),
        .init(
            .gdtiPlusHost, "EA395211411234540458BA4A0CBE30EDE1B32DB0", filter: 3,
            "(253)95211411234545678", hostname: "id.example.com"),
        .init(
            .cpiPlusHost, "E6395211415E87A145BAFB4D19A8C0E64A0CBE30EDE1B32DB000", filter: 3,
            "(8010)95211415PQ7/Z43(8011)12345", hostname: "id.example.com"),
        .init(
            .sgcnPlusHost, "EC3952114167890950933C94197C61DBC3665B60", filter: 3,
            "(255)952114167890904711", hostname: "id.example.com"),
        .init(
            .itipPlusHost, "ED309521141123454010266AE27FDF3592832F8C3B786CCB6C00", filter: 3,
            "(8006)095211411234540102(21)rif981", hostname: "id.example.com"),
        .init(
            .sgtinPlus, "F73095212341234538566CB0AFC4", filter: 3,
            "(01)09521234123453(21)32a/b"),
    ]
}

@Suite("EPC tags of TDS 2")
struct EPCPlusTests {
    @Test(arguments: EPCPlusExample.all)
    func readsHexIntoElements(_ example: EPCPlusExample) throws {
        let tag = try EPCTag(hex: example.hex)
        #expect(tag.coding == example.coding)
        #expect(tag.filter == example.filter)
        #expect(bracketed(tag.elements) == example.elements)
        #expect(tag.hostname == example.hostname)
        #expect(tag.uri == nil && tag.epc == nil && tag.data.isEmpty)
    }

    @Test(arguments: EPCPlusExample.all)
    func writesElementsAsHex(_ example: EPCPlusExample) throws {
        let tag = try EPCTag(
            elements: elements(example.elements), coding: example.coding, filter: example.filter,
            hostname: example.hostname)
        #expect(wholeWords(tag.hex(.digit)) == wholeWords(example.hex) || tag.hex() == example.hex)
        #expect(try EPCTag(hex: example.hex) == tag)
    }

    @Test(arguments: [
        ("F73795211411234538566CB0AFC4", "https://id.gs1.org/01/79521141123453/21/32a%2Fb"),
        ("FB342CDE795211411234538566CB0AFC4", "https://id.gs1.org/01/79521141123453/21/32a%2Fb?17=220630"),
        (
            "FD3795211411234538566CB0AFC525065F1876F0D996D800",
            "https://id.example.com/01/79521141123453/21/32a%2Fb"
        ),
        ("EF009520123456789123592832F8C3B786CCB6C0", "https://id.example.com/00/095201234567891235"),
    ])
    func saysTheSameAsADigitalLink(_ hex: String, _ link: String) throws {
        #expect(try EPCTag(hex: hex).digitalLink == link)
    }

    @Test func givesAnEPCOnceTheCompanyPrefixIsKnown() throws {
        let tag = try EPCTag(hex: "F73795211411234538566CB0AFC4")
        let epc = try tag.epc(companyPrefixLength: 7)
        #expect(epc.uri == "urn:epc:id:sgtin:9521141.712345.32a%2Fb")
        #expect(try epc.tag(.sgtinPlus, filter: 3) == tag)
        #expect(code { _ = try tag.epc(companyPrefixLength: 13) } == "epc-prefix-invalid")
    }

    @Test func readsALocationWithoutExtension() throws {
        let tag = try EPCTag(elements: elements("(414)9521141123454"), coding: .sglnPlus)
        #expect(try bracketed(EPCTag(hex: tag.hex()).elements) == "(414)9521141123454")
        #expect(try tag.epc(companyPrefixLength: 7).uri == "urn:epc:id:sgln:9521141.12345.0")
    }

    @Test func keepsLeadingZerosOfAPartsSerialNumber() throws {
        let tag = try EPCTag(elements: elements("(8010)95211415PQ7(8011)007"), coding: .cpiPlus)
        #expect(try bracketed(EPCTag(hex: tag.hex()).elements) == "(8010)95211415PQ7(8011)007")
        #expect(code { _ = try tag.epc(companyPrefixLength: 7) } == "epc-value-invalid")
    }

    /// Each encoding of text (table E), in the fewest bits.
    @Test(arguments: [
        ("12345678901234567890", 0, 67), ("0", 0, 4), ("007", 0, 10), ("ABC123", 1, 24), ("abc123", 2, 24),
        ("Ab-c_1", 3, 36), ("GS1", 5, 16), ("HELLO-WORLD-12345678", 5, 112), ("A.B:C-", 5, 32), ("32a/b", 4, 35),
        ("XY", 3, 12), ("A:", 4, 14),
    ])
    func writesTextInTheFewestBits(_ serial: String, _ indicator: Int, _ bits: Int) throws {
        let named = elements("(01)79521141123453") + [Identifier.Element(ai: "21", value: serial)]
        let tag = try EPCTag(elements: named, coding: .sgtinPlus)
        #expect(tag.bitCount == 8 + 1 + 3 + 56 + 3 + 5 + bits)
        #expect(Int(tag.hex().dropFirst(17).prefix(1), radix: 16).map { $0 >> 1 } == indicator)
        #expect(try EPCTag(hex: tag.hex()).elements == named)
    }

    @Test func readsTextInLongerEncodingsToo() throws {
        // The serial number 7 as 7-bit ASCII, where four bits would do.
        let tag = try EPCTag(hex: "F7079521141123453" + "816E")
        #expect(bracketed(tag.elements) == "(01)79521141123453(21)7")
    }

    @Test(arguments: [
        "(10)ABC(17)261231", "(00)095201234567891235", "(20)07(30)00012(37)5", "(3103)001234(3922)599",
        "(421)276D-10115(422)276(4307)DE", "(7003)2612312359(8008)26123123(7007)261201261231",
        "(4330)000500-(4331)002500(4321)1(7258)1/3", "(253)9521141123454A1(255)9521141678909(8004)9521141A",
    ])
    func carriesMoreDataAfterTheName(_ text: String) throws {
        let tag = try EPCTag(
            elements: elements("(01)79521141123453(21)7"), coding: .sgtinPlus, data: elements(text))
        let again = try EPCTag(hex: tag.hex())
        #expect(bracketed(again.data) == text)
        #expect(again == tag)
    }

    @Test func refusesDataCutShort() throws {
        let tag = try EPCTag(
            elements: elements("(01)79521141123453(21)7"), coding: .sgtinPlus, data: elements("(10)ABC-1"))
        let cut = String(tag.hex(.digit).dropLast(2))
        #expect(code { _ = try EPCTag(hex: cut) } == "epc-too-short at \(cut.utf8.count)")
    }

    @Test func refusesMoreDataThanATagHolds() {
        let data = (91...99).map { Identifier.Element(ai: String($0), value: "abc/defghi") }
        #expect(
            code {
                _ = try EPCTag(elements: elements("(00)095201234567891235"), coding: .ssccPlus, data: data)
            } == "too-long")
    }

    @Test(arguments: [
        "example.com", "id.example.co.uk", "grid.com", "www.qr.de", "EXAMPLE-SHOP.STORE", "a.tech", "x",
        "shop.example.com:8080",
    ])
    func carriesAHostname(_ hostname: String) throws {
        let tag = try EPCTag(elements: elements("(00)095201234567891235"), coding: .ssccPlusHost, hostname: hostname)
        #expect(try EPCTag(hex: tag.hex()).hostname == hostname)
        #expect(tag.digitalLink == "https://\(hostname)/00/095201234567891235")
    }

    @Test(arguments: [(62, ""), (63, ""), (64, "epc-value-invalid"), (0, "epc-value-invalid")])
    func carriesHostnamesUpToTheirLimit(_ count: Int, _ expected: String) {
        let hostname = String((String(repeating: "z", count: max(count - 8, 0)) + ".com.com").suffix(count))
        #expect(
            code {
                let tag = try EPCTag(
                    elements: elements("(00)095201234567891235"), coding: .ssccPlusHost, hostname: hostname)
                _ = try EPCTag(hex: tag.hex())
            } == expected)
    }

    @Test(arguments: [
        (EPCTag.Coding.sgtinPlus, "(01)79521141123453", "epc-not-instance"),
        (.sgtinPlus, "(01)79521141123454(21)7", "check-digit-wrong"),
        (.sgtinPlus, "(01)7952114112345(21)7", "epc-value-invalid"),
        (.sgtinPlus, "(01)79521141123453(21)a b", "epc-value-invalid"),
        (.graiPlus, "(8003)09521141123454", "epc-not-instance"),
        (.graiPlus, "(8003)19521141123454A", "epc-value-invalid"),
        (.giaiPlus, "(8004)952A", "epc-prefix-invalid"),
        (.dsgtinPlus, "(01)79521141123453(21)7", "epc-coding-unfit"),
        (.dsgtinPlus, "(01)79521141123453(21)7(17)220631", "epc-value-invalid"),
        (.sgtin96, "(01)79521141123453(21)7", "epc-coding-unfit"),
        (.sgtinPlusHost, "(01)79521141123453(21)7", "epc-coding-unfit"),
    ])
    func refusesElementsThatNameNoThing(_ coding: EPCTag.Coding, _ text: String, _ expected: String) {
        #expect(code { _ = try EPCTag(elements: elements(text), coding: coding) } == expected)
    }

    @Test(arguments: [
        // A nibble above 9 among the digits of the GTIN.
        ("F7379521141123A538566CB0AFC4", "epc-value-invalid at 3"),
        // A wrong check digit.
        ("F73795211411234548566CB0AFC4", "check-digit-wrong at 3"),
        // The reserved encoding 7.
        ("F737952114112345" + "3E566CB0AFC4", "epc-value-invalid at 17"),
        // 31 characters, where a serial number has at most 20.
        ("F737952114112345" + "39F66CB0AFC4", "epc-out-of-range at 17"),
        // The reserved date 15.
        ("FB3F2CDE795211411234538566CB0AFC4", "epc-value-invalid at 3"),
        // The thirteenth month.
        ("FB342DBE795211411234538566CB0AFC4", "date-invalid at 4"),
        ("F73795211411234538566CB0AFC5", "epc-padding-not-zero at 27"),
    ])
    func refusesABrokenTag(_ hex: String, _ expected: String) {
        #expect(code { _ = try EPCTag(hex: hex) } == expected)
    }
}
