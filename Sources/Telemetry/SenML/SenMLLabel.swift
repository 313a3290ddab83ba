/// The fields of a record (RFC 8428 section 4.3); the raw values are their CBOR labels.
enum SenMLLabel: Int8 {
    case baseSum = -6
    case baseValue = -5
    case baseUnit = -4
    case baseTime = -3
    case baseName = -2
    case version = -1
    case name = 0
    case unit = 1
    case value = 2
    case text = 3
    case flag = 4
    case sum = 5
    case time = 6
    case updateTime = 7
    case data = 8

    /// Reads a JSON label. Its bytes make one number, because comparing with one text after the other is too slow here.
    init?(_ text: String) {
        guard text.utf8.count <= 4 else { return nil }
        var code: UInt32 = 0
        for byte in text.utf8 { code = code << 8 | UInt32(byte) }
        switch code {
        case 0x6E: self = .name
        case 0x75: self = .unit
        case 0x76: self = .value
        case 0x74: self = .time
        case 0x73: self = .sum
        case 0x76_73: self = .text
        case 0x76_62: self = .flag
        case 0x76_64: self = .data
        case 0x75_74: self = .updateTime
        case 0x62_6E: self = .baseName
        case 0x62_74: self = .baseTime
        case 0x62_75: self = .baseUnit
        case 0x62_76: self = .baseValue
        case 0x62_73: self = .baseSum
        case 0x62_76_65_72: self = .version
        default: return nil
        }
    }

    /// One bit of sixteen, for the set of labels that a record has shown.
    var bit: UInt16 { 1 << UInt16(rawValue - SenMLLabel.baseSum.rawValue) }

    /// The JSON label, for messages.
    var spelling: StaticString {
        switch self {
        case .baseSum: "bs"
        case .baseValue: "bv"
        case .baseUnit: "bu"
        case .baseTime: "bt"
        case .baseName: "bn"
        case .version: "bver"
        case .name: "n"
        case .unit: "u"
        case .value: "v"
        case .text: "vs"
        case .flag: "vb"
        case .sum: "s"
        case .time: "t"
        case .updateTime: "ut"
        case .data: "vd"
        }
    }

    /// An unknown label that ends in `_` must be understood, all others may be ignored (RFC 8428 section 4.4).
    static func checkIgnorable(_ text: String, at position: Int) throws(TelemetryError) {
        guard text.utf8.last != UInt8(ascii: "_") else {
            throw TelemetryError(
                .labelUnknown, "The pack must not be read without understanding a label that is unknown here.",
                position: position)
        }
    }
}
