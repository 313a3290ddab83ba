import Telemetry

/// Readings of many sensors as they came in one commit, as the bytes of one row: what a commit must write at once.
///
/// Format 1, for ever: format, then for each reading the sensor's number, the time less the time before, a byte that says
/// whether there is a count, the count, the value.
struct ArrivalRun {
    /// The most readings in one row.
    static let readingsMax = 8_192

    private static let format: UInt8 = 1

    private var writer = BlobWriter()
    private var time: Int64 = 0
    private(set) var count = 0

    var bytes: [UInt8] { writer.bytes }

    mutating func append(_ reading: Reading, of sensor: Int64) {
        if count == 0 { writer.byte(Self.format) }
        writer.number(UInt64(bitPattern: sensor))
        writer.signed(reading.time &- time)
        writer.byte(reading.sequence == nil ? 0 : 1)
        if let sequence = reading.sequence { writer.number(sequence) }
        writer.value(reading.value)
        time = reading.time
        count += 1
    }

    mutating func removeAll() {
        writer.removeAll()
        time = 0
        count = 0
    }

    /// - Throws: `CustodyError` with code `readings-damaged`.
    static func forEach(
        in bytes: UnsafeRawBufferPointer, arrived: Int64,
        _ body: (_ sensor: Int64, _ reading: KeptReading) throws -> Void
    ) throws {
        var reader = BlobReader(bytes)
        guard try reader.byte() == format else { throw BlobReader.damaged }
        var time: Int64 = 0
        while !reader.isOver {
            let sensor = Int64(bitPattern: try reader.number())
            time &+= try reader.signed()
            guard time >= Reading.timeMin, time <= Reading.timeMax else { throw BlobReader.damaged }
            let sequence = try reader.byte() == 0 ? nil : try reader.number()
            try body(
                sensor, KeptReading(time: time, sequence: sequence, value: try reader.value(), arrived: arrived))
        }
    }
}

extension BlobWriter {
    mutating func value(_ value: Reading.Value) {
        switch value {
        case .number(let number):
            byte(0)
            double(number)
        case .flag(let isTrue): byte(isTrue ? 2 : 1)
        case .text(let text):
            byte(3)
            counted(Array(text.utf8))
        case .data(let data):
            byte(4)
            counted(data)
        }
    }
}

extension BlobReader {
    mutating func value() throws -> Reading.Value {
        switch try byte() {
        case 0: return .number(try double())
        case 1: return .flag(false)
        case 2: return .flag(true)
        case 3:
            guard let text = String(validating: try counted(max: Reading.valueBytesMax), as: UTF8.self) else {
                throw Self.damaged
            }
            return .text(text)
        case 4: return .data([UInt8](try counted(max: Reading.valueBytesMax)))
        default: throw Self.damaged
        }
    }
}
