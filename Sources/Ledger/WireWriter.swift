/// Writes protobuf fields (proto3) straight into one buffer.
///
/// Sealing an entry is the hot path, and building generated messages first costs ten times as much. That both give
/// the same bytes is checked in the tests.
struct WireWriter {
    private(set) var bytes: [UInt8] = []

    init(reserving capacity: Int) { bytes.reserveCapacity(capacity) }

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
        bytes.append(contentsOf: text.utf8)
    }

    mutating func data(_ number: Int, _ data: [UInt8]) {
        guard !data.isEmpty else { return }
        repeated(number, data)
    }

    mutating func repeated(_ number: Int, _ data: [UInt8]) {
        tag(number, .bytes)
        raw(UInt64(data.count))
        bytes.append(contentsOf: data)
    }

    mutating func hash(_ number: Int, _ hash: Hash) {
        tag(number, .bytes)
        raw(UInt64(Hash.byteCount))
        hash.withUnsafeBytes { bytes.append(contentsOf: $0) }
    }

    /// A message field; it is there even when the message is empty.
    mutating func message(_ number: Int, _ content: (inout WireWriter) -> Void) {
        tag(number, .bytes)
        let place = bytes.count
        bytes.append(0)
        content(&self)
        var length = UInt64(bytes.count - place - 1)
        guard length >= 0x80 else {
            bytes[place] = UInt8(length)
            return
        }
        var prefix: [UInt8] = []
        while length >= 0x80 {
            prefix.append(UInt8(length & 0x7F) | 0x80)
            length >>= 7
        }
        prefix.append(UInt8(length))
        bytes.replaceSubrange(place...place, with: prefix)
    }

    private mutating func tag(_ number: Int, _ type: WireType) { raw(UInt64(number) << 3 | UInt64(type.rawValue)) }

    private mutating func raw(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(rest & 0x7F) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }
}

enum WireType: UInt8 {
    case varint = 0
    case fixed64 = 1
    case bytes = 2
    case fixed32 = 5
}
