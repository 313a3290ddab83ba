import Identifiers
import Testing

@Suite("Scans become identifiers")
struct IdentifyTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var scan: String
        var symbology: String?
        var elements: String
        var testDescription: String { scan }
    }

    @Test(arguments: [
        Case(scan: "0104012345000016172612311021A\u{1D}21S1", elements: "01=04012345000016 17=261231 10=21A 21=S1"),
        Case(scan: "]d80104012345000016\u{1D}10A", elements: "01=04012345000016 10=A"),
        Case(scan: "]d20104012345000016\u{1D}10A\u{1D}", elements: "01=04012345000016 10=A"),
        Case(scan: "\u{1D}0104012345000016", symbology: "]C1", elements: "01=04012345000016"),
        Case(scan: "]Q3010401234500001610A{GS}21B<GS>400PO-1", elements: "01=04012345000016 10=A 21=B 400=PO-1"),
        Case(scan: "]e00104012345000016", elements: "01=04012345000016"),
        Case(scan: "(01)04012345000016(10)A(1)(B(21)S", elements: "01=04012345000016 10=A(1)(B 21=S"),
        Case(scan: "(01)04012345000016(10)A\\(21)", elements: "01=04012345000016 10=A(21)"),
        Case(scan: "(01)04012345000016(10)A(10)A", elements: "01=04012345000016 10=A"),
        Case(scan: "4012345000115", elements: "01=04012345000115"),
        Case(scan: "4012345000115", symbology: "]E0", elements: "01=04012345000115"),
        Case(scan: "96385074", symbology: "]E4", elements: "01=00000096385074"),
        Case(scan: "036000291452", elements: "01=00036000291452"),
        Case(scan: "04012345000016", elements: "01=04012345000016"),
        Case(
            scan: "(00)340123450000000017(37)12(02)04012345000016",
            elements: "00=340123450000000017 37=12 02=04012345000016"),
        Case(scan: "(400)PO_1", elements: "400=PO_1"),
        Case(scan: "(414)4012345000115(254)A", elements: "414=4012345000115 254=A"),
        Case(scan: "(8003)04012345000115XYZ", elements: "8003=04012345000115XYZ"),
        Case(scan: "(8006)040123450000160102", elements: "8006=040123450000160102"),
        Case(
            scan: "HTTPS://example.com/some/path/01/4012345000115/10/L/21/a%2Fb?17=261200&linkType=all;240=M#x",
            symbology: "]Q1", elements: "01=04012345000115 10=L 21=a/b 17=261200 240=M"),
        Case(scan: "]J1010401234500001610A", elements: "01=04012345000016 10=A"),
        Case(scan: "]E0036000291452", elements: "01=00036000291452"),
        Case(scan: "]E000123457", elements: "01=00001234000057"),
        Case(scan: "]E00036000291452|]e01726123110L\u{1D}240X", elements: "01=00036000291452 17=261231 10=L 240=X"),
        Case(scan: "]E402345673|]e098XYZ", elements: "01=00000002345673 98=XYZ"),
        Case(scan: "]I104012345000016", elements: "01=04012345000016"),
        Case(scan: "(01) 04012345000016 (10) A ", elements: "01=04012345000016 10=A"),
        Case(scan: "17270131", elements: "17=270131"),
        Case(scan: "(03)04012345000016(21)S", elements: "03=04012345000016 21=S"),
        Case(scan: "]Q1https://example.com/01/12312312312333?99=TEST", elements: "01=12312312312333 99=TEST"),
    ])
    func readsEveryFormOfGS1(_ given: Case) throws {
        let scan = Scan(bytes: Array(given.scan.utf8), symbologyIdentifier: given.symbology)
        let identifier = try identify(scan, year: 2026)
        #expect(identifier.elements.map { "\($0.ai)=\($0.value)" }.joined(separator: " ") == given.elements)
        #expect(identifier.scheme == .gs1)
    }

    @Test(arguments: [
        ("+A123BJC5D6E71G", nil, Identifier.Scheme.hibc), ("+A123BJC5D6E71G", "]C0", .hibc),
        ("+A123BJC5D6E71G", "]d1", .hibc), ("=/A9999XYZ100T0944", nil, .iccbba),
        ("=/A9999XYZ100T0944", "]C0", .iccbba), ("(10)A", nil, .gs1), ("3074257BF7194E4000001A85", nil, .gs1),
        ("urn:epc:id:sgtin:0614141.812345.6789", nil, .gs1), ("urn:epc:id:sgtin:0614141.812345.6789", "]Q1", .gs1),
        ("https://a/01/04012345000016", "]C0", .gs1),
    ])
    func leavesEachSchemeToItsReader(_ text: String, _ symbology: String?, _ scheme: Identifier.Scheme) throws {
        let scan = Scan(bytes: Array(text.utf8), symbologyIdentifier: symbology)
        #expect(try identify(scan, year: 2026).scheme == scheme)
    }

    /// A weight and a batch look like the EPC of a logistic unit, whose header is 31 too.
    @Test(arguments: [("310300019510ABCDEF123456", false), ("3074257BF7194E4000001A85", true)])
    func tellsAnEPCFromAnElementString(_ text: String, _ isEPC: Bool) throws {
        let identifier = try identify(Scan(bytes: Array(text.utf8)), year: 2026)
        #expect((identifier.epc != nil) == isEPC)
    }

    @Test(arguments: ["+A123BJC5D6E71G", "=/A9999XYZ100T0944"])
    func takesNoOtherSchemeFromAGS1Symbol(_ text: String) {
        let scan = Scan(bytes: Array(text.utf8), symbologyIdentifier: "]C1")
        #expect(throws: IdentifierError.self) { try identify(scan, year: 2026) }
    }

    struct Refusal: Sendable, CustomTestStringConvertible {
        var scan: String
        var symbology: String?
        var code: IdentifierError.Code
        var position: Int?
        var testDescription: String { scan }
    }

    @Test(arguments: [
        Refusal(scan: "", code: .empty),
        Refusal(scan: "]d2", code: .empty),
        Refusal(scan: "\u{1D}", code: .empty),
        Refusal(scan: "0104012345000013", code: .checkDigitWrong, position: 15),
        Refusal(scan: "]d20104012345000013", code: .checkDigitWrong, position: 18),
        Refusal(scan: "4012345000114", code: .checkDigitWrong, position: 12),
        Refusal(scan: "(01)04012345000013", code: .checkDigitWrong, position: 17),
        Refusal(scan: "1012345678901234567890X", code: .separatorMissing, position: 22),
        Refusal(scan: "(10)123456789012345678901", code: .valueTooLong, position: 24),
        Refusal(scan: "]d2010401234500", code: .valueTooShort, position: 15),
        Refusal(scan: "01040123450\u{1D}10A", code: .valueTooShort, position: 11),
        Refusal(scan: "10\u{1D}21A", code: .valueTooShort, position: 2),
        Refusal(scan: "0104012345000016ZZ", code: .aiMalformed, position: 16),
        Refusal(scan: "010401234500001605", code: .aiUnknown, position: 16),
        Refusal(scan: "(05)1", code: .aiUnknown, position: 1),
        Refusal(scan: "(10A", code: .aiMalformed, position: 0),
        Refusal(scan: "(10)A(21)B(10)C", code: .aiRepeated, position: 14),
        Refusal(scan: "(01)04012345000016(02)04012345000016", code: .aiExcluded, position: 22),
        Refusal(scan: "(01)04012345000016(37)5", code: .aiExcluded, position: 22),
        Refusal(scan: "(255)4012345000115(10)L", code: .aiUnpaired, position: 22),
        Refusal(scan: "10A\u{1}B", code: .characterNotAllowed, position: 3),
        Refusal(scan: "(10)A B", code: .characterNotAllowed, position: 5),
        Refusal(scan: "(01)0401234500001A", code: .characterNotAllowed, position: 17),
        Refusal(scan: "(17)261301", code: .dateInvalid, position: 4),
        Refusal(scan: "(17)260229", code: .dateInvalid, position: 4),
        Refusal(scan: "(17)260431", code: .dateInvalid, position: 4),
        Refusal(scan: "(8003)14012345000115", code: .characterNotAllowed, position: 6),
        Refusal(scan: "(8006)040123450000160302", code: .pieceInvalid, position: 20),
        Refusal(scan: "123", symbology: "]E0", code: .lengthUnknown, position: 0),
        Refusal(scan: "]E402345674", code: .checkDigitWrong, position: 10),
        Refusal(scan: "]E04012345000114", code: .checkDigitWrong, position: 15),
        Refusal(scan: "]E012345678901234", code: .lengthUnknown, position: 3),
        Refusal(scan: "]I14012345000115", code: .lengthUnknown, position: 3),
        Refusal(scan: "17270132", code: .checkDigitWrong, position: 7),
        Refusal(scan: "]d10104012345000016", code: .notGS1, position: 3),
        Refusal(scan: "]d2(10)A^", code: .characterNotAllowed, position: 8),
        Refusal(scan: "12A", symbology: "]E0", code: .characterNotAllowed, position: 2),
        Refusal(scan: "hello", symbology: "]C0", code: .notGS1, position: 0),
        Refusal(scan: "\u{2}\u{3}", code: .notText, position: 0),
        Refusal(scan: "https://a.b/01/04012345000016/21/A%2", code: .linkMalformed, position: 34),
        Refusal(scan: "https://a.b/01/04012345000013", code: .checkDigitWrong, position: 28),
        Refusal(scan: "https://a.b/01/04012345000016?99999=1", code: .aiUnknown, position: 30),
        Refusal(scan: "https://a.b/01/04012345000016/10/A%20B", code: .characterNotAllowed, position: 33),
    ])
    func refusesWithCodeAndPlace(_ given: Refusal) {
        let scan = Scan(bytes: Array(given.scan.utf8), symbologyIdentifier: given.symbology)
        let error = #expect(throws: IdentifierError.self) { try identify(scan, year: 2026) }
        #expect(error?.code == given.code)
        #expect(error?.position == given.position)
        #expect(error?.message.hasSuffix(".") == true)
    }

    @Test(arguments: [("0401234500001", "6"), ("401234500011", "5"), ("400638133393", "1")])
    func computesCheckDigits(_ digits: String, _ check: String) throws {
        for last in "0123456789" {
            let scan = Scan(bytes: Array((digits + String(last)).utf8))
            #expect(((try? identify(scan, year: 2026)) != nil) == (String(last) == check))
        }
    }

    @Test(arguments: [(Scan.bytesMax - 1, false), (Scan.bytesMax, false), (Scan.bytesMax + 1, true)])
    func refusesAScanLongerThanItsLimit(_ count: Int, _ isTooLong: Bool) {
        let link = "https://id.gs1.org/01/04012345000016?x="
        let scan = Scan(bytes: Array(link.utf8) + Array(repeating: 0x61, count: count - link.utf8.count))
        if isTooLong {
            let error = #expect(throws: IdentifierError.self) { try identify(scan, year: 2026) }
            #expect(error?.code == .tooLong)
        } else {
            #expect(throws: Never.self) { try identify(scan, year: 2026) }
        }
    }

    @Test(arguments: [19, 20, 21])
    func takesALotUpToItsLength(_ count: Int) {
        let scan = Scan(bytes: Array("(10)".utf8) + Array(repeating: 0x41, count: count))
        #expect(((try? identify(scan, year: 2026)) != nil) == (count <= 20))
    }

    @Test(arguments: [
        ("76", 2026, "2076-06-15"), ("77", 2026, "1977-06-15"), ("00", 2026, "2000-06-15"),
        ("00", 2050, "2100-06-15"), ("01", 2050, "2001-06-15"), ("99", 2049, "2099-06-15"), ("99", 2048, "1999-06-15"),
    ])
    func choosesTheCenturyFromTheGivenYear(_ yy: String, _ year: Int, _ expected: String) throws {
        let scan = Scan(bytes: Array("(01)04012345000016(17)\(yy)0615".utf8))
        #expect(try identify(scan, year: year).udi?.expiry == expected)
    }

    @Test(arguments: [
        ("280200", "2028-02-29"), ("270200", "2027-02-28"), ("261200", "2026-12-31"), ("260401", "2026-04-01"),
    ])
    func expiresOnTheLastDayWhereNoneIsPrinted(_ date: String, _ expected: String) throws {
        let scan = Scan(bytes: Array("(01)04012345000016(17)\(date)".utf8))
        #expect(try identify(scan, year: 2026).udi?.expiry == expected)
    }

    @Test func givesTheUDIItsParts() throws {
        let scan = Scan(bytes: Array("(01)04012345000016(11)250600(17)261231(10)L1(21)S1".utf8))
        let expected = UDI(di: "04012345000016", lot: "L1", serial: "S1", expiry: "2026-12-31", manufactured: "2025-06")
        #expect(try identify(scan, year: 2026).udi == expected)
        #expect(try identify(Scan(bytes: Array("(10)L1".utf8)), year: 2026).udi == nil)
    }

    @Test(arguments: [
        ("(10)L", ["01|02|8006|8026"]), ("(01)04012345000016(10)L", []), ("(400)PO", []),
        ("(250)X", ["01|8006", "21"]), ("(37)5", ["00", "02|8026"]), ("(7258)1/2", ["8018+7259"]),
        ("(8018)123456789012345675(7258)1/2", ["8018+7259"]),
        ("(01)04012345000016(3922)99", ["30|31nn|32nn|35nn|36nn"]),
        ("(01)04012345000016(3922)99(3103)000195", []), ("(03)04012345000016(10)L", []),
        (
            "(8030)abc_-1", ["00|01+21|253|255|8003|8004|8006+21|8010+8011|8017|8018"]
        ),
        ("(8030)abc(01)04012345000016", ["00|01+21|253|255|8003|8004|8006+21|8010+8011|8017|8018"]),
        ("(8030)abc(01)04012345000016(21)S", []), ("(02)04012345000016(37)5", ["00"]),
        (
            "(10)L(17)261231(11)260101",
            [
                "01|02|8006|8026", "01|02|255|8006|8026",
            ]
        ),
    ])
    func namesWhatAnotherSymbolCouldHeal(_ text: String, _ missing: [String]) throws {
        #expect(try identify(Scan(bytes: Array(text.utf8)), year: 2026).missing == missing)
    }

    @Test(arguments: [
        ("(255)4012345000115(37)5", "excluded by both"), ("(235)X(250)Y", "21 excludes 235"),
        ("(3103)000195(3102)001950", "two weights"), ("(3921)5(3932)9785", "two prices"),
        ("(4330)000400(4331)000040", "F and C"),
        ("(7253)A(7259)B", "a baby has no family name yet"), ("(420)1(421)276X", "two postal codes"),
    ])
    func refusesWhatNoSecondSymbolHeals(_ text: String, _ why: String) {
        let error = #expect(throws: IdentifierError.self) { try identify(Scan(bytes: Array(text.utf8)), year: 2026) }
        #expect(error?.code == .aiExcluded || error?.code == .aiUnpaired, "\(text): \(why)")
    }

    @Test(arguments: ["(3103)000195(3103)000195", "(10)A(21)B(10)A", "(01)04012345000016(01)04012345000016"])
    func takesARepeatedElementOnce(_ text: String) throws {
        let identifier = try identify(Scan(bytes: Array(text.utf8)), year: 2026)
        #expect(Set(identifier.elements.map(\.ai)).count == identifier.elements.count)
    }

    @Test func findsAValueByItsApplicationIdentifier() throws {
        let identifier = try identify(Scan(bytes: Array("(10)L(400)PO".utf8)), year: 2026)
        #expect(identifier.value(of: "400") == "PO")
        #expect(identifier.value(of: "21") == nil)
    }
}
