/// Base64 with the URL-safe alphabet and without padding (RFC 4648 sections 5 and 3.2).
enum Base64URL {
    /// The bytes, or nil for any other alphabet, a length that no bytes have, or bits left over that are not 0: one
    /// value has one spelling.
    static func data(_ text: String) -> [UInt8]? {
        let rest = text.utf8.count % 4
        guard rest != 1 else { return nil }
        var data: [UInt8] = []
        data.reserveCapacity(text.utf8.count / 4 * 3 + rest)
        var bits: UInt32 = 0
        var count = 0
        for byte in text.utf8 {
            guard let digit = digit(byte) else { return nil }
            bits = bits << 6 | digit
            count += 6
            if count >= 8 {
                count -= 8
                data.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
                bits &= 1 << UInt32(count) - 1
            }
        }
        return bits == 0 ? data : nil
    }

    private static func digit(_ byte: UInt8) -> UInt32? {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(byte - UInt8(ascii: "A"))
        case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(byte - UInt8(ascii: "a") + 26)
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte - UInt8(ascii: "0") + 52)
        case UInt8(ascii: "-"): 62
        case UInt8(ascii: "_"): 63
        default: nil
        }
    }
}
