import Foundation
import Ledger
import Store

/// Versions of the consortium document on their way between gateways, with the contracts that they hold in force.
public struct DocumentPackage: Codable, Sendable {
    static let path = "/custody/v1/documents"
    /// Bytes of the JSON.
    public static let bytesMax = 16 << 20
    /// Notes, and contracts, in one package.
    public static let partsMax = 1_024

    /// Signed notes, oldest version first; also such as the quorum has not signed yet.
    public let notes: [String]
    /// Texts of contracts.
    public let contracts: [String]

    public init(notes: [String], contracts: [String] = []) {
        self.notes = notes
        self.contracts = contracts
    }
}

/// What a gateway has of the consortium document, short enough to be told with every news.
struct DocumentSummary: Codable, Hashable, Sendable {
    /// Of the version in force.
    let version: Int
    /// In hexadecimal.
    let hash: String
    /// How many members have signed each document that is to follow, by the hash of its text.
    let proposed: [String: Int]
    /// Whether a contract in force is missing.
    let lacksContract: Bool

    /// Whether somebody with this summary has something that somebody with the other one lacks.
    func tells(_ other: DocumentSummary?) -> Bool {
        guard let other else { return version > 1 || !proposed.isEmpty }
        if version != other.version { return version > other.version }
        return proposed.contains { $1 > other.proposed[$0] ?? 0 } || !lacksContract && other.lacksContract
    }
}

/// Gives and takes versions of the consortium document. A version counts when the quorum of the one before it has signed;
/// until then it is kept and passed on, and nothing goes by it.
public struct DocumentExchange: Sendable {
    private let store: LedgerStore

    public init(store: LedgerStore) { self.store = store }

    func summary() throws -> DocumentSummary {
        let rulebook = store.rulebook
        guard let current = rulebook.latest else {
            return DocumentSummary(version: 0, hash: "", proposed: [:], lacksContract: false)
        }
        let proposed = try store.read { try $0.proposals() }.map { note in
            (Hash.sha256(Array(note.text.utf8)).hex, try current.signers(of: note).count)
        }
        return DocumentSummary(
            version: current.version, hash: current.hash.hex, proposed: Dictionary(proposed, uniquingKeysWith: max),
            lacksContract: !current.contracts.allSatisfy { rulebook.contracts[$0.hash] != nil })
    }

    /// Everything after a version: 0 = all.
    func package(after version: Int) throws -> DocumentPackage {
        let rulebook = store.rulebook
        return try store.read { snapshot in
            let notes = try snapshot.documents() + snapshot.proposals()
            let documents = try notes.map { ($0, try ConsortiumDocument(text: $0.text)) }
                .filter { $0.1.version > version }
            let contracts = Set(documents.flatMap(\.1.contracts).map(\.hash)).compactMap {
                rulebook.contracts[$0]?.text
            }
            return DocumentPackage(notes: documents.map(\.0.encoded), contracts: contracts.sorted())
        }
    }

    /// Takes what holds of a package, all or nothing of each note.
    /// - Returns: what became of each note, in the order of the package.
    /// - Throws: `CustodyError` with code `limit-exceeded`, or what keeps the store from writing.
    @discardableResult
    public func take(_ package: DocumentPackage) throws -> [Result<DocumentTaken, CustodyError>] {
        try Limit.check(package.notes.count, max: DocumentPackage.partsMax, "a package", unit: "documents")
        try Limit.check(package.contracts.count, max: DocumentPackage.partsMax, "a package", unit: "contracts")
        var outcomes: [Result<DocumentTaken, CustodyError>] = []
        try store.write { transaction in
            outcomes = try package.notes.map { text in
                do {
                    return .success(try transaction.take(document: try SignedNote(encoded: text)))
                } catch let error as CustodyError {
                    return .failure(error)
                }
            }
            try takeContracts(package.contracts, transaction)
        }
        try store.applyPending()
        return outcomes
    }

    /// Takes a package that somebody here has handed in.
    /// - Returns: whether its last document is in force now.
    /// - Throws: also what a document is refused for.
    public func submit(_ package: DocumentPackage) throws -> Bool {
        let last = try take(package).map { try $0.get() }.last
        guard last == .known, let note = package.notes.last else { return last == .inForce }
        return store.rulebook.documents[Hash.sha256(Array(try SignedNote(encoded: note).text.utf8))] != nil
    }

    /// Keeps the contracts that a document names, in force or proposed, and no others.
    private func takeContracts(_ texts: [String], _ transaction: LedgerTransaction) throws {
        let proposed = try transaction.snapshot.proposals().map { try ConsortiumDocument(text: $0.text) }
        let documents = Array(transaction.rulebook.documents.values) + proposed
        let named = Set(documents.flatMap(\.contracts).map(\.hash))
        for text in texts {
            let hash = Hash.sha256(Array(text.utf8))
            guard named.contains(hash), transaction.rulebook.contracts[hash] == nil else { continue }
            // One that this release cannot read is asked for again after an update.
            guard let contract = try? Contract(text: text) else { continue }
            try transaction.add(contract: contract)
        }
    }
}
