/// The one shape of every error that Custody throws.
///
/// A person reads `message`, `place` and `remedy`; code decides by `code` alone, so two errors are equal when their
/// codes are.
public struct CustodyError: Error, Sendable {
    /// What kind of failure this is: a stable kebab-case name, such as `note-malformed`.
    public struct Code: RawRepresentable, Hashable, Sendable, ExpressibleByStringLiteral {
        public let rawValue: String

        public init(rawValue: String) {
            self.rawValue = rawValue
        }

        public init(stringLiteral value: String) {
            self.init(rawValue: value)
        }
    }

    public let code: Code
    /// What went wrong, in words that a user understands, without a full stop at its end.
    public let message: String
    /// Where it went wrong: a file, a line, an origin.
    public let place: String?
    /// What the reader can do about it.
    public let remedy: String?

    public init(_ code: Code, _ message: String, at place: String? = nil, remedy: String? = nil) {
        self.code = code
        self.message = message
        self.place = place
        self.remedy = remedy
    }
}

extension CustodyError: Hashable {
    public static func == (one: CustodyError, other: CustodyError) -> Bool {
        one.code == other.code
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(code)
    }
}

extension CustodyError: CustomStringConvertible {
    /// `message (place). remedy [code]`
    public var description: String {
        let location = place.map { " (\($0))" } ?? ""
        let advice = remedy.map { " \($0)" } ?? ""
        return "\(message)\(location).\(advice) [\(code.rawValue)]"
    }
}

extension CustodyError.Code: CustomStringConvertible {
    public var description: String { rawValue }
}
