import Capture
import Ledger
import Logging

/// The sensors of one truck: they measure, number and keep each reading until the broker has acknowledged it.
///
/// The network may come and go; measuring does not stop, and after the return the broker gets what it has missed, the
/// oldest first.
actor TruckSensors {
    /// What became of the readings so far.
    struct Tally: Codable, Hashable, Sendable {
        /// Measured since this start of the truck.
        var made = 0
        var acknowledged = 0
        /// Not taken by the broker; kept, and offered again after the next loss of the network.
        var refused = 0
        /// Lost because the buffer was full.
        var dropped = 0
        /// Kept in the buffer, not acknowledged.
        var waiting = 0
    }

    private let truck: Truck
    private let configuration: MQTTConfiguration
    private let logger: Logger
    private let buffer: ReadingBuffer
    /// UTC microseconds at the start of the trip, by a clock that is right.
    private let startTime: Int64
    private var uplink: Uplink?
    private var feeding: Task<Void, Never>?
    /// Rung when there is a reading to send.
    private var bell: AsyncStream<Void>.Continuation?
    private var madeCount = 0
    private var acknowledgedCount = 0
    private var refused: Set<UInt64> = []
    private let executor = BlockingExecutor("firmware-sim.truck")

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// The network is down at first.
    ///
    /// - Parameters:
    ///   - bufferPath: a file that outlives the process; nil keeps the readings in memory.
    ///   - startTime: the true time now, in UTC microseconds.
    ///
    /// Throws `device-name-unusable`, `buffer-file-not-usable`, `buffer-file-damaged`.
    init(
        _ truck: Truck, broker: MQTTConfiguration, bufferPath: String? = nil,
        bufferMax: Int = ReadingBuffer.readingsMax, startTime: Int64, logger: Logger
    ) throws {
        try SensorReading.checkDevice(truck.device)
        self.truck = truck
        self.startTime = startTime
        self.logger = logger
        configuration = broker
        buffer = try ReadingBuffer(capacity: bufferMax, path: bufferPath)
    }

    var tally: Tally {
        Tally(
            made: madeCount, acknowledged: acknowledgedCount, refused: refused.count, dropped: buffer.droppedCount,
            waiting: buffer.count)
    }

    /// Measures `count` times, once per interval, and returns after the last. Throws `buffer-file-not-usable`,
    /// `CancellationError`.
    func measure(count: Int) async throws {
        let start = ContinuousClock.now
        for index in 0..<count {
            try await Task.sleep(until: start + truck.elapsed(at: index))
            try measureOnce(truck.elapsed(at: index))
        }
    }

    /// Brings the truck's network up or takes it away. Throws `mqtt-configuration-invalid`, `descriptors-exhausted`.
    func network(up: Bool) throws {
        guard up != (uplink != nil) else { return }
        logger.info("network \(up ? "up" : "down")", metadata: ["truck": "\(truck.device)"])
        if up {
            try connect()
        } else {
            disconnect()
        }
    }

    /// Waits until the broker has answered for every reading; whether it has acknowledged all of them in time.
    func settle(within limit: Duration) async -> Bool {
        let deadline = ContinuousClock.now + limit
        while buffer.count > refused.count, ContinuousClock.now < deadline, !Task.isCancelled {
            try? await Task.sleep(for: .milliseconds(20))
        }
        return buffer.count == 0
    }

    private func measureOnce(_ elapsed: Duration) throws {
        let time = truck.clock.time(start: startTime, elapsed: elapsed)
        for metric in truck.metrics {
            try buffer.append(
                SensorReading(
                    metric: metric, value: truck.value(of: metric, at: elapsed), time: time,
                    sequence: buffer.nextSequence(metric)))
            madeCount += 1
        }
        bell?.yield()
    }

    private func connect() throws {
        let name = truck.device
        let uplink = try Uplink(configuration) { [logger] in TruckSensors.log($0, of: name, to: logger) }
        let (rings, bell) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        self.uplink = uplink
        self.bell = bell
        refused = []
        feeding = Task { await self.feed(uplink, rings) }
        Task { await self.hear(uplink) }
        bell.yield()
    }

    private func disconnect() {
        feeding?.cancel()
        bell?.finish()
        uplink?.close()
        (feeding, bell, uplink) = (nil, nil, nil)
    }

    private func feed(_ uplink: Uplink, _ rings: AsyncStream<Void>) async {
        var order: UInt64 = 0
        for await _ in rings {
            while let next = buffer.next(from: order) {
                // It throws only when the network is gone, and then the reading is still in the buffer.
                guard (try? await uplink.send(next.reading, next.order, of: truck.device)) != nil else { return }
                order = next.order + 1
            }
        }
    }

    private func hear(_ uplink: Uplink) async {
        for await outcome in uplink.outcomes {
            do {
                try apply(outcome)
            } catch {
                logger.error("buffer not written", metadata: ["truck": "\(truck.device)", "error": "\(error)"])
            }
        }
    }

    private func apply(_ outcome: Uplink.Outcome) throws {
        switch outcome {
        case .acknowledged(let order):
            refused.remove(order)
            if try buffer.remove(order) { acknowledgedCount += 1 }
        case .refused(let order, let error):
            if refused.isEmpty {
                logger.warning("reading refused", metadata: ["truck": "\(truck.device)", "error": "\(error)"])
            }
            refused.insert(order)
        }
    }

    private static func log(_ status: MQTTStatus, of device: String, to logger: Logger) {
        switch status {
        case .connected: logger.info("broker connected", metadata: ["truck": "\(device)"])
        case .disconnected(let error, _):
            logger.warning("broker lost", metadata: ["truck": "\(device)", "error": "\(error)"])
        }
    }
}
