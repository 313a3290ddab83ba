import Gateway
import Ledger
import Rig
import Store

/// People at every member who open orders and continue those that they see.
@Simulation final class Workload {
    /// How long they work.
    static let time: ClosedRange<Double> = 1...2.8

    private let world: World
    private var random: SeededRandom
    private var lastTag: Int64 = 0

    init(world: World) {
        self.world = world
        random = SeededRandom(seed: world.plan.seed, stream: 2, position: 0)
    }

    func run() async {
        let end = Timeline.shared.time + Int64(random.number(in: Self.time) * 1e6)
        await withTaskGroup(of: Void.self) { group in
            while Timeline.shared.time < end {
                let gateways = world.gateways + world.clones
                let gateway = gateways[Int(random.next() % UInt64(gateways.count))]
                if let incarnation = gateway.running, let drafts = try? drafts(for: gateway, incarnation.store) {
                    group.addTask(executorPreference: Timeline.shared) {
                        await self.record(drafts, at: gateway, incarnation)
                    }
                }
                await world.pause(.milliseconds(Int(random.number(in: 20...800))))
            }
        }
    }

    private func record(_ drafts: [Draft], at gateway: SimulatedGateway, _ incarnation: Incarnation) async {
        let isEarly = world.plan.fault == .answersEarly
        if isEarly {
            for draft in drafts {
                world.acknowledge(World.Acknowledged(place: gateway.place, tag: draft.observedAt ?? 0, receipt: nil))
            }
        }
        let receipts = await incarnation.record(drafts)
        guard !isEarly else { return }
        for (draft, receipt) in zip(drafts, receipts) {
            guard let receipt, let tag = draft.observedAt else { continue }
            world.trace(gateway.name, "acknowledges \(receipt.step) at \(receipt.index)")
            world.acknowledge(World.Acknowledged(place: gateway.place, tag: tag, receipt: receipt))
        }
    }

    /// Each closes the disputes that it sees, and does not know that others do the same. Who keeps a part of the logs takes
    /// part in what it sees, so that it needs more of them.
    func resolve() async {
        for gateway in world.gateways {
            await world.pause(.milliseconds(draw(2_000)))
            guard let running = gateway.running, let threads = try? threads(in: running.store) else { continue }
            let drafts = threads.compactMap { thread -> Draft? in
                lastTag += 1
                let draft = try? next(of: thread, by: gateway, running.store)
                return draft?.step == "order.resolved" || gateway.mirror != .all ? draft : nil
            }
            if !drafts.isEmpty { await record(drafts, at: gateway, running) }
        }
    }

    // MARK: What they record

    private func drafts(for gateway: SimulatedGateway, _ store: LedgerStore) throws -> [Draft] {
        try (0..<1 + Int(random.next() % 3)).map { _ in
            lastTag += 1
            return try continuing(gateway, store) ?? opening(gateway)
        }
    }

    private func opening(_ gateway: SimulatedGateway) -> Draft {
        let isDevice = gateway.member.role == .hospital && random.fraction() < 0.3
        return draft(.open(contract: isDevice ? "custom-device" : "exchange"), isDevice ? "order.placed" : "opened")
    }

    /// The next step of an order that this gateway knows; nil if there is none that it may record.
    private func continuing(_ gateway: SimulatedGateway, _ store: LedgerStore) throws -> Draft? {
        guard random.fraction() < 0.8 else { return nil }
        let threads = try threads(in: store)
        guard !threads.isEmpty else { return nil }
        return try next(of: threads[draw(threads.count)], by: gateway, store)
    }

    private func threads(in store: LedgerStore) throws -> [OrderThread] {
        try store.read { snapshot in
            try snapshot.orders().sorted { $0.name < $1.name }.map {
                try snapshot.thread(of: $0, rulebook: store.rulebook)
            }
        }
    }

    private func next(of thread: OrderThread, by gateway: SimulatedGateway, _ store: LedgerStore) throws -> Draft? {
        guard let contract = thread.contract.flatMap({ store.rulebook.contracts[$0] }) else { return nil }
        let isDisputed = thread.conflict(under: contract) != nil
        let steps = contract.steps.filter {
            !$0.opens && $0.by.contains(gateway.member.role) && thread.allows($0) && $0.resolves == isDisputed
        }
        guard !steps.isEmpty else { return nil }
        let step = steps[draw(steps.count)]
        let stands = step.resolves ? thread.heads[draw(thread.heads.count)].leafHash.hex : nil
        return draft(.existing(thread.order), step.name, stands: stands)
    }

    private func draw(_ count: Int) -> Int { Int(random.next() % UInt64(count)) }

    private static let facts: [String: [String]] = [
        "order.placed": ["product"], "opened": ["number"], "noted": ["remark"], "taken": ["place"],
        "design.set": ["design"], "materials.recorded": ["material", "lot"], "compliance.rejected": ["reason"],
        "after-sales.recorded": ["finding"],
    ]

    private func draft(_ order: Draft.Order, _ step: String, stands: String? = nil) -> Draft {
        var facts = (Self.facts[step] ?? []).map { (name: $0, value: Draft.Value.text("\(lastTag)")) }
        if let stands { facts.append((name: Contract.standsFact, value: .text(stands))) }
        return Draft(order: order, step: step, facts: facts, observedAt: lastTag, source: Source(.operator))
    }
}
