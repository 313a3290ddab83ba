/// Says what a scan means.
///
/// Pure: the same scan and year give the same answer everywhere. `year` is the current year (such as 2026), needed
/// because labels print two digits of it. Accepted are GS1 element strings as transmitted or in brackets, trade item
/// numbers alone, GS1 Digital Link URIs on any domain, EPCs, HIBC and ICCBBA data.
///
/// A symbology identifier decides the reading. Without one the first bytes do, and digits alone, 8, 12, 13 or 14 of
/// them, are a trade item number: reading them as any element string would let a mistyped number pass as an order
/// number or a lot. Only where their check digit is wrong, and they are whole elements of fixed length, such as the
/// date of expiry alone, they are read as those.
public func identify(_ scan: Scan, year: Int) throws(IdentifierError) -> Identifier {
    let bytes = scan.bytes
    guard bytes.count <= Scan.bytesMax else {
        throw IdentifierError(
            .tooLong, "A scan has at most \(Scan.bytesMax) bytes, here are \(bytes.count).", position: Scan.bytesMax)
    }
    let symbology = SymbologyIdentifier(of: scan)
    let start = SymbologyIdentifier.prefixLength(of: bytes)
    guard start < bytes.count else { throw IdentifierError(.empty, "The scan is empty.") }
    switch ScanForm(bytes, from: start, symbology: symbology) {
    case .elementString: return try GS1ElementString.read(bytes, from: start, year: year)
    case .bracketed: return try GS1ElementString.readBracketed(bytes, from: start, year: year)
    case .tradeItemNumber(let lengths): return try GTIN.read(bytes, from: start, lengths: lengths, year: year)
    case .digits: return try readDigits(bytes, from: start, year: year)
    case .digitalLink: return try GS1DigitalLink.read(bytes, from: start, year: year)
    case .hibc: return try HIBC.read(bytes, from: start, year: year)
    case .isbt128: return try ISBT128.read(bytes, from: start, year: year)
    case .epc: return try EPCIdentifier.read(bytes, from: start, year: year)
    case .plain:
        throw IdentifierError(
            .notGS1, "The symbol is not marked as GS1: its symbology identifier promises no GS1 data.",
            position: start)
    }
}

private func readDigits(_ bytes: [UInt8], from start: Int, year: Int) throws(IdentifierError) -> Identifier {
    if !GTIN.hasCheckDigit(bytes[start...]), GS1ElementString.isFixed(bytes, from: start),
        let identifier = try? GS1ElementString.read(bytes, from: start, year: year)
    {
        return identifier
    }
    return try GTIN.read(bytes, from: start, lengths: .all, year: year)
}

/// What the AIM symbology identifier says about the content (ISO/IEC 15424; GenSpecs figure 7.8.2-1).
struct SymbologyIdentifier {
    enum Content {
        /// Element strings.
        case elements
        /// A trade item number of one of these lengths. Readers that drop the leading zero of a UPC-A send 12 digits.
        case tradeItemNumber(lengths: GTIN.Lengths)
        /// Anything that says itself what it is.
        case plain
    }

    private static func content(letter: UInt8, modifier: UInt8) -> Content {
        switch (UnicodeScalar(letter), UnicodeScalar(modifier)) {
        // `]d8` is how libzxing names what `]d2` is, in the rectangular extension of Data Matrix.
        case ("C", "1"), ("d", "2"), ("d", "8"), ("Q", "3"), ("J", "1"), ("e", "0"), ("e", "1"): .elements
        case ("E", "0"): .tradeItemNumber(lengths: [.twelve, .thirteen])
        case ("E", "4"): .tradeItemNumber(lengths: .eight)
        case ("I", "0"), ("I", "1"): .tradeItemNumber(lengths: .fourteen)
        default: .plain
        }
    }

    let content: Content

    /// Where both the scan and its first bytes name one, the bytes came from the reader itself and decide.
    init?(of scan: Scan) {
        if SymbologyIdentifier.prefixLength(of: scan.bytes) == 3 {
            self.init(content: SymbologyIdentifier.content(letter: scan.bytes[1], modifier: scan.bytes[2]))
        } else if let text = scan.symbologyIdentifier {
            let bytes = Array(text.utf8)
            guard SymbologyIdentifier.prefixLength(of: bytes) == 3, bytes.count == 3 else {
                self.init(content: .plain)
                return
            }
            self.init(content: SymbologyIdentifier.content(letter: bytes[1], modifier: bytes[2]))
        } else {
            return nil
        }
    }

    private init(content: Content) {
        self.content = content
    }

    /// 3 where the bytes begin with a symbology identifier, else 0. No identifier begins with `]`.
    static func prefixLength(of bytes: [UInt8]) -> Int {
        bytes.count >= 3 && bytes[0] == UInt8(ascii: "]") ? 3 : 0
    }
}

/// How a scan is written down. A new scheme is a case here and a reader beside the others.
enum ScanForm {
    case elementString
    case bracketed
    case tradeItemNumber(lengths: GTIN.Lengths)
    /// As many digits as a trade item number has, which nothing else tells apart.
    case digits
    case digitalLink
    case hibc
    case isbt128
    case epc
    /// Nothing that we read, in a symbol that promises nothing.
    case plain

    init(_ bytes: [UInt8], from start: Int, symbology: SymbologyIdentifier?) {
        if GS1DigitalLink.isLink(bytes, from: start) {
            self = .digitalLink
            return
        }
        switch symbology?.content {
        case .tradeItemNumber(let lengths): self = .tradeItemNumber(lengths: lengths)
        case .elements: self = bytes[start] == UInt8(ascii: "(") ? .bracketed : .elementString
        case .plain: self = ScanForm(plain: bytes, from: start)
        case nil: self = ScanForm(unmarked: bytes, from: start)
        }
    }

    /// A plain symbol is never read as GS1 element strings: a hospital's own barcode would often pass as one.
    private init(plain bytes: [UInt8], from start: Int) {
        if HIBC.isHIBC(bytes, from: start) {
            self = .hibc
        } else if ISBT128.isISBT128(bytes, from: start) {
            self = .isbt128
        } else if bytes[start] | 0x20 == UInt8(ascii: "u"), EPCIdentifier.isEPC(bytes, from: start) {
            self = .epc
        } else {
            self = .plain
        }
    }

    private init(unmarked bytes: [UInt8], from start: Int) {
        if bytes[start] == UInt8(ascii: "(") {
            self = .bracketed
        } else if GTIN.isPlain(bytes[start...]) {
            self = .digits
        } else if EPCIdentifier.isEPC(bytes, from: start) {
            self = .epc
        } else {
            self = ScanForm(plain: bytes, from: start)
            if case .plain = self { self = .elementString }
        }
    }
}
