/// GS1 Digital Link URIs, uncompressed (GS1 Digital Link Standard: URI Syntax). Which element is a key, which may
/// qualify it and in which order, and which may stand in the query is said by the rows of the table.
enum GS1DigitalLink {
    /// How much of the elements a URI carries.
    enum Extent {
        case identity
        case attributes
    }

    /// The primary keys in the order in which one is chosen to name what carries several: a thing before the document
    /// or the place that stands beside it.
    private static let keyOrder: [ApplicationIdentifier.Number] = [
        0, 1, 8006, 8003, 8004, 8010, 253, 255, 8013, 8018, 8017, 402, 401, 415, 414, 417,
    ]

    /// Qualifiers that say something about a thing, where the others tell one thing from the next: a version of the
    /// packaging, a service, an importer.
    private static let descriptions: [ApplicationIdentifier.Number] = [22, 8019, 7040]

    /// The short names of application identifiers, deprecated by the standard in its version 1.1 and since withdrawn.
    private static let withdrawnNames = [
        "cpid": "8010", "cpsn": "8011", "cpv": "22", "gcn": "255", "gdti": "253", "giai": "8004", "ginc": "401",
        "gln": "414", "glnx": "254", "gmn": "8013", "grai": "8003", "gsin": "402", "gsrn": "8018", "gsrnp": "8017",
        "gtin": "01", "itip": "8006", "lot": "10", "party": "417", "refno": "8020", "ser": "21", "srin": "8019",
        "sscc": "00",
    ]

    // MARK: Writing

    /// The canonical URI on id.gs1.org: qualifiers in the standard's order, the rest in the query in ascending text
    /// order of AI, every byte outside RFC 3986 "unreserved" percent-encoded in upper case. Nil without a primary key,
    /// and where no link can hold all elements: some may stand in none, such as a product's URL (8200).
    static func canonical(_ elements: [Identifier.Element], with extent: Extent) -> String? {
        var uri: [UInt8] = []
        uri.reserveCapacity(128)
        return append(elements, with: extent, to: &uri) ? String(decoding: uri, as: UTF8.self) : nil
    }

    /// Appends the same and says whether there was something to append.
    static func append(_ elements: [Identifier.Element], with extent: Extent, to uri: inout [UInt8]) -> Bool {
        let numbers = elements.map { ApplicationIdentifierTable.number(named: $0.ai) }
        guard let (key, path) = choice(among: numbers, with: extent) else { return false }
        uri.append(contentsOf: "https://id.gs1.org".utf8)
        appendPath(elements[key], to: &uri)
        for number in path {
            guard let index = numbers.firstIndex(of: number) else { continue }
            appendPath(elements[index], to: &uri)
        }
        if extent == .attributes, elements.count > 1 {
            appendQuery(elements, numbers, without: numbers[key], path, to: &uri)
        }
        return true
    }

    /// The index of the key, and the qualifiers that may follow it.
    private static func choice(
        among numbers: [ApplicationIdentifier.Number],
        with extent: Extent
    ) -> (key: Int, path: [ApplicationIdentifier.Number])? {
        for number in keyOrder {
            guard let index = numbers.firstIndex(of: number),
                let key = ApplicationIdentifierTable.row(numbered: number)
            else { continue }
            var best: (count: Int, path: [ApplicationIdentifier.Number])?
            for path in key.paths {
                let count = path.count { numbers.contains($0) && (extent == .attributes || isIdentity($0)) }
                guard count > best?.count ?? -1, extent == .identity || canHold(numbers, key, path) else { continue }
                best = (count, path)
            }
            guard let best else { continue }
            return (index, extent == .identity ? best.path.filter(isIdentity) : best.path)
        }
        return nil
    }

    private static func isIdentity(_ qualifier: ApplicationIdentifier.Number) -> Bool {
        !descriptions.contains(qualifier)
    }

    private static func canHold(
        _ numbers: [ApplicationIdentifier.Number],
        _ key: ApplicationIdentifier,
        _ path: [ApplicationIdentifier.Number]
    ) -> Bool {
        numbers.allSatisfy { number in
            if number == key.number || path.contains(number) { return true }
            guard let row = ApplicationIdentifierTable.row(numbered: number), row.isAttribute else { return false }
            return !isMisplaced(number, path, numbers, key)
        }
    }

    /// Whether the query would hold what a path of the key has a place for.
    private static func isMisplaced(
        _ number: ApplicationIdentifier.Number,
        _ path: [ApplicationIdentifier.Number],
        _ numbers: [ApplicationIdentifier.Number],
        _ key: ApplicationIdentifier
    ) -> Bool {
        key.paths.contains { other in
            other.contains(number) && path.allSatisfy { !numbers.contains($0) || other.contains($0) }
        }
    }

