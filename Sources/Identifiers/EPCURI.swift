/// The text of an EPC URI, cut into its parts (TDS sections 5, 6.3 and 12.4).
struct EPCURI {
    /// What stands after `urn:epc:`.
    enum Kind: String {
        case id
        case `class`
        case tag
    }

    let kind: Kind

    /// The scheme's name, or the binary scheme's.
    private let name: ArraySlice<UInt8>

    /// What follows the name's colon.
    private let body: ArraySlice<UInt8>

    private static let start = Array("urn:epc:".utf8)

    /// True where the bytes begin like an EPC URI. "urn" and "epc" may stand in capitals (RFC 8141 section 3.1).
    static func isURI(_ bytes: ArraySlice<UInt8>) -> Bool {
        bytes.count >= start.count
            && zip(bytes, start).allSatisfy { byte, wanted in
                byte == wanted || ((0x41...0x5A).contains(byte) && byte | 0x20 == wanted)
            }
    }

    /// Positions in errors are indices of `bytes`.
    init(_ bytes: ArraySlice<UInt8>) throws(IdentifierError) {
        guard bytes.count <= EPC.uriBytesMax else {
            throw IdentifierError(
                .tooLong, "An EPC URI has at most \(EPC.uriBytesMax) bytes, here are \(bytes.count).",
                position: bytes.startIndex + EPC.uriBytesMax)
        }
        guard EPCURI.isURI(bytes) else {
            throw IdentifierError(
                .epcMalformed, "An EPC URI begins with urn:epc:id: or urn:epc:tag:.", position: bytes.startIndex)
        }
        let (kind, rest) = try EPCURI.cut(bytes.dropFirst(EPCURI.start.count))
        guard let known = Kind(rawValue: String(decoding: kind, as: UTF8.self)) else {
            throw IdentifierError(
                .epcSchemeUnknown,
                "Only urn:epc:id:, urn:epc:tag: and urn:epc:class: name something: patterns and raw contents do not.",
                position: kind.startIndex)
        }
        self.kind = known
        (name, body) = try EPCURI.cut(known == .tag ? EPCURI.withoutControl(rest) : rest)
    }

    /// What stands before the first colon, and after it.
    private static func cut(
        _ bytes: ArraySlice<UInt8>
    ) throws(IdentifierError) -> (ArraySlice<UInt8>, ArraySlice<UInt8>) {
        guard let colon = bytes.firstIndex(of: UInt8(ascii: ":")) else {
            throw IdentifierError(
                .epcMalformed, "A name and a colon must stand here.", position: bytes.startIndex)
        }
        return (bytes[..<colon], bytes[(colon + 1)...])
    }

    // MARK: Control information

    /// Drops the control fields, such as `[umi=1]`, which say nothing about the name (TDS section 12.2.2).
    private static func withoutControl(_ bytes: ArraySlice<UInt8>) throws(IdentifierError) -> ArraySlice<UInt8> {
        var rest = bytes
        while rest.first == UInt8(ascii: "[") {
            guard let end = rest.firstIndex(of: UInt8(ascii: "]")), isControl(rest[(rest.startIndex + 1)..<end]) else {
                throw controlMalformed(at: rest.startIndex)
            }
            rest = rest[(end + 1)...]
        }
        guard rest.startIndex > bytes.startIndex else { return bytes }
        guard rest.first == UInt8(ascii: ":") else { throw controlMalformed(at: rest.startIndex) }
        return rest.dropFirst()
    }

    private static func isControl(_ field: ArraySlice<UInt8>) -> Bool {
        let sides = field.split(separator: UInt8(ascii: "="), omittingEmptySubsequences: false)
        guard sides.count == 2 else { return false }
        let isHex = sides[1].first == UInt8(ascii: "x")
        let names = isHex ? ["att", "xpc", "xpc-w1"] : ["umi"]
        let digits = sides[1].dropFirst(isHex ? 1 : 0)
        return names.contains { $0.utf8.elementsEqual(sides[0]) } && !digits.isEmpty
            && digits.allSatisfy { hexValue($0) != nil }
    }

    private static func controlMalformed(at position: Int) -> IdentifierError {
        IdentifierError(
            .epcMalformed, "Control information must stand here, such as [umi=1] or [att=x01], then a colon.",
            position: position)
    }

    // MARK: Parts

    /// One part between the dots, without percent escapes, and where it stands.
    typealias Part = (text: String, position: Int)

    /// The EPC of a pure identity URI.
    func epc() throws(IdentifierError) -> EPC {
        guard let scheme = EPC.Scheme(rawValue: String(decoding: name, as: UTF8.self)) else { throw unknownScheme }
        let layout = EPC.layout(scheme)
        guard layout.kind == kind else { throw unknownScheme }
        let parts = try parts(layout.components.count)
        return try EPC(scheme, parts.map(\.text), at: parts.map(\.position))
    }

