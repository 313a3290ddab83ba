import Capture
import Ledger

/// Turns a truck's kept readings into messages: what comes next on the present connection, in the truck's format.
struct TruckWriter: Sendable {
    private let device: String
    private let format: PayloadFormat
    private var edge: SparkplugEdge
    /// From here on readings have not been sent on this connection.
    private var position: UInt64 = 0
    /// Readings before this one were measured before the connection.
    private var liveFrom: UInt64 = 0
    private var isBirthDue = false
    /// Whether the births of this connection were written.
    private var isBorn = false
    /// Sent with a birth, out of their order.
    private var sentAhead: Set<UInt64> = []
    private var newest: [SensorReading.Metric: SparkplugEdge.Kept] = [:]

    /// Throws `device-name-unusable`.
    init(_ truck: Truck, format: PayloadFormat, group: String) throws {
        try SensorReading.checkDevice(truck.device)
        try SensorReading.checkDevice(group)
        if format == .senMLJSON || format == .senMLCBOR { try SenMLPack.checkDevice(truck.device) }
        device = truck.device
        self.format = format
        edge = truck.sparkplugEdge(group: group)
    }

    /// The configuration of the next connection.
    mutating func connect(_ configuration: MQTTConfiguration, at time: Int64) -> MQTTConfiguration {
        guard format == .sparkplug else { return configuration }
        var configuration = configuration
        configuration.will = edge.connect(at: time)
        configuration.topics = [edge.commandTopic]
        configuration.keepsSession = false
        return configuration
    }

    /// Begins a connection: everything kept is to be sent.
    mutating func connected(before order: UInt64) {
        position = 0
        liveFrom = order
        sentAhead = []
        isBirthDue = format == .sparkplug
        isBorn = false
    }

    mutating func measured(_ reading: SensorReading, order: UInt64) {
        newest[reading.metric] = SparkplugEdge.Kept(order: order, reading: reading)
    }

    /// The device knows nothing of the time before its boot, except what is in its file.
    mutating func booted() {
        newest = [:]
    }

    /// A message came in; whether there is now something to send.
    mutating func received(_ payload: [UInt8]) -> Bool {
        guard format == .sparkplug, SparkplugEdge.asksForRebirth(payload) else { return false }
        isBirthDue = true
        return true
    }

    /// What is to be sent next, in this order; empty where all is sent.
    mutating func next(from buffer: ReadingBuffer, at time: Int64) -> [OutgoingMessage] {
        if isBirthDue { return births(at: time, buffer) }
        while let kept = moment(buffer) {
            position = (kept.last?.order ?? position) + 1
            let due = kept.filter { sentAhead.remove($0.order) == nil }
            if !due.isEmpty { return messages(due, at: time) }
        }
        return []
    }

    /// What a device says that leaves in good order; who was not born does not die.
    func farewell(at time: Int64) -> OutgoingMessage? {
        isBorn ? edge.death(at: time) : nil
    }

    private mutating func births(at time: Int64, _ buffer: ReadingBuffer) -> [OutgoingMessage] {
        isBirthDue = false
        isBorn = true
        let births = edge.births(at: time) { [newest] in newest[$1] }
        sentAhead.formUnion(births.flatMap(\.orders).filter { $0 >= position })
        return births
    }

    /// The next readings that go together: of one time, or one alone.
    private func moment(_ buffer: ReadingBuffer) -> [SparkplugEdge.Kept]? {
        guard let first = buffer.next(from: position) else { return nil }
        var kept = [SparkplugEdge.Kept(order: first.order, reading: first.reading)]
        while format != .json, let next = buffer.next(from: (kept.last?.order ?? 0) + 1),
            next.reading.time == first.reading.time, !kept.contains(where: { $0.reading.metric == next.reading.metric })
        {
            kept.append(SparkplugEdge.Kept(order: next.order, reading: next.reading))
        }
        return kept
    }

    private mutating func messages(_ kept: [SparkplugEdge.Kept], at time: Int64) -> [OutgoingMessage] {
        let pack = SenMLPack(device: device, readings: kept.map(\.reading))
        let orders = kept.map(\.order)
        return switch format {
        case .json:
            kept.map {
                OutgoingMessage(
                    topic: $0.reading.topic(of: device), payload: $0.reading.payload(of: device), orders: [$0.order])
            }
        case .senMLJSON:
            [OutgoingMessage(topic: "sensors/\(device)/senml/json", payload: pack.json, orders: orders)]
        case .senMLCBOR:
            [OutgoingMessage(topic: "sensors/\(device)/senml/cbor", payload: pack.cbor, orders: orders)]
        case .sparkplug: data(kept, at: time)
        }
    }

    private mutating func data(_ kept: [SparkplugEdge.Kept], at time: Int64) -> [OutgoingMessage] {
        edge.parts.indices.compactMap { part in
            let own = kept.filter { edge.parts[part].metrics.contains($0.reading.metric) }
            guard let order = own.first?.order else { return nil }
            return edge.data(part, own, isHistorical: order < liveFrom, at: time)
        }
    }
}
