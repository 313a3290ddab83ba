extension ThreadGraph {
    /// Everything that these stand on, and themselves.
    func past(of places: [Int]) -> NodeSet {
        places.reduce(into: NodeSet()) { $0.formUnion(nodes[$1].past) }
    }

    /// A past without what its resolutions dropped.
    func standing(in past: NodeSet) -> NodeSet { past.subtracting(dropped(in: past)) }

    /// The steps done in a past, without what its resolutions dropped.
    func stepsDone(in past: NodeSet) -> StepSet {
        let standing = standing(in: past).members
        let steps = standing.compactMap { nodes[$0].footing.step }
        return StepSet(
            steps.filter { step in
                step.approvals.map { $0.count <= organisations(recording: step, standing).count } ?? true
            }
            .map(\.number))
    }

    /// The organisations that recorded a step, each once however often it did.
    func organisations(recording step: Contract.Step, _ places: some Sequence<Int>) -> Set<String> {
        places.reduce(into: Set()) { found, place in
            guard nodes[place].footing.step?.number == step.number else { return }
            found.insert(ConsortiumDocument.organisation(ofOrigin: nodes[place].reference.origin))
        }
    }

    // MARK: Conflicts

    /// The first two of these heads whose branches cannot both stand.
    func conflict(
        among heads: [Int], contract: Contract, updates: (Int) throws -> Update
    ) rethrows -> OrderThread.Conflict? {
        guard heads.count > 1 else { return nil }
        let dropped = dropped(in: past(of: heads))
        for (count, first) in heads.enumerated() {
            for second in heads[(count + 1)...] {
                if let message = try disagreement(first, second, dropped, contract: contract, updates: updates) {
                    return OrderThread.Conflict(
                        first: nodes[first].reference, second: nodes[second].reference, message: message,
                        dropped: heads.filter(dropped.contains).map { nodes[$0].reference.leafHash })
                }
            }
        }
        return nil
    }

    /// Only what one branch holds and the other does not can disagree.
    /// - Returns: of several sentences the first in the alphabet, so that everybody reads the same.
    private func disagreement(
        _ first: Int, _ second: Int, _ dropped: NodeSet, contract: Contract, updates: (Int) throws -> Update
    ) rethrows -> String? {
        let left = nodes[first].past.subtracting(nodes[second].past).subtracting(dropped)
        let right = nodes[second].past.subtracting(nodes[first].past).subtracting(dropped)
        let branch = BranchClaims(try left.members.map { (try updates($0), nodes[$0].event) }, contract: contract)
        let sentence = try right.members.lazy.compactMap {
            branch.disagreement(with: try updates($0), event: nodes[$0].event)
        }.min()
        guard sentence == nil, contract.rules.contains(where: \.isDeadline) else { return sentence }
        let both = nodes[first].past.union(nodes[second].past).subtracting(dropped)
        let claims = (left.members + right.members).filter { nodes[$0].event != nodes[$0].reference.leafHash }
        return try claims.compactMap { try contradiction(to: $0, in: both, contract: contract, updates: updates) }.min()
    }
}

/// What the updates of a branch claim that another branch may deny.
private struct BranchClaims {
    private let contract: Contract
    /// The steps that it holds, with what happened: rules' updates may record one event several times.
    private var steps: [String: Set<Hash>] = [:]
    /// The values that its steps, except repeatable ones, give to facts.
    private var values: [String: Set<Fact.Value>] = [:]

    init(_ updates: [(update: Update, event: Hash)], contract: Contract) {
        self.contract = contract
        for (update, event) in updates {
            steps[update.step, default: []].insert(event)
            guard let step = contract.step(update.step), !step.isSeveral else { continue }
            for fact in update.facts { values[fact.name, default: []].insert(fact.value) }
        }
    }

    func disagreement(with other: Update, event: Hash) -> String? {
        guard let step = contract.step(other.step) else { return nil }
        if !step.isSeveral, let events = steps[step.name], events != [event] {
            return "\(step.name) was recorded on both branches"
        }
        if let excluded = steps.keys.filter({ excludes($0, step) }).min() {
            let pair = [excluded, step.name].sorted()
            return "\(pair[0]) and \(pair[1]) exclude each other"
        }
        guard !step.isSeveral else { return nil }
        let names = other.facts.filter { fact in values[fact.name].map { $0 != [fact.value] } ?? false }.map(\.name)
        return names.min().map { "the branches give different values for \($0)" }
    }

    private func excludes(_ name: String, _ step: Contract.Step) -> Bool {
        step.excludes.contains(name) || contract.step(name)?.excludes.contains(step.name) == true
    }
}

// MARK: - Resolutions

extension ThreadGraph {
    /// The place of the head that stands by a resolution.
    func standing(by resolution: some JudgedUpdate) -> Int? {
        guard let stands = resolution.text(of: Contract.standsFact).flatMap({ Hash(hex: $0) }) else { return nil }
        return place(of: stands)
    }

    /// What the resolutions of a past took out of the order, as far as this past tells.
    ///
    /// A resolution drops what stands behind its parents and not behind the one that stands. What descends from dropped
    /// updates alone is dropped with them, whenever it was made. Of concurrent resolutions that drop each other's choice
    /// the one with the smaller leaf hash stands, and the other is dropped.
    func dropped(in past: NodeSet) -> NodeSet {
        var undecided = resolutions.filter(past.contains)
        guard !undecided.isEmpty else { return NodeSet() }
        var standing: [Int] = []
        var fallen = NodeSet()
        var dropped = NodeSet()
        while let next = nextToDecide(undecided) {
            undecided.removeAll { $0 == next }
            if dropped.contains(next) { continue }
            if falls(next, before: standing, dropped) { fallen.insert(next) } else { standing.append(next) }
            dropped = descent(of: standing.reduce(into: fallen) { $0.formUnion(choice(of: $1).dropped) }, in: past)
        }
        return dropped
    }

    /// Of those that stand on no other undecided one, the one with the smallest leaf hash.
    private func nextToDecide(_ undecided: [Int]) -> Int? {
        undecided.filter { place in
            !undecided.contains { $0 != place && nodes[place].past.contains($0) }
        }.min { nodes[$0].reference.leafHash < nodes[$1].reference.leafHash }
    }

    private func falls(_ resolution: Int, before standing: [Int], _ dropped: NodeSet) -> Bool {
        let own = choice(of: resolution)
        return dropped.contains(own.stands)
            || standing.contains { other in
                !nodes[resolution].past.contains(other) && own.dropped.contains(choice(of: other).stands)
            }
    }

    private func choice(of resolution: Int) -> (stands: Int, dropped: NodeSet) {
        let stands = nodes[resolution].stands ?? resolution
        var dropped = nodes[resolution].past.subtracting(nodes[stands].past)
        dropped.remove(resolution)
        return (stands, dropped)
    }

    /// What has been dropped, and all of a past that descends from nothing else.
    private func descent(of dropped: NodeSet, in past: NodeSet) -> NodeSet {
        var dropped = dropped
        // Parents stand before their children.
        for place in past.members where !dropped.contains(place) {
            guard let parent = nodes[place].parent, dropped.contains(parent) else { continue }
            if nodes[place].moreParents.allSatisfy(dropped.contains) { dropped.insert(place) }
        }
        return dropped
    }
}
