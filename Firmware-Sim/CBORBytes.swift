/// CBOR being written (RFC 8949): the few kinds of item that a SenML pack needs.
struct CBORBytes: Sendable {
    private enum Major: UInt8 {
        case unsigned = 0x00
        case negative = 0x20
        case text = 0x60
        case array = 0x80
        case map = 0xA0
    }

    private(set) var bytes: [UInt8] = []

    mutating func array(count: Int) { head(.array, UInt64(count)) }

    /// As many keys as values follow, each key before its value.
    mutating func map(count: Int) { head(.map, UInt64(count)) }

    mutating func integer(_ number: Int) {
        if number < 0 {
            head(.negative, UInt64(-1 - number))
        } else {
            head(.unsigned, UInt64(number))
        }
    }

    mutating func text(_ text: String) {
        head(.text, UInt64(text.utf8.count))
        bytes += text.utf8
    }

    mutating func flag(_ isTrue: Bool) { bytes.append(isTrue ? 0xF5 : 0xF4) }

    /// With 64 bits, whatever the value.
    mutating func double(_ number: Double) {
        bytes.append(0xFB)
        append(number.bitPattern, bytes: 8)
    }

    private mutating func head(_ major: Major, _ number: UInt64) {
        switch number {
        case ..<24: bytes.append(major.rawValue | UInt8(number))
        case ..<0x100: start(major, 24, number, 1)
        case ..<0x1_0000: start(major, 25, number, 2)
        case ..<0x1_0000_0000: start(major, 26, number, 4)
        default: start(major, 27, number, 8)
        }
    }

    private mutating func start(_ major: Major, _ form: UInt8, _ number: UInt64, _ width: Int) {
        bytes.append(major.rawValue | form)
        append(number, bytes: width)
    }

    /// The last bytes of a number, the highest first.
    private mutating func append(_ number: UInt64, bytes width: Int) {
        for shift in stride(from: (width - 1) * 8, through: 0, by: -8) {
            bytes.append(UInt8(truncatingIfNeeded: number >> UInt64(shift)))
        }
    }
}
