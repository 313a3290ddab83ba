extension ThreadGraph {
    /// Everything that these stand on, and themselves.
    func past(of places: [Int]) -> NodeSet {
        places.reduce(into: NodeSet()) { $0.formUnion(nodes[$1].past) }
    }

    /// The steps done in a past, without what its resolutions dropped.
    func stepsDone(in past: NodeSet) -> StepSet {
        StepSet(past.subtracting(dropped(in: past)).members.compactMap { nodes[$0].footing.step?.number })
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
        let branch = BranchClaims(try left.members.map(updates), contract: contract)
        return try right.members.lazy.compactMap { branch.disagreement(with: try updates($0)) }.min()
    }
}

/// What the updates of a branch claim that another branch may deny.
private struct BranchClaims {
    private let contract: Contract
    /// The steps that it holds.
    private var steps: Set<String> = []
    /// The values that its steps, except repeatable ones, give to facts.
    private var values: [String: Set<Fact.Value>] = [:]

    init(_ updates: [Update], contract: Contract) {
        self.contract = contract
        for update in updates {
            steps.insert(update.step)
            guard let step = contract.step(update.step), !step.repeats else { continue }
            for fact in update.facts { values[fact.name, default: []].insert(fact.value) }
        }
    }

    func disagreement(with other: Update) -> String? {
        guard let step = contract.step(other.step) else { return nil }
        if !step.repeats, steps.contains(step.name) { return "\(step.name) was recorded on both branches" }
        if let excluded = steps.filter({ excludes($0, step) }).min() {
            let pair = [excluded, step.name].sorted()
            return "\(pair[0]) and \(pair[1]) exclude each other"
        }
        guard !step.repeats else { return nil }
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
