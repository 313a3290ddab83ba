/// Walks over strict JSON (RFC 8259) in memory. Hand-written because intake must keep a broker's pace on one core:
/// nothing is built that the caller does not ask for.
package struct JSONScanner {
    /// How deep a value that nobody asked for may nest.
    package static let depthMax = 32

    let bytes: [UInt8]
    package private(set) var index = 0

    package init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    // MARK: Structure

    /// The next byte that is no white space, without taking it; nil at the end.
    package mutating func peek() -> UInt8? {
        while index < bytes.count {
            switch bytes[index] {
            case 0x20, 0x09, 0x0A, 0x0D: index += 1
            default: return bytes[index]
            }
        }
        return nil
    }

    /// Takes one byte of structure if it comes next.
    package mutating func take(_ byte: UInt8) -> Bool {
        guard peek() == byte else { return false }
        index += 1
        return true
    }

    package mutating func expect(_ byte: UInt8) throws(TelemetryError) {
        guard take(byte) else {
            throw malformed("\(Character(UnicodeScalar(byte))) must stand here")
        }
    }

    package mutating func expectEnd() throws(TelemetryError) {
        guard peek() == nil else { throw malformed("nothing may follow the value") }
    }

    package func malformed(_ what: String, at position: Int? = nil) -> TelemetryError {
        TelemetryError(.jsonMalformed, "The payload is not valid JSON: \(what).", position: position ?? index)
    }

    // MARK: Strings

    /// A string with its escapes resolved.
    package mutating func string() throws(TelemetryError) -> String {
        try expect(UInt8(ascii: "\""))
        let start = index
        var isASCII = true
        while index < bytes.count {
            let byte = bytes[index]
            if byte == UInt8(ascii: "\"") {
                index += 1
                return try text(bytes[start..<index - 1], isASCII: isASCII)
            }
            if byte == UInt8(ascii: "\\") { return try escapedString(from: start) }
            guard byte >= 0x20 else { throw malformed("a control character must be escaped") }
            if byte >= 0x80 { isASCII = false }
            index += 1
        }
        throw malformed("a string does not end")
    }

    private func text(_ slice: ArraySlice<UInt8>, isASCII: Bool) throws(TelemetryError) -> String {
        if isASCII { return String(decoding: slice, as: UTF8.self) }
        guard let text = String(validating: slice, as: UTF8.self) else {
            throw malformed("a string is no UTF-8", at: slice.startIndex)
        }
        return text
    }

    private mutating func escapedString(from start: Int) throws(TelemetryError) -> String {
        var content = Array(bytes[start..<index])
        while index < bytes.count {
            let byte = bytes[index]
            index += 1
            switch byte {
            case UInt8(ascii: "\""): return try text(content[...], isASCII: false)
            case UInt8(ascii: "\\"): try appendEscape(to: &content)
            case ..<0x20: throw malformed("a control character must be escaped", at: index - 1)
            default: content.append(byte)
            }
        }
        throw malformed("a string does not end")
    }

    private mutating func appendEscape(to content: inout [UInt8]) throws(TelemetryError) {
        guard index < bytes.count else { throw malformed("a string does not end") }
        let byte = bytes[index]
        index += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): content.append(byte)
        case UInt8(ascii: "b"): content.append(0x08)
        case UInt8(ascii: "f"): content.append(0x0C)
        case UInt8(ascii: "n"): content.append(0x0A)
        case UInt8(ascii: "r"): content.append(0x0D)
        case UInt8(ascii: "t"): content.append(0x09)
        case UInt8(ascii: "u"): content.append(contentsOf: Array(String(try unicodeEscape()).utf8))
        default: throw malformed("this escape does not exist", at: index - 2)
        }
    }

    private mutating func unicodeEscape() throws(TelemetryError) -> Character {
        let start = index - 2
        var code = try hexDigits()
        if (0xD800..<0xDC00).contains(code) {
            guard index + 1 < bytes.count, bytes[index] == UInt8(ascii: "\\"), bytes[index + 1] == UInt8(ascii: "u")
            else { throw malformed("half of a surrogate pair is missing", at: start) }
            index += 2
            let low = try hexDigits()
            guard (0xDC00..<0xE000).contains(low) else {
                throw malformed("half of a surrogate pair is missing", at: start)
            }
            code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
        }
        guard let scalar = UnicodeScalar(code) else {
            throw malformed("half of a surrogate pair is missing", at: start)
        }
        return Character(scalar)
    }

    private mutating func hexDigits() throws(TelemetryError) -> UInt32 {
        var code: UInt32 = 0
        for _ in 0..<4 {
            guard index < bytes.count else { throw malformed("a string does not end") }
            switch bytes[index] {
            case let byte where byte &- 0x30 < 10: code = code << 4 | UInt32(byte - 0x30)
            case let byte where (byte | 0x20) &- 0x61 < 6: code = code << 4 | UInt32((byte | 0x20) - 0x61 + 10)
            default: throw malformed("four hexadecimal digits must follow \\u")
            }
            index += 1
        }
        return code
    }

    // MARK: Numbers

    package mutating func number() throws(TelemetryError) -> JSONNumber {
        _ = peek()
        let start = index
        if at(UInt8(ascii: "-")) { index += 1 }
        let integerStart = index
        let integerCount = skipDigits()
        guard integerCount > 0, integerCount == 1 || bytes[integerStart] != UInt8(ascii: "0") else {
            throw malformed("a number must stand here, without zeros in front", at: start)
        }
        let integerEnd = index
        if at(UInt8(ascii: ".")) {
            index += 1
            guard skipDigits() > 0 else { throw malformed("digits must follow the decimal point") }
        }
        let fractionEnd = index
        if at(UInt8(ascii: "e")) || at(UInt8(ascii: "E")) {
            index += 1
            if at(UInt8(ascii: "+")) || at(UInt8(ascii: "-")) { index += 1 }
            guard skipDigits() > 0 else { throw malformed("digits must follow the exponent mark") }
        }
        return JSONNumber(
            bytes: bytes[start..<index],
            isNegative: integerStart > start,
            integer: bytes[integerStart..<integerEnd],
            fraction: bytes[min(integerEnd + 1, fractionEnd)..<fractionEnd],
            hasExponent: index > fractionEnd)
    }

    private func at(_ byte: UInt8) -> Bool {
        index < bytes.count && bytes[index] == byte
    }

    private mutating func skipDigits() -> Int {
        let start = index
        while index < bytes.count, bytes[index] &- 0x30 < 10 { index += 1 }
        return index - start
    }

    // MARK: Values that nobody asked for

    /// Walks over any value. The depth is counted, not recursed into, so that no payload can exhaust the stack.
    mutating func skipValue() throws(TelemetryError) {
        var open: [UInt8] = []
        repeat {
            guard let byte = peek() else { throw malformed("a value must stand here") }
            if byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[") {
                guard open.count < JSONScanner.depthMax else {
                    throw TelemetryError(
                        .nestingTooDeep, "The payload nests deeper than \(JSONScanner.depthMax) levels.",
                        position: index)
                }
                index += 1
                if take(byte + 2) {
                    try closeValues(&open)
                } else {
                    open.append(byte + 2)
                    if byte == UInt8(ascii: "{") { try skipKey() }
                }
            } else {
                try skipScalar(byte)
                try closeValues(&open)
            }
        } while !open.isEmpty
    }

    /// After a value: on to the next one of the container that is open, or out of containers that end here. Both
    /// closing brackets are two code points after their opening ones.
    private mutating func closeValues(_ open: inout [UInt8]) throws(TelemetryError) {
        while let close = open.last {
            if take(UInt8(ascii: ",")) {
                if close == UInt8(ascii: "}") { try skipKey() }
                return
            }
            try expect(close)
            open.removeLast()
        }
    }

    private mutating func skipKey() throws(TelemetryError) {
        _ = try string()
        try expect(UInt8(ascii: ":"))
    }

    private mutating func skipScalar(_ byte: UInt8) throws(TelemetryError) {
        switch byte {
        case UInt8(ascii: "\""): _ = try string()
        case UInt8(ascii: "t"): try literal("true")
        case UInt8(ascii: "f"): try literal("false")
        case UInt8(ascii: "n"): try literal("null")
        default: _ = try number()
        }
    }

    /// Takes `null` if it comes next.
    package mutating func takeNull() throws(TelemetryError) -> Bool {
        guard peek() == UInt8(ascii: "n") else { return false }
        try literal("null")
        return true
    }

    /// Takes a word of JSON's own: `true`, `false`, `null`.
    package mutating func literal(_ word: StaticString) throws(TelemetryError) {
        let end = index + word.utf8CodeUnitCount
        guard end <= bytes.count, word.withUTF8Buffer({ $0.elementsEqual(bytes[index..<end]) }) else {
            throw malformed("a value must stand here")
        }
        index = end
    }
}
