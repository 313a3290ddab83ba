import Ledger

/// An erasure as it stands in a log, and what it did.
public struct ErasureRecord: Hashable, Sendable {
    public enum State: String, Hashable, Sendable {
        /// It names something that has not arrived here.
        case waiting
        /// It holds, and what it erases is about to be destroyed here.
        case due
        /// What it erases is destroyed here.
        case done
        /// It has no effect.
        case refused
    }

    /// Where the erasure itself stands.
    public let reference: Reference
    public let erasure: Erasure
    /// UTC microseconds.
    public let recordedAt: Int64
    public let state: State
    /// Why it has no effect, if so.
    public let message: String?

    /// Who had it erased.
    public var organisation: String { ConsortiumDocument.organisation(ofOrigin: reference.origin) }

    public var isEffective: Bool { state == .due || state == .done }

    /// Whether this fact of this update is erased by it.
    public func erases(_ fact: String, of update: Reference) -> Bool { isEffective && names(fact, of: update) }

    func names(_ fact: String, of update: Reference) -> Bool {
        erasure.fact == fact && erasure.update.leafHash == update.leafHash
    }
}
