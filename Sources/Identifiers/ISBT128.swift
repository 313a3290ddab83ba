/// ICCBBA labels: ISBT 128 data structures (ST-001), one, several in a row, or a compound message whose header says how
/// many. The header is checked and not kept. The check character printed beside a donation number is never encoded.
enum ISBT128 {
    /// A compound message counts its structures with two digits.
    static let structuresMax = 99

    private static let compound = Array("=+".utf8)

    /// Two digits of count and three characters of sequence.
    private static let headerLength = 7

    static func isISBT128(_ bytes: [UInt8], from start: Int) -> Bool {
        guard start >= 0, start < bytes.count else { return false }
        return bytes[start] == UInt8(ascii: "=") || bytes[start] == UInt8(ascii: "&")
    }

    /// Reads one symbol. `year` is not needed: these labels print the century.
    static func read(_ bytes: [UInt8], from start: Int, year: Int) throws(IdentifierError) -> Identifier {
        var rest = bytes[start...]
        let declared = try header(&rest)
        var message = ISBT128Message()
        var count = 0
        while !rest.isEmpty {
            guard count < structuresMax else {
                throw IdentifierError(
                    .tooLong, "A symbol has at most \(structuresMax) data structures.", position: rest.startIndex)
            }
            try appendStructure(&rest, to: &message)
            count += 1
        }
        if let declared, declared != count {
            throw IdentifierError(
                .countWrong, "The compound message promises \(declared) data structures and holds \(count).",
                position: start + compound.count)
        }
        return try message.identifier()
    }

    /// The identifier that these elements make together.
    static func identifier(of elements: [Identifier.Element]) throws(IdentifierError) -> Identifier {
        var message = ISBT128Message()
        for element in elements {
            guard let structure = ISBT128Structure.named(element.ai) else {
                throw IdentifierError(.structureUnknown, "ISBT 128 has no data structure \(element.ai).")
            }
            let bytes = Array(element.value.utf8)
            try message.append(structure, bytes[...])
        }
        return try message.identifier()
    }

    /// ISO/IEC 7064 modulo 37-2 over capital letters and digits (ST-001 appendix A).
    static func checkValue(of data: ArraySlice<UInt8>) -> Int {
        let sum = data.reduce(0) { ($0 + (HIBC.value(of: $1) ?? 0)) * 2 % 37 }
        return (38 - sum) % 37
    }

    private static func header(_ data: inout ArraySlice<UInt8>) throws(IdentifierError) -> Int? {
        guard data.starts(with: compound) else { return nil }
        let count = data.dropFirst(compound.count).prefix(2)
        guard data.count >= headerLength, count.allSatisfy(isDigit) else {
            throw IdentifierError(
                .structureUnknown, "A compound message begins with =+, two digits of count and a sequence of three.",
                position: data.startIndex)
        }
        data = data.dropFirst(headerLength)
        return decimal(count)
    }

    private static func appendStructure(
        _ data: inout ArraySlice<UInt8>, to message: inout ISBT128Message
    ) throws(IdentifierError) {
        guard let structure = ISBT128Structure.beginning(data) else { throw unknown(data) }
        let rest = data.dropFirst(structure.ai.utf8.count)
        let length = try structure.contentLength(of: rest)
        guard rest.count >= length else {
            throw IdentifierError(
                .valueTooShort, "\(structure.ai) needs \(length) characters, here are \(rest.count).",
                position: rest.endIndex)
        }
        try message.append(structure, rest.prefix(length))
        data = rest.dropFirst(length)
    }

    private static func unknown(_ data: ArraySlice<UInt8>) -> IdentifierError {
        let isNational =
            data.first == UInt8(ascii: "&")
            && data.dropFirst().prefix(1).allSatisfy { $0 &- 0x61 < 26 || $0 == 0x3B || $0 == 0x21 }
        return IdentifierError(
            .structureUnknown,
            isNational && data.count > 1
                ? "A data structure that ICCBBA leaves to each country begins here: nobody else can read it."
                : "No data structure of ISBT 128 begins here; the one before it may be too short or too long.",
            position: data.startIndex)
    }
}

extension ISBT128Structure {
    fileprivate func contentLength(of content: ArraySlice<UInt8>) throws(IdentifierError) -> Int {
        switch length {
        case .fixed(let length): return length
        case .counted(let skipped, let digits, let each):
            let count = content.dropFirst(skipped).prefix(digits)
            guard count.count == digits, count.allSatisfy(isDigit) else {
                throw IdentifierError(
                    .countWrong, "\(ai) must say with \(digits) digits how much follows.",
                    position: min(content.startIndex + skipped, content.endIndex))
            }
            return skipped + digits + decimal(count) * each
        }
    }
}

extension IdentifierError.Code {
    /// A count inside the label does not fit what follows.
    public static let countWrong = Self(rawValue: "count-wrong")
}
