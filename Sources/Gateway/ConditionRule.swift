import Telemetry

/// What `conditions` in the configuration says.
public struct ConditionRule: Hashable, Sendable {
    /// A metric whose high values are an event of their own: an open door, a shock, a tilt.
    public struct Threshold: Hashable, Sendable {
        public let metric: String
        public let highest: Double

        public init(metric: String, highest: Double) {
            self.metric = metric
            self.highest = highest
        }
    }

    /// Length of a window in microseconds.
    public var window: Int64 = 900_000_000
    /// The most readings in a window.
    public var count = 8_192
    public var beginsWith = ["loaded", "shipped"]
    public var endsWith = ["unloaded", "received"]
    /// The fact of the first step that names the vehicle's sensors.
    public var vehicleFact = "vehicle"
    /// The step that a window records.
    public var step = "conditions.recorded"
    /// A sensor that has said nothing for so many of its usual intervals is silent; 0 means that nobody looks.
    public var silence = 5
    public var door = Threshold(metric: "door", highest: 0.5)
    /// In metres per second squared.
    public var shock = Threshold(metric: "shock", highest: 50)
    /// In degrees.
    public var tilt = Threshold(metric: "tilt", highest: 30)
    /// Until when sensors are calibrated, by device or `device/metric`, in UTC microseconds.
    public var calibratedUntil: [String: Int64] = [:]
    /// How long raw readings are kept, in microseconds. Windows stay for ever.
    public var retention: Int64 = 2 * 365 * 86_400_000_000

    public init() {}
}
