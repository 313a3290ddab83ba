/// What is doubtful in a contract that can be read: it means what it says, and its author may have meant otherwise.
///
/// No verdict hangs on it, so that what is looked for here may change with any release.
public struct ContractCheck {
    public struct Finding: Hashable, Sendable {
        /// "file:line:column"
        public let place: String
        public let message: String
    }

    private let contract: Contract
    private let possible: Set<String>

    public init(_ contract: Contract) {
        self.contract = contract
        possible = Set(Self.past(in: contract).keys)
    }

    /// In the order of the text.
    /// - Parameter file: named in the places.
    public func findings(file: String) -> [Finding] {
        let places = Places(contract.text, file: file)
        let steps = contract.steps.flatMap { step in
            reasons(against: step).map { Finding(place: places.step(step.name), message: "step \(step.name) \($0)") }
        }
        let loops = loopingRules
        let rules = contract.rules.flatMap { rule in
            reasons(against: rule, loops: loops).map {
                Finding(place: places.rule(rule.name), message: "rule \(rule.name) \($0)")
            }
        }
        return steps + rules
    }

    // MARK: Steps

    private func reasons(against step: Contract.Step) -> [String] {
        var reasons: [String] = []
        if step.by.isEmpty { reasons.append("may be recorded by nobody") }
        if !possible.contains(step.name) {
            reasons.append("can never be recorded: what it comes after is impossible, or excludes it")
        }
        return reasons
    }

    /// Of each step that some sequence of steps leads to, the steps that come before it in all of them.
    static func past(in contract: Contract) -> [String: Set<String>] {
        var behind: [String: Set<String>] = [:]
        var grows = true
        while grows {
            grows = false
            for step in contract.steps {
                guard let before = necessary(for: step, behind), !clashes(step, before, in: contract) else { continue }
                // Another way to it may need less.
                guard let known = behind[step.name] else {
                    behind[step.name] = before
                    grows = true
                    continue
                }
                let fewer = known.intersection(before)
                if fewer != known {
                    behind[step.name] = fewer
                    grows = true
                }
            }
        }
        return behind
    }

    /// What has been done whenever a step is recorded; nil while no way to it is known.
    private static func necessary(for step: Contract.Step, _ behind: [String: Set<String>]) -> Set<String>? {
        var before: Set<String> = []
        for name in step.after {
            guard let more = behind[name] else { return nil }
            before.formUnion(more.union([name]))
        }
        guard !step.afterAny.isEmpty else { return before }
        let ways = step.afterAny.compactMap { name in behind[name]?.union([name]) }
        guard let first = ways.first else { return nil }
        return before.union(ways.dropFirst().reduce(first) { $0.intersection($1) })
    }

    private static func clashes(_ step: Contract.Step, _ before: Set<String>, in contract: Contract) -> Bool {
        if !before.isDisjoint(with: step.excludes) { return true }
        return before.contains { name in
            guard let one = contract.step(name) else { return false }
            return one.excludes.contains { other in
                before.contains(other) && contract.step(other)?.excludes.contains(name) == true
            }
        }
    }

    // MARK: Rules

    private func reasons(against rule: Contract.Rule, loops: Set<String>) -> [String] {
        var reasons: [String] = []
        if let trigger = rule.triggerStep(in: contract), !possible.contains(trigger.name) {
            reasons.append("is never set off: \(trigger.name) can never be recorded")
        }
        if loops.contains(rule.name) {
            reasons.append("can loop: what it records sets it off again, through itself or other rules, without an end")
        }
        return reasons
    }

    /// Rules that may set each other off for ever; gateways do not act on them.
    public var loopingRules: Set<String> {
        // A rule that an order sets off once, or whose step is recorded once, ends every circle that it is in.
        let endless = contract.rules.filter { rule in
            rule.on == nil && !rule.isForOnce(in: contract) && contract.step(rule.record)?.repeats == true
        }
        let next = Dictionary(
            uniqueKeysWithValues: endless.map { rule in
                (rule.name, endless.filter { $0.triggerStep(in: contract)?.name == rule.record }.map(\.name))
            })
        return Set(endless.map(\.name).filter { reaches($0, from: next[$0] ?? [], next) })
    }

    private func reaches(_ name: String, from start: [String], _ next: [String: [String]]) -> Bool {
        var seen: Set<String> = []
        var left = start
        while let one = left.popLast() {
            if one == name { return true }
            if seen.insert(one).inserted { left += next[one] ?? [] }
        }
        return false
    }
}

/// Where the steps and rules of a contract stand in its text.
private struct Places {
    private let file: String
    private var steps: [String: String] = [:]
    private var rules: [String: String] = [:]

    init(_ text: String, file: String) {
        self.file = file
        guard let root = try? YAMLReader(text: text, file: file), let keys = try? root.pairs() else { return }
        for (key, value) in keys {
            let places = Dictionary(
                ((try? value.pairs()) ?? []).map { ($0.key, $0.value.place) }, uniquingKeysWith: { first, _ in first })
            if key == "steps" { steps = places }
            if key == "rules" { rules = places }
        }
    }

    func step(_ name: String) -> String { steps[name] ?? file }

    func rule(_ name: String) -> String { rules[name] ?? file }
}