    /// What a tag URI names, with its binary scheme and filter.
    func tag() throws(IdentifierError) -> (coding: EPCCoding, filter: Int, epc: EPC) {
        guard kind == .tag, let known = EPCTag.Coding(rawValue: String(decoding: name, as: UTF8.self)) else {
            throw unknownScheme
        }
        let coding = EPCCoding.row(known)
        guard coding.plus == nil else { throw unknownScheme }
        let filterParts = coding.filterBits > 0 ? 1 : 0
        let parts = try parts(EPC.layout(coding.scheme).components.count + filterParts)
        let filter = try EPCURI.filter(parts.prefix(filterParts), of: coding)
        let rest = parts.dropFirst(filterParts)
        let epc = try EPC(coding.scheme, rest.map(\.text), at: rest.map(\.position))
        return (coding, filter, epc)
    }

    private static func filter(_ parts: ArraySlice<Part>, of coding: EPCCoding) throws(IdentifierError) -> Int {
        guard let part = parts.first else { return 0 }
        do {
            try EPCComponent.integer(max: UInt64(coding.filterMax)).check(part.text, prefix: 0)
        } catch {
            throw IdentifierError(
                .epcFilterInvalid, "The filter must be a number from 0 to \(coding.filterMax).",
                position: part.position)
        }
        return Int(part.text) ?? 0
    }

    private var unknownScheme: IdentifierError {
        IdentifierError(.epcSchemeUnknown, "No EPC scheme has this name.", position: name.startIndex)
    }

    /// Cuts the body at its first dots: the last part may hold dots of its own.
    private func parts(_ count: Int) throws(IdentifierError) -> [Part] {
        let fields = body.split(separator: UInt8(ascii: "."), maxSplits: count - 1, omittingEmptySubsequences: false)
        guard fields.count == count else {
            throw IdentifierError(
                .epcMalformed, "\(count) parts with dots between them must stand here, not \(fields.count).",
                position: body.startIndex)
        }
        var parts: [Part] = []
        for field in fields { parts.append((try EPCURI.unescaped(field), field.startIndex)) }
        return parts
    }

    // MARK: Escapes

    /// The characters that a part may hold and a URI may not (TDS table A-1; `#` of table G-1).
    private static func isEscaped(_ byte: UInt8) -> Bool {
        "\"#%&/<>?".utf8.contains(byte)
    }

    /// The parts with dots between them, escaped in capitals.
    static func body(of parts: [String]) -> String {
        var bytes: [UInt8] = []
        for (index, part) in parts.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ".")) }
            for byte in part.utf8 {
                bytes += isEscaped(byte) ? [UInt8(ascii: "%"), hexDigit(byte >> 4), hexDigit(byte & 15)] : [byte]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func unescaped(_ field: ArraySlice<UInt8>) throws(IdentifierError) -> String {
        var bytes: [UInt8] = []
        var index = field.startIndex
        while index < field.endIndex {
            let byte = field[index]
            guard byte == UInt8(ascii: "%") else {
                guard isPrintable(byte), !isEscaped(byte) else { throw notEscaped(byte, at: index) }
                bytes.append(byte)
                index += 1
                continue
            }
            bytes.append(try escape(field, at: index))
            index += 3
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func escape(_ field: ArraySlice<UInt8>, at index: Int) throws(IdentifierError) -> UInt8 {
        guard field.endIndex - index >= 3, let high = hexValue(field[index + 1]), let low = hexValue(field[index + 2]),
            isPrintable(high << 4 | low)
        else {
            throw IdentifierError(
                .epcMalformed, "A percent sign must be followed by two hexadecimal digits of a character.",
                position: index)
        }
        return high << 4 | low
    }

    private static func notEscaped(_ byte: UInt8, at index: Int) -> IdentifierError {
        guard isPrintable(byte) else {
            return IdentifierError(.notText, "Here is a byte that no URI holds.", position: index)
        }
        let escape = "%" + String(decoding: [hexDigit(byte >> 4), hexDigit(byte & 15)], as: UTF8.self)
        return IdentifierError(
            .epcMalformed, "This character must be written as \(escape) here.", position: index)
    }

    // MARK: Hexadecimal digits

    /// The value of a hexadecimal digit in either case.
    static func hexValue(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x41 + 10
        case 0x61...0x66: byte - 0x61 + 10
        default: nil
        }
    }

    /// The upper-case hexadecimal digit of a value below 16.
    static func hexDigit(_ value: UInt8) -> UInt8 {
        value < 10 ? 0x30 + value : 0x41 + (value & 15) - 10
    }
}
