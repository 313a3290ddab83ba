/// Walks over well-formed CBOR (RFC 8949) in memory. Nothing is built that the caller does not ask for, and no length
/// that a payload claims is believed before its bytes are there.
struct CBORScanner {
    /// How deep a value that nobody asked for may nest.
    static let depthMax = 32

    /// The items of an array, or the pairs of a map, that are still to come.
    struct Items {
        static let none = Items(left: 0, isIndefinite: false)

        fileprivate var left: UInt64
        fileprivate let isIndefinite: Bool
    }

    /// The major types (RFC 8949 section 3.1).
    enum Major: UInt8 {
        case unsigned
        case negative
        case bytes
        case text
        case array
        case map
        case tag
        case simple
    }

    private struct Head {
        let major: Major
        /// The five low bits of the first byte: the argument itself or how it is written.
        let size: UInt8
        let argument: UInt64

        var isIndefinite: Bool { size == 31 }
    }

    private struct Open {
        var items: Items
        let isMap: Bool
        var isValueNext = false
    }

    let bytes: [UInt8]
    private(set) var index = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    // MARK: Structure

    /// What comes next, without taking it; nil at the end.
    var major: Major? {
        index < bytes.count ? Major(rawValue: bytes[index] >> 5) : nil
    }

    func expectEnd() throws(TelemetryError) {
        guard index == bytes.count else { throw malformed("nothing may follow the item") }
    }

    func malformed(_ what: String, at position: Int? = nil) -> TelemetryError {
        TelemetryError(.cborMalformed, "The payload is not valid CBOR: \(what).", position: position ?? index)
    }

    mutating func array() throws(TelemetryError) -> Items {
        let start = index
        let head = try nextHead()
        guard head.major == .array else { throw malformed("an array must stand here", at: start) }
        return try items(of: head, at: start)
    }

    mutating func map() throws(TelemetryError) -> Items {
        let start = index
        let head = try nextHead()
        guard head.major == .map else { throw malformed("a map must stand here", at: start) }
        return try items(of: head, at: start)
    }

    /// Whether one more item, or pair, follows. The end of an indefinite length is taken.
    mutating func takes(_ items: inout Items) throws(TelemetryError) -> Bool {
        if items.isIndefinite {
            guard index < bytes.count else { throw malformed("an indefinite length does not end") }
            guard bytes[index] == 0xFF else { return true }
            index += 1
            return false
        }
        guard items.left > 0 else { return false }
        items.left -= 1
        return true
    }

    private func items(of head: Head, at start: Int) throws(TelemetryError) -> Items {
        if head.isIndefinite { return Items(left: 0, isIndefinite: true) }
        guard head.argument <= UInt64(bytes.count - index) else {
            throw malformed("it ends before the items that it counts", at: start)
        }
        return Items(left: head.argument, isIndefinite: false)
    }

    // MARK: Heads

    private mutating func nextHead() throws(TelemetryError) -> Head {
        guard index < bytes.count, let major = Major(rawValue: bytes[index] >> 5) else {
            throw malformed("an item must stand here")
        }
        let start = index
        let size = bytes[index] & 0x1F
        index += 1
        switch size {
        case ..<24: return Head(major: major, size: size, argument: UInt64(size))
        case 24...27: return Head(major: major, size: size, argument: try argument(1 << Int(size - 24), at: start))
        case 31 where (Major.bytes.rawValue...Major.map.rawValue).contains(major.rawValue):
            return Head(major: major, size: size, argument: 0)
        default: throw malformed("this first byte of an item means nothing here", at: start)
        }
    }

    private mutating func argument(_ count: Int, at start: Int) throws(TelemetryError) -> UInt64 {
        guard bytes.count - index >= count else { throw malformed("an item does not end", at: start) }
        var argument: UInt64 = 0
        for byte in bytes[index..<index + count] { argument = argument << 8 | UInt64(byte) }
        index += count
        return argument
    }

    // MARK: Strings

    /// A text string, put together where it comes in chunks.
    mutating func text() throws(TelemetryError) -> String {
        let start = index
        let head = try nextHead()
        guard head.major == .text else { throw malformed("a text must stand here", at: start) }
        guard head.isIndefinite else { return try text(head, at: start) }
        var text = ""
        while let (chunk, position) = try chunk(of: .text) { text += try self.text(chunk, at: position) }
        return text
    }

    /// A byte string, put together where it comes in chunks.
    mutating func data() throws(TelemetryError) -> [UInt8] {
        let start = index
        let head = try nextHead()
        guard head.major == .bytes else { throw malformed("a byte string must stand here", at: start) }
        guard head.isIndefinite else { return Array(try content(head, at: start)) }
        var data: [UInt8] = []
        while let (chunk, position) = try chunk(of: .bytes) { data += try content(chunk, at: position) }
        return data
    }

    private mutating func text(_ head: Head, at start: Int) throws(TelemetryError) -> String {
        guard let text = String(validating: try content(head, at: start), as: UTF8.self) else {
            throw malformed("a text is no UTF-8", at: start)
        }
        return text
    }

