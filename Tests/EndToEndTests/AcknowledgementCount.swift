/// Counts the PUBACK packets in the bytes that a client writes (MQTT 5 sections 2.1 and 3.4).
struct AcknowledgementCount {
    private enum Place {
        case head
        /// In the remaining length, of which so much is known.
        case length(value: Int, shift: Int)
        case body(rest: Int)
    }

    private(set) var total = 0
    private var place = Place.head

    mutating func take(_ bytes: [UInt8]) {
        for byte in bytes {
            switch place {
            case .head:
                if byte >> 4 == 4 { total += 1 }
                place = .length(value: 0, shift: 0)
            case .length(let value, let shift):
                let value = value | Int(byte & 0x7F) << shift
                place = byte & 0x80 != 0 ? .length(value: value, shift: shift + 7) : Self.body(value)
            case .body(let rest): place = Self.body(rest - 1)
            }
        }
    }

    private static func body(_ rest: Int) -> Place { rest > 0 ? .body(rest: rest) : .head }
}
