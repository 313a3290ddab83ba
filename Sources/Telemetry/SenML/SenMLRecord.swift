/// One record of a pack while it is read (RFC 8428 section 4): its own fields, and the base fields in effect, which
/// stay from record to record until one changes them.
struct SenMLRecord {
    /// The last version that is understood, and the one of a pack that names none (RFC 8428 section 4.1).
    static let versionMax: UInt64 = 10

    /// Times below this many microseconds (2^28 seconds) are relative to now (RFC 8428 section 4.5.3).
    static let absoluteTimeMin: Int64 = 268_435_456_000_000

    private(set) var baseName = ""
    private var baseTime: Int64 = 0
    private var baseUnit: String?
    private var baseValue = 0.0
    private var baseSum: Double?
    private var version: UInt64?

    private(set) var name = ""
    private var ownUnit: String?
    private var ownValue: Reading.Value?
    private var ownSum: Double?
    private var ownTime: Int64 = 0
    private var labels: UInt16 = 0

    private static let baseLabels = mask([.baseSum, .baseValue, .baseUnit, .baseTime, .baseName, .version])
    private static let valueLabels = mask([.value, .text, .flag, .data])

    private static func mask(_ labels: [SenMLLabel]) -> UInt16 {
        labels.reduce(0) { $0 | $1.bit }
    }

    // MARK: Reading

    /// Forgets the own fields of the record before.
    mutating func open() {
        name = ""
        ownUnit = nil
        ownValue = nil
        ownSum = nil
        ownTime = 0
        labels = 0
    }

    mutating func read<Source: SenMLSource>(
        _ label: SenMLLabel,
        from source: inout Source
    ) throws(TelemetryError) {
        try show(label, at: source.start)
        switch label {
        case .baseName: baseName = try source.text()
        case .baseTime: baseTime = try source.microseconds()
        case .baseUnit: baseUnit = try source.text()
        case .baseValue: baseValue = try source.number()
        case .baseSum: baseSum = try source.number()
        case .version: try agree(on: try source.version(), at: source.start)
        case .name: name = try source.text()
        case .unit: ownUnit = try source.text()
        case .value: ownValue = .number(try source.number())
        case .text: ownValue = .text(try source.text())
        case .flag: ownValue = .flag(try source.flag())
        case .data: ownValue = .data(try source.data())
        case .sum: ownSum = try source.number()
        case .time: ownTime = try source.microseconds()
        case .updateTime: _ = try source.number()
        }
    }

    private mutating func show(_ label: SenMLLabel, at position: Int) throws(TelemetryError) {
        guard labels & label.bit == 0 else {
            throw TelemetryError(
                .keyRepeated, "The label \(label.spelling) stands twice in one record.", position: position)
        }
        labels |= label.bit
    }

    private mutating func agree(on version: UInt64?, at position: Int) throws(TelemetryError) {
        guard let version, version >= 1, version <= SenMLRecord.versionMax else {
            throw TelemetryError(
                .versionUnknown, "The bver must be a whole number from 1 to \(SenMLRecord.versionMax).",
                position: position)
        }
        guard self.version == nil || self.version == version else {
            throw TelemetryError(.versionUnknown, "All records of a pack have one bver.", position: position)
        }
        self.version = version
    }

    // MARK: Resolving (RFC 8428 section 4.6)

    /// Ends the record; false where it holds base fields alone (as in RFC 8428 section 5.1.7) and thus no measurement.
    mutating func close() throws(TelemetryError) -> Bool {
        version = version ?? SenMLRecord.versionMax
        switch (labels & SenMLRecord.valueLabels).nonzeroBitCount {
        case 1: return true
        case 0 where ownSum != nil: return true
        case 0 where labels != 0 && labels & ~SenMLRecord.baseLabels == 0: return false
        case 0: throw TelemetryError(.valueMissing, "The record has none of v, vs, vb, vd and s.")
        default: throw TelemetryError(.valueInvalid, "The record has more than one of v, vs, vb and vd.")
        }
    }

    func has(_ label: SenMLLabel) -> Bool {
        labels & label.bit != 0
    }

    /// The unit as the payload spells it; `1` where it names none (RFC 8428 section 4.5.2).
    var unit: String {
        ownUnit ?? baseUnit ?? "1"
    }

    var value: Reading.Value? {
        guard case .number(let number) = ownValue else { return ownValue }
        return .number(baseValue + number)
    }

    /// A base sum alone is the sum of a record with a number (RFC 8428 section 4.5.4: the missing one counts as 0).
    var sum: Double? {
        if let ownSum { return (baseSum ?? 0) + ownSum }
        return has(.value) ? baseSum : nil
    }

    /// UTC microseconds since 1970.
    func time(receivedAt: Int64) throws(TelemetryError) -> Int64 {
        let time = baseTime + ownTime
        guard time < SenMLRecord.absoluteTimeMin else { return time }
        let (absolute, isOver) = time.addingReportingOverflow(receivedAt)
        guard !isOver else { throw TelemetryError(.timeInvalid, "The time must lie in the years 1 to 9999.") }
        return absolute
    }
}
