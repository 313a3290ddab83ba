import Gateway
import Ledger
import Store

/// An erasure as a person reads it.
public struct ShownErasure: Encodable, Sendable {
    public let fact: String
    public let step: String?
    public let by: String
    public let at: String
    public let reason: String
    /// `erased`, `refused` or `waiting`.
    public let effect: String
    /// Why it has no effect, if so.
    public let because: String?

    /// - Parameter updates: of the order, among which the erased one is looked for.
    public init(_ record: ErasureRecord, _ updates: [AppliedUpdate]) {
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

    public var text: String {
        let what = "\(fact.onOneLine)\(step.map { " of \($0.onOneLine)" } ?? ""), \(at), by \(by): \(reason.onOneLine)"
        switch effect {
        case "erased": return what
        case "refused": return "WITHOUT EFFECT: \(what) (\((because ?? "").onOneLine))"
        default: return "waits for the update that it names: \(what)"
        }
    }
}
