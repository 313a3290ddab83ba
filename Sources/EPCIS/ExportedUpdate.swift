import Ledger

/// An accepted update, with what an event says about it beside its own contents.
public struct ExportedUpdate: Sendable {
    public let reference: Reference
    /// UTC microseconds.
    public let recordedAt: Int64
    public let update: Update
    /// The contract's name and version; nil where it is not here.
    public let contract: (name: String, version: Int)?
    /// When a resolution dropped it, UTC microseconds, if one did.
    public let droppedAt: Int64?

    public init(
        reference: Reference, recordedAt: Int64, update: Update, contract: (name: String, version: Int)?,
        droppedAt: Int64? = nil
    ) {
        self.reference = reference
        self.recordedAt = recordedAt
        self.update = update
        self.contract = contract
        self.droppedAt = droppedAt
    }
}

/// What our own fields of an event are called, and our URIs.
enum Extension {
    static let prefix = "custody"
    /// Ends so that JSON-LD takes it for a prefix.
    static let namespace = "urn:custody:epcis:"

    static func key(_ name: String) -> String { "\(prefix):\(name)" }

    static func order(_ name: String) -> String { "urn:custody:order:\(escaped(name))" }

    static func gateway(_ origin: String) -> String { "urn:custody:gateway:\(escaped(origin))" }

    static func station(_ station: String, of origin: String) -> String {
        "urn:custody:station:\(escaped(origin)):\(escaped(station))"
    }

    static func sensor(_ device: String) -> String { "urn:custody:sensor:\(escaped(device))" }

    /// The order that a URI of `order(_:)` names.
    static func order(of uri: String) -> String? { rest(of: uri, behind: "urn:custody:order:") }

    /// A subject as a URI: EPCIS takes nothing else, and HIBC and ISBT 128 have none of their own.
    static func thing(_ subject: String) -> String {
        isURI(subject) ? subject : "urn:custody:thing:\(escaped(subject))"
    }

    /// The subject that a URI of `thing(_:)` stands for.
    static func subject(of uri: String) -> String { rest(of: uri, behind: "urn:custody:thing:") ?? uri }

    private static func rest(of uri: String, behind start: String) -> String? {
        uri.hasPrefix(start) ? unescaped(uri.dropFirst(start.count)) : nil
    }

    private static func isURI(_ text: String) -> Bool {
        guard let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")), text.utf8.first.map(isLetter) == true else {
            return false
        }
        let scheme = text.utf8[..<colon].allSatisfy { isLetter($0) || $0 &- 0x30 < 10 || "+-.".utf8.contains($0) }
        guard unescaped(text[...]) != nil else { return false }
        return scheme
            && text.utf8.allSatisfy {
                isLetter($0) || $0 &- 0x30 < 10 || "-._~:/?#[]@!$&'()*+,;=%".utf8.contains($0)
            }
    }

    private static func isLetter(_ byte: UInt8) -> Bool { (byte | 0x20) &- 0x61 < 26 }

    /// With all but RFC 3986's unreserved characters and the slash percent-encoded.
    static func escaped(_ text: String) -> String {
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"), UInt8(ascii: "/"):
                bytes.append(byte)
            default:
                let digits = Array("0123456789ABCDEF".utf8)
                bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func unescaped(_ text: Substring) -> String? {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard rest.count >= 2, let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) else {
                return nil
            }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        return String(validating: bytes, as: UTF8.self)
    }
}
