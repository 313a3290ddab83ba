extension Contract {
    public enum Visibility: String, Hashable, Sendable {
        case `public`, `private`
    }

    /// What a contract says of a private fact beyond its being private (language 2).
    public struct Privacy: Hashable, Sendable {
        /// Roles whose organisations may read the value, beside the organisation that records it.
        public let readers: Set<Role>
        /// Roles that may have the value erased, beside that organisation.
        public let erasers: Set<Role>

        /// Of a fact that is `private` and no more.
        public static let recorderAlone = Privacy(readers: [], erasers: [])
    }

    /// What a contract says of one fact of a step.
    struct PermittedFact: Sendable {
        let name: String
        let visibility: Visibility
        /// Nil in languages 1 to 3, which ask nothing of values.
        let type: FactType?
    }

    /// How many organisations must have recorded a step before it counts as done (language 4).
    public struct Approvals: Hashable, Sendable {
        public static let countMax = 16

        public let count: Int
        public let of: Set<Role>
    }

    /// An identifier that a step must carry (language 4).
    struct ScanDemand: Hashable, Sendable {
        enum Relation: String, Hashable, Sendable, CaseIterable {
            case equals
            case containedIn = "contained-in"
        }

        let kind: ScannedThing.Kind
        /// Nil where any identifier of the kind will do.
        let relation: Relation?
        /// The steps with which the other identifier was recorded.
        let steps: [String]
    }

    public final class Step: Sendable {
        public let name: String
        public let by: Set<Role>
        /// All of these must have been done.
        public let after: [String]
        /// Where there are any, one of these must have been done (language 4).
        public let afterAny: [String]
        /// None of these may have been done.
        public let excludes: [String]
        /// Facts without which the step is refused.
        public let requires: [String]
        /// Every fact that the step permits.
        public let facts: [String: Visibility]
        /// Of private facts of which the contract says more than that they are private.
        let privacy: [String: Privacy]
        public let repeats: Bool
        /// Whether it closes a dispute: it names all heads as its parents, and the one that stands.
        public let resolves: Bool
        /// Of each of these roles one cosigner must hold the step's update before another may follow it.
        public let confirmedBy: Set<Role>
        /// Whether the operator who records it must sign it with a key of their own.
        public let signedByOperator: Bool
        /// Nil where it is done once it is recorded.
        public let approvals: Approvals?
        let scans: [ScanDemand]
        /// Nil where it may be recorded at any time.
        public let within: Deadline?
        /// Whether a rule records it because a deadline has passed, so that nobody may record it otherwise.
        public let isForRulesAlone: Bool
        /// `facts` as a list, for looking through a few names without hashing them.
        let permitted: [PermittedFact]
        /// Its place in the contract.
        let number: Int
        /// `by`, one bit for each role.
        private let roles: UInt8
        /// `after`, `afterAny` and `excludes` by number, in the same order, and as sets.
        let afterNumbers: [Int]
        let excludesNumbers: [Int]
        let needed: StepSet
        let neededAny: StepSet
        let excluded: StepSet
        /// Whether a verdict on it needs more of the past than the steps done.
        let looksBack: Bool

        /// - Parameter places: the numbers of all steps of the contract.
        init(_ written: WrittenStep, isForRulesAlone: Bool, number: Int, places: [String: Int]) {
            name = written.name
            by = written.by
            after = written.after
            afterAny = written.afterAny
            excludes = written.excludes
            requires = written.requires
            facts = written.facts.reduce(into: [:]) { $0[$1.name] = $1.visibility }
            privacy = written.privacy
            repeats = written.repeats
            resolves = written.resolves
            confirmedBy = written.confirmedBy
            signedByOperator = written.signedByOperator
            approvals = written.approvals
            scans = written.scans
            within = written.within
            self.isForRulesAlone = isForRulesAlone
            permitted = written.facts
            self.number = number
            roles = by.reduce(0) { $0 | $1.bit }
            afterNumbers = after.compactMap { places[$0] }
            excludesNumbers = excludes.compactMap { places[$0] }
            needed = StepSet(afterNumbers)
            neededAny = StepSet(afterAny.compactMap { places[$0] })
            excluded = StepSet(excludesNumbers)
            looksBack = approvals != nil || scans.contains { $0.relation != nil }
        }

        /// Whether it is the first of an order.
        public var opens: Bool { after.isEmpty && afterAny.isEmpty }

        /// Whether several updates of it may stand side by side, each with facts of its own.
        var isSeveral: Bool { repeats || approvals != nil }

        func allows(_ role: Role) -> Bool { roles & role.bit != 0 }

        /// Who may read a private fact and who may have it erased.
        public func privacy(of fact: String) -> Privacy { privacy[fact] ?? .recorderAlone }

        /// What the value of a fact must be; nil where the contract does not permit or does not say.
        public func type(of fact: String) -> FactType? { permitted.first { $0.name == fact }?.type }
    }
}

/// A step as it stands in a contract's text, before it is known what the others are.
struct WrittenStep {
    let name: String
    var by: Set<Role> = []
    var after: [String] = []
    var afterAny: [String] = []
    var excludes: [String] = []
    var requires: [String] = []
    var facts: [Contract.PermittedFact] = []
    var privacy: [String: Contract.Privacy] = [:]
    var repeats = false
    var resolves = false
    var confirmedBy: Set<Role> = []
    var signedByOperator = false
    var approvals: Contract.Approvals?
    var scans: [Contract.ScanDemand] = []
    var within: Deadline?

    var opens: Bool { after.isEmpty && afterAny.isEmpty }

    func fact(_ name: String) -> Contract.PermittedFact? { facts.first { $0.name == name } }
}
