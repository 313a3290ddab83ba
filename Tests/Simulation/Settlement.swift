import Foundation
import Gateway
import Ledger
import Store

/// What must be true of a consortium that has healed.
@Simulation struct Settlement {
    /// How long it may take.
    static let limit: Duration = .seconds(180)

    let world: World

    /// What one honest gateway believes.
    private struct Belief: Equatable {
        struct Log: Equatable {
            let size, confirmed: UInt64
            let root: Hash?
            let isFrozen: Bool
            /// Of a frozen log; nil if nobody has seen both branches of one that forked.
            let common: UInt64?
            /// Entries that are stored, whether or not there is a head for them.
            let stored: UInt64

            func isSame(as other: Log?) -> Bool {
                other.map { (size, confirmed, root, isFrozen) == ($0.size, $0.confirmed, $0.root, $0.isFrozen) }
                    ?? false
            }
        }

        /// By the update's leaf hash.
        var verdicts: [Hash: Verdict] = [:]
        var places: [Hash: String] = [:]
        var orders: [Hash: String] = [:]
        var heads: [String: [Hash]] = [:]
        var waiting: Set<Hash> = []
    }

    func check() async throws {
        let deadline = Timeline.shared.time + Self.limit.inMicroseconds
        var difference: String? = "it has not begun"
        while difference != nil, Timeline.shared.time < deadline, world.failure == nil {
            await world.pause(.seconds(1))
            try world.liar?.lookAround()
            difference = try differenceOnDocument() ?? differenceOnLogs() ?? differenceOnVerdicts()
        }
        guard world.failure == nil else { return }
        if let difference { return world.fail("all honest members agree", difference) }
        world.trace("world", "has settled")
        try checkVerdicts()
        try checkAcknowledged()
        try checkFrozen()
        checkDisks()
    }

    private var honest: [(gateway: SimulatedGateway, store: LedgerStore)] {
        world.gateways.compactMap { gateway in
            guard gateway.isHonest, let running = gateway.running else { return nil }
            return (gateway, running.store)
        }
    }

    // MARK: Parts

    /// What a gateway has to have that keeps only some logs.
    private struct Part {
        /// Orders on which it has recorded, if it chose them.
        var orders: Set<String> = []
        /// Logs with updates of those orders, and those that it chose otherwise.
        var origins: Set<String> = []
    }

    /// What each gateway has to have that does not keep everything, by name, as one knows it that does.
    private func parts() throws -> [String: Part] {
        let partial = honest.filter { $0.gateway.mirror != .all }
        guard !partial.isEmpty, let whole = honest.first(where: { $0.gateway.mirror == .all })?.store else {
            return [:]
        }
        let (applied, logs) = try whole.read { (try $0.applied(after: 0, limit: .max), try $0.logs().map(\.origin)) }
        let origins = Dictionary(grouping: applied, by: \.update.order).mapValues { Set($0.map(\.reference.origin)) }
        return Dictionary(
            uniqueKeysWithValues: partial.map { gateway, _ in
                let own = origins.filter { $0.value.contains(gateway.member.origin) && gateway.mirror.asksForOrders }
                let needed = own.values.reduce(into: Set()) { $0.formUnion($1) }
                let chosen = logs.filter {
                    gateway.mirror.keeps(
                        $0, own: gateway.member.id, document: world.consortium.document, orderLogs: needed)
                }
                return (gateway.name, Part(orders: Set(own.keys), origins: Set(chosen)))
            })
    }

    // MARK: Document

    private func differenceOnDocument() -> String? {
        guard world.isChanged else { return nil }
        return honest.first { $0.store.rulebook.latest?.version != 2 }.map {
            "\($0.gateway.name) goes by version \($0.store.rulebook.latest?.version ?? 0) of the document"
        }
    }

    // MARK: Logs

