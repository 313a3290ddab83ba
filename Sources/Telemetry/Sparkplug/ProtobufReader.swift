/// Walks over one protobuf message in memory, field by field. Hand-written because intake must keep a broker's pace on
/// one core: nothing is built that the caller does not ask for, and what nobody asks for is stepped over by its length,
/// so no nesting is ever followed.
struct ProtobufReader {
    let bytes: [UInt8]
    private(set) var index: Int
    private var end: Int

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        index = 0
        end = bytes.count
    }

    /// A message inside the message; the range must be one that `range()` gave.
    init(_ bytes: [UInt8], in range: Range<Int>) {
        self.bytes = bytes
        index = range.lowerBound
        end = range.upperBound
    }

    var isOver: Bool { index >= end }

    func malformed(_ what: String) -> TelemetryError {
        TelemetryError(.protobufMalformed, "The payload is not valid protobuf: \(what).", position: index)
    }

    /// A number of 7 bits a byte; what exceeds 64 bits is cut off, as every protobuf reader does.
    mutating func varint() throws(TelemetryError) -> UInt64 {
        guard index < end else { throw malformed("a number is missing") }
        let first = bytes[index]
        guard first >= 0x80 else {
            index += 1
            return UInt64(first)
        }
        return try longVarint()
    }

    private mutating func longVarint() throws(TelemetryError) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        var next = index
        while next < end, shift < 70 {
            let byte = bytes[next]
            next += 1
            value |= UInt64(byte & 0x7F) &<< shift
            guard byte >= 0x80 else {
                index = next
                return value
            }
            shift += 7
        }
        throw malformed("a number does not end")
    }

    /// The place of a text, of bytes or of a message inside the message.
    mutating func range() throws(TelemetryError) -> Range<Int> {
        let count = try varint()
        guard count <= UInt64(end - index) else { throw malformed("a field is longer than what is left") }
        let start = index
        index += Int(count)
        return start..<index
    }

    mutating func fixed32() throws(TelemetryError) -> UInt32 {
        guard end - index >= 4 else { throw malformed("a number is cut off") }
        let start = index
        index += 4
        return UInt32(littleEndian: bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: start, as: UInt32.self) })
    }

    mutating func fixed64() throws(TelemetryError) -> UInt64 {
        guard end - index >= 8 else { throw malformed("a number is cut off") }
        let start = index
        index += 8
        return UInt64(littleEndian: bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: start, as: UInt64.self) })
    }

    /// Goes into a message inside the message: it is over where that one is over. Gives what `close` needs.
    mutating func open() throws(TelemetryError) -> Int {
        let outer = end
        let inner = try range()
        index = inner.lowerBound
        end = inner.upperBound
        return outer
    }

    /// Goes on behind a message that was opened and walked over to its end.
    mutating func close(_ outer: Int) {
        end = outer
    }

    /// Steps over a field that nobody asked for, known by its key: the field's number and, in the lowest 3 bits, how it
    /// is written. Groups, which protobuf gave up long before Sparkplug, are refused.
    mutating func skip(_ key: UInt64) throws(TelemetryError) {
        guard key >> 3 != 0, key <= UInt64(UInt32.max) else { throw malformed("a field has no valid number") }
        switch key & 7 {
        case 0: _ = try varint()
        case 1: _ = try fixed64()
        case 2: _ = try range()
        case 5: _ = try fixed32()
        default: throw malformed("a field is written in no known way")
        }
    }
}
