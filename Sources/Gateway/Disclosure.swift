import Foundation
import Ledger

/// The value of a private fact with its salt, in the form of an SD-JWT disclosure (RFC 9901, section 4.2).
public struct Disclosure: Hashable, Sendable {
    /// Bytes of salt: 256 bits.
    public static let saltBytes = 32

    /// base64url of the JSON array [salt, name, value]: what is hashed.
    public let encoded: String

    /// - Throws: `CustodyError` with code `fact-not-text` for a value that is not UTF-8, or `limit-exceeded`.
    public init(name: String, value: [UInt8], salt: [UInt8]) throws {
        try Limit.check(value.count, max: Update.factBytesMax, "the value of fact \(name)", unit: "bytes")
        guard let text = String(validating: value, as: UTF8.self) else {
            throw CustodyError(
                .factNotText, "the value of fact \(name) is not text (UTF-8)", remedy: "put other files into a document"
            )
        }
        let array = [Self.base64URL(salt), name, text]
        let json = try JSONEncoder().encode(array)
        encoded = Self.base64URL([UInt8](json))
    }

    /// What the log holds in place of the value.
    public var commitment: Hash { Hash.sha256(Array(encoded.utf8)) }

    static func base64URL(_ bytes: [UInt8]) -> String {
        Data(bytes).base64EncodedString().replacingOccurrences(of: "+", with: "-")
            .replacingOccurrences(of: "/", with: "_").replacingOccurrences(of: "=", with: "")
    }
}

extension CustodyError.Code {
    public static let factNotText: Self = "fact-not-text"
}
