import CZBar
import CZXing
import CZint
import Capture
import Foundation

/// Camera frames through the whole path, beside the bare calls of the same libraries with the same settings.
struct DecodeBench {
    static let rounds = 60

    func run() throws -> [Measurement] {
        let decoder = try ImageDecoder()
        let libraries = try BareLibraries()
        let coded = try [
            ("QR", BARCODE_QRCODE, "https://id.gs1.org/01/09506000134352/10/LOT-42"),
            ("Data Matrix", BARCODE_DATAMATRIX, "010950600013435210LOT-42"), ("EAN-13", BARCODE_EANX, "400638133393"),
            ("Code 128", BARCODE_CODE128, "LOT-42-SN001"),
        ].map { name, symbology, text in
            try compare("decode 1280x720, \(name)", Frame(symbology, text), decoder, libraries, symbols: 1)
        }
        return try coded + empty(decoder, libraries)
    }

    private func compare(
        _ name: String, _ frame: Frame, _ decoder: ImageDecoder, _ libraries: BareLibraries, symbols: Int
    ) throws -> Measurement {
        var (ours, theirs): ([Double], [Double]) = ([], [])
        for _ in 0..<Self.rounds {
            var found = 0
            ours.append(try milliseconds { found = try decode(frame, decoder) })
            precondition(found == symbols, name)
            theirs.append(milliseconds { libraries.read(frame) })
        }
        return Measurement(
            name: name, value: Statistic.median(ours), unit: "ms", reference: Statistic.median(theirs),
            ratio: Statistic.median(zip(ours, theirs).map { $0 / $1 }), target: "ratio <= 1.3")
    }

    /// Frames that move on by some pixels each, over a desk, printed text and a fence of bars.
    private func empty(_ decoder: ImageDecoder, _ libraries: BareLibraries) throws -> [Measurement] {
        let frames = Frame.Scene.allCases.flatMap { scene in (0..<Self.rounds / 3).map { Frame(scene, step: $0) } }
        let times = try frames.map { frame in
            var found = 0
            let time = try milliseconds { found = try decode(frame, decoder) }
            precondition(found == 0, "a read where there is no code")
            return time
        }
        let bare = frames.map { frame in milliseconds { libraries.read(frame) } }
        return [
            Measurement(
                name: "decode 1280x720, no code, p95", value: Statistic.percentile(times, 0.95), unit: "ms",
                reference: Statistic.percentile(bare, 0.95), ratio: nil, target: "<= 25 ms")
        ]
    }

    private func decode(_ frame: Frame, _ decoder: ImageDecoder) throws -> Int {
        try decoder.decode(frame: frame.pixels, width: Frame.width, height: Frame.height).count
    }

    private func milliseconds(_ work: () throws -> Void) rethrows -> Double {
        let began = ContinuousClock.now
        try work()
        return (ContinuousClock.now - began) / .milliseconds(1)
    }
}

/// 1280 x 720 bytes of brightness.
private struct Frame {
    enum Scene: CaseIterable {
        case desk, text, fence
    }

    static let width = 1280
    static let height = 720

    private(set) var pixels = [UInt8](repeating: 200, count: width * height)

    /// A symbol in the middle of a grey desk.
    init(_ symbology: Int32, _ text: String) throws {
        guard let symbol = ZBarcode_Create() else { throw CocoaError(.fileReadUnknown) }
        defer { ZBarcode_Delete(symbol) }
        symbol.pointee.symbology = symbology
        symbol.pointee.scale = 1.5
        symbol.pointee.whitespace_width = 10
        symbol.pointee.whitespace_height = 10
        guard ZBarcode_Encode_and_Buffer(symbol, text, 0, 0) == 0, let bitmap = symbol.pointee.bitmap else {
            throw CocoaError(.fileReadCorruptFile)
        }
        let (wide, high) = (Int(symbol.pointee.bitmap_width), Int(symbol.pointee.bitmap_height))
        let start = (Self.height - high) / 2 * Self.width + (Self.width - wide) / 2
        for y in 0..<high {
            for x in 0..<wide { pixels[start + y * Self.width + x] = bitmap[(y * wide + x) * 3] }
        }
    }

    init(_ scene: Scene, step: Int) {
        for y in 0..<Self.height {
            for x in 0..<Self.width { pixels[y * Self.width + x] = Self.brightness(scene, x + step * 7, y + step * 3) }
        }
    }

    /// With a camera's noise of a few levels.
    private static func brightness(_ scene: Scene, _ x: Int, _ y: Int) -> UInt8 {
        let noise = (x &* 7919 &+ y &* 104_729 &+ x &* y) % 7
        let level =
            switch scene {
            case .desk: 90 + x / 16 + y / 12
            case .text: y / 12 % 2 == 0 && (x / 3 &* 2_654_435_761 &+ y / 24 &* 40_503) >> 9 & 3 == 0 ? 40 : 210
            case .fence: (x / 4 &* 2_654_435_761) >> 11 & 1 == 0 ? 50 : 200
            }
        return UInt8(clamping: level + noise)
    }
}

/// The calls that a program without our path would make for a frame.
private final class BareLibraries {
    private let scanner: OpaquePointer

    init() throws {
        guard let scanner = zbar_image_scanner_create() else { throw CocoaError(.fileReadUnknown) }
        self.scanner = scanner
        zbar_image_scanner_set_config(scanner, ZBAR_NONE, ZBAR_CFG_ENABLE, 1)
        for left in [ZBAR_EAN2, ZBAR_EAN5, ZBAR_ISBN10, ZBAR_ISBN13, ZBAR_SQCODE, ZBAR_PDF417] {
            zbar_image_scanner_set_config(scanner, left, ZBAR_CFG_ENABLE, 0)
        }
        zbar_image_scanner_set_config(scanner, ZBAR_NONE, ZBAR_CFG_X_DENSITY, 4)
        zbar_image_scanner_set_config(scanner, ZBAR_NONE, ZBAR_CFG_Y_DENSITY, 4)
    }

    deinit {
        zbar_image_scanner_destroy(scanner)
    }

    func read(_ frame: Frame) {
        frame.pixels.withUnsafeBufferPointer { pixels in
            let image = zbar_image_create()
            zbar_image_set_format(image, custody_zbar_luma())
            zbar_image_set_size(image, UInt32(Frame.width), UInt32(Frame.height))
            zbar_image_set_data(image, pixels.baseAddress, UInt(pixels.count), nil)
            zbar_scan_image(scanner, image)
            zbar_image_destroy(image)
            let view = czxing_image(
                pixels: pixels.baseAddress, width: Int32(Frame.width), height: Int32(Frame.height),
                stride: Int32(Frame.width))
            for (formats, most) in [(Self.linear, UInt8(1)), (Self.matrix, .max)] {
                let settings = czxing_settings(
                    formats: UInt32(formats), try_harder: false, try_rotate: false, try_downscale: false,
                    global_threshold: false, lines_min: most == 1 ? 2 : 1, symbols_max: most)
                _ = czxing_read(view, settings, nil) { _, _ in }
            }
        }
    }

    private static let linear =
        CZXING_CODABAR | CZXING_CODE_39 | CZXING_CODE_93 | CZXING_CODE_128 | CZXING_EAN_8 | CZXING_EAN_13 | CZXING_ITF
        | CZXING_UPC_A | CZXING_UPC_E
    private static let matrix =
        CZXING_AZTEC | CZXING_DATA_MATRIX | CZXING_PDF_417 | CZXING_QR_CODE | CZXING_MICRO_QR_CODE
}
