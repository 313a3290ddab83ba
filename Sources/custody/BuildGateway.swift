import Capture
import Consortium
import Foundation
import Gateway
import Hummingbird
import Ledger
import Logging
import Portal
import ServiceLifecycle
import Store
import Synchronization
import Telemetry

/// A gateway, built and not yet running.
struct GatewayGraph {
    let recorder: Recorder
    /// Long-running services in dependency order; they stop in reverse.
    let services: [any Service]
    let ledger: LedgerStore
    let intake: IntakeStore

    /// Closes the stores, once all services have ended: what follows finds no write-ahead log.
    func close() throws {
        try ledger.close()
        try intake.close()
    }
}

/// Builds every object of a gateway by hand, in dependency order: the one composition root.
/// - Parameters:
///   - asked: what members said of the log, where nothing is known here.
///   - onReady: told the consortium port once it is bound.
///   - stop: called when durability is unknown: the process must end.
///   - onDoubt: called when the log must not be continued: the process must start again, and opens the next generation.
func buildGateway(
    state: StateDirectory, instruments: Instruments, asked: Head? = nil, logger: Logger,
    onReady: @escaping @Sendable (_ port: Int) -> Void, stop: @escaping @Sendable (CustodyError) -> Void,
    onDoubt: @escaping @Sendable (Doubt) -> Void
) throws -> GatewayGraph {
    let opened = try GatewayStart(state: state, instruments: instruments).open(asked: asked)
    let (ledger, head) = (opened.ledger, opened.head)
    if let opening = opened.opening { logger.tell(opening) }
    let origin = try ledger.ownOrigin()
    let configuration = try GatewayConfiguration(file: state.configuration, state: state, origin: origin)
    let intake = try IntakeStore(path: state.intake)
    let recorder = Recorder(
        writer: try LogWriter(store: ledger, key: opened.key, instruments: instruments), stop: stop)
    guard ledger.rulebook.latest != nil else {
        throw CustodyError(
            .logMissing, "this gateway has no consortium document", at: state.path, remedy: "run custody init")
    }

    let watch = OwnLogWatch(store: ledger, peers: configuration.peers.map(\.address)) { doubt in
        recorder.close(because: doubt.refusal)
        onDoubt(doubt)
    }
    let cosigner = try GatewayKeys.cosigner(state, origin: origin)
    try configuration.mirror.check(isCosigner: cosigner != nil, file: state.configuration)
    let kept = KeptLogs(configuration.mirror, origin: origin, store: ledger)
    let mirror = Mirror(
        store: ledger, cosigner: cosigner,
        nextCosigner: try GatewayKeys.nextCosigner(state), watch: watch, now: instruments.now)
    let rounds = PushRounds(store: ledger, mirror: mirror, watch: watch)
    let recent = RecentPushes()
    let relay = DisclosureRelay(
        store: ledger, organisation: ConsortiumDocument.organisation(ofOrigin: origin),
        key: try GatewayKeys.reading(state), logger: logger)
    let tls = try GatewayKeys.tls(state)
    let router = Router(context: MemberContext.self)
    MirrorRoutes(
        store: ledger, mirror: mirror, pushes: recent, instance: "\(instruments.random())", watch: watch,
        kept: kept, now: instruments.now, logger: logger
    ).add(to: router)
    OrderRoutes(store: ledger, now: instruments.now).add(to: router)
    DisclosureRoutes(relay: relay).add(to: router)
    let files = DocumentFiles(
        store: ledger, reserve: DiskSpace.reserve(configuration.disk.reserve, of: state.path), now: instruments.now,
        logger: logger)
    DocumentFileRoutes(files: files, instance: "\(instruments.random())").add(to: router)
    let port = ConsortiumPort(
        store: ledger, router: router, tls: tls, host: configuration.host, port: configuration.port, logger: logger,
        onRunning: onReady)
    let sessions = PeerSessions(
        peers: configuration.peers.map { PeerSessions.Peer(organisation: $0.organisation, address: $0.address) },
        tls: tls, store: ledger, mirror: mirror, rounds: rounds, recent: recent, watch: watch, kept: kept,
        relay: relay, files: files, logger: logger)

    let cosigners = try configuration.cosigners.map { entry in
        CosignerSession(
            entry.kind, key: entry.key,
            client: try outsideClient(entry.key.name, url: entry.url, authority: entry.authority), store: ledger,
            mirror: mirror, rounds: rounds, logger: logger)
    }
    for log in configuration.foreignLogs { try mirror.admit(foreign: log.key) }
    let foreignLogs = try foreignLogSessions(
        configuration.foreignLogs, ledger: ledger, mirror: mirror, logger: logger)

    TimeStampRoutes(store: ledger, watch: watch).add(to: router)
    let stamping = try configuration.timeStamps.map { entry in
        TimeStampSession(
            client: try TimeStampClient(url: entry.url, authority: entry.authority), interval: entry.interval,
            store: ledger, watch: watch, now: instruments.now, random: instruments.random, logger: logger)
    }

    let local = LocalServer(
        recorder: recorder,
        peers: {
            sessions.statuses + cosigners.map(\.status) + foreignLogs.map(\.status)
                + (stamping.map { [$0.status] } ?? [])
        },
        documents: DocumentExchange(store: ledger), fetch: OrderFetch(store: ledger, kept: kept, sessions: sessions),
        files: files, socket: state.socket, logger: logger)
    let decoder = DecodeWorkerCommand.client()
    var stations: [any Service] = []
    var uploads: [UploadStation] = []
    for entry in configuration.stations {
        let station = Station(
            rule: entry.rule, recorder: recorder, ledger: ledger, intake: intake, instruments: instruments)
        stations.append(Worker { await station.run() })
        if let source = scanSource(entry, decoder: decoder, logger: logger) {
            stations.append(Worker { try await source.run { await station.accept($0, from: $1) } })
        }
        guard case .delivered(let kind, _, let tokenFile) = entry.source else { continue }
        let inlet = StationInlet(
            station: entry.rule.name, reader: PayloadReader(kind: kind, decoder: decoder), dwell: entry.dwell,
            now: instruments.now, accept: { await station.accept($0, from: $1) })
        let deliveries = DeliveredScans(to: inlet, from: intake, logger: logger)
        stations.append(Worker { try await deliveries.run() })
        if let tokenFile { uploads.append(try UploadStation(inlet: inlet, tokenFile: tokenFile)) }
    }
    if let address = configuration.uploads {
        stations.append(
            try StationServer(
                stations: uploads, tls: tls, host: address.host, port: address.port, logger: logger))
    }
    let disk = DiskWatch(
        rule: configuration.disk, folder: state.path, sink: intake, now: instruments.now, logger: logger)
    let upkeep = ReadingUpkeep(
        intake: intake, retention: (configuration.conditions ?? ConditionRule()).retention, now: instruments.now,
        logger: logger)
    let brokers = try configuration.brokers.map { broker in
        let client = try mqttClient(
            broker, stations: configuration.stations, intake: intake, sink: disk, instruments: instruments,
            logger: logger)
        return Worker { try await client.run() }
    }
    let monitor = configuration.conditions.map {
        ConditionMonitor(
            rule: $0, recorder: recorder, ledger: ledger, intake: intake, instruments: instruments, logger: logger)
    }

    var services: [any Service] = [
        Worker { try ledger.applyPending() }, Worker { await head.run() }, Worker { try await mirror.cosignForever() },
    ]
    services += [port, local, Worker { await sessions.run() }, Worker { await files.run() }]
    services += cosigners.map { session in Worker { await session.run() } }
    services += foreignLogs.map { session in Worker { await session.run() } }
    services += stamping.map { session in [Worker { await session.run() }] } ?? []
    let rules = RulesFolder(path: state.rules)
    services.append(Worker { await rules.follow(ledger, logger: logger) })
    let runner = RuleRunner(recorder: recorder, ledger: ledger, instruments: instruments, logger: logger)
    services.append(Worker { await runner.run() })
    let rerecording = Rerecording(recorder: recorder, ledger: ledger, logger: logger)
    services += [Worker { await watch.run() }, Worker { try await rerecording.run() }]
    if configuration.peers.isEmpty { services.append(Worker { await rounds.runAlone(logger: logger) }) }
    services += monitor.map { monitor in [Worker { await monitor.run() }] } ?? []
    if !brokers.isEmpty { services += [Worker { await disk.run() }, Worker { await upkeep.run() }] }
    services += stations + brokers
    services.append(
        Worker {
            try? await Task.sleep(for: startTime)
            ProgramPages.release()
        })
    return GatewayGraph(recorder: recorder, services: services, ledger: ledger, intake: intake)
}

