import Identifiers
import Ledger
import Testing

@testable import Capture

@Suite struct ImageDecoderTests {
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
        ("gs1-qr.png", "]Q3", "010950600013435210LOT-42\u{1D}21SN001"),
        ("qr.png", "]Q1", "https://id.gs1.org/01/09506000134352/10/LOT-42"),
    ])
    func readsASymbolWithItsIdentifierAndSeparators(file: String, identifier: String, text: String) throws {
        let symbols = try ImageDecoder().decode(Fixture.bytes(file))
        #expect(symbols.map(\.scan) == [Scan(bytes: Array(text.utf8), symbologyIdentifier: identifier)])
    }

    @Test func refusesASymbolThatTheDecoderMayMisread() throws {
        let image = try Fixture.bytes("databar-expanded.png")
        #expect(throws: CustodyError("symbol-unreliable", "")) { try ImageDecoder().decode(image) }
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
