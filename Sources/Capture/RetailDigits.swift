/// The digits of EAN and UPC symbols in the form in which readers send all of them: 13, as in an EAN-13
/// (ISO/IEC 15424, symbology identifier `]E0`; ISO/IEC 15420).
enum RetailDigits {
    /// The 13 digits of a UPC-A's 12. Nil for any other count.
    static func ofUPCA(_ digits: [UInt8]) -> [UInt8]? {
        digits.count == 12 && digits.allSatisfy(isDigit) ? [0x30] + digits : nil
    }

    /// The 13 digits that a UPC-E's 8 (number system, six digits, check digit) stand for, with the zeros that it left
    /// out (ISO/IEC 15420, zero suppression). Nil for any other count.
    static func ofUPCE(_ digits: [UInt8]) -> [UInt8]? {
        guard digits.count == 8, digits.allSatisfy(isDigit) else { return nil }
        return [0x30] + digits.prefix(1) + item(digits[1..<7]) + digits.suffix(1)
    }

    /// The ten digits of manufacturer and item; the last of the six says how many zeros were left out, and where.
    private static func item(_ six: ArraySlice<UInt8>) -> [UInt8] {
        let (five, last) = (six.prefix(5), six.suffix(1))
        func inserted(_ digits: ArraySlice<UInt8>, zeros: Int, after count: Int) -> [UInt8] {
            five.prefix(count) + digits + [UInt8](repeating: 0x30, count: zeros) + five.dropFirst(count)
        }
        switch last.first {
        case 0x30, 0x31, 0x32: return inserted(last, zeros: 4, after: 2)
        case 0x33: return inserted([], zeros: 5, after: 3)
        case 0x34: return inserted([], zeros: 5, after: 4)
        default: return five + [UInt8](repeating: 0x30, count: 4) + last
        }
    }

    /// The check of GTIN and SSCC over all digits, the last being the check digit (GS1 General Specifications 7.9.1).
    static func hasValidCheckDigit(_ digits: [UInt8]) -> Bool {
        guard !digits.isEmpty, digits.allSatisfy(isDigit) else { return false }
        let sum = digits.reversed().enumerated().reduce(0) { sum, digit in
            sum + Int(digit.element - 0x30) * (digit.offset.isMultiple(of: 2) ? 1 : 3)
        }
        return sum.isMultiple(of: 10)
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
}
