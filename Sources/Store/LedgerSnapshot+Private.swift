import Foundation
import GRDB
import Ledger

/// How far a peer and this gateway have told each other of sealed disclosures.
public struct RelayProgress: Hashable, Sendable {
    /// Names the peer's store: in another one places mean nothing.
    public var store: String
    /// The last place of the peer's store that has been dealt with.
    public var fetched: Int64
    /// The last place of this gateway's store that the peer has dealt with.
    public var told: Int64

    public init(store: String = "", fetched: Int64 = 0, told: Int64 = 0) {
        self.store = store
        self.fetched = fetched
        self.told = told
    }
}

extension LedgerSnapshot {
    static func purpose(_ commitment: Hash, _ recipient: String = "") -> [UInt8] {
        commitment.bytes + Array(recipient.utf8)
    }

    public func relayProgress(of peer: String) throws -> RelayProgress {
        let row = try Row.fetchOne(
            database, sql: "SELECT store, fetched, told FROM relay WHERE peer = ?", arguments: [peer])
        return row.map { RelayProgress(store: $0[0], fetched: $0[1], told: $0[2]) } ?? RelayProgress()
    }

    /// A random name that this store has for ever.
    public func storeName() throws -> String {
        try String.fetchOne(database, sql: "SELECT name FROM store") ?? ""
    }

    /// The place of the newest sealed disclosure; 0 if there is none.
    public func sealedPlace() throws -> Int64 {
        try Int64.fetchOne(database, sql: "SELECT coalesce(max(id), 0) FROM sealed") ?? 0
    }

    /// Whether a disclosure is here that is sealed to the same organisation.
    func hasSealed(_ sealed: SealedDisclosure, at entry: EntryID) throws -> Bool {
        let statement = try database.cachedStatement(
            sql: "SELECT 1 FROM sealed WHERE entry = ? AND commitment = ? AND recipient = ?")
        let key: StatementArguments = [entry.rawValue, Data(sealed.commitment.bytes), sealed.recipient]
        return try Int.fetchOne(statement, arguments: key) != nil
    }

    /// Whether a disclosure is here that is sealed to the same organisation.
    public func hasSealed(_ sealed: SealedDisclosure, of update: Reference) throws -> Bool {
        guard let entry = try stored(update)?.id else { return false }
        return try hasSealed(sealed, at: entry)
    }

    /// The update that a reference names, if it is here as it is named.
    public func update(_ reference: Reference) throws -> Update? { try stored(reference)?.update }

    /// What rests of a private fact.
    struct RestingFact {
        let slot: Int64
        let opened: [UInt8]?
    }

    func resting(_ commitment: Hash, fact: String, at entry: EntryID) throws -> RestingFact? {
        guard try database.tableExists("private") else { return nil }
        return try Row.fetchOne(
            database, sql: "SELECT slot, opened FROM private WHERE entry = ? AND fact = ? AND commitment = ?",
            arguments: [entry.rawValue, fact, Data(commitment.bytes)]
        ).map { RestingFact(slot: $0[0], opened: ($0[1] as Data?).map { [UInt8]($0) }) }
    }

    /// A row of `sealed` with the slot of its key.
    struct RestingSealed {
        let place: Int64
        let entry: EntryID
        let commitment: Hash
        let recipient: String
        let box: [UInt8]
        let signature: String
        let slot: Int64
    }

    /// - Parameter organisation: leaves out what it has passed on itself; nil leaves out nothing.
    func sealed(after place: Int64, limit: Int, exceptVia organisation: String?) throws -> [RestingSealed] {
        try Row.fetchAll(
            database,
            sql: """
                SELECT sealed.id, sealed.entry, sealed.commitment, sealed.recipient, sealed.sealed, sealed.signature,
                    private.slot
                FROM sealed JOIN private USING (entry, fact, commitment)
                WHERE sealed.id > ? AND sealed.via IS NOT ? ORDER BY sealed.id LIMIT ?
                """, arguments: [place, organisation, limit]
        ).compactMap { row in
            guard let commitment = Hash(bytes: row[2] as Data) else { return nil }
            return RestingSealed(
                place: row[0], entry: EntryID(rawValue: row[1]), commitment: commitment, recipient: row[3],
                box: [UInt8](row[4] as Data), signature: row[5], slot: row[6])
        }
    }
}
