/// One sensor value with its time.
public struct Reading: Hashable, Sendable {
    /// What a sensor said (RFC 8428 section 4.3: v, vb, vs, vd).
    public enum Value: Hashable, Sendable {
        /// Always finite.
        case number(Double)
        case flag(Bool)
        case text(String)
        case data([UInt8])

        /// What can be summed up and compared with limits: a flag is 0 or 1, text and data are nothing of the kind.
        public var number: Double? {
            switch self {
            case .number(let number): number
            case .flag(let isTrue): isTrue ? 1 : 0
            case .text, .data: nil
            }
        }
    }

    /// The longest text or data that is a value, in bytes.
    public static let valueBytesMax = 8_192

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

    /// What was measured.
    public let value: Value

    /// The UCUM code of the one unit in which values of this kind are kept, such as `Cel`.
    public let unit: String

    /// The device's own time, UTC microseconds since 1970.
    public let time: Int64

    /// The device's count of its readings in this session, where it counts.
    public let sequence: UInt64?

    /// What the device's count belongs to, such as its boot, where it says so.
    public let session: String?

    /// Makes a reading, refusing whatever its limits do not allow. A number in another unit of its kind is converted; an
    /// unknown unit is refused.
    public init(
        device: String,
        metric: String,
        value: Value,
        unit: String,
        time: Int64,
        sequence: UInt64? = nil,
        session: String? = nil
    ) throws(TelemetryError) {
        try Reading.check(device, "device")
        try Reading.check(metric, "metric")
        try Reading.check(unit, "unit")
        if let session { try Reading.check(session, "session") }
        let (value, unit) = try Reading.normalised(value, in: unit)
        try Reading.check(value)
        guard time >= Reading.timeMin, time <= Reading.timeMax else {
            throw TelemetryError(.timeInvalid, "The time must lie in the years 1 to 9999.")
        }
        self.device = device
        self.metric = metric
        self.value = value.withoutNegativeZero
        self.unit = unit
        self.time = time
        self.sequence = sequence
        self.session = session
    }

    /// Makes a reading again that has been checked before it was stored.
    public init(
        kept value: Value, of device: String, _ metric: String, in unit: String, at time: Int64, sequence: UInt64?,
        session: String?
    ) {
        self.device = device
        self.metric = metric
        self.value = value
        self.unit = unit
        self.time = time
        self.sequence = sequence
        self.session = session
    }

    private static func normalised(_ value: Value, in text: String) throws(TelemetryError) -> (Value, String) {
        guard let unit = Unit.named(text) else { throw unknown(text) }
        guard case .number(let number) = value else { return (value, unit.code) }
        return (.number(unit.canonical(number)), unit.code)
    }

    private static func unknown(_ unit: String) -> TelemetryError {
        if let remedy = Unit.ambiguous[unit] {
            return TelemetryError(.unitUnknown, "The unit \(unit) may mean several things: \(remedy)")
        }
        return TelemetryError(
            .unitUnknown, "The unit \(unit) is not known. \(Unit.knownSentence)")
    }

    private static func check(_ value: Value) throws(TelemetryError) {
        switch value {
        case .number(let number):
            guard number.isFinite else { throw TelemetryError(.valueNotFinite, "The value must be a finite number.") }
        case .flag: break
        case .text(let text): try check(bytes: text.utf8.count)
        case .data(let data): try check(bytes: data.count)
        }
    }

    private static func check(bytes count: Int) throws(TelemetryError) {
        guard count <= valueBytesMax else {
            throw TelemetryError(.valueTooLong, "A value has at most \(valueBytesMax) bytes, here are \(count).")
        }
    }

    private static func check(_ text: String, _ name: String) throws(TelemetryError) {
        guard !text.isEmpty else {
            throw TelemetryError(.textEmpty, "The \(name) must not be empty.")
        }
        guard text.utf8.count <= textBytesMax else {
            throw TelemetryError(.textTooLong, "The \(name) has more than \(textBytesMax) bytes.")
        }
        // A plain loop: each reading comes by here three times.
        for byte in text.utf8 where byte < 0x20 || byte == 0x7F {
            throw TelemetryError(.textNotAllowed, "The \(name) must not hold control characters.")
        }
    }
}

extension Reading.Value {
    /// The two zeros are one value, written in one way.
    fileprivate var withoutNegativeZero: Self {
        if case .number(0) = self { .number(0) } else { self }
    }
}
