/// Reads the readings in a payload by a map: JSON where it begins with `{` or `[`, otherwise text.
///
/// The topic's levels named by the pattern give device and metric, and the payload may leave them out but not contradict
/// them. A reading without a time has the time of its receipt, `receivedAt`, UTC microseconds since 1970. A number that
/// is written as text counts as a number where the map names the value or its unit, and in text payloads; it may have
/// its unit behind it (`5.2 Cel`), which goes before the map's. A payload is read whole or not at all.
public func decodeMapped(
    _ payload: [UInt8],
    topic: String,
    pattern: TopicPattern?,
    map: ReadingMap,
    receivedAt: Int64
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
    var readings = MappedReadings(payload: payload, map: map, named: named, receivedAt: receivedAt)
    try readings.read()
    return readings.readings
}

private struct MappedReadings {
    let payload: [UInt8]
    let map: ReadingMap
    let named: TopicPattern.Match
    let receivedAt: Int64
    private(set) var readings: [Reading] = []
    private var isText = false
    private var around: MappedDraft?

    init(payload: [UInt8], map: ReadingMap, named: TopicPattern.Match, receivedAt: Int64) {
        self.payload = payload
        self.map = map
        self.named = named
        self.receivedAt = receivedAt
    }

    mutating func read() throws(TelemetryError) {
        var scanner = JSONScanner(payload)
        let byte = scanner.peek()
        guard byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[") else { return try readText() }
        var places = JSONPlaces(payload, map: map)
        try places.read()
        around = places.around
        readings.reserveCapacity(places.drafts.count)
        for draft in places.drafts { try append(draft) }
    }

    private mutating func readText() throws(TelemetryError) {
        isText = true
        let places = try TextPlaces(payload, map: map)
        if let bare = try places.bareValue() {
            try readBare(bare)
        } else {
            try append(try places.pairs())
        }
    }

    private mutating func readBare(_ found: Found) throws(TelemetryError) {
        if case .text(let text) = found.scalar, MappedReadings.isNearlyNumber(text) {
            throw TelemetryError(
                .valueInvalid, "The payload begins like a number, but is none, nor one with a unit that is known.",
                position: found.position)
        }
        try append([(nil, found)], of: MappedDraft(map.reading, at: found.position), isPlaced: true)
    }

    private static func isNearlyNumber(_ text: String) -> Bool {
        guard let byte = text.utf8.first, MeasuredText(Array(text.utf8)[...]) == nil else { return false }
        return byte &- 0x30 < 10 || "+-.".utf8.contains(byte)
    }

    // MARK: One reading

    /// What the values of one reading have in common.
    private struct Common {
        let device: String
        let unit: String?
        let time: Int64
        let sequence: UInt64?
        let session: String?
    }

    private mutating func append(_ draft: MappedDraft) throws(TelemetryError) {
        switch map.values {
        case .one, .named: try append(placedValues(draft), of: draft, isPlaced: true)
        case .members(let place):
            guard draft.hasMembers else {
                throw TelemetryError(
                    .valueMissing, "The reading has no object of values at \"\(place)\".", position: draft.position)
            }
            try append(draft.members, of: draft, isPlaced: false)
        }
    }

    /// Without those that are null.
    private func placedValues(_ draft: MappedDraft) throws(TelemetryError) -> [(metric: String?, found: Found)] {
        var values: [(metric: String?, found: Found)] = []
        for (index, found) in draft.slots[Slot.value.rawValue...].enumerated() {
            let metric = index < map.metrics.count ? map.metrics[index] : nil
            guard let found else {
                let name = metric.map { " of \($0)" } ?? ""
                throw TelemetryError(.valueMissing, "The reading has no value\(name).", position: draft.position)
            }
            if found.isNull { continue }
            values.append((metric, found))
        }
        return values
    }

    /// What has no place of its own is told at the reading's.
    private mutating func append(
        _ values: [(metric: String?, found: Found)],
        of draft: MappedDraft,
        isPlaced: Bool
    ) throws(TelemetryError) {
        guard !values.isEmpty else { return }
        do throws(TelemetryError) {
            let common = try common(to: draft)
            for (name, found) in values {
                try append(found, of: metric(name, in: draft), with: common, isPlaced: isPlaced)
            }
        } catch {
            throw TelemetryError(error.code, error.message, position: error.position ?? draft.position)
        }
    }

    private mutating func append(
        _ found: Found,
        of metric: String,
        with common: Common,
        isPlaced: Bool
    ) throws(TelemetryError) {
        guard readings.count < InboundMessage.readingsMax else { throw MappedDraft.tooMany(found.position) }
        let isNumber = isPlaced || map.units[metric] != nil
        let unit = common.unit ?? map.units[metric] ?? map.fixedUnit
        let (value, written) = try value(found, isNumber: isNumber, unit: unit)
        readings.append(
            try Reading(
                device: common.device, metric: metric, value: value, unit: written, time: common.time,
                sequence: common.sequence, session: common.session))
    }

    private func common(to draft: MappedDraft) throws(TelemetryError) -> Common {
        let device = try named.device(or: text(.device, in: draft)) ?? map.fixedDevice
        return Common(
            device: try present(device, "device"), unit: try text(.unit, in: draft), time: try time(in: draft),
            sequence: try sequence(in: draft), session: try text(.session, in: draft))
    }

    private func metric(_ metric: String?, in draft: MappedDraft) throws(TelemetryError) -> String {
        let said = metric == nil ? try text(.metric, in: draft) : metric
        return try present(named.metric(or: said) ?? map.fixedMetric, "metric")
    }

    private func present(_ value: String?, _ key: String) throws(TelemetryError) -> String {
        guard let value else { throw TelemetryError(.keyMissing, "The reading has no \(key).") }
        return value
    }

    // MARK: Values

    /// The value and its unit; what is no number has the unit 1.
    private func value(
        _ found: Found,
        isNumber: Bool,
        unit: String?
    ) throws(TelemetryError) -> (Reading.Value, String) {
        switch found.scalar {
        case .number(let number, _): return (try finite(number, found), unit ?? "1")
        case .flag(let flag): return (.flag(flag), "1")
        case .text(let text):
            if isNumber || isText, let measured = MeasuredText(Array(text.utf8)[...]) {
                return (try finite(measured.number.double ?? .infinity, found), measured.unit ?? unit ?? "1")
            }
            guard !isNumber || unit == nil else {
                throw invalid("The value must be a number, because it has a unit.", found)
            }
            return (.text(text), "1")
        case .null, .container: throw invalid("The value must be a number, true, false or text.", found)
        }
    }

    private func finite(_ number: Double, _ found: Found) throws(TelemetryError) -> Reading.Value {
        guard number.isFinite else {
            throw TelemetryError(.valueNotFinite, "The value is too large for a double.", position: found.position)
        }
        return .number(number)
    }

    private func invalid(_ message: String, _ found: Found) -> TelemetryError {
        TelemetryError(.valueInvalid, message, position: found.position)
    }

    // MARK: What stands beside the values

    /// In the reading, or else around all readings; nil where neither says anything.
    private func found(_ slot: Slot, in draft: MappedDraft) -> Found? {
        if let found = draft[slot], !found.isNull { return found }
        // One count for all readings would make each of them look like a repetition.
        guard slot != .sequence, let found = around?[slot], !found.isNull else { return nil }
        return found
    }

    /// Text, or a number as it is written.
    private func text(_ slot: Slot, in draft: MappedDraft) throws(TelemetryError) -> String? {
        guard let found = found(slot, in: draft) else { return nil }
        switch found.scalar {
        case .text(let text): return text
        case .number(_, let range): return String(decoding: payload[range], as: UTF8.self)
        case .flag, .null, .container: throw invalid("The \(slot) must be text.", found)
        }
    }

    private func time(in draft: MappedDraft) throws(TelemetryError) -> Int64 {
        guard let found = found(.time, in: draft) else { return receivedAt }
        guard let time = time(found.scalar) else {
            throw TelemetryError(
                .timeInvalid,
                "The time must be RFC 3339 text or \(map.timeUnit.rawValue) since 1970, in the years 1 to 9999.",
                position: found.position)
        }
        return time
    }

    private func time(_ scalar: Found.Scalar) -> Int64? {
        switch scalar {
        case .number(_, let range): MeasuredText(payload[range])?.number.time(counting: map.timeUnit)
        case .text(let text): InternetTime.microseconds(text) ?? plainNumber(text)?.time(counting: map.timeUnit)
        case .flag, .null, .container: nil
        }
    }

    private func plainNumber(_ text: String) -> JSONNumber? {
        guard let measured = MeasuredText(Array(text.utf8)[...]), measured.unit == nil else { return nil }
        return measured.number
    }

    private func sequence(in draft: MappedDraft) throws(TelemetryError) -> UInt64? {
        guard let found = found(.sequence, in: draft) else { return nil }
        let digits: String? =
            switch found.scalar {
            case .number(_, let range): String(decoding: payload[range], as: UTF8.self)
            case .text(let text): text
            case .flag, .null, .container: nil
            }
        guard let digits, digits.utf8.first != UInt8(ascii: "-"), let sequence = UInt64(digits) else {
            throw TelemetryError(
                .sequenceInvalid, "The sequence must be a whole number from 0 to 2^64 - 1.", position: found.position)
        }
        return sequence
    }
}

extension JSONNumber {
    /// A time in microseconds, what is finer cut off; nil outside the times that a reading may have.
    fileprivate func time(counting unit: ReadingMap.TimeUnit) -> Int64? {
        let time = hasExponent ? roundedTime(unit) : exactTime(unit)
        return time.flatMap { $0 >= Reading.timeMin && $0 <= Reading.timeMax ? $0 : nil }
    }

    private func exactTime(_ unit: ReadingMap.TimeUnit) -> Int64? {
        guard integer.count + unit.decimals <= 18 else { return nil }
        var micros: Int64 = 0
        for byte in integer { micros = micros * 10 + Int64(byte &- 0x30) }
        let decimals = fraction.prefix(unit.decimals)
        for byte in decimals { micros = micros * 10 + Int64(byte &- 0x30) }
        for _ in decimals.count..<unit.decimals { micros *= 10 }
        return isNegative ? -micros : micros
    }

    private func roundedTime(_ unit: ReadingMap.TimeUnit) -> Int64? {
        guard let double else { return nil }
        let factor: Double =
            switch unit {
            case .seconds: 1e6
            case .milliseconds: 1e3
            case .microseconds: 1
            }
        return Int64(exactly: (double * factor).rounded())
    }
}
