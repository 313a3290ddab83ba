/// The shape of one order: which of its updates stand on which, with their verdicts, and nothing of what they say.
///
/// A verdict is a function of the update, its ancestors and the document that it names: nothing here depends on the
/// order of arrival, a clock or this gateway.
public struct ThreadGraph: Sendable {
    /// What an update that names another one as its parent stands on.
    struct Footing: Sendable {
        let reference: Reference
        let isAccepted: Bool
        let contract: Hash
        let documentVersion: Int
        /// The parent's step; nil if the contract has none of its name.
        let step: Contract.Step?
        /// The steps done by the parent and before it, without those of dropped branches. Numbers of its contract:
        /// whatever builds on it has the same.
        var done: StepSet
    }

    struct Node: Sendable {
        var footing: Footing
        let verdict: Verdict
        /// Itself and everything before it on this order.
        let past: NodeSet
        /// The place of its first parent; nil for an opening.
        let parent: Int?
        /// The places of the others.
        let moreParents: [Int]
        /// The place of the head that stands by it, if it is a resolution.
        let stands: Int?
        /// UTC, microseconds.
        let recordedAt: Int64
        /// What happened with it: its own leaf hash, or what all updates share that record one firing of a rule.
        let event: Hash

        var reference: Reference { footing.reference }
    }

    public let order: String
    /// The contract that the first accepted update pinned.
    public private(set) var contract: Hash?
    private(set) var nodes: [Node] = []
    private(set) var headPlaces: [Int] = []
    /// The places of the accepted resolutions.
    private(set) var resolutions: [Int] = []
    /// Whether steps count as done only once several updates have recorded them.
    private var hasApprovals = false
    /// Filled once there are more nodes than a look at each is worth.
    private var places: [Hash: Int] = [:]

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
        _ update: UpdateScan, at reference: Reference, verdict: Verdict, on grounds: Grounds
    ) -> Bool {
        insert(judged: update, at: reference, recordedAt: update.recordedAt, verdict: verdict, on: grounds)
    }

    /// - Parameter recordedAt: of the entry, UTC microseconds.
    mutating func insert(
        judged update: some JudgedUpdate, at reference: Reference, recordedAt: Int64, verdict: Verdict,
        on grounds: Grounds
    ) -> Bool {
        guard place(of: reference.leafHash) == nil else { return false }
        let place = nodes.count
        var past = NodeSet()
        var done = StepSet()
        var (first, more) = (Int?.none, [Int]())
        for number in 0..<update.parentCount {
            guard let parent = self.place(of: update.parentHash(number)) else { continue }
            if first == nil { first = parent } else { more.append(parent) }
            past.formUnion(nodes[parent].past)
            done.formUnion(nodes[parent].footing.done)
            if verdict.isAccepted { headPlaces.removeAll { $0 == parent } }
        }
        past.insert(place)
        note(reference.leafHash, at: place)
        let footing = Footing(after: update, at: reference, isAccepted: verdict.isAccepted, done: done, on: grounds)
        let stands = verdict.isAccepted && footing.step?.resolves == true ? standing(by: update) : nil
        nodes.append(
            Node(
                footing: footing, verdict: verdict, past: past, parent: first, moreParents: more, stands: stands,
                recordedAt: recordedAt, event: event(of: update, at: reference, under: grounds.contract)))
        guard verdict.isAccepted else { return true }
        if contract == nil { contract = update.contract }
        headPlaces.append(place)
        if stands != nil { resolutions.append(place) }
        if grounds.contract?.hasApprovals == true { hasApprovals = true }
        // What stands on one update alone has the same state before it.
        let isJoined = !more.isEmpty && (!resolutions.isEmpty || hasApprovals)
        if isJoined || footing.step?.approvals != nil { nodes[place].footing.done = stepsDone(in: past) }
        return true
    }
}

extension ThreadGraph.Footing {
    /// What stands on an update.
    /// - Parameter done: the steps done before it.
    init(
        after update: some JudgedUpdate, at reference: Reference, isAccepted: Bool, done: StepSet, on grounds: Grounds
    ) {
        var done = done
        let step = grounds.contract?.steps.first { update.isStep($0.name) }
        if let step { done.insert(step.number) }
        self.init(
            reference: reference, isAccepted: isAccepted, contract: update.contract,
            documentVersion: grounds.documentVersion, step: step, done: done)
    }
}

