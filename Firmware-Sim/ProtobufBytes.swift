/// A protobuf message being written: the few kinds of field that Sparkplug needs here.
struct ProtobufBytes: Sendable {
    private enum Wire: UInt64 {
        case varint = 0
        case fixed64 = 1
        case counted = 2
    }

    private(set) var bytes: [UInt8] = []

    mutating func number(_ field: UInt64, _ value: UInt64) {
        key(field, .varint)
        varint(value)
    }

    mutating func flag(_ field: UInt64, _ isTrue: Bool) { number(field, isTrue ? 1 : 0) }

    mutating func double(_ field: UInt64, _ value: Double) {
        key(field, .fixed64)
        for shift in stride(from: UInt64(0), to: 64, by: 8) {
            bytes.append(UInt8(truncatingIfNeeded: value.bitPattern >> shift))
        }
    }

    mutating func text(_ field: UInt64, _ text: String) {
        key(field, .counted)
        varint(UInt64(text.utf8.count))
        bytes += text.utf8
    }

    mutating func message(_ field: UInt64, _ message: ProtobufBytes) {
        key(field, .counted)
        varint(UInt64(message.bytes.count))
        bytes += message.bytes
    }

    private mutating func key(_ field: UInt64, _ wire: Wire) { varint(field << 3 | wire.rawValue) }

    private mutating func varint(_ number: UInt64) {
        var rest = number
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }
}

/// The fields of a protobuf message that came from outside, in their order.
struct ProtobufFields: Sequence, IteratorProtocol, Sendable {
    enum Field: Hashable, Sendable {
        case number(UInt64, UInt64)
        case bytes(UInt64, ArraySlice<UInt8>)
        /// A field of fixed width, whose value nobody here asks for.
        case other(UInt64)
    }

    private var rest: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) {
        rest = bytes
    }

    /// Nil at the end, and where the bytes are no protobuf.
    mutating func next() -> Field? {
        guard let key = varint() else { return nil }
        switch key & 7 {
        case 0: return varint().map { .number(key >> 3, $0) }
        case 1: return take(8).map { _ in .other(key >> 3) }
        case 2: return varint().flatMap { take($0) }.map { .bytes(key >> 3, $0) }
        case 5: return take(4).map { _ in .other(key >> 3) }
        default: return nil
        }
    }

    private mutating func take(_ count: UInt64) -> ArraySlice<UInt8>? {
        guard count <= UInt64(rest.count) else {
            rest = []
            return nil
        }
        let taken = rest.prefix(Int(count))
        rest = rest.dropFirst(taken.count)
        return taken
    }

    private mutating func varint() -> UInt64? {
        var number: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 64, by: 7) {
            guard let byte = rest.popFirst() else { return nil }
            number |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return number }
        }
        rest = []
        return nil
    }
}
