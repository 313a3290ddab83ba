import Ledger

/// What is to be different in the next version of a consortium's document.
public struct ConsortiumChange: Sendable {
    /// Organisations that join, or that get another name, CA, key or cosigner.
    public var organisations: [ConsortiumDocument.Organisation]
    /// Ids of those that leave.
    public var leaving: [String]
    /// Contracts that come into force.
    public var contracts: [Contract]
    /// Names or hashes of contracts that go out of force.
    public var ended: [String]
    /// Logs that are revoked, with the last index that counts.
    public var revoked: [String: UInt64]
    /// Lines of a C2SP tlog-policy; nil = as before, or the usual ones for the new members.
    public var quorum: String?

    public init(
        organisations: [ConsortiumDocument.Organisation] = [], leaving: [String] = [], contracts: [Contract] = [],
        ended: [String] = [], revoked: [String: UInt64] = [:], quorum: String? = nil
    ) {
        self.organisations = organisations
        self.leaving = leaving
        self.contracts = contracts
        self.ended = ended
        self.revoked = revoked
        self.quorum = quorum
    }

    func applied(
        to present: [ConsortiumDocument.Organisation], of document: ConsortiumDocument
    ) throws -> [ConsortiumDocument.Organisation] {
        for id in leaving where document.organisation(id) == nil {
            throw CustodyError(.organisationUnknown, "\(id) is not a member of \(document.name)", at: document.name)
        }
        var next = present.filter { !leaving.contains($0.id) }
        for organisation in organisations {
            if let place = next.firstIndex(where: { $0.id == organisation.id }) {
                next[place] = organisation
            } else {
                next.append(organisation)
            }
        }
        return next
    }

    func applied(
        to present: [ConsortiumDocument.ContractInForce], of document: ConsortiumDocument
    ) throws -> [ConsortiumDocument.ContractInForce] {
        for name in ended where !present.contains(where: { $0.isCalled(name) }) {
            throw CustodyError(
                "contract-unknown", "no contract '\(name)' is in force", at: document.name,
                remedy: "in force are: \(present.map { "\($0.name) \($0.version)" }.joined(separator: ", "))")
        }
        let next = present.filter { contract in !ended.contains { contract.isCalled($0) } }
        return next + contracts.map(\.inForce).filter { !next.contains($0) }
    }
}

extension ConsortiumDocument.ContractInForce {
    /// By its name, its name and version, or its hash.
    fileprivate func isCalled(_ text: String) -> Bool { [name, "\(name) \(version)", hash.hex].contains(text) }
}

extension Contract {
    var inForce: ConsortiumDocument.ContractInForce {
        ConsortiumDocument.ContractInForce(name: name, version: version, hash: hash)
    }
}
