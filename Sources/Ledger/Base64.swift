import FoundationEssentials

/// Standard base64 with padding (RFC 4648 section 4), in its one canonical form.
enum Base64 {
    static func encode(_ bytes: some Sequence<UInt8>) -> String {
        Data(bytes).base64EncodedString()
    }

    /// The bytes behind `text`; nil for anything but the canonical encoding of them.
    static func decode(_ text: some Sequence<UInt8>) -> [UInt8]? {
        let encoded = Data(text)
        guard let decoded = Data(base64Encoded: encoded) else { return nil }
        // A decoder accepts stray bits in the last digit; only encoding again shows them.
        guard decoded.base64EncodedData() == encoded else { return nil }
        return [UInt8](decoded)
    }

    static func decode(_ text: String) -> [UInt8]? {
        decode(text.utf8)
    }
}
