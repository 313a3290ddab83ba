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
    /// private facts; language 3 has `signed-by`.
    public static let languageMax = 3
    /// The fact by which a step that `resolves` names the head that stands: the leaf hash in hexadecimal.
    public static let standsFact = "stands"
    public static let stepsMax = 256

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

    public final class Step: Sendable {
        public let name: String
        public let by: Set<Role>
        /// All of these must have been done; empty = the step opens an order.
        public let after: [String]
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
        /// `facts` as a list, for looking through a few names without hashing them.
        let permitted: [(name: String, visibility: Visibility)]
        /// Its place in the contract.
        let number: Int
        /// `by`, one bit for each role.
        private let roles: UInt8
        /// `after` and `excludes` by number, in the same order, and as sets.
        let afterNumbers: [Int]
        let excludesNumbers: [Int]
        let needed: StepSet
        let excluded: StepSet

        /// - Parameter places: the numbers of all steps of the contract.
        init(
            name: String, by: Set<Role>, after: [String], excludes: [String], requires: [String],
            facts: [String: Visibility], privacy: [String: Privacy] = [:], repeats: Bool, resolves: Bool,
            confirmedBy: Set<Role>, signedByOperator: Bool, number: Int, places: [String: Int]
        ) {
            self.name = name
            self.by = by
            self.after = after
            self.excludes = excludes
            self.requires = requires
            self.facts = facts
            self.privacy = privacy
            self.repeats = repeats
            self.resolves = resolves
            self.confirmedBy = confirmedBy
            self.signedByOperator = signedByOperator
            permitted = facts.map { ($0.key, $0.value) }
            self.number = number
            roles = by.reduce(0) { $0 | $1.bit }
            afterNumbers = after.compactMap { places[$0] }
            excludesNumbers = excludes.compactMap { places[$0] }
            needed = StepSet(afterNumbers)
            excluded = StepSet(excludesNumbers)
        }

        func allows(_ role: Role) -> Bool { roles & role.bit != 0 }

        /// Who may read a private fact and who may have it erased.
        public func privacy(of fact: String) -> Privacy { privacy[fact] ?? .recorderAlone }
    }

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
    /// SHA-256 of the text.
    public let hash: Hash
    public let text: String
    private let places: [String: Int]

    private init(
        name: String, version: Int, title: String, limits: Limits?, steps: [Step], hash: Hash, text: String,
        places: [String: Int]
    ) {
        self.name = name
        self.version = version
        self.title = title
        self.limits = limits
        self.steps = steps
        self.hash = hash
        self.text = text
        self.places = places
    }

    public func step(_ name: String) -> Step? { places[name].map { steps[$0] } }

    public static func == (left: Contract, right: Contract) -> Bool { left.hash == right.hash }

    public func hash(into hasher: inout Hasher) { hasher.combine(hash) }
}

extension Contract {
    /// Reads a contract.
    /// - Parameter file: named in errors.
    /// - Throws: `CustodyError` with code `yaml-malformed`, or `contract-language` for a later language.
    public convenience init(text: String, file: String = "contract") throws {
        let root = try YAMLReader(text: text, file: file)
        let keys = try root.mapping(known: ["custody-contract", "name", "version", "title", "limits", "steps"])
        let language = try Self.language(try keys.required("custody-contract", of: root))
        let written = try keys.required("steps", of: root).pairs()
        try Limit.check(written.count, max: Self.stepsMax, "a contract", unit: "steps")
        let places = Dictionary(uniqueKeysWithValues: written.enumerated().map { ($1.key, $0) })
        let steps = try written.enumerated().map { number, step in
            try Step(name: step.key, reader: step.value, language: language, number: number, places: places)
        }
        try Self.checkNames(steps, at: written.map(\.value), places: places, root: root)
        self.init(
            name: try keys.required("name", of: root).text(), version: try keys.required("version", of: root).number(),
            title: try keys["title"]?.text() ?? "", limits: try keys["limits"].map { try Limits(reader: $0) },
            steps: steps, hash: Hash.sha256(Array(text.utf8)), text: text,
            places: places)
    }

    private static func language(_ reader: YAMLReader) throws -> Int {
        let language = try reader.number()
        guard (1...languageMax).contains(language) else {
            throw CustodyError(
                .contractLanguage, "the contract is written in language \(language)", at: reader.place,
                remedy: "this release reads up to language \(languageMax): install a newer one")
        }
        return language
    }

