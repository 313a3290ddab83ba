/// The keys of a US keyboard by the kernel's numbers (linux/input-event-codes.h).
enum KeyLayout {
    /// What a key writes alone and with shift, in ASCII.
    static func character(_ key: UInt16, isShifted: Bool) -> UInt8? {
        characters[key].map { isShifted ? $0.shifted : $0.plain }
    }

    /// The control character of a key pressed with Ctrl; nil where there is none.
    static func control(_ key: UInt16, isShifted: Bool) -> UInt8? {
        guard let character = character(key, isShifted: isShifted) else { return nil }
        switch character {
        case 0x40...0x5F: return character & 0x1F
        case UInt8(ascii: "a")...UInt8(ascii: "z"): return character & 0x1F
        // Where `@`, `^` and `_` need shift, scanners send the key alone too.
        case UInt8(ascii: "2"): return 0x00
        case UInt8(ascii: "6"): return 0x1E
        case UInt8(ascii: "-"): return 0x1F
        default: return nil
        }
    }

    static func isLetter(_ key: UInt16) -> Bool {
        characters[key].map { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0.plain) } ?? false
    }

    static let keypadDigits: [UInt16: Int] = [
        82: 0, 79: 1, 80: 2, 81: 3, 75: 4, 76: 5, 77: 6, 71: 7, 72: 8, 73: 9,
    ]

    static let enter: Set<UInt16> = [28, 96]
    static let tab: UInt16 = 15
    static let f8: UInt16 = 66
    static let capsLock: UInt16 = 58
    static let numLock: UInt16 = 69
    static let shift: Set<UInt16> = [42, 54]
    static let control: Set<UInt16> = [29, 97]
    static let alt: Set<UInt16> = [56, 100]

    /// Runs of neighbouring keys, by the number of the first: what they write alone and with shift.
    private static let rows: [(first: UInt16, plain: String, shifted: String)] = [
        (2, "1234567890-=", "!@#$%^&*()_+"),
        (16, "qwertyuiop[]", "QWERTYUIOP{}"),
        (30, "asdfghjkl;'`", "ASDFGHJKL:\"~"),
        (43, "\\zxcvbnm,./", "|ZXCVBNM<>?"),
        (57, " ", " "),
        (55, "*", "*"),
        (74, "-", "-"),
        (78, "+", "+"),
        (83, ".", "."),
        (98, "/", "/"),
    ]

    private static let characters: [UInt16: (plain: UInt8, shifted: UInt8)] = {
        var characters: [UInt16: (plain: UInt8, shifted: UInt8)] = [:]
        for row in rows {
            for (offset, pair) in zip(row.plain.utf8, row.shifted.utf8).enumerated() {
                characters[row.first + UInt16(offset)] = (pair.0, pair.1)
            }
        }
        for (key, digit) in keypadDigits {
            characters[key] = (0x30 + UInt8(digit), 0x30 + UInt8(digit))
        }
        return characters
    }()
}
