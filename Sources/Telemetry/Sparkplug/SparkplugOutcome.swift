/// What one Sparkplug message says.
public struct SparkplugOutcome: Sendable, Hashable {
    /// The readings in the payload's own order.
    public var readings: [Reading]

    /// What happened to the node and to its devices.
    public var events: [DeviceEvent]

    /// Why the payload, or a part of it, could not be read; the bytes must then be kept.
    public var refusal: TelemetryError?

    /// The node to ask for its births again (publish `SparkplugCommand.rebirth`).
    public var rebirth: SparkplugNode?

    /// Whether the payload is a birth, which a restarted host must see again to know the aliases.
    public var isBirth: Bool

    /// Makes an outcome; without arguments, that of a message that says nothing.
    public init(
        readings: [Reading] = [],
        events: [DeviceEvent] = [],
        refusal: TelemetryError? = nil,
        rebirth: SparkplugNode? = nil,
        isBirth: Bool = false
    ) {
        self.readings = readings
        self.events = events
        self.refusal = refusal
        self.rebirth = rebirth
        self.isBirth = isBirth
    }
}
