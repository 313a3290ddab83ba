import Ledger

/// A code of the IMDRF's adverse event terminology (IMDRF/AE WG/N43): the annex's letter and two, four or six digits.
///
/// Only the shape is checked, because the annexes change every year.
public struct IMDRFCode: Hashable, Sendable {
    /// What an annex is about.
    public enum Annex: String, Hashable, Sendable, CaseIterable {
        case deviceProblem = "A"
        case investigationType = "B"
        case investigationFinding = "C"
        case investigationConclusion = "D"
        case clinicalSign = "E"
        case healthImpact = "F"
        case component = "G"

        /// As forms name the list.
        public var title: String {
            switch self {
            case .deviceProblem: "IMDRF annex A, medical device problem"
            case .investigationType: "IMDRF annex B, type of investigation"
            case .investigationFinding: "IMDRF annex C, investigation findings"
            case .investigationConclusion: "IMDRF annex D, investigation conclusion"
            case .clinicalSign: "IMDRF annex E, health effects: clinical signs and symptoms or conditions"
            case .healthImpact: "IMDRF annex F, health effects: health impact"
            case .component: "IMDRF annex G, component"
            }
        }
    }

    public let annex: Annex
    public let text: String

    /// Nil for what has not the shape of a code of this annex.
    public init?(_ text: String, annex: Annex) {
        let digits = text.utf8.dropFirst()
        guard text.hasPrefix(annex.rawValue), [2, 4, 6].contains(digits.count),
            digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
        else { return nil }
        self.annex = annex
        self.text = text
    }

    /// - Throws: `CustodyError` with code `adverse-code-malformed`.
    public static func checked(_ text: String, annex: Annex, at place: String) throws -> IMDRFCode {
        guard let code = IMDRFCode(text, annex: annex) else {
            throw CustodyError(
                .adverseCodeMalformed, "'\(text)' is no code of \(annex.title)", at: place,
                remedy: "write the letter \(annex.rawValue) and two, four or six digits, such as \(annex.rawValue)0401")
        }
        return code
    }
}

extension CustodyError.Code {
    public static let adverseCodeMalformed: Self = "adverse-code-malformed"
}
