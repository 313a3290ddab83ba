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

    /// Batches in one series; others who write get their turn after that.
    private static let seriesMax = 16
    /// Drafts that are sealed on one thread while those before them are written on another.
    private static let chunkMax = 64

    /// Commits a batch of drafts, and those that come meanwhile.
    ///
    /// The next batch is judged and sealed while the one before it is written and while the disk takes it. It is thrown
    /// away if that fails.
    /// - Parameters:
    ///   - more: asked now and then for the batch that is to follow; nil if none is waiting.
    ///   - answer: called once each batch is on disk, with an outcome for each draft, in the same order.
    /// - Throws: `CustodyError` with code `durability-unknown`, or what keeps the batches that have not been answered
    ///   from being written; the log then stands where it stood.
    func commit(
        _ drafts: [Draft], more: () -> [Draft]?, answer: ([Result<Receipt, any Error>]) -> Void
    ) throws {
        try store.writeSeries { series in
            let sealer = try sealer(series)
            defer { side.rest() }
            let isSmall = drafts.count <= Self.chunkMax
            var batch = isSmall ? Batch(small: drafts, sealer) : Batch(drafts, sealer, on: side)
            for place in 1...Self.seriesMax {
                var next: Batch?
                func lookAhead() {
                    guard next == nil, place < Self.seriesMax, let drafts = more() else { return }
                    next = Batch(drafts, sealer, on: side)
                }
                let (log, outcomes) = try series.write { try write(batch, $0, meanwhile: lookAhead) }
                self.log = log
                answer(outcomes)
                guard let following = next else { return }
                batch = following
            }
        }
    }

    /// The update that a draft would become if it were recorded now; nothing is written.
    /// - Throws: `CustodyError` if nothing is known of its order or contract, or a value is none.
    func prepare(_ draft: Draft) throws -> PreparedUpdate {
        // A refusal is no failure of the series, which would forget all orders in memory.
        try store.writeSeries { series in
            let sealer = try sealer(series)
            return Result { try sealer.prepare(draft) }
        }.get()
    }

    private func sealer(_ series: LedgerStore.Series) throws -> UpdateSealer {
        guard let document = series.rulebook.latest else {
            throw CustodyError(.logMissing, "this gateway has no consortium document", remedy: "run custody init")
        }
        return UpdateSealer(
            log: log, document: document, rulebook: series.rulebook, key: key, clock: instruments.clockQuality(),
            instruments: instruments, orders: series.orders)
    }

    /// A batch in chunks, each with the log that holds it.
    private struct Batch {
        typealias Chunk = (UpdateSealer.Chunk, Log)

        let count: Int
        private let stream: SideStream<Result<Chunk, any Error>>

        /// A batch that the side thread seals.
        init(_ drafts: [Draft], _ sealer: UpdateSealer, on side: SideThread) {
            count = drafts.count
            stream = side.stream((drafts.count + chunkMax - 1) / chunkMax) { chunk in
                let start = chunk * chunkMax
                return Self.seal(drafts[start..<min(start + chunkMax, drafts.count)], sealer)
            }
        }

        /// A batch that the caller seals, because to hand it over would take longer.
        init(small drafts: [Draft], _ sealer: UpdateSealer) {
            count = drafts.count
            stream = SideStream(of: Self.seal(drafts[...], sealer))
        }

        private static func seal(_ drafts: ArraySlice<Draft>, _ sealer: UpdateSealer) -> Result<Chunk, any Error> {
            Result { (try sealer.seal(drafts), sealer.log) }
        }

        /// Nil once all are taken.
        func next() throws -> Chunk? { try stream.next()?.get() }
    }

    private func write(
        _ batch: Batch, _ transaction: LedgerTransaction, meanwhile: () -> Void
    ) throws -> (Log, [Result<Receipt, any Error>]) {
        var outcomes: [Result<Receipt, any Error>] = []
        outcomes.reserveCapacity(batch.count)
        var head = log
        while let (chunk, log) = try batch.next() {
            try write(chunk, transaction)
            outcomes += chunk.outcomes
            head = log
            meanwhile()
        }
        if head.size > log.size { try finish(head, transaction) }
        meanwhile()
        return (head, outcomes)
    }

    private func write(_ chunk: UpdateSealer.Chunk, _ transaction: LedgerTransaction) throws {
        try transaction.append(chunk.entries, full: chunk.full, to: record.id)
        for sealed in chunk.updates {
            try transaction.enter(
                sealed.update, of: sealed.order, index: sealed.index, log: record.id, verdict: .accepted,
                isFork: sealed.isFork, recordedAt: sealed.recordedAt)
            if let id = sealed.takenBack { try transaction.settle(takenBack: id, as: sealed.reference) }
            for fact in sealed.facts {
                try transaction.keep(fact.disclosure, sealed: fact.sealed, ofEntry: sealed.index, log: record.id)
            }
        }
        for (erasure, index) in chunk.erasures { try transaction.enter(erasure, index: index, log: record) }
    }

    private func finish(_ head: Log, _ transaction: LedgerTransaction) throws {
        try transaction.setProgress(of: record.id, next: head.size, floor: head.documentVersion)
        try transaction.keep(try head.checkpoint().signed(by: key), size: head.size, of: record.id, stored: true)
        try transaction.forgetOldCheckpoints(of: record.id)
    }

    /// Founds a log: its genesis is entry 0.
    /// - Parameter predecessor: the last known head of the generation before; nil for a gateway's first log.
    public static func writeGenesis(
        origin: String, chain: [[UInt8]], predecessor: Head? = nil, log number: Int64, key: SigningKey,
        instruments: Instruments, _ transaction: LedgerTransaction
    ) throws {
        var log = Log(origin: origin)
        var full: [FullTile] = []
        let genesis = Genesis(
            origin: origin, organisation: ConsortiumDocument.organisation(ofOrigin: origin), certificateChain: chain,
            predecessor: predecessor)
        let sealed = try log.seal(
            .genesis(genesis), now: instruments.now(), clock: instruments.clockQuality(), full: &full)
        try transaction.append([sealed], full: full, to: number)
        try transaction.setProgress(of: number, next: 1, floor: 0)
        try transaction.keep(try log.checkpoint().signed(by: key), size: 1, of: number, stored: true)
    }
}

extension CustodyError.Code {
    public static let logMissing: Self = "log-missing"
}
