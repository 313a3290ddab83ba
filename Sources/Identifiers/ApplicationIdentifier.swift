/// One row of the GS1 application identifier table (GS1 General Specifications section 3; GS1 Barcode Syntax
/// Dictionary).
struct ApplicationIdentifier: Sendable {
    /// The digits as a number. No two application identifiers share one, though `00` has two digits and `8003` four.
    typealias Number = UInt16

    /// One stretch of a value with its own alphabet and check.
    struct Part: Sendable {
        enum Alphabet: Sendable {
            case digits
            case cset82
        }

        enum Check: Sendable {
            case none
            case checkDigit
            case date
            case zero
            case pieceOfTotal
        }

        let alphabet: Alphabet
        let lengthMin: Int
        let lengthMax: Int
        let check: Check

        static func digits(_ length: Int, _ check: Check = .none) -> Part {
            Part(alphabet: .digits, lengthMin: length, lengthMax: length, check: check)
        }

        static func digits(upTo length: Int) -> Part {
            Part(alphabet: .digits, lengthMin: 1, lengthMax: length, check: .none)
        }

        static func text(upTo length: Int) -> Part {
            Part(alphabet: .cset82, lengthMin: 1, lengthMax: length, check: .none)
        }

        static func optionalText(upTo length: Int) -> Part {
            Part(alphabet: .cset82, lengthMin: 0, lengthMax: length, check: .none)
        }
    }

    let code: String
    let number: Number
    let parts: [Part]

    /// True where GS1 fixes the length for ever, so that no separator follows (GenSpecs figure 7.8.5-2).
    let isPredefinedLength: Bool

    /// Each group asks for one of its members in the same package.
    let requires: [[Number]]

    /// None of these may stand in the same symbol.
    let excludes: [Number]

    let lengthMin: Int
    let lengthMax: Int

    init(
        _ code: String,
        _ parts: Part...,
        predefined: Bool = false,
        requires: [[Number]] = [],
        excludes: [Number] = []
    ) {
        self.code = code
        self.number = code.utf8.reduce(0) { $0 &* 10 &+ Number($1 &- 0x30) }
        self.parts = parts
        self.isPredefinedLength = predefined
        self.requires = requires
        self.excludes = excludes
        self.lengthMin = parts.reduce(0) { $0 + $1.lengthMin }
        self.lengthMax = parts.reduce(0) { $0 + $1.lengthMax }
    }

    /// The digits as GS1 writes them: never fewer than two.
    static func text(_ number: Number) -> String {
        number < 10 ? "0\(number)" : "\(number)"
    }
}
