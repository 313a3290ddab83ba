import Rig

/// Makes new inputs from sound ones, the same from the same seed.
struct Mutator {
    private var numbers: SeededRandom

    init(seed: UInt64) { numbers = SeededRandom(seed: seed) }

    /// Numbers and texts on which parsers have stumbled.
    private static let words: [[UInt8]] = [
        Array("-1".utf8), Array("18446744073709551616".utf8), Array("9223372036854775807".utf8), Array("1e999".utf8),
        Array("\u{2014} ".utf8), Array("\n\n".utf8), [0x1D], [0], [0xFF, 0xFE], [0xC0, 0x80], [0xED, 0xA0, 0x80],
        [0x0A, 0x20], [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01], Array("((((((((((((((((".utf8),
        Array("[[[[[[[[[[[[[[[[".utf8), Array("{\"a\":".utf8), Array("%00%ff".utf8), Array("&a *a".utf8),
        Array("31.12.9999 23:59:60-23:59".utf8), Array("\\u0000".utf8), Array("=".utf8), Array(".s".utf8), [0x22],
        // CBOR: indefinite lengths and their end, the largest numbers, a decimal fraction, an infinite half.
        [0x9F], [0xBF], [0x5F, 0x7F], [0xFF], [0x1B] + [UInt8](repeating: 0xFF, count: 8),
        [0x3B] + [UInt8](repeating: 0xFF, count: 8), [0xC4, 0x82, 0x3B] + [UInt8](repeating: 0xFF, count: 8),
        [0xFB, 0x7F, 0xEF] + [UInt8](repeating: 0xFF, count: 6), [0xF9, 0x7C, 0x00],
    ]

    mutating func mutate(_ samples: [[UInt8]]) -> [UInt8] {
        guard var bytes = samples.randomElement(using: &numbers) else { return [] }
        let changesMax = Int.random(in: 1...6, using: &numbers)
        for _ in 0..<Int.random(in: 1...changesMax, using: &numbers) { change(&bytes, samples) }
        if Int.random(in: 0..<256, using: &numbers) == 0 { lengthen(&bytes) }
        return bytes
    }

    /// The longest input, in bytes.
    private static let bytesMax = 98_304

    /// Repeats a part until limits are reached.
    private mutating func lengthen(_ bytes: inout [UInt8]) {
        let place = Int.random(in: 0...bytes.count, using: &numbers)
        let part = bytes[place...].prefix(Int.random(in: 1...64, using: &numbers))
        let timesMax = min(5_000, (Self.bytesMax - bytes.count) / max(part.count, 1))
        guard timesMax > 0 else { return }
        let times = Int.random(in: 1...timesMax, using: &numbers)
        bytes.insert(contentsOf: Array(repeatElement(part, count: times).joined()), at: place)
    }

    /// Puts another number where one is written in digits, so that a text stays well formed.
    private mutating func changeNumber(in bytes: inout [UInt8], after place: Int) {
        guard let begin = bytes[place...].firstIndex(where: Self.isDigit) else { return }
        let end = bytes[begin...].firstIndex { !Self.isDigit($0) } ?? bytes.endIndex
        bytes.replaceSubrange(begin..<end, with: Self.numerals.randomElement(using: &numbers) ?? [])
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 }

    private static let numerals = [
        "0", "-1", "00", "12", "59", "60", "255", "9999", "10000", "1e308", "-0", "1e-400", "0.1e1", "9007199254740993",
        "268435455.999999", "253402300799.9999999", "253402300800", "-62135596801", "18446744073709551615",
        "9223372036854775808", "0.000000000000000000000000000000000000001", "123456789012345678901234567890",
    ].map { Array($0.utf8) }

    private mutating func change(_ bytes: inout [UInt8], _ samples: [[UInt8]]) {
        let place = Int.random(in: 0...bytes.count, using: &numbers)
        let end = min(bytes.count, place + Int.random(in: 0...16, using: &numbers))
        switch Int.random(in: 0..<8, using: &numbers) {
        case 0 where place < bytes.count: bytes[place] = .random(in: 0...255, using: &numbers)
        case 1 where place < bytes.count: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &numbers)
        case 2: bytes.removeSubrange(place..<end)
        case 3: bytes.insert(contentsOf: bytes[place..<end], at: place)
        case 4: bytes.insert(contentsOf: Self.words.randomElement(using: &numbers) ?? [], at: place)
        case 5: bytes.removeLast(bytes.count - place)
        case 6: changeNumber(in: &bytes, after: place)
        default:
            let other = samples.randomElement(using: &numbers) ?? []
            let start = Int.random(in: 0...other.count, using: &numbers)
            bytes.replaceSubrange(place..., with: other[start...])
        }
    }
}