private func outsideClient(_ name: String, url: String, authority: String?) throws -> ConsortiumClient {
    try ConsortiumClient(
        outside: name, url: url, tls: ConsortiumTLS.outside(authority: try authority.map { try NamedFile.bytes($0) }))
}

/// Those of the logs that are pulled; the others are pushed here.
private func foreignLogSessions(
    _ logs: [GatewayConfiguration.ForeignLog], ledger: LedgerStore, mirror: Mirror, logger: Logger
) throws -> [ForeignLogSession] {
    try logs.compactMap { log in
        guard let url = log.url else { return nil }
        return ForeignLogSession(
            key: log.key, client: try outsideClient(log.key.name, url: url, authority: log.authority), store: ledger,
            mirror: mirror, interval: log.interval, logger: logger)
    }
}

extension Logger {
    /// That the next generation was opened: people look for it.
    fileprivate func tell(_ opening: (origin: String, doubt: Doubt, predecessor: Head)) {
        warning(
            "the next generation of the log is open",
            metadata: [
                "log": "\(opening.origin)", "why": "\(opening.doubt.cause.message)",
                "before": "\(opening.predecessor.origin), \(opening.predecessor.size) entries",
            ])
    }
}

extension Doubt {
    /// What those hear who want something recorded between the doubt and the next start.
    fileprivate var refusal: CustodyError {
        CustodyError(
            .ownLogInDoubt, "the gateway opens the next generation of its log: \(cause.message)", at: origin,
            remedy: "try again in a few seconds")
    }
}

