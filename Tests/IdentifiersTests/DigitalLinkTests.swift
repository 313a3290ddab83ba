import Identifiers
import Testing

@Suite("Digital Links")
struct DigitalLinkTests {
    @Test(arguments: [
        (
            "(17)261231(21)S/1(10)L%(01)04012345000016(240)A&b(22)V",
            "https://id.gs1.org/01/04012345000016/22/V/10/L%25/21/S%2F1?17=261231&240=A%26b",
            "https://id.gs1.org/01/04012345000016/10/L%25/21/S%2F1"
        ),
        (
            "(00)340123450000000017", "https://id.gs1.org/00/340123450000000017",
            "https://id.gs1.org/00/340123450000000017"
        ),
        (
            "(02)04012345000016(37)5(00)340123450000000017",
            "https://id.gs1.org/00/340123450000000017?02=04012345000016&37=5",
            "https://id.gs1.org/00/340123450000000017"
        ),
        (
            "(01)04012345000016(10)!\"'()*+,-.:;<=>?_",
            "https://id.gs1.org/01/04012345000016/10/%21%22%27%28%29%2A%2B%2C-.%3A%3B%3C%3D%3E%3F_",
            "https://id.gs1.org/01/04012345000016/10/%21%22%27%28%29%2A%2B%2C-.%3A%3B%3C%3D%3E%3F_"
        ),
        (
            "(410)4012345000115(414)4012345000115(254)X",
            "https://id.gs1.org/414/4012345000115/254/X?410=4012345000115",
            "https://id.gs1.org/414/4012345000115/254/X"
        ),
    ])
    func writesTheCanonicalForm(_ text: String, _ link: String, _ subject: String) throws {
        let identifier = try identify(Scan(bytes: Array(text.utf8)), year: 2026)
        #expect(identifier.digitalLink == link)
        #expect(identifier.subject == subject)
        let again = try identify(Scan(bytes: Array(link.utf8)), year: 2026)
        #expect(again.digitalLink == link)
        #expect(Set(again.elements) == Set(identifier.elements))
        #expect(again.udi == identifier.udi)
    }

    @Test(arguments: ["(10)L", "(400)PO-7", "(17)261231"])
    func givesNoSubjectToWhatNamesNoThing(_ text: String) throws {
        let identifier = try identify(Scan(bytes: Array(text.utf8)), year: 2026)
        #expect(identifier.subject == nil)
        #expect(identifier.digitalLink == nil)
    }

    @Test(arguments: [
        ("https://a/00/006141411234567890", "00=006141411234567890"),
        ("HTTP://a/00/006141411234567890", "00=006141411234567890"),
        ("https://a:65535/01/12312312312333", "01=12312312312333"),
        ("https://[2001:db8::1]/01/12312312312333", "01=12312312312333"),
        ("https://a/more/stem/00/006141411234567890", "00=006141411234567890"),
        ("https://a/00/faux/00/006141411234567890", "00=006141411234567890"),
        ("https://a/01/2112345678900", "01=02112345678900"),
        ("https://a/01/416000336108", "01=00416000336108"),
        ("https://a/01/02345673", "01=00000002345673"),
        ("https://a/01/12312312312333/22/TEST/10/ABC/21/XYZ", "01=12312312312333 22=TEST 10=ABC 21=XYZ"),
        ("https://a/01/12312312312333/235/TEST", "01=12312312312333 235=TEST"),
        ("https://a/253/1231231231232TEST5678901234567", "253=1231231231232TEST5678901234567"),
        ("https://a/8018/123456789012345675/8019/123", "8018=123456789012345675 8019=123"),
        ("https://a/stem/00/006141411234567890?", "00=006141411234567890"),
        ("https://a/stem/401/12345678?99=ABC", "401=12345678 99=ABC"),
        ("https://a/01/12312312312333?&&&99=ABC&&&&&&98=XYZ&&&", "01=12312312312333 99=ABC 98=XYZ"),
        ("https://a/01/12312312312333?x1=5&99=ABC&y&98=XYZ&z=7", "01=12312312312333 99=ABC 98=XYZ"),
        ("https://a/01/12312312312333?99=A;B&98=X", "01=12312312312333 99=A;B 98=X"),
        ("https://a/01/12312312312333?99=A;98=X", "01=12312312312333 99=A 98=X"),
        ("https://a/01/12312312312333/22/ABC%2d123?98=XYZ%2f987", "01=12312312312333 22=ABC-123 98=XYZ/987"),
        ("https://a/01/12312312312333/22/ABC+123", "01=12312312312333 22=ABC+123"),
        ("https://a/01/12312312312333/22/test#fragment/01/1", "01=12312312312333 22=test"),
        (
            "https://example.com/8004/9520614141234567?01=9520123456788",
            "8004=9520614141234567 01=09520123456788"
        ),
        (
            "https://id.gs1.org/01/09520123456788/235/XYZ?10=ABC123",
            "01=09520123456788 235=XYZ 10=ABC123"
        ),
    ])
    func readsWhatTheStandardAllows(_ link: String, _ elements: String) throws {
        let identifier = try identify(Scan(bytes: Array(link.utf8)), year: 2026)
        #expect(identifier.elements.map { "\($0.ai)=\($0.value)" }.joined(separator: " ") == elements)
        let canonical = try #require(identifier.digitalLink)
        let again = try identify(Scan(bytes: Array(canonical.utf8)), year: 2026)
        #expect(again.digitalLink == canonical)
        #expect(Set(again.elements) == Set(identifier.elements))
    }

