/// FNC1 inside a GS1 symbol, as readers transmit it: ASCII group separator.
let separator: UInt8 = 0x1D

func isDigit(_ byte: UInt8) -> Bool {
    byte &- 0x30 < 10
}

func isPrintable(_ byte: UInt8) -> Bool {
    byte >= 0x20 && byte <= 0x7E
}

/// GS1 AI encodable character set 82 (GenSpecs figure 7.11-1): letters, digits and `!"%&'()*+,-./:;<=>?_`.
func isCSET82(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x21, 0x22, 0x25...0x3F, 0x41...0x5A, 0x5F, 0x61...0x7A: true
    default: false
    }
}

/// GS1 AI encodable character set 39 (GenSpecs figure 7.11-2): digits, capital letters and `#-/`.
func isCSET39(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x23, 0x2D, 0x2F...0x39, 0x41...0x5A: true
    default: false
    }
}

/// GS1 AI encodable character set 64 (GenSpecs figure 7.11-3) without its filler: letters, digits, `-` and `_`.
func isCSET64(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x2D, 0x30...0x39, 0x41...0x5A, 0x5F, 0x61...0x7A: true
    default: false
    }
}

/// The value of a hexadecimal digit of either case, nil for any other byte.
func hexValue(_ byte: UInt8) -> UInt8? {
    switch byte {
    case 0x30...0x39: byte - 0x30
    case 0x41...0x46: byte - 0x41 + 10
    case 0x61...0x66: byte - 0x61 + 10
    default: nil
    }
}

/// The hexadecimal digit in upper case of the low four bits.
func hexDigit(_ nibble: UInt8) -> UInt8 {
    let low = nibble & 15
    return low < 10 ? 0x30 + low : 0x41 + low - 10
}

/// The number that digits spell. The caller has checked that all bytes are digits, eighteen at most.
func decimal(_ digits: ArraySlice<UInt8>) -> Int {
    digits.reduce(0) { $0 &* 10 &+ Int($1 &- 0x30) }
}

/// The GS1 check digit (GenSpecs section 7.9.1) over digits without their check digit: weights 3, 1, 3 ... from the
/// right. The caller has checked that all bytes are digits.
func gs1CheckDigit(_ digits: ArraySlice<UInt8>) -> UInt8 {
    var sum = 0
    var weight = 3
    for byte in digits.reversed() {
        sum += Int(byte &- 0x30) * weight
        weight = 4 - weight
    }
    return UInt8(0x30 + (10 - sum % 10) % 10)
}
