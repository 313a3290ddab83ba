import Foundation
import Ledger
import Store

/// Judges, seals and commits batches of drafts into this gateway's own log. Owned by the recorder.
public final class LogWriter {
    private let store: LedgerStore
    private let key: SigningKey
    private let instruments: Instruments
    private let record: LogRecord
    private var log: Log

    /// - Throws: `CustodyError` with code `log-missing` when the gateway was not initialised.
    public init(store: LedgerStore, key: SigningKey, instruments: Instruments) throws {
        self.store = store
        self.key = key
        self.instruments = instruments
        let (record, log) = try store.read { snapshot in
            guard let record = try snapshot.ownLog() else {
                throw CustodyError(.logMissing, "this gateway has no log yet", remedy: "run custody init")
            }
            return (record, try snapshot.state(of: record))
        }
        self.record = record
        self.log = log
    }

    /// - Returns: an outcome for each draft, in the same order.
    /// - Throws: `CustodyError` with code `durability-unknown`, or what keeps the whole batch from being written; the
    ///   log then stands where it stood.
    public func commit(_ drafts: [Draft]) throws -> [Result<Receipt, any Error>] {
        let before = log
        do { return try store.write { try commit(drafts, in: $0) } } catch {
            log = before
            throw error
        }
    }

    private func commit(_ drafts: [Draft], in transaction: LedgerTransaction) throws -> [Result<Receipt, any Error>] {
        let clock = instruments.clockQuality()
        guard let document = transaction.rulebook.latest else {
            throw CustodyError(.logMissing, "this gateway has no consortium document", remedy: "run custody init")
        }
        var batch = Batch()
        let outcomes: [Result<Receipt, any Error>] = try drafts.map { draft in
            do {
                return .success(try seal(draft, under: document, clock: clock, into: &batch, transaction))
            } catch let refusal as CustodyError where refusal.code != .storeFailed {
                return .failure(refusal)
            }
        }
        guard !batch.entries.isEmpty else { return outcomes }
        try transaction.append(batch.entries, full: batch.full, to: record.id)
        try transaction.setProgress(of: record.id, next: log.size, floor: log.documentVersion)
        try transaction.keep(try log.checkpoint().signed(by: key), size: log.size, of: record.id, stored: true)
        try transaction.forgetOldCheckpoints(of: record.id)
        return outcomes
    }

    private struct Batch {
        var entries: [SealedEntry] = []
        var full: [FullTile] = []
    }

    private func seal(
        _ draft: Draft, under document: ConsortiumDocument, clock: ClockQuality, into batch: inout Batch,
        _ transaction: LedgerTransaction
    ) throws -> Receipt {
        let now = instruments.now()
        let target = try target(of: draft, under: document, now: now, transaction)
        let disclosures = try disclosures(of: draft)
        let update = Update(
            order: target.order, step: draft.step, parents: target.parents,
            cites: draft.cites.map { Citation(reference: $0) }, consortium: document.hash, contract: target.contract,
            subjects: draft.subjects, facts: facts(of: draft, disclosures), observedAt: draft.observedAt,
            source: draft.source, operator: draft.operator.map { Operator(id: $0) })
        try judge(update, transaction)
        let sealed = try log.seal(.update(update), now: now, clock: clock, full: &batch.full)
        log.named(documentVersion: document.version)
        batch.entries.append(sealed)
        let reference = Reference(origin: record.origin, index: sealed.index, leafHash: sealed.leafHash)
        try transaction.enter(update, at: reference, log: record.id, verdict: .accepted)
        for disclosure in disclosures.values {
            try transaction.keep(disclosure: Array(disclosure.encoded.utf8), for: disclosure.commitment)
        }
        return Receipt(
            order: update.order, step: update.step, origin: record.origin, index: sealed.index,
            leafHash: sealed.leafHash, recordedAt: sealed.entry.recordedAt)
    }

    private struct Target {
        let order: String
        let parents: [Reference]
        let contract: Hash
    }

    private func target(
        of draft: Draft, under document: ConsortiumDocument, now: Int64, _ transaction: LedgerTransaction
    ) throws -> Target {
        switch draft.order {
        case .existing(let order):
            let heads = try transaction.heads(of: order)
            guard let contract = try transaction.contract(of: order) else {
                throw CustodyError(
                    .orderUnknown, "no order is known by '\(order)'",
                    remedy: "custody orders lists those that this gateway has")
            }
            return Target(order: order, parents: Array(heads.prefix(Update.parentsMax)), contract: contract)
        case .open(let name):
            guard let contract = transaction.rulebook.contract(named: name, in: document) else {
                let known = document.contracts.map(\.name).sorted().joined(separator: ", ")
                throw CustodyError(
                    .contractUnknown, "no contract '\(name)' is in force", remedy: "in force are: \(known)")
            }
            let order = OrderName.make(
                origin: record.origin, milliseconds: UInt64(max(0, now / 1_000)),
                random: (instruments.random(), UInt16(truncatingIfNeeded: instruments.random())))
            transaction.begin(order: order)
            return Target(order: order, parents: [], contract: contract.hash)
        }
    }

    private func disclosures(of draft: Draft) throws -> [String: Disclosure] {
        var disclosures: [String: Disclosure] = [:]
        for fact in draft.facts {
            guard case .private(let value) = fact.value else { continue }
            disclosures[fact.name] = try Disclosure(
                name: fact.name, value: value, salt: instruments.randomBytes(Disclosure.saltBytes))
        }
        return disclosures
    }

    private func facts(of draft: Draft, _ disclosures: [String: Disclosure]) -> [Fact] {
        draft.facts.map { fact in
            switch fact.value {
            case .text(let text): Fact(name: fact.name, value: .text(text))
            case .private:
                Fact(name: fact.name, value: .commitment(disclosures[fact.name]?.commitment ?? Hash.emptyTree))
            }
        }
    }

    /// Founds a log: its genesis is entry 0.
    public static func writeGenesis(
        origin: String, chain: [[UInt8]], log number: Int64, key: SigningKey, instruments: Instruments,
        _ transaction: LedgerTransaction
    ) throws {
        var log = Log(origin: origin)
        var full: [FullTile] = []
        let genesis = Genesis(
            origin: origin, organisation: ConsortiumDocument.organisation(ofOrigin: origin), certificateChain: chain)
        let sealed = try log.seal(
            .genesis(genesis), now: instruments.now(), clock: instruments.clockQuality(), full: &full)
        try transaction.append([sealed], full: full, to: number)
        try transaction.setProgress(of: number, next: 1, floor: 0)
        try transaction.keep(try log.checkpoint().signed(by: key), size: 1, of: number, stored: true)
    }

    private func judge(_ update: Update, _ transaction: LedgerTransaction) throws {
        switch try transaction.judge(update, from: record.origin, floor: log.documentVersion) {
        case .decided(.accepted): return
        case .decided(.rejected(let rejection)):
            throw CustodyError(
                CustodyError.Code(rawValue: rejection.code.rawValue), rejection.message, at: update.order,
                remedy: "custody trace shows what has been recorded")
        case .waiting:
            throw CustodyError(
                .ancestorsMissing, "what this update builds on has not arrived here yet", at: update.order,
                remedy: "try again when the gateway is connected")
        }
    }
}

extension CustodyError.Code {
    public static let logMissing: Self = "log-missing"
    public static let contractUnknown: Self = "contract-unknown"
    public static let ancestorsMissing: Self = "ancestors-missing"
}
