import Identifiers
import Testing

@Suite("EPC URIs")
struct EPCTests {
    /// The examples of the EPC Tag Data Standard (sections 6.3 and 7) and of public test suites.
    @Test(arguments: [
        ("urn:epc:id:sgtin:9521141.012345.4711", "(01)09521141123454(21)4711"),
        ("urn:epc:id:sgtin:952656789012.0.4711", "(01)09526567890126(21)4711"),
        ("urn:epc:id:sgtin:00000950.01093.Serial", "(01)00000095010939(21)Serial"),
        ("urn:epc:id:sgtin:978817525.0766.Serial", "(01)09788175257665(21)Serial"),
        ("urn:epc:id:sscc:9521141.1234567890", "(00)195211412345678900"),
        ("urn:epc:id:sscc:952656789012.03456", "(00)095265678901234568"),
        ("urn:epc:id:sgln:9521141.12345.0", "(414)9521141123454"),
        ("urn:epc:id:sgln:9521141.12345.00", "(414)9521141123454(254)00"),
        ("urn:epc:id:sgln:952656789012..4711", "(414)9526567890126(254)4711"),
        ("urn:epc:id:grai:9521141.12345.32a%2Fb", "(8003)0952114112345432a/b"),
        ("urn:epc:id:giai:952656789012.345678901234567890", "(8004)952656789012345678901234567890"),
        ("urn:epc:id:gsrn:9521141.1234567890", "(8018)952114112345678906"),
        ("urn:epc:id:gsrnp:9521141.1234567890", "(8017)952114112345678906"),
        ("urn:epc:id:gdti:9521141.12345.006847", "(253)9521141123454006847"),
        ("urn:epc:id:cpi:9521141.5PQ7%2FZ43.12345", "(8010)95211415PQ7/Z43(8011)12345"),
        ("urn:epc:id:cpi:9521141.A%23-1.0", "(8010)9521141A#-1(8011)0"),
        ("urn:epc:id:sgcn:9521141.67890.04711", "(255)952114167890904711"),
        ("urn:epc:id:ginc:9521141.xyz47%2F11", "(401)9521141xyz47/11"),
        ("urn:epc:id:gsin:9521141.123456789", "(402)95211411234567892"),
        ("urn:epc:id:itip:9521141.012345.04.04.32a%2Fb", "(8006)095211411234540404(21)32a/b"),
        ("urn:epc:id:upui:9521141.089456.51qIgY)%3C%26Jp3*j7'SDB", "(01)09521141894569(235)51qIgY)<&Jp3*j7'SDB"),
        ("urn:epc:id:pgln:9521141.89012", "(417)9521141890127"),
        ("urn:epc:class:lgtin:4012345.012345.998877", "(01)04012345123456(10)998877"),
    ])
    func saysTheSameAsAnElementString(_ uri: String, _ text: String) throws {
        let epc = try EPC(uri: uri)
        #expect(epc.uri == uri)
        #expect(bracketed(epc.elements) == text)
        let prefixLength = try #require(epc.components.first).utf8.count
        #expect(try EPC(elements: epc.elements, companyPrefixLength: prefixLength) == epc)
    }

    @Test(arguments: [
        "urn:epc:id:gid:95100000.12345.400", "urn:epc:id:usdod:2S194.12345678901", "urn:epc:id:adi:2S194..12345678901",
        "urn:epc:id:adi:W81X9C.3KL984PX1.2WMA52", "urn:epc:id:adi:W81X9C.3KL%2F984.%232WMA52",
        "urn:epc:id:bic:CSQU3054383", "urn:epc:id:imovn:9176187",
    ])
    func readsSchemesWithoutAGS1Key(_ uri: String) throws {
        let epc = try EPC(uri: uri)
        #expect(epc.uri == uri)
        #expect(epc.elements.isEmpty && epc.digitalLink == nil)
    }

