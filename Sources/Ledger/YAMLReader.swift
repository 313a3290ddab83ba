import Yams

/// Walks a YAML node and says file, line and column of whatever does not fit.
///
/// Contracts and consortium documents are read with it: unknown keys are refused, because a key that one release
/// ignores and another obeys would give two verdicts.
public struct YAMLReader {
    /// Bytes of one YAML text.
    public static let bytesMax = 1 << 20

    public let node: Node
    public let file: String

    /// - Throws: `CustodyError` with code `yaml-malformed`, naming file, line and column.
    public init(text: String, file: String) throws {
        try Limit.check(text.utf8.count, max: Self.bytesMax, file, unit: "bytes")
        do {
            guard let node = try Yams.compose(yaml: text) else {
                throw CustodyError(.yamlMalformed, "the file is empty", at: file)
            }
            self.init(node: node, file: file)
        } catch let error as YamlError {
            throw CustodyError(
                .yamlMalformed, "this is not YAML: \(error)", at: Self.place(of: error, in: file),
                remedy: "correct the line that is named")
        }
    }

    private static func place(of error: YamlError, in file: String) -> String {
        switch error {
        case .scanner(_, _, let mark, _), .parser(_, _, let mark, _), .composer(_, _, let mark, _):
            "\(file):\(mark.line):\(mark.column)"
        case .duplicatedKeysInMapping(_, let context): "\(file):\(context.mark.line):\(context.mark.column)"
        default: file
        }
    }

    init(node: Node, file: String) {
        self.node = node
        self.file = file
    }

    /// "file:line:column", for messages.
    public var place: String { node.mark.map { "\(file):\($0.line):\($0.column)" } ?? file }

    public func failure(_ message: String, remedy: String? = nil) -> CustodyError {
        CustodyError(.yamlMalformed, message, at: place, remedy: remedy)
    }

    /// The pairs of a mapping in the order in which they stand; a key twice is refused.
    public func pairs() throws -> [(key: String, value: YAMLReader)] {
        guard let mapping = node.mapping else { throw failure("a mapping (key: value) is expected here") }
        var seen: Set<String> = []
        return try mapping.map { key, value in
            guard let name = key.string else { throw failure("a key must be text") }
            guard seen.insert(name).inserted else { throw failure("the key '\(name)' stands here twice") }
            return (name, YAMLReader(node: value, file: file))
        }
    }

    /// A mapping whose keys must all be among `known`.
    public func mapping(known: Set<String>) throws -> [String: YAMLReader] {
        var found: [String: YAMLReader] = [:]
        for (key, value) in try pairs() {
            guard known.contains(key) else { throw value.unknown(key, among: known) }
            found[key] = value
        }
        return found
    }

    /// - Parameter known: the keys that may stand where this value's does.
    func unknown(_ key: String, among known: Set<String>) -> CustodyError {
        failure("the key '\(key)' is not known here", remedy: "known are: \(known.sorted().joined(separator: ", "))")
    }

    var isMapping: Bool { node.mapping != nil }

    /// Whether it is neither a list nor a mapping.
    public var isScalar: Bool { node.scalar != nil }

    public func text() throws -> String {
        guard let text = node.string, node.scalar != nil else { throw failure("text is expected here") }
        return text
    }

    public func number() throws -> Int {
        guard let number = node.int else { throw failure("a whole number is expected here") }
        return number
    }

    /// A whole number within bounds.
    public func number(in range: ClosedRange<Int>) throws -> Int {
        let number = try number()
        guard range.contains(number) else {
            throw failure("a number from \(range.lowerBound) to \(range.upperBound) is expected here")
        }
        return number
    }

    public func decimal() throws -> Double {
        guard let number = node.float, number.isFinite else { throw failure("a number is expected here") }
        return number
    }

    public func flag() throws -> Bool {
        guard let flag = node.bool else { throw failure("true or false is expected here") }
        return flag
    }

    public func list() throws -> [YAMLReader] {
        guard let sequence = node.sequence else { throw failure("a list is expected here") }
        return sequence.map { YAMLReader(node: $0, file: file) }
    }

    /// The items of a list, or one text standing for a list of one.
    func items() throws -> [YAMLReader] { isScalar ? [self] : try list() }

    /// A list of texts, or one text standing for a list of one.
    public func texts() throws -> [String] { try items().map { try $0.text() } }
}

extension [String: YAMLReader] {
    /// The value of a key that must be there.
    public func required(_ key: String, of owner: YAMLReader) throws -> YAMLReader {
        guard let value = self[key] else { throw owner.failure("the key '\(key)' is missing") }
        return value
    }
}

extension CustodyError.Code {
    public static let yamlMalformed: Self = "yaml-malformed"
}
