import Capture
import Ledger
import Logging
import Rig

/// The sensors of one truck: they measure, number and keep each reading until the broker has acknowledged it.
///
/// The network may come and go; measuring does not stop, and after the return the broker gets what it has missed, the
/// oldest first. Without power nothing is measured, and what is in no file is forgotten.
actor TruckSensors {
    /// What became of the readings so far.
    struct Tally: Codable, Hashable, Sendable {
        /// Measured since this start of the truck.
        var made = 0
        /// Taken by the broker; in Sparkplug, which has no acknowledgement, written to the connection.
        var acknowledged = 0
        /// Not taken by the broker; kept, and offered again after the next loss of the network.
        var refused = 0
        /// Lost because the buffer was full, or because the power went and there was no file.
        var dropped = 0
        /// Kept in the buffer, not acknowledged.
        var waiting = 0
    }

    private let truck: Truck
    private let configuration: MQTTConfiguration
    private let bufferPath: String?
    private let bufferMax: Int
    private let countsByBoot: Bool
    private let logger: Logger
    /// UTC microseconds at the start of the trip, by a clock that is right.
    private let startTime: Int64
    private let startInstant = ContinuousClock.now
    private var writer: TruckWriter
    private var buffer: ReadingBuffer
    private var session: String?
    private var hasNetwork = false
    private var hasPower = true
    private var stay: Task<Void, Never>?
    private var uplink: Uplink?
    /// Rung when there is something to send.
    private var bell: AsyncStream<Void>.Continuation?
    private var feeding: Task<Void, Never>?
    /// Moments at which all metrics were due.
    private var momentCount = 0
    private var madeCount = 0
    private var acknowledgedCount = 0
    private var forgottenCount = 0
    private var refused: Set<UInt64> = []
    private let executor = BlockingExecutor("firmware-sim.truck")

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// The network is down at first.
    ///
    /// - Parameters:
    ///   - format: how readings are written.
    ///   - group: the Sparkplug group; no other format has one.
    ///   - bufferPath: a file that outlives the process; nil keeps the readings in memory.
    ///   - countsByBoot: whether each boot is a session of its own, whose numbers begin at 0.
    ///   - startTime: the true time now, in UTC microseconds.
    ///
    /// Throws `device-name-unusable`, `buffer-file-not-usable`, `buffer-file-damaged`.
    init(
        _ truck: Truck, broker: MQTTConfiguration, format: PayloadFormat = .json, group: String = "trucks",
        bufferPath: String? = nil, bufferMax: Int = ReadingBuffer.readingsMax, countsByBoot: Bool = false,
        startTime: Int64, logger: Logger
    ) throws {
        writer = try TruckWriter(truck, format: format, group: group)
        self.truck = truck
        self.bufferPath = bufferPath
        self.bufferMax = bufferMax
        self.countsByBoot = countsByBoot
        self.startTime = startTime
        self.logger = logger
        configuration = broker
        buffer = try ReadingBuffer(capacity: bufferMax, path: bufferPath)
        if countsByBoot { session = try TruckSensors.beginSession(truck, buffer, at: startTime) }
    }

    var tally: Tally {
        Tally(
            made: madeCount, acknowledged: acknowledgedCount, refused: refused.count,
            dropped: forgottenCount + buffer.droppedCount, waiting: buffer.count)
    }

    /// Whether the battery is empty: then the truck has fallen silent for good.
    private(set) var isDead = false

    /// Measures `count` times, once per interval, and returns after the last, or when the battery is empty. The next
    /// call goes on where this one stopped.
    ///
    /// Throws `buffer-file-not-usable`, `CancellationError`.
    func measure(count: Int) async throws {
        let start = ContinuousClock.now - truck.elapsed(at: momentCount)
        for _ in 0..<count {
            let elapsed = truck.elapsed(at: momentCount)
            try await Task.sleep(until: start + elapsed)
            momentCount += 1
            guard !truck.isDead(at: elapsed) else {
                isDead = true
                return try power(on: false)
            }
            if hasPower { try measureOnce(elapsed) }
        }
    }

    /// Brings the truck's network up or takes it away.
    func network(up: Bool) {
        guard up != hasNetwork else { return }
        logger.info("network \(up ? "up" : "down")", metadata: ["truck": "\(truck.device)"])
        hasNetwork = up
        connectOrLose()
    }

    /// Cuts the truck's power, or boots it: its readings are those in its file.
    ///
    /// Throws `buffer-file-not-usable`, `buffer-file-damaged`.
    func power(on: Bool) throws {
        guard on != hasPower, !(on && isDead) else { return }
        logger.info("power \(on ? "on" : "off")", metadata: ["truck": "\(truck.device)"])
        hasPower = on
        if on { try boot() }
        connectOrLose()
    }

    /// Ends the stay on the network in good order, as a device does that is switched off.
    func leave() async {
        hasNetwork = false
        stay?.cancel()
        stay = nil
        guard let uplink else { return }
        bell?.finish()
        feeding?.cancel()
        // A message that waits for its turn must not come after the farewell.
        await feeding?.value
        if let farewell = writer.farewell(at: deviceTime) { try? await uplink.send(farewell) }
        await uplink.leave(within: .seconds(5))
    }

    /// Waits until the broker has answered for every reading; whether it has acknowledged all of them in time.
    func settle(within limit: Duration) async -> Bool {
        let deadline = ContinuousClock.now + limit
        while buffer.count > refused.count, ContinuousClock.now < deadline, !Task.isCancelled {
            try? await Task.sleep(for: .milliseconds(20))
        }
        return buffer.count == 0
    }

    /// What the device's clock shows, in UTC microseconds.
    private var deviceTime: Int64 {
        truck.clock.time(start: startTime, elapsed: startInstant.duration(to: .now))
    }

    private func measureOnce(_ elapsed: Duration) throws {
        let time = truck.clock.time(start: startTime, elapsed: elapsed)
        for metric in truck.metrics {
            let reading = SensorReading(
                metric: metric, value: truck.value(of: metric, at: elapsed), time: time,
                sequence: buffer.nextSequence(metric), session: session)
            writer.measured(reading, order: buffer.nextOrder)
            try buffer.append(reading)
            madeCount += 1
        }
        bell?.yield()
    }

    private func boot() throws {
        // Without a file it forgets what it has kept; a buffer that is dropped still tells how much it dropped before.
        forgottenCount += buffer.droppedCount + (bufferPath == nil ? buffer.count : 0)
        buffer = try ReadingBuffer(capacity: bufferMax, path: bufferPath)
        writer.booted()
        guard countsByBoot else { return }
        session = try TruckSensors.beginSession(truck, buffer, at: deviceTime)
    }

    /// A boot's name must not come again, nor need the device remember the last one.
    private static func beginSession(_ truck: Truck, _ buffer: ReadingBuffer, at time: Int64) throws -> String {
        try buffer.restartSequences()
        var random = SeededRandom(seed: truck.climate.seed, stream: 0xB007, position: UInt64(bitPattern: time))
        return "boot-" + String(random.next(), radix: 16)
    }
}

