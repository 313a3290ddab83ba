/// What the value of a public fact must be (contract language 4).
public enum FactType: Hashable, Sendable {
    case text
    /// A number; the unit is the contract's, and no part of the value.
    case decimal(unit: String?)
    /// A day of the Gregorian calendar as `YYYY-MM-DD`.
    case date
    /// What a scan names: a GS1 Digital Link on id.gs1.org, an EPC, an HIBC or ISBT 128 identifier.
    case identifier
    /// SHA-256 of a document, 64 lower-case hexadecimal digits.
    case document

    /// Bytes of a unit.
    public static let unitBytesMax = 32

    /// The word for it in a contract.
    public var name: String {
        switch self {
        case .text: "text"
        case .decimal: "decimal"
        case .date: "date"
        case .identifier: "identifier"
        case .document: "document"
        }
    }

    private static func all(unit: String?) -> [FactType] {
        [.text, .decimal(unit: unit), .date, .identifier, .document]
    }

    init?(name: String, unit: String?) {
        guard let type = Self.all(unit: unit).first(where: { $0.name == name }) else { return nil }
        self = type
    }

    static let names = all(unit: nil).map(\.name)

    /// Whether a text is one of its values.
    public func admits(_ text: String) -> Bool {
        switch self {
        case .text: true
        case .decimal: ExactDecimal(text) != nil
        case .date: CalendarDay.isOne(text)
        case .identifier: ScannedThing(text) != nil
        case .document: Hash(hex: text) != nil
        }
    }

    /// What is expected of a value, as a part of a sentence.
    public var expectation: String {
        switch self {
        case .text: "a text"
        case .decimal(let unit?): "a number in \(unit), such as 4.5"
        case .decimal(nil): "a number, such as 4.5"
        case .date: "a day, such as 2027-03-31"
        case .identifier: "an identifier as a scan gives it, such as https://id.gs1.org/01/09506000134352"
        case .document: "the SHA-256 of a document, 64 hexadecimal digits"
        }
    }

    /// Whether one value is before another; nil where the type has no order, or a value is none.
    func isBefore(_ one: String, _ other: String) -> Bool? {
        switch self {
        case .decimal:
            guard let left = ExactDecimal(one), let right = ExactDecimal(other) else { return nil }
            return left < right
        case .date: return admits(one) && admits(other) ? one < other : nil
        case .text, .identifier, .document: return nil
        }
    }

    /// Whether its values have an order.
    var isOrdered: Bool {
        switch self {
        case .decimal, .date: true
        case .text, .identifier, .document: false
        }
    }

    /// Whether two texts are the same value: 4.5 is 4.50.
    func isSame(_ one: String, _ other: String) -> Bool {
        guard case .decimal = self, let left = ExactDecimal(one), let right = ExactDecimal(other) else {
            return one == other
        }
        return !(left < right) && !(right < left)
    }
}

/// A decimal number as it is written, compared digit by digit: a verdict must not hang on how a machine rounds.
struct ExactDecimal: Comparable {
    static let digitsMax = 64

    private let isNegative: Bool
    /// Without zeros in front.
    private let whole: [UInt8]
    /// Without zeros at the end.
    private let fraction: [UInt8]

    /// Reads `-`, digits without zeros in front, and if there is a point digits after it; nil for anything else.
    init?(_ text: String) {
        var digits = Array(text.utf8)[...]
        let sign = digits.first == UInt8(ascii: "-")
        if sign { digits.removeFirst() }
        let parts = digits.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard digits.count <= Self.digitsMax, parts.count <= 2,
            parts.allSatisfy({ !$0.isEmpty && $0.allSatisfy(Self.isDigit) }), let first = parts.first,
            first.count == 1 || first.first != UInt8(ascii: "0")
        else { return nil }
        let zero = UInt8(ascii: "0")
        let after = parts.count == 2 ? Array(parts[1]) : []
        whole = first == [zero] ? [] : Array(first)
        fraction = Array(after.prefix((after.lastIndex { $0 != zero } ?? -1) + 1))
        isNegative = sign && !(whole.isEmpty && fraction.isEmpty)
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    static func < (left: ExactDecimal, right: ExactDecimal) -> Bool {
        guard left.isNegative == right.isNegative else { return left.isNegative }
        return left.isNegative ? right.isSmaller(than: left) : left.isSmaller(than: right)
    }

    /// By magnitude.
    private func isSmaller(than other: ExactDecimal) -> Bool {
        if whole.count != other.whole.count { return whole.count < other.whole.count }
        if whole != other.whole { return whole.lexicographicallyPrecedes(other.whole) }
        return fraction.lexicographicallyPrecedes(other.fraction)
    }
}

/// Days of the Gregorian calendar, as ISO 8601 writes them.
enum CalendarDay {
    static func isOne(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        guard bytes.count == 10, bytes[4] == UInt8(ascii: "-"), bytes[7] == UInt8(ascii: "-"),
            let year = number(bytes[0..<4]), let month = number(bytes[5..<7]), let day = number(bytes[8..<10])
        else { return false }
        return (1...12).contains(month) && (1...days(in: month, of: year)).contains(day)
    }

    private static func number(_ digits: ArraySlice<UInt8>) -> Int? {
        digits.reduce(Int?.some(0)) { sum, byte in
            guard let sum, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
            return sum * 10 + Int(byte - UInt8(ascii: "0"))
        }
    }

    private static func days(in month: Int, of year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }
}
