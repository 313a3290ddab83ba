import Ledger

/// What somebody wants recorded, before it is judged and sealed.
public final class Draft: Sendable {
    public enum Order: Hashable, Sendable {
        /// An order's whole id.
        case existing(String)
        /// A new order under the newest contract of this name that is in force.
        case open(contract: String)
        /// An order that an earlier generation of this gateway's log opened with an update that was taken back.
        case reopen(String, contract: Hash)
    }

    public enum Value: Hashable, Sendable {
        case text(String)
        /// Never enters the log: a salted commitment does.
        case `private`([UInt8])
        /// A commitment that has been made, whose value is kept already or is nowhere to be had.
        case committed(Hash)
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
    /// Of the entry that was taken back and that this records again.
    let takenBack: Int64?
    /// The rule of the contract that asks for it.
    public let firing: Firing?
    /// What is to be erased, instead of a step that is to be recorded.
    public let erasure: Erasure?
    /// What an operator has signed: it is sealed as it is, or not at all.
    public let signed: PreparedUpdate?

    public convenience init(
        order: Order, step: String, facts: [(name: String, value: Value)] = [], subjects: [String] = [],
        cites: [Reference] = [], observedAt: Int64? = nil, source: Source, operator: String? = nil,
        takenBack: Int64? = nil, firing: Firing? = nil
    ) {
        self.init(
            order: order, step: step, facts: facts, subjects: subjects, cites: cites, observedAt: observedAt,
            source: source, operator: `operator`, takenBack: takenBack, firing: firing, erasure: nil, signed: nil)
    }

    /// The erasure of a private fact.
    public convenience init(erasing erasure: Erasure) {
        self.init(
            order: .existing(erasure.order), step: "", facts: [], subjects: [], cites: [], observedAt: nil,
            source: Source(.operator), operator: nil, takenBack: nil, firing: nil, erasure: erasure, signed: nil)
    }

    /// An update that an operator has signed.
    public convenience init(signed: PreparedUpdate) {
        let update = signed.update
        self.init(
            order: update.parents.isEmpty
                ? .reopen(update.order, contract: update.contract) : .existing(update.order),
            step: update.step, facts: [], subjects: update.subjects, cites: [], observedAt: update.observedAt,
            source: update.source, operator: update.operator?.id, takenBack: nil, firing: nil,
            erasure: nil, signed: signed)
    }

    private init(
        order: Order, step: String, facts: [(name: String, value: Value)], subjects: [String], cites: [Reference],
        observedAt: Int64?, source: Source, operator: String?, takenBack: Int64?, firing: Firing?,
        erasure: Erasure?,
        signed: PreparedUpdate?
    ) {
        self.order = order
        self.step = step
        self.facts = facts
        self.subjects = subjects
        self.cites = cites
        self.observedAt = observedAt
        self.source = source
        self.operator = `operator`
        self.takenBack = takenBack
        self.firing = firing
        self.erasure = erasure
        self.signed = signed
    }
}

/// Says that an update, or an erasure, is durable in this gateway's log.
public struct Receipt: Hashable, Sendable, Codable {
    public let order: String
    /// Empty for an erasure.
    public let step: String
    public let origin: String
    public let index: UInt64
    public let leafHash: Hash
    /// UTC microseconds.
    public let recordedAt: Int64

    public var reference: Reference { Reference(origin: origin, index: index, leafHash: leafHash) }
}
