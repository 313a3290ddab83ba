/// An order's id: the opener's origin and a ULID, so that nobody can take a name before its owner does.
public enum OrderName {
    static let alphabet = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZ".utf8)
    static let ulidLength = 26

    /// - Parameters:
    ///   - milliseconds: UTC, since 1970-01-01.
    ///   - random: 80 bits of randomness; more is ignored.
    public static func make(origin: String, milliseconds: UInt64, random: (UInt64, UInt16)) -> String {
        var characters = [UInt8](repeating: 0, count: ulidLength)
        for place in 0..<10 { characters[place] = digit(milliseconds >> UInt64(45 - 5 * place)) }
        for place in 0..<12 { characters[10 + place] = digit(random.0 >> UInt64(59 - 5 * place)) }
        let rest = (random.0 & 0xF) << 16 | UInt64(random.1)
        for place in 0..<4 { characters[22 + place] = digit(rest >> UInt64(15 - 5 * place)) }
        return "\(origin)/\(String(decoding: characters, as: UTF8.self))"
    }

    private static func digit(_ value: UInt64) -> UInt8 { alphabet[Int(value & 31)] }

    /// Whether the name is one that the gateway of this log gave: a later generation goes on with what was opened before.
    static func belongs(_ order: String, to origin: String) -> Bool {
        if isNamed(order, after: origin) { return true }
        let gateway = Generation.gateway(ofOrigin: origin)
        guard gateway != origin, order.utf8.count > ulidLength else { return false }
        let opener = String(decoding: order.utf8.dropLast(ulidLength + 1), as: UTF8.self)
        return Generation.gateway(ofOrigin: opener) == gateway && isNamed(order, after: opener)
            && Generation.number(ofOrigin: opener) < Generation.number(ofOrigin: origin)
    }

    private static func isNamed(_ order: String, after origin: String) -> Bool {
        var order = order
        return order.withUTF8 { name in
            name.count == origin.utf8.count + 1 + ulidLength && name.suffix(ulidLength).allSatisfy(isDigit)
        } && order.hasPrefix("\(origin)/")
    }

    private static func isDigit(_ byte: UInt8) -> Bool { digits >> UInt128(byte) & 1 == 1 }

    /// `alphabet`, one bit for each byte.
    private static let digits = alphabet.reduce(UInt128(0)) { $0 | 1 << UInt128($1) }
}
