import Telemetry

/// What the readers of sensors' payloads and of loggers' files promise of any bytes.
enum TelemetryPromises {
    /// When the first message arrives, UTC microseconds since 1970.
    static let receivedAt: Int64 = 1_772_366_400_000_000

    /// The longest reason of a refusal in bytes: reasons are stored and shown, and nobody who sends a payload may fill
    /// disks and screens with them.
    private static let reasonBytesMax = 4_096

    private static let times = Reading.timeMin...Reading.timeMax

    private static func expect(_ isKept: Bool, _ promise: String) throws {
        guard isKept else { throw Broken(promise: promise) }
    }

    // MARK: Messages

    /// - Returns: whether the payload was understood.
    static func check(_ message: InboundMessage, of payload: [UInt8]) throws -> Bool {
        try expect(message.payload == payload, "what arrived is kept as it came")
        switch message.content {
        case .readings(let readings): try check(readings)
        case .sparkplug(let outcome): return try check(outcome, of: payload)
        case .delivery: throw Broken(promise: "a sensor's payload is no delivery")
        case .undecodable(let reason):
            try check(reason, of: payload)
            return false
        }
        return true
    }

    /// Whether a restarted reader must see the message again.
    static func isBirth(_ message: InboundMessage) -> Bool {
        if case .sparkplug(let outcome) = message.content { outcome.isBirth } else { false }
    }

    private static func check(_ outcome: SparkplugOutcome, of payload: [UInt8]) throws -> Bool {
        try check(outcome.readings)
        try expect(
            outcome.events.allSatisfy { !$0.device.isEmpty && times.contains($0.time) },
            "an event has a device and a time that a reading may have")
        if let reason = outcome.refusal { try check(reason, of: payload) }
        if let node = outcome.rebirth { _ = SparkplugCommand.rebirth(of: node, at: receivedAt) }
        return outcome.refusal == nil
    }

    private static func check(_ readings: [Reading]) throws {
        try expect(readings.count <= InboundMessage.readingsMax, "a payload has so many readings at most")
        for reading in readings {
            try expect(reading.value.number?.isFinite != false, "a number is finite")
            try expect(Unit.named(reading.unit)?.code == reading.unit, "a unit is its quantity's own")
            try expect(times.contains(reading.time), "a time lies in the years 1 to 9999")
            try expect(again(reading) == reading, "a reading that was made can be made again")
        }
    }

    private static func again(_ reading: Reading) -> Reading? {
        try? Reading(
            device: reading.device, metric: reading.metric, value: reading.value, unit: reading.unit,
            time: reading.time, sequence: reading.sequence, session: reading.session)
    }

    static func check(_ reason: TelemetryError, of bytes: [UInt8]) throws {
        try expect(!reason.message.isEmpty, "a refusal says why")
        try expect(reason.message.utf8.count <= reasonBytesMax, "a refusal is short")
        try expect((0...bytes.count).contains(reason.position ?? 0), "a refusal points into the payload")
    }

    // MARK: Loggers' files

    static func check(_ file: LoggerFile, against twin: LoggerFile) throws {
        try expect(
            file.samples == twin.samples && file.column == twin.column && file.unreadable == twin.unreadable
                && file.unreadableCount == twin.unreadableCount, "the same bytes are read as the same")
        try expect(!file.samples.isEmpty, "a file that is read has samples")
        try expect(
            file.samples.allSatisfy { $0.value.isFinite && $0.value >= -273.15 && times.contains($0.time) },
            "a sample is a temperature with a time that a reading may have")
        try expect(
            zip(file.samples, file.samples.dropFirst()).allSatisfy { $0.time <= $1.time },
            "samples are in order of time")
        try expect(
            file.unreadable.count == min(file.unreadableCount, LoggerFile.unreadableKeptMax),
            "the first unreadable rows are kept")
        try check(summaryOf: file)
    }

    private static func check(summaryOf file: LoggerFile) throws {
        let limits = TemperatureLimits(lowest: 2, highest: 8)
        guard let summary = LoggerSummary(file.samples, limits: limits) else {
            throw Broken(promise: "samples can be summed up")
        }
        try expect(summary.mean.isFinite && summary.mkt?.isFinite != false, "sums are finite")
        try expect(summary.excursions.allSatisfy { $0.from <= $0.to }, "an excursion ends after its begin")
        try expect(summary.gaps.allSatisfy { $0.from < $0.to ?? .max }, "a gap ends after its begin")
        let series = ConditionSeries(device: "logger", file: file, summary: summary)
        try expect(!series.sparkline(width: 72).isEmpty, "samples have a sparkline")
        let picture = ConditionPlot(title: "logger", series: [series]).svg()
        try expect(picture.hasSuffix("</svg>\n"), "samples have a picture")
    }
}