    /// The serial number with each character that URIs do not hold, and each other character of GS1 data.
    @Test func escapesWhatURIsDoNotHold() throws {
        let epc = try EPC(
            elements: [.init(ai: "01", value: "09521141123454"), .init(ai: "21", value: "\"%&/<>?!'()*+,-.:;=")],
            companyPrefixLength: 7)
        #expect(epc.uri == "urn:epc:id:sgtin:9521141.012345.%22%25%26%2F%3C%3E%3F!'()*+,-.:;=")
        #expect(try EPC(uri: epc.uri) == epc)
    }

    @Test func takesEscapesInLowerCaseAndOfPlainCharacters() throws {
        let epc = try EPC(uri: "urn:epc:id:sgtin:9521141.012345.%32a%2fb")
        #expect(epc.uri == "urn:epc:id:sgtin:9521141.012345.2a%2Fb")
    }

    @Test func takesCapitalsWhereURNsHaveNoCase() throws {
        #expect(try EPC(uri: "URN:EPC:id:sgtin:9521141.012345.1").uri == "urn:epc:id:sgtin:9521141.012345.1")
    }

    @Test func writesShortCompanyPrefixesAsSixDigits() throws {
        for length in 4...6 {
            let epc = try EPC(elements: elements("(01)09521141123454(21)1"), companyPrefixLength: length)
            #expect(epc.uri == "urn:epc:id:sgtin:952114.0112345.1")
        }
    }

    @Test(arguments: [(3, "epc-prefix-invalid"), (4, ""), (12, ""), (13, "epc-prefix-invalid")])
    func takesCompanyPrefixesOfFourToTwelveDigits(_ length: Int, _ expected: String) {
        let named = elements("(01)09521141123454(21)1")
        #expect(code { _ = try EPC(elements: named, companyPrefixLength: length) } == expected)
    }

    @Test func leavesOutWhatIsNoName() throws {
        let epc = try EPC(elements: elements("(01)09521141123454(17)261231(21)1(10)A"), companyPrefixLength: 7)
        #expect(epc.uri == "urn:epc:id:sgtin:9521141.012345.1")
    }

    @Test(arguments: [
        ("(01)09521141123454", "epc-not-instance"), ("(17)261231", "epc-not-instance"), ("", "epc-not-instance"),
        ("(8003)09521141123454", "epc-not-instance"), ("(253)9521141123454", "epc-not-instance"),
        ("(8010)9521141A", "epc-not-instance"), ("(8006)095211411234540404", "epc-not-instance"),
        ("(01)09521141123455(21)1", "check-digit-wrong"), ("(01)9521141123454(21)1", "epc-value-invalid"),
        ("(8003)195211411234541", "epc-value-invalid"), ("(8004)9521A", "epc-prefix-invalid"),
        ("(01)09521141123454(21)123456789012345678901", "epc-value-invalid"),
        ("(8010)9521141A(8011)007", "epc-value-invalid"), ("(8006)0952114112345404(21)1", "epc-not-instance"),
    ])
    func refusesElementsThatNameNoThing(_ text: String, _ expected: String) {
        #expect(code { _ = try EPC(elements: elements(text), companyPrefixLength: 7) } == expected)
    }

