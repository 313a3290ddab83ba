import CZint
import Glibc
import Ledger

/// Prints labels into PNG files, as a label printer prints them on paper.
///
/// A watched folder never sees half a label: it is drawn under a hidden name and renamed when it is whole.
struct LabelPrinter: Sendable {
    /// The longest path of a label, in bytes, with its temporary name; the drawing library has no room for more.
    static let pathBytesMax = 255

    /// Whether GS1 rules (lengths, check digits) hold. Without them a wrong label can be made on purpose.
    var isChecked = true

    /// Draws `label` to `path`, replacing what is there. On return the file is whole.
    ///
    /// Throws `label-not-drawn`, `label-path-unusable`.
    func draw(_ label: Label, to path: String) throws {
        guard path.hasSuffix(".png"), !path.hasSuffix("/.png") else {
            throw LabelPrinter.unusable("it must end with .png", path)
        }
        let hidden = LabelPrinter.hiddenPath(beside: path)
        guard hidden.utf8.count <= LabelPrinter.pathBytesMax else {
            throw LabelPrinter.unusable("it is too long", path)
        }
        do {
            guard try encode(label, to: hidden), rename(hidden, path) == 0 else {
                throw LabelPrinter.unusable(systemMessage(), path)
            }
        } catch {
            unlink(hidden)
            throw error
        }
    }

    /// False when the file cannot be written, with the reason in `errno`.
    private func encode(_ label: Label, to path: String) throws -> Bool {
        guard let symbol = ZBarcode_Create() else {
            throw CustodyError("label-not-drawn", "The label printer is out of memory")
        }
        defer { ZBarcode_Delete(symbol) }
        setOptions(symbol, label)
        LabelPrinter.setOutput(symbol, path)
        let text = LabelPrinter.input(label)
        let status = ZBarcode_Encode_and_Print(symbol, text, Int32(clamping: text.count), 0)
        guard status != ZINT_ERROR_FILE_ACCESS, status != ZINT_ERROR_FILE_WRITE else { return false }
        guard status == 0 else {
            throw CustodyError(
                "label-not-drawn", "The label cannot be printed: \(LabelPrinter.reason(symbol))", at: label.text,
                remedy: "Correct the text, or print it without the GS1 checks.")
        }
        return true
    }

    private func setOptions(_ symbol: UnsafeMutablePointer<zint_symbol>, _ label: Label) {
        symbol.pointee.symbology = LabelPrinter.code(of: label.symbology)
        symbol.pointee.scale = label.symbology == .qr || label.symbology == .dataMatrix ? 4 : 1.5
        symbol.pointee.height = 50
        symbol.pointee.whitespace_width = 4
        symbol.pointee.whitespace_height = 4
        symbol.pointee.output_options = BARCODE_QUIET_ZONES
        guard label.elements != nil, label.symbology != .ean13 else { return }
        symbol.pointee.input_mode = GS1_MODE | GS1PARENS_MODE | (isChecked ? 0 : GS1NOCHECK_MODE)
    }

    /// The library adds an EAN-13's check digit itself.
    private static func input(_ label: Label) -> [UInt8] {
        Array(label.symbology == .ean13 ? label.text.utf8.prefix(12) : label.text.utf8.prefix(label.text.utf8.count))
    }

    private static func code(of symbology: Symbology) -> Int32 {
        switch symbology {
        case .gs1128: BARCODE_GS1_128
        case .qr: BARCODE_QRCODE
        case .dataMatrix: BARCODE_DATAMATRIX
        case .ean13: BARCODE_EANX
        case .code128: BARCODE_CODE128
        }
    }

    private static func setOutput(_ symbol: UnsafeMutablePointer<zint_symbol>, _ path: String) {
        withUnsafeMutableBytes(of: &symbol.pointee.outfile) { name in
            name.copyBytes(from: Array(path.utf8.prefix(pathBytesMax)) + [0])
        }
    }

    private static func reason(_ symbol: UnsafeMutablePointer<zint_symbol>) -> String {
        withUnsafeBytes(of: symbol.pointee.errtxt) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }

    private static func hiddenPath(beside path: String) -> String {
        let name = path.split(separator: "/").last ?? ""
        return "\(path.dropLast(name.count)).\(getpid())-\(name)"
    }

    private static func unusable(_ reason: String, _ path: String) -> CustodyError {
        CustodyError(
            "label-path-unusable", "The label cannot be written: \(reason)", at: path,
            remedy: "Name a PNG file in a folder that exists and may be written.")
    }
}
