import Ledger

/// The place of a value inside a JSON document (RFC 6901), such as `/data/tags/0/epc`; empty for the whole document.
public struct JSONPointer: Hashable, Sendable {
    let keys: [String]

    /// - Throws: `CustodyError` with code `json-pointer-malformed`.
    public init(_ text: String) throws {
        guard !text.isEmpty else {
            keys = []
            return
        }
        guard text.utf8.first == UInt8(ascii: "/") else { throw JSONPointer.malformed(text) }
        keys = try text.split(separator: "/", omittingEmptySubsequences: false).dropFirst().map { key in
            guard let key = JSONPointer.unescape(key) else { throw JSONPointer.malformed(text) }
            return key
        }
    }

    /// For places that are written in the program, where no key holds `/` or `~`.
    init(keys: [String]) {
        self.keys = keys
    }

    /// `~1` is a slash and `~0` a tilde; a tilde before anything else is a mistake.
    private static func unescape(_ key: Substring) -> String? {
        var parts = key.split(separator: "~", omittingEmptySubsequences: false).makeIterator()
        var text = String(parts.next() ?? "")
        while let part = parts.next() {
            switch part.first {
            case "0": text += "~" + part.dropFirst()
            case "1": text += "/" + part.dropFirst()
            default: return nil
            }
        }
        return text
    }

    private static func malformed(_ text: String) -> CustodyError {
        CustodyError(
            "json-pointer-malformed", "\(text) is not a JSON Pointer",
            remedy: "Write the keys from the outermost on, each after a slash, such as /data/epc.")
    }
}
