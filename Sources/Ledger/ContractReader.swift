/// Reads a contract's text and keeps all that is wrong with it, so that its author sees everything at once.
final class ContractReader {
    private let file: String
    private(set) var problems: [CustodyError] = []
    var language = Contract.languageMax

    init(file: String) {
        self.file = file
    }

    func report(_ problem: CustodyError) { problems.append(problem) }

    /// What `body` gives; nil if it throws, which is kept.
    func attempt<Value>(_ body: () throws -> Value) -> Value? {
        do { return try body() } catch let error as CustodyError { report(error) } catch {
            report(CustodyError(.yamlMalformed, "\(error)", at: file))
        }
        return nil
    }

    /// The pairs of a mapping; none if it is no mapping.
    func pairs(_ reader: YAMLReader) -> [(key: String, value: YAMLReader)] { attempt { try reader.pairs() } ?? [] }

    /// A mapping; keys that are not known are reported and left out.
    func mapping(_ reader: YAMLReader, known: Set<String>) -> [String: YAMLReader] {
        var found: [String: YAMLReader] = [:]
        for (key, value) in pairs(reader) {
            if known.contains(key) { found[key] = value } else { report(value.unknown(key, among: known)) }
        }
        return found
    }

    func required(_ key: String, of keys: [String: YAMLReader], _ owner: YAMLReader) -> YAMLReader? {
        attempt { try keys.required(key, of: owner) }
    }

    // MARK: The whole

    func read(_ text: String) -> WrittenContract {
        var contract = WrittenContract()
        guard let root = attempt({ try YAMLReader(text: text, file: file) }) else { return contract }
        guard let found = attempt({ try root.pairs() }),
            let language = attempt({
                try Self.language(Dictionary(found) { first, _ in first }.required("custody-contract", of: root))
            })
        else { return contract }
        self.language = language
        let keys = mapping(root, known: known())
        if let name = required("name", of: keys, root) { contract.name = attempt { try name.text() } ?? "" }
        if let version = required("version", of: keys, root) {
            contract.version = attempt { try version.number() } ?? 0
        }
        contract.title = keys["title"].flatMap { title in attempt { try title.text() } } ?? ""
        contract.limits = keys["limits"].flatMap { limits in attempt { try Contract.Limits(reader: limits) } }
        guard let steps = required("steps", of: keys, root) else { return contract }
        contract.steps = readSteps(steps, root: root)
        if let rules = keys["rules"] { contract.rules = readRules(rules, steps: contract.steps) }
        return contract
    }

    private func known() -> Set<String> {
        let known: Set = ["custody-contract", "name", "version", "title", "limits", "steps"]
        return language < 4 ? known : known.union(["rules"])
    }

    private static func language(_ reader: YAMLReader) throws -> Int {
        let language = try reader.number()
        guard (1...Contract.languageMax).contains(language) else {
            throw CustodyError(
                .contractLanguage, "the contract is written in language \(language)", at: reader.place,
                remedy: "this release reads up to language \(Contract.languageMax): install a newer one")
        }
        return language
    }

    private func readSteps(_ reader: YAMLReader, root: YAMLReader) -> [WrittenStep] {
        guard let written = attempt({ try reader.pairs() }),
            attempt({ try Limit.check(written.count, max: Contract.stepsMax, "a contract", unit: "steps") }) != nil
        else { return [] }
        let before = problems.count
        let names = Set(written.map(\.key))
        let steps = written.map { StepReader(name: $0.key, reader: $0.value, steps: names, owner: self).read() }
        for (step, place) in zip(steps, written) { checkDeadline(of: step, at: place.value) }
        // A step that could not be read may have been the one that opens.
        if problems.count == before, !steps.contains(where: \.opens) {
            report(root.failure("no step opens an order", remedy: "give one step no 'after'"))
        }
        return steps
    }

    private func checkDeadline(of step: WrittenStep, at reader: YAMLReader) {
        guard let base = step.within?.of else { return }
        if step.opens { report(reader.failure("step \(step.name) opens an order, and so has no deadline")) }
        if base == step.name { report(reader.failure("the deadline of step \(step.name) counts from itself")) }
    }

    // MARK: Parts

    func roles(_ reader: YAMLReader) throws -> Set<Role> {
        Set(try reader.texts().map { try role($0, at: reader) })
    }

    func role(_ name: String, at reader: YAMLReader) throws -> Role {
        guard let role = Role(rawValue: name) else {
            let roles = Role.allCases.map(\.rawValue).joined(separator: ", ")
            throw reader.failure("'\(name)' is not a role", remedy: "roles are: \(roles)")
        }
        return role
    }

    /// Names that must be among `known`.
    func names(_ reader: YAMLReader, among known: Set<String>, _ refusal: (String) -> String) -> [String] {
        (attempt { try reader.items() } ?? []).compactMap { item in
            guard let name = attempt({ try item.text() }) else { return nil }
            if !known.contains(name) { report(item.failure(refusal(name))) }
            return name
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
