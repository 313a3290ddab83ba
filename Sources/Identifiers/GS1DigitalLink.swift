/// GS1 Digital Link URIs, uncompressed (GS1 Digital Link Standard: URI Syntax).
enum GS1DigitalLink {
    /// The primary keys in the order in which one is chosen to name what carries several, each with its path
    /// qualifiers in the order of the standard, and with those of them that tell one thing from the next.
    private static let keys: [(key: ApplicationIdentifier.Number, path: [String], identity: [String])] = [
        (0, [], []),
        (1, ["22", "10", "21", "235"], ["10", "21", "235"]),
        (8006, ["22", "10", "21"], ["10", "21"]),
        (8003, [], []),
        (8004, [], []),
        (8018, [], []),
        (8017, [], []),
        (402, [], []),
        (401, [], []),
        (414, ["254"], ["254"]),
        (417, [], []),
    ]

    /// How much of the elements a URI carries.
    enum Extent {
        case identity
        case attributes
    }

    // MARK: Writing

    /// The canonical URI on id.gs1.org: qualifiers in the standard's order, the rest in the query in ascending text
    /// order of AI, every byte outside RFC 3986 "unreserved" percent-encoded in upper case. Nil without a primary key.
    static func canonical(_ elements: [Identifier.Element], with extent: Extent) -> String? {
        for (number, path, identity) in keys {
            let code = ApplicationIdentifier.text(number)
            guard let key = elements.first(where: { $0.ai == code }) else { continue }
            var uri = Array("https://id.gs1.org".utf8)
            uri.reserveCapacity(128)
            appendPath(key, to: &uri)
            for ai in extent == .identity ? identity : path {
                guard let qualifier = elements.first(where: { $0.ai == ai }) else { continue }
                appendPath(qualifier, to: &uri)
            }
            if extent == .attributes {
                appendQuery(elements.filter { $0.ai != code && !path.contains($0.ai) }, to: &uri)
            }
            return String(decoding: uri, as: UTF8.self)
        }
        return nil
    }

    private static func appendPath(_ element: Identifier.Element, to uri: inout [UInt8]) {
        uri.append(UInt8(ascii: "/"))
        uri.append(contentsOf: element.ai.utf8)
        uri.append(UInt8(ascii: "/"))
        appendEncoded(element.value, to: &uri)
    }

    private static func appendQuery(_ elements: [Identifier.Element], to uri: inout [UInt8]) {
        var mark = UInt8(ascii: "?")
        for element in elements.sorted(by: { $0.ai < $1.ai }) {
            uri.append(mark)
            uri.append(contentsOf: element.ai.utf8)
            uri.append(UInt8(ascii: "="))
            appendEncoded(element.value, to: &uri)
            mark = UInt8(ascii: "&")
        }
    }

