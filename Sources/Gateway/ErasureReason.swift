import Foundation
import Ledger

/// Why a private fact is erased: it stands in a log for ever, so it must not say what is erased.
public enum ErasureReason {
    /// Bytes of a reason: room for a cause, not for a story.
    public static let bytesMax = 120
    /// Letters or digits that a word of the value must have to be looked for; shorter ones stand in any sentence.
    static let wordMin = 3

    /// Reasons that tell nothing of any value, whatever words it has: a long text has most words of a language in it.
    public static let usual = [
        "asked for by the person", "consent withdrawn", "kept long enough", "ordered by a court", "recorded by mistake",
    ]

    /// - Parameter values: what is to be erased, as far as this gateway may read it.
    /// - Throws: `CustodyError` with code `limit-exceeded`, or `erasure-reason` if it is empty, not one line, or has a word
    ///   of a value in it.
    public static func check(_ reason: String, hides values: [String]) throws {
        try Limit.check(reason.utf8.count, max: bytesMax, "the reason", unit: "bytes")
        let isLine = reason.unicodeScalars.allSatisfy { scalar in
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator: false
            default: true
            }
        }
        guard isLine, !words(reason).isEmpty else { throw refused("it is one line of words") }
        guard usual.contains(reason) || !values.contains(where: { tells(reason, $0) }) else {
            throw refused("it has a part of the value in it, and a log keeps it for ever")
        }
    }

    /// Long words count wherever they stand, also inside others and with other signs between, and in both directions; a
    /// value of short words alone counts where one of them is a word.
    private static func tells(_ reason: String, _ value: String) -> Bool {
        let (told, secret) = (words(reason), words(value))
        let long = secret.filter { $0.count >= wordMin }
        guard !long.isEmpty else { return told.contains(where: secret.contains) }
        let (toldText, secretText) = (told.joined(), secret.joined())
        return (long + [secretText]).contains { toldText.contains($0) }
            || told.contains { $0.count > wordMin && secretText.contains($0) }
    }

    private static func refused(_ reason: String) -> CustodyError {
        CustodyError(
            .erasureReason, "this cannot be the reason: \(reason)",
            remedy: "say why, and not what or whose; always allowed are: \(usual.joined(separator: ", "))")
    }

    /// Without case and accents, which hide nothing from a reader.
    private static func folded(_ text: String) -> String {
        text.folding(options: [.caseInsensitive, .diacriticInsensitive, .widthInsensitive], locale: nil)
    }

    private static func words(_ text: String) -> [String] {
        folded(text).split { !$0.isLetter && !$0.isNumber }.map(String.init)
    }
}

extension CustodyError.Code {
    /// A reason that an erasure must not have.
    public static let erasureReason: Self = "erasure-reason"
}
