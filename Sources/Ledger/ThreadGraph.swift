/// The shape of one order: which of its updates stand on which, with their verdicts, and nothing of what they say.
///
/// A verdict is a function of the update, its ancestors and the document that it names: nothing here depends on the
/// order of arrival, a clock or this gateway.
public struct ThreadGraph: Sendable {
    struct Node: Sendable {
        let reference: Reference
        let verdict: Verdict
        let contract: Hash
        let documentVersion: Int
        /// Itself and everything before it on this order.
        let past: NodeSet
        /// The numbers of the steps done in `past`.
        let done: NodeSet
    }

    public let order: String
    /// The contract that the first accepted update pinned.
    public private(set) var contract: Hash?
    private(set) var nodes: [Node] = []
    private(set) var headPlaces: [Int] = []
    /// Filled once there are more nodes than a look at each is worth.
    private var places: [Hash: Int] = [:]
    /// The names of the steps that have been recorded; a step's number is its place here.
    private var stepNames: [String] = []

    public init(order: String) {
        self.order = order
    }

    /// Nodes up to which looking at each is faster than a dictionary.
    private static let scanMax = 16

    func place(of leafHash: Hash) -> Int? {
        guard nodes.count <= Self.scanMax else { return places[leafHash] }
        return nodes.lastIndex { $0.reference.leafHash == leafHash }
    }

    private mutating func note(_ leafHash: Hash, at place: Int) {
        guard place >= Self.scanMax else { return }
        if places.isEmpty { for (place, node) in nodes.enumerated() { places[node.reference.leafHash] = place } }
        places[leafHash] = place
    }

    /// Enters an update with the verdict that `judge` gave.
    /// - Returns: false if it is there already.
    public mutating func insert(
        _ update: UpdateScan, at reference: Reference, verdict: Verdict, documentVersion: Int
    ) -> Bool {
        insert(judged: update, at: reference, verdict: verdict, documentVersion: documentVersion)
    }

    mutating func insert(
        judged update: some JudgedUpdate, at reference: Reference, verdict: Verdict, documentVersion: Int
    ) -> Bool {
        guard place(of: reference.leafHash) == nil else { return false }
        let place = nodes.count
        var past = NodeSet()
        var done = NodeSet()
        for number in 0..<update.parentCount {
            guard let parent = self.place(of: update.parentHash(number)) else { continue }
            past.formUnion(nodes[parent].past)
            done.formUnion(nodes[parent].done)
            if verdict.isAccepted { headPlaces.removeAll { $0 == parent } }
        }
        past.insert(place)
        done.insert(numberOfStep(of: update))
        note(reference.leafHash, at: place)
        nodes.append(
            Node(
                reference: reference, verdict: verdict, contract: update.contract, documentVersion: documentVersion,
                past: past, done: done))
        guard verdict.isAccepted else { return true }
        if contract == nil { contract = update.contract }
        headPlaces.append(place)
        return true
    }

    private mutating func numberOfStep(of update: some JudgedUpdate) -> Int {
        if let known = stepNames.firstIndex(where: update.isStep) { return known }
        stepNames.append(update.stepName)
        return stepNames.count - 1
    }

    private func contains(_ step: String, in done: NodeSet) -> Bool {
        stepNames.firstIndex(of: step).map(done.contains) ?? false
    }
}

// MARK: - Judging

extension ThreadGraph {
    /// Judges an update of this order from its bytes.
    /// - Parameters:
    ///   - origin: the log that carries it.
    ///   - floor: the newest document version that this log named before.
    ///   - elsewhere: what is known of entries outside this thread: citations, and parents that are not in it.
    ///   - updates: what a node of this thread says; asked for when branches are joined.
    public func judge(
        _ update: UpdateScan, from origin: String, floor: Int, by rulebook: Rulebook,
        elsewhere: (Reference) throws -> OrderThread.Elsewhere, updates: (Reference) throws -> Update
    ) throws -> Judgement {
        try judge(
            judged: update, from: origin, floor: floor, by: rulebook, elsewhere: elsewhere,
            updates: { try updates(nodes[$0].reference) })
    }

