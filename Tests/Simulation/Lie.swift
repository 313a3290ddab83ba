import ArgumentParser
import Gateway
import HTTPTypes
import Ledger
import Rig
import Store

/// What a member does that an honest one never would.
enum Lie: String, CaseIterable, ExpressibleByArgument {
    /// Two machines go on with one log.
    case copiesItself = "copies-itself"
    /// The whole disk goes back to an earlier day, with the head file, and the log goes on.
    case forgetsEverything = "forgets-everything"
    /// The database goes back to an earlier day: an accident, which the gateway itself must notice.
    case rollsBack = "rolls-back"
    /// An entry does not carry the hash of the one before it.
    case breaksChain = "breaks-chain"
    /// Updates that no contract permits, well sealed and signed.
    case recordsNonsense = "records-nonsense"
    /// Requests are changed, cut and sent again.
    case manglesRequests = "mangles-requests"
    /// Cosignatures by strangers, for others, and twice.
    case forgesCosignatures = "forges-cosignatures"

    /// Whether both branches of a log exist after it: then it must be frozen.
    var isFork: Bool { self == .copiesItself || self == .forgetsEverything }

    /// Whether the log's own signatures prove it.
    var isProvable: Bool { isFork || self == .breaksChain }
}

/// One member that lies.
@Simulation final class Liar {
    let lie: Lie
    let gateway: SimulatedGateway
    private unowned let world: World
    /// Where the broken entry stands, if there is one.
    private(set) var brokenIndex: UInt64?
    /// Whether somebody honest has seen both branches of the log, or the broken entry is in it, so that it must be frozen.
    private(set) var isCaught = false
    /// Whether a log went back and nothing on its disk shows it, as when the power went before the head was written outside the
    /// database.
    private var wentBackUnseen = false
    /// Whether its new entries have then met the old ones, because nobody who knew better could be reached: it is no liar, and its
    /// log is frozen all the same.
    private var hasMetItself = false
    /// Updates that must be rejected wherever they are judged.
    private(set) var nonsense: Set<Hash> = []

    /// Whether both branches of the log may exist.
    var hasForked: Bool { lie.isFork || hasMetItself }

    /// Looks whether a log that went back unseen has been convicted by anybody.
    func lookAround() throws {
        guard wentBackUnseen, !hasMetItself else { return }
        for other in world.gateways where other.place != gateway.place {
            guard let running = other.running,
                try running.store.read({ try $0.log(gateway.member.origin)?.frozen }) != nil
            else { continue }
            (hasMetItself, gateway.isHonest) = (true, false)
            return world.trace(gateway.name, "has met its own log, which went back unseen")
        }
    }

    init(_ lie: Lie, world: World) {
        self.lie = lie
        self.world = world
        gateway = world.gateways[world.draw(0..<world.consortium.cosigners.count)]
    }

    func run() async throws {
        await world.pause(.milliseconds(world.draw(300..<1_500)))
        guard world.failure == nil else { return }
        world.trace(gateway.name, "lies: \(lie.rawValue)")
        switch lie {
        case .copiesItself: await copyItself()
        case .forgetsEverything: await goBack(to: gateway.disk.image, isHonest: false)
        case .rollsBack: await goBack(to: gateway.disk.image, isHonest: true)
        case .breaksChain:
            gateway.watchesItself = world.happens(0.5)
            try await forge { try self.breakChain($0) }
            isCaught = brokenIndex != nil
        case .recordsNonsense: try await forge { try self.recordNonsense($0) }
        case .manglesRequests: await mangle()
        case .forgesCosignatures: try await forgeCosignatures()
        }
    }

    /// At least one entry that only this machine has.
    /// - Returns: whether it was acknowledged.
    private func record(at gateway: SimulatedGateway, saying remark: String) async -> Bool {
        for _ in 0..<40 {
            if let incarnation = gateway.running {
                let draft = Draft(
                    order: .open(contract: "exchange"), step: "opened", facts: [("number", .text(remark))],
                    source: Source(.operator))
                if await incarnation.record([draft]).first.flatMap({ $0 }) != nil { return true }
            }
            await world.pause(.milliseconds(500))
        }
        return false
    }

    // MARK: Two stories

    private func copyItself() async {
        gateway.isHonest = false
        // A liar by accident watches itself, and opens the next generation when it hears of the other.
        gateway.watchesItself = world.happens(0.3)
        await gateway.stop()
        gateway.start()
        let clone = SimulatedGateway(
            gateway.member, place: gateway.place, name: "\(gateway.name)-copy", seed: world.plan.seed &+ 99,
            world: world)
        clone.isHonest = false
        clone.watchesItself = gateway.watchesItself
        clone.disk.restore(gateway.disk.image)
        world.add(clone: clone)
        for other in world.gateways where other.place != gateway.place && world.happens(0.5) {
            world.reachesClone.insert(other.place)
        }
        clone.start()
        let hasCopyRecorded = await record(at: clone, saying: "the copy's")
        let hasOriginalRecorded = await record(at: gateway, saying: "the original's")
        isCaught = hasCopyRecorded && hasOriginalRecorded && !gateway.watchesItself
    }