    @Test(arguments: [
        ("", "epc-malformed at 0"),
        ("urn:isbn:123", "epc-malformed at 0"),
        ("urn:epc:", "epc-malformed at 8"),
        ("urn:epc:raw:96.x3074257BF7194E4000001A85", "epc-scheme-unknown at 8"),
        ("urn:epc:pat:sgtin-96:3.0652642.*.*", "epc-scheme-unknown at 8"),
        ("urn:epc:idpat:sgtin:0614141.112345.*", "epc-scheme-unknown at 8"),
        ("urn:epc:id:sgtin", "epc-malformed at 11"),
        ("urn:epc:id:dod:2S194.1", "epc-scheme-unknown at 11"),
        ("urn:epc:id:SGTIN:9521141.012345.1", "epc-scheme-unknown at 11"),
        ("urn:epc:id:lgtin:9521141.012345.1", "epc-scheme-unknown at 11"),
        ("urn:epc:class:sgtin:9521141.012345.1", "epc-scheme-unknown at 14"),
        ("urn:epc:id:sgtin-96:9521141.012345.1", "epc-scheme-unknown at 11"),
        ("urn:epc:tag:sgtin:1.9521141.012345.1", "epc-scheme-unknown at 12"),
        ("urn:epc:tag:sgtin+:1.9521141.012345.1", "epc-scheme-unknown at 12"),
        ("urn:epc:id:sgtin:9521141.012345", "epc-malformed at 17"),
        ("urn:epc:id:sgtin:95211.41012345.1", "epc-prefix-invalid at 17"),
        ("urn:epc:id:sgtin:9521141012345..1", "epc-prefix-invalid at 17"),
        ("urn:epc:id:sgtin:9521141.12345.1", "epc-value-invalid at 25"),
        ("urn:epc:id:sgtin:9521141.0123456.1", "epc-value-invalid at 25"),
        ("urn:epc:id:sgtin:9521141.01234a.1", "epc-value-invalid at 25"),
        ("urn:epc:id:sgtin:9521141.012345.", "epc-value-invalid at 32"),
        ("urn:epc:id:sgtin:9521141.012345.123456789012345678901", "epc-value-invalid at 32"),
        ("urn:epc:id:sgtin:9521141.012345.a/b", "epc-malformed at 33"),
        ("urn:epc:id:sgtin:9521141.012345.a%2", "epc-malformed at 33"),
        ("urn:epc:id:sgtin:9521141.012345.a%2Gb", "epc-malformed at 33"),
        ("urn:epc:id:sgtin:9521141.012345.a%00", "epc-malformed at 33"),
        ("urn:epc:id:sgtin:9521141.012345.a%23", "epc-value-invalid at 32"),
        ("urn:epc:id:sgtin:9521141.012345.ä", "not-text at 32"),
        ("urn:epc:id:sgln:952656789012.1.4711", "epc-value-invalid at 29"),
        ("urn:epc:id:cpi:9521141.abc.1", "epc-value-invalid at 23"),
        ("urn:epc:id:cpi:9521141.ABC.01", "epc-value-invalid at 27"),
        ("urn:epc:id:cpi:9521141.ABC.1000000000000", "epc-out-of-range at 27"),
        ("urn:epc:id:gid:268435456.1.1", "epc-out-of-range at 15"),
        ("urn:epc:id:gid:1.16777216.1", "epc-out-of-range at 17"),
        ("urn:epc:id:usdod:2SI94.1", "epc-value-invalid at 17"),
        ("urn:epc:id:usdod:2S194.68719476736", "epc-out-of-range at 23"),
        ("urn:epc:id:adi:2S194.%23A.1", "epc-value-invalid at 21"),
        ("urn:epc:id:adi:2S194.A.%23", "epc-value-invalid at 23"),
        ("urn:epc:id:bic:CSQX3054383", "epc-value-invalid at 15"),
        ("urn:epc:id:imovn:917618", "epc-value-invalid at 17"),
        ("urn:epc:tag:sgtin-96:8.9521141.012345.1", "epc-filter-invalid at 21"),
        ("urn:epc:tag:sgtin-96:03.9521141.012345.1", "epc-filter-invalid at 21"),
        ("urn:epc:tag:[umi=1]sgtin-96:3.9521141.012345.1", "epc-malformed at 19"),
        ("urn:epc:tag:[umi=]:sgtin-96:3.9521141.012345.1", "epc-malformed at 12"),
    ])
    func refusesABrokenURI(_ uri: String, _ expected: String) {
        #expect(code { _ = try EPC(uri: uri) } == expected)
    }

    @Test(arguments: [(-1, "epc-value-invalid at 32"), (0, "epc-value-invalid at 32"), (1, "too-long at 256")])
    func looksAtNoMoreThanItsLimit(_ over: Int, _ expected: String) {
        let start = "urn:epc:id:sgtin:9521141.012345."
        let uri = start + String(repeating: "1", count: EPC.uriBytesMax + over - start.utf8.count)
        #expect(code { _ = try EPC(uri: uri) } == expected)
    }

    @Test func refusesTenMillionBytesAtTheFirstTooMany() {
        let uri = "urn:epc:id:" + String(repeating: "%2", count: 5_000_000)
        #expect(code { _ = try EPC(uri: uri) } == "too-long at 256")
    }
}
