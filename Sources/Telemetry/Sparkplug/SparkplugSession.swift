/// What the host knows of one node: its births, which connection they belong to, and its count of messages.
struct SparkplugSession: Sendable {
    let node: SparkplugNode

    /// The node's own metrics; nil while it is not born.
    private var own: SparkplugBirth?

    /// The born devices by their names in the node.
    private var devices: [String: SparkplugBirth] = [:]

    /// How many metrics are remembered of the node and its devices, as the sizes of their births.
    private(set) var metricsCount = 0

    /// The `bdSeq` of the node's birth: which connection of the node it belongs to.
    private var connection: UInt64?

    /// The count of the last message; nil where the next one may have any count.
    private var last: UInt8?

    /// The fingerprints of the last messages, each at its count; empty before the first.
    private var heard: [UInt64] = []

    private var isRebirthWanted = false
    private var rebirthAskedAt: Int64?

    init(_ node: SparkplugNode) {
        self.node = node
    }

    /// Whether anything of it is born. Of a node that is not, nothing is known that would be missed.
    var isAlive: Bool { own != nil || !devices.isEmpty }

    /// Takes one message of the node.
    /// - Parameter room: how many more metrics may be remembered than now.
    mutating func take(_ message: SparkplugMessage, room: Int) throws(TelemetryError) -> SparkplugOutcome {
        var outcome: SparkplugOutcome
        switch message.topic.kind {
        case .nodeBirth: outcome = try takeNodeBirth(message, metricsMax: metricsCount + room)
        case .deviceBirth: outcome = try takeDeviceBirth(message, metricsMax: metricsCount + room)
        case .nodeData, .deviceData: outcome = try takeData(message)
        case .nodeDeath: outcome = try takeNodeDeath(message)
        case .deviceDeath: outcome = takeDeviceDeath(message)
        case .nodeCommand, .deviceCommand: return SparkplugOutcome()
        }
        outcome.rebirth = askRebirth(at: message.receivedAt)
        return outcome
    }

    /// Lets the next message have any count and asks for nothing: what a birth leaves that was taken long ago.
    mutating func settle() {
        forgetCount()
        isRebirthWanted = false
        rebirthAskedAt = nil
    }

    // MARK: Births

    private mutating func takeNodeBirth(
        _ message: SparkplugMessage,
        metricsMax: Int
    ) throws(TelemetryError) -> SparkplugOutcome {
        forget(message.topic)
        let taken = try SparkplugReadings(
            birth: message.payload, device: message.topic.name, receivedAt: message.receivedAt)
        guard message.payload.count == 0 else {
            isRebirthWanted = true
            return SparkplugOutcome(
                refusal: TelemetryError(
                    .sequenceInvalid, "The count of a node's birth must be 0, here is \(message.payload.count)."))
        }
        try checkRoom(taken.birth, metricsMax)
        own = taken.birth
        metricsCount = taken.birth.size
        connection = taken.connection
        remember(0, message.fingerprint)
        isRebirthWanted = false
        return SparkplugOutcome(
            readings: taken.readings, events: [born(message)], refusal: taken.refusal, isBirth: true)
    }

    private mutating func takeDeviceBirth(
        _ message: SparkplugMessage,
        metricsMax: Int
    ) throws(TelemetryError) -> SparkplugOutcome {
        forget(message.topic)
        let taken = try SparkplugReadings(
            birth: message.payload, device: message.topic.name, receivedAt: message.receivedAt)
        var outcome = SparkplugOutcome()
        count(message, &outcome)
        if own == nil { isRebirthWanted = true }
        do throws(TelemetryError) {
            try checkRoom(taken.birth, metricsMax)
            try remember(taken.birth, of: message.topic.device ?? "")
        } catch {
            outcome.refusal = error
            return outcome
        }
        outcome.readings = taken.readings
        outcome.events.append(born(message))
        outcome.refusal = taken.refusal ?? outcome.refusal
        outcome.isBirth = true
        return outcome
    }

    private func checkRoom(_ birth: SparkplugBirth, _ metricsMax: Int) throws(TelemetryError) {
        guard metricsCount + birth.size <= metricsMax else {
            throw TelemetryError(.readingsTooMany, "The births of all nodes together hold too many metrics.")
        }
    }

    private mutating func remember(_ birth: SparkplugBirth, of device: String) throws(TelemetryError) {
        guard devices.count < SparkplugHost.devicesMax else {
            throw TelemetryError(.topicInvalid, "A node has at most \(SparkplugHost.devicesMax) devices.")
        }
        devices[device] = birth
        metricsCount += birth.size
    }