    private static func appendEncoded(_ value: String, to uri: inout [UInt8]) {
        for byte in value.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E: uri.append(byte)
            default: uri += [UInt8(ascii: "%"), hexDigit(byte >> 4), hexDigit(byte & 15)]
            }
        }
    }

    private static func hexDigit(_ nibble: UInt8) -> UInt8 {
        nibble < 10 ? 0x30 + nibble : 0x41 + nibble - 10
    }

    // MARK: Reading

    static func isLink(_ bytes: [UInt8], from start: Int) -> Bool {
        schemeLength(bytes, from: start) != nil
    }

    /// Reads a link on any domain, below any path. Query keys that are not all digits are left to whoever set them.
    static func read(_ bytes: [UInt8], from start: Int, year: Int) throws(IdentifierError) -> Identifier {
        let fragment = bytes[start...].firstIndex(of: UInt8(ascii: "#")) ?? bytes.count
        let query = bytes[start..<fragment].firstIndex(of: UInt8(ascii: "?")) ?? fragment
        var message = GS1Message(year: year)
        try readPath(bytes[start..<query], of: bytes, into: &message)
        if query < fragment {
            try readQuery(bytes[query + 1..<fragment], of: bytes, into: &message)
        }
        return try message.identifier()
    }

    private static func schemeLength(_ bytes: [UInt8], from start: Int) -> Int? {
        let lowered = bytes[start...].prefix(8).map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }
        if lowered.elementsEqual("https://".utf8) { return 8 }
        return lowered.prefix(7).elementsEqual("http://".utf8) ? 7 : nil
    }

    private static func readPath(
        _ path: ArraySlice<UInt8>,
        of bytes: [UInt8],
        into message: inout GS1Message
    ) throws(IdentifierError) {
        let scheme = schemeLength(bytes, from: path.startIndex) ?? 0
        let segments = path.dropFirst(scheme)
            .split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard let first = segments.indices.dropFirst().first(where: { isKey(at: $0, in: segments) }) else {
            throw IdentifierError(
                .linkMalformed, "The link holds no GS1 key such as /01/ with its value.", position: path.startIndex)
        }
        for index in stride(from: first, to: segments.count, by: 2) {
            guard let row = ApplicationIdentifierTable.row(named: segments[index]) else { continue }
            try append(row, segments[index + 1], to: &message)
        }
    }

    /// A segment is the primary key where all segments after it are pairs of its qualifiers, in any order.
    private static func isKey(at index: Int, in segments: [ArraySlice<UInt8>]) -> Bool {
        guard (segments.count - index).isMultiple(of: 2),
            let row = ApplicationIdentifierTable.row(named: segments[index]),
            let entry = keys.first(where: { $0.key == row.number })
        else { return false }
        return stride(from: index + 2, to: segments.count, by: 2).allSatisfy { qualifier in
            entry.path.contains { $0.utf8.elementsEqual(segments[qualifier]) }
        }
    }

    private static func readQuery(
        _ query: ArraySlice<UInt8>,
        of bytes: [UInt8],
        into message: inout GS1Message
    ) throws(IdentifierError) {
        for pair in query.split(whereSeparator: { $0 == UInt8(ascii: "&") || $0 == UInt8(ascii: ";") }) {
            guard let equals = pair.firstIndex(of: UInt8(ascii: "=")) else { continue }
            let name = pair[..<equals]
            guard !name.isEmpty, name.allSatisfy(isDigit) else { continue }
            guard let row = ApplicationIdentifierTable.row(named: name) else {
                throw IdentifierError(
                    .aiUnknown, "The link's query holds an application identifier that we do not know.",
                    position: name.startIndex)
            }
            try append(row, pair[(equals + 1)...], to: &message)
        }
    }

    private static func append(
        _ row: ApplicationIdentifier,
        _ encoded: ArraySlice<UInt8>,
        to message: inout GS1Message
    ) throws(IdentifierError) {
        let hasEscape = encoded.contains(UInt8(ascii: "%"))
        let value = hasEscape ? try decoded(encoded) : encoded
        let padded = row.number == 1 ? GTIN.padded(value) : value
        let exact = !hasEscape && padded.count == value.count
        try message.append(row, padded, position: encoded.startIndex, exact: exact)
    }

    private static func decoded(_ encoded: ArraySlice<UInt8>) throws(IdentifierError) -> ArraySlice<UInt8> {
        var value: [UInt8] = []
        var index = encoded.startIndex
        while index < encoded.endIndex {
            guard encoded[index] == UInt8(ascii: "%") else {
                value.append(encoded[index])
                index += 1
                continue
            }
            guard encoded.endIndex - index >= 3,
                let high = nibble(encoded[index + 1]), let low = nibble(encoded[index + 2])
            else {
                throw IdentifierError(
                    .linkMalformed, "A percent sign must be followed by two hexadecimal digits.", position: index)
            }
            value.append(high << 4 | low)
            index += 3
        }
        return value[...]
    }

    private static func nibble(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x41 + 10
        case 0x61...0x66: byte - 0x61 + 10
        default: nil
        }
    }
}
