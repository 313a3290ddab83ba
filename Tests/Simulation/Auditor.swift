import Ledger
import Store

/// Looks at gateways while they run, for promises that are not to be broken for a moment.
@Simulation final class Auditor {
    static let pause: Duration = .milliseconds(400)

    private unowned let world: World
    /// Confirmed heads that have been looked at.
    private var known: Set<[String]> = []

    init(world: World) { self.world = world }

    func run() async throws {
        while world.failure == nil, !world.isOver {
            for gateway in world.gateways where gateway.isHonest {
                guard let running = gateway.running, running.audited != running.store.changes.count else { continue }
                running.audited = running.store.changes.count
                try checkConfirmed(running.store, at: gateway)
                try checkHeads(running.store, at: gateway)
            }
            await world.pause(Self.pause)
        }
    }

    /// Who is confirmed has the quorum's cosignatures.
    private func checkConfirmed(_ store: LedgerStore, at gateway: SimulatedGateway) throws {
        try store.read { snapshot in
            for log in try snapshot.logs() where log.confirmed > 0 {
                guard known.insert([gateway.name, log.origin, "\(log.confirmed)"]).inserted else { continue }
                let cosigners = Set(try snapshot.cosignatures(size: log.confirmed, of: log.id).map(\.cosigner))
                guard !world.isQuorum(cosigners) else { continue }
                world.fail(
                    "what is confirmed has a quorum",
                    "\(log.origin) at \(log.confirmed) has \(cosigners.sorted()), at \(gateway.name)")
            }
        }
    }

    /// Who serves a head has its entries.
    private func checkHeads(_ store: LedgerStore, at gateway: SimulatedGateway) throws {
        try store.read { snapshot in
            for log in try snapshot.logs() where log.frozen == nil {
                guard let head = try snapshot.headCheckpoint(of: log.id) else { continue }
                guard known.insert([gateway.name, log.origin, head.root.hex]).inserted else { continue }
                if try head.size > log.size || snapshot.root(of: log.id, size: head.size) != head.root {
                    world.fail(
                        "whoever serves a head has its entries",
                        "\(gateway.name) has \(log.size) entries of \(log.origin), and a head of \(head.size)")
                }
            }
        }
    }

    // MARK: At a start

    /// What a gateway has promised is on its disk when it starts again.
    func checkStart(of gateway: SimulatedGateway, _ store: LedgerStore) throws {
        guard gateway.isHonest, world.held[gateway.member.origin] == nil else { return }
        try checkAcknowledged(by: gateway, store)
        // Who forges cosignatures has nothing behind them.
        if let liar = world.liar, liar.lie == .forgesCosignatures, liar.gateway === gateway { return }
        guard gateway.member.isCosigner else { return }
        for other in world.gateways where other.place != gateway.place {
            if let running = other.running { try checkCosigned(by: gateway, store, as: running.store) }
        }
    }

    private func checkAcknowledged(by gateway: SimulatedGateway, _ store: LedgerStore) throws {
        let entries = try store.read { snapshot in
            try snapshot.ownLog().map { try snapshot.entries(log: $0.id, from: 0, count: Int($0.size)) } ?? []
        }
        let tags = Set(try entries.compactMap { try Entry(bytes: $0).update?.observedAt })
        for update in world.acknowledged where update.place == gateway.place && !tags.contains(update.tag) {
            world.fail(
                "no acknowledged update is lost",
                "update \(update.tag) is not in the log of \(gateway.name) that acknowledged it")
        }
    }

    /// - Parameter seen: another member's store, with the cosignatures that it was given.
    private func checkCosigned(by gateway: SimulatedGateway, _ store: LedgerStore, as seen: LedgerStore) throws {
        let sizes = try seen.read { snapshot in
            try snapshot.logs().map { ($0.origin, try snapshot.cosignedSizes(of: $0.id)[gateway.member.id] ?? 0) }
        }
        for (origin, size) in sizes where size > 0 {
            let held = try store.read { try $0.log(origin)?.size ?? 0 }
            guard held < size else { continue }
            world.fail(
                "nobody cosigns what it can lose",
                "\(gateway.name) has \(held) entries of \(origin) and has cosigned \(size)")
        }
    }
}