/// After this much time, what was needed to start is over.
private let startTime = Duration.seconds(1)

private func scanSource(
    _ station: StationConfiguration, decoder: DecodeClient, logger: Logger
) -> (any ScanSource)? {
    let name = station.rule.name
    switch station.source {
    case .folder(let path): return WatchedFolder(name: name, path: path, decoder: decoder, logger: logger)
    case .serial(let path, let baudRate): return LineScanner(name: name, path: path, baudRate: baudRate, logger: logger)
    case .hid(let path, let dialect): return HIDScanner(name: name, path: path, dialect: dialect, logger: logger)
    case .keyboard(let path): return KeyWedgeScanner(name: name, path: path, logger: logger)
    case .camera(let path):
        let frames = DecodeWorkerCommand.client()
        return CameraScanner(
            name: name, path: path, dwell: .microseconds(station.dwell), logger: logger,
            decode: { try await frames.decode($0) })
    case .delivered: return nil
    }
}

private func mqttClient(
    _ broker: GatewayConfiguration.Broker, stations: [StationConfiguration], intake: IntakeStore,
    sink: any ReadingSink, instruments: Instruments, logger: Logger
) throws -> MQTTClient {
    let inlets = stations.compactMap { station in
        station.topic.map { (pattern: $0, station: station.rule.name) }
    }
    var connection = broker.connection
    connection.topics += inlets.map(\.pattern.filter)
    let presence = broker.sparkplugHost.map { host in
        { @Sendable (time: Int64) in MQTTClient.Presence(sparkplugHost: host, at: time) }
    }
    let births = try intake.births().map { (topic: $0.topic, payload: $0.payload) }
    let reader = SharedReader(MessageReader(topics: broker.topics, births: births))
    return try MQTTClient(
        configuration: connection, sink: sink,
        decode: { topic, payload, receivedAt in
            if let inlet = inlets.first(where: { $0.pattern.match(topic) != nil }) {
                return InboundMessage(
                    topic: topic, payload: payload, receivedAt: receivedAt, content: .delivery(station: inlet.station))
            }
            return reader.read(payload, topic: topic, receivedAt: receivedAt)
        },
        now: instruments.now, presence: presence,
        onStatus: { status in
            switch status {
            case .connected: logger.info("broker connected")
            case .disconnected(let error, let wait):
                logger.warning("broker lost", metadata: ["error": "\(error)", "retry": "\(wait)"])
            }
        })
}

/// What one broker's messages are read with, on the client's thread.
private final class SharedReader: Sendable {
    private let reader: Mutex<MessageReader>

    init(_ reader: MessageReader) { self.reader = Mutex(reader) }

    func read(_ payload: [UInt8], topic: String, receivedAt: Int64) -> InboundMessage {
        reader.withLock { $0.read(payload, topic: topic, receivedAt: receivedAt) }
    }
}

extension MQTTClient.Presence {
    /// What a Sparkplug host application says of itself (Sparkplug 3.0 section 6.4.28).
    /// - Parameter time: of the connection, UTC microseconds.
    fileprivate init(sparkplugHost host: String, at time: Int64) {
        func state(_ isOnline: Bool) -> MQTTConfiguration.Will {
            let state = SparkplugCommand.state(host: host, online: isOnline, at: time)
            return MQTTConfiguration.Will(topic: state.topic, payload: state.payload, qos: 1, retain: true)
        }
        self.init(here: state(true), gone: state(false))
    }
}

/// Runs one piece of work until the gateway is told to stop.
struct Worker: Service {
    private let work: @Sendable () async throws -> Void

    init(_ work: @escaping @Sendable () async throws -> Void) { self.work = work }

    func run() async throws {
        try await cancelWhenGracefulShutdown {
            try await work()
            // Work that is done must not stop the others.
            try? await gracefulShutdown()
        }
    }
}

/// This program's own file, to start its helpers from.
enum ExecutablePath {
    static var own: String {
        (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
    }
}

extension LedgerStore {
    /// - Throws: `CustodyError` with code `log-missing`.
    func ownOrigin() throws -> String {
        guard let origin = try read({ try $0.ownLog()?.origin }) else {
            throw CustodyError(.logMissing, "this gateway has no log yet", remedy: "run custody init")
        }
        return origin
    }
}
