import Telemetry

extension Corpus {
    /// The readers of sensors' payloads, each as a broker's topic reaches it, and of loggers' files.
    static func telemetry() throws -> [Parser] {
        let packsInJSON = try topics(["all/#", "of/{device}"], .senMLJSON)
        let packsInCBOR = try topics(["all/#", "of/{device}"], .senMLCBOR)
        let mapped = try maps()
        let sparkplug = try topics(["spBv1.0/#"], .sparkplug)
        return [
            Parser(name: "reading", samples: texts(TelemetrySamples.payloads), accepts: reading),
            Parser(name: "senml json", samples: texts(TelemetrySamples.packs)) { bytes in
                try isRead(bytes, from: ["all/x", "of/a"], packsInJSON)
            },
            Parser(name: "senml cbor", samples: TelemetrySamples.binaryPacks) { bytes in
                try isRead(bytes, from: ["all/x", "of/a"], packsInCBOR)
            },
            Parser(name: "mapped", samples: texts(TelemetrySamples.mapped)) { bytes in
                try isRead(bytes, from: ["one/x", "named/a", "members/a", "bare/a/temp"], mapped)
            },
            Parser(name: "sparkplug", samples: TelemetrySamples.sequences) { try isUnderstood($0, sparkplug) },
            Parser(name: "logger csv", samples: texts(TelemetrySamples.loggerFiles), accepts: loggerFile),
        ]
    }

    /// With units for numbers without one, so that they are converted.
    private static func topics(_ patterns: [String], _ format: TelemetryFormat) throws -> [TelemetryTopic] {
        try patterns.map { pattern in
            try TelemetryTopic(
                pattern: try TopicPattern(pattern), format: format, units: ["offset": "mV", "b": "[degF]", "c": "bar"])
        }
    }

    private static func maps() throws -> [TelemetryTopic] {
        let one = try ReadingMap(
            readings: "/d", values: .one("/v"), device: "/id", metric: "/m", unit: "/u", time: "/t", sequence: "/n",
            session: "/boot")
        let named = try ReadingMap(
            values: .named(["temp": "/a/0/x", "hum": "/hum"]), time: "/t", fixedUnit: "%RH", units: ["temp": "[degF]"],
            timeUnit: .milliseconds)
        let members = try ReadingMap(
            device: "/id", time: "/t", sequence: "/n", units: ["temp": "K"], timeUnit: .microseconds)
        let bare = try ReadingMap(values: .one(""), fixedUnit: "[degF]")
        return try [
            ("one/#", one), ("named/{device}", named), ("members/{device}", members), ("bare/{device}/{metric}", bare),
        ].map { try TelemetryTopic(pattern: try TopicPattern($0), format: .mapped($1)) }
    }

    // MARK: Messages

    private static func reading(_ bytes: [UInt8]) throws -> Bool {
        let pattern = try TopicPattern("sensors/{device}/{metric}")
        let message = InboundMessage(json: bytes, topic: "sensors/a/b", pattern: pattern, receivedAt: 1)
        return try TelemetryPromises.check(message, of: bytes)
    }

    /// - Returns: whether the payload is understood from any of the topics.
    private static func isRead(_ payload: [UInt8], from names: [String], _ topics: [TelemetryTopic]) throws -> Bool {
        var readers = TelemetryReaders(topics)
        let readings = try names.map { try readers.read(payload, topic: $0) }
        return try readings.map { try TelemetryPromises.check($0, of: payload) }.contains(true)
    }

    /// - Returns: whether every message of a sequence is understood.
    private static func isUnderstood(_ bytes: [UInt8], _ topics: [TelemetryTopic]) throws -> Bool {
        let messages = MessageSequence(bytes).messages
        var readers = TelemetryReaders(topics)
        let read = try messages.map { try readers.read($0.payload, topic: $0.topic) }
        let births = zip(messages, read).compactMap { TelemetryPromises.isBirth($1) ? $0 : nil }
        var restarted = TelemetryReaders(topics, births: births)
        for message in messages {
            let again = try restarted.read(message.payload, topic: message.topic)
            _ = try TelemetryPromises.check(again, of: message.payload)
        }
        return try zip(messages, read).map { try TelemetryPromises.check($1, of: $0.payload) }.allSatisfy { $0 }
    }

    // MARK: Files

    /// - Returns: whether the file is read as it stands, without choices of a person.
    private static func loggerFile(_ bytes: [UInt8]) throws -> Bool {
        if try isRead(bytes, dateOrder: nil, unreadableShareMax: 0) { return true }
        _ = try isRead(bytes, dateOrder: .monthFirst, unreadableShareMax: 1)
        return false
    }

    private static func isRead(
        _ bytes: [UInt8],
        dateOrder: LoggerFile.DateOrder?,
        unreadableShareMax: Double
    ) throws -> Bool {
        let file: LoggerFile
        do throws(TelemetryError) {
            file = try LoggerFile(bytes, dateOrder: dateOrder, unreadableShareMax: unreadableShareMax)
        } catch {
            try TelemetryPromises.check(error, of: bytes)
            return false
        }
        let twin = try LoggerFile(bytes, dateOrder: dateOrder, unreadableShareMax: unreadableShareMax)
        try TelemetryPromises.check(file, against: twin)
        return true
    }
}

/// Two readers that get the same messages, and must say the same.
private struct TelemetryReaders {
    private var reader: MessageReader
    private var twin: MessageReader
    private var receivedAt = TelemetryPromises.receivedAt

    init(_ topics: [TelemetryTopic], births: [(topic: String, payload: [UInt8])] = []) {
        reader = MessageReader(topics: topics, births: births)
        twin = MessageReader(topics: topics, births: births)
    }

    /// A second after the message before.
    mutating func read(_ payload: [UInt8], topic: String) throws -> InboundMessage {
        receivedAt += 1_000_000
        let message = reader.read(payload, topic: topic, receivedAt: receivedAt)
        guard twin.read(payload, topic: topic, receivedAt: receivedAt) == message else {
            throw Broken(promise: "the same bytes are read as the same")
        }
        return message
    }
}
