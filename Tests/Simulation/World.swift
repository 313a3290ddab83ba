import Consortium
import Foundation
import GRDBSQLite
import Gateway
import Ledger
import Rig
import Store

/// One simulated consortium from its founding until it has healed, decided by one seed.
@Simulation final class World {
    /// A promise that was broken.
    struct Failure: Error, CustomStringConvertible {
        let promise: String
        let detail: String

        var description: String { "\(promise): \(detail)" }
    }

    struct Plan {
        let seed: UInt64
        var fault: PlantedFault?
        /// What the seed says, unless told.
        var lie: Lie?
        var isTraced = false
        /// Which logs gateways keep that cosign for nobody.
        var mirror = MirrorChoice.all
    }

    /// An update whose receipt was given out.
    struct Acknowledged {
        let place: Int
        /// The draft's own time, which no other draft has.
        let tag: Int64
        let receipt: Receipt?
    }

    let plan: Plan
    let consortium: SimulatedConsortium
    /// One for each member, by place.
    private(set) var gateways: [SimulatedGateway] = []
    /// Copies that run beside the gateways that they were copied from.
    private(set) var clones: [SimulatedGateway] = []
    private(set) lazy var network = SimulatedNetwork(seed: plan.seed, world: self)
    private(set) var acknowledged: [Acknowledged] = []
    private(set) var failure: Failure?
    /// Decides what goes wrong, and when.
    var chaos: SeededRandom
    /// Which gateway calls which, by place.
    var calls: [[Int]] = []
    private let founded: [SimulatedDisk.Image]?
    /// Who of the peers reaches the copy instead of the gateway.
    var reachesClone: Set<Int> = []
    private(set) var foundedDisks: [SimulatedDisk.Image] = []
    private(set) var isOver = false
    private(set) var liar: Liar?
    private(set) lazy var auditor = Auditor(world: self)
    /// Entries of a log that disks held when its owner's was rolled back, by origin.
    private(set) var held: [String: UInt64] = [:]
    /// Where the second version of the document was handed in, so that nobody may forget it.
    private var changedAt: Int?
    var isChanged: Bool { changedAt != nil }
    private var lines: [String] = []
    /// Of every line, also of those that are not kept.
    private(set) var fingerprint: UInt64 = 0xCBF2_9CE4_8422_2325

    /// - Parameter founded: the disks of freshly founded gateways, from a simulation before; nil to found them.
    init(_ plan: Plan, _ consortium: SimulatedConsortium, founded: [SimulatedDisk.Image]?) {
        self.plan = plan
        self.consortium = consortium
        self.founded = founded
        chaos = SeededRandom(seed: plan.seed, stream: 1, position: 0)
        gateways = consortium.members.indices.map {
            SimulatedGateway(
                consortium.members[$0], place: $0, name: consortium.members[$0].name, seed: plan.seed, world: self)
        }
        calls = gateways.map { gateway in gateways.map(\.place).filter { $0 != gateway.place } }
    }

    // MARK: Trace

    /// - Parameter isDetail: such lines only count for the fingerprint, unless the run is traced.
    func trace(_ place: String, _ event: String, isDetail: Bool = false) {
        let line = "\(Timeline.shared.time) \(place): \(event)"
        for byte in line.utf8 { fingerprint = (fingerprint ^ UInt64(byte)) &* 0x100_0000_01B3 }
        if plan.isTraced { print(line) }
        if !isDetail { lines.append(line) }
    }

    /// The last events, oldest first.
    func lastEvents(_ count: Int) -> [String] { Array(lines.suffix(count)) }

    func fail(_ promise: String, _ detail: String) {
        guard failure == nil else { return }
        failure = Failure(promise: promise, detail: detail)
        trace("FAILED", "\(promise): \(detail)")
    }

    func acknowledge(_ update: Acknowledged) { acknowledged.append(update) }

    // MARK: Who reaches whom

    func peers(of gateway: SimulatedGateway) -> [Int] { calls[gateway.place] }

    /// Whom a caller meets at a place.
    func gateway(at place: Int, for caller: Int) -> SimulatedGateway {
        if reachesClone.contains(caller), let clone = clones.first(where: { $0.place == place }) { return clone }
        return gateways[place]
    }

    private func hideOne() {
        let place = draw(0..<gateways.count)
        // Whoever has a liar alone to ask, or nobody, cannot know what the others do.
        let relays = gateways.indices.filter {
            $0 != place && $0 != liar?.gateway.place && gateways[$0].mirror == .all
        }
        hide(place, behind: relays[draw(0..<relays.count)])
    }

    /// A gateway behind NAT, whom nobody calls, and which calls only one other.
    private func hide(_ place: Int, behind relay: Int) {
        for other in calls.indices { calls[other].removeAll { $0 == place } }
        calls[place] = [relay]
        trace(gateways[place].name, "is behind NAT and calls \(gateways[relay].name) alone")
    }

    func pause(_ duration: Duration) async { try? await Timeline.shared.sleep(duration) }

