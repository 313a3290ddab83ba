extension ContractReader {
    func readRules(_ reader: YAMLReader, steps: [WrittenStep]) -> [Contract.Rule] {
        guard let written = attempt({ try reader.pairs() }),
            attempt({ try Limit.check(written.count, max: Contract.rulesMax, "a contract", unit: "rules") }) != nil
        else { return [] }
        return written.compactMap { RuleReader(name: $0.key, reader: $0.value, steps: steps, owner: self).read() }
    }
}

/// Reads one rule of a contract's text.
private struct RuleReader {
    let name: String
    let reader: YAMLReader
    let steps: [WrittenStep]
    let owner: ContractReader

    /// Nil if something is wrong with it, which has been reported.
    func read() -> Contract.Rule? {
        let before = owner.problems.count
        let keys = owner.mapping(
            reader, known: Set(["when", "by", "record", "facts"]).union(owner.language < 5 ? [] : ["on"]))
        let by = owner.required("by", of: keys, reader).flatMap { by in owner.attempt { try owner.roles(by) } } ?? []
        let when = owner.required("when", of: keys, reader).flatMap { self.when($0) }
        if let on = keys["on"] { return elsewhere(on, keys, when: when, by: by, before: before) }
        let record = owner.required("record", of: keys, reader).flatMap(step)
        guard let when, let record, let set = triggerStep(when) else { return nil }
        check(record, by: by)
        let isAboutOne = !isAboutSeveral(when, set)
        let facts = keys["facts"].map { self.facts($0, record: record, trigger: isAboutOne ? set : nil) } ?? []
        checkRequired(record, facts)
        guard owner.problems.count == before else { return nil }
        return Contract.Rule(name: name, when: when, by: by, record: record.name, on: nil, facts: facts)
    }

    /// A rule that records on another order: what that step is, and who may record it, is for the other order's contract to say.
    private func elsewhere(
        _ on: YAMLReader, _ keys: [String: YAMLReader], when: Contract.Rule.When?, by: Set<Role>, before: Int
    ) -> Contract.Rule? {
        if by.isEmpty { owner.report(reader.failure("rule \(name) names nobody who acts")) }
        let record = owner.required("record", of: keys, reader).flatMap { record in owner.attempt { try record.text() }
        }
        guard let when, let record, let set = triggerStep(when) else { return nil }
        guard case .recorded(_, _, nil) = when, set.approvals == nil else {
            owner.report(
                on.failure(
                    "rule \(name) records on the order that one update names: it has no 'count' or 'missed', and no step with approvals"
                ))
            return nil
        }
        let order = owner.attempt {
            let fact = try on.text()
            _ = try type(ofPublic: fact, in: set, at: on)
            return fact
        }
        let facts = keys["facts"].map { self.facts($0, record: nil, trigger: set) } ?? []
        guard let order, owner.problems.count == before else { return nil }
        return Contract.Rule(name: name, when: when, by: by, record: record, on: order, facts: facts)
    }

    private func step(_ reader: YAMLReader) -> WrittenStep? {
        let name = owner.names(reader, among: Set(steps.map(\.name))) {
            "rule \(self.name) names the step '\($0)', which the contract does not have"
        }.first
        return steps.first { $0.name == name }
    }

    /// The step whose update is named as the trigger.
    private func triggerStep(_ when: Contract.Rule.When) -> WrittenStep? {
        switch when {
        case .recorded(let step, _, _): steps.first { $0.name == step }
        case .missed(let step):
            steps.first { $0.name == step }?.within.flatMap { deadline in steps.first { $0.name == deadline.of } }
        }
    }

    /// Whether no one update of that step sets it off, but also one that joins several.
    private func isAboutSeveral(_ when: Contract.Rule.When, _ step: WrittenStep) -> Bool {
        if case .recorded(_, _, _?) = when { return true }
        return step.approvals != nil
    }

    private func check(_ step: WrittenStep, by: Set<Role>) {
        if by.isEmpty { owner.report(reader.failure("rule \(name) names nobody who acts")) }
        for role in by.subtracting(step.by).map(\.rawValue).sorted() {
            owner.report(reader.failure("rule \(name) has a \(role) record \(step.name), who may not"))
        }
        let reason: String? =
            if step.opens { "opens an order" } else if step.resolves { "closes disputes" } else if step.approvals != nil
            {
                "needs approvals"
            } else if step.signedByOperator { "needs an operator's signature" } else if !step.scans.isEmpty {
                "needs a scan"
            } else { nil }
        if let reason { owner.report(reader.failure("rule \(name) cannot record \(step.name), which \(reason)")) }
    }

    // MARK: When

