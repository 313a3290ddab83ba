import Identifiers
import Ledger
import Testing

@testable import Capture

@Suite struct ImageDecoderTests {
    /// Every round is reached, also where no optimiser was at work.
    static let unhurried = DecodePlan(rounds: DecodePlan.photograph.rounds, budget: .seconds(60))
    static let gs1Serial = "010950600013435210LOT-42\u{1D}21SN001"
    static let gs1Text = "010950600013435217271231" + "10LOT-42\u{1D}21SN001"

    @Test(arguments: [
        ("ean13.png", "]E0", "4006381333931"),
        ("ean8.png", "]E4", "96385074"),
        ("upce.png", "]E0", "0012345000065"),
        ("itf14.png", "]I1", "15400141288763"),
        ("code128.png", "]C0", "HELLO-128"),
        ("code39.png", "]A0", "+A123BJC5D6E71G"),
        ("databar.png", "]e0", "0109506000134352"),
        ("gs1-128.png", "]C1", gs1Text),
        ("gs1-128.jpg", "]C1", gs1Text),
        ("gs1-qr.png", "]Q3", gs1Serial),
        ("qr.png", "]Q1", "https://id.gs1.org/01/09506000134352/10/LOT-42"),
        ("databar-expanded.png", "]e0", "01095060001343521727123110LOT-42\u{1D}21SN001"),
        ("databar-stacked.png", "]e0", gs1Serial),
        ("databar-omni-stacked.png", "]e0", "0109506000134352"),
        ("code93.png", "]G0", "CODE-93"),
        ("codabar.png", "]F0", "A40156B"),
        ("upca.png", "]E0", "0012345678905"),
        ("gs1-datamatrix.png", "]d2", gs1Serial),
        ("datamatrix.png", "]d1", "HIBC is not read here"),
        ("datamatrix-rectangular.png", "]d2", gs1Serial),
        ("datamatrix-dmre.png", "]d8", gs1Serial),
        ("datamatrix-binary.png", "]d1", "bytes\u{1D}\u{E9}"),
        ("datamatrix-inverted.png", "]d2", gs1Serial),
        ("datamatrix-small.png", "]d1", "SMALL-1"),
        ("code128-small.png", "]C0", "SMALL-128"),
        ("aztec.png", "]z0", "AZTEC-42"),
        ("gs1-aztec.png", "]z1", gs1Serial),
        ("pdf417.png", "]L2", "PDF417 for a shipping note"),
        ("microqr.png", "]Q1", "MICRO42"),
    ])
    func readsASymbolWithItsIdentifierAndSeparators(file: String, identifier: String, text: String) throws {
        let symbols = try ImageDecoder().decode(Fixture.bytes(file))
        #expect(symbols.map(\.scan) == [Scan(bytes: Array(text.utf8), symbologyIdentifier: identifier)])
        #expect(symbols.map(\.text) == [text])
    }

    @Test func keepsBytesAsPrintedWhereTheTextNeedsACharacterSet() throws {
        let symbols = try ImageDecoder().decode(Fixture.bytes("qr-latin1.png"))
        #expect(symbols.map(\.scan.bytes) == [[0x47, 0x72, 0xFC, 0xDF, 0x65]])
        #expect(symbols.map(\.text) == ["Grüße"])
    }

    /// Where one decoder says UPC-A and the other EAN-13, and both mean the same 13 digits, it is one symbol.
    @Test(arguments: ["upca.png", "upce.png", "qr.png", "gs1-128.png"])
    func reportsWhatBothDecodersReadOnce(file: String) throws {
        #expect(try ImageDecoder().decode(Fixture.bytes(file)).count == 1)
    }

    @Test(arguments: ["gs1-128.png", "ean13.png", "gs1-qr.png", "gs1-datamatrix.png"])
    func readsALabelThatLiesAcross(file: String) throws {
        let label = try LumaImage(decoding: Fixture.bytes(file))
        let frame = Retouch.turned.applied(to: Retouch.doubled.applied(to: label))
        let symbols = try ImageDecoder().decode(
            frame: frame.pixels, width: frame.width, height: frame.height, plan: Self.unhurried)
        #expect(symbols.map(\.scan) == (try ImageDecoder().decode(Fixture.bytes(file))).map(\.scan))
    }

    /// zxing looks for an Aztec Code in the middle of an image only.
    @Test(arguments: ["gs1-aztec.png", "gs1-datamatrix.png", "datamatrix-rectangular.png"])
    func readsASymbolInTheCornerOfALargePicture(file: String) throws {
        let label = try LumaImage(decoding: Fixture.bytes(file))
        var pixels = [UInt8](repeating: 255, count: 640 * 480)
        for y in 0..<label.height {
            for x in 0..<label.width {
                pixels[(472 - label.height + y) * 640 + x + 8] = label.pixels[y * label.width + x]
            }
        }
        let symbols = try ImageDecoder().decode(frame: pixels, width: 640, height: 480, plan: Self.unhurried)
        #expect(symbols.map(\.scan) == (try ImageDecoder().decode(Fixture.bytes(file))).map(\.scan))
    }

