import CZBar
import Ledger

/// The zbar library, which reads linear symbols and QR Codes. Keeps its scanner from one image to the next.
final class ZBarDecoder {
    private let scanner: OpaquePointer
    private let image: OpaquePointer

    /// Throws `decoder-out-of-memory`.
    init() throws {
        guard let scanner = zbar_image_scanner_create() else { throw ImageDecoder.outOfMemory }
        guard let image = zbar_image_create() else {
            zbar_image_scanner_destroy(scanner)
            throw ImageDecoder.outOfMemory
        }
        (self.scanner, self.image) = (scanner, image)
        configure()
        zbar_image_set_format(image, custody_zbar_luma())
    }

    deinit {
        zbar_image_destroy(image)
        zbar_image_scanner_destroy(scanner)
    }

    /// Looks at every `step`th row and column. Throws `image-damaged`.
    func read(_ luma: LumaImage, step: Int) throws -> [SymbolRead] {
        for density in [ZBAR_CFG_X_DENSITY, ZBAR_CFG_Y_DENSITY] {
            zbar_image_scanner_set_config(scanner, ZBAR_NONE, density, Int32(clamping: step))
        }
        return try luma.pixels.withUnsafeBytes { pixels in
            zbar_image_set_size(image, UInt32(luma.width), UInt32(luma.height))
            zbar_image_set_data(image, pixels.baseAddress, UInt(pixels.count), nil)
            defer { zbar_image_set_data(image, nil, 0, nil) }
            guard zbar_scan_image(scanner, image) >= 0 else { throw ImageDecoder.unreadable }
            return reads()
        }
    }

    private func configure() {
        zbar_image_scanner_set_config(scanner, ZBAR_NONE, ZBAR_CFG_ENABLE, 1)
        for left in [ZBAR_EAN2, ZBAR_EAN5, ZBAR_ISBN10, ZBAR_ISBN13, ZBAR_SQCODE, ZBAR_PDF417] {
            zbar_image_scanner_set_config(scanner, left, ZBAR_CFG_ENABLE, 0)
        }
        // Without it the library guesses a character set and rewrites the bytes as UTF-8.
        zbar_image_scanner_set_config(scanner, ZBAR_QRCODE, ZBAR_CFG_BINARY, 1)
    }

    private func reads() -> [SymbolRead] {
        var found: [SymbolRead] = []
        var next = zbar_image_first_symbol(image)
        while let symbol = next {
            next = zbar_symbol_next(symbol)
            if let read = SymbolRead(symbol) { found.append(read) }
        }
        return found
    }
}

extension SymbolRead {
    fileprivate init?(_ symbol: OpaquePointer) {
        guard let symbology = Symbology(zbar: zbar_symbol_get_type(symbol)), let data = zbar_symbol_get_data(symbol),
            let bytes = symbology.sent(
                zbar: [UInt8](UnsafeRawBufferPointer(start: data, count: Int(zbar_symbol_get_data_length(symbol)))))
        else { return nil }
        let modifiers = zbar_symbol_get_modifiers(symbol)
        self.init(
            decoder: .zbar, symbology: symbology, bytes: bytes,
            symbologyIdentifier: symbology.identifier(
                isGS1: modifiers & 1 << ZBAR_MOD_GS1.rawValue != 0, isAIM: modifiers & 1 << ZBAR_MOD_AIM.rawValue != 0,
                bytes),
            lines: symbology.isLinear ? Int(zbar_symbol_get_quality(symbol)) : 1,
            text: symbology.isLinear ? nil : String(validating: bytes, as: UTF8.self))
    }
}

extension Symbology {
    fileprivate init?(zbar type: zbar_symbol_type_t) {
        switch type {
        case ZBAR_EAN8: self = .ean8
        case ZBAR_EAN13: self = .ean13
        case ZBAR_UPCA: self = .upcA
        case ZBAR_UPCE: self = .upcE
        case ZBAR_I25: self = .interleaved2of5
        case ZBAR_DATABAR: self = .dataBar
        case ZBAR_DATABAR_EXP: self = .dataBarExpanded
        case ZBAR_CODABAR: self = .codabar
        case ZBAR_CODE39: self = .code39
        case ZBAR_CODE93: self = .code93
        case ZBAR_CODE128: self = .code128
        case ZBAR_QRCODE: self = .qrCode
        default: return nil
        }
    }

    /// What a reader sends for the bytes that the library hands out. Nil when there is no telling.
    fileprivate func sent(zbar bytes: [UInt8]) -> [UInt8]? {
        switch self {
        case .upcA: RetailDigits.ofUPCA(bytes)
        case .upcE: RetailDigits.ofUPCE(bytes)
        // zbar 0.23 does not return to numeric mode after a DataBar Expanded FNC1 (ISO/IEC 24724, tables 12 and 13), so
        // that AI 21 after a separator reads as `2Q`: no reading is better than a wrong serial number.
        case .dataBarExpanded: bytes.contains(0x1D) ? nil : bytes
        default: bytes
        }
    }

    /// ISO/IEC 15424; the modifier character depends on what the decoder checked and removed.
    fileprivate func identifier(isGS1: Bool, isAIM: Bool, _ bytes: [UInt8]) -> String {
        switch self {
        case .ean8: "]E4"
        case .ean13, .upcA, .upcE: "]E0"
        case .interleaved2of5: bytes.count == 14 && RetailDigits.hasValidCheckDigit(bytes) ? "]I1" : "]I0"
        case .dataBar, .dataBarExpanded: "]e0"
        case .codabar: "]F0"
        case .code39: "]A0"
        case .code93: "]G0"
        case .code128: isGS1 ? "]C1" : isAIM ? "]C2" : "]C0"
        default: isGS1 ? "]Q3" : isAIM ? "]Q5" : "]Q1"
        }
    }
}
