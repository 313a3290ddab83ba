/// Reads the bits of a tag, the most significant first. Each place is counted in bits from 0.
struct EPCBitReader {
    private let digits: [UInt8]
    private(set) var position = 0

    /// `digits` are the values of hexadecimal digits, four bits each.
    init(digits: [UInt8]) {
        self.digits = digits
    }

    var count: Int { digits.count * 4 }

    var left: Int { count - position }

    /// The next bits as a number; at most 64.
    mutating func read(_ bits: Int) throws(IdentifierError) -> UInt64 {
        guard bits <= left else { throw short(of: bits) }
        var value: UInt64 = 0
        for _ in 0..<bits { value = value << 1 | next() }
        return value
    }

    /// The next bits as a decimal number, with zeros in front up to `length`. Nil where it takes more digits.
    mutating func readDecimal(_ bits: Int, length: Int) throws(IdentifierError) -> String? {
        guard bits <= left else { throw short(of: bits) }
        var number = EPCNumber()
        for _ in 0..<bits { number.multiply(by: 2, adding: UInt32(next())) }
        return number.decimal(length: length)
    }

    /// True where all bits after this place are zero.
    var isRestZero: Bool {
        var rest = self
        while rest.left > 0 {
            guard rest.next() == 0 else { return false }
        }
        return true
    }

    private mutating func next() -> UInt64 {
        let digit = digits[position / 4]
        defer { position += 1 }
        return UInt64(digit >> UInt8(3 - position % 4)) & 1
    }

    private func short(of bits: Int) -> IdentifierError {
        IdentifierError(
            .epcTooShort, "The tag data end too soon: \(bits) more bits are needed here, \(left) are left.")
    }
}

/// Collects the bits of a tag, the most significant first.
struct EPCBitWriter: Hashable, Sendable {
    private var bits: [UInt8] = []

    init() {}

    /// The first bits of these hexadecimal digits.
    init(digits: [UInt8], count: Int) {
        for index in 0..<min(count, digits.count * 4) {
            bits.append(digits[index / 4] >> UInt8(3 - index % 4) & 1)
        }
    }

    var count: Int { bits.count }

    /// Appends a number in so many bits, at most 64. False, and nothing appended, where it takes more.
    mutating func append(_ value: UInt64, _ count: Int) -> Bool {
        guard count >= 64 || value >> UInt64(count) == 0 else { return false }
        for shift in stride(from: count - 1, through: 0, by: -1) { bits.append(UInt8(value >> UInt64(shift) & 1)) }
        return true
    }

    /// Appends a number written in decimal digits in so many bits. False, and nothing appended, where it takes more.
    mutating func appendDecimal(_ digits: some Sequence<UInt8>, _ count: Int) -> Bool {
        var number = EPCNumber()
        for digit in digits { number.multiply(by: 10, adding: UInt32(digit &- 0x30)) }
        guard let value = number.bits(count) else { return false }
        bits += value
        return true
    }

    /// Appends a field of the scheme itself, which fits by its making.
    mutating func appendFixed(_ value: UInt64, _ count: Int) {
        _ = append(value, count)
    }

    mutating func appendZeros(upTo end: Int) {
        while bits.count < end { bits.append(0) }
    }

    /// Upper-case hexadecimal digits, with zero bits up to a multiple of `multiple`, which is a multiple of four.
    func hex(multiple: Int) -> String {
        var text: [UInt8] = []
        let end = (bits.count + multiple - 1) / multiple * multiple
        for start in stride(from: 0, to: end, by: 4) {
            var digit: UInt8 = 0
            for index in start..<start + 4 { digit = digit << 1 | (index < bits.count ? bits[index] : 0) }
            text.append(digit < 10 ? 0x30 + digit : 0x41 + digit - 10)
        }
        return String(decoding: text, as: UTF8.self)
    }
}

/// A number of any size: tags hold decimal fields of up to 299 bits.
private struct EPCNumber {
    /// The least significant first.
    private var words: [UInt32] = []

    mutating func multiply(by factor: UInt32, adding term: UInt32) {
        var carry = UInt64(term)
        for index in words.indices {
            carry += UInt64(words[index]) * UInt64(factor)
            words[index] = UInt32(truncatingIfNeeded: carry)
            carry >>= 32
        }
        if carry > 0 { words.append(UInt32(carry)) }
    }

    /// Nil where the number takes more bits.
    func bits(_ count: Int) -> [UInt8]? {
        var bits = [UInt8](repeating: 0, count: count)
        for index in 0..<words.count * 32 where words[index / 32] >> UInt32(index % 32) & 1 == 1 {
            guard index < count else { return nil }
            bits[count - 1 - index] = 1
        }
        return bits
    }

    /// With zeros in front up to `length`; nil where the number takes more digits.
    func decimal(length: Int) -> String? {
        var rest = words
        var digits: [UInt8] = []
        while !rest.isEmpty {
            digits.append(0x30 + EPCNumber.divideByTen(&rest))
            guard digits.count <= length else { return nil }
        }
        while digits.count < length { digits.append(0x30) }
        return String(decoding: digits.reversed(), as: UTF8.self)
    }

    /// Divides in place and gives the remainder.
    private static func divideByTen(_ words: inout [UInt32]) -> UInt8 {
        var remainder: UInt64 = 0
        for index in words.indices.reversed() {
            let dividend = remainder << 32 | UInt64(words[index])
            words[index] = UInt32(dividend / 10)
            remainder = dividend % 10
        }
        while words.last == 0 { words.removeLast() }
        return UInt8(remainder)
    }
}
