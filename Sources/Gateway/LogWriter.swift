import Foundation
import Ledger
import Store

/// Judges, seals and commits batches of drafts into this gateway's own log. Owned by the recorder.
public final class LogWriter {
    private let store: LedgerStore
    private let key: SigningKey
    private let instruments: Instruments
    private let record: LogRecord
    private let side = SideThread(label: "custody.sealer")
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

    /// Drafts that are sealed on one thread while those before them are written on another.
    private static let chunkMax = 64

    private func commit(_ drafts: [Draft], in transaction: LedgerTransaction) throws -> [Result<Receipt, any Error>] {
        guard let document = transaction.rulebook.latest else {
            throw CustodyError(.logMissing, "this gateway has no consortium document", remedy: "run custody init")
        }
        let sealer = UpdateSealer(
            log: log, document: document, rulebook: transaction.rulebook, clock: instruments.clockQuality(),
            instruments: instruments)
        var outcomes: [Result<Receipt, any Error>] = []
        outcomes.reserveCapacity(drafts.count)
        let placed = try drafts.map { try place($0, under: document, transaction) }
        func seal(_ chunk: Int) -> UpdateSealer.Sealed {
            let start = chunk * Self.chunkMax
            return sealer.seal(placed[start..<min(start + Self.chunkMax, placed.count)])
        }
        let chunks = (drafts.count + Self.chunkMax - 1) / Self.chunkMax
        if chunks == 1 {
            outcomes += try write(seal(0), transaction)
        } else {
            try side.stream(chunks, make: seal) { outcomes += try write($0, transaction) }
        }
        guard sealer.log.size > log.size else { return outcomes }
        log = sealer.log
        try transaction.setProgress(of: record.id, next: log.size, floor: log.documentVersion)
        try transaction.keep(try log.checkpoint().signed(by: key), size: log.size, of: record.id, stored: true)
        try transaction.forgetOldCheckpoints(of: record.id)
        return outcomes
    }

    private func write(
        _ sealed: UpdateSealer.Sealed, _ transaction: LedgerTransaction
    ) throws -> [Result<Receipt, any Error>] {
        try transaction.append(sealed.updates.compactMap { try? $0.get().entry }, full: sealed.full, to: record.id)
        return try sealed.updates.map { outcome in
            switch outcome {
            case .success(let sealed): .success(try enter(sealed, transaction))
            case .failure(let refusal): .failure(refusal)
            }
        }
    }

    private func enter(_ sealed: SealedUpdate, _ transaction: LedgerTransaction) throws -> Receipt {
        let (update, entry) = (sealed.update, sealed.entry)
        try transaction.enter(update, of: sealed.order, index: entry.index, log: record.id, verdict: .accepted)
        for disclosure in sealed.disclosures {
            try transaction.keep(disclosure: Array(disclosure.encoded.utf8), for: disclosure.commitment)
        }
        return Receipt(
            order: update.order, step: update.step, origin: record.origin, index: entry.index,
            leafHash: entry.leafHash, recordedAt: entry.entry.recordedAt)
    }

    /// - Returns: why it is refused, if nothing is known of its order or contract.
    private func place(
        _ draft: Draft, under document: ConsortiumDocument, _ transaction: LedgerTransaction
    ) throws -> Result<PlacedDraft, any Error> {
        let order: KeptOrder
        let contract: Hash
        switch draft.order {
        case .existing(let name):
            order = try transaction.order(name)
            guard let known = order.thread.contract else {
                return .failure(
                    CustodyError(
                        .orderUnknown, "no order is known by '\(name)'",
                        remedy: "custody orders lists those that this gateway has"))
            }
            contract = known
        case .open(let name):
            guard let known = transaction.rulebook.contract(named: name, in: document) else {
                let inForce = document.contracts.map(\.name).sorted().joined(separator: ", ")
                return .failure(
                    CustodyError(
                        .contractUnknown, "no contract '\(name)' is in force", remedy: "in force are: \(inForce)"))
            }
            order = transaction.begin(order: newOrderName())
            contract = known.hash
        }
        var cited: [Reference: OrderThread.Elsewhere] = [:]
        for cite in draft.cites { cited[cite] = try transaction.elsewhere(cite) }
        return .success(PlacedDraft(draft: draft, order: order, contract: contract, cited: cited))
    }

    private func newOrderName() -> String {
        OrderName.make(
            origin: record.origin, milliseconds: UInt64(max(0, instruments.now() / 1_000)),
            random: (instruments.random(), UInt16(truncatingIfNeeded: instruments.random())))
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
}

extension CustodyError.Code {
    public static let logMissing: Self = "log-missing"
    public static let contractUnknown: Self = "contract-unknown"
}
