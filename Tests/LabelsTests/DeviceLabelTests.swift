import Identifiers
import Labels
import Ledger
import Testing

@Suite struct DeviceLabelTests {
    private let gtin = "04012345000016"

    @Test func putsTheKeyFirstAndWhatNeedsASeparatorLast() throws {
        let label = try DeviceLabel(
            gtin: gtin, lot: "A1", serial: "S1", expiry: LabelDate("2031-11-30", year: 2026),
            manufactured: LabelDate("260102", year: 2026), year: 2026)
        #expect(label.interpretation == ["(01)04012345000016", "(11)260102", "(17)311130", "(10)A1", "(21)S1"])
        #expect(label.scanned == Array("0104012345000016112601021731113010A1\u{1D}21S1".utf8))
        #expect(label.notes == ["PROD DATE 2026-01-02", "EXPIRY 2031-11-30"])
    }

    @Test(arguments: [
        ("4012345000016", "04012345000016"), ("96385074", "00000096385074"), ("036000291452", "00036000291452"),
    ])
    func fillsShortNumbersUp(gtin: String, printed: String) throws {
        #expect(try DeviceLabel(gtin: gtin, year: 2026).interpretation == ["(01)\(printed)"])
    }

    @Test(arguments: [
        ("04012345000017", "A", "S", "check-digit-wrong"), ("0401234500001", "A", "S", "check-digit-wrong"),
        ("0401234500", "A", "S", "value-too-short"), ("0401234500001X", "A", "S", "character-not-allowed"),
        ("", "A", "S", "value-too-short"), ("04012345000016", "", "S", "value-too-short"),
        ("04012345000016", "A", "", "value-too-short"), ("04012345000016", "A B", "S", "character-not-allowed"),
        ("04012345000016", "A", "S^1", "character-not-allowed"),
        ("04012345000016", "A", "S~1", "character-not-allowed"),
        ("04012345000016", "A", "S\\1", "character-not-allowed"), ("04012345000016", "Ä", "S", "character-not-allowed"),
        ("04012345000016", "A", "123456789012345678901", "separator-missing"),
        ("04012345000016", "A<GS>B", "S", "ai-malformed"), ("04012345000016", "A\u{1D}10B", "S", "ai-repeated"),
        ("04012345000016", "A\u{1D}30555", "S", "label-ambiguous"),
        ("04012345000016", "A{GS}21S", "S", "label-ambiguous"),
        ("04012345000016", "A\u{1D}", "S", "label-ambiguous"),
    ])
    func refusesWhatAScanWouldRefuseOrTakeForSomethingElse(
        gtin: String, lot: String, serial: String, code: String
    ) {
        let refused = #expect(throws: CustodyError.self) {
            try DeviceLabel(gtin: gtin, lot: lot, serial: serial, year: 2026)
        }
        #expect(refused?.code.rawValue == code)
    }

    @Test(arguments: [
        ("https://id.gs1.org/01/04012345000016/10/A1/21/S%2F1", "010401234500001617311130" + "10A1\u{1D}21S/1"),
        ("https://id.gs1.org/01/04012345000016", "010401234500001617311130"),
    ])
    func printsWhatWasRecorded(subject: String, scanned: String) throws {
        let label = try DeviceLabel(subject: subject, expiry: LabelDate("2031-11-30", year: 2026), year: 2026)
        #expect(label.scanned == Array(scanned.utf8))
        #expect(label.identifier.subject == subject)
    }

    @Test(arguments: [
        ("https://id.gs1.org/00/340123450000000017", "label-incomplete"),
        ("urn:epc:id:sgtin:4012345.000001.1", "label-subject-unusable"),
        ("https://id.gs1.org/", "label-subject-unusable"), ("", "label-subject-unusable"),
    ])
    func refusesSubjectsThatNoLabelNames(subject: String, code: String) {
        let refused = #expect(throws: CustodyError.self) {
            try DeviceLabel(subject: subject, expiry: LabelDate("2031-11-30", year: 2026), year: 2026)
        }
        #expect(refused?.code.rawValue == code)
    }

    @Test func writesADigitalLinkThatMeansTheSame() throws {
        let label = try DeviceLabel(
            gtin: gtin, lot: "A/1", serial: "S?&%1", expiry: LabelDate("2031-11-30", year: 2026), year: 2026,
            domain: "id.example.com")
        let uri = "https://id.example.com/01/04012345000016/10/A%2F1/21/S%3F%26%251?17=311130"
        #expect(label.scanned == Array(uri.utf8))
        let read = try identify(Scan(bytes: label.scanned, symbologyIdentifier: "]Q1"), year: 2026)
        #expect(Set(read.elements) == Set(label.identifier.elements))
    }

    @Test(arguments: [
        "", "example", "id.example.com/", "id..com", "-a.example", "a-.example", "id.exa mple", "id.example:443",
        "user@id.example", "id.example?x", "ïd.example", ".example.com", "example.com.",
    ])
    func refusesWhatIsNoDomain(domain: String) {
        #expect(throws: CustodyError("label-domain-unusable", "")) {
            try DeviceLabel(gtin: gtin, year: 2026, domain: domain)
        }
    }

    @Test(arguments: [(252, true), (DeviceLabel.domainBytesMax, true), (254, false)])
    func takesDomainsUpToTheirLimit(count: Int, isTaken: Bool) {
        let domain = String(String(repeating: "abcdefg.", count: 32).prefix(count - 1)) + "x"
        #expect(((try? DeviceLabel(gtin: gtin, year: 2026, domain: domain)) != nil) == isTaken)
    }
}
