/// The place of a value inside a JSON document (RFC 6901), such as `/data/tags/0/epc`; empty for the whole document.
public struct JSONPointer: Hashable, Sendable {
    /// How many keys a pointer may have.
    public static let depthMax = JSONScanner.depthMax

    /// From the outermost key on, unescaped.
    public let keys: [String]

    /// - Throws: `TelemetryError` with code `mapping-invalid`.
    public init(_ text: String) throws(TelemetryError) {
        guard !text.isEmpty else {
            keys = []
            return
        }
        guard text.utf8.first == UInt8(ascii: "/") else { throw JSONPointer.malformed(text) }
        var keys: [String] = []
        for part in text.utf8.dropFirst().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
            guard keys.count < JSONPointer.depthMax, let key = JSONPointer.unescape(part) else {
                throw JSONPointer.malformed(text)
            }
            keys.append(key)
        }
        self.keys = keys
    }

    /// For places that are written in the program.
    public init(keys: [String]) {
        self.keys = keys
    }

    /// `~1` is a slash and `~0` a tilde; a tilde before anything else is a mistake.
    private static func unescape(_ key: Substring.UTF8View) -> String? {
        var bytes: [UInt8] = []
        var isEscaped = false
        for byte in key {
            switch (isEscaped, byte) {
            case (true, UInt8(ascii: "0")): bytes.append(UInt8(ascii: "~"))
            case (true, UInt8(ascii: "1")): bytes.append(UInt8(ascii: "/"))
            case (true, _): return nil
            case (false, UInt8(ascii: "~")): break
            case (false, _): bytes.append(byte)
            }
            isEscaped = !isEscaped && byte == UInt8(ascii: "~")
        }
        return isEscaped ? nil : String(decoding: bytes, as: UTF8.self)
    }

    private static func malformed(_ text: String) -> TelemetryError {
        TelemetryError(
            .mappingInvalid,
            "\(text) is not a JSON Pointer: write the keys from the outermost on, each after a slash, such as /data/t.")
    }
}
