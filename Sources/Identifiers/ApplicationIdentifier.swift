/// One row of the GS1 application identifier table (GS1 General Specifications section 3; GS1 Barcode Syntax
/// Dictionary). A class, because rows are handed around for each scanned element and never change.
final class ApplicationIdentifier: Sendable {
    /// The digits as a number. No two application identifiers share one, though `00` has two digits and `8003` four.
    typealias Number = UInt16

    /// The characters that one stretch of a value may hold (GenSpecs section 7.11).
    enum Alphabet: Sendable {
        case digits
        case cset82
        case cset39
        case cset64
    }

    /// One stretch of a value with its own alphabet and checks. Only the last may vary in length, and after an
    /// optional one all are optional.
    struct Part: Sendable {
        let alphabet: Alphabet
        let lengthMin: Int
        let lengthMax: Int
        var isOptional = false
        let checks: [GS1Check]

        static func digits(_ length: Int, _ checks: GS1Check...) -> Part {
            Part(alphabet: .digits, lengthMin: length, lengthMax: length, checks: checks)
        }

        static func digits(upTo length: Int, _ checks: GS1Check...) -> Part {
            Part(alphabet: .digits, lengthMin: 1, lengthMax: length, checks: checks)
        }

        static func text(_ length: Int, _ checks: GS1Check...) -> Part {
            Part(alphabet: .cset82, lengthMin: length, lengthMax: length, checks: checks)
        }

        static func text(upTo length: Int, _ checks: GS1Check...) -> Part {
            Part(alphabet: .cset82, lengthMin: 1, lengthMax: length, checks: checks)
        }

        static func component(upTo length: Int, _ checks: GS1Check...) -> Part {
            Part(alphabet: .cset39, lengthMin: 1, lengthMax: length, checks: checks)
        }

        static func base64(upTo length: Int) -> Part {
            Part(alphabet: .cset64, lengthMin: 1, lengthMax: length, checks: [])
        }

        var optional: Part {
            Part(alphabet: alphabet, lengthMin: lengthMin, lengthMax: lengthMax, isOptional: true, checks: checks)
        }
    }

    /// One application identifier, or all that begin alike: the dictionary writes `31nn` for 3100 to 3199.
    struct Pattern: Sendable, Equatable {
        let first: Number
        let last: Number

        init(_ text: some StringProtocol) {
            let digits = { (filler: UInt8) in
                text.utf8.reduce(Number(0)) {
                    $0 * 10 + Number(($1 == UInt8(ascii: "n") ? filler : $1) - 0x30)
                }
            }
            first = digits(0x30)
            last = digits(0x39)
        }

        func matches(_ number: Number) -> Bool {
            first <= number && number <= last
        }
    }

    /// A rule that asks for other elements in the same package: one of the alternatives, each of which is met by all
    /// of its patterns together.
    struct Requirement: Sendable {
        /// As reports print it: alternatives joined with `|`, what must stand together joined with `+`.
        let text: String
        let alternatives: [[Pattern]]

        /// The alternatives that meet the rule and are not named: see `ApplicationIdentifierTable`.
        let silent: [Pattern]

        /// Reads `00|01+21|(03)`, with an alternative that is not named in brackets.
        init(_ spelled: String) {
            let parts = spelled.split(separator: "|")
            let named = parts.filter { !$0.hasPrefix("(") }
            text = named.joined(separator: "|")
            alternatives = named.map { $0.split(separator: "+").map { Pattern($0) } }
            silent = parts.filter { $0.hasPrefix("(") }.map { Pattern($0.dropFirst().dropLast()) }
        }
    }

    let code: String
    let number: Number

    let parts: [Part]

    /// True where GS1 fixes the length for ever, so that no separator follows (GenSpecs figure 7.8.5-2).
    let isPredefinedLength: Bool

    let requirements: [Requirement]

    /// None of these may stand on the same package, except itself.
    let excludes: [Pattern]

    /// Whether the query of a Digital Link may hold it (GS1 Digital Link Standard: URI Syntax, section 4.10).
    let isAttribute: Bool

    /// For a primary key of Digital Links: the sequences of qualifiers that may follow it, each in its order.
    let paths: [[Number]]

    let lengthMin: Int
    let lengthMax: Int

    init(
        _ code: String,
        _ parts: Part...,
        predefined: Bool = false,
        attribute: Bool = true,
        requires: [String] = [],
        excludes: [String] = [],
        paths: [[Number]] = []
    ) {
        self.code = code
        self.number = Pattern(code).first
        self.parts = parts
        self.isPredefinedLength = predefined
        self.requirements = requires.map(Requirement.init)
        self.excludes = excludes.map { Pattern($0) }
        self.isAttribute = attribute
        self.paths = paths
        self.lengthMin = parts.reduce(0) { $0 + ($1.isOptional ? 0 : $1.lengthMin) }
        self.lengthMax = parts.reduce(0) { $0 + $1.lengthMax }
    }

    /// Sorts numbers as their digits do as text: two digits below 100, and no application identifier begins with
    /// another.
    static func textOrder(_ number: Number) -> Int {
        switch number {
        case 0..<100: Int(number) * 100
        case 100..<1_000: Int(number) * 10
        default: Int(number)
        }
    }

    /// Such as `14 characters` or `1 to 20 characters`.
    var lengthText: String {
        lengthMin == lengthMax ? "\(lengthMax) characters" : "\(lengthMin) to \(lengthMax) characters"
    }
}

extension ApplicationIdentifier.Alphabet {
    /// The index of the first byte that does not belong here.
    func firstOutside(_ value: ArraySlice<UInt8>) -> Int? {
        switch self {
        case .digits: value.firstIndex { !isDigit($0) }
        case .cset82: value.firstIndex { !isCSET82($0) }
        case .cset39: value.firstIndex { !isCSET39($0) }
        case .cset64: GS1Base64.firstOutside(value)
        }
    }

    /// For the sentence "takes only ... here".
    var name: String {
        switch self {
        case .digits: "digits"
        case .cset82: "the characters of GS1 character set 82"
        case .cset39: "digits, capital letters, # - and /"
        case .cset64: "letters, digits, - and _ (base64url), with = only to fill up to a multiple of three"
        }
    }
}

/// GS1 AI encodable character set 64 (GenSpecs figure 7.11-3): file-safe base64.
enum GS1Base64 {
    /// The index of the first byte that does not belong; up to two `=` may fill the end up to a multiple of three.
    static func firstOutside(_ value: ArraySlice<UInt8>) -> Int? {
        let end = (value.lastIndex { $0 != UInt8(ascii: "=") } ?? value.startIndex - 1) + 1
        let fill = value.endIndex - end
        if let outside = value[..<end].firstIndex(where: { !isCSET64($0) }) { return outside }
        return fill > 2 || (fill > 0 && !value.count.isMultiple(of: 3)) ? end : nil
    }
}
