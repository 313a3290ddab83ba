/// A number as CBOR writes it (RFC 8949 sections 3.1, 3.3 and 3.4.4), not yet rounded to anything.
enum CBORNumber {
    /// The argument itself, or where negative -1 minus the argument.
    case integer(isNegative: Bool, UInt64)
    case float(Double)
    /// An integer as above, times ten to the power of the exponent.
    case decimal(isNegative: Bool, UInt64, exponent: Int64)

    /// From here on, whatever 64 bits of mantissa say is infinite or 0.
    private static let exponentMax: Int64 = 1_000

    private static let powersOfTen: [UInt64] = {
        var powers: [UInt64] = [1]
        for _ in 1..<20 { powers.append((powers.last ?? 1) * 10) }
        return powers
    }()

    /// Reads the bits of a half, single or double; nil for what is no float.
    init?(floatSize: UInt8, bits: UInt64) {
        switch floatSize {
        case 25: self = .float(CBORNumber.half(bits))
        case 26: self = .float(Double(Float(bitPattern: UInt32(truncatingIfNeeded: bits))))
        case 27: self = .float(Double(bitPattern: bits))
        default: return nil
        }
    }

    private static func half(_ bits: UInt64) -> Double {
        let fraction = Double(bits & 0x3FF)
        let magnitude: Double =
            switch Int(bits >> 10 & 0x1F) {
            case 0: fraction * 0x1p-24
            case 31: fraction == 0 ? .infinity : .nan
            case let exponent: Double(sign: .plus, exponent: exponent - 25, significand: 1_024 + fraction)
            }
        return bits & 0x8000 == 0 ? magnitude : -magnitude
    }

    /// The nearest double; nil where that is infinite or no number.
    var double: Double? {
        let value: Double? =
            switch self {
            case .integer(let isNegative, let argument): CBORNumber.double(isNegative, argument)
            case .float(let float): float
            case .decimal(let isNegative, let argument, let exponent):
                CBORNumber.double(isNegative, argument, exponent)
            }
        guard let value, value.isFinite else { return nil }
        return value
    }

    /// Seconds as microseconds; nil outside the times that a reading may have. A float is rounded to the nearest one;
    /// of a decimal fraction what is finer is cut off, as of decimal digits in JSON.
    var microseconds: Int64? {
        switch self {
        case .integer(let isNegative, let argument): CBORNumber.microseconds(isNegative, argument, 0)
        case .float(let seconds): CBORNumber.time(Int64(exactly: (seconds * 1e6).rounded()))
        case .decimal(let isNegative, let argument, let exponent):
            CBORNumber.microseconds(isNegative, argument, exponent)
        }
    }

    private static func double(_ isNegative: Bool, _ argument: UInt64) -> Double {
        guard isNegative else { return Double(argument) }
        let (magnitude, isOver) = argument.addingReportingOverflow(1)
        return isOver ? -0x1p64 : -Double(magnitude)
    }

    /// An integer below 2^53 and a power of ten up to 10^19 are both exact, so that one multiplication or division is
    /// correctly rounded (Clinger 1990); the rest goes the general way through its digits.
    private static func double(_ isNegative: Bool, _ argument: UInt64, _ exponent: Int64) -> Double? {
        let integer = double(isNegative, argument)
        let power = Int(clamping: exponent.magnitude)
        if argument < 1 << 53, power < powersOfTen.count {
            return exponent < 0 ? integer / Double(powersOfTen[power]) : integer * Double(powersOfTen[power])
        }
        let clamped = min(max(exponent, -exponentMax), exponentMax)
        let (magnitude, isOver) = argument.addingReportingOverflow(isNegative ? 1 : 0)
        let digits = isOver ? "18446744073709551616" : String(magnitude)
        return Double("\(isNegative ? "-" : "")\(digits)e\(clamped)")
    }

    private static func microseconds(_ isNegative: Bool, _ argument: UInt64, _ exponent: Int64) -> Int64? {
        let (magnitude, isOver) = argument.addingReportingOverflow(isNegative ? 1 : 0)
        let (power, isFar) = exponent.addingReportingOverflow(6)
        guard !isOver, !isFar else { return nil }
        guard let scaled = scaled(magnitude, by: power), let micros = Int64(exactly: scaled) else { return nil }
        return time(isNegative ? -micros : micros)
    }

    private static func scaled(_ magnitude: UInt64, by power: Int64) -> UInt64? {
        guard magnitude > 0 else { return 0 }
        guard power.magnitude < UInt64(powersOfTen.count) else { return power < 0 ? 0 : nil }
        let factor = powersOfTen[Int(power.magnitude)]
        if power < 0 { return magnitude / factor }
        let (product, isOver) = magnitude.multipliedReportingOverflow(by: factor)
        return isOver ? nil : product
    }

    private static func time(_ micros: Int64?) -> Int64? {
        guard let micros, micros >= Reading.timeMin, micros <= Reading.timeMax else { return nil }
        return micros
    }
}
