/// Where the payloads of one kind of device hold their readings, for payloads in no format of their own: any JSON, a
/// bare value such as `21.5`, and text such as `temp=5.2 hum=40`.
///
/// A text with keys is looked at as a JSON object of these keys. What a reading does not say itself, the whole payload
/// may say for all of its readings (its device, metric, unit, time and session); what neither says, the constants say.
public struct ReadingMap: Sendable, Hashable {
    /// What numbers that are times count, since 1970.
    public enum TimeUnit: String, Sendable, Hashable, CaseIterable {
        case seconds
        case milliseconds
        case microseconds

        /// How many decimals make it microseconds.
        var decimals: Int {
            switch self {
            case .seconds: 6
            case .milliseconds: 3
            case .microseconds: 0
            }
        }
    }

    /// Where the values stand, as JSON Pointers inside one reading.
    public enum Values: Sendable, Hashable {
        /// One value; what it is the value of, the place of the metric, the topic or the constant says.
        case one(String)
        /// Several values, each under the name of its metric. All of them must be there; null is left out.
        case named([String: String])
        /// An object: each member that is a number, a flag or text is the value of the metric that it is named after,
        /// unless the member is the place of something else.
        case members(String)
    }

    /// The most values that `Values.named` may name.
    public static let valuesMax = 64

    let values: Values
    let metrics: [String]
    let fixedDevice: String?
    let fixedMetric: String?
    let fixedUnit: String?
    let units: [String: String]
    let timeUnit: TimeUnit
    let reading: PlaceTree
    /// Nil where the whole payload is the reading, or an array of readings.
    let payload: PlaceTree?

    /// Makes a map. All places are JSON Pointers (RFC 6901); `readings` is one in the payload, to an array of readings
    /// or a single one, the others are places in one reading.
    ///
    /// - Parameters:
    ///   - time: RFC 3339 text, or a number that counts `timeUnit` since 1970; without it, the time of receipt counts.
    ///   - sequence: a whole number from 0 to 2^64 - 1.
    ///   - fixedUnit: where neither the payload nor `units` says one. Without any unit a value is a plain number.
    ///   - units: the units of metrics, where the payload says none.
    /// - Throws: `TelemetryError` with code `mapping-invalid` or `unit-unknown`.
    public init(
        readings: String = "",
        values: Values = .members(""),
        device: String? = nil,
        metric: String? = nil,
        unit: String? = nil,
        time: String? = nil,
        sequence: String? = nil,
        session: String? = nil,
        fixedDevice: String? = nil,
        fixedMetric: String? = nil,
        fixedUnit: String? = nil,
        units: [String: String] = [:],
        timeUnit: TimeUnit = .seconds
    ) throws(TelemetryError) {
        try ReadingMap.check(values, metric: metric)
        try ReadingMap.check([fixedDevice, fixedMetric])
        try ReadingMap.check(units: [fixedUnit] + units.values.map(Optional.some))
        self.values = values
        self.fixedDevice = fixedDevice
        self.fixedMetric = fixedMetric
        self.fixedUnit = fixedUnit
        self.units = units
        self.timeUnit = timeUnit
        var tree = PlaceTree()
        for (slot, place) in [
            (Slot.device, device), (.metric, metric), (.unit, unit), (.time, time), (.session, session),
        ] {
            if let place { try tree.add(slot, at: JSONPointer(place)) }
        }
        let list = try JSONPointer(readings)
        payload = list.keys.isEmpty ? nil : tree.adding(.readings, at: list)
        if let sequence { try tree.add(.sequence, at: JSONPointer(sequence)) }
        metrics = try tree.add(values)
        reading = tree
    }

    private static func check(_ values: Values, metric: String?) throws(TelemetryError) {
        switch values {
        case .one: return
        case .members: break
        case .named(let places):
            guard !places.isEmpty, places.count <= valuesMax else {
                throw TelemetryError(.mappingInvalid, "A map names 1 to \(valuesMax) values.")
            }
            try check(places.keys.map(Optional.some))
        }
        guard metric == nil else {
            throw TelemetryError(
                .mappingInvalid, "The place of the metric has a meaning only where there is one place of a value.")
        }
    }

    private static func check(_ names: [String?]) throws(TelemetryError) {
        for case let name? in names where name.isEmpty || name.utf8.count > Reading.textBytesMax {
            throw TelemetryError(
                .mappingInvalid, "A device or a metric has 1 to \(Reading.textBytesMax) bytes, unlike \"\(name)\".")
        }
    }

    private static func check(units: [String?]) throws(TelemetryError) {
        for case let unit? in units where Unit.named(unit) == nil {
            let remedy = Unit.ambiguous[unit].map { ": write \($0)" } ?? ""
            throw TelemetryError(.unitUnknown, "The map names the unit \(unit), which is not known\(remedy).")
        }
    }
}
