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
    ]

    mutating func mutate(_ samples: [[UInt8]]) -> [UInt8] {
        guard var bytes = samples.randomElement(using: &numbers) else { return [] }
        for _ in 0..<Int.random(in: 1...6, using: &numbers) { change(&bytes, samples) }
        return bytes
    }

    private mutating func change(_ bytes: inout [UInt8], _ samples: [[UInt8]]) {
        let place = Int.random(in: 0...bytes.count, using: &numbers)
        let end = min(bytes.count, place + Int.random(in: 0...16, using: &numbers))
        switch Int.random(in: 0..<7, using: &numbers) {
        case 0 where place < bytes.count: bytes[place] = .random(in: 0...255, using: &numbers)
        case 1 where place < bytes.count: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &numbers)
        case 2: bytes.removeSubrange(place..<end)
        case 3: bytes.insert(contentsOf: bytes[place..<end], at: place)
        case 4: bytes.insert(contentsOf: Self.words.randomElement(using: &numbers) ?? [], at: place)
        case 5: bytes.removeLast(bytes.count - place)
        default:
            let other = samples.randomElement(using: &numbers) ?? []
            let start = Int.random(in: 0...other.count, using: &numbers)
            bytes.replaceSubrange(place..., with: other[start...])
        }
    }
}
