/// A table of sequences of steps, each allowed or refused, by which the author of a contract says what it is to do.
///
/// An order is played as gateways would record it, by one organisation of each role, or by several: `hospital`,
/// `hospital-2`. What no scenario can show is taken for given: operators' signatures and cosigners' confirmations.
public struct ContractScenarios: Sendable {
    public static let scenariosMax = 256
    public static let linesMax = 256

    /// One thing that somebody does.
    struct Line: Sendable {
        let organisation: String
        let step: String
        var facts: [Fact] = []
        var subjects: [String] = []
        /// Time that passes before it, in microseconds.
        var later: Int64 = 0
        /// What the update is called further down.
        var label: String?
        /// What it stands on; all heads where nothing is said.
        var on: [String]?
        /// The rule that it acts on, and what set the rule off.
        var rule: (name: String, trigger: String)?
        /// The head that stands by it.
        var stands: String?
        var refused: String?
        /// Whether the order must be disputed, or must not, once this has been recorded.
        var disputed: Bool?
        let place: String
    }

    struct Scenario: Sendable {
        let name: String
        let lines: [Line]
    }

    /// What did not go as the table says.
    public struct Failure: Hashable, Sendable {
        public let scenario: String
        /// "file:line:column"
        public let place: String
        public let message: String
    }

    let scenarios: [Scenario]

    public var names: [String] { scenarios.map(\.name) }

    /// Plays all scenarios.
    /// - Throws: `CustodyError` with code `yaml-malformed` where an organisation is no role with a number.
    public func play(_ contract: Contract) throws -> [Failure] {
        let stage = try Stage(contract: contract.withoutSignatures(), for: self)
        return try scenarios.flatMap { try Play(stage, $0).failures() }
    }
}

// MARK: - Playing

/// The consortium in which scenarios are played.
private struct Stage {
    let contract: Contract
    let document: ConsortiumDocument
    let rulebook: Rulebook

    init(contract: Contract, for scenarios: ContractScenarios) throws {
        self.contract = contract
        let organisations = Set(scenarios.scenarios.flatMap { $0.lines.map(\.organisation) }).sorted()
        document = try ConsortiumDocument(text: try Self.text(organisations, contract))
        rulebook = Rulebook(documents: [document], contracts: [contract])
    }

    private static func text(_ organisations: [String], _ contract: Contract) throws -> String {
        let quorum = "\n  quorum none\n"
        var text = "custody-consortium: 1\nname: scenario\nversion: 1\norganisations:\n"
        for (number, id) in organisations.enumerated() {
            let role = id.split(separator: "-").first ?? ""
            let keys = try [("", KeyAlgorithm.ed25519), ("/cosigner", .cosignature)].enumerated().map { place, kind in
                let seed = (0..<32).map { $0 == 0 ? UInt8(place) : $0 == 1 ? UInt8(number & 255) : UInt8(number >> 8) }
                return try SigningKey(name: id + kind.0, algorithm: kind.1, rawRepresentation: seed).verifierKey.vkey
            }
            text += "  - {id: \"\(id)\", name: \"\(id)\", role: \(role), certificate: none, key: \"\(keys[0])\", "
            text += "cosigner: \"\(keys[1])\"}\n"
        }
        text +=
            "contracts: [{name: \"\(contract.name)\", version: \(contract.version), sha256: \"\(contract.hash.hex)\"}]\n"
        return text + "quorum: |\(quorum)recovery: |\(quorum)"
    }
}

/// One scenario while it is played.
private struct Play {
    private let stage: Stage
    private let scenario: ContractScenarios.Scenario
    private var thread: OrderThread
    private var now: Int64 = 0
    private var count: UInt64 = 0
    private var labels: [String: Reference] = [:]

    init(_ stage: Stage, _ scenario: ContractScenarios.Scenario) {
        self.stage = stage
        self.scenario = scenario
        thread = Self.thread(openedBy: "")
    }

    private static func thread(openedBy organisation: String) -> OrderThread {
        OrderThread(order: OrderName.make(origin: "\(organisation)/gw", milliseconds: 0, random: (0, 0)))
    }

    /// What went otherwise than a line says; what comes after the first is not played.
    func failures() throws -> [ContractScenarios.Failure] {
        var play = self
        for line in scenario.lines {
            if let message = try play.failure(of: line) {
                return [ContractScenarios.Failure(scenario: scenario.name, place: line.place, message: message)]
            }
        }
        return []
    }

    private mutating func failure(of line: ContractScenarios.Line) throws -> String? {
        now += line.later
        // An order bears the name of whoever opens it.
        if thread.nodes.isEmpty { thread = Self.thread(openedBy: line.organisation) }
        guard let parents = references(line.on), let trigger = references(line.rule.map { [$0.trigger] } ?? []),
            let stands = references(line.stands.map { [$0] } ?? [])
        else { return "it names an update that has not been recorded: a line names it with 'as'" }
        let firing = line.rule.map { Firing(rule: $0.name, trigger: trigger.first?.leafHash ?? .emptyTree) }
        let update = Update(
            order: thread.order, step: line.step, parents: parents, consortium: stage.document.hash,
            contract: stage.contract.hash, subjects: line.subjects,
            facts: facts(of: line, trigger: trigger.first)
                + stands.map { Fact(name: Contract.standsFact, value: .text($0.leafHash.hex)) },
            source: Source(.operator), firing: firing)
        return try failure(of: line, recording: update)
    }

