import Ledger

/// Reads what `BlobWriter` wrote, from bytes that a damaged disk may have changed.
struct BlobReader {
    private let bytes: UnsafeRawBufferPointer
    private var position = 0

    /// The memory must outlive the reader.
    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    var isOver: Bool { position == bytes.count }

    mutating func byte() throws -> UInt8 {
        guard position < bytes.count else { throw Self.damaged }
        defer { position += 1 }
        return bytes[position]
    }

    mutating func number() throws -> UInt64 {
        var number: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 64, by: 7) {
            let byte = try byte()
            guard shift < 63 || byte <= 1 else { throw Self.damaged }
            number |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return number }
        }
        throw Self.damaged
    }

    mutating func signed() throws -> Int64 {
        let number = try number()
        return Int64(bitPattern: number >> 1) ^ -Int64(bitPattern: number & 1)
    }

    mutating func double() throws -> Double {
        let slice = try take(8)
        let number = Double(bitPattern: UInt64(littleEndian: slice.loadUnaligned(as: UInt64.self)))
        guard number.isFinite else { throw Self.damaged }
        return number
    }

    mutating func counted(max: Int) throws -> UnsafeRawBufferPointer {
        let count = try number()
        guard count <= UInt64(max) else { throw Self.damaged }
        return try take(Int(count))
    }

    /// A count of things of at least one byte each.
    mutating func count() throws -> Int {
        let count = try number()
        guard count <= UInt64(bytes.count) else { throw Self.damaged }
        return Int(count)
    }

    private mutating func take(_ count: Int) throws -> UnsafeRawBufferPointer {
        guard count <= bytes.count - position else { throw Self.damaged }
        defer { position += count }
        return UnsafeRawBufferPointer(rebasing: bytes[position..<(position + count)])
    }

    static let damaged = CustodyError(
        .readingsDamaged, "stored readings cannot be read", remedy: "check the disk, and restore intake.sqlite")
}

extension CustodyError.Code {
    public static let readingsDamaged: Self = "readings-damaged"
}
