/// One sensor value with its time.
public struct Reading: Hashable, Sendable {
    /// The longest device, metric, unit or session, in UTF-8 bytes.
    public static let textBytesMax = 256

    /// The first time that a reading may have: 0001-01-01T00:00:00Z in UTC microseconds since 1970.
    public static let timeMin: Int64 = -62_135_596_800_000_000

    /// The last time that a reading may have: 9999-12-31T23:59:59.999999Z in UTC microseconds since 1970.
    public static let timeMax: Int64 = 253_402_300_799_999_999

    /// The sensor's name, unique in its gateway.
    public let device: String

    /// What is measured, such as `temperature`.
    public let metric: String

    /// The value, always finite.
    public let value: Double

    /// The unit as the sensor names it; SenML's (RFC 8428 section 12.1) where it can be chosen, such as `Cel`.
    public let unit: String

    /// The device's own time, UTC microseconds since 1970.
    public let time: Int64

    /// The device's count of its readings in this session, where it counts.
    public let sequence: UInt64?

    /// What the device's count belongs to, such as its boot, where it says so.
    public let session: String?

    /// Makes a reading, refusing whatever its limits do not allow.
    public init(
        device: String,
        metric: String,
        value: Double,
        unit: String,
        time: Int64,
        sequence: UInt64? = nil,
        session: String? = nil
    ) throws(TelemetryError) {
        try Reading.check(device, "device")
        try Reading.check(metric, "metric")
        try Reading.check(unit, "unit")
        if let session { try Reading.check(session, "session") }
        guard value.isFinite else {
            throw TelemetryError(.valueNotFinite, "The value must be a finite number.")
        }
        guard time >= Reading.timeMin, time <= Reading.timeMax else {
            throw TelemetryError(.timeInvalid, "The time must lie in the years 1 to 9999.")
        }
        self.device = device
        self.metric = metric
        self.value = value
        self.unit = unit
        self.time = time
        self.sequence = sequence
        self.session = session
    }

    private static func check(_ text: String, _ name: String) throws(TelemetryError) {
        guard !text.isEmpty else {
            throw TelemetryError(.textEmpty, "The \(name) must not be empty.")
        }
        guard text.utf8.count <= textBytesMax else {
            throw TelemetryError(.textTooLong, "The \(name) has more than \(textBytesMax) bytes.")
        }
        guard !text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) else {
            throw TelemetryError(.textNotAllowed, "The \(name) must not hold control characters.")
        }
    }
}
