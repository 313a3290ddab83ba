import Identifiers

/// One symbol found in an image.
public struct DecodedSymbol: Hashable, Sendable {
    /// The symbology's common name, such as `Code 128` or `QR Code`: for people, never for decisions.
    public let symbology: String
    /// The raw bytes, GS (0x1D) kept, with the AIM symbology identifier (ISO/IEC 15424) where it is known. A UPC has the
    /// 13 digits of the EAN-13 that it stands for, as `]E0` asks.
    public let scan: Scan
    /// The bytes as text, in the character set that the symbol names or else in a guessed one: for people, never for
    /// decisions.
    public let text: String

    /// - Parameter text: as the decoder made it; without it the bytes are taken for UTF-8, or else for ISO 8859-1.
    public init(symbology: String, scan: Scan, text: String? = nil) {
        self.symbology = symbology
        self.scan = scan
        self.text = text ?? DecodedSymbol.text(scan.bytes)
    }

    private static func text(_ bytes: [UInt8]) -> String {
        String(validating: bytes, as: UTF8.self)
            ?? String(String.UnicodeScalarView(bytes.map { Unicode.Scalar($0) }))
    }
}