    private static func appendPath(_ element: Identifier.Element, to uri: inout [UInt8]) {
        uri.append(UInt8(ascii: "/"))
        uri.append(contentsOf: element.ai.utf8)
        uri.append(UInt8(ascii: "/"))
        appendEncoded(element.value, to: &uri)
    }

    /// In ascending text order, by asking for the next one: there are few.
    private static func appendQuery(
        _ elements: [Identifier.Element],
        _ numbers: [ApplicationIdentifier.Number],
        without key: ApplicationIdentifier.Number,
        _ path: [ApplicationIdentifier.Number],
        to uri: inout [UInt8]
    ) {
        var mark = UInt8(ascii: "?")
        var last = -1
        while let index = nextAttribute(numbers, above: last, without: key, path) {
            last = ApplicationIdentifier.textOrder(numbers[index])
            uri.append(mark)
            uri.append(contentsOf: elements[index].ai.utf8)
            uri.append(UInt8(ascii: "="))
            appendEncoded(elements[index].value, to: &uri)
            mark = UInt8(ascii: "&")
        }
    }

    private static func nextAttribute(
        _ numbers: [ApplicationIdentifier.Number],
        above last: Int,
        without key: ApplicationIdentifier.Number,
        _ path: [ApplicationIdentifier.Number]
    ) -> Int? {
        var next: (index: Int, order: Int)?
        for (index, number) in numbers.enumerated() where number != key && !path.contains(number) {
            let order = ApplicationIdentifier.textOrder(number)
            if order > last, order < next?.order ?? Int.max { next = (index, order) }
        }
        return next?.index
    }

