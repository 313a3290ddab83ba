import Foundation

/// Times as people and programs read them.
public enum UTCText {
    /// - Parameter microseconds: UTC since 1970-01-01.
    public static func of(_ microseconds: Int64) -> String {
        Date(timeIntervalSince1970: Double(microseconds) / 1e6)
            .formatted(
                .iso8601.year().month().day().timeZone(separator: .omitted).time(includingFractionalSeconds: true))
    }
}

/// Who stands behind an update, as a person reads it.
public enum SignerText {
    /// - Parameter isSigned: nil if nobody signed.
    public static func of(_ person: String, isSigned: Bool?) -> String {
        switch isSigned {
        case nil: "operator \(person.onOneLine)"
        case true?: "signed by operator \(person.onOneLine)"
        case false?: "the signature of operator \(person.onOneLine) is NOT VALID"
        }
    }
}

extension String {
    /// Filled with spaces to at least this many characters.
    public func padded(_ width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }

    /// Characters of somebody else's text that are shown in one line.
    private static let shownMax = 1_000

    /// Without what could move a terminal's cursor or hide the rest of a line.
    public var onOneLine: String {
        let scalars = unicodeScalars.prefix(Self.shownMax).map { scalar in
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator:
                "\\u{\(String(scalar.value, radix: 16))}"
            default: String(Character(scalar))
            }
        }
        return scalars.joined() + (unicodeScalars.count > Self.shownMax ? " ..." : "")
    }
}
