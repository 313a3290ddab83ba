import Foundation
import GRDB
import Ledger

extension LedgerTransaction {
    // MARK: Judging

    /// Judges an update by its order's thread as far as this store knows it.
    private func judge(_ stored: StoredUpdate, floor: Int) throws -> Judgement {
        try order(stored.update.order).thread.judge(
            stored.update, from: stored.reference.origin, recordedAt: stored.recordedAt, floor: floor,
            by: index.rulebook, elsewhere: { try elsewhere($0) })
    }

    /// What is known of an entry that stands outside an order's thread.
    func elsewhere(_ reference: Reference) throws -> OrderThread.Elsewhere { try snapshot.elsewhere(reference) }

    /// An order's entry in the index, brought into memory; that of an order which the store does not know is empty.
    public func order(_ name: String) throws -> KeptOrder {
        if let known = index.entry(of: name) { return known }
        let entry = try snapshot.keptOrder(name, rulebook: index.rulebook)
        index.keep(entry)
        return entry
    }

    /// Enters a judged update, which the order's thread holds already, into the tables of the order index.
    /// - Parameters:
    ///   - isFork: whether the order has several heads with this update and none that came after it.
    ///   - recordedAt: of the update, UTC microseconds.
    public func enter(
        _ update: Update, of order: KeptOrder, index: UInt64, log: Int64, verdict: Verdict, isFork: Bool,
        recordedAt: Int64
    ) throws {
        let number = try number(of: order)
        try insertApplied(EntryID(log: log, index: index), order: number, verdict: verdict)
        guard verdict.isAccepted else { return }
        try list(order, number: number, isFork: isFork, since: recordedAt)
        if let text = update.text(of: OrderFact.number) { try insert(text, into: .number, order: number) }
        for mark in OrderMark.facts(of: update) { try insert(mark.key, into: .mark, order: number) }
        for subject in update.subjects where order.subjects.insert(subject).inserted {
            try insert(subject, into: .subject, order: number)
            for mark in OrderMark.parts(of: subject) { try insert(mark.key, into: .mark, order: number) }
        }
        for citation in update.cites { try link(citation.reference, to: number) }
    }

    /// Notes that an order cites another one, of which an entry is here.
    private func link(_ reference: Reference, to order: Int64) throws {
        guard case .decided(let cited, _) = try elsewhere(reference) else { return }
        try database.execute(
            sql: "INSERT OR IGNORE INTO citation SELECT id, ?1 FROM \"order\" WHERE name = ?2 AND id <> ?1",
            arguments: [order, cited])
    }

    private func insertApplied(_ entry: EntryID, order: Int64, verdict: Verdict) throws {
        let statement = try statement(.applied)
        statement.bind(entry.rawValue, at: 1)
        statement.bind(order, at: 2)
        if case .rejected(let rejection) = verdict {
            statement.bind(rejection.code.rawValue, at: 3)
            statement.bind(rejection.message, at: 4)
        } else {
            statement.bindNull(at: 3)
            statement.bindNull(at: 4)
        }
        try statement.run()
    }

    private func list(_ order: KeptOrder, number: Int64, isFork: Bool, since: Int64) throws {
        guard isFork != order.isListedAsFork else { return }
        order.isListedAsFork = isFork
        if isFork {
            try database.execute(sql: "INSERT OR IGNORE INTO fork VALUES (?, ?)", arguments: [number, since])
        } else {
            try database.execute(sql: "DELETE FROM fork WHERE \"order\" = ?", arguments: [number])
        }
    }

    private func insert(_ key: String, into table: Prepared, order: Int64) throws {
        let statement = try statement(table)
        statement.bind(key, at: 1)
        statement.bind(order, at: 2)
        try statement.run()
    }

    /// The order's number in this store; a new order gets one.
    private func number(of entry: KeptOrder) throws -> Int64 {
        if let known = entry.id { return known }
        let statement = try statement(.order)
        statement.bind(entry.name, at: 1)
        try statement.run()
        entry.id = database.lastInsertedRowID
        return database.lastInsertedRowID
    }

    // MARK: Applying stored entries

    /// How far a log's entries have been given to the order index, and the document version that it named last.
    public func setProgress(of log: Int64, next: UInt64, floor: Int) throws {
        let statement = try database.cachedStatement(sql: "INSERT OR REPLACE INTO progress VALUES (?, ?, ?)")
        statement.bind(log, at: 1)
        statement.bind(Int64(next), at: 2)
        statement.bind(Int64(floor), at: 3)
        try statement.run()
    }

    func dropOrderIndex() throws {
        for table in LedgerSchema.orderIndexTables { try database.execute(sql: "DROP TABLE \(table)") }
        try database.execute(
            sql: LedgerSchema.orderIndex + LedgerSchema.forks + LedgerSchema.erasureIndex
                + LedgerSchema.dueRules + LedgerSchema.orderSearch)
        index.forget()
    }

