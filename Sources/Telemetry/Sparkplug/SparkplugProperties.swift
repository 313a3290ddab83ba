/// What a metric's properties say of its value (Sparkplug 3.0 section 6.4.8): names and values in two lists of the same
/// order. Properties inside properties are stepped over.
struct SparkplugProperties {
    /// The names under which nodes give a unit; the first that is there counts. Sparkplug 3.0 itself names none.
    static let unitNames = ["engUnit", "unit", "Unit", "units"]

    /// Sparkplug's own property for how good a value is (section 6.4.9).
    static let qualityName = "Quality"

    /// The values of that property which say that the metric's value is not to be used: bad and stale.
    static let qualitiesRefused: Set<UInt64> = [0, 500]

    /// The unit as the node gave it, cut off where it is too long for a reading; nil where it gave none.
    private(set) var unit: String?

    /// The quality as the node gave it; nil where it gave none.
    private(set) var quality: UInt64?

    init(_ range: Range<Int>, of payload: SparkplugPayload) throws(TelemetryError) {
        let places = try SparkplugProperties.places(range, of: payload)
        guard places.unit != nil || places.quality != nil else { return }
        var reader = ProtobufReader(payload.bytes, in: range)
        var place = 0
        while !reader.isOver {
            let key = try reader.varint()
            guard key == 0x12 else {
                try reader.skip(key)
                continue
            }
            let value = try reader.range()
            if place == places.unit { try takeUnit(value, of: payload) }
            if place == places.quality { try takeQuality(value, of: payload) }
            place += 1
        }
    }

    /// Which of the values are the unit and the quality.
    private static func places(
        _ range: Range<Int>,
        of payload: SparkplugPayload
    ) throws(TelemetryError) -> (unit: Int?, quality: Int?) {
        var reader = ProtobufReader(payload.bytes, in: range)
        var unit: (place: Int, rank: Int)?
        var quality: Int?
        var place = 0
        while !reader.isOver {
            let key = try reader.varint()
            guard key == 0x0A else {
                try reader.skip(key)
                continue
            }
            let name = payload.bytes[try reader.range()]
            if name.elementsEqual(qualityName.utf8) {
                quality = place
            } else if let rank = unitNames.firstIndex(where: { name.elementsEqual($0.utf8) }),
                rank < unit?.rank ?? unitNames.count
            {
                unit = (place, rank)
            }
            place += 1
        }
        return (unit?.place, quality)
    }

    private mutating func takeUnit(_ range: Range<Int>, of payload: SparkplugPayload) throws(TelemetryError) {
        var reader = ProtobufReader(payload.bytes, in: range)
        while !reader.isOver {
            let key = try reader.varint()
            if key == 0x42 {
                let text = try reader.range()
                unit = text.isEmpty ? nil : try shortened(text, of: payload)
            } else {
                try reader.skip(key)
            }
        }
    }

    /// A host remembers units: of one that is too long only so much that each reading is still refused for it.
    private func shortened(_ range: Range<Int>, of payload: SparkplugPayload) throws(TelemetryError) -> String {
        let text = try payload.text(range)
        guard range.count > Reading.textBytesMax else { return text }
        return String(decoding: text.utf8.prefix(Reading.textBytesMax + 1), as: UTF8.self)
    }

    private mutating func takeQuality(_ range: Range<Int>, of payload: SparkplugPayload) throws(TelemetryError) {
        var reader = ProtobufReader(payload.bytes, in: range)
        while !reader.isOver {
            let key = try reader.varint()
            switch key {
            case 0x18, 0x20: quality = try reader.varint()
            default: try reader.skip(key)
            }
        }
    }
}
