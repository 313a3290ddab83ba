import CZint
import Identifiers
import Ledger

/// One symbol as dark and light modules, without quiet zones. Bars are one row.
public struct Symbol: Hashable, Sendable {
    /// What a symbol holds.
    public enum Content: Hashable, Sendable {
        /// GS1 elements, with FNC1 in first position and between them where needed.
        case elements([Identifier.Element])
        /// Text without any rule; an EAN-13 takes 13 digits.
        case text(String)
    }

    /// The most characters in a GS1-128 symbol, with application identifiers and separators (GS1 General
    /// Specifications, section 5.4).
    public static let gs1128CharactersMax = 48

    /// The most bytes in any symbol.
    public static let bytesMax = 2_048

    /// The kind of symbol.
    public let symbology: Symbology
    /// Modules across.
    public let columns: Int
    /// Modules down; 1 for bars.
    public let rows: Int
    /// True where dark, row after row.
    private let modules: [Bool]

    /// Draws `content`. Without `isChecked` elements that break the GS1 rules are drawn too, to make a wrong label on
    /// purpose.
    ///
    /// Throws `label-not-drawn`.
    public init(_ content: Content, in symbology: Symbology, isChecked: Bool = true) throws {
        let input = try Input(content, in: symbology, isChecked: isChecked)
        guard let drawing = ZBarcode_Create() else { throw Symbol.notDrawn("there is not enough memory") }
        defer { ZBarcode_Delete(drawing) }
        drawing.pointee.symbology = Symbol.code(of: symbology)
        drawing.pointee.input_mode = input.mode
        if symbology == .dataMatrix { drawing.pointee.option_3 = DM_SQUARE }
        if symbology == .qr { drawing.pointee.option_1 = Symbol.levelM }
        guard ZBarcode_Encode(drawing, input.bytes, Int32(clamping: input.bytes.count)) == 0 else {
            throw Symbol.notDrawn(Symbol.reason(drawing))
        }
        self.symbology = symbology
        columns = Int(drawing.pointee.width)
        rows = Int(drawing.pointee.rows)
        modules = Symbol.modules(drawing)
    }

    /// Whether the module is dark; outside the symbol all is light.
    public func isDark(row: Int, column: Int) -> Bool {
        (0..<rows).contains(row) && (0..<columns).contains(column) && modules[row * columns + column]
    }

    private static let levelM: Int32 = 2

    private static func code(of symbology: Symbology) -> Int32 {
        switch symbology {
        case .dataMatrix: BARCODE_DATAMATRIX
        case .qr: BARCODE_QRCODE
        case .gs1128: BARCODE_GS1_128
        case .ean13: BARCODE_EANX_CHK
        case .code128: BARCODE_CODE128
        }
    }

    /// The library packs eight modules into a byte, the first in the lowest bit.
    private static func modules(_ drawing: UnsafeMutablePointer<zint_symbol>) -> [Bool] {
        let (rows, columns) = (Int(drawing.pointee.rows), Int(drawing.pointee.width))
        return withUnsafeBytes(of: &drawing.pointee.encoded_data) { packed in
            let bytesPerRow = packed.count / rowsMax
            return (0..<rows * columns).map { index in
                let (row, column) = index.quotientAndRemainder(dividingBy: columns)
                return packed[row * bytesPerRow + column / 8] >> (column % 8) & 1 == 1
            }
        }
    }

    /// Of the library's own array.
    private static let rowsMax = 200

    private static func reason(_ drawing: UnsafeMutablePointer<zint_symbol>) -> String {
        withUnsafeBytes(of: drawing.pointee.errtxt) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }

    fileprivate static func notDrawn(_ reason: String, at place: String? = nil) -> CustodyError {
        CustodyError(
            "label-not-drawn", "The symbol cannot be drawn: \(reason)", at: place,
            remedy: "Correct what stands on the label, or take a symbology that holds more, such as datamatrix.")
    }
}

/// Content as the drawing library wants it.
private struct Input {
    let bytes: [UInt8]
    let mode: Int32

    init(_ content: Symbol.Content, in symbology: Symbology, isChecked: Bool) throws {
        switch content {
        case .text(let text):
            bytes = try Input.text(text, in: symbology)
            mode = DATA_MODE
        case .elements(let elements):
            try Input.requireRoom(for: elements, in: symbology)
            let isSquare = !elements.contains { $0.value.contains { "[]".contains($0) } }
            let (open, close) = isSquare ? ("[", "]") : ("(", ")")
            bytes = elements.flatMap { Array("\(open)\($0.ai)\(close)\($0.value)".utf8) }
            mode = GS1_MODE | (isSquare ? 0 : GS1PARENS_MODE) | (isChecked ? 0 : GS1NOCHECK_MODE)
        }
        guard (1...Symbol.bytesMax).contains(bytes.count) else {
            throw Symbol.notDrawn("it must have 1 to \(Symbol.bytesMax) bytes")
        }
    }

    private static func text(_ text: String, in symbology: Symbology) throws -> [UInt8] {
        guard symbology != .gs1128 else { throw Symbol.notDrawn("GS1-128 holds GS1 elements only", at: text) }
        return Array(text.utf8)
    }

    private static func requireRoom(for elements: [Identifier.Element], in symbology: Symbology) throws {
        guard symbology != .code128, symbology != .ean13 else {
            throw Symbol.notDrawn("GS1 elements need datamatrix, qr or gs1-128")
        }
        let count = ElementString(elements: elements).bytes.count
        guard symbology != .gs1128 || count <= Symbol.gs1128CharactersMax else {
            throw Symbol.notDrawn("GS1-128 holds \(Symbol.gs1128CharactersMax) characters, here are \(count)")
        }
    }
}