    /// - Returns: whether there may be more to do.
    func applyPending(limit: Int) throws -> Bool {
        var left = limit
        for log in try snapshot.logs() {
            var progress = try snapshot.progress(of: log.id)
            while progress.next < log.size, left > 0, try apply(progress.next, of: log, floor: &progress.floor) {
                progress.next += 1
                left -= 1
            }
            try setProgress(of: log.id, next: progress.next, floor: progress.floor)
        }
        return left == 0
    }

    /// An update as it lies in the store.
    private struct StoredUpdate {
        let log: Int64
        let update: Update
        let reference: Reference
        let recordedAt: Int64

        /// Nil if the entry is no update.
        init?(log: LogRecord, index: UInt64, bytes: [UInt8]) throws {
            let entry = try Entry(bytes: bytes)
            guard let update = entry.update else { return nil }
            self.log = log.id
            self.update = update
            reference = Reference(origin: log.origin, index: index, leafHash: Hash.leaf(bytes))
            recordedAt = entry.recordedAt
        }
    }

    /// - Returns: false if the log must wait for a document, which decides the versions that later entries may name.
    private func apply(_ place: UInt64, of log: LogRecord, floor: inout Int) throws -> Bool {
        guard let bytes = try snapshot.entry(log: log.id, index: place) else { return false }
        if case .erasure(let erasure) = try Entry(bytes: bytes).body { try enter(erasure, index: place, log: log) }
        try settleErasures(of: Hash.leaf(bytes))
        guard let stored = try StoredUpdate(log: log, index: place, bytes: bytes) else { return true }
        let judgement = try judge(stored, floor: floor)
        if case .waiting(.document) = judgement { return false }
        try settle(judgement, of: stored)
        floor = max(floor, index.rulebook.version(of: stored.update.consortium))
        return true
    }

    /// Enters a verdict, and those of all that waited for it.
    private func settle(_ judgement: Judgement, of stored: StoredUpdate) throws {
        var decided: [Hash] = []
        func settleOne(_ judgement: Judgement, _ stored: StoredUpdate) throws {
            switch judgement {
            case .decided(let verdict):
                try enter(stored, verdict: verdict)
                decided.append(stored.reference.leafHash)
            case .waiting(let awaited):
                try wait(EntryID(log: stored.log, index: stored.reference.index), for: awaited)
            }
        }
        try settleOne(judgement, stored)
        while let hash = decided.popLast() {
            for waiter in try takeWaiters(for: hash) {
                guard let stored = try self.stored(waiter) else { continue }
                // Its document was judged before it began to wait.
                try settleOne(try judge(stored, floor: 0), stored)
            }
        }
    }

    private func enter(_ stored: StoredUpdate, verdict: Verdict) throws {
        let order = try order(stored.update.order)
        order.thread.insert(
            stored.update, at: stored.reference, recordedAt: stored.recordedAt, verdict: verdict, by: index.rulebook)
        try enter(
            stored.update, of: order, index: stored.reference.index, log: stored.log, verdict: verdict,
            isFork: order.thread.isFork, recordedAt: stored.recordedAt)
    }

    /// Judges again what waited for a contract that has now come.
    func wake(waitingFor awaited: Hash) throws {
        for waiter in try takeWaiters(for: awaited) {
            guard let stored = try stored(waiter) else { continue }
            try settle(try judge(stored, floor: 0), of: stored)
        }
    }

    private func takeWaiters(for awaited: Hash) throws -> [EntryID] {
        // Asked for each entry of a peer: preparing it anew would cost more than all the rest.
        let statement = try database.cachedStatement(sql: "SELECT entry FROM waiting WHERE awaited = ? ORDER BY entry")
        statement.bind(awaited, at: 1)
        var waiters: [Int64] = []
        try statement.forEachRow { waiters.append($0.integer(0)) }
        guard !waiters.isEmpty else { return [] }
        try database.execute(sql: "DELETE FROM waiting WHERE awaited = ?", arguments: [Data(awaited.bytes)])
        return waiters.map(EntryID.init(rawValue:))
    }

    private func stored(_ id: EntryID) throws -> StoredUpdate? {
        guard let log = try snapshot.log(id: id.log), let bytes = try snapshot.entry(log: id.log, index: id.index)
        else { return nil }
        return try StoredUpdate(log: log, index: id.index, bytes: bytes)
    }

    private func wait(_ entry: EntryID, for awaited: Awaited) throws {
        let row: (kind: String, hash: Hash, origin: String?, index: Int64?) =
            switch awaited {
            case .entry(let reference):
                ("entry", reference.leafHash, reference.origin, Int64(clamping: reference.index))
            case .document(let hash): ("document", hash, nil, nil)
            case .contract(let hash): ("contract", hash, nil, nil)
            }
        try database.execute(
            sql: "INSERT OR REPLACE INTO waiting VALUES (?, ?, ?, ?, ?)",
            arguments: [entry.rawValue, row.kind, Data(row.hash.bytes), row.origin, row.index])
    }
}

/// Facts with a meaning to the order index.
public enum OrderFact {
    /// A purchase order or trip number, by which people find an order.
    public static let number = "number"
    public static let lot = "lot"
    public static let serial = "serial"
}
