import Capture
import Ledger

/// A Sparkplug B 3.0 edge node as its hosts see it: what it publishes, with the numbers that the standard wants.
///
/// Births and data have QoS 0, as the standard says: what is lost on the way shows as a gap in the numbers, and the
/// host then asks for a rebirth.
struct SparkplugEdge: Sendable {
    /// The node itself, or one of its devices.
    struct Part: Hashable, Sendable {
        /// Nil is the node itself.
        let device: String?
        let metrics: [SensorReading.Metric]
    }

    /// A reading and its order in the device's buffer.
    struct Kept: Hashable, Sendable {
        let order: UInt64
        let reading: SensorReading
    }

    let group: String
    let node: String
    /// The node itself comes first.
    let parts: [Part]
    /// The bdSeq that the will and the births of one connection share; nil before the first connection.
    private(set) var connectionNumber: UInt8?
    private var sequence: UInt8 = 0

    init(group: String, node: String, metrics: [SensorReading.Metric], devices: [Part]) {
        self.group = group
        self.node = node
        parts = [Part(device: nil, metrics: metrics)] + devices
    }

    /// Which host's command is to be heard.
    var commandTopic: String { topic("NCMD", nil) }

    /// Begins the next connection: what the broker is to publish if it is lost.
    ///
    /// - Parameter time: by the device's clock, in UTC microseconds, here and below.
    mutating func connect(at time: Int64) -> MQTTConfiguration.Will {
        connectionNumber = (connectionNumber ?? .max) &+ 1
        let death = death(at: time)
        return MQTTConfiguration.Will(topic: death.topic, payload: death.payload)
    }

    /// The births of the node and of each device; the node counts its messages from 0 again.
    ///
    /// - Parameter newest: what a part's metric was when it was last measured.
    mutating func births(at time: Int64, newest: (Int, SensorReading.Metric) -> Kept?) -> [OutgoingMessage] {
        sequence = 0
        return parts.indices.map { part in
            let known = parts[part].metrics.map { (metric: $0, kept: newest(part, $0)) }
            var payload = SparkplugEdge.payload(at: time)
            if part == 0 { appendNodeMetrics(to: &payload, time) }
            for (metric, kept) in known {
                payload.message(2, birthMetric(part, metric, kept?.reading, time))
            }
            let isNode = parts[part].device == nil
            return message(isNode ? "NBIRTH" : "DBIRTH", part, &payload, known.compactMap { $0.kept?.order })
        }
    }

    /// The part's readings, at least one.
    mutating func data(_ part: Int, _ readings: [Kept], isHistorical: Bool, at time: Int64) -> OutgoingMessage {
        var payload = SparkplugEdge.payload(at: time)
        for kept in readings {
            var metric = ProtobufBytes()
            metric.number(2, alias(part, kept.reading.metric))
            metric.number(3, SparkplugEdge.milliseconds(kept.reading.time))
            if isHistorical { metric.flag(5, true) }
            SparkplugEdge.append(kept.reading, to: &metric)
            payload.message(2, metric)
        }
        return message(parts[part].device == nil ? "NDATA" : "DDATA", part, &payload, readings.map(\.order))
    }

    /// What tells that the node has gone.
    func death(at time: Int64) -> OutgoingMessage {
        var payload = SparkplugEdge.payload(at: time)
        payload.message(2, connectionMetric(time))
        return OutgoingMessage(topic: topic("NDEATH", nil), payload: payload.bytes)
    }

    /// Whether a host asks this node for its births.
    static func asksForRebirth(_ payload: [UInt8]) -> Bool {
        ProtobufFields(payload[...]).contains { field in
            guard case .bytes(2, let metric) = field else { return false }
            let fields = Array(ProtobufFields(metric))
            return fields.contains(.bytes(1, ArraySlice(rebirth.utf8))) && fields.contains(.number(14, 1))
        }
    }
}

// MARK: Payloads

extension SparkplugEdge {
    private enum DataType {
        static let int64: UInt64 = 4
        static let double: UInt64 = 10
        static let boolean: UInt64 = 11
        static let string: UInt64 = 12
    }

    private static let rebirth = "Node Control/Rebirth"

    private func topic(_ kind: String, _ device: String?) -> String {
        "spBv1.0/\(group)/\(kind)/\(node)" + (device.map { "/\($0)" } ?? "")
    }

    /// Unique in the node, and the same in each of its births.
    private func alias(_ part: Int, _ metric: SensorReading.Metric) -> UInt64 {
        let all = SensorReading.Metric.allCases
        return UInt64(part * all.count + (all.firstIndex(of: metric) ?? 0) + 1)
    }

    private mutating func message(
        _ kind: String, _ part: Int, _ payload: inout ProtobufBytes, _ orders: [UInt64]
    ) -> OutgoingMessage {
        payload.number(3, UInt64(sequence))
        sequence &+= 1
        return OutgoingMessage(
            topic: topic(kind, parts[part].device), payload: payload.bytes, qos: 0, orders: orders)
    }

    private static func payload(at time: Int64) -> ProtobufBytes {
        var payload = ProtobufBytes()
        payload.number(1, milliseconds(time))
        return payload
    }

    private func appendNodeMetrics(to payload: inout ProtobufBytes, _ time: Int64) {
        payload.message(2, connectionMetric(time))
        var metric = ProtobufBytes()
        metric.text(1, SparkplugEdge.rebirth)
        metric.number(3, SparkplugEdge.milliseconds(time))
        metric.number(4, DataType.boolean)
        metric.flag(14, false)
        payload.message(2, metric)
    }

    private func connectionMetric(_ time: Int64) -> ProtobufBytes {
        var metric = ProtobufBytes()
        metric.text(1, "bdSeq")
        metric.number(3, SparkplugEdge.milliseconds(time))
        metric.number(4, DataType.int64)
        metric.number(11, UInt64(connectionNumber ?? 0))
        return metric
    }

    /// Null where nothing was measured yet.
    private func birthMetric(
        _ part: Int, _ kind: SensorReading.Metric, _ reading: SensorReading?, _ time: Int64
    ) -> ProtobufBytes {
        var metric = ProtobufBytes()
        metric.text(1, kind.rawValue)
        metric.number(2, alias(part, kind))
        metric.number(3, SparkplugEdge.milliseconds(reading?.time ?? time))
        metric.number(4, kind.isFlag ? DataType.boolean : DataType.double)
        if reading == nil { metric.flag(7, true) }
        metric.message(9, SparkplugEdge.unit(of: kind))
        if let reading { SparkplugEdge.append(reading, to: &metric) }
        return metric
    }

    /// A property set that names the unit.
    private static func unit(of metric: SensorReading.Metric) -> ProtobufBytes {
        var value = ProtobufBytes()
        value.number(1, DataType.string)
        value.text(8, metric.unit)
        var properties = ProtobufBytes()
        properties.text(1, "engUnit")
        properties.message(2, value)
        return properties
    }

    private static func append(_ reading: SensorReading, to metric: inout ProtobufBytes) {
        if reading.metric.isFlag {
            metric.flag(14, reading.value != 0)
        } else {
            metric.double(13, reading.value)
        }
    }

    private static func milliseconds(_ time: Int64) -> UInt64 { UInt64(max(0, time / 1_000)) }
}
