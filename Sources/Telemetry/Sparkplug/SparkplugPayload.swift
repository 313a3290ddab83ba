/// A Sparkplug B payload (Sparkplug 3.0 section 6.4.5): its head at once, its metrics one after the other.
struct SparkplugPayload {
    /// What Eclipse Tahu writes in `uuid` where `body` holds the real payload, compressed. No part of Sparkplug 3.0.
    static let compressed = "SPBV1.0_COMPRESSED"

    let bytes: [UInt8]

    /// Milliseconds since 1970 as the payload says, not yet checked.
    private(set) var time: UInt64?

    /// The node's count of its messages, 0 to 255. An encoder that leaves out what is zero leaves out this field too.
    private(set) var count: UInt64 = 0

    private(set) var metricsCount = 0
    private var reader: ProtobufReader

    /// Walks over the payload once; what is inside the metrics is not looked at yet.
    init(_ bytes: [UInt8]) throws(TelemetryError) {
        guard bytes.count <= InboundMessage.payloadBytesMax else {
            throw TelemetryError(
                .payloadTooLarge, "The payload has more than \(InboundMessage.payloadBytesMax) bytes.")
        }
        guard !bytes.isEmpty else { throw TelemetryError(.valueMissing, "The payload is empty.") }
        self.bytes = bytes
        reader = ProtobufReader(bytes)
        try readHead()
        guard metricsCount <= InboundMessage.readingsMax else {
            throw TelemetryError(
                .readingsTooMany,
                "A payload has at most \(InboundMessage.readingsMax) metrics, here are \(metricsCount).")
        }
    }

    private mutating func readHead() throws(TelemetryError) {
        var head = reader
        while !head.isOver {
            let key = try head.varint()
            switch key {
            case 0x08: time = try head.varint()
            case 0x12:
                _ = try head.range()
                metricsCount += 1
            case 0x18: count = try head.varint()
            case 0x22: try refuseCompressed(bytes[try head.range()])
            default: try head.skip(key)
            }
        }
    }

    private func refuseCompressed(_ uuid: ArraySlice<UInt8>) throws(TelemetryError) {
        guard uuid.elementsEqual(SparkplugPayload.compressed.utf8) else { return }
        throw TelemetryError(
            .formatUnknown, "The payload is compressed, which Sparkplug 3.0 does not know; let the node send it plain.")
    }

    /// The next metric, nil at the end.
    mutating func next() throws(TelemetryError) -> SparkplugMetric? {
        while !reader.isOver {
            let key = try reader.varint()
            guard key == 0x12 else {
                try reader.skip(key)
                continue
            }
            let outer = try reader.open()
            let metric = try SparkplugMetric(&reader)
            reader.close(outer)
            return metric
        }
        return nil
    }

    /// A text of the payload; texts are UTF-8.
    func text(_ range: Range<Int>) throws(TelemetryError) -> String {
        guard let text = String(validating: bytes[range], as: UTF8.self) else {
            throw TelemetryError(.textMalformed, "The text is no UTF-8.", position: range.lowerBound)
        }
        return text
    }

    /// When the message was sent, UTC microseconds since 1970; the receipt where it does not say or says nonsense.
    func sentAt(or receivedAt: Int64) -> Int64 {
        guard let time, let micros = try? SparkplugPayload.microseconds(time) else { return receivedAt }
        return micros
    }

    /// Sparkplug's milliseconds as UTC microseconds since 1970.
    static func microseconds(_ milliseconds: UInt64) throws(TelemetryError) -> Int64 {
        guard milliseconds <= UInt64(Reading.timeMax / 1_000) else {
            throw TelemetryError(.timeInvalid, "The time must lie in the years 1 to 9999.")
        }
        return Int64(milliseconds) * 1_000
    }
}