    /// Forgets what a birth under this topic replaces. A birth that then cannot be read leaves nothing behind: an alias
    /// of the former one could mean something else by now.
    mutating func forget(_ topic: SparkplugTopic) {
        if let device = topic.device {
            metricsCount -= devices.removeValue(forKey: device)?.size ?? 0
        } else {
            own = nil
            devices = [:]
            metricsCount = 0
            connection = nil
            forgetCount()
        }
    }

    // MARK: Data

    private mutating func takeData(_ message: SparkplugMessage) throws(TelemetryError) -> SparkplugOutcome {
        let known = message.topic.device.map { devices[$0] } ?? own
        let taken = try SparkplugReadings(
            data: message.payload, of: known, device: message.topic.name, receivedAt: message.receivedAt)
        var outcome = SparkplugOutcome(readings: taken.readings)
        count(message, &outcome)
        outcome.refusal = taken.refusal ?? outcome.refusal
        if known == nil || taken.needsBirth { isRebirthWanted = true }
        for (place, unit) in taken.units { setUnit(unit, at: place, of: message.topic.device) }
        return outcome
    }

    private mutating func setUnit(_ unit: String, at place: Int, of device: String?) {
        if let device {
            devices[device]?.setUnit(unit, at: place)
        } else {
            own?.setUnit(unit, at: place)
        }
    }

    // MARK: Deaths

    /// A death of another connection is an old will that the broker sent late. The event has the time of the receipt, as
    /// Sparkplug 3.0 asks of a host: a will was written when the node connected.
    private mutating func takeNodeDeath(_ message: SparkplugMessage) throws(TelemetryError) -> SparkplugOutcome {
        guard isAlive else { return SparkplugOutcome() }
        let number = try SparkplugReadings.connection(of: message.payload)
        guard connection == nil || connection == number else { return SparkplugOutcome() }
        let name = message.topic.name
        let events = [name] + devices.keys.sorted().map { "\(name)/\($0)" }
        forget(message.topic)
        isRebirthWanted = false
        return SparkplugOutcome(events: events.map { DeviceEvent(device: $0, kind: .died, time: message.receivedAt) })
    }

    private mutating func takeDeviceDeath(_ message: SparkplugMessage) -> SparkplugOutcome {
        var outcome = SparkplugOutcome()
        count(message, &outcome)
        forget(message.topic)
        outcome.events.append(DeviceEvent(device: message.topic.name, kind: .died, time: message.time))
        return outcome
    }

    private func born(_ message: SparkplugMessage) -> DeviceEvent {
        DeviceEvent(device: message.topic.name, kind: .born, time: message.time)
    }

    // MARK: The count

    /// The count goes up by one with each message of the node and its devices, and after 255 begins at 0 again.
    ///
    /// A broker whose messages were not acknowledged delivers them again: the same message under the same count leaves no
    /// hole.
    private mutating func count(_ message: SparkplugMessage, _ outcome: inout SparkplugOutcome) {
        guard let count = UInt8(exactly: message.payload.count) else {
            forgetCount()
            isRebirthWanted = true
            outcome.refusal = TelemetryError(
                .sequenceInvalid, "The count of a message must be 0 to \(UInt8.max), here is \(message.payload.count).")
            return
        }
        let fingerprint = message.fingerprint
        if let last {
            guard heard[Int(count)] != fingerprint else { return }
            if count != last &+ 1 {
                isRebirthWanted = true
                outcome.events.append(gap(from: last, to: count, message.time))
            }
        }
        remember(count, fingerprint)
    }

    private mutating func remember(_ count: UInt8, _ fingerprint: UInt64) {
        if heard.isEmpty { heard = Array(repeating: 0, count: Int(UInt8.max) + 1) }
        heard[Int(count)] = fingerprint
        last = count
    }

    private mutating func forgetCount() {
        last = nil
        heard = []
    }

    private func gap(from: UInt8, to: UInt8, _ time: Int64) -> DeviceEvent {
        DeviceEvent(
            device: "\(node.group)/\(node.edge)", kind: .sequenceGap, time: time,
            detail: "The node's count of messages went from \(from) to \(to).")
    }

    // MARK: Asking again

    /// Asked until a birth comes, but not again within `rebirthSeconds`: a node with much to say needs time to answer.
    private mutating func askRebirth(at time: Int64) -> SparkplugNode? {
        guard isRebirthWanted else { return nil }
        if let rebirthAskedAt {
            let (elapsed, isOver) = time.subtractingReportingOverflow(rebirthAskedAt)
            guard isOver || elapsed < 0 || elapsed >= SparkplugHost.rebirthSeconds * 1_000_000 else { return nil }
        }
        rebirthAskedAt = time
        return node
    }
}
