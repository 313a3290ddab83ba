import Telemetry

/// Readings of one sensor in order of time, as the bytes of one row.
///
/// Four columns, each as differences: what a steady sensor repeats costs a byte. Format 1, for ever: format, count, times,
/// arrivals, sequences, values.
enum ReadingBlock {
    /// So many readings fill a block; readings of one time stay together beyond it.
    static let readingsFull = 512
    /// The most readings in one block.
    static let readingsMax = 4_096

    private static let format: UInt8 = 1

    private enum Sequences: UInt8 {
        case none, all, some
    }

    private enum Values: UInt8 {
        /// Whole multiples of a power of ten.
        case decimals, doubles, mixed
        /// Whole multiples of a power of ten that have gone through single precision, as many devices send them.
        case singleDecimals
    }

    // MARK: Writing

    static func bytes(of readings: ArraySlice<KeptReading>) -> [UInt8] {
        var writer = BlobWriter()
        writer.byte(format)
        writer.number(UInt64(readings.count))
        write(times: readings, to: &writer)
        write(arrivals: readings, to: &writer)
        write(sequences: readings, to: &writer)
        write(values: readings, to: &writer)
        return writer.bytes
    }

    /// The difference of differences: nothing, for a sensor that keeps its pace.
    private static func write(times readings: ArraySlice<KeptReading>, to writer: inout BlobWriter) {
        var (time, step): (Int64, Int64) = (0, 0)
        for reading in readings {
            let next = reading.time &- time
            writer.signed(next &- step)
            (time, step) = (reading.time, next)
        }
    }

    /// How long each reading was on its way, which changes little from one to the next.
    private static func write(arrivals readings: ArraySlice<KeptReading>, to writer: inout BlobWriter) {
        var delay: Int64 = 0
        for reading in readings {
            let next = reading.arrived &- reading.time
            writer.signed(next &- delay)
            delay = next
        }
    }

    private static func write(sequences readings: ArraySlice<KeptReading>, to writer: inout BlobWriter) {
        let counted = readings.count { $0.sequence != nil }
        let kind: Sequences = counted == 0 ? .none : counted == readings.count ? .all : .some
        writer.byte(kind.rawValue)
        guard kind != .none else { return }
        var expected: UInt64 = 0
        for reading in readings {
            if kind == .some { writer.byte(reading.sequence == nil ? 0 : 1) }
            guard let sequence = reading.sequence else { continue }
            writer.signed(Int64(bitPattern: sequence &- expected))
            expected = sequence &+ 1
        }
    }

    private static func write(values readings: ArraySlice<KeptReading>, to writer: inout BlobWriter) {
        let numbers = readings.compactMap { reading -> Double? in
            if case .number(let number) = reading.value { number } else { nil }
        }
        guard numbers.count == readings.count else { return write(mixed: readings, to: &writer) }
        if let decimals = Decimals(of: numbers, isSingle: false) {
            write(numbers, as: decimals, .decimals, to: &writer)
        } else if let decimals = Decimals(of: numbers, isSingle: true) {
            write(numbers, as: decimals, .singleDecimals, to: &writer)
        } else {
            writer.byte(Values.doubles.rawValue)
            numbers.forEach { writer.double($0) }
        }
    }

    private static func write(
        _ numbers: [Double], as decimals: Decimals, _ kind: Values, to writer: inout BlobWriter
    ) {
        writer.byte(kind.rawValue)
        writer.byte(UInt8(decimals.places))
        var last: Int64 = 0
        for number in numbers {
            let scaled = decimals.scaled(number)
            writer.signed(scaled &- last)
            last = scaled
        }
    }

    private static func write(mixed readings: ArraySlice<KeptReading>, to writer: inout BlobWriter) {
        writer.byte(Values.mixed.rawValue)
        for reading in readings { writer.value(reading.value) }
    }

    // MARK: Reading

