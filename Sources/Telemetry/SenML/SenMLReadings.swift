/// Reads the readings in a SenML pack as JSON (RFC 8428 section 5, `application/senml+json`), resolved (section 4.6)
/// and in the payload's order.
///
/// Base fields stay in effect until changed. Times below 2^28 seconds are relative to `receivedAt` (UTC microseconds
/// since 1970); digits finer than a microsecond are cut off. A sum `s` is a second reading, of the metric
/// `<metric>.sum` and the unit `<unit>.s`; a value without a unit has the unit `1`. `ut` is read and not kept. A record
/// of base fields alone is no reading. A pack is read whole or not at all.
///
/// A device that the pattern names in the topic is the device of every reading. Its metric is then the one that the
/// topic names, else `n` where `bn` ends with the device, else the whole name. Without a device in the topic it is
/// `bn` without its trailing separator, or the name up to its last `:` or `/`.
public func decodeSenMLJSON(
    _ payload: [UInt8],
    topic: String,
    pattern: TopicPattern?,
    receivedAt: Int64
) throws(TelemetryError) -> [Reading] {
    let named = try matched(payload, topic, pattern)
    var pack = SenMLPack(source: SenMLJSON(payload), topic: named, receivedAt: receivedAt)
    return try pack.read()
}

/// Reads the readings in a SenML pack as CBOR (RFC 8428 section 6, `application/senml+cbor`), as
/// ``decodeSenMLJSON(_:topic:pattern:receivedAt:)`` does those in JSON. Times that are floats are rounded to the nearest
/// microsecond. Indefinite lengths are read; big numbers (tags 2 and 3) are not.
public func decodeSenMLCBOR(
    _ payload: [UInt8],
    topic: String,
    pattern: TopicPattern?,
    receivedAt: Int64
) throws(TelemetryError) -> [Reading] {
    let named = try matched(payload, topic, pattern)
    var pack = SenMLPack(source: SenMLCBOR(payload), topic: named, receivedAt: receivedAt)
    return try pack.read()
}

private func matched(
    _ payload: [UInt8],
    _ topic: String,
    _ pattern: TopicPattern?
) throws(TelemetryError) -> TopicPattern.Match {
    guard payload.count <= InboundMessage.payloadBytesMax else {
        throw TelemetryError(
            .payloadTooLarge,
            "A payload has at most \(InboundMessage.payloadBytesMax) bytes, here are \(payload.count).")
    }
    guard let pattern else { return TopicPattern.Match() }
    guard let match = pattern.match(topic) else {
        throw TelemetryError(.topicUnmatched, "The topic does not match the pattern \(pattern).")
    }
    return match
}

private struct SenMLPack<Source: SenMLSource> {
    private var source: Source
    private var record = SenMLRecord()
    private var name: SenMLName
    private let receivedAt: Int64
    private var readings: [Reading] = []

    init(source: Source, topic: TopicPattern.Match, receivedAt: Int64) {
        self.source = source
        self.name = SenMLName(topic: topic)
        self.receivedAt = receivedAt
    }

    mutating func read() throws(TelemetryError) -> [Reading] {
        try source.openPack()
        while try source.openRecord() {
            let start = source.start
            record.open()
            while let label = try source.nextLabel() { try record.read(label, from: &source) }
            do throws(TelemetryError) {
                try resolve()
            } catch {
                throw TelemetryError(error.code, error.message, position: error.position ?? start)
            }
        }
        try source.expectEnd()
        return readings
    }

    private mutating func resolve() throws(TelemetryError) {
        let isMeasurement = try record.close()
        if record.has(.baseName) { name.setBase(record.baseName) }
        guard isMeasurement else { return }
        let (device, metric) = try name.split(record.name)
        let unit = record.unit
        let time = try record.time(receivedAt: receivedAt)
        if let value = record.value {
            try append(try Reading(device: device, metric: metric, value: value, unit: unit, time: time))
        }
        guard let sum = record.sum else { return }
        let metricOfSum = metric + ".sum"
        try append(try Reading(device: device, metric: metricOfSum, value: .number(sum), unit: unit + ".s", time: time))
    }

    private mutating func append(_ reading: Reading) throws(TelemetryError) {
        guard readings.count < InboundMessage.readingsMax else {
            throw TelemetryError(
                .readingsTooMany, "A payload holds at most \(InboundMessage.readingsMax) readings.")
        }
        readings.append(reading)
    }
}
