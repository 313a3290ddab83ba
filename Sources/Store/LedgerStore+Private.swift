import Foundation
import GRDB
import Ledger

/// A private fact of an update, as this gateway has it.
public struct PrivateFact: Sendable {
    public enum State: Sendable {
        case readable(Disclosure)
        /// Nothing that this gateway can read is here.
        case unread
        /// What is here cannot be opened: its key is gone, or does not fit.
        case unreadable
        case erased(ErasureRecord)
    }

    /// The update that commits to it.
    public let update: AppliedUpdate
    public let name: String
    public let commitment: Hash
    public let state: State
    /// Erasures of it that have no effect, or not yet.
    public let vain: [ErasureRecord]
}

/// A sealed disclosure with the entry that commits to it.
public struct PassedDisclosure: Hashable, Sendable {
    /// Its place in the store that gives it.
    public let place: Int64
    public let update: Reference
    public let sealed: SealedDisclosure

    public init(place: Int64, update: Reference, sealed: SealedDisclosure) {
        self.place = place
        self.update = update
        self.sealed = sealed
    }
}

extension LedgerStore {
    /// The private facts of an order, in the order in which its updates were judged.
    public func privateFacts(of order: OrderRecord) throws -> [PrivateFact] {
        try read { snapshot in
            let erasures = try snapshot.erasures(ofOrder: order.name)
            return try snapshot.updates(of: order).flatMap { applied in
                try applied.update.facts.compactMap { fact in
                    guard case .commitment(let commitment) = fact.value else { return nil }
                    return try privateFact(fact.name, commitment, of: applied, erasures, snapshot)
                }
            }
        }
    }

    private func privateFact(
        _ name: String, _ commitment: Hash, of applied: AppliedUpdate, _ erasures: [ErasureRecord],
        _ snapshot: LedgerSnapshot
    ) throws -> PrivateFact {
        let own = erasures.filter { $0.names(name, of: applied.reference) }
        let state: PrivateFact.State =
            if let erasure = own.first(where: \.isEffective) { .erased(erasure) } else {
                try state(of: name, commitment, in: applied.reference, snapshot)
            }
        return PrivateFact(
            update: applied, name: name, commitment: commitment, state: state, vain: own.filter { !$0.isEffective })
    }

    private func state(
        of name: String, _ commitment: Hash, in update: Reference, _ snapshot: LedgerSnapshot
    ) throws -> PrivateFact.State {
        guard let entry = try snapshot.stored(update)?.id,
            let resting = try snapshot.resting(commitment, fact: name, at: entry), let box = resting.opened
        else { return .unread }
        guard let key = try keys.key(in: resting.slot),
            let bytes = RestingBox.open(box, key: key, purpose: LedgerSnapshot.purpose(commitment)),
            let disclosure = try? Disclosure(encoded: String(decoding: bytes, as: UTF8.self)),
            disclosure.commitment == commitment
        else { return .unreadable }
        return .readable(disclosure)
    }

    /// The value of a private fact, where this gateway may read it.
    /// - Parameter update: the entry that commits to it.
    public func disclosure(of commitment: Hash, fact: String, in update: Reference) throws -> Disclosure? {
        try read { snapshot in
            guard case .readable(let disclosure) = try state(of: fact, commitment, in: update, snapshot) else {
                return nil
            }
            return disclosure
        }
    }

    /// Sealed disclosures for passing on, from a place on, as many as fit, and the place from which to go on.
    ///
    /// - Parameters:
    ///   - bytesMax: of all that is sealed together; one always fits.
    ///   - organisation: leaves out what it has passed on itself; nil leaves out nothing.
    public func sealedDisclosures(
        after place: Int64, limit: Int, bytesMax: Int, exceptVia organisation: String?
    ) throws -> (items: [PassedDisclosure], end: Int64) {
        try read { snapshot in
            var bytes = 0
            let found = try snapshot.sealed(after: place, limit: limit, exceptVia: organisation)
            let rows = found.prefix { row in
                defer { bytes += row.box.count }
                return bytes == 0 || bytes + row.box.count <= bytesMax
            }
            // Where nothing is left, what was left out is behind too.
            let end = rows.count == found.count && found.count < limit ? try snapshot.sealedPlace() : rows.last?.place
            return (try rows.compactMap { try passed($0, snapshot) }, max(place, end ?? place))
        }
    }

    /// - Returns: nil if its key is gone.
    private func passed(_ row: LedgerSnapshot.RestingSealed, _ snapshot: LedgerSnapshot) throws -> PassedDisclosure? {
        guard let key = try keys.key(in: row.slot),
            let sealed = RestingBox.open(
                row.box, key: key, purpose: LedgerSnapshot.purpose(row.commitment, row.recipient)),
            let log = try snapshot.log(id: row.entry.log),
            let bytes = try snapshot.entry(log: row.entry.log, index: row.entry.index)
        else { return nil }
        return PassedDisclosure(
            place: row.place,
            update: Reference(origin: log.origin, index: row.entry.index, leafHash: Hash.leaf(bytes)),
            sealed: try SealedDisclosure(
                commitment: row.commitment, recipient: row.recipient, sealed: sealed, signature: row.signature))
    }

    /// Notes how far this gateway and a peer have told each other. Nobody who follows the store needs to hear of it.
    public func keep(_ progress: RelayProgress, of peer: String) throws {
        try pool.writeWithoutTransaction { try transact($0) { try $0.keep(progress, of: peer) } }
    }

    // MARK: Opening

    /// What a start has to finish: erasures of which a crash came between the log and the keys, and values that an earlier
    /// release kept as they were.
    func finishPrivateFacts() throws {
        try pool.writeWithoutTransaction { database in
            try destroyErased(database)
            guard try Bool.fetchOne(database, sql: "SELECT EXISTS (SELECT 1 FROM disclosure)") == true else { return }
            try database.execute(sql: "PRAGMA secure_delete = ON")
            try transact(database) { try $0.sealOldDisclosures() }
            // SQLite leaves copies of rows behind that it has moved: only a new file has none.
            try database.execute(sql: "VACUUM")
            try database.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE)")
        }
    }

    /// Destroys what erasures on disk are due for.
    func destroyErased(_ database: Database) throws {
        let isDue = try Bool.fetchOne(database, sql: "SELECT EXISTS (SELECT 1 FROM erasure WHERE state = 'due')")
        guard isDue == true else { return }
        do {
            try transact(database) { try $0.destroyErased() }
        } catch {
            throw CustodyError(
                .durabilityUnknown, "an erased value could not be destroyed: \(error)",
                remedy: "free or replace the disk, then start again: it is destroyed then")
        }
    }
}

extension OrderLookup {
    /// The update that a reference names, if it has been committed.
    public func update(_ reference: Reference) throws -> Update? { try store.read { try $0.update(reference) } }

    public func isErased(_ fact: String, of update: Reference) throws -> Bool {
        try store.read { try $0.isErased(fact, of: update.leafHash) }
    }

    /// The values of an update's private facts of one name, where this gateway may read them.
    public func values(of fact: String, in update: Update, at reference: Reference) throws -> [String] {
        try update.facts.filter { $0.name == fact }.compactMap { fact in
            guard case .commitment(let commitment) = fact.value else { return nil }
            return try store.disclosure(of: commitment, fact: fact.name, in: reference)?.value
        }
    }
}
