import Consortium
import Foundation
import GRDB
import Gateway
import HTTPTypes
import Hummingbird
import Ledger
import Logging
import NIOEmbedded
import Rig
import Store

/// A machine that runs one organisation's gateway: its disk and clock stay when its process ends.
@Simulation final class SimulatedGateway {
    let member: SimulatedConsortium.Member
    /// Among the members; a copied gateway has the place of the one that it was copied from.
    let place: Int
    let name: String
    nonisolated let disk: SimulatedDisk
    nonisolated let clock: WallClock
    unowned let world: World
    private(set) var running: Incarnation?
    /// Whether it asks members for its own log before it shows it, and hears what they have of it.
    var watchesItself = true
    /// Whether it, or a copy of it, has done what an honest gateway never does.
    var isHonest = true

    init(_ member: SimulatedConsortium.Member, place: Int, name: String, seed: UInt64, world: World) {
        self.member = member
        self.place = place
        self.name = name
        self.world = world
        disk = SimulatedDisk(name: name, seed: seed &+ UInt64(place))
        clock = WallClock(seed: seed ^ UInt64(place + 1) &* 0xA5A5)
        disk.skipsSync = world.plan.fault == .skipsSync
        watchesItself = world.plan.fault != .reusesIndex
        disk.onPowerCut = { [unowned self] in Simulation.assumeIsolated { self.losePower() } }
    }

    /// Which logs it keeps.
    var mirror: MirrorChoice { member.isCosigner ? .all : world.plan.mirror }

    // MARK: Life

    func start() {
        guard running == nil else { return }
        if world.plan.fault == .cosignsEarly { disk.skipsSync = true }
        do {
            let incarnation = try Incarnation(self, folder: disk.power())
            running = incarnation
            try world.auditor.checkStart(of: self, incarnation.store)
            world.trace(name, "started")
            incarnation.run()
        } catch {
            guard disk.isAlive(disk.incarnation) else { return }
            disk.detach()
            running = nil
            world.fail("every disk can be started from", "\(name): \(error)")
        }
    }

    /// Whether it runs and goes by the second version of the document.
    var hasChange: Bool { running?.store.rulebook.latest?.version == 2 }

    /// The process ends in order: what it was asked for last is finished.
    func stop() async {
        guard let incarnation = running else { return }
        world.trace(name, "stops")
        running = nil
        await incarnation.end()
        disk.detach()
    }

    /// The process is killed; what it wrote survives it.
    func kill() {
        guard running != nil else { return }
        world.trace(name, "is killed")
        disk.detach()
        die()
    }

    /// Its log may have gone on elsewhere: the process begins again, and opens the next generation.
    func startAgain(_ incarnation: Incarnation, because doubt: Doubt) {
        guard running === incarnation else { return }
        world.trace(name, "is in doubt of \(doubt.origin): \(doubt.cause.rawValue)")
        kill()
        start()
    }

    /// The power goes.
    func losePower() {
        let share = [0, 1, world.chaos.fraction(), world.chaos.fraction()][Int(world.chaos.next() % 4)]
        world.trace(name, "loses power, keeping \(Int(share * 100)) % of what was not synced")
        disk.cutPower(keeping: share)
        die()
        world.restartSoon(self)
    }

    private func die() {
        guard let incarnation = running else { return }
        running = nil
        incarnation.die()
        // Not within a call of what is to go.
        Timeline.shared.alarm(after: 0) { _ in withExtendedLifetime(incarnation) {} }
    }

    // MARK: Founding

    /// A log with its genesis, as `custody init` makes it.
    func found(_ consortium: SimulatedConsortium) throws {
        let folder = disk.power()
        defer { disk.detach() }
        try LedgerStore(path: "\(folder)/ledger.sqlite").write { transaction in
            try transaction.add(document: consortium.note)
            for contract in consortium.contracts { try transaction.add(contract: contract) }
            let log = try transaction.createLog(origin: member.origin, key: member.log.verifierKey, own: true)
            try LogWriter.writeGenesis(
                origin: member.origin, chain: member.chain, log: log, key: member.log, instruments: clock.instruments,
                transaction)
        }
        guard let trigger = world.plan.fault?.trigger(quorum: world.quorumSize) else { return }
        try DatabaseQueue(path: "\(folder)/ledger.sqlite").write { try $0.execute(sql: trigger) }
    }
}

/// A clock on the wall, which may be wrong and may jump.
final class WallClock: @unchecked Sendable {
    // Unchecked: only the simulation's one thread touches it.

    /// Microseconds by which it is ahead.
    var offset: Int64 = 0
    private var random: SeededRandom

    init(seed: UInt64) { random = SeededRandom(seed: seed) }

