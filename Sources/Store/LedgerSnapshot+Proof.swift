import GRDB
import Ledger

extension LedgerSnapshot {
    /// A bundle of an order's updates with all their ancestors, each proved against the newest confirmed head that
    /// includes it, else against the newest head.
    /// - Parameter only: this update and its ancestors alone; nil for the whole order.
    public func bundle(of order: OrderRecord, only target: Hash? = nil) throws -> ProofBundle {
        var wanted = try updates(of: order)
        if let target { wanted = Self.ancestry(of: target, in: wanted) }
        wanted += try cited(by: wanted)
        let rulebook = try rulebook()
        let contracts = Set(wanted.map(\.update.contract)).compactMap { rulebook.contracts[$0]?.text }
        var bundle = ProofBundle(
            order: order.name,
            items: try wanted.map { applied in
                ProofBundle.Item(entry: try entryBytes(applied.reference), proof: try proof(of: applied.reference))
            },
            documents: try documents(), contracts: contracts.sorted(),
            heads: try logs().compactMap { try confirmedHead(of: $0) ?? head(of: $0.id) })
        bundle.stamped = try stampedHeads(of: wanted.map(\.reference))
        return bundle
    }

    private static func ancestry(of target: Hash, in updates: [AppliedUpdate]) -> [AppliedUpdate] {
        let byHash = Dictionary(uniqueKeysWithValues: updates.map { ($0.reference.leafHash, $0) })
        var wanted: Set<Hash> = []
        var open = [target]
        while let hash = open.popLast() {
            guard wanted.insert(hash).inserted, let update = byHash[hash]?.update else { continue }
            open += update.parents.map(\.leafHash)
        }
        return updates.filter { wanted.contains($0.reference.leafHash) }
    }

    /// Updates of other orders that these rely on, and what those rely on.
    private func cited(by updates: [AppliedUpdate]) throws -> [AppliedUpdate] {
        var known = Set(updates.map(\.reference.leafHash))
        var open = updates.flatMap(\.update.cites).map(\.reference)
        var found: [AppliedUpdate] = []
        while let reference = open.popLast() {
            guard known.insert(reference.leafHash).inserted, let applied = try applied(at: reference) else { continue }
            found.append(applied)
            open += applied.update.parents + applied.update.cites.map(\.reference)
        }
        return found
    }

    private func applied(at reference: Reference) throws -> AppliedUpdate? {
        guard let update = try Entry(bytes: try entryBytes(reference)).update else { return nil }
        return try updates(of: try order(update.order)).first { $0.reference == reference }
    }

    private func entryBytes(_ reference: Reference) throws -> [UInt8] {
        guard let log = try log(reference.origin), reference.index < log.size,
            let bytes = try entry(log: log.id, index: reference.index)
        else {
            throw CustodyError(.entryMissing, "the entry is not here", at: "\(reference.origin):\(reference.index)")
        }
        return bytes
    }

    /// A C2SP tlog-proof of one entry.
    /// - Throws: `CustodyError` with code `entry-missing`.
    public func proof(of reference: Reference) throws -> TransparencyProof {
        guard let log = try log(reference.origin), let note = try coveringHead(of: log, index: reference.index) else {
            throw CustodyError(.entryMissing, "no head covers this entry", at: "\(reference.origin):\(reference.index)")
        }
        let size = try Checkpoint(text: note.text).size
        let plan = MerkleProof.inclusionPlan(index: reference.index, size: size) ?? []
        return try TransparencyProof(
            index: reference.index, hashes: try proof(plan, log: log.id), checkpoint: note)
    }

    /// A C2SP tlog-proof that shows a confirmation, as bytes; nil if its cosigners have not been heard.
    public func proof(of confirmation: Confirmation) throws -> [UInt8]? {
        let reference = confirmation.reference
        guard let log = try log(reference.origin) else { return nil }
        for (size, cosigners) in try cosigners(of: log.id, beyond: reference.index)
        where confirmation.isGiven(by: cosigners) {
            guard let note = try checkpoint(size: size, of: log.id) else { continue }
            let plan = MerkleProof.inclusionPlan(index: reference.index, size: size) ?? []
            let proof = try TransparencyProof(
                index: reference.index, hashes: try proof(plan, log: log.id), checkpoint: note)
            let bytes = Array(proof.encoded.utf8)
            // A cosignature may be by a key that the document no longer lists.
            if confirmation.isShown(by: bytes) { return bytes }
        }
        return nil
    }

    /// Who cosigned each head that covers an entry, the newest head first.
    private func cosigners(of log: Int64, beyond index: UInt64) throws -> [(size: UInt64, cosigners: [String])] {
        let rows = try Row.fetchAll(
            database,
            sql: "SELECT checkpoint, cosigner FROM cosignature WHERE checkpoint > ? AND checkpoint < ?",
            arguments: [EntryID(log: log, index: index).rawValue, EntryID(log: log + 1, index: 0).rawValue])
        return Dictionary(grouping: rows) { EntryID(rawValue: $0[0]).index }
            .map { ($0.key, $0.value.map { $0[1] as String }) }.sorted { $0.size > $1.size }
    }

    private func coveringHead(of log: LogRecord, index: UInt64) throws -> SignedNote? {
        if log.isConfirmed(index), let confirmed = try confirmedHead(of: log) { return confirmed }
        return try head(of: log.id)
    }

    /// The update whose leaf hash begins with these hexadecimal digits.
    /// - Throws: `CustodyError` with code `entry-missing` or `entry-ambiguous`.
    public func update(hashPrefix prefix: String) throws -> AppliedUpdate {
        var found: [AppliedUpdate] = []
        var sequence: Int64 = 0
        while true {
            let page = try applied(after: sequence, limit: 1_024)
            guard let last = page.last else { break }
            found += page.filter { $0.reference.leafHash.hex.hasPrefix(prefix) }
            sequence = last.sequence
        }
        guard let first = found.first else {
            throw CustodyError(.entryMissing, "no update has a hash that begins with \(prefix)")
        }
        guard found.count == 1 else {
            throw CustodyError(.entryAmbiguous, "\(found.count) updates have a hash that begins with \(prefix)")
        }
        return first
    }
}

extension CustodyError.Code {
    public static let entryMissing: Self = "entry-missing"
    public static let entryAmbiguous: Self = "entry-ambiguous"
}
