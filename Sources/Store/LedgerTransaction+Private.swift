import Foundation
import GRDB
import Ledger

extension LedgerTransaction {
    /// Keeps the value of a private fact of an update, and what is sealed of it, under a new key.
    ///
    /// Their key is on disk before the transaction is, so that an update that is there has its values.
    public func keep(
        _ disclosure: Disclosure, sealed: [SealedDisclosure], ofEntry index: UInt64, log: Int64
    ) throws {
        let place = Place(
            entry: EntryID(log: log, index: index), fact: disclosure.name, commitment: disclosure.commitment)
        let key = try key(of: place)
        try keep(disclosure, at: place, key: key)
        for sealed in sealed { try keep(sealed, at: place, key: key, via: "") }
    }

    /// Keeps a sealed disclosure that somebody passed on, and what this gateway has read in it.
    ///
    /// It has been checked.
    /// - Parameters:
    ///   - update: an entry that is here and commits to it.
    ///   - organisation: that passed it on.
    /// - Returns: whether it is news. What has been erased is not kept.
    public func keep(
        _ sealed: SealedDisclosure, opened: Disclosure?, fact: String, of update: Reference, via organisation: String
    ) throws -> Bool {
        guard let entry = try snapshot.stored(update)?.id, try !snapshot.isErased(fact, of: update.leafHash),
            try !snapshot.hasSealed(sealed, at: entry)
        else { return false }
        let place = Place(entry: entry, fact: fact, commitment: sealed.commitment)
        let key = try key(of: place)
        try keep(sealed, at: place, key: key, via: organisation)
        if let opened { try keep(opened, at: place, key: key) }
        return true
    }

    func keep(_ progress: RelayProgress, of peer: String) throws {
        try database.execute(
            sql: "INSERT OR REPLACE INTO relay VALUES (?, ?, ?, ?)",
            arguments: [peer, progress.store, progress.fetched, progress.told])
    }

    private struct Place {
        let entry: EntryID
        let fact: String
        let commitment: Hash

        var arguments: StatementArguments { [entry.rawValue, fact, Data(commitment.bytes)] }
    }

    private func key(of place: Place) throws -> [UInt8] {
        let known = try Int64.fetchOne(
            database, sql: "SELECT slot FROM private WHERE entry = ? AND fact = ? AND commitment = ?",
            arguments: place.arguments)
        if let known, let key = try newKeys[known] ?? keys.key(in: known) { return key }
        let slot = try known ?? Int64.fetchOne(database, sql: "SELECT coalesce(max(slot), -1) + 1 FROM private") ?? 0
        let key = RestingBox.newKey()
        newKeys[slot] = key
        guard known == nil else { return key }
        try database.execute(
            sql: "INSERT INTO private (entry, fact, commitment, slot) VALUES (?, ?, ?, ?)",
            arguments: place.arguments + [slot])
        return key
    }

    private func keep(_ disclosure: Disclosure, at place: Place, key: [UInt8]) throws {
        let box = try RestingBox.seal(
            Array(disclosure.encoded.utf8), key: key, purpose: LedgerSnapshot.purpose(place.commitment))
        try database.execute(
            sql: "UPDATE private SET opened = ? WHERE entry = ? AND fact = ? AND commitment = ?",
            arguments: [Data(box)] + place.arguments)
        guard let document = DocumentFact(disclosure.value) else { return }
        try database.execute(
            sql: "INSERT OR REPLACE INTO document_file (entry, fact, commitment, file, bytes) VALUES (?, ?, ?, ?, ?)",
            arguments: place.arguments + [Data(document.file.bytes), Int64(clamping: document.fileBytes)])
    }

    private func keep(_ sealed: SealedDisclosure, at place: Place, key: [UInt8], via: String) throws {
        let box = try RestingBox.seal(
            sealed.sealed, key: key, purpose: LedgerSnapshot.purpose(place.commitment, sealed.recipient))
        try database.execute(
            sql: """
                INSERT OR IGNORE INTO sealed (entry, fact, commitment, recipient, sealed, signature, via)
                VALUES (?, ?, ?, ?, ?, ?, ?)
                """, arguments: place.arguments + [sealed.recipient, Data(box), sealed.signature, via])
    }

    /// Puts what an earlier release kept as it was under keys, and cleans the file of it.
    func sealOldDisclosures() throws {
        var kept: [Hash: Disclosure] = [:]
        for text in try Data.fetchAll(database, sql: "SELECT disclosure FROM disclosure") {
            guard let disclosure = try? Disclosure(encoded: String(decoding: text, as: UTF8.self)) else { continue }
            kept[disclosure.commitment] = disclosure
        }
        for log in try snapshot.logs() where log.own {
            try snapshot.forEachEntry(log: log.id, from: 0, to: log.size) { index, bytes in
                for fact in try Entry(bytes).update?.facts ?? [] {
                    guard case .commitment(let commitment) = fact.value, let disclosure = kept[commitment] else {
                        continue
                    }
                    try keep(disclosure, sealed: [], ofEntry: index, log: log.id)
                }
            }
        }
        try database.execute(sql: "DELETE FROM disclosure")
    }
}