    /// UTC microseconds.
    var now: Int64 {
        Int64(SimulatedConsortium.beginning.timeIntervalSince1970) * 1_000_000 + Timeline.shared.time + offset
    }

    var instruments: Instruments {
        Instruments(
            now: { self.now }, clockQuality: { ClockQuality(source: .rtc, error: 0, bootID: [7]) },
            random: { self.random.next() })
    }
}

/// One run of a gateway's process: the same objects that the composition root builds, without stations.
@Simulation final class Incarnation {
    nonisolated let gateway: SimulatedGateway
    let store: LedgerStore
    let recorder: Recorder
    private let openSessions: (Incarnation) -> [PeerSession]
    private(set) var isAlive = true
    /// How often the store had changed when the auditor looked at it last.
    var audited: UInt64?
    private let mirror: Consortium.Mirror
    private let watch: OwnLogWatch?
    private let beginning: SimulatedStart
    private let rerecording: Rerecording
    let path: String
    private let responder: RouterResponder<MemberContext>
    private var work: [Task<Void, Never>] = []
    private var requests: [Int: Task<Void, Never>] = [:]
    private var lastRequest = 0

    init(_ gateway: SimulatedGateway, folder: String) throws {
        self.gateway = gateway
        let timeline = Timeline.shared
        let instruments = gateway.clock.instruments
        let member = gateway.member
        store = try LedgerStore(path: "\(folder)/ledger.sqlite")
        beginning = SimulatedStart(member: member, disk: gateway.disk, store: store, instruments: instruments)
        let key = gateway.world.plan.fault == .reusesIndex ? member.log : try beginning.open()
        path = "\(folder)/ledger.sqlite"
        recorder = Recorder(
            writer: try LogWriter(store: store, key: key, instruments: instruments), executor: timeline,
            stop: { [weak gateway] _ in Simulation.assumeIsolated { gateway?.kill() } })
        let places = gateway.world.peers(of: gateway)
        let addresses = places.map { SimulatedPeerClient.address(of: gateway.world.consortium.members[$0]) }
        let inDoubt = Doubting()
        watch =
            gateway.watchesItself
            ? OwnLogWatch(
                store: store, peers: addresses, clock: timeline.clock, onDoubt: { inDoubt.raise($0) }) : nil
        mirror = Mirror(
            store: store, cosigner: member.isCosigner ? (member.id, member.cosigner) : nil,
            nextCosigner: member.isCosigner ? member.nextCosigner : nil, watch: watch, now: instruments.now,
            executor: timeline)
        let isForgetful = gateway.world.plan.fault == .keepsTooLittle && gateway.mirror != .all
        let kept = KeptLogs(isForgetful ? .some(.init()) : gateway.mirror, origin: member.origin, store: store)
        var logger = Logger(label: "simulation")
        logger.logLevel = .critical
        rerecording = Rerecording(
            recorder: recorder, ledger: store, logger: logger, sleep: { try await timeline.sleep($0) })
        let rounds = PushRounds(store: store, mirror: mirror, watch: watch)
        let recent = RecentPushes(clock: timeline.clock)
        let router = Router(context: MemberContext.self)
        MirrorRoutes(
            store: store, mirror: mirror, pushes: recent, instance: "\(instruments.random())", watch: watch, kept: kept,
            clock: timeline.clock, now: instruments.now, logger: logger
        ).add(to: router)
        OrderRoutes(store: store, now: instruments.now).add(to: router)
        responder = router.buildResponder()
        openSessions = { [store, mirror, watch] incarnation in
            places.map { place in
                PeerSession(
                    client: SimulatedPeerClient(
                        member: gateway.world.consortium.members[place], place: place, caller: incarnation,
                        network: gateway.world.network),
                    store: store, mirror: mirror, rounds: rounds, recent: recent, watch: watch, kept: kept,
                    logger: logger)
            }
        }
        inDoubt.incarnation = self
    }

    func run() {
        let (store, mirror, beginning, rerecording) = (store, mirror, beginning, rerecording)
        work.append(Task(executorPreference: Timeline.shared) { try? await mirror.cosignForever() })
        work.append(
            Task(executorPreference: Timeline.shared) {
                do { try store.applyPending() } catch {}
            })
        work.append(Task(executorPreference: Timeline.shared) { await beginning.run() })
        if let watch { work.append(Task(executorPreference: Timeline.shared) { await watch.run() }) }
        work.append(Task(executorPreference: Timeline.shared) { try? await rerecording.run() })
        work.append(Task(executorPreference: Timeline.shared) { await self.runSessions() })
    }

