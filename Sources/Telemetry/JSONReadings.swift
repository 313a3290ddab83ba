/// Reads the readings in a JSON payload: one object or an array of objects such as
/// `{"device":"t1","metric":"temperature","value":5.2,"unit":"Cel","time":"2026-03-01T12:00:00Z","seq":7}`.
///
/// `time` is RFC 3339 text or Unix seconds; `seq` and `session` may be absent or null. The topic's levels named by the
/// pattern give device and metric, and the payload may then leave them out but not contradict them: brokers tie a
/// login to a topic, never to what a payload says. Other keys are walked over. A payload is read whole or not at all.
public func decodeJSONReadings(
    _ payload: [UInt8],
    topic: String,
    pattern: TopicPattern?
) throws(TelemetryError) -> [Reading] {
    guard payload.count <= InboundMessage.payloadBytesMax else {
        throw TelemetryError(
            .payloadTooLarge,
            "A payload has at most \(InboundMessage.payloadBytesMax) bytes, here are \(payload.count).")
    }
    var named = TopicPattern.Match()
    if let pattern {
        guard let match = pattern.match(topic) else {
            throw TelemetryError(.topicUnmatched, "The topic does not match the pattern \(pattern).")
        }
        named = match
    }
    var scanner = JSONScanner(payload)
    let readings = try JSONReadings.read(&scanner, named: named)
    try scanner.expectEnd()
    return readings
}

private enum JSONReadings {
    static func read(
        _ scanner: inout JSONScanner,
        named: TopicPattern.Match
    ) throws(TelemetryError) -> [Reading] {
        guard scanner.take(UInt8(ascii: "[")) else {
            return [try JSONReading.read(&scanner, named: named)]
        }
        var readings: [Reading] = []
        if scanner.take(UInt8(ascii: "]")) { return readings }
        repeat {
            guard readings.count < InboundMessage.readingsMax else {
                throw TelemetryError(
                    .readingsTooMany, "A payload holds at most \(InboundMessage.readingsMax) readings.",
                    position: scanner.index)
            }
            readings.append(try JSONReading.read(&scanner, named: named))
        } while scanner.take(UInt8(ascii: ","))
        try scanner.expect(UInt8(ascii: "]"))
        return readings
    }
}

/// One reading while its object is walked over.
private struct JSONReading {
    private var device: String?
    private var metric: String?
    private var unit: String?
    private var session: String?
    private var value: Double?
    private var time: Int64?
    private var sequence: UInt64?
    private var keysSeen: UInt8 = 0

    static func read(
        _ scanner: inout JSONScanner,
        named: TopicPattern.Match
    ) throws(TelemetryError) -> Reading {
        _ = scanner.peek()
        let start = scanner.index
        try scanner.expect(UInt8(ascii: "{"))
        var draft = JSONReading()
        if !scanner.take(UInt8(ascii: "}")) {
            repeat { try draft.readPair(&scanner) } while scanner.take(UInt8(ascii: ","))
            try scanner.expect(UInt8(ascii: "}"))
        }
        do {
            return try draft.reading(named: named)
        } catch {
            throw TelemetryError(error.code, error.message, position: error.position ?? start)
        }
    }

    private mutating func readPair(_ scanner: inout JSONScanner) throws(TelemetryError) {
        _ = scanner.peek()
        let start = scanner.index
        let key = try scanner.string()
        try scanner.expect(UInt8(ascii: ":"))
        switch key {
        case "device": device = try once(0, key, start, scanner.string())
        case "metric": metric = try once(1, key, start, scanner.string())
        case "value": value = try once(2, key, start, JSONReading.value(&scanner))
        case "unit": unit = try once(3, key, start, scanner.string())
        case "time": time = try once(4, key, start, JSONReading.time(&scanner))
        case "seq": sequence = try once(5, key, start, JSONReading.sequence(&scanner))
        case "session": session = try once(6, key, start, JSONReading.session(&scanner))
        default: try scanner.skipValue()
        }
    }

    private mutating func once<Value>(
        _ bit: UInt8,
        _ key: String,
        _ position: Int,
        _ value: Value
    ) throws(TelemetryError) -> Value {
        guard keysSeen & (1 << bit) == 0 else {
            throw TelemetryError(.keyRepeated, "The key \(key) stands twice in one reading.", position: position)
        }
        keysSeen |= 1 << bit
        return value
    }

    private static func value(_ scanner: inout JSONScanner) throws(TelemetryError) -> Double {
        let number = try scanner.number()
        guard let value = number.double else {
            throw TelemetryError(
                .valueNotFinite, "The value is too large for a double.", position: number.bytes.startIndex)
        }
        return value
    }

    private static func time(_ scanner: inout JSONScanner) throws(TelemetryError) -> Int64 {
        let isText = scanner.peek() == UInt8(ascii: "\"")
        let start = scanner.index
        let time = isText ? InternetTime.microseconds(try scanner.string()) : try scanner.number().microseconds
        guard let time else {
            throw TelemetryError(
                .timeInvalid, "The time must be RFC 3339 text or Unix seconds, in the years 1 to 9999.",
                position: start)
        }
        return time
    }

    private static func sequence(_ scanner: inout JSONScanner) throws(TelemetryError) -> UInt64? {
        if try scanner.takeNull() { return nil }
        let number = try scanner.number()
        guard let sequence = number.unsigned else {
            throw TelemetryError(
                .sequenceInvalid, "The seq must be a whole number from 0 to 2^64 - 1.",
                position: number.bytes.startIndex)
        }
        return sequence
    }

    private static func session(_ scanner: inout JSONScanner) throws(TelemetryError) -> String? {
        try scanner.takeNull() ? nil : try scanner.string()
    }

    private func reading(named: TopicPattern.Match) throws(TelemetryError) -> Reading {
        let device = try agreed(named.device, self.device, "device", .deviceMismatch)
        let metric = try agreed(named.metric, self.metric, "metric", .metricMismatch)
        return try Reading(
            device: device,
            metric: metric,
            value: .number(present(value, "value")),
            unit: present(unit, "unit"),
            time: present(time, "time"),
            sequence: sequence,
            session: session)
    }

    /// Compared byte by byte: two spellings of one accented letter are two devices to a broker.
    private func agreed(
        _ topic: String?,
        _ payload: String?,
        _ name: String,
        _ code: TelemetryError.Code
    ) throws(TelemetryError) -> String {
        guard let topic else { return try present(payload, name) }
        if let payload, !payload.utf8.elementsEqual(topic.utf8) {
            throw TelemetryError(code, "The topic names another \(name) than the payload does.")
        }
        return topic
    }

    private func present<Value>(_ value: Value?, _ key: String) throws(TelemetryError) -> Value {
        guard let value else { throw TelemetryError(.keyMissing, "The reading has no \(key).") }
        return value
    }
}