    /// The machine comes back with what it held at an earlier time.
    private func goBack(to image: SimulatedDisk.Image, isHonest: Bool) async {
        gateway.isHonest = isHonest
        if !isHonest { gateway.watchesItself = world.happens(0.3) }
        _ = await record(at: gateway, saying: "forgotten")
        await world.pause(.milliseconds(world.draw(100..<1_500)))
        guard world.failure == nil else { return }
        await gateway.stop()
        var earlier = image
        if isHonest { earlier["head"] = gateway.disk.image["head"] }
        gateway.disk.restore(earlier)
        world.noteRollback(of: gateway)
        let held = world.held(of: gateway)
        world.trace(gateway.name, "has its disk rolled back; others hold \(held) entries of its log")
        if isHonest { world.note(held: held, of: gateway) }
        gateway.start()
        let own = gateway.running.flatMap { running in try? running.store.read { try $0.ownLog() } }
        let rest = own?.size
        guard !isHonest else {
            wentBackUnseen = own?.origin == gateway.member.origin && held > rest ?? .max
            return
        }
        guard await record(at: gateway, saying: "instead"), let rest else { return }
        isCaught = held > rest && !gateway.watchesItself
    }

    // MARK: Forged entries

    /// Writes into the log past the recorder, while the gateway is down.
    private func forge(_ body: @escaping (LedgerTransaction) throws -> Void) async throws {
        gateway.isHonest = false
        await gateway.stop()
        let fuse = gateway.disk.fuse
        gateway.disk.fuse = nil
        let store = try LedgerStore(path: "\(gateway.disk.power())/ledger.sqlite")
        try store.write(body)
        gateway.disk.detach()
        gateway.disk.fuse = fuse
        gateway.start()
    }

    private func append(_ bodies: [Entry.Body], after previous: Hash?, _ transaction: LedgerTransaction) throws
        -> [SealedEntry]
    {
        guard let record = try transaction.snapshot.ownLog() else { return [] }
        let honest = try transaction.snapshot.state(of: record)
        // The same tree, with another hash in the place of the last entry's.
        var log = Log(
            origin: honest.origin, tree: honest.tree, last: previous ?? honest.last, recordedAt: honest.recordedAt,
            documentVersion: honest.documentVersion)
        var full: [FullTile] = []
        let clock = ClockQuality(source: .none, error: 0, bootID: [])
        let sealed = try bodies.map { try log.seal($0, now: gateway.clock.now, clock: clock, full: &full) }
        try transaction.append(sealed, full: full, to: record.id)
        try transaction.setProgress(of: record.id, next: log.size, floor: log.documentVersion)
        try transaction.keep(
            try log.checkpoint().signed(by: gateway.member.log), size: log.size, of: record.id, stored: true)
        return sealed
    }

    private func breakChain(_ transaction: LedgerTransaction) throws {
        let erasure = Erasure(order: "", update: Self.nowhere, fact: "", reason: "a hole")
        brokenIndex = try append([.erasure(erasure)], after: Hash.leaf([1, 2, 3]), transaction).first?.index
    }

    private static let nowhere = Reference(origin: "nobody/gw", index: 7, leafHash: Hash.leaf([9]))

    private func recordNonsense(_ transaction: LedgerTransaction) throws {
        let origin = gateway.member.origin
        let contract = world.consortium.contracts[1].hash
        func update(_ order: String, _ step: String, parents: [Reference] = [], facts: [Fact] = []) -> Entry.Body {
            .update(
                Update(
                    order: order, step: step, parents: parents, consortium: world.consortium.document.hash,
                    contract: contract, facts: facts, source: Source(.operator)))
        }
        let own = OrderName.make(origin: origin, milliseconds: 1, random: (world.plan.seed, 1))
        let foreign = OrderName.make(origin: "hospital/other", milliseconds: 1, random: (world.plan.seed, 2))
        let bodies = [
            update(own, "no-such-step"), update(foreign, "opened"), update(own, "closed"),
            update(own, "opened", facts: [Fact(name: "forbidden", value: .text("x"))]),
            update(own, "noted", parents: [Self.nowhere]),
        ]
        let sealed = try append(bodies, after: nil, transaction)
        nonsense = Set(sealed.dropLast().map(\.leafHash))
    }

    // MARK: On the network

    private func mangle() async {
        world.network.mangler = gateway.place
        await world.pause(.milliseconds(world.draw(500..<2_500)))
    }

    /// Cosignatures under other members' heads that do not count, told to everybody.
    private func forgeCosignatures() async throws {
        let stranger = try SimulatedConsortium.key("stranger", .cosignature, 200)
        for _ in 0..<4 {
            for other in world.gateways where other.place != gateway.place {
                guard let running = other.running, let target = gateway.running else { continue }
                let victim = world.consortium.cosigners[world.draw(0..<world.consortium.cosigners.count)]
                let impostor = try SimulatedConsortium.key(victim.cosigner.name, .cosignature, 201)
                let note = try running.store.read { snapshot in
                    try snapshot.ownLog().flatMap { try snapshot.head(of: $0.id) }
                }
                guard let note else { continue }
                let forged = try [stranger, impostor, gateway.member.cosigner, gateway.member.cosigner].enumerated().map
                {
                    try $1.cosign(note.text, time: UInt64(1_790_000_000 + $0))
                }
                let request = SimulatedNetwork.Request(
                    method: .post, path: "/custody/v1/cosignatures", contentType: "text/plain", encoding: nil,
                    body: Array(try note.adding(forged).encoded.utf8))
                for place in world.gateways.indices where place != gateway.place {
                    _ = try? await world.network.call(
                        request, from: target, to: place, deadline: Timeline.shared.instant + .seconds(1))
                }
            }
            await world.pause(.milliseconds(500))
        }
    }
}
