/// An MQTT topic filter (MQTT 5.0 section 4.7) whose levels may be named: `sensors/{device}/{metric}/#`. Behind
/// `$share/GROUP/` it is a shared subscription (MQTT 5.0 section 4.8.2): the broker deals its messages out to the
/// subscribers of the group.
public struct TopicPattern: Hashable, Sendable, CustomStringConvertible {
    /// The longest topic or filter, in UTF-8 bytes (MQTT 5.0 section 1.5.4).
    public static let bytesMax = 65_535

    /// What the named levels of one topic say.
    public struct Match: Hashable, Sendable {
        /// The level at `{device}`, nil where the pattern has none.
        public var device: String?

        /// The level at `{metric}`, nil where the pattern has none.
        public var metric: String?
    }

    private enum Level: Hashable, Sendable {
        case text([UInt8])
        case any
        case device
        case metric
        case rest
    }

    private static let shareMark = "$share/"

    /// `$share/GROUP/` of a shared subscription, otherwise empty.
    private let share: String

    private let levels: [Level]

    /// The pattern as it was written.
    public let description: String

    /// Reads a pattern. `{device}` and `{metric}` may each stand once; `+` and `#` mean what MQTT says.
    public init(_ text: String) throws(TelemetryError) {
        guard !text.isEmpty, text.utf8.count <= TopicPattern.bytesMax, !text.utf8.contains(0) else {
            throw TelemetryError(.patternInvalid, "A topic pattern has 1 to \(TopicPattern.bytesMax) bytes, none zero.")
        }
        let share = try TopicPattern.share(of: text)
        var levels: [Level] = []
        let rest = text.utf8.dropFirst(share.utf8.count)
        for part in rest.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
            levels.append(try TopicPattern.level(Array(part), of: text))
        }
        try TopicPattern.check(levels, of: text)
        self.share = share
        self.levels = levels
        self.description = text
    }

    /// The filter to subscribe to: the pattern with `+` for each named level.
    public var filter: String {
        let parts = levels.map { level in
            switch level {
            case .text(let bytes): String(decoding: bytes, as: UTF8.self)
            case .any, .device, .metric: "+"
            case .rest: "#"
            }
        }
        return share + parts.joined(separator: "/")
    }

    /// What the named levels say, or nil where the topic does not match.
    public func match(_ topic: String) -> Match? {
        var match = Match()
        var rest = topic.utf8[...]
        var isOver = false
        for (index, level) in levels.enumerated() {
            if level == .rest { return index == 0 && topic.utf8.first == UInt8(ascii: "$") ? nil : match }
            guard !isOver else { return nil }
            let end = rest.firstIndex(of: UInt8(ascii: "/")) ?? rest.endIndex
            guard take(rest[..<end], at: level, isFirst: index == 0, into: &match) else { return nil }
            isOver = end == rest.endIndex
            rest = isOver ? rest[end...] : rest[rest.index(after: end)...]
        }
        return isOver ? match : nil
    }

    private func take(
        _ part: Substring.UTF8View,
        at level: Level,
        isFirst: Bool,
        into match: inout Match
    ) -> Bool {
        if isFirst, part.first == UInt8(ascii: "$") {
            guard case .text = level else { return false }
        }
        switch level {
        case .text(let bytes): return part.elementsEqual(bytes)
        case .any: return true
        case .device: match.device = String(Substring(part))
        case .metric: match.metric = String(Substring(part))
        case .rest: return true
        }
        return true
    }

    /// The mark and the group are no levels of the topics that messages come with.
    private static func share(of text: String) throws(TelemetryError) -> String {
        guard text == "$share" || text.utf8.starts(with: shareMark.utf8) else { return "" }
        let parts = text.utf8.split(separator: UInt8(ascii: "/"), maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, !parts[1].isEmpty, !parts[1].contains(where: isReserved), !parts[2].isEmpty else {
            throw TelemetryError(
                .patternInvalid, "In \(text), a group without +, #, { and } and then a filter must follow $share/.")
        }
        return shareMark + String(Substring(parts[1])) + "/"
    }

    private static func isReserved(_ byte: UInt8) -> Bool {
        "+#{}".utf8.contains(byte)
    }

    private static func level(_ part: [UInt8], of text: String) throws(TelemetryError) -> Level {
        switch String(decoding: part, as: UTF8.self) {
        case "+": return .any
        case "#": return .rest
        case "{device}": return .device
        case "{metric}": return .metric
        default: break
        }
        guard !part.contains(where: isReserved) else {
            throw TelemetryError(
                .patternInvalid, "In \(text), +, #, {device} and {metric} must each fill a whole level.")
        }
        return .text(part)
    }

    private static func check(_ levels: [Level], of text: String) throws(TelemetryError) {
        guard !levels.dropLast().contains(.rest) else {
            throw TelemetryError(.patternInvalid, "In \(text), # may only be the last level.")
        }
        for name in [Level.device, .metric] where levels.count(where: { $0 == name }) > 1 {
            throw TelemetryError(.patternInvalid, "In \(text), {device} and {metric} may each stand only once.")
        }
    }
}

extension TopicPattern.Match {
    /// The device that the topic names, or else the payload. A payload that contradicts its topic is refused: brokers
    /// tie a login to a topic, never to what a payload says.
    func device(or payload: String?) throws(TelemetryError) -> String? {
        guard Self.agree(device, payload) else {
            throw TelemetryError(.deviceMismatch, "The topic names another device than the payload does.")
        }
        return device ?? payload
    }

    /// The metric that the topic names, or else the payload; see `device(or:)`.
    func metric(or payload: String?) throws(TelemetryError) -> String? {
        guard Self.agree(metric, payload) else {
            throw TelemetryError(.metricMismatch, "The topic names another metric than the payload does.")
        }
        return metric ?? payload
    }

    /// Compared byte by byte: two spellings of one accented letter are two devices to a broker.
    private static func agree(_ topic: String?, _ payload: String?) -> Bool {
        guard let topic, let payload else { return true }
        return topic.utf8.elementsEqual(payload.utf8)
    }
}
