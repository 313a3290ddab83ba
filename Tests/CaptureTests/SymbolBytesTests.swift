import Testing

@testable import Capture

/// What decoders hand out, and what readers send.
@Suite struct SymbolBytesTests {
    @Test(arguments: [
        ("(01)09506000134352(10)LOT(21)S1", "010950600013435210LOT\u{1D}21S1"),
        ("(10)LOT(01)09506000134352", "10LOT\u{1D}0109506000134352"),
        ("(01)09506000134352(3103)000189(15)271231", "01095060001343523103000189" + "15271231"),
        ("(240)A", "240A"),
    ])
    func endsAValueWithoutAFixedLengthBySeparator(text: String, sent: String) {
        #expect(BracketedElements.bytes(Array(text.utf8)) == Array(sent.utf8))
    }

    @Test(arguments: ["", "10LOT", "(10)", "(10)A(B", "(10)A)B", "(1)A", "(10", "(12345)A", "(AB)C", "(10)A(2)B"])
    func readsNoElementsWhereBracketsAreAmbiguous(text: String) {
        #expect(BracketedElements.bytes(Array(text.utf8)) == nil)
    }

    /// ISO/IEC 15420: the last of the six digits says which zeros were left out.
    @Test(arguments: [
        ("01234505", "0012000003455"), ("01234514", "0012100003454"), ("01234523", "0012200003453"),
        ("01234531", "0012300000451"), ("01234543", "0012340000053"), ("01234565", "0012345000065"),
        ("01234596", "0012345000096"),
    ])
    func givesAUPCEItsZerosBack(printed: String, sent: String) {
        #expect(RetailDigits.ofUPCE(Array(printed.utf8)) == Array(sent.utf8))
        #expect(RetailDigits.hasValidCheckDigit(Array(sent.utf8)))
    }

    @Test(arguments: ["", "0123456", "012345678", "0123456A"])
    func refusesAUPCEOfAnotherForm(printed: String) {
        #expect(RetailDigits.ofUPCE(Array(printed.utf8)) == nil)
    }

    @Test func givesAUPCAItsLeadingZero() {
        #expect(RetailDigits.ofUPCA(Array("012345678905".utf8)) == Array("0012345678905".utf8))
        #expect(RetailDigits.ofUPCA(Array("12345678905".utf8)) == nil)
    }

    @Test(arguments: [("15400141288763", true), ("15400141288764", false), ("", false), ("1540014128876A", false)])
    func checksTheLastDigit(digits: String, isValid: Bool) {
        #expect(RetailDigits.hasValidCheckDigit(Array(digits.utf8)) == isValid)
    }
}
