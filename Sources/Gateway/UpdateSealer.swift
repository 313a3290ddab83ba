import Ledger
import Store

/// Judges and seals drafts, one after another, ahead of what writes them.
final class UpdateSealer {
    private(set) var log: Log
    private let document: ConsortiumDocument
    private let rulebook: Rulebook
    private let key: SigningKey
    private let clock: ClockQuality
    private let instruments: Instruments
    private let orders: OrderLookup
    /// The grounds of the update before.
    private var grounds: Grounds?

    /// - Parameter key: of the log.
    init(
        log: Log, document: ConsortiumDocument, rulebook: Rulebook, key: SigningKey, clock: ClockQuality,
        instruments: Instruments, orders: OrderLookup
    ) {
        self.log = log
        self.document = document
        self.rulebook = rulebook
        self.key = key
        self.clock = clock
        self.instruments = instruments
        self.orders = orders
    }

    /// An update that stands in its order's thread and in its log, and is yet to be entered into the order index.
    struct Sealed {
        let update: Update
        let order: KeptOrder
        let reference: Reference
        let recordedAt: Int64
        /// Whether the order has several heads with this update, and none that came after it.
        let isFork: Bool
        let facts: [SealedFact]
        /// What was taken back and stands in the log again with this.
        let takenBack: Int64?

        var index: UInt64 { reference.index }
    }

    /// The value of a private fact, and what is sealed of it.
    struct SealedFact {
        let disclosure: Disclosure
        let sealed: [SealedDisclosure]
    }

    /// What became of some drafts.
    struct Chunk {
        /// One for each draft, in the same order; the receipts hold once the entries are on disk.
        var outcomes: [Result<Receipt, any Error>] = []
        var updates: [Sealed] = []
        var erasures: [(erasure: Erasure, index: UInt64)] = []
        var entries: [SealedEntry] = []
        /// Tiles that the entries filled.
        var full: [FullTile] = []

        init(count: Int) {
            outcomes.reserveCapacity(count)
            updates.reserveCapacity(count)
            entries.reserveCapacity(count)
        }
    }

    /// - Throws: what keeps the orders from being looked up.
    func seal(_ drafts: ArraySlice<Draft>) throws -> Chunk {
        var chunk = Chunk(count: drafts.count)
        for draft in drafts {
            let place = try place(draft)
            chunk.outcomes.append(Result { try seal(draft, at: try place.get(), into: &chunk) })
        }
        return chunk
    }

    // MARK: Places

    /// Where a draft belongs.
    private struct Place {
        let order: KeptOrder
        let contract: Hash
    }

    /// - Returns: why it is refused, if nothing is known of its order or contract.
    private func place(_ draft: Draft) throws -> Result<Place, any Error> {
        switch draft.order {
        case .existing(let name):
            let order = try orders.order(name)
            guard let contract = order.contract else {
                return .failure(
                    CustodyError(
                        .orderUnknown, "no order is known by '\(name)'",
                        remedy: "custody orders lists those that this gateway has"))
            }
            return .success(Place(order: order, contract: contract))
        case .reopen(let name, let contract):
            return .success(Place(order: try orders.order(name), contract: contract))
        case .open(let name):
            guard let contract = rulebook.contract(named: name, in: document) else {
                let inForce = document.contracts.map(\.name).sorted().joined(separator: ", ")
                return .failure(
                    CustodyError(
                        .contractUnknown, "no contract '\(name)' is in force", remedy: "in force are: \(inForce)"))
            }
            return .success(Place(order: orders.begin(order: newOrderName()), contract: contract.hash))
        }
    }

    private func newOrderName() -> String {
        OrderName.make(
            origin: log.origin, milliseconds: UInt64(max(0, instruments.now() / 1_000)),
            random: (instruments.random(), UInt16(truncatingIfNeeded: instruments.random())))
    }

    // MARK: Sealing

    /// The update that a draft would become, as its order stands now.
    /// - Throws: `CustodyError` if nothing is known of its order or contract, or a value is none.
    func prepare(_ draft: Draft) throws -> PreparedUpdate { try made(draft, at: try place(draft).get()) }

