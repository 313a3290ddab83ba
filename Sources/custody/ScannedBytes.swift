/// Scanned bytes as people and programs read them.
enum ScannedBytes {
    static func hex(_ bytes: [UInt8]) -> String {
        bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }

    /// Printable ASCII as it is, the separator GS as `{GS}`, any other byte as `\xHH`.
    static func readable(_ bytes: [UInt8]) -> String {
        bytes.map { byte in
            switch byte {
            case 0x1D: "{GS}"
            case 0x20...0x7E: String(UnicodeScalar(byte))
            default: "\\x" + hex([byte])
            }
        }.joined()
    }
}