    private func logs() throws -> [(name: String, logs: [String: Belief.Log])] {
        try honest.map { gateway, store in
            let logs = try store.read { snapshot in
                try snapshot.logs().map { log in
                    let head = try snapshot.headCheckpoint(of: log.id)
                    return (
                        log.origin,
                        Belief.Log(
                            size: head?.size ?? 0, confirmed: log.confirmed, root: head?.root,
                            isFrozen: log.frozen != nil, common: log.common, stored: log.size)
                    )
                }
            }
            return (gateway.name, Dictionary(uniqueKeysWithValues: logs))
        }
    }

    /// - Returns: where members do not agree yet; nil if they do.
    private func differenceOnLogs() throws -> String? {
        let (whole, parts) = (try logs(), try parts())
        let origins = Set(whole.flatMap(\.logs.keys)).union(world.gateways.map(\.member.origin))
        for origin in origins.sorted() {
            let all = whole.filter { parts[$0.name]?.origins.contains(origin) ?? true }
            let isFrozen = all.contains { $0.logs[origin]?.isFrozen == true }
            let difference =
                isFrozen || mustBeFrozen(origin) ? differenceOnFork(origin, all) : differenceOnHead(origin, all)
            if let difference { return difference }
        }
        return nil
    }

    private func mustBeFrozen(_ origin: String) -> Bool {
        world.liar.map { $0.isCaught && $0.gateway.member.origin == origin } ?? false
    }

    private func differenceOnFork(_ origin: String, _ all: [(name: String, logs: [String: Belief.Log])]) -> String? {
        let hasEntries = all.contains { $0.logs[origin]?.common ?? 0 > 0 }
        // Of a log that has brought nothing that could be believed, not all need to have heard.
        if let other = all.first(where: { $0.logs[origin].map { !$0.isFrozen } ?? hasEntries }) {
            return "\(other.name) has not frozen \(origin)"
        }
        guard hasEntries else { return nil }
        let commons = Set(all.map { $0.logs[origin]?.common })
        if commons.count > 1 {
            return "\(origin) is frozen at \(commons.map { $0.map(String.init) ?? "no size" }.sorted())"
        }
        if let other = all.first(where: { $0.logs[origin].map { $0.stored < $0.common ?? 0 } ?? true }) {
            return "\(other.name) lacks what all branches of \(origin) have"
        }
        return nil
    }

    private func differenceOnHead(_ origin: String, _ all: [(name: String, logs: [String: Belief.Log])]) -> String? {
        guard let reference = all.first else { return nil }
        for other in all where other.logs[origin]?.isSame(as: reference.logs[origin]) != true {
            return "\(origin) is \(text(reference.logs[origin])) at \(reference.name), "
                + "\(text(other.logs[origin])) at \(other.name)"
        }
        guard let log = reference.logs[origin] else { return "\(origin) is not known to \(reference.name)" }
        // A liar may cosign or not.
        if world.gateways.allSatisfy({ $0.running != nil && $0.isHonest }), log.confirmed != log.size {
            return "\(origin) is confirmed up to \(log.confirmed) of \(log.size)"
        }
        return nil
    }

    private func text(_ log: Belief.Log?) -> String {
        log.map { "\($0.size) long, \($0.confirmed) confirmed\($0.isFrozen ? ", frozen" : "")" } ?? "unknown"
    }

    // MARK: Verdicts

    /// Members may have different entries beyond a head of a liar for a while, and so verdicts of them.
    /// - Returns: where members do not agree yet; nil if they do.
    private func differenceOnVerdicts() throws -> String? {
        let (tainted, parts) = (try taintedOrders(), try parts())
        let beliefs = try honest.map { ($0.gateway.name, try belief(of: $0.store, without: tainted)) }
        guard let (name, first) = beliefs.first else { return nil }
        for (other, belief) in beliefs.dropFirst() where first != belief {
            if let part = parts[other] {
                guard let difference = Self.difference(name, first, other, belief, part) else { continue }
                return difference
            }
            if first.verdicts != belief.verdicts { return Self.difference(name, first, other, belief) }
            return first.heads != belief.heads
                ? "\(name) and \(other) differ on heads and forks" : "\(name) and \(other) wait for different updates"
        }
        return nil
    }

