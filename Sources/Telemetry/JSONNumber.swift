/// A number as JSON writes it, not yet rounded to anything.
package struct JSONNumber {
    package let bytes: ArraySlice<UInt8>
    let isNegative: Bool
    let integer: ArraySlice<UInt8>
    let fraction: ArraySlice<UInt8>
    let hasExponent: Bool

    private static let powersOfTen: [Double] = [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
    ]

    /// The nearest double; nil where that is infinite.
    var double: Double? {
        if let exact = shortDouble { return exact }
        guard let value = Double(String(decoding: bytes, as: UTF8.self)), value.isFinite else { return nil }
        return value
    }

    /// Up to 15 digits make an integer below 2^53 and a power of ten that are both exact, so that one division gives
    /// the correctly rounded value (Clinger 1990): far faster than the general way, which must give the same.
    private var shortDouble: Double? {
        let digits = integer.count + fraction.count
        guard !hasExponent, digits <= 15 else { return nil }
        var mantissa: Int64 = 0
        for byte in integer { mantissa = mantissa * 10 + Int64(byte &- 0x30) }
        for byte in fraction { mantissa = mantissa * 10 + Int64(byte &- 0x30) }
        let value = Double(mantissa) / JSONNumber.powersOfTen[fraction.count]
        return isNegative ? -value : value
    }

    /// The value where it is written as a whole number from 0 to 2^64 - 1.
    var unsigned: UInt64? {
        guard !isNegative, !hasExponent, fraction.isEmpty else { return nil }
        return UInt64(String(decoding: integer, as: UTF8.self))
    }

    /// Seconds as microseconds, what is finer cut off; nil outside the times that a reading may have. Decimal digits
    /// are counted as digits, because a double of today's seconds is already off by tenths of a microsecond.
    var microseconds: Int64? {
        if hasExponent { return roundedMicroseconds }
        guard integer.count <= 12 else { return nil }
        var micros: Int64 = 0
        for byte in integer { micros = micros * 10 + Int64(byte &- 0x30) }
        for byte in fraction.prefix(6) { micros = micros * 10 + Int64(byte &- 0x30) }
        for _ in 0..<(6 - min(6, fraction.count)) { micros *= 10 }
        return JSONNumber.time(isNegative ? -micros : micros)
    }

    private var roundedMicroseconds: Int64? {
        guard let double, let micros = Int64(exactly: (double * 1e6).rounded()) else { return nil }
        return JSONNumber.time(micros)
    }

    private static func time(_ micros: Int64) -> Int64? {
        micros >= Reading.timeMin && micros <= Reading.timeMax ? micros : nil
    }
}
