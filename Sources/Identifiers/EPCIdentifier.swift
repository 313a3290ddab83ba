/// Reads a scan that is an EPC: a pure identity URI, a tag URI, or the hexadecimal text of a tag's EPC memory.
enum EPCIdentifier {
    /// The fewest hexadecimal digits that are taken for a tag of a scheme before TDS 2, none of which is shorter than
    /// 86 bits on a tag, and of one of TDS 2.
    private static let hexDigitsMin = 24
    private static let plusHexDigitsMin = 20

    /// True where the scan is an EPC rather than GS1 data.
    ///
    /// Hexadecimal text may also be a GS1 element string: `3103…` is a weight, and the header of an SSCC-96. What
    /// reads as a valid element string is one. What does not, and is digits only, is an EPC where it reads as one:
    /// otherwise it is a label that was read badly. With a letter in it, the header decides.
    static func isEPC(_ bytes: [UInt8], from start: Int) -> Bool {
        let rest = bytes[start...]
        if EPCURI.isURI(rest) { return true }
        guard let row = row(of: rest), isHex(rest, atLeast: row.plus == nil ? hexDigitsMin : plusHexDigitsMin),
            !isElementString(bytes, from: start)
        else { return false }
        return !rest.allSatisfy(isDigit) || (try? EPCTag(hex: rest)) != nil
    }

    /// The scheme that the first two hexadecimal digits name.
    private static func row(of bytes: ArraySlice<UInt8>) -> EPCCoding? {
        guard let first = bytes.first, let high = EPCURI.hexValue(first),
            let low = bytes.dropFirst().first.flatMap(EPCURI.hexValue)
        else { return nil }
        return EPCCoding.row(header: high << 4 | low)
    }

    private static func isHex(_ bytes: ArraySlice<UInt8>, atLeast count: Int) -> Bool {
        guard bytes.count >= count else { return false }
        var digits = 0
        for byte in bytes where byte != UInt8(ascii: " ") {
            guard EPCURI.hexValue(byte) != nil else { return false }
            digits += 1
        }
        return digits >= count
    }

    private static func isElementString(_ bytes: [UInt8], from start: Int) -> Bool {
        // The year decides only which century a date is in.
        (try? GS1ElementString.read(bytes, from: start, year: 2000)) != nil
    }

    /// Reads an EPC. `year` is the current year. The identifier's `epc` is the pure identity URI; for a tag of TDS 2,
    /// whose scheme has none, it is the canonical GS1 Digital Link URI, its equal (TDS section 12.3.1).
    static func read(_ bytes: [UInt8], from start: Int, year: Int) throws(IdentifierError) -> Identifier {
        let rest = bytes[start...]
        if EPCURI.isURI(rest) { return try identifier(of: EPC(uri: rest), at: start, year: year) }
        let tag = try EPCTag(hex: rest)
        if let epc = tag.epc { return try identifier(of: epc, at: start, year: year) }
        let epc = GS1DigitalLink.canonical(tag.elements, with: .identity)
        return try identifier(of: tag.elements + tag.data, epc: epc, at: start, year: year)
    }

    private static func identifier(of epc: EPC, at start: Int, year: Int) throws(IdentifierError) -> Identifier {
        let elements = epc.elements
        guard !elements.isEmpty else {
            return Identifier(scheme: .gs1, elements: [], udi: nil, missing: [], epc: epc.uri, subject: epc.uri)
        }
        return try identifier(of: elements, epc: epc.uri, at: start, year: year)
    }

    /// The elements are judged like those of any symbol. A place in them is none in the scan.
    private static func identifier(
        of elements: [Identifier.Element],
        epc: String?,
        at start: Int,
        year: Int
    ) throws(IdentifierError) -> Identifier {
        do {
            let read = try GS1Message.identifier(of: elements.map { ($0.ai, $0.value) }, year: year)
            return Identifier(
                scheme: read.scheme, elements: read.elements, udi: read.udi, missing: read.missing, epc: epc)
        } catch {
            throw IdentifierError(error.code, error.message, position: start)
        }
    }
}
