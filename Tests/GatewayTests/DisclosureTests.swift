import Foundation
import Ledger
import Testing

@testable import Gateway

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

    @Test func refusesAValueThatIsNotText() async {
        #expect(await code { try Disclosure(name: "p", value: [0xFF], salt: []) } == .factNotText)
    }

    @Test(arguments: [(-1, true), (0, true), (1, false)])
    func aValueHasAtMostItsBytes(step: (offset: Int, fits: Bool)) async {
        let value = [UInt8](repeating: 0x41, count: Update.factBytesMax + step.offset)
        #expect(await code { try Disclosure(name: "p", value: value, salt: []) } == (step.fits ? nil : .limitExceeded))
    }
}
