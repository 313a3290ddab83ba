/// What a contract asks of an update's past beyond the steps done: who approved, what was scanned, what set a rule off.
///
/// Only such an update pays for looking: it needs the past without what resolutions dropped.
struct Demand<Judged: JudgedUpdate> {
    private let update: Judged
    private let step: Contract.Step
    private let recordedAt: Int64
    private let origin: String
    private let contract: Contract

    init(_ update: Judged, step: Contract.Step, recordedAt: Int64, on grounds: Grounds, contract: Contract) {
        self.update = update
        self.step = step
        self.recordedAt = recordedAt
        origin = grounds.origin
        self.contract = contract
    }

    /// - Parameter parents: the places of what the update stands on.
    func refusal(
        on parents: [Int], of graph: ThreadGraph, updates: (Int) throws -> Update
    ) rethrows -> Rejection? {
        guard step.looksBack || update.isFired else { return nil }
        let standing = graph.standing(in: graph.past(of: parents))
        return try approval(in: standing, of: graph) ?? scans(in: standing, of: graph, updates: updates)
            ?? firing(in: standing, of: graph, updates: updates)
    }

    private func approval(in standing: NodeSet, of graph: ThreadGraph) -> Rejection? {
        guard step.approvals != nil else { return nil }
        let organisation = ConsortiumDocument.organisation(ofOrigin: origin)
        guard graph.organisations(recording: step, standing.members).contains(organisation) else { return nil }
        return Rejection(.stepRepeated, "\(organisation) has recorded \(step.name) already: another must")
    }

    private func scans(
        in standing: NodeSet, of graph: ThreadGraph, updates: (Int) throws -> Update
    ) rethrows -> Rejection? {
        for demand in step.scans {
            guard let relation = demand.relation else { continue }
            let recorded = try standing.members.filter { place in
                graph.nodes[place].footing.step.map { demand.steps.contains($0.name) } ?? false
            }.flatMap { try updates($0).subjects.compactMap(ScannedThing.init) }
            let carried = update.subjects.compactMap(ScannedThing.init).filter { $0.kind == demand.kind }
            let isRight = carried.allSatisfy { thing in
                recorded.contains { relation == .equals ? thing == $0 : thing.isContained(in: $0) }
            }
            if isRight { continue }
            let before = demand.steps.joined(separator: " or ")
            return Rejection(
                .scanMismatched,
                "the \(demand.kind.rawValue) scanned for \(step.name) is not \(relation == .equals ? "" : "within ")"
                    + "that of \(before)")
        }
        return nil
    }

    private func firing(
        in standing: NodeSet, of graph: ThreadGraph, updates: (Int) throws -> Update
    ) rethrows -> Rejection? {
        guard let firing = update.firing, let rule = contract.rule(firing.rule) else { return nil }
        guard let trigger = graph.place(of: firing.trigger), standing.contains(trigger),
            try graph.setsOff(rule, at: trigger, contract: contract, updates: updates)
        else { return Rejection(.ruleNotSetOff, "nothing that stands set the rule \(rule.name) off") }
        let event = graph.event(of: rule, at: trigger, contract: contract)
        if standing.members.contains(where: { graph.nodes[$0].event == event }) {
            return Rejection(.ruleActedOn, "the rule \(rule.name) has been acted on already")
        }
        if let refusal = graph.deadline(of: rule, at: trigger, claimedAt: recordedAt, in: standing, contract: contract)
        {
            return refusal
        }
        return areFacts(rule.facts(from: try updates(trigger)))
            ? nil : Rejection(.ruleMismatched, "its facts are not those that the rule \(rule.name) records")
    }

    private func areFacts(_ expected: [Fact]) -> Bool {
        guard update.factCount == expected.count else { return false }
        return (0..<update.factCount).allSatisfy { place in
            expected.contains { fact in
                guard update.isFact(place, fact.name), case .text(let text) = fact.value else { return false }
                return update.text(at: place) == text
            }
        }
    }
}

extension ThreadGraph {
    // MARK: What sets a rule off

