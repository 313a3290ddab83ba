/// A trade item number alone in a symbol: EAN-13, EAN-8, UPC-A, ITF-14 (GenSpecs sections 5.2 and 5.3).
enum GTIN {
    static let lengths: Set<Int> = [8, 12, 13, 14]

    static func isPlain(_ bytes: ArraySlice<UInt8>) -> Bool {
        lengths.contains(bytes.count) && bytes.allSatisfy(isDigit)
    }

    /// The digits as AI 01 holds them, with zeros in front up to 14. Other lengths stay, to be refused where judged.
    static func padded(_ digits: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        guard lengths.contains(digits.count), digits.count < 14 else { return digits }
        return (Array(repeating: 0x30, count: 14 - digits.count) + digits)[...]
    }

    static func read(_ bytes: [UInt8], from start: Int, year: Int) throws(IdentifierError) -> Identifier {
        let digits = bytes[start...]
        if let wrong = digits.firstIndex(where: { !isDigit($0) }) {
            throw IdentifierError(
                .characterNotAllowed, "A trade item number holds only digits.", position: wrong)
        }
        guard lengths.contains(digits.count), let row = ApplicationIdentifierTable.row(named: [0x30, 0x31]) else {
            throw IdentifierError(
                .lengthUnknown, "A trade item number has 8, 12, 13 or 14 digits, here are \(digits.count).",
                position: start)
        }
        let wanted = gs1CheckDigit(digits.dropLast())
        guard digits.last == wanted else {
            throw .checkDigit(of: "the trade item number", wanted: wanted, position: bytes.count - 1)
        }
        var message = GS1Message(year: year)
        try message.append(row, padded(digits), position: start)
        return try message.identifier()
    }
}
