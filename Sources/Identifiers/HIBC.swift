/// HIBC labels (ANSI/HIBC 2.6): a primary symbol that names the product, a secondary one with lot, serial number and
/// dates, or both in one. A lone secondary symbol is a valid scan whose `missing` is `LIC`: its link character, kept as
/// the element `link`, must equal the primary symbol's check character.
enum HIBC {
    /// Parts between slashes of one symbol, the primary structure included.
    static let partsMax = 16

    private static let flag = UInt8(ascii: "+")
    private static let slash = UInt8(ascii: "/")
    private static let dollar = UInt8(ascii: "$")
    private static let asterisk = UInt8(ascii: "*")
    private static let alphabet = Array("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-. $/+%".utf8)

    static func isHIBC(_ bytes: [UInt8], from start: Int) -> Bool {
        guard start >= 0, start < bytes.count else { return false }
        if bytes[start] == flag { return true }
        return bytes[start] == asterisk && start + 1 < bytes.count && bytes[start + 1] == flag
    }

    /// Reads one symbol, or a primary symbol with its secondary right behind it, as some scanners send the two. The
    /// asterisks of Code 39 and of printed text may stand around it, and an underscore may stand for a blank check or
    /// link character, as in print (section 4.1).
    static func read(_ bytes: [UInt8], from start: Int, year: Int) throws(IdentifierError) -> Identifier {
        let symbol = withoutAsterisks(bytes[start...])
        try checkCharacters(of: symbol)
        var message = HIBCMessage(year: year)
        switch try HIBCForm(of: symbol) {
        case .primary: try readPrimary(symbol, into: &message)
        case .combined(let mark): try readCombined(symbol, mark, into: &message)
        case .secondary: try readSecondary(symbol, into: &message)
        case .pair(let boundary): try readPair(symbol, boundary, into: &message)
        }
        return message.identifier()
    }

    /// The identifier that these elements make together, `check` and `link` left out: they have done their work.
    static func identifier(of elements: [Identifier.Element], year: Int) throws(IdentifierError) -> Identifier {
        var message = HIBCMessage(year: year)
        for element in elements where element.ai != HIBCField.check.ai && element.ai != HIBCField.link.ai {
            let bytes = Array(element.value.utf8)
            try message.append(.named(element.ai), bytes[...])
        }
        return message.identifier()
    }

    /// The check character of the primary symbol of this product, which its secondary symbols repeat as their link.
    static func primaryCheck(of identifier: Identifier) -> String? {
        HIBCMessage.deviceIdentifier(of: identifier.elements).map { di in
            let text = Array("+\(di)".utf8)
            return String(decoding: [checkCharacter(of: text[...])], as: UTF8.self)
        }
    }

    // MARK: Check characters (appendix B)

    /// The modulo 43 value of a character, nil where HIBC has none.
    static func value(of byte: UInt8) -> Int? {
        switch byte {
        case 0x30...0x39: Int(byte) - 0x30
        case 0x41...0x5A: Int(byte) - 0x41 + 10
        case UInt8(ascii: "-"): 36
        case UInt8(ascii: "."): 37
        case UInt8(ascii: " "): 38
        case UInt8(ascii: "$"): 39
        case UInt8(ascii: "/"): 40
        case UInt8(ascii: "+"): 41
        case UInt8(ascii: "%"): 42
        default: nil
        }
    }

    static func checkCharacter(of data: ArraySlice<UInt8>) -> UInt8 {
        alphabet[data.reduce(0) { $0 + (value(of: $1) ?? 0) } % alphabet.count]
    }

    private static func verify(_ symbol: ArraySlice<UInt8>) throws(IdentifierError) {
        var data = symbol.dropLast()
        if data.last == underscore { data = data.dropLast() + [UInt8(ascii: " ")] }
        let wanted = checkCharacter(of: data)
        guard let last = symbol.last, printed(last) != wanted else { return }
        throw IdentifierError(
            .checkCharacterWrong,
            "The last character must be \(name(of: wanted)): scan again, or compare with the printed text."
                + (checkCharacter(of: symbol) == UInt8(ascii: " ") ? " The scanner may cut off a blank." : ""),
            position: symbol.endIndex - 1)
    }

    private static let underscore = UInt8(ascii: "_")

    private static func printed(_ byte: UInt8) -> UInt8 {
        byte == underscore ? UInt8(ascii: " ") : byte
    }

    private static func name(of byte: UInt8) -> String {
        byte == UInt8(ascii: " ") ? "a blank" : String(decoding: [byte], as: UTF8.self)
    }

    // MARK: Structures

    private static func withoutAsterisks(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        let rest = bytes.first == asterisk ? bytes.dropFirst() : bytes
        return rest.last == asterisk ? rest.dropLast() : rest
    }

    private static func checkCharacters(of symbol: ArraySlice<UInt8>) throws(IdentifierError) {
        let closing = symbol.endIndex - 2
        guard let wrong = symbol.indices.first(where: { value(of: symbol[$0]) == nil }) else { return }
        let isPrintedBlank = symbol[wrong...].allSatisfy { $0 == underscore || value(of: $0) != nil }
        if wrong >= closing, isPrintedBlank { return }
        let isSmall = symbol[wrong] &- 0x61 < 26
        throw IdentifierError(
            .characterNotAllowed,
            isSmall
                ? "HIBC has capital letters only: is the scanner set to change case or to full ASCII?"
                : "HIBC has capital letters, digits, blanks and -.$/+% only.",
            position: wrong)
    }