    /// With each version of the document they begin anew, like `PeerSessions`.
    private func runSessions() async {
        while isAlive, !Task.isCancelled {
            let document = store.rulebook.latest
            let sessions = openSessions(self)
            await withTaskGroup(of: Void.self) { group in
                for session in sessions { group.addTask(executorPreference: Timeline.shared) { await session.run() } }
                group.addTask(executorPreference: Timeline.shared) { await self.wait(whileInForce: document) }
                await group.next()
                group.cancelAll()
            }
        }
    }

    private func wait(whileInForce document: ConsortiumDocument?) async {
        while !Task.isCancelled {
            let news = store.changes.follow()
            if store.rulebook.latest != document { return }
            for await _ in news { break }
        }
    }

    /// Nothing that it still does has any effect.
    func die() {
        isAlive = false
        for task in work + requests.values { task.cancel() }
    }

    func end() async {
        die()
        for task in work { await task.value }
        for request in requests.keys.sorted() { await requests[request]?.value }
    }

    /// Ends this incarnation's work on its log, and begins the next one.
    fileprivate func isDoubted(_ doubt: Doubt) {
        recorder.close(because: CustodyError(.ownLogInDoubt, "\(doubt.cause.message)", at: doubt.origin))
        Timeline.shared.alarm(after: 0) { [self] _ in
            Simulation.assumeIsolated { gateway.startAgain(self, because: doubt) }
        }
    }

    // MARK: Requests

    func serve(_ body: @escaping @Simulation () async -> Void) {
        lastRequest += 1
        let number = lastRequest
        requests[number] = Task(executorPreference: Timeline.shared) { await self.carryOut(number, body) }
    }

    private func carryOut(_ number: Int, _ body: @Simulation () async -> Void) async {
        await body()
        requests[number] = nil
    }

    /// - Returns: nil if the process did not live to answer.
    func respond(to request: SimulatedNetwork.Request, cutAt: Int?, from sender: SimulatedGateway) async -> PeerAnswer?
    {
        let fault = gateway.world.plan.fault
        if let answer = try? fault?.answer(to: request, store: store) {
            return isAlive ? PeerAnswer(status: answer.status, body: Array(answer.body.utf8)) : nil
        }
        let answer = await route(request, cutAt: cutAt, from: sender.member)
        let isRefused = request.path == "/add-entries" && answer?.status == 422
        if fault == .takesAnyPrevious, isRefused, let source = sender.running?.store {
            try? PlantedFault.take(sender.member.origin, into: path, from: source)
        }
        return answer
    }

    private func route(
        _ request: SimulatedNetwork.Request, cutAt: Int?, from sender: SimulatedConsortium.Member
    ) async -> PeerAnswer? {
        var head = HTTPRequest(method: request.method, scheme: "https", authority: "gateway", path: request.path)
        head.headerFields[.contentType] = request.contentType
        head.headerFields[.contentEncoding] = request.encoding
        var context = MemberContext(
            source: ApplicationRequestContextSource(channel: Self.channel, logger: Logger(label: "simulation")))
        context.admitted = store.rulebook.latest?.organisation(sender.id).map {
            PeerIdentity(origin: sender.origin, organisation: $0)
        }
        let body = RequestBody(asyncSequence: BrokenBody(bytes: request.body, cutAt: cutAt))
        do {
            let response = try await responder.respond(to: Request(head: head, body: body), context: context)
            let collector = AnswerCollector()
            try await response.body.write(collector)
            let (status, headers) = (response.status.code, response.headers)
            return isAlive ? PeerAnswer(status: status, headers: headers, body: collector.bytes) : nil
        } catch let error as any HTTPResponseError {
            return isAlive ? PeerAnswer(status: error.status.code, body: []) : nil
        } catch {
            return isAlive ? PeerAnswer(status: 500, body: []) : nil
        }
    }

    /// Routes are told of a channel and do not look at it.
    private static let channel = EmbeddedChannel()

    // MARK: Recording

    /// - Returns: for each draft its receipt, if it was acknowledged before the process ended.
    func record(_ drafts: [Draft]) async -> [Receipt?] {
        let fault = gateway.world.plan.fault
        if fault == .cosignsEarly { gateway.disk.skipsSync = false }
        defer { if fault == .cosignsEarly { gateway.disk.skipsSync = true } }
        do {
            let outcomes = try await recorder.record(drafts)
            return outcomes.map { isAlive ? try? $0.get() : nil }
        } catch { return drafts.map { _ in nil } }
    }
}

/// Tells an incarnation of a doubt about its log, which is found on the simulation's thread like everything.
private final class Doubting: @unchecked Sendable {
    // Unchecked: only the simulation's one thread touches it.

    weak var incarnation: Incarnation?

    func raise(_ doubt: Doubt) {
        Simulation.assumeIsolated { incarnation?.isDoubted(doubt) }
    }
}