// MARK: - Judging

extension ThreadGraph {
    /// Judges an update of this order from its bytes.
    /// - Parameters:
    ///   - floor: the newest document version that its log named before.
    ///   - elsewhere: what is known of entries outside this thread: citations, and parents that are not in it.
    ///   - updates: what a node of this thread says; asked for when branches are joined.
    public func judge(
        _ update: UpdateScan, floor: Int, on grounds: Grounds,
        elsewhere: (Reference) throws -> OrderThread.Elsewhere, updates: (Reference) throws -> Update
    ) throws -> Judgement {
        try judge(
            judged: update, recordedAt: update.recordedAt, floor: floor, on: grounds, elsewhere: elsewhere,
            updates: { try updates(nodes[$0].reference) })
    }

    /// - Parameter recordedAt: of the entry, UTC microseconds.
    func judge(
        judged update: some JudgedUpdate, recordedAt: Int64, floor: Int, on grounds: Grounds,
        elsewhere: (Reference) throws -> OrderThread.Elsewhere, updates: (Int) throws -> Update
    ) rethrows -> Judgement {
        try Self.judge(
            update, of: order, recordedAt: recordedAt, floor: floor, on: grounds,
            ancestry: { try ancestry(of: update, document: $0, elsewhere: elsewhere) },
            pastRefusal: { parents, step, contract in
                try Demand(update, step: step, recordedAt: recordedAt, on: grounds, contract: contract)
                    .refusal(on: parents, of: self, updates: updates)
            }, dispute: { try conflict(among: $0, contract: $1, updates: updates) })
    }

    enum Ancestry {
        /// The places of the parents, and the steps done by them and before them.
        case known([Int], done: StepSet)
        case waiting(Awaited)
        case refused(Rejection)
    }

    /// The one judge. What an update stands on is for `ancestry` to say, what else the contract asks of its past for
    /// `pastRefusal`, and whether its parents agree for `dispute`.
    static func judge(
        _ update: some JudgedUpdate, of order: String, recordedAt: Int64, floor: Int, on grounds: Grounds,
        ancestry: (ConsortiumDocument) throws -> Ancestry,
        pastRefusal: ([Int], Contract.Step, Contract) throws -> Rejection?,
        dispute: ([Int], Contract) throws -> OrderThread.Conflict?
    ) rethrows -> Judgement {
        guard let document = grounds.document else { return .waiting(.document(update.consortium)) }
        if let refusal = refusal(of: update, under: document, on: grounds, floor: floor) {
            return .decided(.rejected(refusal))
        }
        guard let contract = grounds.contract else { return .waiting(.contract(update.contract)) }
        if let refusal = firing(update, under: contract, role: grounds.role) { return .decided(.rejected(refusal)) }
        guard let step = contract.steps.first(where: { update.isStep($0.name) }) else {
            let unknown = "the contract \(contract.name) has no step '\(update.stepName)'"
            return .decided(.rejected(Rejection(.stepUnknown, unknown)))
        }
        switch try ancestry(document) {
        case .waiting(let awaited): return .waiting(awaited)
        case .refused(let rejection): return .decided(.rejected(rejection))
        case .known(let parents, let done):
            if let refusal = try opening(update, of: order, step: step, origin: grounds.origin)
                ?? authority(step, role: grounds.role) ?? sequence(step, done: done)
                ?? facts(of: update, step: step) ?? scans(of: update, step: step)
                ?? pastRefusal(parents, step, contract)
                ?? signature(of: update, step: step, from: grounds.origin, recordedAt: recordedAt, under: document)
                ?? agreement(update, step: step, conflict: dispute(parents, contract))
            {
                return .decided(.rejected(refusal))
            }
            return .decided(.accepted)
        }
    }

    private static func refusal(
        of update: some JudgedUpdate, under document: ConsortiumDocument, on grounds: Grounds, floor: Int
    ) -> Rejection? {
        if document.version < floor {
            return Rejection(
                .documentOlder, "it names version \(document.version) of the consortium document after version \(floor)"
            )
        }
        if grounds.role == nil {
            let organisation = ConsortiumDocument.organisation(ofOrigin: grounds.origin)
            return Rejection(.notAMember, "\(organisation) is not a member of the consortium")
        }
        if !grounds.isInForce {
            return Rejection(.contractNotInForce, "its contract is not in force in the consortium")
        }
        return nil
    }

