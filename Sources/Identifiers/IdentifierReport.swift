/// What `custody identify` prints for one input, as JSON. Absent fields are left out.
public struct IdentifierReport: Hashable, Sendable, Codable {
    /// An error as reports print it.
    public struct Problem: Hashable, Sendable, Codable {
        /// Kebab-case code, for programs.
        public var code: String

        /// One plain sentence, for people.
        public var message: String

        /// Byte offset into the input, counted from 0.
        public var position: Int?
    }

    /// The input as text; bytes that are no UTF-8 become U+FFFD, and no more than `Scan.bytesMax` bytes are repeated.
    public var input: String

    /// Whether the input alone breaks no rule. A pairing that another symbol could heal breaks none: see `missing`.
    public var valid: Bool

    /// The rules by which the input was read.
    public var scheme: String?

    /// Value by application identifier.
    public var elements: [String: String]?

    /// The device identification.
    public var udi: UDI?

    /// The canonical GS1 Digital Link URI.
    public var digitalLink: String?

    /// Pairing rules that another symbol of the package could heal.
    public var missing: [String]?

    /// Why the input is not valid.
    public var error: Problem?
}

extension Identifier {
    /// Reads one input and reports on it, whatever it is. `year` is the current year.
    public static func report(for input: [UInt8], year: Int) -> IdentifierReport {
        let text = String(decoding: input.prefix(Scan.bytesMax), as: UTF8.self)
        do {
            return IdentifierReport(input: text, identifier: try identify(Scan(bytes: input), year: year))
        } catch {
            let problem = IdentifierReport.Problem(
                code: error.code.rawValue, message: error.message, position: error.position)
            return IdentifierReport(input: text, valid: false, error: problem)
        }
    }
}

extension IdentifierReport {
    fileprivate init(input: String, identifier: Identifier) {
        self.init(
            input: input,
            valid: true,
            scheme: identifier.scheme.rawValue,
            elements: Dictionary(
                identifier.elements.map { ($0.ai, $0.value) }, uniquingKeysWith: { first, _ in first }),
            udi: identifier.udi,
            digitalLink: identifier.digitalLink,
            missing: identifier.missing.isEmpty ? nil : identifier.missing,
            error: nil)
    }
}
