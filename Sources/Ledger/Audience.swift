extension Rulebook {
    /// The organisations that may read a private fact: the one that recorded it, and those of the roles that the contract
    /// names, as the document that the update names has them.
    ///
    /// - Parameter origin: of the log that carries the update.
    /// - Returns: nil while the document or the contract is not known.
    public func audience(of fact: String, in update: Update, from origin: String) -> Set<String>? {
        guard let document = documents[update.consortium], let contract = contracts[update.contract] else { return nil }
        let readers = contract.step(update.step)?.privacy(of: fact).readers ?? []
        let members = document.organisations.filter { readers.contains($0.role) }.map(\.id)
        return Set(members + [ConsortiumDocument.organisation(ofOrigin: origin)])
    }
}

/// What an erasure does: the same at every member, because it depends only on the erasure, the update that it names, and
/// the document and the contract that this update names.
public enum ErasureJudgement: Hashable, Sendable {
    case erases
    /// It stays in its log and has no effect.
    case refused(code: CustodyError.Code, message: String)
    /// For the document or the contract of the update.
    case waiting
}

extension Rulebook {
    /// Judges an erasure of a fact of an update that is here.
    ///
    /// - Parameters:
    ///   - origin: of the log that carries the erasure.
    ///   - update: the one that it names, as its reference is stored here.
    public func judge(_ erasure: Erasure, from origin: String, of update: Update) -> ErasureJudgement {
        guard update.order == erasure.order else {
            return .refused(code: .erasureRefused, message: "the update that it names is of another order")
        }
        let isPrivate = update.facts.contains { fact in
            if case .commitment = fact.value { fact.name == erasure.fact } else { false }
        }
        guard isPrivate else {
            return .refused(code: .erasureRefused, message: "the update has no private fact '\(erasure.fact)'")
        }
        let eraser = ConsortiumDocument.organisation(ofOrigin: origin)
        if eraser == ConsortiumDocument.organisation(ofOrigin: erasure.update.origin) { return .erases }
        guard let document = documents[update.consortium], let contract = contracts[update.contract] else {
            return .waiting
        }
        let erasers = contract.step(update.step)?.privacy(of: erasure.fact).erasers ?? []
        guard let role = document.role(of: eraser), erasers.contains(role) else {
            return .refused(
                code: .erasureRefused,
                message: "\(eraser) neither recorded '\(erasure.fact)' nor has a role that may have it erased")
        }
        return .erases
    }
}

extension CustodyError.Code {
    /// An erasure that has no effect.
    public static let erasureRefused: Self = "erasure-refused"
    /// A private fact that has been erased.
    public static let factErased: Self = "fact-erased"
}
