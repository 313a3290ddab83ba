/// One decoded symbol or tag, before anyone has said what it means.
public struct Scan: Hashable, Sendable {
    /// The longest scan that is looked at. The largest symbols in use (Data Matrix 144 × 144, QR version 40)
    /// hold fewer characters than this in the encodings that identifiers use.
    public static let bytesMax = 4_096

    /// The bytes as the reader sent them, with 0x1D for each FNC1 after the first.
    public var bytes: [UInt8]

    /// The AIM symbology identifier (ISO/IEC 15424), such as `]d2`, where the reader gave it apart from the bytes.
    public var symbologyIdentifier: String?

    /// Makes a scan of bytes that nobody has judged yet.
    public init(bytes: [UInt8], symbologyIdentifier: String? = nil) {
        self.bytes = bytes
        self.symbologyIdentifier = symbologyIdentifier
    }
}
