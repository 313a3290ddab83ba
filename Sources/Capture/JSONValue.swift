import FoundationEssentials
import Telemetry

/// A JSON document in memory (RFC 8259).
enum JSONValue: Hashable, Sendable {
    /// How deep a document may nest.
    static let depthMax = 32

    case null
    case boolean(Bool)
    case number(Double)
    case text(String)
    case array([JSONValue])
    case object([String: JSONValue])

    /// The value at `pointer`; nil where there is none.
    subscript(_ pointer: JSONPointer) -> JSONValue? {
        var value = self
        for key in pointer.keys {
            guard let next = value.child(key) else { return nil }
            value = next
        }
        return value
    }

    private func child(_ key: String) -> JSONValue? {
        switch self {
        case .object(let members): return members[key]
        case .array(let elements):
            guard let index = Int(key), String(index) == key, elements.indices.contains(index) else { return nil }
            return elements[index]
        case .null, .boolean, .number, .text: return nil
        }
    }

    /// The elements of an array; what is none stands alone.
    var elements: [JSONValue] {
        if case .array(let elements) = self { elements } else { [self] }
    }

    /// A text or a number as text, as readers differ in which of the two they send.
    var text: String? {
        switch self {
        case .text(let text): text
        case .number(let number): Int64(exactly: number).map(String.init) ?? String(number)
        case .null, .boolean, .array, .object: nil
        }
    }

    /// A number, also one that was sent as text.
    var number: Double? {
        switch self {
        case .number(let number): number
        case .text(let text): Double(text)
        case .null, .boolean, .array, .object: nil
        }
    }
}

extension JSONValue: Decodable {
    init(from decoder: any Decoder) throws {
        guard decoder.codingPath.count < JSONValue.depthMax else {
            throw DecodingError.dataCorrupted(
                .init(codingPath: [], debugDescription: "it nests deeper than \(JSONValue.depthMax) levels"))
        }
        let value = try decoder.singleValueContainer()
        if value.decodeNil() {
            self = .null
        } else if let text = try? value.decode(String.self) {
            self = .text(text)
        } else if let number = try? value.decode(Double.self) {
            self = .number(number)
        } else if let boolean = try? value.decode(Bool.self) {
            self = .boolean(boolean)
        } else {
            self = try JSONValue.container(decoder)
        }
    }

    private static func container(_ decoder: any Decoder) throws -> JSONValue {
        if var elements = try? decoder.unkeyedContainer() {
            var array: [JSONValue] = []
            while !elements.isAtEnd { array.append(try elements.decode(JSONValue.self)) }
            return .array(array)
        }
        let members = try decoder.container(keyedBy: MemberName.self)
        var object: [String: JSONValue] = [:]
        for key in members.allKeys { object[key.stringValue] = try members.decode(JSONValue.self, forKey: key) }
        return .object(object)
    }

    private struct MemberName: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }

        init(stringValue: String) {
            self.stringValue = stringValue
        }

        init?(intValue: Int) { nil }
    }
}