    /// `{step: shipped, where: {...}, count: 3}` or `{missed: shipped}`
    private func when(_ reader: YAMLReader) -> Contract.Rule.When? {
        let keys = owner.mapping(reader, known: ["step", "where", "count", "missed"])
        if let missed = keys["missed"] {
            if keys.count > 1 { owner.report(reader.failure("a missed deadline stands alone")) }
            guard let step = step(missed) else { return nil }
            if step.within == nil { owner.report(missed.failure("step \(step.name) has no deadline ('within')")) }
            return step.within == nil ? nil : .missed(step: step.name)
        }
        guard let step = owner.required("step", of: keys, reader).flatMap(step) else { return nil }
        let conditions = keys["where"].map { self.conditions($0, on: step) } ?? []
        if step.approvals != nil, keys.count > 1 {
            owner.report(
                reader.failure("step \(step.name) needs approvals, and is done once: it has no 'where' or 'count'"))
        }
        let count = keys["count"].flatMap { count in
            owner.attempt { try count.number(in: 1...Contract.Rule.countMax) }
        }
        return .recorded(step: step.name, conditions: conditions, count: count)
    }

    /// `{severity: critical, worst: {above: 12}}`
    private func conditions(_ reader: YAMLReader, on step: WrittenStep) -> [Contract.Condition] {
        guard let pairs = owner.attempt({ try reader.pairs() }),
            owner.attempt({
                try Limit.check(pairs.count, max: Contract.Rule.conditionsMax, "rule \(name)", unit: "conditions")
            }) != nil
        else { return [] }
        return pairs.compactMap { fact, value in owner.attempt { try condition(on: fact, value, of: step) } }
    }

    private func condition(on fact: String, _ reader: YAMLReader, of step: WrittenStep) throws -> Contract.Condition {
        let type = try type(ofPublic: fact, in: step, at: reader)
        let (relation, value) = try relation(reader)
        if relation.comparesOrder, !type.isOrdered {
            throw reader.failure("'\(fact)' is a \(type.name), which is neither more nor less than another")
        }
        let text = try value.text()
        guard type.admits(text) else { throw value.failure("'\(fact)' is \(type.expectation)") }
        return Contract.Condition(fact: fact, relation: relation, value: text, type: type)
    }

    private func relation(_ reader: YAMLReader) throws -> (Contract.Condition.Relation, YAMLReader) {
        guard !reader.isScalar else { return (.is, reader) }
        let known = Contract.Condition.Relation.allCases
        let pairs = try reader.pairs()
        guard pairs.count == 1, let relation = Contract.Condition.Relation(rawValue: pairs[0].key) else {
            throw reader.failure(
                "a condition has one comparison", remedy: "these are: \(known.map(\.rawValue).joined(separator: ", "))")
        }
        return (relation, pairs[0].value)
    }

    private func type(ofPublic fact: String, in step: WrittenStep, at reader: YAMLReader) throws -> FactType {
        guard let permitted = step.fact(fact) else {
            throw reader.failure("step \(step.name) permits no fact '\(fact)'")
        }
        guard permitted.visibility == .public else {
            throw reader.failure("the fact '\(fact)' of step \(step.name) is private, and so no rule may use it")
        }
        return permitted.type ?? .text
    }

    // MARK: Facts

    /// `{reason: not shipped in time, lot: {from: lot}}`
    /// - Parameters:
    ///   - record: nil for a step of another contract.
    ///   - trigger: the step that a value may come from; nil where that is not one update.
    private func facts(
        _ reader: YAMLReader, record: WrittenStep?, trigger: WrittenStep?
    ) -> [(name: String, value: Contract.Rule.Value)] {
        guard let pairs = owner.attempt({ try reader.pairs() }),
            owner.attempt({ try Limit.check(pairs.count, max: Update.factsMax, "rule \(name)", unit: "facts") }) != nil
        else { return [] }
        return pairs.compactMap { fact, value in
            owner.attempt { (fact, try self.value(of: fact, value, record: record, trigger: trigger)) }
        }
    }

    private func value(
        of fact: String, _ reader: YAMLReader, record: WrittenStep?, trigger: WrittenStep?
    ) throws -> Contract.Rule.Value {
        let type = try record.map { try self.type(ofPublic: fact, in: $0, at: reader) } ?? FactType.text
        guard !reader.isScalar else {
            let text = try reader.text()
            guard type.admits(text) else { throw reader.failure("'\(fact)' is \(type.expectation)") }
            try Limit.check(text.utf8.count, max: Update.factBytesMax, "the fact \(fact)", unit: "bytes")
            return .text(text)
        }
        let keys = try reader.mapping(known: ["from"])
        let source = try keys.required("from", of: reader)
        let copied = try source.text()
        guard let trigger else {
            throw source.failure("several updates set the rule \(name) off together, so that no fact comes from one")
        }
        guard try self.type(ofPublic: copied, in: trigger, at: source) == type || type == .text else {
            throw source.failure("'\(copied)' of step \(trigger.name) is of another type than '\(fact)'")
        }
        return .copied(fact: copied)
    }

    private func checkRequired(_ step: WrittenStep, _ facts: [(name: String, value: Contract.Rule.Value)]) {
        for name in step.requires where !facts.contains(where: { $0.name == name }) {
            owner.report(reader.failure("rule \(self.name) gives no '\(name)', which \(step.name) requires"))
        }
    }
}
