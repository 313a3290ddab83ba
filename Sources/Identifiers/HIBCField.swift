/// One field of an HIBC label (ANSI/HIBC 2.6, the Health Industry Supplier Labeling Standard).
///
/// `Identifier.Element.ai` holds the standard's own mark where there is one, and a plain word where there is none:
/// `LIC`, `PCN` and `UM` (labeler, product number, unit of measure), `$` (lot, whichever structure carried it), `$+`
/// (serial number of a secondary structure), `$$8` and `$$9` (quantity), `$$` (expiry as MMYY), `$$2` to `$$6` (expiry
/// in that date format; the five bare digits of the oldest secondary are `$$5`), the data identifiers of supplements
/// (`14D`, `16D`, `S`, `Q`, ...), `check` (check character of a lone primary symbol) and `link` (link character of a
/// lone secondary symbol).
final class HIBCField: Sendable {
    /// What the field means for a UDI.
    enum Role: Sendable {
        case labeler
        case product
        case unit
        case lot
        case serial
        case expiry
        case manufactured
        case quantity
        case other
    }

    enum Alphabet: Sendable {
        case digits
        case capitalsAndDigits
        case code39
        case code39AndSlash
    }

    /// The longest lot or serial number (ANSI/HIBC 2.6 section 2.2.1).
    static let lotMax = 18

    /// The longest product number (ANSI/HIBC 2.6 section 2.1.1).
    static let productMax = 18

    /// The longest value of a supplement that we only hand on.
    static let supplementMax = 50

    let ai: String
    let role: Role
    let alphabet: Alphabet
    let lengthMin: Int
    let lengthMax: Int

    /// How a date is written; empty for what is no date.
    let date: [HIBCDateFormat.Part]

    init(
        _ ai: String,
        _ role: Role = .other,
        _ alphabet: Alphabet = .code39,
        _ length: ClosedRange<Int> = 1...supplementMax,
        date: [HIBCDateFormat.Part] = []
    ) {
        self.ai = ai
        self.role = role
        self.alphabet = alphabet
        self.lengthMin = length.lowerBound
        self.lengthMax = length.upperBound
        self.date = date
    }

    static let labeler = HIBCField("LIC", .labeler, .capitalsAndDigits, 4...4)
    static let product = HIBCField("PCN", .product, .capitalsAndDigits, 1...productMax)
    static let unit = HIBCField("UM", .unit, .digits, 1...1)
    static let lot = HIBCField("$", .lot, .code39, 1...lotMax)
    static let serial = HIBCField("$+", .serial, .code39, 1...lotMax)
    static let shortQuantity = HIBCField("$$8", .quantity, .digits, 2...2)
    static let longQuantity = HIBCField("$$9", .quantity, .digits, 5...5)
    static let check = HIBCField("check", .other, .code39AndSlash, 1...1)
    static let link = HIBCField("link", .other, .code39AndSlash, 1...1)

    /// The supplements that we judge (ANSI/HIBC 2.6 section 2.3; ANS MH10.8.2). Any other data identifier is handed on.
    static let supplements = [
        HIBCField("14D", .expiry, .digits, 8...8, date: [.fullYear, .month, .day]),
        HIBCField("16D", .manufactured, .digits, 8...8, date: [.fullYear, .month, .day]),
        HIBCField("S", .serial, .code39, 1...lotMax),
        HIBCField("Q", .quantity, .digits, 1...8),
    ]

    private static let own =
        [labeler, product, unit, lot, serial, shortQuantity, longQuantity, check, link]
        + HIBCDateFormat.rows.compactMap(\.field)

    /// The field that an element of an HIBC identifier is.
    static func named(_ ai: String) -> HIBCField {
        own.first { $0.ai == ai } ?? supplement(ai)
    }

    static func supplement(_ ai: String) -> HIBCField {
        supplements.first { $0.ai == ai } ?? HIBCField(ai)
    }
}