    /// Whether an update sets a rule off, which follows from it and what it stands on.
    func setsOff(
        _ rule: Contract.Rule, at trigger: Int, contract: Contract, updates: (Int) throws -> Update
    ) rethrows -> Bool {
        guard let step = rule.triggerStep(in: contract) else { return false }
        if step.approvals != nil {
            return begins(at: trigger) { stepsDone(in: $0).contains(step.number) }
        }
        guard case .recorded(_, let conditions, let count) = rule.when else { return isStep(step, trigger) }
        func isCounted(_ place: Int) throws -> Bool {
            guard isStep(step, place) else { return false }
            guard !conditions.isEmpty else { return true }
            let update = try updates(place)
            return conditions.allSatisfy { $0.isMet(by: update) }
        }
        guard let count else { return try isCounted(trigger) }
        return try begins(at: trigger) { past in
            Set(try standing(in: past).members.filter(isCounted).map { nodes[$0].event }).count >= count
        }
    }

    private func isStep(_ step: Contract.Step, _ place: Int) -> Bool {
        nodes[place].footing.step?.number == step.number
    }

    /// Whether something is so with an update that was not so before it.
    private func begins(at place: Int, _ isSo: (NodeSet) throws -> Bool) rethrows -> Bool {
        guard try isSo(nodes[place].past) else { return false }
        let parents = (nodes[place].parent.map { [$0] } ?? []) + nodes[place].moreParents
        return try !parents.contains { try isSo(nodes[$0].past) }
    }

    // MARK: What happened

    /// What all updates share that record one firing of a rule; of others the leaf hash.
    func event(of update: some JudgedUpdate, at reference: Reference, under contract: Contract?) -> Hash {
        guard update.isFired, let firing = update.firing, let contract, let rule = contract.rule(firing.rule),
            let trigger = place(of: firing.trigger)
        else { return reference.leafHash }
        return event(of: rule, at: trigger, contract: contract)
    }

    /// A rule that is for once happens once in an order, whichever of several updates set it off.
    func event(of rule: Contract.Rule, at trigger: Int, contract: Contract) -> Hash {
        let cause = rule.isForOnce(in: contract) ? [] : nodes[trigger].event.bytes
        return Hash.sha256(Array("rule\n\(rule.name)\n".utf8) + cause)
    }

    // MARK: Deadlines

    /// Why an update cannot claim that a deadline was missed; nil for a rule without one.
    func deadline(
        of rule: Contract.Rule, at trigger: Int, claimedAt: Int64, in standing: NodeSet, contract: Contract
    ) -> Rejection? {
        guard case .missed(let name) = rule.when, let step = contract.step(name), let within = step.within else {
            return nil
        }
        let end = within.end(from: nodes[trigger].recordedAt)
        if claimedAt <= end { return Rejection(.deadlineNotPassed, "the deadline of \(name) has not passed") }
        guard isMet(step, by: end, from: trigger, in: standing) else { return nil }
        return Rejection(.deadlineMet, "\(name) was recorded in time")
    }

    /// Whether a step was done in time; of one that repeats, after what its deadline counts from.
    private func isMet(_ step: Contract.Step, by end: Int64, from trigger: Int, in places: NodeSet) -> Bool {
        let inTime = places.members.filter { place in
            isStep(step, place) && nodes[place].recordedAt <= end
                && (!step.repeats || nodes[place].past.contains(trigger))
        }
        guard let approvals = step.approvals else { return !inTime.isEmpty }
        return organisations(recording: step, inTime).count >= approvals.count
    }

    /// What speaks against the claim of one branch that a deadline was missed: that another has the step in time.
    func contradiction(
        to claim: Int, in places: NodeSet, contract: Contract, updates: (Int) throws -> Update
    ) rethrows -> String? {
        guard let firing = try updates(claim).firing, let rule = contract.rule(firing.rule),
            case .missed(let name) = rule.when, let step = contract.step(name), let within = step.within,
            let trigger = place(of: firing.trigger)
        else { return nil }
        var others = places
        for place in places.members where nodes[place].past.contains(claim) { others.remove(place) }
        let isMet = isMet(step, by: within.end(from: nodes[trigger].recordedAt), from: trigger, in: others)
        return isMet ? "\(name) was recorded in time on one branch and missed on the other" : nil
    }
}
