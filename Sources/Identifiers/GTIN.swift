/// A trade item number alone in a symbol: EAN-13, EAN-8, UPC-A, UPC-E, ITF-14 (GenSpecs sections 5.2 and 5.3).
enum GTIN {
    /// How many digits a number may have.
    struct Lengths: OptionSet {
        let rawValue: UInt16

        static let eight = Lengths(rawValue: 1 << 8)
        static let twelve = Lengths(rawValue: 1 << 12)
        static let thirteen = Lengths(rawValue: 1 << 13)
        static let fourteen = Lengths(rawValue: 1 << 14)
        static let all: Lengths = [.eight, .twelve, .thirteen, .fourteen]

        func contains(_ count: Int) -> Bool {
            count < 16 && rawValue >> UInt16(count) & 1 == 1
        }

        /// Such as `12 or 13`.
        var text: String {
            (8...14).filter(contains).map(String.init).joined(separator: " or ")
        }
    }

    /// How a composite component follows the number of its linear symbol (GenSpecs section 7.8.6).
    private static let composite = Array("|]e0".utf8)

    static func isPlain(_ bytes: ArraySlice<UInt8>) -> Bool {
        Lengths.all.contains(bytes.count) && bytes.allSatisfy(isDigit)
    }

    static func hasCheckDigit(_ digits: ArraySlice<UInt8>) -> Bool {
        gs1CheckDigit(digits.dropLast()) == digits.last
    }

    /// The digits as AI 01 holds them, with zeros in front up to 14. Other lengths stay, to be refused where judged.
    static func padded(_ digits: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        guard Lengths.all.contains(digits.count), digits.count < 14 else { return digits }
        return (Array(repeating: 0x30, count: 14 - digits.count) + digits)[...]
    }

    /// Reads a number of one of these lengths, and the elements of a composite component where one follows. Eight
    /// digits where no number of eight is expected are a zero-suppressed UPC-E.
    static func read(
        _ bytes: [UInt8],
        from start: Int,
        lengths: Lengths,
        year: Int
    ) throws(IdentifierError) -> Identifier {
        let end = start + (compositeOffset(bytes[start...]) ?? bytes.count - start)
        let digits = bytes[start..<end]
        if let wrong = digits.firstIndex(where: { !isDigit($0) }) {
            throw IdentifierError(
                .characterNotAllowed, "A trade item number holds only digits.", position: wrong)
        }
        let isSuppressed = digits.count == 8 && !lengths.contains(8) && lengths.contains(.twelve)
        guard let number = isSuppressed ? expanded(digits) : lengths.contains(digits.count) ? digits : nil,
            let row = ApplicationIdentifierTable.row(named: "01")
        else {
            throw IdentifierError(
                .lengthUnknown, "This trade item number must have \(lengths.text) digits, here are \(digits.count).",
                position: start)
        }
        var message = GS1Message(year: year)
        try append(row, number, in: start..<end, to: &message, isSuppressed: isSuppressed)
        if end < bytes.count {
            try GS1ElementString.read(bytes, from: end + composite.count, into: &message)
        }
        return try message.identifier()
    }

    private static func append(
        _ row: ApplicationIdentifier,
        _ number: ArraySlice<UInt8>,
        in range: Range<Int>,
        to message: inout GS1Message,
        isSuppressed: Bool
    ) throws(IdentifierError) {
        guard hasCheckDigit(number) else {
            let text = IdentifierError.checkDigitText(gs1CheckDigit(number.dropLast()))
            throw IdentifierError(
                .checkDigitWrong, "The trade item number \(text).", position: range.upperBound - 1)
        }
        try message.append(row, padded(number), position: range.lowerBound, exact: !isSuppressed)
    }

    private static func compositeOffset(_ bytes: ArraySlice<UInt8>) -> Int? {
        guard let bar = bytes.firstIndex(of: UInt8(ascii: "|")), bytes[bar...].starts(with: composite) else {
            return nil
        }
        return bar - bytes.startIndex
    }

    /// The twelve digits of a UPC-E (GenSpecs section 5.2.2.4.2): the sixth digit says where zeros were left out. Nil
    /// where the first digit is not 0 or 1.
    private static func expanded(_ digits: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        let all = Array(digits)
        guard all.count == 8, all[0] == 0x30 || all[0] == 0x31 else { return nil }
        let zeros = { (count: Int) in [UInt8](repeating: 0x30, count: count) }
        switch all[6] {
        case 0x30...0x32: return (all[0...2] + [all[6]] + zeros(4) + all[3...5] + [all[7]])[...]
        case 0x33: return (all[0...3] + zeros(5) + all[4...5] + [all[7]])[...]
        case 0x34: return (all[0...4] + zeros(5) + [all[5], all[7]])[...]
        default: return (all[0...5] + zeros(4) + all[6...7])[...]
        }
    }
}
