/// GS1 element strings (GenSpecs section 7.8): as readers send them, and as people print them in brackets.
enum GS1ElementString {
    private static let space = UInt8(ascii: " ")

    /// Reads `01…10…␝21…`. A separator may also be spelled `{GS}` or `<GS>`, as some readers are programmed to do,
    /// may stand first, and may follow a predefined length.
    static func read(_ bytes: [UInt8], from start: Int, year: Int) throws(IdentifierError) -> Identifier {
        var message = GS1Message(year: year)
        try read(bytes, from: start, into: &message)
        return try message.identifier()
    }

    /// Reads the same from `start` to the end into a message that may hold elements already.
    static func read(_ bytes: [UInt8], from start: Int, into message: inout GS1Message) throws(IdentifierError) {
        var index = start + separatorLength(bytes, at: start)
        while index < bytes.count {
            let row = try ApplicationIdentifierTable.row(in: bytes, from: index, to: bytes.count)
            let valueStart = index + row.code.utf8.count
            let valueEnd = try endOfValue(row, bytes, from: valueStart)
            try message.append(row, bytes[valueStart..<valueEnd], position: valueStart)
            index = valueEnd + separatorLength(bytes, at: valueEnd)
        }
    }

    /// Whether these digits are nothing but elements whose length GS1 fixes.
    static func isFixed(_ bytes: [UInt8], from start: Int) -> Bool {
        var index = start
        while index < bytes.count {
            guard let row = try? ApplicationIdentifierTable.row(in: bytes, from: index, to: bytes.count),
                row.isPredefinedLength
            else { return false }
            index += row.code.utf8.count + row.lengthMax
        }
        return index == bytes.count
    }

    /// Reads `(01)…(10)…(21)…`. A bracket that belongs to a value may be written `\(`; it must be where two to four
    /// digits and a closing bracket follow it. Spaces around a value are what people print between elements, and no
    /// value holds one.
    static func readBracketed(_ bytes: [UInt8], from start: Int, year: Int) throws(IdentifierError) -> Identifier {
        var message = GS1Message(year: year)
        var index = start
        while index < bytes.count {
            guard let close = closingBracket(bytes, from: index) else {
                throw IdentifierError(
                    .aiMalformed, "An application identifier in brackets must stand here.", position: index)
            }
            guard let row = ApplicationIdentifierTable.row(named: bytes[index + 1..<close]) else {
                let code = String(decoding: bytes[index...close], as: UTF8.self)
                throw IdentifierError(
                    .aiUnknown, "\(code) is no application identifier that we know.", position: index + 1)
            }
            let valueStart = bytes[(close + 1)...].firstIndex { $0 != space } ?? bytes.count
            let (value, end) = bracketedValue(bytes, from: valueStart)
            try message.append(row, value.text, position: valueStart, exact: value.isExact)
            index = end
        }
        return try message.identifier()
    }

    private static func endOfValue(
        _ row: ApplicationIdentifier,
        _ bytes: [UInt8],
        from start: Int
    ) throws(IdentifierError) -> Int {
        var end = start
        while end < bytes.count, separatorLength(bytes, at: end) == 0 {
            if end - start == row.lengthMax {
                guard !row.isPredefinedLength else { return end }
                throw IdentifierError(
                    .separatorMissing,
                    "(\(row.code)) runs over its \(row.lengthMax) characters: the separator (GS, FNC1) after it is "
                        + "missing. Set the reader to transmit GS.",
                    position: end)
            }
            end += 1
        }
        return end
    }

    private static func separatorLength(_ bytes: [UInt8], at index: Int) -> Int {
        guard index < bytes.count else { return 0 }
        switch bytes[index] {
        case separator: return 1
        case UInt8(ascii: "{"): return spells("GS}", bytes, at: index + 1) ? 4 : 0
        case UInt8(ascii: "<"): return spells("GS>", bytes, at: index + 1) ? 4 : 0
        default: return 0
        }
    }

    private static func spells(_ text: StaticString, _ bytes: [UInt8], at index: Int) -> Bool {
        guard bytes.count - index >= text.utf8CodeUnitCount else { return false }
        return text.withUTF8Buffer { $0.elementsEqual(bytes[index..<index + $0.count]) }
    }

    /// The index of the bracket that closes an application identifier opened at `index`.
    private static func closingBracket(_ bytes: [UInt8], from index: Int) -> Int? {
        guard index < bytes.count, bytes[index] == UInt8(ascii: "(") else { return nil }
        var close = index + 1
        while close < bytes.count, close - index <= 4, isDigit(bytes[close]) { close += 1 }
        guard close < bytes.count, bytes[close] == UInt8(ascii: ")"), close - index >= 3 else { return nil }
        return close
    }

    private static func bracketedValue(
        _ bytes: [UInt8],
        from start: Int
    ) -> (value: (text: ArraySlice<UInt8>, isExact: Bool), end: Int) {
        var end = start
        var hasEscape = false
        while end < bytes.count, closingBracket(bytes, from: end) == nil {
            let isEscape = spells("\\(", bytes, at: end)
            hasEscape = hasEscape || isEscape
            end += isEscape ? 2 : 1
        }
        let printed = bytes[start..<end]
        let text = printed.prefix((printed.lastIndex { $0 != space } ?? start - 1) + 1 - start)
        return (hasEscape ? (unescaped(text), false) : (text, true), end)
    }

    private static func unescaped(_ slice: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var value: [UInt8] = []
        var escaped = false
        for byte in slice {
            if escaped, byte == UInt8(ascii: "("), !value.isEmpty { value.removeLast() }
            value.append(byte)
            escaped = byte == UInt8(ascii: "\\")
        }
        return value[...]
    }
}
