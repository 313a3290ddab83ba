/// Names one entry of one log, so that whoever lacks it knows where to ask.
public struct Reference: Hashable, Sendable {
    public let origin: String
    public let index: UInt64
    public let leafHash: Hash

    public init(origin: String, index: UInt64, leafHash: Hash) {
        self.origin = origin
        self.index = index
        self.leafHash = leafHash
    }
}

/// An update on another order that an update relies on.
public struct Citation: Hashable, Sendable {
    public let reference: Reference
    /// A C2SP tlog-proof with cosignatures, where the contract asks for confirmation; else empty.
    public let proof: [UInt8]

    public init(reference: Reference, proof: [UInt8] = []) {
        self.reference = reference
        self.proof = proof
    }
}

/// One named value of an update.
public struct Fact: Hashable, Sendable {
    public enum Value: Hashable, Sendable {
        case text(String)
        /// SHA-256 over a salted disclosure (RFC 9901); the value itself travels apart.
        case commitment(Hash)
    }

    public let name: String
    public let value: Value

    public init(name: String, value: Value) {
        self.name = name
        self.value = value
    }
}

/// Where an update came from.
public struct Source: Hashable, Sendable {
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        case scan, window, `operator`, rule, `import`
    }

    public let kind: Kind
    public let station: String
    public let sensor: String

    public init(_ kind: Kind, station: String = "", sensor: String = "") {
        self.kind = kind
        self.station = station
        self.sensor = sensor
    }
}

/// The operator who stands behind an update, and the signature where the contract asks for one.
public struct Operator: Hashable, Sendable {
    /// Pseudonymous: what it stands for is known to the operator's organisation alone.
    public let id: String
    /// DER; empty where the contract asks for no signature.
    public let certificate: [UInt8]
    public let signature: [UInt8]

    public init(id: String, certificate: [UInt8] = [], signature: [UInt8] = []) {
        self.id = id
        self.certificate = certificate
        self.signature = signature
    }
}

/// The rule of a contract that asked for an update, and the leaf hash of the update that set it off.
public struct Firing: Hashable, Sendable {
    public let rule: String
    public let trigger: Hash

    public init(rule: String, trigger: Hash) {
        self.rule = rule
        self.trigger = trigger
    }
}

/// An entry's body that adds one step to one order.
///
/// A class, because it has many parts and is handed around more often than it is made.
public final class Update: Sendable {
    public static let factsMax = 64
    public static let parentsMax = 16
    public static let citesMax = 64
    public static let subjectsMax = 256
    /// Bytes of one fact's text.
    public static let factBytesMax = 8_192
    /// Bytes of an order's id, a step's or fact's name, a subject.
    public static let nameBytesMax = 512

    public let order: String
    public let step: String
    public let parents: [Reference]
    public let cites: [Citation]
    /// SHA-256 of the consortium document that it was made under.
    public let consortium: Hash
    /// SHA-256 of the order's contract.
    public let contract: Hash
    /// Canonical GS1 Digital Link or EPC URIs.
    public let subjects: [String]
    public let facts: [Fact]
    /// Device time, UTC microseconds; nil when not known.
    public let observedAt: Int64?
    public let source: Source
    public let `operator`: Operator?
    public let firing: Firing?

    public init(
        order: String, step: String, parents: [Reference], cites: [Citation] = [], consortium: Hash, contract: Hash,
        subjects: [String] = [], facts: [Fact] = [], observedAt: Int64? = nil, source: Source,
        operator: Operator? = nil, firing: Firing? = nil
    ) {
        self.order = order
        self.step = step
        self.parents = parents
        self.cites = cites
        self.consortium = consortium
        self.contract = contract
        self.subjects = subjects
        self.facts = facts
        self.observedAt = observedAt
        self.source = source
        self.operator = `operator`
        self.firing = firing
    }

    /// The text of a public fact.
    public func text(of fact: String) -> String? {
        for place in facts.indices where facts[place].name == fact {
            if case .text(let text) = facts[place].value { return text }
        }
        return nil
    }

    /// The same update with another operator, or another signature.
    public func with(operator person: Operator?) -> Update {
        Update(
            order: order, step: step, parents: parents, cites: cites, consortium: consortium, contract: contract,
            subjects: subjects, facts: facts, observedAt: observedAt, source: source, operator: person, firing: firing)
    }

    /// Its bytes in the one encoding that this release writes.
    public var encoded: [UInt8] {
        var writer = WireWriter(reserving: 512)
        write(&writer)
        return writer.bytes
    }

    /// Reads an update that stands outside an entry.
    /// - Throws: `CustodyError` with code `entry-malformed` or `limit-exceeded`.
    public static func read(encoded bytes: [UInt8]) throws -> Update {
        try Limit.check(bytes.count, max: Entry.bytesMax, "an update", unit: "bytes")
        do {
            let update = try bytes.withUnsafeBytes { try Update(wire: $0) }
            try update.checkLimits()
            return update
        } catch WireReader.Failure.malformed(let reason) {
            throw CustodyError(.entryMalformed, "the update is malformed: \(reason)")
        }
    }

    /// Checks every limit of an update.
    /// - Throws: `CustodyError` with code `limit-exceeded`.
    public func checkLimits() throws {
        try Limit.check(order.utf8.count, max: Self.nameBytesMax, "the order's id", unit: "bytes")
        try Limit.check(step.utf8.count, max: Self.nameBytesMax, "the step's name", unit: "bytes")
        try Limit.check(parents.count, max: Self.parentsMax, "an update's parents", unit: "entries")
        try Limit.check(cites.count, max: Self.citesMax, "an update's citations", unit: "entries")
        try Limit.check(subjects.count, max: Self.subjectsMax, "an update's subjects", unit: "identifiers")
        try Limit.check(facts.count, max: Self.factsMax, "an update's facts", unit: "facts")
        for subject in subjects {
            try Limit.check(subject.utf8.count, max: Self.nameBytesMax, "a subject", unit: "bytes")
        }
        for fact in facts { try fact.checkLimits() }
    }
}

extension Update: Hashable {
    public static func == (left: Update, right: Update) -> Bool {
        left === right
            || left.order == right.order && left.step == right.step && left.parents == right.parents
                && left.cites == right.cites && left.consortium == right.consortium && left.contract == right.contract
                && left.subjects == right.subjects && left.facts == right.facts && left.observedAt == right.observedAt
                && left.source == right.source && left.operator == right.operator && left.firing == right.firing
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(order)
        hasher.combine(step)
        hasher.combine(parents)
    }
}

extension Fact {
    func checkLimits() throws {
        try Limit.check(name.utf8.count, max: Update.nameBytesMax, "a fact's name", unit: "bytes")
        guard case .text(let text) = value else { return }
        try Limit.check(text.utf8.count, max: Update.factBytesMax, "the value of fact \(name)", unit: "bytes")
    }
}

/// The one way in which a limit refuses.
public enum Limit {
    /// - Throws: `CustodyError` with code `limit-exceeded` when `count` is above `max`.
    public static func check(_ count: Int, max: Int, _ subject: @autoclosure () -> String, unit: String) throws {
        guard count > max else { return }
        throw CustodyError(
            .limitExceeded, "\(subject()) would hold \(count) \(unit); at most \(max) are allowed",
            remedy: "send less at once, or put large content into a document")
    }
}

extension CustodyError.Code {
    public static let limitExceeded: Self = "limit-exceeded"
}