    /// - Returns: where a gateway that keeps a part lacks what it has to have, or contradicts one that keeps everything.
    private static func difference(
        _ name: String, _ whole: Belief, _ other: String, _ belief: Belief, _ part: Part
    ) -> String? {
        if belief.verdicts.contains(where: { whole.verdicts[$0.key] != $0.value }) {
            return difference(name, whole, other, belief)
        }
        let lacking = whole.orders.first { part.orders.contains($0.value) && belief.verdicts[$0.key] == nil }
        if let lacking { return "\(other) has no verdict of \(whole.places[lacking.key] ?? ""), on its own order" }
        let order = part.orders.first { belief.heads[$0] != whole.heads[$0] }
        return order.map { "\(name) and \(other) differ on the heads of \($0)" }
    }

    private func checkVerdicts() throws {
        guard let store = honest.first?.store else { return }
        let belief = try belief(of: store, without: taintedOrders())
        if let nonsense = world.liar?.nonsense.first(where: { belief.verdicts[$0].map(\.isAccepted) ?? false }) {
            world.fail("each lie is noticed", "nonsense was accepted: \(nonsense.hex)")
        }
        let forks = belief.heads.values.filter { $0.count > 1 }.count
        world.trace(
            "world",
            "\(belief.verdicts.count) verdicts, \(belief.heads.count) orders, \(forks) forks, \(belief.waiting.count) waiting"
        )
    }

    private static func difference(_ name: String, _ one: Belief, _ other: String, _ two: Belief) -> String {
        let hashes = Set(one.verdicts.keys).union(two.verdicts.keys).filter { one.verdicts[$0] != two.verdicts[$0] }
        let first = hashes.min { $0.hex < $1.hex }
        let verdicts = [one, two].map { belief in first.flatMap { belief.verdicts[$0] }.map { "\($0)" } ?? "none" }
        let place = first.flatMap { one.places[$0] ?? two.places[$0] } ?? ""
        let waits = [one, two].map { belief in first.map { belief.waiting.contains($0) } ?? false }
        return "\(name) and \(other) differ on \(hashes.count), first on \(place): \(verdicts), waiting: \(waits)"
    }

    /// Orders that the branches of a forked log have touched: members have different branches of it.
    private func taintedOrders() throws -> Set<String> {
        guard let liar = world.liar, liar.hasForked else { return [] }
        return try Set(
            honest.flatMap { _, store in
                try store.read { snapshot -> [String] in
                    guard let log = try snapshot.log(liar.gateway.member.origin) else { return [] }
                    return try snapshot.entries(log: log.id, from: 0, count: Int(log.size)).compactMap {
                        try Entry(bytes: $0).update?.order
                    }
                }
            })
    }

    private func belief(of store: LedgerStore, without tainted: Set<String>) throws -> Belief {
        try store.read { snapshot in
            var belief = Belief()
            for applied in try snapshot.applied(after: 0, limit: .max) where !tainted.contains(applied.update.order) {
                belief.verdicts[applied.reference.leafHash] = applied.verdict
                belief.orders[applied.reference.leafHash] = applied.update.order
                let reference = applied.reference
                belief.places[reference.leafHash] = "\(applied.update.step) at \(reference.origin):\(reference.index)"
            }
            for order in try snapshot.orders() where !tainted.contains(order.name) {
                let heads = try snapshot.thread(of: order, rulebook: store.rulebook).heads.map(\.leafHash)
                if !heads.isEmpty { belief.heads[order.name] = heads.sorted { $0.hex < $1.hex } }
            }
            let waiting = try snapshot.waiting().filter { !tainted.contains($0.update.order) }
            belief.waiting = Set(waiting.map(\.reference.leafHash))
            return belief
        }
    }