    func judge(
        judged update: some JudgedUpdate, from origin: String, floor: Int, by rulebook: Rulebook,
        elsewhere: (Reference) throws -> OrderThread.Elsewhere, updates: (Int) throws -> Update
    ) rethrows -> Judgement {
        guard let document = rulebook.documents[update.consortium] else {
            return .waiting(.document(update.consortium))
        }
        let role = document.role(of: ConsortiumDocument.organisation(ofOrigin: origin))
        if let refusal = Self.refusal(of: update, under: document, from: origin, role: role, floor: floor) {
            return .decided(.rejected(refusal))
        }
        guard let contract = rulebook.contracts[update.contract] else { return .waiting(.contract(update.contract)) }
        guard let step = contract.steps.first(where: { update.isStep($0.name) }) else {
            return rejected(.stepUnknown, "the contract \(contract.name) has no step '\(update.stepName)'")
        }
        switch try ancestry(of: update, document: document, elsewhere: elsewhere) {
        case .waiting(let awaited): return .waiting(awaited)
        case .refused(let rejection): return .decided(.rejected(rejection))
        case .known(let parents):
            if let refusal = try opening(update, step: step, origin: origin) ?? Self.authority(step, role: role)
                ?? sequence(step, parents: parents) ?? Self.facts(of: update, step: step)
                ?? dispute(parents, contract: contract, updates: updates)
            {
                return .decided(.rejected(refusal))
            }
            return .decided(.accepted)
        }
    }

    private static func refusal(
        of update: some JudgedUpdate, under document: ConsortiumDocument, from origin: String, role: Role?, floor: Int
    ) -> Rejection? {
        if document.version < floor {
            return Rejection(
                .documentOlder, "it names version \(document.version) of the consortium document after version \(floor)"
            )
        }
        if role == nil {
            let organisation = ConsortiumDocument.organisation(ofOrigin: origin)
            return Rejection(.notAMember, "\(organisation) is not a member of the consortium")
        }
        if !document.holds(update.contract) {
            return Rejection(.contractNotInForce, "its contract is not in force in the consortium")
        }
        if update.isFired { return Rejection(.ruleUnknown, "the contract has no rules") }
        return nil
    }

    private enum Ancestry {
        case known([Int])
        case waiting(Awaited)
        case refused(Rejection)
    }

    private func ancestry(
        of update: some JudgedUpdate, document: ConsortiumDocument,
        elsewhere: (Reference) throws -> OrderThread.Elsewhere
    ) rethrows -> Ancestry {
        var parents: [Int] = []
        for number in 0..<update.parentCount {
            guard let place = place(of: update.parentHash(number)), update.isParent(number, nodes[place].reference)
            else {
                let parent = update.parent(number)
                guard case .decided(let other, _) = try elsewhere(parent), other != order else {
                    return .waiting(.entry(parent))
                }
                return .refused(Rejection(.parentOfAnotherOrder, "a parent belongs to the order \(other)"))
            }
            if let refusal = refusal(ofParent: place, of: update, document: document, among: parents) {
                return .refused(refusal)
            }
            parents.append(place)
        }
        for cited in update.cited {
            switch try elsewhere(cited) {
            case .absent: return .waiting(.entry(cited))
            case .decided(_, .accepted): continue
            case .decided(_, .rejected):
                return .refused(Rejection(.ancestorRejected, "an update that it cites was rejected"))
            }
        }
        return .known(parents)
    }

    private func refusal(
        ofParent place: Int, of update: some JudgedUpdate, document: ConsortiumDocument, among parents: [Int]
    ) -> Rejection? {
        let parent = nodes[place]
        if !parent.verdict.isAccepted { return Rejection(.ancestorRejected, "it builds on a rejected update") }
        if parents.contains(place) { return Rejection(.parentRepeated, "it names one parent twice") }
        if parent.contract != update.contract {
            return Rejection(.contractChanged, "the order was opened under another contract")
        }
        if parent.documentVersion > document.version {
            return Rejection(
                .documentOlder,
                "it names version \(document.version) of the consortium document after version \(parent.documentVersion)"
            )
        }
        return nil
    }

    private func opening(_ update: some JudgedUpdate, step: Contract.Step, origin: String) -> Rejection? {
        switch (update.parentCount == 0, step.after.isEmpty) {
        case (true, true):
            return OrderName.belongs(order, to: origin)
                ? nil : Rejection(.orderNameForeign, "\(origin) opened an order that bears another gateway's name")
        case (true, false):
            return Rejection(.orderNotOpened, "the order has not been opened, as \(step.name) needs")
        case (false, true):
            return Rejection(.stepRepeated, "the order is open already")
        case (false, false):
            return nil
        }
    }

