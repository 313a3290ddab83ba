import Ledger
import Logging
import Store

/// Acts on the rules of contracts that are for this organisation's role: records the step that a rule names, once for each
/// update that sets it off.
///
/// It follows the store's sequence of applied updates, whoever recorded them. What it has still to do is in the store, and
/// what has been done is in the log: the judge refuses a rule that was acted on, so that a crash between the two is
/// harmless.
public actor RuleRunner {
    /// Applied updates looked at in one go.
    static let followMax = 512
    /// Rules acted on in one go.
    static let actMax = 64
    /// Updates that set nothing off, after which the place is noted: a restart looks at no more than these again.
    static let noteEvery: Int64 = 4_096
    /// How long after a start deadlines are left alone, in microseconds: peers may have what was done in time.
    public static let patience: Int64 = 30_000_000

    /// After how long a rule that records on another order is tried again, in microseconds: nothing tells when that order goes on.
    static let retryAfter: Int64 = 60_000_000

    private nonisolated let executor = DispatchExecutor(label: "custody.rules")
    private let recorder: Recorder
    private let ledger: LedgerStore
    private let instruments: Instruments
    private let logger: Logger
    /// When deadlines may be claimed to have been missed, UTC microseconds.
    private let claimsFrom: Int64
    private var followed: Int64?
    private var noted: Int64 = 0
    /// By contract: rules that might go on for ever.
    private var looping: [Hash: Set<String>] = [:]

    public nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// - Parameter patience: as `RuleRunner.patience`.
    public init(
        recorder: Recorder, ledger: LedgerStore, instruments: Instruments, logger: Logger,
        patience: Int64 = RuleRunner.patience
    ) {
        self.recorder = recorder
        self.ledger = ledger
        self.instruments = instruments
        self.logger = logger
        claimsFrom = instruments.now() + patience
    }

    /// Works until the task is cancelled: when updates have been applied, and once a second for deadlines.
    public func run() async {
        await PacedWork.run(after: ledger.changes) {
            try await advance()
        } failed: { error in
            logger.warning("rules wait", metadata: ["error": "\(error)"])
        }
    }

    /// Does all that can be done now.
    public func advance() async throws {
        repeat { try follow() } while try await act()
    }

    // MARK: What is set off

    private func follow() throws {
        while try followSome() {}
    }

    /// - Returns: whether there may be more.
    private func followSome() throws -> Bool {
        let start = try followed ?? ledger.read { try $0.ruleProgress() }
        followed = start
        // Before the rules, so that no update of a contract which comes meanwhile is passed over.
        let end = try ledger.read { try $0.appliedEnd() }
        let rulebook = ledger.rulebook
        guard end > start else { return false }
        guard rulebook.contracts.values.contains(where: { !$0.rules.isEmpty }) else {
            return try pass(to: end, setOff: [], movedOn: [])
        }
        let updates = try ledger.read { try $0.applied(after: start, limit: Self.followMax) }
        guard let last = updates.last else { return false }
        let accepted = updates.filter { applied in
            applied.verdict.isAccepted && rulebook.contracts[applied.update.contract]?.rules.isEmpty == false
        }
        let setOff = try setOff(by: accepted, rulebook)
        let movedOn = try ledger.read { try $0.orders(withRestingRules: Set(accepted.map(\.update.order))) }
        return try pass(to: last.sequence, setOff: setOff, movedOn: movedOn)
    }

    private func pass(to sequence: Int64, setOff: [DueRule], movedOn: Set<String>) throws -> Bool {
        if !setOff.isEmpty || !movedOn.isEmpty || sequence - noted >= Self.noteEvery {
            try ledger.write { try $0.follow(rulesTo: sequence, setOff: setOff, movedOn: movedOn) }
            noted = sequence
        }
        followed = sequence
        return true
    }

    private func setOff(by updates: [AppliedUpdate], _ rulebook: Rulebook) throws -> [DueRule] {
        guard let role = try role(rulebook) else { return [] }
        let updates = updates.filter { applied in
            guard let contract = rulebook.contracts[applied.update.contract] else { return false }
            return contract.rules.contains { $0.by.contains(role) && $0.mayBeSetOff(by: applied.update, in: contract) }
        }
        return try Dictionary(grouping: updates, by: \.update.order).sorted { $0.key < $1.key }.flatMap {
            order, updates in
            let thread = try ledger.read { try $0.thread(of: try $0.order(order), rulebook: rulebook) }
            return updates.flatMap { applied -> [DueRule] in
                guard let contract = rulebook.contracts[applied.update.contract] else { return [] }
                return thread.rulesSetOff(by: applied.reference, under: contract)
                    .filter { $0.rule.by.contains(role) && !loops($0.rule, in: contract) }
                    .map {
                        DueRule(order: order, rule: $0.rule.name, trigger: applied.reference.leafHash, due: $0.due ?? 0)
                    }
            }
        }
    }

    private func role(_ rulebook: Rulebook) throws -> Role? {
        guard let origin = try ledger.read({ try $0.ownLog()?.origin }) else { return nil }
        return rulebook.latest?.role(of: ConsortiumDocument.organisation(ofOrigin: origin))
    }

    private func loops(_ rule: Contract.Rule, in contract: Contract) -> Bool {
        if let known = looping[contract.hash] { return known.contains(rule.name) }
        let found = ContractCheck(contract).loopingRules
        looping[contract.hash] = found
        for name in found.sorted() {
            logger.error(
                "a rule that can loop is not acted on", metadata: ["contract": "\(contract.name)", "rule": "\(name)"])
        }
        return found.contains(rule.name)
    }

    // MARK: Acting

    /// What became of a rule.
    private enum Outcome {
        /// Nothing is left to be done of it.
        case settled
        /// What comes to its order may make it possible.
        case resting
        /// It is about another order, and is tried again later.
        case postponed
        /// It is to be tried again just so.
        case open
    }

    /// - Returns: whether there may be more to do.
    private func act() async throws -> Bool {
        let now = instruments.now()
        let due = try ledger.read { try $0.dueRules(at: now, limit: Self.actMax) }
            .filter { $0.due == 0 || now >= claimsFrom }
        guard !due.isEmpty else { return false }
        let plans = try due.map { (rule: $0, plan: try plan(of: $0)) }
        var outcomes = plans.compactMap { rule, plan in plan.outcome.map { (rule, $0) } }
        let tried = plans.compactMap { rule, plan in plan.draft.map { (rule, $0) } }
        for ((rule, draft), result) in zip(tried, try await recorder.record(tried.map(\.1))) {
            outcomes.append((rule, try outcome(of: rule, result, isElsewhere: draft.firing == nil)))
        }
        try ledger.write { transaction in
            for (rule, outcome) in outcomes {
                switch outcome {
                case .settled: try transaction.settle(rule)
                case .resting: try transaction.rest(rule)
                case .postponed: try transaction.postpone(rule, to: now + Self.retryAfter)
                case .open: continue
                }
            }
        }
        return outcomes.contains { $0.1 == .settled || $0.1 == .resting }
    }

    /// What to do about a rule now.
    private enum Plan {
        case record(Draft)
        case nothing(Outcome)

        var draft: Draft? { if case .record(let draft) = self { draft } else { nil } }
        var outcome: Outcome? { if case .nothing(let outcome) = self { outcome } else { nil } }
    }

    private func plan(of due: DueRule) throws -> Plan {
        let rulebook = ledger.rulebook
        return try ledger.read { snapshot in
            guard let order = try snapshot.orders(named: due.order, limit: 1).first else { return .nothing(.settled) }
            let thread = try snapshot.thread(of: order, rulebook: rulebook)
            guard let trigger = thread.node(due.trigger),
                let rule = rulebook.contracts[trigger.update.contract]?.rule(due.rule)
            else { return .nothing(.settled) }
            let facts = rule.facts(from: trigger.update).compactMap { fact -> (name: String, value: Draft.Value)? in
                if case .text(let text) = fact.value { (fact.name, .text(text)) } else { nil }
            }
            if let on = rule.on {
                // Or contracts could set each other off without an end.
                guard trigger.update.source.kind != .rule else { return .nothing(.settled) }
                let other = trigger.update.text(of: on) ?? ""
                return try plan(rule.record, facts, on: other, because: trigger.reference, snapshot, rulebook)
            }
            return .record(
                Draft(
                    order: .existing(due.order), step: rule.record, facts: facts, source: Source(.rule),
                    firing: Firing(rule: due.rule, trigger: due.trigger)))
        }
    }

    /// A step on another order, which cites what set the rule off: by that everybody knows that it has been acted on.
    private func plan(
        _ step: String, _ facts: [(name: String, value: Draft.Value)], on name: String, because trigger: Reference,
        _ snapshot: LedgerSnapshot, _ rulebook: Rulebook
    ) throws -> Plan {
        guard let order = try snapshot.orders(named: name, limit: 1).first, order.name == name else {
            return .nothing(.postponed)
        }
        let isDone = try snapshot.thread(of: order, rulebook: rulebook).nodes.contains { node in
            node.verdict.isAccepted && node.update.step == step
                && node.update.cites.contains { $0.reference == trigger }
        }
        guard !isDone else { return .nothing(.settled) }
        return .record(
            Draft(order: .existing(name), step: step, facts: facts, cites: [trigger], source: Source(.rule)))
    }

    private func outcome(
        of due: DueRule, _ result: Result<Receipt, any Error>, isElsewhere: Bool
    ) throws -> Outcome {
        var place: Logger.Metadata = ["order": "\(due.order)", "rule": "\(due.rule)"]
        do {
            let receipt = try result.get()
            place["entry"] = "\(receipt.origin):\(receipt.index)"
            logger.notice("acted on a rule", metadata: place)
            return .settled
        } catch let error as CustodyError {
            switch Rejection.Code(rawValue: error.code.rawValue) {
            case .ruleActedOn, .deadlineMet: return .settled
            // The clock has been set back, or something is missing here that no contract speaks of.
            case .deadlineNotPassed, nil: return .open
            default:
                place["reason"] = "\(error)"
                logger.info("a rule waits", metadata: place)
                return isElsewhere ? .postponed : .resting
            }
        }
    }
}