    // MARK: Acknowledged updates

    private func checkAcknowledged() throws {
        let parts = try parts()
        for (gateway, store) in honest {
            let hashes = try store.read { snapshot in
                try Dictionary(
                    uniqueKeysWithValues: snapshot.logs().map { log in
                        (
                            log.origin,
                            try snapshot.entries(log: log.id, from: 0, count: Int(log.size)).map { Hash.leaf($0) }
                        )
                    })
            }
            for update in world.acknowledged where world.gateways[update.place].isHonest {
                guard let receipt = update.receipt, receipt.index < world.held[receipt.origin] ?? .max else { continue }
                guard parts[gateway.name]?.origins.contains(receipt.origin) ?? true else { continue }
                let log = hashes[receipt.origin] ?? []
                if receipt.index >= log.count || log[Int(receipt.index)] != receipt.leafHash {
                    world.fail(
                        "no acknowledged update is lost",
                        "\(receipt.step) at \(receipt.origin):\(receipt.index) is not at \(gateway.name)")
                }
            }
        }
    }

    // MARK: Frozen logs

    private func checkFrozen() throws {
        for (gateway, store) in honest {
            try store.read { snapshot in
                try checkLies(snapshot, at: gateway)
                for log in try snapshot.logs() where log.frozen != nil {
                    let owner = Generation.gateway(ofOrigin: log.origin)
                    let isHonest = world.gateways.contains { $0.member.origin == owner && $0.isHonest }
                    if isHonest { world.fail("nobody honest is frozen", "\(log.origin) is, at \(gateway.name)") }
                }
            }
        }
    }

    private func checkLies(_ snapshot: LedgerSnapshot, at gateway: SimulatedGateway) throws {
        guard let liar = world.liar, !liar.gateway.isHonest,
            let log = try snapshot.log(liar.gateway.member.origin)
        else { return }
        if liar.lie.isProvable, liar.isCaught || log.frozen != nil {
            if try log.frozen == nil || snapshot.evidence(against: log.id)?.convicts(log.key) != true {
                world.fail("each lie is noticed", "\(gateway.name) has not convicted \(log.origin)")
            }
        }
        if let broken = liar.brokenIndex, log.size > broken {
            world.fail("each lie is noticed", "\(gateway.name) has taken a broken entry of \(log.origin)")
        }
        if let broken = liar.brokenIndex, liar.isCaught, log.common != broken {
            world.fail(
                "each lie is noticed",
                "\(gateway.name) counts \(log.origin) up to \(log.common ?? 0), and entry \(broken) is broken")
        }
    }

    // MARK: Disks

    private func checkDisks() {
        // Checking them costs as much as all the rest: one of them, each in its turn.
        let all = honest
        for (gateway, store) in [all[Int(world.plan.seed % UInt64(all.count))]] {
            guard let report = Self.verify(store) else { continue }
            // Of a log that has forked, the heads of both branches are kept.
            let forked = world.liar.map { $0.hasForked ? $0.gateway.member.origin : "" } ?? ""
            let findings = report.findings.filter { forked.isEmpty || !$0.place.hasPrefix(forked) }
            if !findings.isEmpty {
                world.fail("custody verify finds nothing", "\(gateway.name): \(findings.prefix(3))")
            }
        }
    }

    private static func verify(_ store: LedgerStore) -> LedgerVerifier.Report? {
        // Its threads are not the simulation's: nothing else happens meanwhile.
        let report = Handed()
        let done = DispatchSemaphore(value: 0)
        Task.detached {
            report.value = await LedgerVerifier(store: store).run()
            done.signal()
        }
        done.wait()
        return report.value
    }

    private final class Handed: @unchecked Sendable {
        // Written before the semaphore is signalled, read after.
        var value: LedgerVerifier.Report?
    }
}