    private mutating func failure(of line: ContractScenarios.Line, recording update: Update) throws -> String? {
        count += 1
        let origin = "\(line.organisation)/gw"
        let judgement = thread.judge(
            update, from: origin, recordedAt: now, floor: 0, by: stage.rulebook, elsewhere: { _ in .absent })
        guard case .decided(let verdict) = judgement else { return "it waits: \(judgement)" }
        switch (verdict, line.refused) {
        case (.rejected(let rejection), nil): return "it was refused: \(rejection)"
        case (.rejected(let rejection), let code?) where rejection.code.rawValue != code:
            return "it was to be refused as \(code), and was: \(rejection)"
        case (.rejected, _?): return nil
        case (.accepted, let code?): return "it was to be refused as \(code), and was accepted"
        case (.accepted, nil): break
        }
        let clock = ClockQuality(source: .none, error: 0, bootID: [])
        // The index tells two updates apart that say the same.
        let entry = Entry(
            previous: Hash.sha256(Array("\(count)".utf8)), recordedAt: now, clock: clock, body: .update(update))
        let reference = Reference(origin: origin, index: count, leafHash: Hash.leaf(try entry.sealed()))
        thread.insert(update, at: reference, recordedAt: now, verdict: verdict, by: stage.rulebook)
        if let label = line.label { labels[label] = reference }
        return disputeFailure(of: line)
    }

    private func disputeFailure(of line: ContractScenarios.Line) -> String? {
        guard let expected = line.disputed else { return nil }
        let conflict = thread.conflict(under: stage.contract)
        guard (conflict != nil) != expected else { return nil }
        return conflict.map { "the order is disputed: \($0.message)" } ?? "the order is not disputed"
    }

    /// What a rule records where the line says nothing else.
    private func facts(of line: ContractScenarios.Line, trigger: Reference?) -> [Fact] {
        guard line.facts.isEmpty, let rule = line.rule.flatMap({ stage.contract.rule($0.name) }),
            let update = trigger.flatMap({ thread.node($0.leafHash) })?.update
        else { return line.facts }
        return rule.facts(from: update)
    }

    /// Nil if one is unknown; all heads where no names are given.
    private func references(_ names: [String]?) -> [Reference]? {
        guard let names else { return thread.parentsOfNext }
        let found = names.compactMap { labels[$0] }
        return found.count == names.count ? found : nil
    }
}

// MARK: - Reading

extension ContractScenarios {
    /// Reads a table.
    /// - Throws: `CustodyError` with code `yaml-malformed` or `limit-exceeded`.
    public init(text: String, file: String) throws {
        let root = try YAMLReader(text: text, file: file)
        let keys = try root.mapping(known: ["custody-scenarios", "scenarios"])
        guard try keys.required("custody-scenarios", of: root).number() == 1 else {
            throw root.failure("this release reads scenarios in language 1")
        }
        let written = try keys.required("scenarios", of: root).pairs()
        try Limit.check(written.count, max: Self.scenariosMax, file, unit: "scenarios")
        scenarios = try written.map { name, lines in
            let lines = try lines.list()
            try Limit.check(lines.count, max: Self.linesMax, name, unit: "lines")
            return Scenario(name: name, lines: try lines.map { try Line(reader: $0) })
        }
    }
}

extension ContractScenarios.Line {
    private static let known: Set = [
        "facts", "private", "scans", "later", "as", "on", "rule", "of", "stands", "refused", "disputed",
    ]

    fileprivate init(reader: YAMLReader) throws {
        let pairs = try reader.pairs()
        let who = pairs.filter { !Self.known.contains($0.key) }
        guard who.count == 1, let (organisation, step) = who.first, Self.isOrganisation(organisation) else {
            throw reader.failure(
                "a line says who records which step, such as hospital: order.placed",
                remedy: "who is a role, or a role with a number, such as hospital-2")
        }
        let keys = Dictionary(pairs.map { ($0.key, $0.value) }, uniquingKeysWith: { first, _ in first })
        self.init(organisation: organisation, step: try step.text(), place: reader.place)
        facts = try keys["facts"]?.pairs().map { Fact(name: $0.key, value: .text(try $0.value.text())) } ?? []
        facts += try keys["private"]?.texts().map { Fact(name: $0, value: .commitment(.emptyTree)) } ?? []
        subjects = try keys["scans"]?.texts() ?? []
        later = try keys["later"].map(Self.span) ?? 0
        label = try keys["as"]?.text()
        on = try keys["on"]?.texts()
        stands = try keys["stands"]?.text()
        disputed = try keys["disputed"]?.flag()
        if let rule = keys["rule"] { self.rule = (try rule.text(), try keys.required("of", of: reader).text()) }
        if let refused = keys["refused"] { self.refused = try Self.code(refused) }
    }

    private init(organisation: String, step: String, place: String) {
        self.organisation = organisation
        self.step = step
        self.place = place
    }

    private static func isOrganisation(_ name: String) -> Bool {
        let parts = name.split(separator: "-", omittingEmptySubsequences: false)
        return Role(rawValue: String(parts[0])) != nil
            && (parts.count == 1 || parts.count == 2 && (Int(parts[1]).map { $0 > 1 && $0 < 100 } ?? false))
    }

    private static func span(_ reader: YAMLReader) throws -> Int64 {
        let keys = try reader.mapping(known: Set(Deadline.units.map(\.name)))
        let minutes = try Deadline.units.reduce(0) { sum, unit in
            try sum + (keys[unit.name]?.number(in: 0...Deadline.minutesMax / unit.minutes) ?? 0) * unit.minutes
        }
        return Int64(minutes) * 60_000_000
    }

    private static func code(_ reader: YAMLReader) throws -> String {
        let code = try reader.text()
        guard Rejection.Code(rawValue: code) != nil else {
            throw reader.failure(
                "'\(code)' is no reason to refuse",
                remedy: "reasons are: \(Rejection.Code.allCases.map(\.rawValue).sorted().joined(separator: ", "))")
        }
        return code
    }
}
