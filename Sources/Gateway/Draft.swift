import Ledger

/// What somebody wants recorded, before it is judged and sealed.
public final class Draft: Sendable {
    public enum Order: Hashable, Sendable {
        /// An order's whole id.
        case existing(String)
        /// A new order under the newest contract of this name that is in force.
        case open(contract: String)
    }

    public enum Value: Hashable, Sendable {
        case text(String)
        /// Never enters the log: a salted commitment does.
        case `private`([UInt8])
    }

    public let order: Order
    public let step: String
    public let facts: [(name: String, value: Value)]
    public let subjects: [String]
    public let cites: [Reference]
    /// Device time, UTC microseconds.
    public let observedAt: Int64?
    public let source: Source
    public let `operator`: String?

    public init(
        order: Order, step: String, facts: [(name: String, value: Value)] = [], subjects: [String] = [],
        cites: [Reference] = [], observedAt: Int64? = nil, source: Source, operator: String? = nil
    ) {
        self.order = order
        self.step = step
        self.facts = facts
        self.subjects = subjects
        self.cites = cites
        self.observedAt = observedAt
        self.source = source
        self.operator = `operator`
    }
}

/// Says that an update is durable in this gateway's log.
public struct Receipt: Hashable, Sendable, Codable {
    public let order: String
    public let step: String
    public let origin: String
    public let index: UInt64
    public let leafHash: Hash
    /// UTC microseconds.
    public let recordedAt: Int64
}