    private func made(_ draft: Draft, at place: Place) throws -> PreparedUpdate {
        try checkTypes(of: draft, under: place.contract)
        let disclosures = try disclosures(of: draft)
        let update = Update(
            order: place.order.name, step: draft.step, parents: place.order.parentsOfNext,
            cites: try citations(of: draft, in: place.order), consortium: document.hash, contract: place.contract,
            subjects: draft.subjects, facts: facts(of: draft, disclosures), observedAt: draft.observedAt,
            source: draft.source, operator: draft.operator.map { Operator(id: $0) }, firing: draft.firing)
        return PreparedUpdate(origin: log.origin, update: update, disclosures: disclosures)
    }

    /// Checks what no verdict says: that a signed update is the one that this gateway would make now, and that the values
    /// behind its commitments are here.
    private func check(signed: PreparedUpdate, at place: Place) throws {
        let update = signed.update
        guard signed.origin == log.origin, update.parents == place.order.parentsOfNext,
            update.consortium == document.hash
        else {
            throw CustodyError(
                .orderMovedOn, "the order has gone on since this was signed", at: update.order,
                remedy: "sign what follows now")
        }
        let commitments = update.facts.compactMap { fact -> Hash? in
            if case .commitment(let commitment) = fact.value { commitment } else { nil }
        }
        guard update.operator?.signature.isEmpty == false, update.source == Source(.operator),
            commitments == signed.disclosures.map(\.commitment)
        else {
            throw CustodyError(
                .signedMalformed, "what was handed in as signed lacks a signature or a private value", at: update.order)
        }
    }

    private func seal(_ draft: Draft, at place: Place, into chunk: inout Chunk) throws -> Receipt {
        if let erasure = draft.erasure { return try seal(erasure, into: &chunk) }
        let order = place.order
        if let signed = draft.signed { try check(signed: signed, at: place) }
        let prepared = try draft.signed ?? made(draft, at: place)
        let update = prepared.update
        let now = instruments.now()
        let grounds = rulebook.grounds(of: update, from: log.origin, known: grounds)
        self.grounds = grounds
        try judge(update, of: order, recordedAt: log.timeOfNext(now: now), on: grounds)
        // Before the log takes the entry: a log that has it cannot go back.
        let facts = try sealedFacts(prepared.disclosures, of: update)
        let entry = try log.seal(.update(update), now: now, clock: clock, full: &chunk.full)
        log.named(documentVersion: document.version)
        let reference = Reference(origin: log.origin, index: entry.index, leafHash: entry.leafHash)
        order.insert(update, at: reference, recordedAt: entry.entry.recordedAt, on: grounds)
        chunk.updates.append(
            Sealed(
                update: update, order: order, reference: reference, recordedAt: entry.entry.recordedAt,
                isFork: order.thread.isFork, facts: facts, takenBack: draft.takenBack))
        chunk.entries.append(entry)
        return Receipt(
            order: update.order, step: update.step, origin: log.origin, index: entry.index, leafHash: entry.leafHash,
            recordedAt: entry.entry.recordedAt)
    }

    /// What a draft cites, and the confirmations that the contract asks of whatever follows the order's heads.
    private func citations(of draft: Draft, in order: KeptOrder) throws -> [Citation] {
        let proofs = try order.thread.confirmationsOfNext(under: document).compactMap { confirmation in
            try orders.proof(of: confirmation).map { Citation(reference: confirmation.reference, proof: $0) }
        }
        return draft.cites.map { Citation(reference: $0) } + proofs
    }

    private func seal(_ erasure: Erasure, into chunk: inout Chunk) throws -> Receipt {
        try check(erasure)
        let entry = try log.seal(.erasure(erasure), now: instruments.now(), clock: clock, full: &chunk.full)
        chunk.erasures.append((erasure, entry.index))
        chunk.entries.append(entry)
        return Receipt(
            order: erasure.order, step: "", origin: log.origin, index: entry.index, leafHash: entry.leafHash,
            recordedAt: entry.entry.recordedAt)
    }