    /// - Throws: `CustodyError` with code `readings-damaged`.
    static func readings(in bytes: UnsafeRawBufferPointer) throws -> [KeptReading] {
        var reader = BlobReader(bytes)
        guard try reader.byte() == format else { throw BlobReader.damaged }
        let count = try reader.count()
        let times = try times(count, &reader)
        let arrivals = try arrivals(of: times, &reader)
        let sequences = try sequences(count, &reader)
        let values = try values(count, &reader)
        guard reader.isOver else { throw BlobReader.damaged }
        return times.indices.map {
            KeptReading(time: times[$0], sequence: sequences[$0], value: values[$0], arrived: arrivals[$0])
        }
    }

    private static func times(_ count: Int, _ reader: inout BlobReader) throws -> [Int64] {
        var (time, step): (Int64, Int64) = (0, 0)
        return try (0..<count).map { _ in
            step &+= try reader.signed()
            time &+= step
            guard time >= Reading.timeMin, time <= Reading.timeMax else { throw BlobReader.damaged }
            return time
        }
    }

    private static func arrivals(of times: [Int64], _ reader: inout BlobReader) throws -> [Int64] {
        var delay: Int64 = 0
        return try times.map { time in
            delay &+= try reader.signed()
            return time &+ delay
        }
    }

    private static func sequences(_ count: Int, _ reader: inout BlobReader) throws -> [UInt64?] {
        guard let kind = Sequences(rawValue: try reader.byte()) else { throw BlobReader.damaged }
        guard kind != .none else { return Array(repeating: nil, count: count) }
        var expected: UInt64 = 0
        return try (0..<count).map { _ in
            if kind == .some, try reader.byte() == 0 { return nil }
            let sequence = expected &+ UInt64(bitPattern: try reader.signed())
            expected = sequence &+ 1
            return sequence
        }
    }

    private static func values(_ count: Int, _ reader: inout BlobReader) throws -> [Reading.Value] {
        guard let kind = Values(rawValue: try reader.byte()) else { throw BlobReader.damaged }
        switch kind {
        case .doubles: return try (0..<count).map { _ in .number(try reader.double()) }
        case .mixed: return try (0..<count).map { _ in try reader.value() }
        case .decimals, .singleDecimals:
            guard let decimals = Decimals(places: Int(try reader.byte()), isSingle: kind == .singleDecimals) else {
                throw BlobReader.damaged
            }
            var last: Int64 = 0
            return try (0..<count).map { _ in
                last &+= try reader.signed()
                return .number(decimals.number(last))
            }
        }
    }
}

/// Values that are whole multiples of a power of ten, as sensors give them.
private struct Decimals {
    private static let powers: [Double] = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000]
    /// Whole numbers up to this are exact as doubles.
    private static let exactMax = 9_007_199_254_740_992.0

    let places: Int
    /// Whether each value has been rounded to single precision.
    let isSingle: Bool
    private let power: Double

    init?(places: Int, isSingle: Bool) {
        guard Self.powers.indices.contains(places) else { return nil }
        self.places = places
        self.isSingle = isSingle
        power = Self.powers[places]
    }

    /// With the fewest decimal places that give each value back to the last bit.
    init?(of numbers: [Double], isSingle: Bool) {
        guard var decimals = Self(places: 0, isSingle: isSingle) else { return nil }
        for number in numbers {
            while !decimals.isExact(number) {
                guard let more = Self(places: decimals.places + 1, isSingle: isSingle) else { return nil }
                decimals = more
            }
        }
        // What fitted fewer places need not fit more.
        guard numbers.allSatisfy({ decimals.isExact($0) }) else { return nil }
        self = decimals
    }

    func scaled(_ number: Double) -> Int64 { Int64((number * power).rounded()) }

    func number(_ scaled: Int64) -> Double {
        let number = Double(scaled) / power
        return isSingle ? Double(Float(number)) : number
    }

    private func isExact(_ number: Double) -> Bool {
        let rounded = (number * power).rounded()
        return rounded.magnitude < Self.exactMax && !(rounded == 0 && number.sign == .minus)
            && self.number(Int64(rounded)).bitPattern == number.bitPattern
    }
}
