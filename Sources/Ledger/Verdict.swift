/// Accepted or rejected, of one update, for ever.
public enum Verdict: Hashable, Sendable {
    case accepted
    case rejected(Rejection)

    public var isAccepted: Bool { self == .accepted }
}

/// Why an update was rejected.
public struct Rejection: Hashable, Sendable, Error, CustomStringConvertible {
    public enum Code: String, Hashable, Sendable, CaseIterable {
        case documentOlder = "document-older"
        case contractNotInForce = "contract-not-in-force"
        case contractChanged = "contract-changed"
        case notAMember = "not-a-member"
        case roleNotAllowed = "role-not-allowed"
        case stepUnknown = "step-unknown"
        case stepOutOfOrder = "step-out-of-order"
        case stepExcluded = "step-excluded"
        case stepRepeated = "step-repeated"
        case orderNotOpened = "order-not-opened"
        case orderNameForeign = "order-name-foreign"
        case orderDisputed = "order-disputed"
        case parentRepeated = "parent-repeated"
        case parentOfAnotherOrder = "parent-of-another-order"
        case ancestorRejected = "ancestor-rejected"
        case factMissing = "fact-missing"
        case factNotPermitted = "fact-not-permitted"
        case factNotPrivate = "fact-not-private"
        case factRepeated = "fact-repeated"
        /// The value of a public fact is not what the contract says it is.
        case factMalformed = "fact-malformed"
        /// A commitment stands where the contract wants a value that everybody can read.
        case factNotPublic = "fact-not-public"
        /// The identifier that the step must carry is not there.
        case scanMissing = "scan-missing"
        /// The identifier is not that of what was recorded before.
        case scanMismatched = "scan-mismatched"
        case ruleUnknown = "rule-unknown"
        /// It is not the step, or not with the facts, that the rule records.
        case ruleMismatched = "rule-mismatched"
        /// The contract leaves the step to a rule.
        case ruleNeeded = "rule-needed"
        /// The update that is named did not set the rule off.
        case ruleNotSetOff = "rule-not-set-off"
        case ruleActedOn = "rule-acted-on"
        case deadlineNotPassed = "deadline-not-passed"
        case deadlineMet = "deadline-met"
        case nothingToResolve = "nothing-to-resolve"
        case branchUnknown = "branch-unknown"
        case notConfirmed = "not-confirmed"
        /// The contract asks for an operator's signature, and there is none.
        case operatorUnsigned = "operator-unsigned"
        /// The signature is not that of the certified key over this update.
        case operatorForged = "operator-forged"
        /// The certificate is not one of an operator of the organisation whose log carries the update.
        case operatorStranger = "operator-stranger"
        /// The certificate is one of another operator than the update names.
        case operatorMismatched = "operator-mismatched"
        /// The certificate did not hold when the update was recorded.
        case operatorNotValid = "operator-not-valid"
    }

    public let code: Code
    /// A sentence that a user understands.
    public let message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { "\(message) [\(code.rawValue)]" }
}

/// What a verdict still waits for.
public enum Awaited: Hashable, Sendable {
    case entry(Reference)
    case document(Hash)
    case contract(Hash)
}

public enum Judgement: Hashable, Sendable {
    case decided(Verdict)
    case waiting(Awaited)
}

/// The documents and contracts that a gateway knows, by hash.
public struct Rulebook: Sendable {
    public private(set) var documents: [Hash: ConsortiumDocument] = [:]
    public private(set) var contracts: [Hash: Contract] = [:]

    public init(documents: [ConsortiumDocument] = [], contracts: [Contract] = []) {
        for document in documents { self.documents[document.hash] = document }
        for contract in contracts { self.contracts[contract.hash] = contract }
    }

    /// The version of a document; 0 if it is not known.
    public func version(of document: Hash) -> Int { documents[document]?.version ?? 0 }

    public var latest: ConsortiumDocument? { documents.values.max { $0.version < $1.version } }

    /// The newest version of a contract that the document holds in force.
    public func contract(named name: String, in document: ConsortiumDocument) -> Contract? {
        contracts.values.filter { $0.name == name && document.holds($0.hash) }.max { $0.version < $1.version }
    }
}
