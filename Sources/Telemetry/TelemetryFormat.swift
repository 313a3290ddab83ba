/// How the payloads of a topic are to be read.
public enum TelemetryFormat: Hashable, Sendable {
    /// Our own JSON: one object or an array of them, with the keys device, metric, value, unit, time, seq, session.
    case json
    /// Any JSON, bare values or `key=value`, by a map.
    case mapped(ReadingMap)
    /// RFC 8428.
    case senMLJSON
    case senMLCBOR
    /// Sparkplug B 3.0.
    case sparkplug

    /// The names that configurations and commands use, for all but a map.
    public static let names = ["json", "senml-json", "senml-cbor", "sparkplug"]

    /// - Parameter name: one of `names`.
    public init?(name: String) {
        switch name {
        case "json": self = .json
        case "senml-json": self = .senMLJSON
        case "senml-cbor": self = .senMLCBOR
        case "sparkplug": self = .sparkplug
        default: return nil
        }
    }
}

/// Topics of one form, and how their payloads are to be read.
public struct TelemetryTopic: Hashable, Sendable {
    public let pattern: TopicPattern
    public let format: TelemetryFormat
    /// Units of metrics whose payloads name none: Sparkplug and SenML often do not.
    public let units: [String: String]

    /// - Parameter units: throws `unit-unknown`.
    public init(
        pattern: TopicPattern,
        format: TelemetryFormat = .json,
        units: [String: String] = [:]
    ) throws(TelemetryError) {
        for unit in units.values.sorted() where Unit.named(unit) == nil {
            throw TelemetryError(
                .unitUnknown, "The unit \(unit) is not known. \(Unit.knownSentence)")
        }
        self.pattern = pattern
        self.format = format
        self.units = units
    }
}
