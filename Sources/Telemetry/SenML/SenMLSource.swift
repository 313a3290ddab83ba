/// Where the fields of a pack come from: one walk over its JSON or its CBOR. A value is taken right after its label.
protocol SenMLSource {
    /// Where the record or label that was entered last begins.
    var start: Int { get }

    mutating func openPack() throws(TelemetryError)

    /// Enters the next record; false where the pack ends.
    mutating func openRecord() throws(TelemetryError) -> Bool

    /// The next label that SenML knows, past those that it allows to ignore; nil where the record ends.
    mutating func nextLabel() throws(TelemetryError) -> SenMLLabel?

    mutating func text() throws(TelemetryError) -> String

    mutating func number() throws(TelemetryError) -> Double

    /// Seconds, as microseconds.
    mutating func microseconds() throws(TelemetryError) -> Int64

    mutating func flag() throws(TelemetryError) -> Bool

    mutating func data() throws(TelemetryError) -> [UInt8]

    /// Nil where the version is no whole number.
    mutating func version() throws(TelemetryError) -> UInt64?

    mutating func expectEnd() throws(TelemetryError)
}
