/// Why a payload, a topic or a reading was not taken.
public struct TelemetryError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What went wrong, in the kebab-case that logs and reports print. A code never changes its meaning.
    public enum Code: String, Hashable, Sendable, Codable {
        case payloadTooLarge = "payload-too-large"
        case jsonMalformed = "json-malformed"
        case nestingTooDeep = "nesting-too-deep"
        case keyRepeated = "key-repeated"
        case keyMissing = "key-missing"
        case readingsTooMany = "readings-too-many"
        case textEmpty = "text-empty"
        case textTooLong = "text-too-long"
        case textNotAllowed = "text-not-allowed"
        case valueNotFinite = "value-not-finite"
        case valueTooLong = "value-too-long"
        case valueInvalid = "value-invalid"
        case valueMissing = "value-missing"
        case unitUnknown = "unit-unknown"
        case formatUnknown = "format-unknown"
        case nameInvalid = "name-invalid"
        case versionUnknown = "version-unknown"
        case labelUnknown = "label-unknown"
        case cborMalformed = "cbor-malformed"
        case protobufMalformed = "protobuf-malformed"
        case topicInvalid = "topic-invalid"
        case aliasUnknown = "alias-unknown"
        case birthMissing = "birth-missing"
        case mappingInvalid = "mapping-invalid"
        case textMalformed = "text-malformed"
        case sequenceInvalid = "sequence-invalid"
        case timeInvalid = "time-invalid"
        case patternInvalid = "pattern-invalid"
        case topicUnmatched = "topic-unmatched"
        case deviceMismatch = "device-mismatch"
        case metricMismatch = "metric-mismatch"
        case windowMismatch = "window-mismatch"
        case windowFull = "window-full"
    }

    /// What went wrong.
    public var code: Code

    /// One plain sentence, with the remedy where there is one.
    public var message: String

    /// Byte offset into the payload, counted from 0, where one place is to blame.
    public var position: Int?

    /// Makes an error.
    public init(_ code: Code, _ message: String, position: Int? = nil) {
        self.code = code
        self.message = message
        self.position = position
    }

    /// The code, the message and the place on one line.
    public var description: String {
        "\(code.rawValue): \(message)" + (position.map { " (at byte \($0))" } ?? "")
    }
}
