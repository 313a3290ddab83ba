import Ledger

/// One order that five members write, each into a log of its own.
struct TestOrder {
    /// An update with its place, as it is delivered to everybody.
    struct Sent: Sendable {
        let update: Update
        let reference: Reference
        let recordedAt: Int64
    }

    let consortium: TestConsortium
    let contract: Contract
    var thread: OrderThread
    private(set) var sent: [Sent] = []
    /// By which updates are recorded, UTC microseconds.
    var now: Int64 = 0

    init(_ consortium: TestConsortium, contract: String = "custom-device", number: UInt64 = 1) throws {
        self.consortium = consortium
        self.contract = try consortium.contract(contract)
        let name = OrderName.make(origin: consortium[.hospital].origin, milliseconds: number, random: (number, 7))
        thread = OrderThread(order: name)
    }

    /// What the sample contract asks for.
    static let facts: [String: [Fact]] = [
        "order.placed": [text("product", "hip")], "design.set": [text("design", "d-1")],
        "materials.recorded": [text("material", "titanium"), text("lot", "L1")],
        "compliance.rejected": [text("reason", "crack")], "after-sales.recorded": [text("finding", "fine")],
    ]

    static func text(_ name: String, _ value: String) -> Fact { Fact(name: name, value: .text(value)) }

    static let roles: [String: Role] = [
        "order.placed": .hospital, "design.set": .manufacturer, "materials.recorded": .supplier,
        "production.completed": .manufacturer, "compliance.approved": .regulator, "compliance.rejected": .regulator,
        "shipped": .logistics, "received": .hospital, "installed": .hospital, "after-sales.recorded": .hospital,
    ]

    func update(
        _ step: String, parents: [Reference]? = nil, cites: [Reference] = [], facts: [Fact]? = nil,
        subjects: [String] = [], contract: Hash? = nil, consortium document: Hash? = nil, firing: Firing? = nil
    ) -> Update {
        Update(
            order: thread.order, step: step, parents: parents ?? thread.heads,
            cites: cites.map { Citation(reference: $0) }, consortium: document ?? consortium.document.hash,
            contract: contract ?? self.contract.hash, subjects: subjects,
            facts: facts ?? Self.facts[step] ?? [],
            source: Source(.operator), firing: firing)
    }

    func judge(
        _ update: Update, from origin: String? = nil, floor: Int = 0, rulebook: Rulebook? = nil,
        elsewhere: (Reference) -> OrderThread.Elsewhere = { _ in .absent }
    ) -> Judgement {
        let author = origin ?? consortium[Self.roles[update.step] ?? .hospital].origin
        return thread.judge(
            update, from: author, recordedAt: now, floor: floor, by: rulebook ?? consortium.rulebook,
            elsewhere: elsewhere)
    }

    /// Judges an update and, if it is decided, enters it.
    @discardableResult
    mutating func record(_ update: Update, from origin: String? = nil) throws -> Reference {
        let author = origin ?? consortium[Self.roles[update.step] ?? .hospital].origin
        let reference = try place(update, from: author)
        sent.append(Sent(update: update, reference: reference, recordedAt: now))
        if case .decided(let verdict) = judge(update, from: author) {
            thread.insert(update, at: reference, recordedAt: now, verdict: verdict, by: consortium.rulebook)
        }
        return reference
    }

    @discardableResult
    mutating func record(_ step: String, parents: [Reference]? = nil, facts: [Fact]? = nil) throws -> Reference {
        try record(update(step, parents: parents, facts: facts))
    }

    mutating func record(_ steps: [String]) throws {
        for step in steps { try record(step) }
    }

    private func place(_ update: Update, from origin: String) throws -> Reference {
        let clock = ClockQuality(source: .none, error: 0, bootID: [])
        let entry = Entry(previous: nil, recordedAt: Int64(sent.count), clock: clock, body: .update(update))
        return Reference(origin: origin, index: UInt64(sent.count + 1), leafHash: Hash.leaf(try entry.sealed()))
    }
}
