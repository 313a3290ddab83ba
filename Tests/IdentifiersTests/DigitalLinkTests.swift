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

    @Test func givesOneSubjectToEveryFormOfOneThing() throws {
        let forms = [
            "(01)04012345000016(10)L(21)S", "(21)S(17)261231(01)04012345000016(10)L(240)X",
            "]d2010401234500001610L\u{1D}21S", "https://shop.example/x/01/04012345000016/21/S/10/L?11=260101",
        ]
        let subjects = try forms.map { try identify(Scan(bytes: Array($0.utf8)), year: 2026).subject }
        #expect(Set(subjects) == ["https://id.gs1.org/01/04012345000016/10/L/21/S"])
    }
}
