/// What the rulebook says about updates of one log that name one document and one contract.
///
/// Looked up once for as long as updates go on naming the same.
public final class Grounds: Sendable {
    /// The log that carries the updates.
    let origin: String
    private let consortium: Hash
    private let contractHash: Hash
    /// Nil while it is not known.
    let document: ConsortiumDocument?
    /// Nil while it is not known.
    let contract: Contract?
    /// What the log's organisation is in the document; nil for a stranger.
    let role: Role?
    let isInForce: Bool

    init(consortium: Hash, contract: Hash, origin: String, rulebook: Rulebook) {
        self.origin = origin
        self.consortium = consortium
        contractHash = contract
        document = rulebook.documents[consortium]
        self.contract = rulebook.contracts[contract]
        role = document?.role(of: ConsortiumDocument.organisation(ofOrigin: origin))
        isInForce = document?.holds(contract) ?? false
    }

    /// 0 if the document is not known.
    var documentVersion: Int { document?.version ?? 0 }

    func hold(for update: some JudgedUpdate, from origin: String) -> Bool {
        update.contract == contractHash && update.consortium == consortium && origin == self.origin
    }
}

extension Rulebook {
    func grounds(of update: some JudgedUpdate, from origin: String) -> Grounds {
        Grounds(consortium: update.consortium, contract: update.contract, origin: origin, rulebook: self)
    }

    /// The grounds of an update that a log carries.
    /// - Parameter known: those of an update before it, which are given back if they hold for this one too.
    public func grounds(of update: UpdateScan, from origin: String, known: Grounds?) -> Grounds {
        if let known, known.hold(for: update, from: origin) { return known }
        return grounds(of: update, from: origin)
    }

    /// The grounds of an update that a log carries.
    /// - Parameter known: those of an update before it, which are given back if they hold for this one too.
    public func grounds(of update: Update, from origin: String, known: Grounds?) -> Grounds {
        if let known, known.hold(for: update, from: origin) { return known }
        return grounds(of: update, from: origin)
    }
}