    private static func readPrimary(
        _ symbol: ArraySlice<UInt8>, into message: inout HIBCMessage
    ) throws(IdentifierError) {
        try verify(symbol)
        try appendProduct(symbol.dropFirst().dropLast(), to: &message)
        try message.append(.check, [printed(symbol[symbol.endIndex - 1])])
    }

    private static func readCombined(
        _ symbol: ArraySlice<UInt8>, _ mark: Int, into message: inout HIBCMessage
    ) throws(IdentifierError) {
        try verify(symbol)
        try appendProduct(symbol[symbol.startIndex + 1..<mark], to: &message)
        try appendParts(symbol[mark + 1..<symbol.endIndex - 1], to: &message)
    }

    private static func readSecondary(
        _ symbol: ArraySlice<UInt8>, into message: inout HIBCMessage
    ) throws(IdentifierError) {
        try verify(symbol)
        try appendParts(symbol.dropFirst().dropLast(2), to: &message)
        try message.append(.link, [printed(symbol[symbol.endIndex - 2])])
    }

    private static func readPair(
        _ symbol: ArraySlice<UInt8>, _ boundary: Int, into message: inout HIBCMessage
    ) throws(IdentifierError) {
        let primary = symbol[..<boundary]
        let secondary = symbol[boundary...]
        try verify(primary)
        try verify(secondary)
        guard secondary.count >= HIBCForm.secondaryMin,
            printed(secondary[secondary.endIndex - 2]) == printed(primary[boundary - 1])
        else {
            throw IdentifierError(
                .linkCharacterWrong, "The two symbols do not belong together: the second one links to another product.",
                position: symbol.endIndex - 2)
        }
        try appendProduct(primary.dropFirst().dropLast(), to: &message)
        try appendParts(secondary.dropFirst().dropLast(2), to: &message)
    }

    private static func appendProduct(
        _ data: ArraySlice<UInt8>, to message: inout HIBCMessage
    ) throws(IdentifierError) {
        guard data.count >= HIBCForm.productMin else {
            throw IdentifierError(
                .valueTooShort, "A product needs 4 characters of labeler, 1 or more of product number and a unit.",
                position: data.endIndex)
        }
        let product = data.startIndex + HIBCField.labeler.lengthMax
        let unit = data.endIndex - 1
        try message.append(.labeler, data[..<product])
        try message.append(.product, data[product..<unit])
        try message.append(.unit, data[unit...])
    }

    private static func appendParts(
        _ data: ArraySlice<UInt8>, to message: inout HIBCMessage
    ) throws(IdentifierError) {
        let parts = data.split(separator: slash, maxSplits: partsMax, omittingEmptySubsequences: false)
        for (index, part) in parts.enumerated() {
            guard index + 1 < partsMax else {
                throw IdentifierError(
                    .tooLong, "An HIBC symbol has at most \(partsMax) parts between slashes.",
                    position: part.startIndex)
            }
            try HIBCSecondary.append(part, to: &message)
        }
    }
}

/// How an HIBC symbol is laid out, told by its first characters (ANSI/HIBC 2.6 section 2.2.1, note 1).
enum HIBCForm {
    case primary
    case combined(mark: Int)
    case secondary
    case pair(boundary: Int)

    /// Labeler, product number and unit.
    static let productMin = 6

    /// Flag, one character of data, link and check.
    static let secondaryMin = 4

    init(of symbol: ArraySlice<UInt8>) throws(IdentifierError) {
        guard symbol.count >= HIBCForm.secondaryMin, let first = symbol.dropFirst().first else {
            throw IdentifierError(.valueTooShort, "The HIBC symbol ends too early.", position: symbol.endIndex)
        }
        switch first {
        case UInt8(ascii: "$"), 0x30...0x39: self = .secondary
        case 0x41...0x5A: self = try HIBCForm(ofProduct: symbol)
        case UInt8(ascii: "/"):
            throw IdentifierError(
                .schemeUnsupported, "This is an HIBC provider label: it names a person or a process, not a product.",
                position: symbol.startIndex + 1)
        case UInt8(ascii: "+"):
            throw IdentifierError(
                .schemeUnsupported, "This is a Basic UDI-DI: it names a family of devices, and stands on no package.",
                position: symbol.startIndex + 1)
        default:
            throw IdentifierError(
                .structureUnknown, "After + an HIBC symbol goes on with a letter, a digit or $.",
                position: symbol.startIndex + 1)
        }
    }

    /// A check character may be any character, a slash or a plus too, so that the last one never marks an end.
    private init(ofProduct symbol: ArraySlice<UInt8>) throws(IdentifierError) {
        let data = symbol.dropFirst().dropLast()
        guard let mark = data.firstIndex(where: { !isCapitalOrDigit($0) }) else {
            self = .primary
            return
        }
        let plus = UInt8(ascii: "+")
        if symbol[mark + 1] == plus, mark + 2 < symbol.endIndex {
            self = .pair(boundary: mark + 1)
        } else if symbol[mark] == plus {
            self = .pair(boundary: mark)
        } else if symbol[mark] == UInt8(ascii: "/") {
            self = .combined(mark: mark)
        } else {
            throw IdentifierError(
                .characterNotAllowed, "A product number takes only capital letters and digits.", position: mark)
        }
    }
}

extension IdentifierError.Code {
    /// The check character of an HIBC symbol, or of an ISBT 128 donation number, does not fit the data.
    public static let checkCharacterWrong = Self(rawValue: "check-character-wrong")

    /// The link character of an HIBC secondary symbol is not the check character of the primary one.
    public static let linkCharacterWrong = Self(rawValue: "link-character-wrong")

    /// No structure of the scheme begins like this.
    public static let structureUnknown = Self(rawValue: "structure-unknown")
}