    @Test(arguments: EmptyPicture.Pattern.allCases, [unhurried, .frame])
    func findsNothingWhereThereIsNoSymbol(pattern: EmptyPicture.Pattern, plan: DecodePlan) throws {
        let picture = EmptyPicture(pattern)
        let symbols = try ImageDecoder().decode(
            frame: picture.pixels, width: EmptyPicture.width, height: EmptyPicture.height, plan: plan)
        #expect(symbols.isEmpty)
    }

    @Test(arguments: ["ean13.png", "gs1-128.png", "gs1-qr.png", "gs1-datamatrix.png"])
    func readsACleanFrameInOneLook(file: String) throws {
        let frame = try LumaImage(decoding: Fixture.bytes(file))
        let symbols = try ImageDecoder().decode(frame: frame.pixels, width: frame.width, height: frame.height)
        #expect(symbols.count == 1)
    }

    @Test(arguments: [-1, 1])
    func refusesAFrameWhosePixelsDoNotFillItsSize(offset: Int) {
        let pixels = [UInt8](repeating: 0, count: 20 + offset)
        #expect(throws: CustodyError("image-damaged", "")) {
            try ImageDecoder().decode(frame: pixels, width: 5, height: 4)
        }
    }

    @Test(arguments: ["gs1-128.png", "gs1-128.jpg"])
    func refusesAnImageThatIsCutOffAnywhere(file: String) throws {
        let image = try Fixture.bytes(file)
        for count in stride(from: 0, to: image.count - 20, by: max(1, image.count / 40)) {
            let error = #expect(throws: CustodyError.self) { try ImageDecoder().decode(Array(image.prefix(count))) }
            #expect(["image-damaged", "image-not-recognised"].contains(error?.code), "\(count) bytes")
        }
    }

    @Test func refusesWhatIsNoImage() {
        #expect(throws: CustodyError("image-not-recognised", "")) {
            try ImageDecoder().decode(Array("<svg></svg>".utf8))
        }
    }

    @Test(arguments: [(-1, true), (0, true), (1, false)])
    func limitsTheFileSize(offset: Int, isAllowed: Bool) {
        let size = ImageDecoder.imageBytesMax + offset
        #expect(((try? ImageDecoder.checkSize(size)) != nil) == isAllowed)
    }

    @Test(arguments: [(39_999_999, true), (40_000_000, true), (40_000_001, false)])
    func limitsThePixelsFromTheHeaderAlone(width: Int, isAllowed: Bool) throws {
        #expect(ImageDecoder.pixelsMax == 40_000_000)
        // libpng itself refuses more than a million in one direction, so the product makes the size there.
        #expect((try? LumaImage.pixelCount(width: width, height: 1)) == (isAllowed ? width : nil))
        let header = PNGHeader(width: 20_000, height: 2_000 + (isAllowed ? 0 : 1)).bytes
        let code: CustodyError.Code = isAllowed ? "image-damaged" : "image-too-many-pixels"
        #expect(throws: CustodyError(code, "")) { try ImageDecoder().decode(header) }
    }

    @Test func refusesASizeThatOverflows() {
        #expect(throws: CustodyError("image-too-many-pixels", "")) {
            try LumaImage.pixelCount(width: .max, height: 2)
        }
    }
}

/// A picture that holds no symbol, drawn from a seed.
struct EmptyPicture {
    enum Pattern: CaseIterable, Sendable {
        case white, stripes, grid, blocks, noise, fence
    }

    static let width = 320
    static let height = 240

    let pixels: [UInt8]

    init(_ pattern: Pattern) {
        var random = SplitMix(state: 42)
        let bars = (0..<Self.width).map { _ in random.next() & 1 == 0 }
        let blocks = (0..<Self.width * Self.height / 64).map { _ in random.next() & 1 == 0 }
        pixels = (0..<Self.width * Self.height).map { place in
            let (x, y) = (place % Self.width, place / Self.width)
            return switch pattern {
            case .white: 255
            case .stripes: x / 3 % 2 == 0 ? 20 : 240
            case .grid: x % 12 == 0 || y % 12 == 0 ? 30 : 230
            case .blocks: blocks[y / 8 * (Self.width / 8) + x / 8] ? 20 : 240
            case .noise: UInt8(truncatingIfNeeded: random.next())
            case .fence: bars[x / 2] ? 20 : 240
            }
        }
    }
}

private struct SplitMix {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = (state ^ state >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}

/// A PNG that has a size and a beginning of data, but no pixels.
private struct PNGHeader {
    let bytes: [UInt8]

    init(width: Int, height: Int) {
        let size = DecodeFrame.length(width) + DecodeFrame.length(height)
        bytes =
            [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
            + PNGHeader.chunk("IHDR", size + [8, 0, 0, 0, 0]) + PNGHeader.chunk("IDAT", [])
    }

    private static func chunk(_ type: String, _ data: [UInt8]) -> [UInt8] {
        let body = Array(type.utf8) + data
        return DecodeFrame.length(data.count) + body + DecodeFrame.length(Int(checksum(body)))
    }

    private static func checksum(_ bytes: [UInt8]) -> UInt32 {
        ~bytes.reduce(UInt32.max) { sum, byte in
            (0..<8).reduce(sum ^ UInt32(byte)) { rest, _ in rest & 1 == 1 ? rest >> 1 ^ 0xEDB8_8320 : rest >> 1 }
        }
    }
}
