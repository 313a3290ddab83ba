import Identifiers

/// One symbol found in an image.
public struct DecodedSymbol: Hashable, Sendable {
    /// The symbology's common name, such as `Code 128` or `QR Code`: for people, never for decisions.
    public let symbology: String
    /// The raw bytes, GS (0x1D) kept, with the AIM symbology identifier (ISO/IEC 15424) where it is known.
    public let scan: Scan

    public init(symbology: String, scan: Scan) {
        self.symbology = symbology
        self.scan = scan
    }
}
