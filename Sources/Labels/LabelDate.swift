import Identifiers
import Ledger

/// A day on a label, as AIs 11 and 17 hold it.
public struct LabelDate: Hashable, Sendable {
    /// As it is encoded: YYMMDD, with DD 00 where only the month is known.
    public let digits: String

    /// As a scan of it is understood: `YYYY-MM-DD`, or `YYYY-MM` where only the month is known.
    public let calendar: String

    /// Takes `YYYY-MM-DD`, `YYYY-MM` or `YYMMDD`. `year` is the current year: a label holds two digits of a year, and a
    /// reader finds the century from its own clock (GS1 General Specifications, section 7.12).
    ///
    /// Throws `date-invalid`, and `label-date-unusable` where a reader would find another century.
    public init(_ text: String, year: Int) throws {
        let written = text.contains("-")
        digits = written ? LabelDate.digits(of: text) : text
        let element = Identifier.Element(ai: "11", value: digits)
        let product = Identifier.Element(ai: "01", value: "00000000000000")
        let scanned = try ScannedElements([product, element], year: year)
        calendar = scanned.identifier.udi?.manufactured ?? ""
        guard !written || calendar == text else {
            throw CustodyError(
                "label-date-unusable",
                "A label holds two digits of the year, and readers would take this date for \(calendar)", at: text)
        }
    }

    /// Nothing for what is no date in this form: then there is nothing to read back either.
    private static func digits(of text: String) -> String {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.first?.utf8.count == 4, (2...3).contains(parts.count),
            parts.dropFirst().allSatisfy({ $0.utf8.count == 2 && $0 != "00" })
        else { return "" }
        return parts.joined().dropFirst(2) + (parts.count == 2 ? "00" : "")
    }
}