// MARK: The stay on the network

extension TruckSensors {
    private func connectOrLose() {
        guard hasNetwork, hasPower else {
            stay?.cancel()
            stay = nil
            uplink?.lose()
            disconnected()
            return
        }
        if stay == nil { stay = Task { await self.remain() } }
    }

    /// Connects again and again until the stay is cancelled.
    private func remain() async {
        var backoff = configuration.backoff
        while !Task.isCancelled {
            if await visit() { backoff.reset() }
            try? await Task.sleep(for: backoff.next())
        }
    }

    /// One connection to its end; whether the broker took the login.
    private func visit() async -> Bool {
        do {
            let uplink = try Uplink(writer.connect(configuration, at: deviceTime))
            self.uplink = uplink
            // A task of its own hears what is told after the stay was cancelled.
            return await Task { await self.hear(uplink, buffer) }.value
        } catch {
            log(error as? CustodyError ?? CustodyError("mqtt-broker-unreachable", "\(error)"))
            return false
        }
    }

    private func hear(_ uplink: Uplink, _ buffer: ReadingBuffer) async -> Bool {
        var isTaken = false
        for await event in uplink.events {
            switch event {
            case .connected where uplink === self.uplink && hasNetwork:
                isTaken = true
                begin(uplink)
            case .connected: break
            case .received(let payload):
                if writer.received(payload) { bell?.yield() }
            case .acknowledged, .refused, .lost: apply(event, uplink, buffer)
            }
        }
        if uplink === self.uplink { disconnected() }
        return isTaken
    }

    private func begin(_ uplink: Uplink) {
        logger.info("broker connected", metadata: ["truck": "\(truck.device)"])
        refused = []
        writer.connected(before: buffer.nextOrder)
        let (rings, bell) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        self.bell = bell
        feeding = Task { await self.feed(uplink, rings) }
        bell.yield()
    }

    private func disconnected() {
        feeding?.cancel()
        bell?.finish()
        (uplink, bell, feeding) = (nil, nil, nil)
    }

    /// Everything that goes out goes through here, so that its numbers grow in the order of sending.
    private func feed(_ uplink: Uplink, _ rings: AsyncStream<Void>) async {
        for await _ in rings {
            while uplink === self.uplink, !Task.isCancelled {
                let messages = writer.next(from: buffer, at: deviceTime)
                if messages.isEmpty { break }
                for message in messages {
                    // It throws only when the connection is over, and then the readings are still in the buffer.
                    guard (try? await uplink.send(message)) != nil else { return }
                }
            }
        }
    }

    /// An old connection speaks of the orders of its own buffer.
    private func apply(_ event: Uplink.Event, _ uplink: Uplink, _ buffer: ReadingBuffer) {
        switch event {
        case .acknowledged(let orders): forget(orders, buffer)
        case .refused(let orders, let error) where uplink === self.uplink:
            if refused.isEmpty {
                logger.warning("reading refused", metadata: ["truck": "\(truck.device)", "error": "\(error)"])
            }
            refused.formUnion(orders)
        case .lost(let error): log(error)
        case .refused, .connected, .received: break
        }
    }

    private func forget(_ orders: [UInt64], _ buffer: ReadingBuffer) {
        do {
            for order in orders where try buffer.remove(order) {
                refused.remove(order)
                acknowledgedCount += 1
            }
        } catch {
            logger.error("buffer not written", metadata: ["truck": "\(truck.device)", "error": "\(error)"])
        }
    }

    private func log(_ error: CustodyError) {
        logger.warning("broker lost", metadata: ["truck": "\(truck.device)", "error": "\(error)"])
    }
}
