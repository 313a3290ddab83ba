import Telemetry

/// A value as it stands in the text that is hashed, so that different ways to write one thing give one hash.
enum CanonicalValue {
    private static let webVocabulary = [
        ("urn:epcglobal:cbv:bizstep:", "BizStep-"), ("urn:epcglobal:cbv:disp:", "Disp-"),
        ("urn:epcglobal:cbv:btt:", "BTT-"), ("urn:epcglobal:cbv:sdt:", "SDT-"), ("urn:epcglobal:cbv:er:", "ER-"),
    ]

    static func of(_ text: String) -> String {
        let trimmed = trimmed(text)
        for (urn, term) in webVocabulary where trimmed.hasPrefix(urn) {
            return Vocabulary.cbv + term + trimmed.dropFirst(urn.count)
        }
        return number(trimmed) ?? CanonicalEPC.of(trimmed) ?? trimmed
    }

    static func trimmed(_ text: String) -> String {
        guard text.first?.isWhitespace == true || text.last?.isWhitespace == true else { return text }
        guard let first = text.firstIndex(where: { !$0.isWhitespace }),
            let last = text.lastIndex(where: { !$0.isWhitespace })
        else { return "" }
        return String(text[first...last])
    }

    /// UTC to the millisecond, half of one rounded up; the text itself where it is no time.
    static func time(_ text: String) -> String {
        guard let micros = InternetTime.microseconds(trimmed(text)) else { return trimmed(text) }
        let (whole, rest) = micros.quotientAndRemainder(dividingBy: 1_000)
        let floor = rest < 0 ? whole - 1 : whole
        let millis = (micros - floor * 1_000) >= 500 ? floor + 1 : floor
        return InternetTime.text(millis * 1_000).dropLast(4) + "Z"
    }

    /// A decimal number without needless zeros and signs; nil where the text is none.
    static func number(_ text: String) -> String? {
        guard let decimal = Decimal(text) else { return nil }
        return decimal.text
    }

    /// A number in decimal digits, of any length.
    private struct Decimal {
        /// What is not written out: a text of so many zeros says nothing and costs memory.
        static let exponentMax = 400

        let isNegative: Bool
        /// Without leading zeros; "0" for zero.
        var digits: [UInt8]
        var exponent: Int

        init?(_ text: String) {
            var rest = Array(text.utf8)[...]
            let sign = rest.first
            if sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") { rest = rest.dropFirst() }
            let whole = Self.digits(&rest)
            var fraction: ArraySlice<UInt8> = []
            if rest.first == UInt8(ascii: ".") {
                rest = rest.dropFirst()
                fraction = Self.digits(&rest)
            }
            guard !whole.isEmpty || !fraction.isEmpty, let power = Self.exponent(rest) else { return nil }
            isNegative = sign == UInt8(ascii: "-")
            exponent = power - fraction.count
            digits = Array((whole + fraction).drop { $0 == UInt8(ascii: "0") })
            if digits.isEmpty { digits = [UInt8(ascii: "0")] }
        }

        private static func digits(_ rest: inout ArraySlice<UInt8>) -> ArraySlice<UInt8> {
            let digits = rest.prefix { $0 &- 0x30 < 10 }
            rest = rest[digits.endIndex...]
            return digits
        }

        private static func exponent(_ rest: ArraySlice<UInt8>) -> Int? {
            guard let mark = rest.first else { return 0 }
            guard mark | 0x20 == UInt8(ascii: "e"), rest.count <= 6,
                let power = Int(String(decoding: rest.dropFirst(), as: UTF8.self)), power.magnitude <= exponentMax
            else { return nil }
            return power
        }

        var text: String {
            var digits = digits
            var exponent = exponent
            while exponent < 0, digits.count > 1, digits.last == UInt8(ascii: "0") {
                digits.removeLast()
                exponent += 1
            }
            if digits == [UInt8(ascii: "0")] { return "0" }
            if exponent >= 0 {
                digits += Array(repeating: UInt8(ascii: "0"), count: exponent)
                exponent = 0
            }
            let missing = -exponent - digits.count + 1
            if missing > 0 { digits = Array(repeating: UInt8(ascii: "0"), count: missing) + digits }
            if exponent < 0 { digits.insert(UInt8(ascii: "."), at: digits.count + exponent) }
            return (isNegative ? "-" : "") + String(decoding: digits, as: UTF8.self)
        }
    }
}
