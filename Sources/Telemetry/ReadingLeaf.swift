extension Reading {
    /// The reading as a leaf of its window's tree, for ever: eight lines of UTF-8, each ending in a line feed. `custody
    /// reading 1`, device, metric, unit, time (RFC 3339 in UTC with microseconds), value, sequence, session; what is not
    /// there is an empty line. A number is the shortest decimal that gives the double back; flags are `true` and `false`;
    /// text and data are `text:` and `data:` followed by their bytes in hexadecimal.
    public var leaf: [UInt8] {
        let lines = [
            "custody reading 1", device, metric, unit, InternetTime.text(time), value.leafText,
            sequence.map(String.init) ?? "", session ?? "",
        ]
        return Array(lines.joined(separator: "\n").utf8) + [0x0A]
    }
}

extension Reading.Value {
    fileprivate var leafText: String {
        switch self {
        case .number(let number): number.description
        case .flag(let isTrue): isTrue ? "true" : "false"
        case .text(let text): "text:" + Self.hexadecimal(text.utf8)
        case .data(let data): "data:" + Self.hexadecimal(data)
        }
    }

    private static func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        for byte in bytes { text += [digits[Int(byte >> 4)], digits[Int(byte & 15)]] }
        return String(decoding: text, as: UTF8.self)
    }
}
