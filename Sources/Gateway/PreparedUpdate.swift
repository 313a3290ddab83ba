import Ledger

/// The update that the gateway would seal for a draft as the order stands, for an operator to sign.
public struct PreparedUpdate: Sendable {
    /// The log that is to carry it.
    public let origin: String
    /// Without a signature.
    public let update: Update
    /// The values of its private facts, in the order of the facts.
    public let disclosures: [Disclosure]

    public init(origin: String, update: Update, disclosures: [Disclosure]) {
        self.origin = origin
        self.update = update
        self.disclosures = disclosures
    }

    /// Whoever signs need not trust the gateway: it says what was asked for, about this order and nothing beside it.
    /// - Throws: `CustodyError` with code `answer-differs`, naming the part that does.
    public func check(answers draft: Draft) throws {
        switch draft.order {
        case .existing(let name), .reopen(let name, _):
            try Self.expect(update.order == name && !update.parents.isEmpty, "order")
        case .open: try Self.expect(update.parents.isEmpty, "order")
        }
        try Self.expect(update.step == draft.step, "step")
        try Self.expect(update.subjects == draft.subjects, "subjects")
        try Self.expect(update.observedAt == draft.observedAt && update.source == draft.source, "time or source")
        try Self.expect(update.firing == nil, "rule")
        let cited = update.cites.map(\.reference)
        // Beside what was asked for, it may show that its parents are confirmed.
        try Self.expect(
            cited.starts(with: draft.cites) && cited.dropFirst(draft.cites.count).allSatisfy(update.parents.contains),
            "citations")
        try Self.expect(say(draft.facts), "facts")
    }

    private func say(_ facts: [(name: String, value: Draft.Value)]) -> Bool {
        guard facts.count == update.facts.count else { return false }
        var rest = disclosures[...]
        for (asked, fact) in zip(facts, update.facts) {
            guard asked.name == fact.name else { return false }
            switch (asked.value, fact.value) {
            case (.text(let one), .text(let other)): guard one == other else { return false }
            case (.private(let value), .commitment(let commitment)):
                guard let disclosure = rest.popFirst(), disclosure.name == asked.name,
                    disclosure.value.utf8.elementsEqual(value), disclosure.commitment == commitment
                else { return false }
            default: return false
            }
        }
        return rest.isEmpty
    }

    private static func expect(_ holds: Bool, _ part: String) throws {
        guard !holds else { return }
        throw CustodyError(
            .answerDiffers, "the gateway would record something else than was asked for: another \(part)",
            remedy: "nothing was signed; ask whoever keeps this gateway")
    }
}

extension CustodyError.Code {
    /// A gateway that answers with an update other than the one that was asked for.
    public static let answerDiffers: Self = "answer-differs"
    /// A signed update that no longer stands on the order's heads, or on the document in force.
    public static let orderMovedOn: Self = "order-moved-on"
    /// An update that was handed in as signed and is not complete.
    public static let signedMalformed: Self = "signed-malformed"
}
