import Telemetry

/// Times of events (RFC 3339).
public enum EventTime {
    /// UTC microseconds since 1970; nil where the text is no time with its offset.
    public static func microseconds(_ text: String) -> Int64? { InternetTime.microseconds(text) }
}