    func draw(_ range: Range<Int>) -> Int { range.lowerBound + Int(chaos.next() % UInt64(range.count)) }

    func happens(_ chance: Double) -> Bool { chaos.fraction() < chance }

    func add(clone: SimulatedGateway) { clones.append(clone) }

    // MARK: The course of events

    func run() async {
        // What SQLite draws begins again with every seed.
        sqlite3_randomness(0, nil)
        do { try await live() } catch { fail("the simulation runs", "\(error)") }
        isOver = true
        for gateway in gateways + clones { await gateway.stop() }
    }

    private func live() async throws {
        for gateway in gateways {
            if let founded { gateway.disk.restore(founded[gateway.place]) } else { try gateway.found(consortium) }
        }
        foundedDisks = gateways.map(\.disk.image)
        liar = chooseLie().map { Liar($0, world: self) }
        if gateways.count > 3, happens(0.3) { hideOne() }
        network.weather = SimulatedNetwork.Weather(
            loss: happens(0.5) ? 0.05 : 0, duplicates: happens(0.5) ? 0.1 : 0, cuts: happens(0.5) ? 0.1 : 0,
            lateness: happens(0.5) ? 0.1 : 0)
        for gateway in gateways { gateway.start() }
        let audit = Task(executorPreference: Timeline.shared) { await self.audit() }
        let workload = Workload(world: self)
        await withTaskGroup(of: Void.self) { group in
            group.addTask(executorPreference: Timeline.shared) { await workload.run() }
            group.addTask(executorPreference: Timeline.shared) { await Mishaps(world: self).run() }
            group.addTask(executorPreference: Timeline.shared) { await self.lie() }
            if happens(0.4) { group.addTask(executorPreference: Timeline.shared) { await self.changeDocument() } }
        }
        heal()
        await workload.resolve()
        try await Settlement(world: self).check()
        isOver = true
        await audit.value
    }

    /// A lie in two of three runs, each as often as the others.
    private func chooseLie() -> Lie? {
        let chosen = happens(0.67) ? Lie.allCases[draw(0..<Lie.allCases.count)] : nil
        return plan.lie ?? plan.fault?.lie ?? chosen
    }

    private func lie() async {
        do { try await liar?.run() } catch { fail("the simulation runs", "\(error)") }
    }

    /// Somebody hands in the next version of the document, which all have signed, at one gateway.
    private func changeDocument() async {
        await pause(.milliseconds(draw(100..<2_500)))
        let gateway = gateways[draw(0..<gateways.count)]
        guard gateway.isHonest, let running = gateway.running else { return }
        do {
            guard try DocumentExchange(store: running.store).submit(consortium.change), running.isAlive else { return }
            changedAt = gateway.place
            trace(gateway.name, "has version 2 of the document")
        } catch {
            trace(gateway.name, "does not take version 2 of the document: \(error)")
        }
    }

    private func audit() async {
        do { try await auditor.run() } catch { fail("every running gateway can be read", "\(error)") }
    }

    /// Whether these organisations confirm: any regulator, and a majority of the others.
    func isQuorum(_ cosigners: Set<String>) -> Bool {
        let regulators = consortium.cosigners.filter { $0.role == .regulator }.map(\.id)
        let others = consortium.cosigners.filter { $0.role != .regulator }.map(\.id)
        return !cosigners.isDisjoint(with: regulators) && cosigners.intersection(others).count > others.count / 2
    }

    /// Cosigners that confirm.
    var quorumSize: Int { 1 + (consortium.cosigners.count - 1) / 2 + 1 }

    /// Notes what must not be lost although this gateway's disk was.
    func note(held size: UInt64, of gateway: SimulatedGateway) { held[gateway.member.origin] = size }

    /// Notes that a disk was rolled back: what was handed in there is not lost if another has it.
    func noteRollback(of gateway: SimulatedGateway) {
        guard changedAt == gateway.place else { return }
        changedAt = gateways.first { $0.isHonest && $0.place != gateway.place && $0.hasChange }?.place
    }

    /// Entries of a gateway's log that others hold under a head.
    func held(of gateway: SimulatedGateway) -> UInt64 {
        let sizes = gateways.compactMap { other -> UInt64? in
            guard other.place != gateway.place, let running = other.running else { return nil }
            return try? running.store.read { snapshot in
                guard let log = try snapshot.log(gateway.member.origin), let head = try snapshot.head(of: log.id) else {
                    return 0
                }
                return try Checkpoint(text: head.text).size
            }
        }
        return sizes.max() ?? 0
    }

    /// The power is back, the network whole, and nothing more goes wrong.
    private func heal() {
        trace("world", "heals")
        network.weather = .fair
        network.mangler = nil
        network.cutLinks = []
        for gateway in gateways + clones {
            gateway.disk.fuse = nil
            gateway.start()
        }
    }

    func restartSoon(_ gateway: SimulatedGateway) {
        Timeline.shared.alarm(after: Int64(draw(50_000..<1_500_000))) { [self] _ in
            Simulation.assumeIsolated { if failure == nil { gateway.start() } }
        }
    }
}
