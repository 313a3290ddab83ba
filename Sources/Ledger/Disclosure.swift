import FoundationEssentials

/// The value of a private fact with its salt, in the form of an SD-JWT disclosure (RFC 9901, section 4.2).
public struct Disclosure: Hashable, Sendable {
    /// Bytes of salt: 256 bits.
    public static let saltBytes = 32
    /// Bytes of `encoded`. JSON writes a control character with six, base64url three bytes with four.
    public static let encodedBytesMax = 72 << 10

    /// base64url of the JSON array [salt, name, value]: what is hashed.
    public let encoded: String
    /// The fact's name.
    public let name: String
    public let value: String

    /// - Throws: `CustodyError` with code `fact-not-text` for a value that is not UTF-8, or `limit-exceeded`.
    public init(name: String, value: [UInt8], salt: [UInt8]) throws {
        try Limit.check(name.utf8.count, max: Update.nameBytesMax, "a fact's name", unit: "bytes")
        try Limit.check(value.count, max: Update.factBytesMax, "the value of fact \(name)", unit: "bytes")
        guard let text = String(validating: value, as: UTF8.self) else {
            throw CustodyError(
                .factNotText, "the value of fact \(name) is not text (UTF-8)", remedy: "put other files into a document"
            )
        }
        let json = try JSONEncoder().encode([Self.base64URL(salt), name, text])
        encoded = Self.base64URL([UInt8](json))
        self.name = name
        self.value = text
    }

    /// Reads a disclosure as anybody may have sent it.
    ///
    /// - Throws: `CustodyError` with code `disclosure-malformed` or `limit-exceeded`.
    public init(encoded: String) throws {
        try Limit.check(encoded.utf8.count, max: Self.encodedBytesMax, "a disclosure", unit: "bytes")
        guard let json = Self.bytes(ofBase64URL: encoded) else { throw Self.malformed("it is not base64url") }
        guard let parts = try? JSONDecoder().decode([String].self, from: Data(json)), parts.count == 3 else {
            throw Self.malformed("it is not an array of salt, name and value")
        }
        try Limit.check(parts[1].utf8.count, max: Update.nameBytesMax, "a fact's name", unit: "bytes")
        try Limit.check(parts[2].utf8.count, max: Update.factBytesMax, "the value of a private fact", unit: "bytes")
        self.encoded = encoded
        name = parts[1]
        value = parts[2]
    }

    /// What the log holds in place of the value.
    public var commitment: Hash { Hash.sha256(Array(encoded.utf8)) }

    private static func malformed(_ reason: String) -> CustodyError {
        CustodyError(.disclosureMalformed, "this is no disclosure of a private fact: \(reason)")
    }

    static func base64URL(_ bytes: [UInt8]) -> String {
        Base64.encode(bytes).replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }

    /// The bytes behind unpadded base64url (RFC 4648 section 5); nil for anything but the canonical encoding of them.
    private static func bytes(ofBase64URL text: String) -> [UInt8]? {
        var digits: [UInt8] = []
        digits.reserveCapacity(text.utf8.count + 3)
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "-"): digits.append(UInt8(ascii: "+"))
            case UInt8(ascii: "_"): digits.append(UInt8(ascii: "/"))
            case UInt8(ascii: "+"), UInt8(ascii: "/"), UInt8(ascii: "="): return nil
            default: digits.append(byte)
            }
        }
        while digits.count % 4 != 0 { digits.append(UInt8(ascii: "=")) }
        return Base64.decode(digits)
    }
}

/// Describing one tells its name alone, so that a log line cannot give the value away.
extension Disclosure: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { "disclosure of \(name)" }

    public var debugDescription: String { description }

    public var customMirror: Mirror { Mirror(self, children: ["name": name]) }
}

extension CustodyError.Code {
    public static let factNotText: Self = "fact-not-text"
    /// Bytes that are no disclosure.
    public static let disclosureMalformed: Self = "disclosure-malformed"
}
