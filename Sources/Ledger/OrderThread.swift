/// The updates of one order that have a verdict, as the DAG that their parents make.
///
/// A verdict is a function of the update, its ancestors and the document that it names: nothing here depends on the
/// order of arrival, a clock or this gateway.
public struct OrderThread: Sendable {
    public struct Node: Sendable {
        public let reference: Reference
        public let update: Update
        public let verdict: Verdict
        let documentVersion: Int
        /// Itself and everything before it on this order.
        let past: NodeSet
        /// The numbers of the steps done in `past`.
        let done: NodeSet
    }

    /// What is known of an entry that stands outside this thread.
    public enum Elsewhere: Sendable {
        /// Not here, or not yet decided.
        case absent
        case decided(order: String, verdict: Verdict)
    }

    /// Why an order with several heads cannot simply go on.
    public struct Conflict: Hashable, Sendable {
        public let first: Reference
        public let second: Reference
        public let message: String
    }

    public let order: String
    public private(set) var nodes: [Node] = []
    /// Filled once there are more nodes than a look at each is worth.
    private var places: [Hash: Int] = [:]
    private var headPlaces: [Int] = []
    /// The names of the steps that have been recorded; a step's number is its place here.
    private var stepNames: [String] = []

    public init(order: String) {
        self.order = order
    }

    /// The accepted updates that no accepted update names as a parent, in a canonical order.
    public var heads: [Reference] {
        headPlaces.map { nodes[$0].reference }.sorted { $0.leafHash < $1.leafHash }
    }

    public var isFork: Bool { headPlaces.count > 1 }

    /// The contract that the first update pinned.
    public var contract: Hash? { nodes.first { $0.verdict.isAccepted }?.update.contract }

    public func node(_ leafHash: Hash) -> Node? { place(of: leafHash).map { nodes[$0] } }

    /// Nodes up to which looking at each is faster than a dictionary.
    private static let scanMax = 16

    private func place(of leafHash: Hash) -> Int? {
        guard nodes.count <= Self.scanMax else { return places[leafHash] }
        return nodes.lastIndex { $0.reference.leafHash == leafHash }
    }

    private mutating func note(_ leafHash: Hash, at place: Int) {
        guard place >= Self.scanMax else { return }
        if places.isEmpty { for (place, node) in nodes.enumerated() { places[node.reference.leafHash] = place } }
        places[leafHash] = place
    }

    /// Enters an update with the verdict that `judge` gave.
    public mutating func insert(_ update: Update, at reference: Reference, verdict: Verdict, documentVersion: Int) {
        guard place(of: reference.leafHash) == nil else { return }
        let place = nodes.count
        var parents: [Int] = []
        var past = NodeSet()
        var done = NodeSet()
        for parent in update.parents {
            guard let parent = self.place(of: parent.leafHash) else { continue }
            parents.append(parent)
            past.formUnion(nodes[parent].past)
            done.formUnion(nodes[parent].done)
        }
        past.insert(place)
        done.insert(number(of: update.step))
        note(reference.leafHash, at: place)
        nodes.append(
            Node(
                reference: reference, update: update, verdict: verdict, documentVersion: documentVersion, past: past,
                done: done))
        guard verdict.isAccepted else { return }
        headPlaces.removeAll(where: parents.contains)
        headPlaces.append(place)
    }

    private mutating func number(of step: String) -> Int {
        if let known = stepNames.firstIndex(of: step) { return known }
        stepNames.append(step)
        return stepNames.count - 1
    }

    private func contains(_ step: String, in done: NodeSet) -> Bool {
        stepNames.firstIndex(of: step).map(done.contains) ?? false
    }

    /// Steps done in the past of all heads together, each once per update.
    public func stepsDone() -> [String] {
        nodes.filter(\.verdict.isAccepted).map(\.update.step)
    }
}

// MARK: - Judging

extension OrderThread {
    /// Judges an update of this order.
    /// - Parameters:
    ///   - origin: the log that carries it.
    ///   - floor: the newest document version that this log named before.
    ///   - elsewhere: what is known of entries outside this thread: citations, and parents that are not in it.
    public func judge(
        _ update: Update, from origin: String, floor: Int, by rulebook: Rulebook,
        elsewhere: (Reference) throws -> Elsewhere
    ) rethrows -> Judgement {
        guard let document = rulebook.documents[update.consortium] else {
            return .waiting(.document(update.consortium))
        }
        if let refusal = Self.refusal(of: update, under: document, from: origin, floor: floor) {
            return .decided(.rejected(refusal))
        }
        guard let contract = rulebook.contracts[update.contract] else { return .waiting(.contract(update.contract)) }
        guard let step = contract.step(update.step) else {
            return rejected(.stepUnknown, "the contract \(contract.name) has no step '\(update.step)'")
        }
        switch try ancestry(of: update, document: document, elsewhere: elsewhere) {
        case .waiting(let awaited): return .waiting(awaited)
        case .refused(let rejection): return .decided(.rejected(rejection))
        case .known(let parents):
            let role = document.organisation(ConsortiumDocument.organisation(ofOrigin: origin))?.role
            if let refusal = opening(update, step: step, origin: origin) ?? Self.authority(step, role: role)
                ?? sequence(step, parents: parents) ?? Self.facts(of: update, step: step)
                ?? dispute(parents, contract: contract)
            {
                return .decided(.rejected(refusal))
            }
            return .decided(.accepted)
        }
    }

