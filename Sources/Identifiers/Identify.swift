/// Says what a scan means.
///
/// Pure: the same scan and year give the same answer everywhere. `year` is the current year (such as 2026), needed
/// because labels print two digits of it. Accepted are GS1 element strings as transmitted or in brackets, trade item
/// numbers alone, and GS1 Digital Link URIs on any domain. Digits alone, 8, 12, 13 or 14 of them and without a
/// symbology identifier, are always a trade item number: reading them as an element string would let a mistyped
/// number pass as a lot.
public func identify(_ scan: Scan, year: Int) throws(IdentifierError) -> Identifier {
    let bytes = scan.bytes
    guard bytes.count <= Scan.bytesMax else {
        throw IdentifierError(
            .tooLong, "A scan has at most \(Scan.bytesMax) bytes, here are \(bytes.count).", position: Scan.bytesMax)
    }
    let symbology = SymbologyIdentifier(of: scan)
    let start = SymbologyIdentifier.prefixLength(of: bytes)
    guard start < bytes.count else { throw IdentifierError(.empty, "The scan is empty.") }
    switch try ScanForm(bytes, from: start, symbology: symbology) {
    case .elementString: return try GS1ElementString.read(bytes, from: start, year: year)
    case .bracketed: return try GS1ElementString.readBracketed(bytes, from: start, year: year)
    case .tradeItemNumber: return try GTIN.read(bytes, from: start, year: year)
    case .digitalLink: return try GS1DigitalLink.read(bytes, from: start, year: year)
    }
}

/// What the AIM symbology identifier says about the content (ISO/IEC 15424; GenSpecs figure 7.8.2-1).
enum SymbologyIdentifier {
    case gs1
    case tradeItemNumber
    case other

    /// Where both the scan and its first bytes name one, the bytes came from the reader itself and decide.
    init?(of scan: Scan) {
        if SymbologyIdentifier.prefixLength(of: scan.bytes) == 3 {
            self.init(letter: scan.bytes[1], modifier: scan.bytes[2])
        } else if let text = scan.symbologyIdentifier {
            let bytes = Array(text.utf8)
            guard SymbologyIdentifier.prefixLength(of: bytes) == 3, bytes.count == 3 else {
                self = .other
                return
            }
            self.init(letter: bytes[1], modifier: bytes[2])
        } else {
            return nil
        }
    }

    private init(letter: UInt8, modifier: UInt8) {
        switch (Character(UnicodeScalar(letter)), Character(UnicodeScalar(modifier))) {
        case ("C", "1"), ("d", "2"), ("Q", "3"), ("e", "0"), ("J", "1"): self = .gs1
        case ("E", "0"), ("E", "4"), ("I", "0"), ("I", "1"): self = .tradeItemNumber
        default: self = .other
        }
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
    case tradeItemNumber
    case digitalLink

    init(_ bytes: [UInt8], from start: Int, symbology: SymbologyIdentifier?) throws(IdentifierError) {
        if GS1DigitalLink.isLink(bytes, from: start) {
            self = .digitalLink
            return
        }
        switch symbology {
        case .tradeItemNumber: self = .tradeItemNumber
        case .gs1: self = bytes[start] == UInt8(ascii: "(") ? .bracketed : .elementString
        case .other: throw ScanForm.refusal(bytes, from: start)
        case nil: self = try ScanForm(unmarked: bytes, from: start)
        }
    }

    private init(unmarked bytes: [UInt8], from start: Int) throws(IdentifierError) {
        switch bytes[start] {
        case UInt8(ascii: "("): self = .bracketed
        case UInt8(ascii: "+"), UInt8(ascii: "="): throw ScanForm.refusal(bytes, from: start)
        default: self = GTIN.isPlain(bytes[start...]) ? .tradeItemNumber : .elementString
        }
    }

    private static func refusal(_ bytes: [UInt8], from start: Int) -> IdentifierError {
        switch bytes[start] {
        case UInt8(ascii: "+"):
            IdentifierError(
                .schemeUnsupported, "This looks like an HIBC label, which is not read yet.", position: start)
        case UInt8(ascii: "="):
            IdentifierError(
                .schemeUnsupported, "This looks like an ICCBBA label, which is not read yet.", position: start)
        default:
            IdentifierError(
                .notGS1, "The symbol is not marked as GS1: its symbology identifier promises no GS1 data.",
                position: start)
        }
    }
}
