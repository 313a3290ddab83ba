/// What an organisation is in a consortium.
public enum Role: String, Hashable, Sendable, CaseIterable, Codable {
    case hospital, manufacturer, supplier, regulator, logistics

    var bit: UInt8 {
        switch self {
        case .hospital: 1
        case .manufacturer: 2
        case .supplier: 4
        case .regulator: 8
        case .logistics: 16
        }
    }
}

/// A versioned, hashed document of steps: who may record what, after what, with which facts.
///
/// A class like its steps, because every verdict looks at it and nobody changes it.
public final class Contract: Hashable, Sendable {
    /// The newest contract language that this release judges by. Language 2 has `resolves`, `confirmed-by`, and readers of
    /// private facts; language 3 has `signed-by`; language 4 has types of facts, `after: {any: ...}`, `approvals`, `scans`,
    /// `within` and rules; language 5 has rules that record on another order.
    public static let languageMax = 5
    /// The fact by which a step that `resolves` names the head that stands: the leaf hash in hexadecimal.
    public static let standsFact = "stands"
    public static let stepsMax = 256
    public static let rulesMax = 64

    /// What the conditions of a journey may be, in degrees Celsius.
    public struct Limits: Hashable, Sendable {
        /// Nil where nothing is too cold.
        public let lowest: Double?
        /// Nil where nothing is too hot.
        public let highest: Double?
        /// Seconds outside that nobody needs to be told of.
        public let grace: Int?
        /// The highest mean kinetic temperature; nil where it is not limited.
        public let mkt: Double?
        /// Hours over which it is taken: 24 for refrigerated goods, 720 for others (USP <1079.2>).
        public let mktHours: Int
    }

    public let name: String
    public let version: Int
    public let title: String
    /// Nil where the contract does not care.
    public let limits: Limits?
    /// In the order in which they are written.
    public let steps: [Step]
    /// In the order in which they are written.
    public let rules: [Rule]
    /// SHA-256 of the text.
    public let hash: Hash
    public let text: String
    /// Whether a verdict on a step of it may need more of an order's past than the steps done.
    let looksBack: Bool
    let hasApprovals: Bool
    private let places: [String: Int]

    private init(_ written: WrittenContract, text: String) {
        name = written.name
        version = written.version
        title = written.title
        limits = written.limits
        let places = Dictionary(uniqueKeysWithValues: written.steps.enumerated().map { ($1.name, $0) })
        let claims = Set(written.rules.filter(\.isDeadline).map(\.record))
        steps = written.steps.enumerated().map { number, step in
            Step(step, isForRulesAlone: claims.contains(step.name), number: number, places: places)
        }
        rules = written.rules
        hash = Hash.sha256(Array(text.utf8))
        self.text = text
        self.places = places
        hasApprovals = steps.contains { $0.approvals != nil }
        looksBack = steps.contains(where: \.looksBack)
    }

    /// Reads a contract.
    /// - Parameter file: named in errors.
    /// - Throws: `CustodyError` with code `yaml-malformed`, `limit-exceeded`, or `contract-language` for a later language.
    public convenience init(text: String, file: String = "contract") throws {
        let reader = ContractReader(file: file)
        let written = reader.read(text)
        if let first = reader.problems.first { throw first }
        self.init(written, text: text)
    }

    /// All that keeps a text from being a contract, in the order in which it stands there.
    /// - Parameter file: named in the places.
    public static func problems(in text: String, file: String) -> [CustodyError] {
        let reader = ContractReader(file: file)
        _ = reader.read(text)
        return reader.problems
    }

    /// The same contract asking neither for operators' signatures nor for confirmations.
    func withoutSignatures() -> Contract {
        var written = ContractReader(file: name).read(text)
        for place in written.steps.indices {
            written.steps[place].signedByOperator = false
            written.steps[place].confirmedBy = []
        }
        return Contract(written, text: text)
    }

    public func step(_ name: String) -> Step? { places[name].map { steps[$0] } }

    public func rule(_ name: String) -> Rule? { rules.first { $0.name == name } }

    public static func == (left: Contract, right: Contract) -> Bool { left.hash == right.hash }

    public func hash(into hasher: inout Hasher) { hasher.combine(hash) }
}

/// A contract as its text has it.
struct WrittenContract {
    var name = ""
    var version = 0
    var title = ""
    var limits: Contract.Limits?
    var steps: [WrittenStep] = []
    var rules: [Contract.Rule] = []
}

extension CustodyError.Code {
    public static let contractLanguage: Self = "contract-language"
}
