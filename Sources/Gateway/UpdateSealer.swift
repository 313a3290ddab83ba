import Ledger
import Store

/// A draft whose order has been found.
struct PlacedDraft {
    let draft: Draft
    let order: KeptOrder
    let contract: Hash
    /// What the store knows of the entries that the draft cites.
    let cited: [Reference: OrderThread.Elsewhere]
}

/// An update that stands in its order's thread and in its log, and is yet to be written.
struct SealedUpdate {
    let update: Update
    let order: KeptOrder
    let entry: SealedEntry
    let disclosures: [Disclosure]
}

/// Judges and seals the drafts of one batch, one after another, in memory.
final class UpdateSealer {
    private(set) var log: Log
    private let document: ConsortiumDocument
    private let rulebook: Rulebook
    private let clock: ClockQuality
    private let instruments: Instruments

    init(log: Log, document: ConsortiumDocument, rulebook: Rulebook, clock: ClockQuality, instruments: Instruments) {
        self.log = log
        self.document = document
        self.rulebook = rulebook
        self.clock = clock
        self.instruments = instruments
    }

    /// Updates with the tiles that they filled.
    struct Sealed {
        var updates: [Result<SealedUpdate, any Error>] = []
        var full: [FullTile] = []
    }

    /// - Returns: an outcome for each draft, in the same order.
    func seal(_ drafts: ArraySlice<Result<PlacedDraft, any Error>>) -> Sealed {
        var sealed = Sealed()
        sealed.updates.reserveCapacity(drafts.count)
        for draft in drafts {
            sealed.updates.append(Result { try seal(try draft.get(), full: &sealed.full) })
        }
        return sealed
    }

    private func seal(_ placed: PlacedDraft, full: inout [FullTile]) throws -> SealedUpdate {
        let draft = placed.draft
        let disclosures = try disclosures(of: draft)
        let update = Update(
            order: placed.order.name, step: draft.step, parents: placed.order.thread.parentsOfNext,
            cites: draft.cites.map { Citation(reference: $0) }, consortium: document.hash, contract: placed.contract,
            subjects: draft.subjects, facts: facts(of: draft, disclosures), observedAt: draft.observedAt,
            source: draft.source, operator: draft.operator.map { Operator(id: $0) })
        try judge(update, placed)
        let entry = try log.seal(.update(update), now: instruments.now(), clock: clock, full: &full)
        log.named(documentVersion: document.version)
        placed.order.thread.insert(
            update, at: Reference(origin: log.origin, index: entry.index, leafHash: entry.leafHash),
            verdict: .accepted, documentVersion: document.version)
        return SealedUpdate(update: update, order: placed.order, entry: entry, disclosures: disclosures)
    }

    private func judge(_ update: Update, _ placed: PlacedDraft) throws {
        let judgement = placed.order.thread.judge(
            update, from: log.origin, floor: log.documentVersion, by: rulebook,
            elsewhere: { placed.cited[$0] ?? .absent })
        switch judgement {
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

    /// One for each private fact, in the order of the facts.
    private func disclosures(of draft: Draft) throws -> [Disclosure] {
        try draft.facts.compactMap { fact in
            guard case .private(let value) = fact.value else { return nil }
            return try Disclosure(
                name: fact.name, value: value, salt: instruments.randomBytes(Disclosure.saltBytes))
        }
    }

    private func facts(of draft: Draft, _ disclosures: [Disclosure]) -> [Fact] {
        var rest = disclosures[...]
        return draft.facts.map { fact in
            switch fact.value {
            case .text(let text): Fact(name: fact.name, value: .text(text))
            case .private: Fact(name: fact.name, value: .commitment(rest.removeFirst().commitment))
            }
        }
    }
}

extension CustodyError.Code {
    public static let ancestorsMissing: Self = "ancestors-missing"
}
