/// Reads protobuf fields (proto3) one after another from bytes that anybody may have sent.
///
/// It never reads beyond its bytes and allocates only what it hands out. Fields that it does not know are skipped.
struct WireReader {
    enum Failure: Error { case malformed(String) }

    private let bytes: UnsafeRawBufferPointer
    private var position = 0
    /// Number and type of the field that is to be read next.
    private(set) var number = 0
    private var type = WireType.varint

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    /// Steps to the next field.
    /// - Returns: false at the end.
    mutating func next() throws -> Bool {
        guard position < bytes.count else { return false }
        let tag = try raw()
        guard let type = WireType(rawValue: UInt8(tag & 7)), tag >> 3 > 0, tag >> 3 < 1 << 29 else {
            throw Failure.malformed("a field has an unknown type")
        }
        number = Int(tag >> 3)
        self.type = type
        return true
    }

    mutating func varint() throws -> UInt64 {
        try expect(.varint)
        return try raw()
    }

    /// The content of a text, bytes or message field.
    @inline(__always)
    mutating func slice() throws -> UnsafeRawBufferPointer {
        try expect(.bytes)
        return try take(try raw())
    }

    mutating func text() throws -> String {
        let slice = try slice()
        guard let text = String(validating: slice, as: UTF8.self) else {
            throw Failure.malformed("a text is not UTF-8")
        }
        return text
    }

    mutating func data() throws -> [UInt8] { [UInt8](try slice()) }

    mutating func hash() throws -> Hash {
        guard let hash = Hash(try slice()) else { throw Failure.malformed("a hash does not have 32 bytes") }
        return hash
    }

    mutating func skip() throws {
        switch type {
        case .varint: _ = try raw()
        case .fixed64: _ = try take(8)
        case .fixed32: _ = try take(4)
        case .bytes: _ = try take(try raw())
        }
    }

    @inline(__always)
    private func expect(_ expected: WireType) throws {
        guard type == expected else { throw Failure.malformed("field \(number) has another type") }
    }

    @inline(__always)
    private mutating func take(_ count: UInt64) throws -> UnsafeRawBufferPointer {
        guard count <= UInt64(bytes.count - position) else {
            throw Failure.malformed("it ends in the middle of a field")
        }
        defer { position += Int(count) }
        return UnsafeRawBufferPointer(rebasing: bytes[position..<(position + Int(count))])
    }

    @inline(__always)
    private mutating func raw() throws -> UInt64 {
        // Tags, lengths and most numbers have one byte.
        if position < bytes.count, bytes[position] < 0x80 {
            defer { position += 1 }
            return UInt64(bytes[position])
        }
        return try longNumber()
    }

    private mutating func longNumber() throws -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while position < bytes.count, shift < 64 {
            let byte = bytes[position]
            position += 1
            if shift == 63, byte > 1 { break }
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
            shift += 7
        }
        throw Failure.malformed("a number is torn or too large")
    }
}
