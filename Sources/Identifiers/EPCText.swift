/// The encodings of text in the schemes of TDS 2 (TDS section 14.5.6, table E), of which the shortest is written and
/// all are read.
enum EPCText {
    /// The methods by their encoding indicators.
    private enum Method: UInt64, CaseIterable {
        case number = 0
        case upperHex = 1
        case lowerHex = 2
        case base64 = 3
        case ascii = 4
        case code40 = 5

        /// How many bits so many characters take (TDS table B).
        func bits(_ count: Int) -> Int {
            switch self {
            case .number: EPCData.bits(ofDigits: count)
            case .upperHex, .lowerHex: count * 4
            case .base64: count * 6
            case .ascii: count * 7
            case .code40: (count + 2) / 3 * 16
            }
        }

        /// The characters by their values; nil where a character's value is its ASCII code.
        var alphabet: [UInt8]? {
            switch self {
            case .number: EPCText.digits
            case .upperHex: EPCText.upperHex
            case .lowerHex: EPCText.lowerHex
            case .base64: EPCText.base64
            case .ascii: nil
            case .code40: EPCText.code40
            }
        }

        func holds(_ text: String) -> Bool {
            guard let alphabet else { return text.utf8.allSatisfy { isCSET82($0) || isCSET39($0) } }
            return text.utf8.allSatisfy(alphabet.contains)
        }
    }

    private static let digits = Array("0123456789".utf8)
    private static let upperHex = Array("0123456789ABCDEF".utf8)
    private static let lowerHex = Array("0123456789abcdef".utf8)
    private static let base64 = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

    /// Values from 1: zero is the filling (TDS table 14-8).
    private static let code40 = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ-.:0123456789".utf8)

    // MARK: Reading

    /// Indicator, length and characters.
    static func read(
        _ reader: inout EPCBitReader,
        upTo max: Int,
        lengthBits: Int
    ) throws(IdentifierError) -> String {
        guard let method = Method(rawValue: try reader.read(3)) else {
            throw IdentifierError(.epcValueInvalid, "The encoding of the text here is reserved: no tag holds it yet.")
        }
        let count = Int(try reader.read(lengthBits))
        guard count <= max else {
            throw IdentifierError(.epcOutOfRange, "The text here has at most \(max) characters, not \(count).")
        }
        switch method {
        case .number: return try readNumber(&reader, count)
        case .code40: return try readCode40(&reader, count)
        default: return try readCharacters(&reader, method, count)
        }
    }

    private static func readNumber(_ reader: inout EPCBitReader, _ count: Int) throws(IdentifierError) -> String {
        guard let text = try reader.readDecimal(EPCData.bits(ofDigits: count), length: count) else {
            throw IdentifierError(.epcOutOfRange, "The number here needs more than its \(count) digits.")
        }
        return text
    }

    private static func readCharacters(
        _ reader: inout EPCBitReader,
        _ method: Method,
        _ count: Int
    ) throws(IdentifierError) -> String {
        var bytes: [UInt8] = []
        for _ in 0..<count {
            let value = Int(try reader.read(method.bits(1)))
            if let alphabet = method.alphabet {
                bytes.append(alphabet[value % alphabet.count])
            } else {
                bytes.append(UInt8(value))
            }
        }
        let text = String(decoding: bytes, as: UTF8.self)
        guard method.holds(text) else {
            throw IdentifierError(.epcValueInvalid, "The text here holds a character that GS1 data do not hold.")
        }
        return text
    }

    static func readCode40(_ reader: inout EPCBitReader, _ count: Int) throws(IdentifierError) -> String {
        var bytes: [UInt8] = []
        for _ in 0..<(count + 2) / 3 {
            // Zero, and what is above 40 times 40 times 40, stand for no characters.
            let group = Int(try reader.read(16)) - 1
            for value in [group / 1600, group / 40 % 40, group % 40] where value > 0 && value <= code40.count {
                bytes.append(code40[value - 1])
            }
        }
        guard bytes.count == count else {
            throw IdentifierError(.epcValueInvalid, "The text here is not as long as its length says.")
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    static func readLetters(_ reader: inout EPCBitReader, _ count: Int) throws(IdentifierError) -> String {
        var bytes: [UInt8] = []
        for _ in 0..<count {
            let value = try reader.read(6)
            guard value < 26 else {
                throw IdentifierError(.epcValueInvalid, "\(count) capital letters must stand here.")
            }
            bytes.append(0x41 + UInt8(value))
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    // MARK: Writing

    /// Appends indicator, length and characters in the encoding that takes the fewest bits. False where the text is
    /// too long, or has a character that no encoding holds.
    static func write(_ text: String, upTo max: Int, lengthBits: Int, to writer: inout EPCBitWriter) -> Bool {
        let count = text.utf8.count
        let method = Method.allCases.filter { $0.holds(text) }.min { $0.bits(count) < $1.bits(count) }
        guard let method, count <= max, writer.append(method.rawValue, 3), writer.append(UInt64(count), lengthBits)
        else { return false }
        switch method {
        case .number: return writer.appendDecimal(text.utf8, EPCData.bits(ofDigits: count))
        case .code40: return writeCode40(text, to: &writer)
        default: return writeCharacters(text, method, to: &writer)
        }
    }

    private static func writeCharacters(_ text: String, _ method: Method, to writer: inout EPCBitWriter) -> Bool {
        text.utf8.allSatisfy { byte in
            let value = method.alphabet.map { $0.firstIndex(of: byte) ?? 0 } ?? Int(byte)
            return writer.append(UInt64(value), method.bits(1))
        }
    }

    static func isCode40(_ text: String) -> Bool {
        text.utf8.allSatisfy(code40.contains)
    }

    static func writeCode40(_ text: String, to writer: inout EPCBitWriter) -> Bool {
        var values = text.utf8.map { (code40.firstIndex(of: $0) ?? -1) + 1 }
        while !values.count.isMultiple(of: 3) { values.append(0) }
        for start in stride(from: 0, to: values.count, by: 3) {
            let group = values[start..<start + 3].reduce(0) { $0 * 40 + $1 } + 1
            guard writer.append(UInt64(group), 16) else { return false }
        }
        return true
    }

    static func writeLetters(_ text: String, _ count: Int, to writer: inout EPCBitWriter) -> Bool {
        text.utf8.count == count
            && text.utf8.allSatisfy { (0x41...0x5A).contains($0) && writer.append(UInt64($0 - 0x41), 6) }
    }
}
