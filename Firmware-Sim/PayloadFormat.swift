/// How a truck writes its readings.
enum PayloadFormat: String, CaseIterable, Sendable {
    /// One JSON object for each reading, on `sensors/<device>/<metric>`.
    case json
    /// A SenML pack of all readings of one moment (RFC 8428), on `sensors/<device>/senml/json`.
    case senMLJSON = "senml-json"
    /// The same in CBOR, on `sensors/<device>/senml/cbor`.
    case senMLCBOR = "senml-cbor"
    /// Sparkplug B 3.0, on its own topics.
    case sparkplug
}
