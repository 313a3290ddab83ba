import Glibc

/// Writes protobuf fields (proto3) straight into one buffer.
///
/// Sealing an entry is the hot path, and building generated messages first costs ten times as much. That both give
/// the same bytes is checked in the tests.
struct WireWriter: ~Copyable {
    private var start: UnsafeMutablePointer<UInt8>
    private var count = 0
    private var capacity: Int

    init(reserving capacity: Int) {
        start = .allocate(capacity: capacity)
        self.capacity = capacity
    }

    deinit { start.deallocate() }

    var bytes: [UInt8] { [UInt8](UnsafeBufferPointer(start: start, count: count)) }

    mutating func varint(_ number: Int, _ value: UInt64) {
        guard value != 0 else { return }
        tag(number, .varint)
        raw(value)
    }

    mutating func text(_ number: Int, _ text: String) {
        guard !text.isEmpty else { return }
        repeated(number, text)
    }

    /// An element of a repeated field stands there even when it is empty.
    mutating func repeated(_ number: Int, _ text: String) {
        tag(number, .bytes)
        raw(UInt64(text.utf8.count))
        var text = text
        text.withUTF8 { append(UnsafeRawBufferPointer($0)) }
    }

    mutating func data(_ number: Int, _ data: [UInt8]) {
        guard !data.isEmpty else { return }
        repeated(number, data)
    }

    mutating func repeated(_ number: Int, _ data: [UInt8]) {
        tag(number, .bytes)
        raw(UInt64(data.count))
        data.withUnsafeBytes { append($0) }
    }

    mutating func hash(_ number: Int, _ hash: Hash) {
        tag(number, .bytes)
        raw(UInt64(Hash.byteCount))
        hash.withUnsafeBytes { append($0) }
    }

    /// A message field; it is there even when the message is empty.
    mutating func message(_ number: Int, _ content: (inout WireWriter) -> Void) {
        tag(number, .bytes)
        let place = count
        // One byte for the length, until it turns out to need more.
        raw(0)
        content(&self)
        let length = count - place - 1
        let width = Self.width(of: UInt64(length))
        if width > 1 {
            reserve(width - 1)
            let body = UnsafeMutableRawPointer(start + place + 1)
            memmove(body + (width - 1), body, length)
        }
        count = place
        raw(UInt64(length))
        count += length
    }

    private static func width(of value: UInt64) -> Int { max(1, (64 - value.leadingZeroBitCount + 6) / 7) }

    private mutating func tag(_ number: Int, _ type: WireType) { raw(UInt64(number) << 3 | UInt64(type.rawValue)) }

    private mutating func raw(_ value: UInt64) {
        reserve(10)
        var rest = value
        while rest >= 0x80 {
            start[count] = UInt8(truncatingIfNeeded: rest) | 0x80
            count += 1
            rest >>= 7
        }
        start[count] = UInt8(truncatingIfNeeded: rest)
        count += 1
    }

    private mutating func append(_ bytes: UnsafeRawBufferPointer) {
        guard let source = bytes.baseAddress, !bytes.isEmpty else { return }
        reserve(bytes.count)
        memcpy(start + count, source, bytes.count)
        count += bytes.count
    }

    private mutating func reserve(_ more: Int) {
        guard count + more > capacity else { return }
        capacity = max(2 * capacity, count + more)
        let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity)
        memcpy(larger, start, count)
        start.deallocate()
        start = larger
    }
}

enum WireType: UInt8 {
    case varint = 0
    case fixed64 = 1
    case bytes = 2
    case fixed32 = 5
}