    private static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E: true
        default: false
        }
    }

    private static func appendEncoded(_ value: String, to uri: inout [UInt8]) {
        var value = value
        value.withUTF8 { bytes in
            guard !bytes.allSatisfy(isUnreserved) else { return uri.append(contentsOf: bytes) }
            for byte in bytes {
                if isUnreserved(byte) {
                    uri.append(byte)
                } else {
                    uri += [UInt8(ascii: "%"), hexDigit(byte >> 4), hexDigit(byte)]
                }
            }
        }
    }

    // MARK: Reading

    static func isLink(_ bytes: [UInt8], from start: Int) -> Bool {
        schemeLength(bytes, from: start) != nil
    }

    /// Reads a link on any domain, below any path.
    ///
    /// As strict as the standard: qualifiers stand in the path, in its order and once; the query holds what may stand
    /// there, and a key of digits that we do not know is an error. Other keys of the query are left to whoever set
    /// them, and the fragment to the browser. A trade item number may be shorter than 14 digits, as the standard's
    /// first versions had it. Short names such as `/gtin/` are refused: no writer of this decade makes them, and the
    /// same words occur in links that mean something else. Compressed links are refused too.
    static func read(_ bytes: [UInt8], from start: Int, year: Int) throws(IdentifierError) -> Identifier {
        try checkCharacters(bytes[start...])
        let pathStart = try endOfDomain(bytes, from: start)
        let fragment = bytes[pathStart...].firstIndex(of: UInt8(ascii: "#")) ?? bytes.count
        let query = bytes[pathStart..<fragment].firstIndex(of: UInt8(ascii: "?")) ?? fragment
        var message = GS1Message(year: year)
        let path = try readPath(bytes[pathStart..<query], into: &message)
        if query < fragment {
            try readQuery(bytes[(query + 1)..<fragment], after: path, into: &message)
        }
        return try message.identifier()
    }

    private static func schemeLength(_ bytes: [UInt8], from start: Int) -> Int? {
        if spells("https://", bytes, at: start) { return 8 }
        return spells("http://", bytes, at: start) ? 7 : nil
    }

    private static func spells(_ text: StaticString, _ bytes: [UInt8], at start: Int) -> Bool {
        guard bytes.count - start >= text.utf8CodeUnitCount else { return false }
        return text.withUTF8Buffer { wanted in
            wanted.indices.allSatisfy { index in
                let byte = bytes[start + index]
                return byte == wanted[index] || byte | 0x20 == wanted[index] && byte >= 0x41
            }
        }
    }

    /// Refuses what no URI holds (RFC 3986 section 2).
    private static func checkCharacters(_ link: ArraySlice<UInt8>) throws(IdentifierError) {
        let wrong = link.firstIndex { byte in
            switch byte {
            case 0x21, 0x23...0x3B, 0x3D, 0x3F...0x5B, 0x5D, 0x5F, 0x61...0x7A, 0x7E: false
            default: true
            }
        }
        guard let wrong else { return }
        throw IdentifierError(
            .linkMalformed, "A link holds no such character; it must be percent-encoded.", position: wrong)
    }

    /// Where the path begins. The standard writes the scheme in one case (section 4.2), so that `HTTPS` in a QR code
    /// keeps its short form.
    private static func endOfDomain(_ bytes: [UInt8], from start: Int) throws(IdentifierError) -> Int {
        let domain = start + (schemeLength(bytes, from: start) ?? 0)
        let letters = bytes[start..<domain].prefix { $0 != UInt8(ascii: ":") }
        guard letters.allSatisfy({ $0 & 0x20 == 0 }) || letters.allSatisfy({ $0 & 0x20 != 0 }) else {
            throw IdentifierError(
                .linkMalformed, "The scheme must be all small or all capital letters.", position: start)
        }
        let end = bytes[domain...].firstIndex(of: UInt8(ascii: "/")) ?? bytes.count
        guard domain < end, end < bytes.count else {
            throw IdentifierError(.linkMalformed, "The link needs a domain and a path.", position: domain)
        }
        if let wrong = bytes[domain..<end].firstIndex(where: { "_~?#@!$&'()*+,;=%".utf8.contains($0) }) {
            throw IdentifierError(.linkMalformed, "No domain holds this character.", position: wrong)
        }
        return end
    }

    // MARK: The path

    /// A key with the qualifiers that a link's path gives it.
    private struct Path {
        let key: ApplicationIdentifier
        let qualifiers: [ApplicationIdentifier.Number]

        /// Whether the path has a place for the element.
        func hasPlace(for row: ApplicationIdentifier) -> Bool {
            key.paths.contains { $0.contains(row.number) && qualifiers.allSatisfy($0.contains) }
        }
    }

    private static func readPath(
        _ path: ArraySlice<UInt8>,
        into message: inout GS1Message
    ) throws(IdentifierError) -> Path {
        let pairs = pairs(of: path)
        guard let key = pairs.first?.row else { throw keyMissing(in: path) }
        var qualifiers: [ApplicationIdentifier.Number] = []
        for pair in pairs.dropFirst() {
            qualifiers.append(pair.row.number)
            guard key.paths.contains(where: { isInOrder(qualifiers, of: $0) }) else {
                throw IdentifierError(
                    .linkOrderWrong, "(\(pair.row.code)) must not stand here in the path of (\(key.code)).",
                    position: pair.value.startIndex - pair.row.code.utf8.count - 1)
            }
        }
        for pair in pairs {
            let isTradeItem = pair.row.number == 1
            let value = try decoded(pair.value)
            let padded = isTradeItem ? GTIN.padded(value) : value
            try message.append(
                pair.row, padded, position: pair.value.startIndex, exact: padded.count == pair.value.count)
        }
        return Path(key: key, qualifiers: qualifiers)
    }

    /// The last key of the path that only application identifiers follow, with all that follow it. What stands before
    /// is the link's own, even if it looks like a key.
    private static func pairs(
        of path: ArraySlice<UInt8>
    ) -> [(row: ApplicationIdentifier, value: ArraySlice<UInt8>)] {
        var pairs: [(row: ApplicationIdentifier, value: ArraySlice<UInt8>)] = []
        var rest = path
        while let slash = rest.lastIndex(of: UInt8(ascii: "/")),
            let opening = rest[..<slash].lastIndex(of: UInt8(ascii: "/")),
            let row = ApplicationIdentifierTable.row(named: path[(opening + 1)..<slash])
        {
            pairs.append((row, rest[(slash + 1)...]))
            if !row.paths.isEmpty { return pairs.reversed() }
            rest = rest[..<opening]
        }
        return []
    }

    private static func isInOrder(
        _ qualifiers: [ApplicationIdentifier.Number],
        of path: [ApplicationIdentifier.Number]
    ) -> Bool {
        var rest = path[...]
        return qualifiers.allSatisfy { qualifier in
            guard let index = rest.firstIndex(of: qualifier) else { return false }
            rest = rest[(index + 1)...]
            return true
        }
    }

    private static func keyMissing(in path: ArraySlice<UInt8>) -> IdentifierError {
        let segments = path.split(separator: UInt8(ascii: "/"))
        for segment in segments {
            let name = String(decoding: segment, as: UTF8.self)
            guard let code = withdrawnNames[name] else { continue }
            return IdentifierError(
                .linkNameWithdrawn,
                "The GS1 Digital Link standard has withdrawn the name /\(name)/; /\(code)/ must stand here.",
                position: segment.startIndex)
        }
        if let last = segments.last, isCompressed(last) {
            return IdentifierError(
                .linkCompressed, "This may be a compressed GS1 Digital Link, which is not read: expand it first.",
                position: last.startIndex)
        }
        return IdentifierError(
            .linkMalformed, "The link holds no GS1 key such as /01/ with its value.", position: path.startIndex)
    }

    /// Compressed links are base64url whose first byte is the beginning of a key's application identifier, two decimal
    /// digits (GS1 Digital Link Standard: Compression, section 4). Few words of so many mixed characters are.
    private static func isCompressed(_ segment: ArraySlice<UInt8>) -> Bool {
        guard segment.count >= 10, segment.allSatisfy(isCSET64), segment.contains(where: isDigit),
            let first = sixBits(segment.first), let second = sixBits(segment.dropFirst().first)
        else { return false }
        return [0x00, 0x01, 0x25, 0x40, 0x41, 0x80].contains(first << 2 | second >> 4)
    }

    private static func sixBits(_ byte: UInt8?) -> Int? {
        switch byte {
        case let byte? where (0x41...0x5A).contains(byte): Int(byte) - 0x41
        case let byte? where (0x61...0x7A).contains(byte): Int(byte) - 0x61 + 26
        case let byte? where isDigit(byte): Int(byte) - 0x30 + 52
        case UInt8(ascii: "-"): 62
        case UInt8(ascii: "_"): 63
        default: nil
        }
    }

    // MARK: The query

    private static func readQuery(
        _ query: ArraySlice<UInt8>,
        after path: Path,
        into message: inout GS1Message
    ) throws(IdentifierError) {
        var rest = query
        while !rest.isEmpty {
            let end = endOfPair(rest)
            try readPair(rest[..<end], after: path, into: &message)
            rest = rest[end...].dropFirst()
        }
    }

    /// Pairs end with `&`, and in links of the standard's first versions with `;`, which a value may hold too: it ends
    /// one only where another `key=` follows.
    private static func endOfPair(_ query: ArraySlice<UInt8>) -> Int {
        var index = query.startIndex
        while index < query.endIndex {
            switch query[index] {
            case UInt8(ascii: "&"): return index
            case UInt8(ascii: ";"):
                let following = query[(index + 1)...].prefix { isCSET64($0) }
                if !following.isEmpty, query[following.endIndex...].first == UInt8(ascii: "=") { return index }
            default: break
            }
            index += 1
        }
        return index
    }

    private static func readPair(
        _ pair: ArraySlice<UInt8>,
        after path: Path,
        into message: inout GS1Message
    ) throws(IdentifierError) {
        guard let equals = pair.firstIndex(of: UInt8(ascii: "=")) else { return }
        let name = pair[..<equals]
        guard !name.isEmpty, name.allSatisfy(isDigit) else { return }
        let row = try attribute(name, after: path, in: message)
        let value = pair[(equals + 1)...]
        if let plus = value.firstIndex(of: UInt8(ascii: "+")) {
            throw IdentifierError(
                .characterNotAllowed, "A plus sign in a query is a space, which no value holds; write %2B.",
                position: plus)
        }
        let text = try decoded(value)
        let padded = row.number == 1 ? GTIN.padded(text) : text
        try message.append(row, padded, position: value.startIndex, exact: padded.count == value.count)
    }

    private static func attribute(
        _ name: ArraySlice<UInt8>,
        after path: Path,
        in message: GS1Message
    ) throws(IdentifierError) -> ApplicationIdentifier {
        guard let row = ApplicationIdentifierTable.row(named: name) else {
            throw IdentifierError(
                .aiUnknown, "The link's query holds an application identifier that we do not know.",
                position: name.startIndex)
        }
        guard !message.holds(row) else {
            throw IdentifierError(.aiRepeated, "(\(row.code)) stands twice in the link.", position: name.startIndex)
        }
        guard !path.hasPlace(for: row) else {
            throw IdentifierError(
                .linkOrderWrong, "(\(row.code)) must stand in the link's path, behind (\(path.key.code)).",
                position: name.startIndex)
        }
        guard row.isAttribute else {
            throw IdentifierError(
                .linkAttributeNotAllowed, "(\(row.code)) must not stand in the query of a link.",
                position: name.startIndex)
        }
        return row
    }

    /// The bytes that percent-encoded ones stand for.
    private static func decoded(_ encoded: ArraySlice<UInt8>) throws(IdentifierError) -> ArraySlice<UInt8> {
        guard encoded.contains(UInt8(ascii: "%")) else { return encoded }
        var value: [UInt8] = []
        var rest = encoded
        while let byte = rest.first {
            let index = rest.startIndex
            rest = rest.dropFirst()
            guard byte == UInt8(ascii: "%") else {
                value.append(byte)
                continue
            }
            guard let high = rest.popFirst().flatMap(hexValue), let low = rest.popFirst().flatMap(hexValue) else {
                throw IdentifierError(
                    .linkMalformed, "A percent sign must be followed by two hexadecimal digits.", position: index)
            }
            value.append(high << 4 | low)
        }
        return value[...]
    }
}
