import Ledger

/// What stands on one label: a GS1 element string, an EAN-13 number or plain text, in one symbology.
struct Label: Hashable, Sendable {
    /// The longest text, in bytes; a GS1-128 symbol holds less.
    static let textBytesMax = 1_024

    let symbology: Symbology
    /// As people read it.
    let text: String
    let elements: ElementString?
    /// What a reader sends of it, without the symbology identifier.
    let scanned: [UInt8]

    /// Text that begins with `(` is an element string; without a symbology it becomes GS1-128, other text Code 128.
    ///
    /// Throws `label-text-unusable`, `element-string-malformed`.
    init(_ text: String, symbology: Symbology? = nil) throws {
        guard (1...Label.textBytesMax).contains(text.utf8.count), text.utf8.allSatisfy({ (0x20...0x7E).contains($0) })
        else {
            throw Label.unusable("it must have 1 to \(Label.textBytesMax) printable ASCII characters", text)
        }
        let elements = text.hasPrefix("(") ? try ElementString(text) : nil
        self.elements = elements
        self.symbology = symbology ?? (elements == nil ? .code128 : .gs1128)
        switch self.symbology {
        case .ean13:
            let number = try Label.ean13(elements?.value(of: "01") ?? text)
            self.text = number
            scanned = Array(number.utf8)
        case .gs1128 where elements == nil:
            throw Label.unusable("GS1-128 needs an element string in brackets", text)
        case .code128 where elements != nil:
            throw Label.unusable("an element string needs GS1-128, QR or Data Matrix", text)
        case .gs1128, .code128, .qr, .dataMatrix:
            self.text = text
            scanned = elements?.scanned ?? Array(text.utf8)
        }
    }

    /// The line of a handheld scanner: symbology identifier, bytes, CR.
    var line: [UInt8] {
        Array(symbology.identifier(isGS1: elements != nil).utf8) + scanned + [0x0D]
    }

    /// 13 digits, from 12 without the check digit, 13 with it, or a GTIN-14 that begins with 0.
    private static func ean13(_ text: String) throws -> String {
        let isGTIN14 = text.utf8.count == 14 && text.hasPrefix("0")
        let digits = (isGTIN14 ? text.dropFirst() : Substring(text)).utf8.map { Int($0) - 0x30 }
        guard digits.count == 12 || digits.count == 13, digits.allSatisfy({ (0...9).contains($0) }) else {
            throw unusable("an EAN-13 has 12 digits and a check digit", text)
        }
        let sum = digits.prefix(12).enumerated().reduce(0) { $0 + $1.element * ($1.offset.isMultiple(of: 2) ? 1 : 3) }
        let check = (10 - sum % 10) % 10
        guard digits.count == 12 || digits.last == check else {
            throw unusable("the check digit must be \(check)", text)
        }
        return (digits.prefix(12) + [check]).map(String.init).joined()
    }

    private static func unusable(_ reason: String, _ text: String) -> CustodyError {
        CustodyError("label-text-unusable", "This text cannot stand on the label: \(reason)", at: text)
    }
}
