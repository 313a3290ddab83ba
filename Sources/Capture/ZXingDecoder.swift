import CZXing
import Ledger

/// The zxing library, which reads matrix symbols and most linear ones.
struct ZXingDecoder {
    /// One search of an image.
    struct Search: Hashable, Sendable {
        enum Family: Hashable, Sendable {
            case linear, dataBar, matrix
        }

        let family: Family
        /// Looks at more lines and for turned and torn symbols: slower.
        var isThorough = true
        /// One threshold for a whole line or image instead of one for each neighbourhood.
        var usesGlobalThreshold = false
    }

    /// Throws `decoder-out-of-memory`, `image-damaged`.
    func read(_ image: LumaImage, _ search: Search) throws -> [SymbolRead] {
        let found = Found()
        let status = image.pixels.withUnsafeBufferPointer { pixels in
            czxing_read(
                czxing_image(
                    pixels: pixels.baseAddress, width: Int32(clamping: image.width),
                    height: Int32(clamping: image.height), stride: Int32(clamping: image.width)),
                search.settings, Unmanaged.passUnretained(found).toOpaque()
            ) { context, symbol in
                guard let context, let symbol else { return }
                Unmanaged<Found>.fromOpaque(context).takeUnretainedValue().append(symbol.pointee)
            }
        }
        switch status {
        case CZXING_DONE: return found.reads
        case CZXING_OUT_OF_MEMORY: throw ImageDecoder.outOfMemory
        default: throw ImageDecoder.unreadable
        }
    }
}

/// Where the library's callback puts what it is handed.
private final class Found {
    private(set) var reads: [SymbolRead] = []

    func append(_ symbol: czxing_symbol) {
        if let read = SymbolRead(symbol) { reads.append(read) }
    }
}

extension ZXingDecoder.Search {
    /// A linear symbol ends the search, because the library (1.4, with its assertions on, as Debian builds it) aborts
    /// over a second linear symbol with the same content. For the same reason a GS1 DataBar counts with its first line;
    /// the library itself asks for several agreeing pairs before that.
    fileprivate var settings: czxing_settings {
        czxing_settings(
            formats: UInt32(formats), try_harder: isThorough, try_rotate: isThorough, try_downscale: isThorough,
            global_threshold: usesGlobalThreshold, lines_min: family == .linear ? 2 : 1,
            symbols_max: family == .matrix ? .max : 1)
    }

    private var formats: Int {
        switch family {
        case .linear:
            CZXING_CODABAR | CZXING_CODE_39 | CZXING_CODE_93 | CZXING_CODE_128 | CZXING_EAN_8 | CZXING_EAN_13
                | CZXING_ITF | CZXING_UPC_A | CZXING_UPC_E
        case .dataBar: CZXING_DATABAR | CZXING_DATABAR_EXPANDED
        case .matrix: CZXING_AZTEC | CZXING_DATA_MATRIX | CZXING_PDF_417 | CZXING_QR_CODE | CZXING_MICRO_QR_CODE
        }
    }
}

extension SymbolRead {
    fileprivate init?(_ symbol: czxing_symbol) {
        let bytes = [UInt8](UnsafeBufferPointer(start: symbol.bytes, count: symbol.bytes_count))
        guard let symbology = Symbology(zxing: Int(symbol.format)), let sent = symbology.sent(zxing: bytes) else {
            return nil
        }
        let identifier = UnsafeRawBufferPointer(start: symbol.identifier, count: symbol.identifier_count)
        // The library (1.4) loses what follows two percent signs, which in GS1 mode stand for one.
        guard symbology != .qrCode || !identifier.elementsEqual("]Q3".utf8) || !bytes.contains(0x25) else { return nil }
        let text = UnsafeRawBufferPointer(start: symbol.text, count: symbol.text_count)
        self.init(
            decoder: .zxing, symbology: symbology, bytes: sent,
            symbologyIdentifier: String(decoding: identifier, as: UTF8.self), lines: max(1, Int(symbol.lines)),
            text: sent == bytes ? String(decoding: text, as: UTF8.self) : nil)
    }
}

extension Symbology {
    fileprivate init?(zxing format: Int) {
        switch format {
        case CZXING_AZTEC: self = .aztec
        case CZXING_CODABAR: self = .codabar
        case CZXING_CODE_39: self = .code39
        case CZXING_CODE_93: self = .code93
        case CZXING_CODE_128: self = .code128
        case CZXING_DATABAR: self = .dataBar
        case CZXING_DATABAR_EXPANDED: self = .dataBarExpanded
        case CZXING_DATA_MATRIX: self = .dataMatrix
        case CZXING_EAN_8: self = .ean8
        case CZXING_EAN_13: self = .ean13
        case CZXING_ITF: self = .interleaved2of5
        case CZXING_PDF_417: self = .pdf417
        case CZXING_QR_CODE: self = .qrCode
        case CZXING_UPC_A: self = .upcA
        case CZXING_UPC_E: self = .upcE
        case CZXING_MICRO_QR_CODE: self = .microQRCode
        default: return nil
        }
    }

    /// What a reader sends for the bytes that the library hands out. Nil when there is no telling.
    fileprivate func sent(zxing bytes: [UInt8]) -> [UInt8]? {
        switch self {
        case .upcA: RetailDigits.ofUPCA(bytes)
        case .upcE: RetailDigits.ofUPCE(bytes)
        // The library leaves out the application identifier that every GS1 DataBar implies.
        case .dataBar: Array("01".utf8) + bytes
        case .dataBarExpanded: BracketedElements.bytes(bytes)
        default: bytes
        }
    }
}
