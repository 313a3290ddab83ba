import Testing

@testable import Capture

@Suite struct TrustRuleTests {
    private static func read(
        _ symbology: Symbology, _ text: String, by decoder: SymbolRead.Decoder = .zbar, lines: Int
    ) -> SymbolRead {
        SymbolRead(
            decoder: decoder, symbology: symbology, bytes: Array(text.utf8), symbologyIdentifier: "", lines: lines,
            text: nil)
    }

    private static func trusted(_ reads: [SymbolRead], from retouches: [Retouch] = [.none]) -> [String] {
        var evidence = Evidence()
        for retouch in retouches { evidence.add(reads, from: retouch) }
        return evidence.trusted.map { String(decoding: $0.bytes, as: UTF8.self) }
    }

    /// One decoder's one look: how many agreeing lines are enough.
    @Test(arguments: [
        (Symbology.ean13, "4006381333931", 30), (.upcE, "0012345000065", 30), (.ean8, "96385074", 30),
        (.interleaved2of5, "15400141288763", 10), (.codabar, "A40156B", 5), (.code39, "ABC", 3), (.code93, "ABC", 2),
        (.code128, "ABC", 2), (.dataBar, "0109506000134352", 6), (.dataBarExpanded, "0109506000134352", 3),
    ])
    func asksOneDecoderForAgreeingLines(symbology: Symbology, text: String, linesMin: Int) {
        for lines in [linesMin - 1, linesMin, linesMin + 1] {
            let isTrusted = !Self.trusted([Self.read(symbology, text, lines: lines)]).isEmpty
            #expect(isTrusted == (lines >= linesMin), "\(lines) lines")
        }
    }

    @Test(arguments: Symbology.allCases)
    func believesWhatBothDecodersRead(symbology: Symbology) {
        let reads = [SymbolRead.Decoder.zbar, .zxing].map { Self.read(symbology, "123456789012", by: $0, lines: 1) }
        #expect(Self.trusted(reads) == ["123456789012"])
    }

    /// A blurred EAN is misread in the same way twice.
    @Test(arguments: [(15, false), (16, true), (17, true)])
    func asksForLinesAlsoWhereOneDecoderReadAGTINTwice(lines: Int, isTrusted: Bool) {
        let read = Self.read(.ean13, "4006381333931", lines: lines)
        #expect(Self.trusted([read], from: [.none, .doubled]).isEmpty == !isTrusted)
    }

    @Test(arguments: Symbology.allCases.filter { !$0.isRetail })
    func believesWhatOneDecoderReadInTwoVersionsOfTheImage(symbology: Symbology) {
        let read = Self.read(symbology, "123456789012", lines: 1)
        #expect(Self.trusted([read], from: [.none, .doubled]) == ["123456789012"])
    }

    @Test(arguments: Symbology.allCases.filter { $0.isLinear && !$0.isRetail })
    func believesWhatTheFrameBeforeShowedToo(symbology: Symbology) {
        let read = Self.read(symbology, "1234", lines: 1)
        var first = Evidence()
        first.add([read], from: .none)
        #expect(first.trusted.isEmpty && first.doubtful == [read])
        var second = Evidence(earlier: first.doubtful)
        #expect(second.trusted.isEmpty)
        second.add([read], from: .none)
        #expect(second.trusted == [read] && second.doubtful.isEmpty)
    }

    @Test(arguments: [Symbology.ean13, .ean8, .upcA, .upcE, .dataBar])
    func doesNotBelieveZXingAloneWhereOneCheckDigitIsAll(symbology: Symbology) {
        #expect(Self.trusted([Self.read(symbology, "123456789012", by: .zxing, lines: 2)]).isEmpty)
    }

    @Test(arguments: [(Symbology.interleaved2of5, 12), (.codabar, 8)])
    func asksZXingAloneForLengthWhereThereIsNoCheck(symbology: Symbology, countMin: Int) {
        for count in countMin - 1...countMin + 1 {
            let text = String(repeating: "1", count: count)
            let isTrusted = !Self.trusted([Self.read(symbology, text, by: .zxing, lines: 2)]).isEmpty
            #expect(isTrusted == (count >= countMin), "\(count) characters")
        }
    }

    @Test(arguments: [Symbology.aztec, .dataMatrix, .microQRCode, .pdf417, .qrCode])
    func believesAMatrixSymbolAtOnce(symbology: Symbology) {
        #expect(Self.trusted([Self.read(symbology, "A", by: .zxing, lines: 1)]) == ["A"])
    }

    @Test func believesNoEmptySymbol() {
        #expect(Self.trusted([Self.read(.code128, "", lines: 100)]).isEmpty)
    }

    @Test func dropsAPieceOfAnITF() {
        let reads = ["15400141288763", "00141288"].map { Self.read(.interleaved2of5, $0, lines: 20) }
        #expect(Self.trusted(reads) == ["15400141288763"])
    }

    @Test func dropsAGTINThatAMuchStrongerOneContradicts() {
        let strong = [
            Self.read(.ean13, "4006381333931", lines: 400),
            Self.read(.ean13, "4006381333931", by: .zxing, lines: 2),
        ]
        let weak = Self.read(.ean13, "4006381333948", lines: 49)
        #expect(Self.trusted(strong + [weak]) == ["4006381333931"])
        let second = Self.read(.ean13, "4006381333948", lines: 50)
        #expect(Self.trusted(strong + [second]) == ["4006381333931", "4006381333948"])
    }

    @Test func isSettledOnlyWhenNothingIsInDoubt() {
        var evidence = Evidence()
        #expect(!evidence.isSettled)
        evidence.add([Self.read(.code128, "LOT", lines: 5)], from: .none)
        #expect(evidence.isSettled)
        evidence.add([Self.read(.code39, "LOT", lines: 1)], from: .none)
        #expect(!evidence.isSettled)
    }

    @Test func countsAUPCAndItsEAN13AsOne() {
        let reads = [
            Self.read(.ean13, "0012345678905", lines: 1), Self.read(.upcA, "0012345678905", by: .zxing, lines: 2),
        ]
        #expect(Self.trusted(reads) == ["0012345678905"])
    }
}
