import CZBar
import Identifiers
import Ledger

/// Finds the bar codes and QR Codes in a PNG or JPEG image, in the calling process.
///
/// For images from outside use `DecodeClient`, which runs this decoder where a hostile image can harm only a helper
/// process.
public struct ImageDecoder: Sendable {
    /// The largest image file, in bytes.
    public static let imageBytesMax = 32 * 1024 * 1024
    /// The largest image, in pixels (width times height), checked from the header before memory is taken for it.
    public static let pixelsMax = LumaImage.pixelsMax

    public init() {}

    /// Every symbol in the image, in the order found; an empty list when there is none.
    ///
    /// Blocks for up to seconds on a large image: never call it on the cooperative pool. Throws
    /// `image-too-large`, `image-not-recognised`, `image-too-many-pixels`, `image-damaged`, `symbol-unreliable`.
    public func decode(_ image: [UInt8]) throws -> [DecodedSymbol] {
        try ImageDecoder.checkSize(image.count)
        return try decode(LumaImage(decoding: image))
    }

    static func checkSize(_ count: Int) throws {
        guard count <= imageBytesMax else {
            throw CustodyError(
                "image-too-large", "The image file has \(count) bytes, more than \(imageBytesMax)",
                remedy: "Take the picture with a lower resolution, or save it as JPEG.")
        }
    }

    private func decode(_ luma: LumaImage) throws -> [DecodedSymbol] {
        guard let scanner = zbar_image_scanner_create(), let image = zbar_image_create() else {
            throw CustodyError("decoder-out-of-memory", "There is not enough memory to decode the image")
        }
        defer {
            zbar_image_destroy(image)
            zbar_image_scanner_destroy(scanner)
        }
        configure(scanner)
        return try luma.pixels.withUnsafeBytes { pixels in
            zbar_image_set_format(image, custody_zbar_luma())
            zbar_image_set_size(image, UInt32(luma.width), UInt32(luma.height))
            zbar_image_set_data(image, pixels.baseAddress, UInt(pixels.count), nil)
            guard zbar_scan_image(scanner, image) >= 0 else {
                throw CustodyError("image-damaged", "The symbol decoder cannot read the image")
            }
            return try symbols(of: image)
        }
    }

    private func configure(_ scanner: OpaquePointer) {
        zbar_image_scanner_set_config(scanner, ZBAR_NONE, ZBAR_CFG_ENABLE, 1)
        // Off: forms that rewrite an EAN-13 (UPC and ISBN, which then arrive as the EAN-13 they are), add-ons, and
        // symbologies that no device label carries and that noise resembles.
        for symbology in [
            ZBAR_EAN2, ZBAR_EAN5, ZBAR_UPCE, ZBAR_UPCA, ZBAR_ISBN10, ZBAR_ISBN13, ZBAR_SQCODE, ZBAR_PDF417,
        ] {
            zbar_image_scanner_set_config(scanner, symbology, ZBAR_CFG_ENABLE, 0)
        }
        // Without it the decoder guesses a character set and rewrites the bytes as UTF-8.
        zbar_image_scanner_set_config(scanner, ZBAR_QRCODE, ZBAR_CFG_BINARY, 1)
        zbar_image_scanner_set_config(scanner, ZBAR_NONE, ZBAR_CFG_TEST_INVERTED, 1)
    }

    private func symbols(of image: OpaquePointer) throws -> [DecodedSymbol] {
        var found: [DecodedSymbol] = []
        var unreliable = 0
        var next = zbar_image_first_symbol(image)
        while let symbol = next {
            next = zbar_symbol_next(symbol)
            guard let read = RawSymbol(symbol) else { continue }
            if read.isUnreliable {
                unreliable += 1
            } else {
                found.append(read.decoded)
            }
        }
        guard unreliable == 0 || !found.isEmpty else { throw ImageDecoder.unreliable }
        return found
    }

    private static let unreliable = CustodyError(
        "symbol-unreliable",
        "The label carries a GS1 DataBar Expanded symbol with separators, which the image decoder may misread",
        remedy: "Scan the label with a handheld scanner, or photograph another of its symbols.")
}

/// What the symbol decoder says about one symbol.
private struct RawSymbol {
    let type: zbar_symbol_type_t
    let modifiers: UInt32
    let bytes: [UInt8]

    init?(_ symbol: OpaquePointer) {
        type = zbar_symbol_get_type(symbol)
        guard type != ZBAR_NONE, type != ZBAR_PARTIAL, type != ZBAR_COMPOSITE,
            let data = zbar_symbol_get_data(symbol)
        else { return nil }
        modifiers = zbar_symbol_get_modifiers(symbol)
        bytes = [UInt8](UnsafeRawBufferPointer(start: data, count: Int(zbar_symbol_get_data_length(symbol))))
    }

    /// zbar 0.23 does not return to numeric mode after a DataBar Expanded FNC1 (ISO/IEC 24724, tables 12 and 13), so
    /// that AI 21 after a separator reads as `2Q`: no reading is better than a wrong serial number.
    var isUnreliable: Bool { type == ZBAR_DATABAR_EXP && bytes.contains(0x1D) }

    var decoded: DecodedSymbol {
        DecodedSymbol(symbology: name, scan: Scan(bytes: bytes, symbologyIdentifier: aimIdentifier))
    }

    private var isGS1: Bool { modifiers & (1 << ZBAR_MOD_GS1.rawValue) != 0 }

    private var isAIM: Bool { modifiers & (1 << ZBAR_MOD_AIM.rawValue) != 0 }

    private var name: String {
        switch type {
        case ZBAR_EAN8: "EAN-8"
        case ZBAR_EAN13: "EAN-13"
        case ZBAR_I25: "ITF"
        case ZBAR_DATABAR: "GS1 DataBar"
        case ZBAR_DATABAR_EXP: "GS1 DataBar Expanded"
        case ZBAR_CODABAR: "Codabar"
        case ZBAR_CODE39: "Code 39"
        case ZBAR_CODE93: "Code 93"
        case ZBAR_CODE128: isGS1 ? "GS1-128" : "Code 128"
        case ZBAR_QRCODE: isGS1 ? "GS1 QR Code" : "QR Code"
        default: String(cString: zbar_get_symbol_name(type))
        }
    }

    /// ISO/IEC 15424; the modifier character depends on what the decoder checked and removed.
    private var aimIdentifier: String? {
        switch type {
        case ZBAR_EAN8: "]E4"
        case ZBAR_EAN13: "]E0"
        case ZBAR_I25: hasValidCheckDigit ? "]I1" : "]I0"
        case ZBAR_DATABAR, ZBAR_DATABAR_EXP: "]e0"
        case ZBAR_CODABAR: "]F0"
        case ZBAR_CODE39: "]A0"
        case ZBAR_CODE93: "]G0"
        case ZBAR_CODE128: isGS1 ? "]C1" : isAIM ? "]C2" : "]C0"
        case ZBAR_QRCODE: isGS1 ? "]Q3" : isAIM ? "]Q5" : "]Q1"
        default: nil
        }
    }

    /// The mod 10 check of ITF-14 (GS1 General Specifications, 7.9.1), which zbar leaves to its caller.
    private var hasValidCheckDigit: Bool {
        guard bytes.count == 14, bytes.allSatisfy({ (0x30...0x39).contains($0) }) else { return false }
        let sum = bytes.enumerated().reduce(0) { $0 + Int($1.element - 0x30) * ($1.offset.isMultiple(of: 2) ? 3 : 1) }
        return sum.isMultiple(of: 10)
    }
}
