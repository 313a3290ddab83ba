/// One part of a pure identity URI between its dots (EPC Tag Data Standard section 6.3), and what it may hold.
enum EPCComponent: Sendable {
    /// The GS1 Company Prefix; the standard writes one of four or five digits with the digits after it, as six.
    case companyPrefix

    /// Digits that make up so many together with the company prefix.
    case reference(withPrefix: Int)

    /// So many digits, which keep their leading zeros.
    case digits(ClosedRange<Int>)

    /// A number without leading zeros, at most `max`.
    case integer(max: UInt64)

    /// One to so many characters of GS1 character set 82.
    case text(upTo: Int)

    /// As `text`, in so many characters together with the company prefix.
    case textWithPrefix(upTo: Int)

    /// A component or part reference: GS1 character set 39, in so many characters together with the company prefix.
    case partWithPrefix(upTo: Int)

    /// A CAGE code of five or a DoDAAC of six characters.
    case activity

    /// An original part number of the aerospace and defence scheme, which may be empty.
    case aerospacePart

    /// A serial number of the aerospace and defence scheme; `#` may stand in front.
    case aerospaceSerial

    /// A freight container code of ISO 6346.
    case container

    /// Throws where the value is not of this form. `prefix` is how many digits the company prefix has.
    func check(_ value: String, prefix: Int) throws(IdentifierError) {
        let bytes = Array(value.utf8)
        switch self {
        case .companyPrefix: try EPCComponent.checkPrefix(bytes)
        case .reference(let total): try EPCComponent.checkDigits(bytes, (total - prefix)...(total - prefix))
        case .digits(let range): try EPCComponent.checkDigits(bytes, range)
        case .integer(let max): try EPCComponent.checkInteger(bytes, max: max)
        case .text(let max): try EPCComponent.checkText(bytes, 1...max, isCSET82)
        case .textWithPrefix(let total): try EPCComponent.checkText(bytes, 1...(total - prefix), isCSET82)
        case .partWithPrefix(let total): try EPCComponent.checkText(bytes, 1...(total - prefix), isCSET39)
        case .activity: try EPCComponent.checkText(bytes, 5...6, isActivityCharacter)
        case .aerospacePart: try EPCComponent.checkText(bytes, 0...32, isAerospaceCharacter)
        case .aerospaceSerial: try EPCComponent.checkAerospaceSerial(bytes)
        case .container: try EPCComponent.checkContainer(bytes)
        }
    }

    /// The lengths that the standard's partition tables know.
    static let prefixLengths = 6...12

    private static func checkPrefix(_ bytes: [UInt8]) throws(IdentifierError) {
        guard prefixLengths.contains(bytes.count), bytes.allSatisfy(isDigit) else {
            throw IdentifierError(.epcPrefixInvalid, "A company prefix of 6 to 12 digits must stand here.")
        }
    }

    private static func checkDigits(_ bytes: [UInt8], _ range: ClosedRange<Int>) throws(IdentifierError) {
        guard range.contains(bytes.count), bytes.allSatisfy(isDigit) else {
            let wanted = range.count == 1 ? "\(range.lowerBound)" : "\(range.lowerBound) to \(range.upperBound)"
            throw IdentifierError(.epcValueInvalid, "\(wanted) digits must stand here, with their leading zeros.")
        }
    }

    private static func checkInteger(_ bytes: [UInt8], max: UInt64) throws(IdentifierError) {
        guard !bytes.isEmpty, bytes.allSatisfy(isDigit), bytes.first != 0x30 || bytes.count == 1 else {
            throw IdentifierError(.epcValueInvalid, "A number without leading zeros must stand here.")
        }
        guard let value = UInt64(String(decoding: bytes, as: UTF8.self)), value <= max else {
            throw IdentifierError(.epcOutOfRange, "The number must not be larger than \(max).")
        }
    }

    private static func checkText(
        _ bytes: [UInt8],
        _ range: ClosedRange<Int>,
        _ isAllowed: (UInt8) -> Bool
    ) throws(IdentifierError) {
        guard range.contains(bytes.count) else {
            throw IdentifierError(
                .epcValueInvalid,
                "\(range.lowerBound) to \(range.upperBound) characters must stand here, not \(bytes.count).")
        }
        guard bytes.allSatisfy(isAllowed) else {
            throw IdentifierError(.epcValueInvalid, "Here is a character that this part must not hold.")
        }
    }

    private static func checkAerospaceSerial(_ bytes: [UInt8]) throws(IdentifierError) {
        let hasMark = bytes.first == UInt8(ascii: "#")
        guard bytes.count <= 30 else {
            throw IdentifierError(.epcValueInvalid, "1 to 30 characters must stand here, not \(bytes.count).")
        }
        try checkText(hasMark ? Array(bytes.dropFirst()) : bytes, 1...30, isAerospaceCharacter)
    }

    private static func checkContainer(_ bytes: [UInt8]) throws(IdentifierError) {
        guard bytes.count == 11, bytes[..<3].allSatisfy({ isActivityCharacter($0) && !isDigit($0) }),
            "JUZ".utf8.contains(bytes[3]), bytes[4...].allSatisfy(isDigit)
        else {
            throw IdentifierError(
                .epcValueInvalid, "A container code must stand here: three letters, J, U or Z, and seven digits.")
        }
    }
}

private func isAerospaceCharacter(_ byte: UInt8) -> Bool {
    isCSET39(byte) && byte != UInt8(ascii: "#")
}

private func isActivityCharacter(_ byte: UInt8) -> Bool {
    isDigit(byte)
        || ((0x41...0x5A).contains(byte) && byte != UInt8(ascii: "I") && byte != UInt8(ascii: "O"))
}
