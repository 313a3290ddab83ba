import Ledger
import Telemetry

/// A JSON value (RFC 8259) whose numbers are kept as they were written, because hashes are made of their digits.
public enum JSONNode: Hashable, Sendable {
    /// How many values one document may hold.
    public static let valuesMax = 1 << 20

    public struct Member: Hashable, Sendable {
        public let key: String
        public let value: JSONNode

        public init(_ key: String, _ value: JSONNode) {
            self.key = key
            self.value = value
        }
    }

    case null
    case boolean(Bool)
    /// In JSON's notation.
    case number(String)
    case text(String)
    case array([JSONNode])
    /// In the order in which they are written.
    case object([Member])

    public subscript(_ key: String) -> JSONNode? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.key == key }?.value
    }

    public var text: String? {
        if case .text(let text) = self { text } else { nil }
    }

    /// The elements of an array; none of anything else.
    public var elements: [JSONNode] {
        if case .array(let elements) = self { elements } else { [] }
    }

    public var members: [Member] {
        if case .object(let members) = self { members } else { [] }
    }
}

// MARK: - Reading

extension JSONNode {
    /// - Throws: `CustodyError` with code `epcis-malformed` or `limit-exceeded`.
    public init(reading bytes: [UInt8]) throws {
        var reader = NodeReader(scanner: JSONScanner(bytes))
        do {
            self = try reader.value(depth: 0)
            try reader.scanner.expectEnd()
        } catch let error as TelemetryError {
            throw CustodyError(.epcisMalformed, "the document is not JSON as it must be: \(error)")
        }
    }
}

private struct NodeReader {
    var scanner: JSONScanner
    private var count = 0

    init(scanner: JSONScanner) { self.scanner = scanner }

    mutating func value(depth: Int) throws -> JSONNode {
        count += 1
        try Limit.check(count, max: JSONNode.valuesMax, "a document", unit: "values")
        switch scanner.peek() {
        case UInt8(ascii: "{"): return .object(try members(depth: depth))
        case UInt8(ascii: "["): return .array(try elements(depth: depth))
        case UInt8(ascii: "\""): return .text(try scanner.string())
        case UInt8(ascii: "t"):
            try scanner.literal("true")
            return .boolean(true)
        case UInt8(ascii: "f"):
            try scanner.literal("false")
            return .boolean(false)
        case UInt8(ascii: "n"):
            try scanner.literal("null")
            return .null
        default: return .number(String(decoding: try scanner.number().bytes, as: UTF8.self))
        }
    }

    private mutating func elements(depth: Int) throws -> [JSONNode] {
        try Limit.check(depth + 1, max: JSONScanner.depthMax, "the nesting of a document", unit: "levels")
        try scanner.expect(UInt8(ascii: "["))
        var elements: [JSONNode] = []
        guard !scanner.take(UInt8(ascii: "]")) else { return elements }
        repeat { elements.append(try value(depth: depth + 1)) } while scanner.take(UInt8(ascii: ","))
        try scanner.expect(UInt8(ascii: "]"))
        return elements
    }

    private mutating func members(depth: Int) throws -> [JSONNode.Member] {
        try Limit.check(depth + 1, max: JSONScanner.depthMax, "the nesting of a document", unit: "levels")
        try scanner.expect(UInt8(ascii: "{"))
        var members: [JSONNode.Member] = []
        var keys: Set<String> = []
        guard !scanner.take(UInt8(ascii: "}")) else { return members }
        repeat {
            let key = try scanner.string()
            // Two readers would take one each.
            guard keys.insert(key).inserted else {
                throw CustodyError(.epcisMalformed, "the key '\(key.prefix(64))' stands twice in one object")
            }
            try scanner.expect(UInt8(ascii: ":"))
            members.append(JSONNode.Member(key, try value(depth: depth + 1)))
        } while scanner.take(UInt8(ascii: ","))
        try scanner.expect(UInt8(ascii: "}"))
        return members
    }
}

// MARK: - Writing

extension JSONNode {
    /// Its JSON without white space.
    public var json: String {
        var text = ""
        write(&text)
        return text
    }

    private func write(_ text: inout String) {
        switch self {
        case .null: text += "null"
        case .boolean(let value): text += value ? "true" : "false"
        case .number(let digits): text += digits
        case .text(let content): Self.write(content, &text)
        case .array(let elements):
            text += "["
            for (place, element) in elements.enumerated() {
                if place > 0 { text += "," }
                element.write(&text)
            }
            text += "]"
        case .object(let members):
            text += "{"
            for (place, member) in members.enumerated() {
                if place > 0 { text += "," }
                Self.write(member.key, &text)
                text += ":"
                member.value.write(&text)
            }
            text += "}"
        }
    }

    private static func write(_ content: String, _ text: inout String) {
        text += "\""
        for scalar in content.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: text.unicodeScalars.append(scalar)
            }
        }
        text += "\""
    }
}

extension CustodyError.Code {
    /// A document that is not EPCIS in JSON-LD.
    public static let epcisMalformed: Self = "epcis-malformed"
}
