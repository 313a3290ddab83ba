/// A GS1 element string that a decoder hands out for people, with application identifiers in round brackets, turned back
/// into what the symbol carries: 0x1D ends each value whose length GS1 has not fixed (GS1 General Specifications 7.8.5).
enum BracketedElements {
    /// Nil where brackets inside a value make more than one reading possible: no reading is better than a wrong one.
    static func bytes(_ text: [UInt8]) -> [UInt8]? {
        var bytes: [UInt8] = []
        var rest = text[...]
        var needsSeparator = false
        while !rest.isEmpty {
            guard let identifier = leadingIdentifier(rest) else { return nil }
            rest = rest.dropFirst(identifier.count + 2)
            let value = rest.prefix { $0 != opening }
            guard !value.isEmpty, !value.contains(closing) else { return nil }
            rest = rest.dropFirst(value.count)
            bytes += (needsSeparator ? [0x1D] : []) + identifier + value
            needsSeparator = !hasFixedLength(identifier)
        }
        return bytes.isEmpty ? nil : bytes
    }

    private static let opening = UInt8(ascii: "(")
    private static let closing = UInt8(ascii: ")")

    /// Two to four digits between the brackets that the text begins with.
    private static func leadingIdentifier(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        guard text.first == opening else { return nil }
        let digits = text.dropFirst().prefix { (0x30...0x39).contains($0) }
        guard (2...4).contains(digits.count), text.dropFirst(1 + digits.count).first == closing else { return nil }
        return digits
    }

    /// By the first two digits of the identifier (GS1 General Specifications, figure 7.8.5-2).
    private static func hasFixedLength(_ identifier: ArraySlice<UInt8>) -> Bool {
        let prefix = identifier.prefix(2).reduce(0) { $0 * 10 + Int($1 - 0x30) }
        return [0...4, 11...20, 31...36, 41...41].contains { $0.contains(prefix) }
    }
}