    private static func refusal(
        of update: Update, under document: ConsortiumDocument, from origin: String, floor: Int
    ) -> Rejection? {
        let organisation = ConsortiumDocument.organisation(ofOrigin: origin)
        if document.version < floor {
            return Rejection(
                .documentOlder, "it names version \(document.version) of the consortium document after version \(floor)"
            )
        }
        if document.organisation(organisation) == nil {
            return Rejection(.notAMember, "\(organisation) is not a member of the consortium")
        }
        if !document.holds(update.contract) {
            return Rejection(.contractNotInForce, "its contract is not in force in the consortium")
        }
        if update.firing != nil { return Rejection(.ruleUnknown, "the contract has no rules") }
        return nil
    }

    private enum Ancestry {
        case known([Int])
        case waiting(Awaited)
        case refused(Rejection)
    }

    private func ancestry(
        of update: Update, document: ConsortiumDocument, elsewhere: (Reference) throws -> Elsewhere
    ) rethrows -> Ancestry {
        var parents: [Int] = []
        for parent in update.parents {
            guard let place = place(of: parent.leafHash), nodes[place].reference == parent else {
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
        for cite in update.cites {
            switch try elsewhere(cite.reference) {
            case .absent: return .waiting(.entry(cite.reference))
            case .decided(_, .accepted): continue
            case .decided(_, .rejected):
                return .refused(Rejection(.ancestorRejected, "an update that it cites was rejected"))
            }
        }
        return .known(parents)
    }

    private func refusal(
        ofParent place: Int, of update: Update, document: ConsortiumDocument, among parents: [Int]
    ) -> Rejection? {
        let parent = nodes[place]
        if !parent.verdict.isAccepted { return Rejection(.ancestorRejected, "it builds on a rejected update") }
        if parents.contains(place) { return Rejection(.parentRepeated, "it names one parent twice") }
        if parent.update.contract != update.contract {
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

    private func opening(_ update: Update, step: Contract.Step, origin: String) -> Rejection? {
        switch (update.parents.isEmpty, step.after.isEmpty) {
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

    private static func facts(of update: Update, step: Contract.Step) -> Rejection? {
        for (place, fact) in update.facts.enumerated() {
            if update.facts[..<place].contains(where: { $0.name == fact.name }) {
                return Rejection(.factRepeated, "the fact \(fact.name) stands in it twice")
            }
            switch (step.facts[fact.name], fact.value) {
            case (nil, _):
                return Rejection(.factNotPermitted, "the contract permits no fact '\(fact.name)' in \(step.name)")
            case (.private, .text):
                return Rejection(.factNotPrivate, "the fact \(fact.name) is private and must not stand in a log")
            default: continue
            }
        }
        if let missing = step.requires.first(where: { name in !update.facts.contains { $0.name == name } }) {
            return Rejection(.factMissing, "\(step.name) needs the fact '\(missing)'")
        }
        return nil
    }

    private func dispute(_ parents: [Int], contract: Contract) -> Rejection? {
        conflict(among: parents, contract: contract).map {
            Rejection(.orderDisputed, "the order is disputed: \($0.message)")
        }
    }

    private func rejected(_ code: Rejection.Code, _ message: String) -> Judgement {
        .decided(.rejected(Rejection(code, message)))
    }
}

// MARK: - Forks

extension OrderThread {
    /// What makes the order disputed: the first two heads whose branches cannot both stand.
    public func conflict(under contract: Contract) -> Conflict? {
        conflict(
            among: headPlaces.sorted { nodes[$0].reference.leafHash < nodes[$1].reference.leafHash }, contract: contract
        )
    }

    private func conflict(among heads: [Int], contract: Contract) -> Conflict? {
        guard heads.count > 1 else { return nil }
        for (count, first) in heads.enumerated() {
            for second in heads[(count + 1)...] {
                if let message = disagreement(first, second, contract: contract) {
                    return Conflict(first: nodes[first].reference, second: nodes[second].reference, message: message)
                }
            }
        }
        return nil
    }

    /// Only what one branch holds and the other does not can disagree.
    private func disagreement(_ first: Int, _ second: Int, contract: Contract) -> String? {
        let left = nodes[first].past.subtracting(nodes[second].past).members
        let right = nodes[second].past.subtracting(nodes[first].past).members
        for one in left {
            for other in right {
                if let message = disagreement(between: nodes[one].update, and: nodes[other].update, contract: contract)
                {
                    return message
                }
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