    private func check(_ erasure: Erasure) throws {
        guard let update = try orders.update(erasure.update) else {
            throw CustodyError(
                .erasureRefused, "the update whose fact is to be erased is not here",
                at: "\(erasure.update.origin):\(erasure.update.index)")
        }
        if case .refused(let code, let message) = rulebook.judge(erasure, from: log.origin, of: update) {
            throw CustodyError(code, message, at: erasure.order)
        }
        guard try !orders.isErased(erasure.fact, of: erasure.update) else {
            throw CustodyError(.factErased, "'\(erasure.fact)' has been erased already", at: erasure.order)
        }
        try ErasureReason.check(
            erasure.reason, hides: try orders.values(of: erasure.fact, in: update, at: erasure.update))
    }

    private func judge(_ update: Update, of order: KeptOrder, recordedAt: Int64, on grounds: Grounds) throws {
        let judgement = try order.judge(
            update, recordedAt: recordedAt, floor: log.documentVersion, on: grounds,
            elsewhere: { try orders.elsewhere($0) })
        switch judgement {
        case .decided(.accepted): return
        case .decided(.rejected(let rejection)):
            throw CustodyError(
                CustodyError.Code(rawValue: rejection.code.rawValue), rejection.message, at: update.order,
                remedy: Self.remedy(of: rejection.code))
        case .waiting:
            throw CustodyError(
                .ancestorsMissing, "what this update builds on has not arrived here yet", at: update.order,
                remedy: "try again when the gateway is connected")
        }
    }

    private static func remedy(of code: Rejection.Code) -> String {
        switch code {
        case .notConfirmed: "try again when they have been reached"
        case .ruleNeeded: "the gateways of the roles that the rule names record it by themselves"
        case .operatorUnsigned: "sign it: custody record --operator-key FILE"
        case .operatorStranger, .operatorNotValid: "the organisation certifies the key: custody operator certify"
        default: "custody trace shows what has been recorded"
        }
    }

    /// Nobody but whoever has the value can see of what type a private fact is, and no verdict says it.
    private func checkTypes(of draft: Draft, under contract: Hash) throws {
        for fact in draft.facts {
            guard case .private(let value) = fact.value,
                let type = rulebook.contracts[contract]?.step(draft.step)?.type(of: fact.name), type != .text
            else { continue }
            guard let text = String(validating: value, as: UTF8.self), type.admits(private: text) else {
                throw CustodyError(
                    .factMalformed, "the private fact \(fact.name) must be \(type.expectation)", at: draft.step)
            }
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

    /// Each disclosure sealed to every organisation that may read it and has a key for it.
    private func sealedFacts(_ disclosures: [Disclosure], of update: Update) throws -> [SealedFact] {
        try disclosures.map { disclosure in
            guard let context = SealedDisclosure.Context(of: disclosure.commitment, in: update, from: log.origin) else {
                return SealedFact(disclosure: disclosure, sealed: [])
            }
            let audience = rulebook.audience(of: disclosure.name, in: update, from: log.origin) ?? []
            let sealed = try audience.sorted().compactMap { reader in
                try document.organisation(reader)?.readingKey.map {
                    try SealedDisclosure(disclosure, of: context, for: reader, readingKey: $0, signedBy: key)
                }
            }
            return SealedFact(disclosure: disclosure, sealed: sealed)
        }
    }

    private func facts(of draft: Draft, _ disclosures: [Disclosure]) -> [Fact] {
        var rest = disclosures[...]
        return draft.facts.map { fact in
            switch fact.value {
            case .text(let text): Fact(name: fact.name, value: .text(text))
            case .committed(let commitment): Fact(name: fact.name, value: .commitment(commitment))
            case .private: Fact(name: fact.name, value: .commitment(rest.removeFirst().commitment))
            }
        }
    }
}

extension CustodyError.Code {
    public static let ancestorsMissing: Self = "ancestors-missing"
    public static let contractUnknown: Self = "contract-unknown"
    public static let factMalformed = Self(rawValue: Rejection.Code.factMalformed.rawValue)
}
