import Foundation
import Testing

@testable import Ledger

@Suite struct DisclosureTests {
    /// RFC 9901, section 4.2.3: the digest is taken over the base64url text, not over what it says.
    @Test func theCommitmentIsTakenOverTheBase64URLText() throws {
        let disclosure = try Disclosure(
            name: "patient", value: Array("Möbius".utf8), salt: [UInt8](repeating: 0xFB, count: 32))
        #expect(disclosure.commitment == Hash.sha256(Array(disclosure.encoded.utf8)))
        #expect(disclosure.encoded.allSatisfy { $0.isLetter || $0.isNumber || $0 == "-" || $0 == "_" })
        let padded =
            disclosure.encoded.replacing("-", with: "+").replacing("_", with: "/")
            + String(repeating: "=", count: (4 - disclosure.encoded.count % 4) % 4)
        let json = try #require(Data(base64Encoded: padded))
        let parts = try JSONDecoder().decode([String].self, from: json)
        #expect(parts == [String(repeating: "-_v7", count: 10) + "-_s", "patient", "Möbius"])
    }

    @Test func theSaltHas256Bits() { #expect(Disclosure.saltBytes == 32) }

    @Test func anotherSaltIsAnotherCommitment() throws {
        let one = try Disclosure(name: "p", value: [0x41], salt: [UInt8](repeating: 1, count: 32))
        let other = try Disclosure(name: "p", value: [0x41], salt: [UInt8](repeating: 2, count: 32))
        #expect(one.commitment != other.commitment)
    }

    @Test func refusesAValueThatIsNotText() throws {
        #expect(try code { _ = try Disclosure(name: "p", value: [0xFF], salt: []) } == .factNotText)
    }

    @Test(arguments: [(-1, true), (0, true), (1, false)])
    func aValueHasAtMostItsBytes(step: (offset: Int, fits: Bool)) throws {
        let value = [UInt8](repeating: 0x41, count: Update.factBytesMax + step.offset)
        #expect(
            try code { _ = try Disclosure(name: "p", value: value, salt: []) } == (step.fits ? nil : .limitExceeded))
    }

    @Test func whatWasWrittenIsReadAsTheSame() throws {
        for value in ["", "Möbius", "\u{1}\"\\/\n", String(repeating: "\u{1}", count: Update.factBytesMax)] {
            let disclosure = try Disclosure(name: "patient", value: Array(value.utf8), salt: [1, 2, 3])
            #expect(disclosure.encoded.utf8.count <= Disclosure.encodedBytesMax)
            #expect(try Disclosure(encoded: disclosure.encoded) == disclosure)
        }
    }

    /// RFC 9901, section 4.2.1: the example, whose JSON has a space after each comma.
    @Test func readsTheExampleOfTheStandard() throws {
        let text = "WyJfMjZiYzRMVC1hYzZxMktJNmNCVzVlcyIsICJmYW1pbHlfbmFtZSIsICJNw7ZiaXVzIl0"
        let disclosure = try Disclosure(encoded: text)
        #expect((disclosure.name, disclosure.value) == ("family_name", "Möbius"))
        // Section 4.2.3: its digest.
        #expect(Disclosure.base64URL(disclosure.commitment.bytes) == "X9yH0Ajrdm1Oij4tWso9UzzKJvPoDxwmuEcO3XAdRC0")
    }

    @Test(arguments: [
        "", "!", "W10", "WyJhIl0", "WzEsMiwzXQ", "eyJhIjoxfQ", "WyJhIiwiYiIsImMiXQ==", "WyJhIiwiYiIsImMiXR",
        "WyJhIiwiYiIsImMiLCJkIl0",
    ])
    func refusesWhatIsNoDisclosure(text: String) throws {
        #expect(try code { _ = try Disclosure(encoded: text) } == .disclosureMalformed)
    }

    @Test func refusesOneThatIsTooLong() throws {
        let text = String(repeating: "A", count: Disclosure.encodedBytesMax + 1)
        #expect(try code { _ = try Disclosure(encoded: text) } == .limitExceeded)
    }

    @Test func doesNotTellItsValueToALogLine() throws {
        let disclosure = try Disclosure(name: "patient", value: Array("Ada".utf8), salt: [1])
        var dumped = ""
        dump(disclosure, to: &dumped)
        for text in ["\(disclosure)", String(reflecting: disclosure), dumped] {
            #expect(!text.contains("Ada") && !text.contains(disclosure.encoded))
        }
    }
}
