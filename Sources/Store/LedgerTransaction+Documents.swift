import Foundation
import GRDB
import Ledger

/// What became of a document that somebody brought.
public enum DocumentTaken: Hashable, Sendable {
    /// It brought nothing new.
    case known
    /// It is kept until more have signed it.
    case proposed
    /// It is in force from now on.
    case inForce
}

extension LedgerTransaction {
    /// Documents of one version that are kept side by side: each organisation signs one, and one that lies does not fill
    /// the disk.
    public static let proposalsMax = 64

    /// Takes a version of the document, or more signatures under one that is here.
    /// - Throws: `CustodyError` with code `document-out-of-order` unless it follows the version in force,
    ///   `document-unsigned` if no member has signed it, `limit-exceeded`.
    public func take(document note: SignedNote) throws -> DocumentTaken {
        guard let current = rulebook.latest else {
            throw CustodyError(.documentOutOfOrder, "this gateway has no consortium document")
        }
        let hash = Hash.sha256(Array(note.text.utf8))
        if rulebook.documents[hash] != nil { return .known }
        let known = try snapshot.proposal(hash)
        let succession = try DocumentSuccession(of: try known?.adding(note.signatures) ?? note, after: current)
        guard !succession.counts else {
            try add(document: succession.note)
            try database.execute(
                sql: "DELETE FROM proposal WHERE version <= ?", arguments: [succession.document.version])
            return .inForce
        }
        guard known == nil || succession.signers.count > current.signerCount(of: known) else { return .known }
        try Limit.check(
            try snapshot.proposals().count + (known == nil ? 1 : 0), max: Self.proposalsMax, "what is proposed",
            unit: "documents")
        try database.execute(
            sql: "INSERT OR REPLACE INTO proposal VALUES (?, ?, ?)",
            arguments: [Data(hash.bytes), succession.document.version, succession.note.encoded])
        return .proposed
    }
}

extension ConsortiumDocument {
    fileprivate func signerCount(of note: SignedNote?) -> Int {
        note.flatMap { try? signers(of: $0).count } ?? 0
    }
}

extension LedgerSnapshot {
    /// Documents that are to follow the one in force and that its quorum has not signed yet.
    public func proposals() throws -> [SignedNote] {
        try String.fetchAll(database, sql: "SELECT note FROM proposal ORDER BY version, hash").map {
            try SignedNote(encoded: $0)
        }
    }

    /// One of them, by the hash of its text.
    public func proposal(_ hash: Hash) throws -> SignedNote? {
        try String.fetchOne(
            database, sql: "SELECT note FROM proposal WHERE hash = ?", arguments: [Data(hash.bytes)]
        ).map { try SignedNote(encoded: $0) }
    }
}
