import Ledger
import Testing

@testable import firmware_sim

@Suite struct ElementStringTests {
    @Test(arguments: [
        ("(01)04012345000016(21)S1", "010401234500001621S1"),
        ("(01)04012345000016(10)LOT7(21)S1", "010401234500001610LOT7\u{1D}21S1"),
        ("(10)LOT7(01)04012345000016", "10LOT7\u{1D}0104012345000016"),
        ("(17)311130(10)A", "1731113010A"),
    ])
    func endsOnlyValuesOfNoPredefinedLength(bracketed: String, scanned: String) throws {
        let elements = try ElementString(bracketed)
        #expect(elements.scanned == Array(scanned.utf8))
        #expect(elements.bracketed == bracketed)
    }

    @Test(arguments: ["", "01", "(01", "(01)", "(1)2", "(12345)6", "(0a)1", "(10)a b", "(10)a(", "x(10)a"])
    func refusesWhatIsNoElementString(text: String) {
        #expect(throws: CustodyError.self) { try ElementString(text) }
    }

    @Test(arguments: [ElementString.elementsMax - 1, ElementString.elementsMax])
    func takesUpToTheMostElements(count: Int) throws {
        let text = String(repeating: "(10)A", count: count)
        #expect(try ElementString(text).elements.count == count)
    }

    @Test func refusesMoreThanTheMostElements() {
        let text = String(repeating: "(10)A", count: ElementString.elementsMax + 1)
        #expect(throws: CustodyError.self) { try ElementString(text) }
    }
}