    /// What a rule's update must be whatever came before it.
    private static func firing(_ update: some JudgedUpdate, under contract: Contract, role: Role?) -> Rejection? {
        guard update.isFired else {
            guard !contract.rules.isEmpty,
                contract.steps.contains(where: { $0.isForRulesAlone && update.isStep($0.name) })
            else { return nil }
            return Rejection(
                .ruleNeeded, "\(update.stepName) is recorded by a rule alone, once its deadline has passed")
        }
        guard let name = update.firing?.rule, let rule = contract.rule(name) else {
            return Rejection(.ruleUnknown, "the contract has no such rule")
        }
        guard rule.on == nil else {
            return Rejection(.ruleMismatched, "the rule \(name) records on the order that an update names")
        }
        guard update.isStep(rule.record) else {
            return Rejection(.ruleMismatched, "the rule \(name) records \(rule.record), not \(update.stepName)")
        }
        guard let role, rule.by.contains(role) else {
            return Rejection(.roleNotAllowed, "the rule \(name) is not for a \(role?.rawValue ?? "stranger") to act on")
        }
        return nil
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
            let footing = nodes[place].footing
            if let refusal = footing.refusal(of: update, under: document, isNamedAgain: parents.contains(place)) {
                return .refused(refusal)
            }
            parents.append(place)
        }
        for cited in update.citeCount > 0 ? update.citations.map(\.reference) : [] {
            switch try verdict(of: cited, elsewhere: elsewhere) {
            case nil: return .waiting(.entry(cited))
            case .accepted: continue
            case .rejected:
                return .refused(Rejection(.ancestorRejected, "an update that it cites was rejected"))
            }
        }
        return .known(parents, done: stepsDone(before: parents))
    }

    private func verdict(
        of cited: Reference, elsewhere: (Reference) throws -> OrderThread.Elsewhere
    ) rethrows -> Verdict? {
        if let place = place(of: cited.leafHash), nodes[place].reference == cited { return nodes[place].verdict }
        guard case .decided(_, let verdict) = try elsewhere(cited) else { return nil }
        return verdict
    }

    /// The steps done once all of these have been joined.
    private func stepsDone(before parents: [Int]) -> StepSet {
        guard !resolutions.isEmpty || hasApprovals, parents.count > 1 else {
            return parents.reduce(into: StepSet()) { $0.formUnion(nodes[$1].footing.done) }
        }
        return stepsDone(in: past(of: parents))
    }

    private static func opening(
        _ update: some JudgedUpdate, of order: String, step: Contract.Step, origin: String
    ) -> Rejection? {
        switch (update.parentCount == 0, step.opens) {
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
        guard let role, step.allows(role) else {
            let allowed = step.by.map(\.rawValue).sorted().joined(separator: " or ")
            return Rejection(
                .roleNotAllowed,
                "\(step.name) may be recorded by a \(allowed), not by a \(role?.rawValue ?? "stranger")")
        }
        return nil
    }

    func allowsNext(_ step: Contract.Step) -> Bool {
        guard !headPlaces.isEmpty, !step.opens, !step.isForRulesAlone else { return false }
        return Self.sequence(step, done: stepsDone(before: headPlaces)) == nil
    }

    private static func sequence(_ step: Contract.Step, done: StepSet) -> Rejection? {
        if !step.needed.isSubset(of: done) {
            let missing = zip(step.after, step.afterNumbers).first { !done.contains($1) }?.0 ?? ""
            return Rejection(.stepOutOfOrder, "\(step.name) comes after \(missing), which has not been recorded")
        }
        if !step.afterAny.isEmpty, step.neededAny.isDisjoint(with: done) {
            let missing = step.afterAny.joined(separator: " or ")
            return Rejection(.stepOutOfOrder, "\(step.name) comes after \(missing), and none has been recorded")
        }
        if !step.excluded.isDisjoint(with: done) {
            let excluded = zip(step.excludes, step.excludesNumbers).first { done.contains($1) }?.0 ?? ""
            return Rejection(.stepExcluded, "\(step.name) is not possible after \(excluded)")
        }
        if !step.repeats, done.contains(step.number) {
            return Rejection(.stepRepeated, "\(step.name) has been recorded already")
        }
        return nil
    }

    private static func facts(of update: some JudgedUpdate, step: Contract.Step) -> Rejection? {
        for place in 0..<update.factCount {
            if (0..<place).contains(where: { update.isFact($0, sameAs: place) }) {
                return Rejection(.factRepeated, "the fact \(update.factName(place)) stands in it twice")
            }
            let permitted = step.permitted.first { update.isFact(place, $0.name) }
            switch permitted?.visibility {
            case nil:
                return Rejection(
                    .factNotPermitted,
                    "the contract permits no fact '\(update.factName(place))' in \(step.name)")
            case .private where update.isText(place):
                return Rejection(
                    .factNotPrivate, "the fact \(update.factName(place)) is private and must not stand in a log")
            case .public: if let refusal = value(of: update, at: place, type: permitted?.type) { return refusal }
            case .private: continue
            }
        }
        let missing = step.requires.first { name in !(0..<update.factCount).contains { update.isFact($0, name) } }
        if let missing { return Rejection(.factMissing, "\(step.name) needs the fact '\(missing)'") }
        return nil
    }

    /// - Parameter type: nil where the contract's language asks nothing of values.
    private static func value(of update: some JudgedUpdate, at place: Int, type: FactType?) -> Rejection? {
        guard let type else { return nil }
        guard update.isText(place) else {
            return Rejection(
                .factNotPublic, "the fact \(update.factName(place)) is public, and a commitment stands in its place")
        }
        guard type != .text, let text = update.text(at: place), !type.admits(text) else { return nil }
        return Rejection(.factMalformed, "the fact \(update.factName(place)) must be \(type.expectation)")
    }

    private static func scans(of update: some JudgedUpdate, step: Contract.Step) -> Rejection? {
        guard !step.scans.isEmpty else { return nil }
        let kinds = Set(update.subjects.compactMap { ScannedThing($0)?.kind })
        return step.scans.first { !kinds.contains($0.kind) }.map {
            Rejection(.scanMissing, "\(step.name) needs a scan: \($0.kind.rawValue)")
        }
    }

    /// A signature that nobody asked for is checked too: people who see it rely on it.
    private static func signature(
        of update: some JudgedUpdate, step: Contract.Step, from origin: String, recordedAt: Int64,
        under document: ConsortiumDocument
    ) -> Rejection? {
        guard update.bringsSignature else {
            guard step.signedByOperator else { return nil }
            return Rejection(.operatorUnsigned, "\(step.name) must be signed by an operator with a key of their own")
        }
        guard let whole = update.decoded else { return Rejection(.operatorForged, "what was signed cannot be read") }
        return OperatorSignature.refusal(of: whole, from: origin, recordedAt: recordedAt, under: document)
    }

    private static func agreement(
        _ update: some JudgedUpdate, step: Contract.Step, conflict: OrderThread.Conflict?
    ) -> Rejection? {
        guard step.resolves else {
            return conflict.map { Rejection(.orderDisputed, "the order is disputed: \($0.message)") }
        }
        guard let conflict else {
            return Rejection(.nothingToResolve, "what it joins is not disputed")
        }
        guard let stands = update.text(of: Contract.standsFact),
            (0..<update.parentCount).contains(where: { update.parentHash($0).hex == stands }),
            !conflict.dropped.contains(where: { $0.hex == stands })
        else {
            return Rejection(.branchUnknown, "it says that a branch stands which is none of those that it joins")
        }
        return nil
    }
}

extension ThreadGraph.Footing {
    /// Why an update cannot stand on this one.
    func refusal(
        of update: some JudgedUpdate, under document: ConsortiumDocument, isNamedAgain: Bool
    ) -> Rejection? {
        if !isAccepted { return Rejection(.ancestorRejected, "it builds on a rejected update") }
        if isNamedAgain { return Rejection(.parentRepeated, "it names one parent twice") }
        if contract != update.contract {
            return Rejection(.contractChanged, "the order was opened under another contract")
        }
        if documentVersion > document.version {
            return Rejection(
                .documentOlder,
                "it names version \(document.version) of the consortium document after version \(documentVersion)"
            )
        }
        guard let roles = step?.confirmedBy, !roles.isEmpty else { return nil }
        return Confirmation(of: reference, by: roles, document: document).refusal(citations: update.citations)
    }
}
