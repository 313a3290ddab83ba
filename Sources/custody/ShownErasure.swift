import Gateway
import Ledger
import Store

/// An erasure as a person reads it.
struct ShownErasure: Encodable {
    let fact: String
    let step: String?
    let by: String
    let at: String
    let reason: String
    /// `erased`, `refused` or `waiting`.
    let effect: String
    /// Why it has no effect, if so.
    let because: String?

    /// - Parameter updates: of the order, among which the erased one is looked for.
    init(_ record: ErasureRecord, _ updates: [AppliedUpdate]) {
        fact = record.erasure.fact
        step = updates.first { $0.reference.leafHash == record.erasure.update.leafHash }?.update.step
        by = record.organisation
        at = UTCText.of(record.recordedAt)
        reason = record.erasure.reason
        because = record.message
        effect =
            switch record.state {
            case .due, .done: "erased"
            case .refused: "refused"
            case .waiting: "waiting"
            }
    }

    var text: String {
        let what = "\(fact.onOneLine)\(step.map { " of \($0.onOneLine)" } ?? ""), \(at), by \(by): \(reason.onOneLine)"
        switch effect {
        case "erased": return what
        case "refused": return "WITHOUT EFFECT: \(what) (\((because ?? "").onOneLine))"
        default: return "waits for the update that it names: \(what)"
        }
    }
}

extension String {
    /// Characters of somebody else's text that are shown in one line.
    private static let shownMax = 1_000

    /// Without what could move a terminal's cursor or hide the rest of a line.
    var onOneLine: String {
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
