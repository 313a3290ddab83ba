/// Reads a payload that is text: one bare value, or `key=value` pairs between white space, commas, semicolons or `&`.
struct TextPlaces {
    private let payload: [UInt8]
    private let map: ReadingMap

    init(_ payload: [UInt8], map: ReadingMap) throws(TelemetryError) {
        guard String(validating: payload, as: UTF8.self) != nil else {
            throw TelemetryError(.textMalformed, "The payload is neither JSON nor UTF-8 text.", position: 0)
        }
        self.payload = payload
        self.map = map
    }

    /// Nil for a payload with keys.
    func bareValue() throws(TelemetryError) -> Found? {
        guard !payload.contains(UInt8(ascii: "=")) else { return nil }
        let text = TextPlaces.trimmed(payload[...])
        guard !text.isEmpty, !text.contains(where: { $0 < 0x20 || $0 == 0x7F }) else {
            throw TelemetryError(.textMalformed, "The payload is empty, or not one line of text.", position: 0)
        }
        return Found(scalar: scalar(text), position: text.startIndex)
    }

    func pairs() throws(TelemetryError) -> MappedDraft {
        var draft = MappedDraft(map.reading, at: 0)
        let root = map.reading.nodes[0]
        if root.hasMembers { try draft.openMembers(at: 0) }
        for part in payload.split(whereSeparator: TextPlaces.separates) {
            guard let sign = part.firstIndex(of: UInt8(ascii: "=")), sign > part.startIndex else {
                throw TelemetryError(
                    .textMalformed, "Each part of the text must be a key, = and a value.", position: part.startIndex)
            }
            let key = String(decoding: part[..<sign], as: UTF8.self)
            let found = Found(scalar: scalar(part[(sign + 1)...]), position: sign + 1)
            if let child = root.children[key] {
                for slot in map.reading.nodes[child].slots { try draft.put(found, in: slot) }
            } else if root.hasMembers {
                try draft.addMember(key, found)
            }
        }
        return draft
    }

    private static func separates(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: "&"): true
        default: isSpace(byte)
        }
    }

    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || (0x09...0x0D).contains(byte)
    }

    private static func trimmed(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var text = text
        while let byte = text.first, isSpace(byte) { text.removeFirst() }
        while let byte = text.last, isSpace(byte) { text.removeLast() }
        return text
    }

    private func scalar(_ text: ArraySlice<UInt8>) -> Found.Scalar {
        switch text.count {
        case 0: return .null
        case 4 where text.elementsEqual("true".utf8): return .flag(true)
        case 5 where text.elementsEqual("false".utf8): return .flag(false)
        default: break
        }
        if let measured = MeasuredText(text), measured.unit == nil {
            return .number(measured.number.double ?? .infinity, text.startIndex..<text.endIndex)
        }
        return .text(String(decoding: text, as: UTF8.self))
    }
}

/// A number as text, such as `5.2`, or with its unit, such as `5.2 Cel`.
struct MeasuredText {
    let number: JSONNumber
    let unit: String?

    /// Nil for any other text, and where the unit is not known.
    init?(_ text: ArraySlice<UInt8>) {
        let digits = text.first == UInt8(ascii: "+") ? text.dropFirst() : text
        guard let first = digits.first, first &- 0x30 < 10 || first == UInt8(ascii: "-"),
            !(text.count > digits.count && first == UInt8(ascii: "-"))
        else { return nil }
        var scanner = JSONScanner(Array(digits))
        guard let number = try? scanner.number() else { return nil }
        let end = scanner.index
        guard scanner.peek() != nil else {
            // A space at the end is no unit.
            guard end == scanner.bytes.count else { return nil }
            self.number = number
            unit = nil
            return
        }
        let unit = String(decoding: scanner.bytes[scanner.index...], as: UTF8.self)
        guard Unit.named(unit) != nil else { return nil }
        self.number = number
        self.unit = unit
    }
}
