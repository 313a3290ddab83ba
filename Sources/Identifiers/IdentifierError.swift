/// Why a scan means nothing to us.
public struct IdentifierError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What went wrong, in the kebab-case that reports print. A code never changes its meaning. Each scheme adds its
    /// own beside its reader.
    public struct Code: RawRepresentable, Hashable, Sendable, Codable {
        /// The kebab-case that reports print.
        public let rawValue: String

        /// Takes the kebab-case that reports print.
        public init(rawValue: String) { self.rawValue = rawValue }

        public static let empty = Code(rawValue: "empty")
        public static let tooLong = Code(rawValue: "too-long")
        public static let notText = Code(rawValue: "not-text")
        public static let notGS1 = Code(rawValue: "not-gs1")
        public static let schemeUnsupported = Code(rawValue: "scheme-unsupported")
        public static let aiMalformed = Code(rawValue: "ai-malformed")
        public static let aiUnknown = Code(rawValue: "ai-unknown")
        public static let aiRepeated = Code(rawValue: "ai-repeated")
        public static let aiExcluded = Code(rawValue: "ai-excluded")
        public static let separatorMissing = Code(rawValue: "separator-missing")
        public static let valueTooShort = Code(rawValue: "value-too-short")
        public static let valueTooLong = Code(rawValue: "value-too-long")
        public static let characterNotAllowed = Code(rawValue: "character-not-allowed")
        public static let checkDigitWrong = Code(rawValue: "check-digit-wrong")
        public static let dateInvalid = Code(rawValue: "date-invalid")
        public static let pieceInvalid = Code(rawValue: "piece-invalid")
        public static let lengthUnknown = Code(rawValue: "length-unknown")
        public static let linkMalformed = Code(rawValue: "link-malformed")
        public static let linkCompressed = Code(rawValue: "link-compressed")
        public static let linkNameWithdrawn = Code(rawValue: "link-name-withdrawn")
        public static let linkOrderWrong = Code(rawValue: "link-order-wrong")
        public static let linkAttributeNotAllowed = Code(rawValue: "link-attribute-not-allowed")
        public static let lineTooLong = Code(rawValue: "line-too-long")
        public static let aiUnpaired = Code(rawValue: "ai-unpaired")
        public static let valueInvalid = Code(rawValue: "value-invalid")
        public static let checkPairWrong = Code(rawValue: "check-pair-wrong")
        public static let companyPrefixMissing = Code(rawValue: "company-prefix-missing")
        public static let timeInvalid = Code(rawValue: "time-invalid")
        public static let countryUnknown = Code(rawValue: "country-unknown")
        public static let currencyUnknown = Code(rawValue: "currency-unknown")
        public static let bankAccountInvalid = Code(rawValue: "bank-account-invalid")
        public static let percentEncodingInvalid = Code(rawValue: "percent-encoding-invalid")
        public static let couponInvalid = Code(rawValue: "coupon-invalid")
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