    private static func authority(_ step: Contract.Step, role: Role?) -> Rejection? {
        guard let role, step.by.contains(role) else {
            let allowed = step.by.map(\.rawValue).sorted().joined(separator: " or ")
            return Rejection(
                .roleNotAllowed,
                "\(step.name) may be recorded by a \(allowed), not by a \(role?.rawValue ?? "stranger")")
        }
        return nil
    }

    func allowsNext(_ step: Contract.Step) -> Bool {
        !headPlaces.isEmpty && !step.after.isEmpty && sequence(step, parents: headPlaces) == nil
    }

    private func sequence(_ step: Contract.Step, parents: [Int]) -> Rejection? {
        var done = NodeSet()
        for parent in parents { done.formUnion(nodes[parent].done) }
        for missing in step.after where !contains(missing, in: done) {
            return Rejection(.stepOutOfOrder, "\(step.name) comes after \(missing), which has not been recorded")
        }
        for excluded in step.excludes where contains(excluded, in: done) {
            return Rejection(.stepExcluded, "\(step.name) is not possible after \(excluded)")
        }
        if !step.repeats, contains(step.name, in: done) {
            return Rejection(.stepRepeated, "\(step.name) has been recorded already")
        }
        return nil
    }

    private static func facts(of update: some JudgedUpdate, step: Contract.Step) -> Rejection? {
        for place in 0..<update.factCount {
            if (0..<place).contains(where: { update.isFact($0, sameAs: place) }) {
                return Rejection(.factRepeated, "the fact \(update.factName(place)) stands in it twice")
            }
            switch step.permitted.first(where: { update.isFact(place, $0.name) })?.visibility {
            case nil:
                return Rejection(
                    .factNotPermitted,
                    "the contract permits no fact '\(update.factName(place))' in \(step.name)")
            case .private where update.isText(place):
                return Rejection(
                    .factNotPrivate, "the fact \(update.factName(place)) is private and must not stand in a log")
            default: continue
            }
        }
        let missing = step.requires.first { name in !(0..<update.factCount).contains { update.isFact($0, name) } }
        if let missing { return Rejection(.factMissing, "\(step.name) needs the fact '\(missing)'") }
        return nil
    }

    private func dispute(
        _ parents: [Int], contract: Contract, updates: (Int) throws -> Update
    ) rethrows -> Rejection? {
        try conflict(among: parents, contract: contract, updates: updates).map {
            Rejection(.orderDisputed, "the order is disputed: \($0.message)")
        }
    }

    private func rejected(_ code: Rejection.Code, _ message: String) -> Judgement {
        .decided(.rejected(Rejection(code, message)))
    }
}

// MARK: - Forks

extension ThreadGraph {
    func conflict(
        among heads: [Int], contract: Contract, updates: (Int) throws -> Update
    ) rethrows -> OrderThread.Conflict? {
        guard heads.count > 1 else { return nil }
        for (count, first) in heads.enumerated() {
            for second in heads[(count + 1)...] {
                if let message = try disagreement(first, second, contract: contract, updates: updates) {
                    return OrderThread.Conflict(
                        first: nodes[first].reference, second: nodes[second].reference, message: message)
                }
            }
        }
        return nil
    }

    /// Only what one branch holds and the other does not can disagree.
    private func disagreement(
        _ first: Int, _ second: Int, contract: Contract, updates: (Int) throws -> Update
    ) rethrows -> String? {
        let left = try nodes[first].past.subtracting(nodes[second].past).members.map(updates)
        let right = try nodes[second].past.subtracting(nodes[first].past).members.map(updates)
        for one in left {
            for other in right {
                if let message = disagreement(between: one, and: other, contract: contract) { return message }
            }
        }
        return nil
    }

    private func disagreement(between one: Update, and other: Update, contract: Contract) -> String? {
        guard let step = contract.step(one.step), let otherStep = contract.step(other.step) else { return nil }
        if one.step == other.step, !step.repeats { return "\(one.step) was recorded on both branches" }
        if step.excludes.contains(other.step) || otherStep.excludes.contains(one.step) {
            return "\(one.step) and \(other.step) exclude each other"
        }
        guard !step.repeats, !otherStep.repeats else { return nil }
        for fact in one.facts {
            for otherFact in other.facts where otherFact.name == fact.name && otherFact.value != fact.value {
                return "the branches give different values for \(fact.name)"
            }
        }
        return nil
    }
}
