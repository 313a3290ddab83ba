/// What a verdict asks of an update, whether it has been decoded or is read where it lies.
protocol JudgedUpdate {
    var consortium: Hash { get }
    var contract: Hash { get }
    var isFired: Bool { get }
    /// The rule that asked for it; nil too if it cannot be read.
    var firing: Firing? { get }
    /// What it is about.
    var subjects: [String] { get }
    var stepName: String { get }
    func isStep(_ name: String) -> Bool

    var parentCount: Int { get }
    func parentHash(_ place: Int) -> Hash
    func isParent(_ place: Int, _ reference: Reference) -> Bool
    func parent(_ place: Int) -> Reference
    var citeCount: Int { get }
    var citations: [Citation] { get }

    var factCount: Int { get }
    func factName(_ place: Int) -> String
    func isFact(_ place: Int, _ name: String) -> Bool
    func isFact(_ place: Int, sameAs other: Int) -> Bool
    /// Whether its value stands in the log, and not a commitment.
    func isText(_ place: Int) -> Bool
    /// The text of a public fact.
    func text(at place: Int) -> String?
    /// The text of a public fact.
    func text(of fact: String) -> String?

    /// Whether it brings an operator's certificate or signature.
    var bringsSignature: Bool { get }
    /// All of it, decoded; nil if it cannot be.
    var decoded: Update? { get }
}

extension Update: JudgedUpdate {
    var isFired: Bool { firing != nil }
    var stepName: String { step }
    func isStep(_ name: String) -> Bool { step == name }

    var parentCount: Int { parents.count }
    func parentHash(_ place: Int) -> Hash { parents[place].leafHash }
    func isParent(_ place: Int, _ reference: Reference) -> Bool { parents[place] == reference }
    func parent(_ place: Int) -> Reference { parents[place] }
    var citeCount: Int { cites.count }
    var citations: [Citation] { cites }

    var factCount: Int { facts.count }
    func factName(_ place: Int) -> String { facts[place].name }
    func isFact(_ place: Int, _ name: String) -> Bool { facts[place].name == name }
    func isFact(_ place: Int, sameAs other: Int) -> Bool { facts[place].name == facts[other].name }
    func isText(_ place: Int) -> Bool { if case .text = facts[place].value { true } else { false } }
    func text(at place: Int) -> String? { if case .text(let text) = facts[place].value { text } else { nil } }

    var bringsSignature: Bool { `operator`.map { !$0.certificate.isEmpty || !$0.signature.isEmpty } ?? false }
    var decoded: Update? { self }
}
