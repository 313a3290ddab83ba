extension Contract {
    /// What gateways record by themselves: when, who, and which step with which facts (contract language 4).
    public struct Rule: Sendable {
        public enum When: Sendable {
            /// A step was recorded whose facts meet all of the conditions. With a count: the step with which there are so
            /// many of them.
            case recorded(step: String, conditions: [Condition], count: Int?)
            /// The deadline of a step has passed without it.
            case missed(step: String)
        }

        /// Where the value of a fact comes from.
        public enum Value: Hashable, Sendable {
            case text(String)
            /// A public fact of the update that sets the rule off; left out where that one has none.
            case copied(fact: String)
        }

        public let name: String
        public let when: When
        public let by: Set<Role>
        /// The step that it records.
        public let record: String
        /// The fact of the update that sets it off which names the order on which the step is recorded, under a contract of its
        /// own; nil for a rule that records on the same order (contract language 5).
        public let on: String?
        /// In the order in which they are written.
        public let facts: [(name: String, value: Value)]
    }

    /// What a fact of an update must be for a rule.
    public struct Condition: Hashable, Sendable {
        public enum Relation: String, Hashable, Sendable, CaseIterable {
            case `is`, not, above, below
            case atLeast = "at-least"
            case atMost = "at-most"

            var comparesOrder: Bool { self != .is && self != .not }
        }

        public let fact: String
        public let relation: Relation
        public let value: String
        let type: FactType

        /// Whether an update meets it; one without the fact does not.
        func isMet(by update: Update) -> Bool {
            guard let text = update.text(of: fact) else { return false }
            switch relation {
            case .is: return type.isSame(text, value)
            case .not: return !type.isSame(text, value)
            case .above: return type.isBefore(value, text) == true
            case .below: return type.isBefore(text, value) == true
            case .atLeast: return type.isBefore(text, value) == false
            case .atMost: return type.isBefore(value, text) == false
            }
        }
    }
}

extension Contract.Rule {
    public static let conditionsMax = 16
    public static let countMax = 1_000

    /// Whether it takes several updates to set it off, so that one which joins branches may do it.
    private func isAboutSeveral(in contract: Contract) -> Bool {
        if case .recorded(_, _, _?) = when { return true }
        return triggerStep(in: contract)?.approvals != nil
    }

    /// The facts that a gateway records, set off by an update.
    public func facts(from trigger: Update) -> [Fact] {
        facts.compactMap { name, value in
            switch value {
            case .text(let text): Fact(name: name, value: .text(text))
            case .copied(let fact): trigger.text(of: fact).map { Fact(name: name, value: .text($0)) }
            }
        }
    }

    /// Whether an update may set it off, as far as it alone tells: few can, and only of those more need be looked up.
    public func mayBeSetOff(by update: Update, in contract: Contract) -> Bool {
        guard let step = triggerStep(in: contract) else { return false }
        if update.step == step.name { return true }
        // What joins branches may be what makes several enough.
        return update.parents.count > 1 && isAboutSeveral(in: contract)
    }

    /// The step whose updates may set it off.
    func triggerStep(in contract: Contract) -> Contract.Step? {
        switch when {
        case .recorded(let step, _, _): contract.step(step)
        case .missed(let step): contract.step(step)?.within.flatMap { contract.step($0.of) }
        }
    }

    /// Whether an order sets it off once at the most, whichever update is named as the one that did.
    func isForOnce(in contract: Contract) -> Bool {
        isDeadline ? triggerStep(in: contract)?.repeats == false : isAboutSeveral(in: contract)
    }

    var isDeadline: Bool { if case .missed = when { true } else { false } }
}