    private static func checkNames(
        _ steps: [Step], at readers: [YAMLReader], places: [String: Int], root: YAMLReader
    ) throws {
        for (step, reader) in zip(steps, readers) {
            for other in step.after + step.excludes where places[other] == nil {
                throw reader.failure("step \(step.name) names the step '\(other)', which the contract does not have")
            }
            for fact in step.requires where step.facts[fact] == nil {
                throw reader.failure("step \(step.name) requires the fact '\(fact)' without permitting it under facts")
            }
            if step.resolves, let reason = step.unfitToResolve { throw reader.failure("step \(step.name) \(reason)") }
        }
        guard steps.contains(where: { $0.after.isEmpty }) else {
            throw root.failure("no step opens an order", remedy: "give one step no 'after'")
        }
    }
}

extension Contract.Limits {
    fileprivate init(reader: YAMLReader) throws {
        let keys = try reader.mapping(known: ["lowest", "highest", "grace", "mkt", "mkt-hours"])
        lowest = try keys["lowest"]?.decimal()
        highest = try keys["highest"]?.decimal()
        grace = try keys["grace"]?.number(in: 0...86_400)
        mkt = try keys["mkt"]?.decimal()
        mktHours = try keys["mkt-hours"]?.number(in: 1...8_760) ?? 24
        if let lowest, let highest, lowest > highest {
            throw reader.failure("the lowest temperature is above the highest")
        }
    }
}

extension Contract.Step {
    private static let known: Set = ["by", "after", "excludes", "requires", "facts", "repeats"]
    private static let knownSince2: Set = ["resolves", "confirmed-by"]
    private static let knownSince3: Set = ["signed-by"]

    convenience init(
        name: String, reader: YAMLReader, language: Int, number: Int, places: [String: Int]
    ) throws {
        let keys = try reader.mapping(known: Self.known(in: language))
        let facts = try keys["facts"].map { try Facts($0, language: language) } ?? Facts()
        self.init(
            name: name, by: try Self.roles(try keys.required("by", of: reader)),
            after: try keys["after"]?.texts() ?? [],
            excludes: try keys["excludes"]?.texts() ?? [], requires: try keys["requires"]?.texts() ?? [],
            facts: facts.visibility, privacy: facts.privacy, repeats: try keys["repeats"]?.flag() ?? false,
            resolves: try keys["resolves"]?.flag() ?? false,
            confirmedBy: try keys["confirmed-by"].map { try Self.roles($0) } ?? [],
            signedByOperator: try keys["signed-by"].map { try Self.isOperator($0) } ?? false, number: number,
            places: places)
    }

    private static func known(in language: Int) -> Set<String> {
        known.union(language < 2 ? [] : knownSince2).union(language < 3 ? [] : knownSince3)
    }

    private static func isOperator(_ reader: YAMLReader) throws -> Bool {
        guard try reader.text() == "operator" else { throw reader.failure("a step is signed-by: operator") }
        return true
    }

    /// What a step lacks that is to close disputes, as a part of a sentence; nil if it lacks nothing.
    fileprivate var unfitToResolve: String? {
        if !repeats { return "resolves, and so must be one that repeats: an order may be disputed again" }
        if after.isEmpty { return "resolves, and so cannot open an order" }
        guard requires.contains(Contract.standsFact), facts[Contract.standsFact] == .public else {
            return "resolves, and so requires the public fact '\(Contract.standsFact)': the head that stands"
        }
        return nil
    }

    private static func roles(_ reader: YAMLReader) throws -> Set<Role> {
        Set(
            try reader.texts().map { name in
                guard let role = Role(rawValue: name) else {
                    throw reader.failure(
                        "'\(name)' is not a role",
                        remedy: "roles are: \(Role.allCases.map(\.rawValue).joined(separator: ", "))")
                }
                return role
            })
    }

    /// `name: public`, `name: private`, or from language 2 on `name: {private: [roles], erase: [roles]}`.
    private struct Facts {
        var visibility: [String: Contract.Visibility] = [:]
        var privacy: [String: Contract.Privacy] = [:]

        init() {}

        init(_ reader: YAMLReader, language: Int) throws {
            for (name, value) in try reader.pairs() {
                guard language < 2 || value.isScalar else {
                    visibility[name] = .private
                    privacy[name] = try Self.privacy(value)
                    continue
                }
                guard let known = Contract.Visibility(rawValue: try value.text()) else {
                    throw value.failure("a fact is 'public' or 'private'")
                }
                visibility[name] = known
            }
        }

        private static func privacy(_ reader: YAMLReader) throws -> Contract.Privacy {
            let keys = try reader.mapping(known: ["private", "erase"])
            return Contract.Privacy(
                readers: try roles(try keys.required("private", of: reader)),
                erasers: try keys["erase"].map(roles) ?? [])
        }
    }
}

extension CustodyError.Code {
    public static let contractLanguage: Self = "contract-language"
}