    struct Refusal: Sendable, CustomTestStringConvertible {
        var link: String
        var code: IdentifierError.Code
        var position: Int
        var testDescription: String { link }
    }

    @Test(arguments: [
        Refusal(link: "http://", code: .linkMalformed, position: 7),
        Refusal(link: "http:///", code: .linkMalformed, position: 7),
        Refusal(link: "http://a", code: .linkMalformed, position: 7),
        Refusal(link: "http://a/b/", code: .linkMalformed, position: 8),
        Refusal(link: "HtTp://a/00/006141411234567890", code: .linkMalformed, position: 0),
        Refusal(link: "https://00/006141411234567890", code: .linkMalformed, position: 10),
        Refusal(link: "https://a$/00/006141411234567890", code: .linkMalformed, position: 9),
        Refusal(link: "https://a/00/006141411234567890/", code: .linkMalformed, position: 9),
        Refusal(link: "https://a/00/0061414112345678 0", code: .linkMalformed, position: 29),
        Refusal(link: "https://example.com/about", code: .linkMalformed, position: 19),
        Refusal(link: "https://example.com/01/04012345000016/21", code: .linkMalformed, position: 19),
        Refusal(link: "https://a/01/12312312312333/21/", code: .valueTooShort, position: 31),
        Refusal(link: "https://a/01/12312312312333?99=", code: .valueTooShort, position: 31),
        Refusal(link: "https://a/01/12312312312333?999=faux", code: .aiUnknown, position: 28),
        Refusal(link: "https://a/01/12312312312333?98=XYZ+987", code: .characterNotAllowed, position: 34),
        Refusal(link: "https://a/01/12312312312333/22/A%00B", code: .characterNotAllowed, position: 31),
        Refusal(link: "https://a/01/12312312312333/22/A%zzB", code: .linkMalformed, position: 32),
        Refusal(link: "https://a/01/12312312312333/21/S/10/L", code: .linkOrderWrong, position: 33),
        Refusal(link: "https://a/01/12312312312333/10/L/235/X", code: .linkOrderWrong, position: 33),
        Refusal(link: "https://a/01/12312312312333/10/L/10/L", code: .linkOrderWrong, position: 33),
        Refusal(link: "https://a/01/12312312312333/99/L", code: .linkOrderWrong, position: 28),
        Refusal(link: "https://a/01/12312312312333/89/L", code: .linkMalformed, position: 9),
        Refusal(link: "https://a/01/12312312312333?10=ABC", code: .linkOrderWrong, position: 28),
        Refusal(link: "https://a/01/12312312312333?8200=x", code: .linkAttributeNotAllowed, position: 28),
        Refusal(link: "https://a/01/12312312312333?99=X&01=12312312312333", code: .aiRepeated, position: 33),
        Refusal(link: "https://a/01/12312312312333?99=X&99=X", code: .aiRepeated, position: 33),
        Refusal(link: "https://a/gtin/12312312312333", code: .linkNameWithdrawn, position: 10),
        Refusal(link: "https://a/gtin/12312312312333/ser/A", code: .linkNameWithdrawn, position: 10),
        Refusal(link: "https://id.gs1.org/ARFKk4XB0CDKWcnpq", code: .linkCompressed, position: 19),
    ])
    func refusesWhatTheStandardForbids(_ given: Refusal) {
        let scan = Scan(bytes: Array(given.link.utf8))
        let error = #expect(throws: IdentifierError.self) { try identify(scan, year: 2026) }
        #expect(error?.code == given.code)
        #expect(error?.position == given.position)
    }

    @Test(arguments: [
        "(01)12312312312326(8200)http://example.com", "(01)12312312312326(235)T(22)A",
        "(01)12312312312326(22)A(10)D(235)T", "(01)04012345000016(8014)1987654Ad4X4bL5ttr2310c2K", "(8019)1", "(22)A",
    ])
    func givesNoLinkToWhatNoLinkHolds(_ text: String) throws {
        #expect(try identify(Scan(bytes: Array(text.utf8)), year: 2026).digitalLink == nil)
    }

    @Test(arguments: [
        (
            "(01)04012345000016(00)340123450000000017(21)S",
            "https://id.gs1.org/01/04012345000016/21/S?00=340123450000000017"
        ),
        ("(01)04012345000016(10)L(235)X", "https://id.gs1.org/01/04012345000016/235/X?10=L"),
        ("(414)4012345000115(7040)1ABC", "https://id.gs1.org/414/4012345000115/7040/1ABC"),
        ("(8010)4012345A(8011)7", "https://id.gs1.org/8010/4012345A/8011/7"),
        ("(8020)R1(415)4012345000115", "https://id.gs1.org/415/4012345000115/8020/R1"),
        ("(01)04012345000016(3103)000195(20)01(30)5", "https://id.gs1.org/01/04012345000016?20=01&30=5&3103=000195"),
    ])
    func findsTheKeyThatHoldsAll(_ text: String, _ link: String) throws {
        #expect(try identify(Scan(bytes: Array(text.utf8)), year: 2026).digitalLink == link)
    }

    @Test func givesOneSubjectToEveryFormOfOneThing() throws {
        let forms = [
            "(01)04012345000016(10)L(21)S", "(21)S(17)261231(01)04012345000016(10)L(240)X",
            "]d2010401234500001610L\u{1D}21S", "https://shop.example/x/01/04012345000016/10/L/21/S?11=260101",
        ]
        let subjects = try forms.map { try identify(Scan(bytes: Array($0.utf8)), year: 2026).subject }
        #expect(Set(subjects) == ["https://id.gs1.org/01/04012345000016/10/L/21/S"])
    }
}
