/// Why a scan means nothing to us.
public struct IdentifierError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What went wrong, in the kebab-case that reports print. A code never changes its meaning.
    public enum Code: String, Hashable, Sendable, Codable {
        case empty
        case tooLong = "too-long"
        case notText = "not-text"
        case notGS1 = "not-gs1"
        case schemeUnsupported = "scheme-unsupported"
        case aiMalformed = "ai-malformed"
        case aiUnknown = "ai-unknown"
        case aiRepeated = "ai-repeated"
        case aiExcluded = "ai-excluded"
        case separatorMissing = "separator-missing"
        case valueTooShort = "value-too-short"
        case valueTooLong = "value-too-long"
        case characterNotAllowed = "character-not-allowed"
        case checkDigitWrong = "check-digit-wrong"
        case dateInvalid = "date-invalid"
        case pieceInvalid = "piece-invalid"
        case lengthUnknown = "length-unknown"
        case linkMalformed = "link-malformed"
    }

    /// What went wrong.
    public var code: Code

    /// One plain sentence for the person at the scanner, with the remedy where there is one.
    public var message: String

    /// Byte offset into the scan, counted from 0, where one place is to blame.
    public var position: Int?

    /// Makes an error.
    public init(_ code: Code, _ message: String, position: Int? = nil) {
        self.code = code
        self.message = message
        self.position = position
    }

    /// The code, the message and the place on one line.
    public var description: String {
        "\(code.rawValue): \(message)" + (position.map { " (at byte \($0))" } ?? "")
    }
}
