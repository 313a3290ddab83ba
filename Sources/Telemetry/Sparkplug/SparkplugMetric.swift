/// One metric as the payload holds it (Sparkplug 3.0 section 6.4.6).
struct SparkplugMetric {
    /// The value as it is written, before its type says what it means.
    enum Content {
        case none
        case integer(UInt64)
        case float(Float)
        case double(Double)
        case flag(Bool)
        case text(Range<Int>)
        case data(Range<Int>)

        /// A data set, a template or an extension: a value, but no reading.
        case structure
    }

    /// Where the metric begins in its payload.
    let position: Int

    /// Where the name stands; nil where there is none, or an empty one.
    private(set) var name: Range<Int>?
    private(set) var alias: UInt64?

    /// Milliseconds since 1970, not yet checked.
    private(set) var time: UInt64?

    /// 0 where the metric does not say, which in data means the type of the birth.
    private(set) var typeNumber: UInt64 = 0
    private(set) var isNull = false
    private(set) var properties: Range<Int>?
    private(set) var content = Content.none

    /// Walks over the metric that the reader has just opened.
    init(_ reader: inout ProtobufReader) throws(TelemetryError) {
        position = reader.index
        while !reader.isOver {
            let key = try reader.varint()
            switch key {
            case 0x0A:
                let place = try reader.range()
                name = place.isEmpty ? nil : place
            case 0x10: alias = try reader.varint()
            case 0x18: time = try reader.varint()
            case 0x20: typeNumber = try reader.varint()
            case 0x38: isNull = try reader.varint() != 0
            case 0x4A: properties = try reader.range()
            default: try readContent(key, from: &reader)
            }
        }
    }

    private mutating func readContent(_ key: UInt64, from reader: inout ProtobufReader) throws(TelemetryError) {
        switch key {
        case 0x50: content = .integer(UInt64(UInt32(truncatingIfNeeded: try reader.varint())))
        case 0x58: content = .integer(try reader.varint())
        case 0x65: content = .float(Float(bitPattern: try reader.fixed32()))
        case 0x69: content = .double(Double(bitPattern: try reader.fixed64()))
        case 0x70: content = .flag(try reader.varint() != 0)
        case 0x7A: content = .text(try reader.range())
        case 0x82: content = .data(try reader.range())
        case 0x8A, 0x92, 0x9A:
            _ = try reader.range()
            content = .structure
        default: try reader.skip(key)
        }
    }

    /// What was measured, by the metric's own type or else by the birth's; nil for what is no reading.
    func value(_ birthType: SparkplugType?, of payload: SparkplugPayload) throws(TelemetryError) -> Reading.Value? {
        guard let type = try ownType() ?? birthType else { return try untypedValue(of: payload) }
        switch type {
        case .int8: return .number(Double(try signed(bits: 8)))
        case .int16: return .number(Double(try signed(bits: 16)))
        case .int32: return .number(Double(try signed(bits: 32)))
        case .int64: return .number(Double(Int64(bitPattern: try integer())))
        case .uint8: return .number(Double(try unsigned(max: UInt64(UInt8.max))))
        case .uint16: return .number(Double(try unsigned(max: UInt64(UInt16.max))))
        case .uint32: return .number(Double(try unsigned(max: UInt64(UInt32.max))))
        case .uint64, .dateTime: return .number(Double(try integer()))
        case .float, .double: return .number(try fraction())
        case .boolean: return .flag(try flag())
        case .string, .text, .uuid: return .text(try text(of: payload))
        case .dataSet, .template, .propertySet, .propertySetList: return nil
        case .bytes, .file, .int8Array, .int16Array, .int32Array, .int64Array, .uint8Array, .uint16Array,
            .uint32Array, .uint64Array, .floatArray, .doubleArray, .booleanArray, .stringArray, .dateTimeArray:
            return .data(try data(of: payload))
        }
    }

    /// The type that the metric names; nil for none, which is what 0 stands for.
    func ownType() throws(TelemetryError) -> SparkplugType? {
        guard typeNumber != 0 else { return nil }
        guard let number = UInt8(exactly: typeNumber), let type = SparkplugType(rawValue: number) else {
            throw TelemetryError(.valueInvalid, "Sparkplug 3.0 has no type \(typeNumber).")
        }
        return type
    }

    /// What can be read where nobody has named a type: data of a node whose birth has not been seen.
    private func untypedValue(of payload: SparkplugPayload) throws(TelemetryError) -> Reading.Value? {
        switch content {
        case .none: throw missing
        case .integer(let number): .number(Double(number))
        case .float, .double: .number(try fraction())
        case .flag(let isTrue): .flag(isTrue)
        case .text: .text(try text(of: payload))
        case .data: .data(try data(of: payload))
        case .structure: nil
        }
    }

    // MARK: Values by type

    /// A small negative number is written in as many bits as its type has, in 32 or in 64: nodes differ, and no two of
    /// these can be taken for each other. Anything else outside the type's range is refused.
    private func signed(bits: UInt64) throws(TelemetryError) -> Int64 {
        let raw = try integer()
        let half: UInt64 = 1 << (bits - 1)
        if raw < half { return Int64(raw) }
        for width in [bits, 32] where raw < 1 << width && raw >= (1 << width) - half {
            return Int64(raw) - (1 << width)
        }
        let wide = Int64(bitPattern: raw)
        guard wide < 0, wide >= -Int64(half) else { throw invalid("is too large for its type") }
        return wide
    }

    private func unsigned(max: UInt64) throws(TelemetryError) -> UInt64 {
        let raw = try integer()
        guard raw <= max else { throw invalid("is too large for its type") }
        return raw
    }

    private func integer() throws(TelemetryError) -> UInt64 {
        guard case .integer(let number) = content else { throw mismatch }
        return number
    }

    private func fraction() throws(TelemetryError) -> Double {
        switch content {
        case .float(let number): return Double(number)
        case .double(let number): return number
        case .none, .integer, .flag, .text, .data, .structure: throw mismatch
        }
    }

    private func flag() throws(TelemetryError) -> Bool {
        guard case .flag(let isTrue) = content else { throw mismatch }
        return isTrue
    }

    private func text(of payload: SparkplugPayload) throws(TelemetryError) -> String {
        guard case .text(let range) = content else { throw mismatch }
        try checkCount(range)
        return try payload.text(range)
    }

    private func data(of payload: SparkplugPayload) throws(TelemetryError) -> [UInt8] {
        guard case .data(let range) = content else { throw mismatch }
        try checkCount(range)
        return Array(payload.bytes[range])
    }

    /// Before the value is copied: the limit is the reading's own.
    private func checkCount(_ range: Range<Int>) throws(TelemetryError) {
        guard range.count <= Reading.valueBytesMax else {
            throw TelemetryError(
                .valueTooLong, "A value has at most \(Reading.valueBytesMax) bytes, here are \(range.count).",
                position: range.lowerBound)
        }
    }

    private var mismatch: TelemetryError {
        if case .none = content { return missing }
        return invalid("is not of its type")
    }

    private var missing: TelemetryError {
        TelemetryError(.valueMissing, "The metric has no value and does not say that it is null.", position: position)
    }

    private func invalid(_ what: String) -> TelemetryError {
        TelemetryError(.valueInvalid, "The value \(what).", position: position)
    }
}