    private mutating func content(_ head: Head, at start: Int) throws(TelemetryError) -> ArraySlice<UInt8> {
        guard head.argument <= UInt64(bytes.count - index) else { throw malformed("a string does not end", at: start) }
        let end = index + Int(head.argument)
        defer { index = end }
        return bytes[index..<end]
    }

    /// The next chunk's head and place; nil where the chunks end. A chunk is of the string's own type and has a length.
    private mutating func chunk(of major: Major) throws(TelemetryError) -> (Head, Int)? {
        var items = Items(left: 0, isIndefinite: true)
        guard try takes(&items) else { return nil }
        let start = index
        let head = try nextHead()
        guard head.major == major, !head.isIndefinite else {
            throw malformed("a chunk of a string must stand here", at: start)
        }
        return (head, start)
    }

    // MARK: Numbers and flags

    /// An integer or a float of any size, or a decimal fraction (tag 4).
    mutating func number() throws(TelemetryError) -> CBORNumber {
        let start = index
        let head = try nextHead()
        switch head.major {
        case .unsigned: return .integer(isNegative: false, head.argument)
        case .negative: return .integer(isNegative: true, head.argument)
        case .tag where head.argument == 4: return try decimalFraction(at: start)
        case .tag where head.argument == 2 || head.argument == 3:
            throw TelemetryError(
                .valueInvalid, "Big numbers are not read: send an integer, a float or a decimal fraction.",
                position: start)
        case .simple:
            guard let float = CBORNumber(floatSize: head.size, bits: head.argument) else { break }
            return float
        default: break
        }
        throw malformed("a number must stand here", at: start)
    }

    /// An integer of major type 0 or 1.
    mutating func integer() throws(TelemetryError) -> (isNegative: Bool, argument: UInt64) {
        let start = index
        let head = try nextHead()
        guard head.major == .unsigned || head.major == .negative else {
            throw malformed("an integer must stand here", at: start)
        }
        return (head.major == .negative, head.argument)
    }

    mutating func flag() throws(TelemetryError) -> Bool {
        guard index < bytes.count, bytes[index] == 0xF4 || bytes[index] == 0xF5 else {
            throw malformed("true or false must stand here")
        }
        index += 1
        return bytes[index - 1] == 0xF5
    }

    private mutating func decimalFraction(at start: Int) throws(TelemetryError) -> CBORNumber {
        var items = try array()
        guard try takes(&items) else { throw malformed("a decimal fraction has an exponent", at: start) }
        let exponent = try integer()
        guard try takes(&items) else { throw malformed("a decimal fraction has a mantissa", at: start) }
        let mantissa = try decimalMantissa()
        guard try !takes(&items) else { throw malformed("a decimal fraction has two parts", at: start) }
        let power = Int64(clamping: exponent.argument)
        return .decimal(
            isNegative: mantissa.isNegative, mantissa.argument, exponent: exponent.isNegative ? -1 - power : power)
    }

    private mutating func decimalMantissa() throws(TelemetryError) -> (isNegative: Bool, argument: UInt64) {
        guard major != .tag else {
            throw TelemetryError(
                .valueInvalid, "A decimal fraction is read where its mantissa is a plain integer.", position: index)
        }
        return try integer()
    }

    // MARK: Values that nobody asked for

    /// Walks over any item. The depth is counted, not recursed into, so that no payload can exhaust the stack.
    mutating func skipItem() throws(TelemetryError) {
        var open: [Open] = []
        repeat {
            let start = index
            if let inner = try skipHead() {
                guard open.count < CBORScanner.depthMax else {
                    throw TelemetryError(
                        .nestingTooDeep, "The payload nests deeper than \(CBORScanner.depthMax) levels.",
                        position: start)
                }
                open.append(inner)
            }
            try closeItems(&open)
        } while !open.isEmpty
    }

    /// Takes an item that holds no others, with the tags before it, or enters one that does.
    private mutating func skipHead() throws(TelemetryError) -> Open? {
        var start = index
        while major == .tag {
            _ = try nextHead()
            start = index
        }
        switch major {
        case .text: _ = try text()
        case .bytes: try skipBytes(at: start)
        case .array: return Open(items: try array(), isMap: false)
        case .map: return Open(items: try map(), isMap: true)
        case .unsigned, .negative, .tag, .simple, nil: try skipSimple(at: start)
        }
        return nil
    }

    private mutating func skipBytes(at start: Int) throws(TelemetryError) {
        let head = try nextHead()
        guard head.isIndefinite else {
            _ = try content(head, at: start)
            return
        }
        while let (chunk, position) = try chunk(of: .bytes) { _ = try content(chunk, at: position) }
    }

    /// A simple value below 32 has one byte (RFC 8949 section 3.3).
    private mutating func skipSimple(at start: Int) throws(TelemetryError) {
        let head = try nextHead()
        guard head.major != .simple || head.size != 24 || head.argument >= 32 else {
            throw malformed("a simple value below 32 has one byte", at: start)
        }
    }

    /// After an item: on to the next one of what is open, or out of all that ends here.
    private mutating func closeItems(_ open: inout [Open]) throws(TelemetryError) {
        while var last = open.popLast() {
            if last.isValueNext {
                last.isValueNext = false
            } else {
                guard try takes(&last.items) else { continue }
                last.isValueNext = last.isMap
            }
            open.append(last)
            return
        }
    }
}
