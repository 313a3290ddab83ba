/// One data structure of ISBT 128 (ICCBBA ST-001, Standard Technical Specification, table 2): its data identifier, which
/// is also `Identifier.Element.ai`, and what follows it.
final class ISBT128Structure: Sendable {
    /// How long the content is.
    enum Length: Sendable {
        case fixed(Int)

        /// After `skipped` characters, `digits` digits say how many groups of `each` characters follow.
        case counted(skipped: Int = 0, digits: Int, each: Int)
    }

    enum Alphabet: Sendable {
        case digits
        case capitalsAndDigits
        case lettersAndDigits
        case text
    }

    enum Form: Sendable {
        case plain(Alphabet)
        case donation
        case dayOfYear
        case dayOfYearAndTime
        case month
    }

    /// What the content means for a UDI.
    enum Role: Sendable {
        case device
        case container
        case serial
        case donation
        case lot
        case expiry
        case manufactured
        case other

        /// Names a donor, a patient or a member of staff: read over, and never kept.
        case person
    }

    /// The data identifier: `=` alone for a donation identification number, whose second character is content.
    let ai: String

    let length: Length
    let form: Form
    let role: Role

    /// Each group asks for one of its members in the same package.
    let requires: [[String]]

    init(
        _ ai: String,
        _ length: Length,
        _ form: Form = .plain(.capitalsAndDigits),
        _ role: Role = .other,
        requires: [[String]] = []
    ) {
        self.ai = ai
        self.length = length
        self.form = form
        self.role = role
        self.requires = requires
    }

    private static let product = [["=/", "=<"]]
    private static let anything = [["=/", "=<", "=)", "=-"]]
    private static let donated = [["="]]

    static let donation = ISBT128Structure("=", .fixed(15), .donation, .donation, requires: product)

    static let rows = [
        donation,
        ISBT128Structure("=%", .fixed(4), .plain(.lettersAndDigits), requires: donated),
        ISBT128Structure("=<", .fixed(8), .plain(.lettersAndDigits), requires: donated),
        ISBT128Structure("=>", .fixed(6), .dayOfYear, .expiry, requires: anything),
        ISBT128Structure("&>", .fixed(10), .dayOfYearAndTime, .expiry, requires: anything),
        ISBT128Structure("=*", .fixed(6), .dayOfYear, requires: anything),
        ISBT128Structure("&*", .fixed(10), .dayOfYearAndTime, requires: anything),
        ISBT128Structure("=}", .fixed(6), .dayOfYear, .manufactured, requires: anything),
        ISBT128Structure("&}", .fixed(10), .dayOfYearAndTime, .manufactured, requires: anything),
        ISBT128Structure("&(", .fixed(5), requires: donated),
        ISBT128Structure("={", .fixed(18), .plain(.lettersAndDigits), requires: donated),
        ISBT128Structure("=\\", .fixed(18), .plain(.lettersAndDigits), requires: donated),
        ISBT128Structure("&\\", .fixed(18), .plain(.lettersAndDigits), requires: donated),
        ISBT128Structure("&{", .fixed(18), .plain(.lettersAndDigits), requires: donated),
        ISBT128Structure("=[", .fixed(18), .plain(.lettersAndDigits), requires: donated),
        ISBT128Structure("=\"", .fixed(18), .plain(.lettersAndDigits), requires: donated),
        ISBT128Structure("=)", .fixed(10), .plain(.lettersAndDigits), .container),
        ISBT128Structure("&)", .fixed(10), .plain(.lettersAndDigits), .lot, requires: [["=)"]]),
        ISBT128Structure("=;", .fixed(21), .plain(.text), .person),
        ISBT128Structure("='", .fixed(11), .plain(.text), .person),
        ISBT128Structure("=-", .fixed(10), .plain(.lettersAndDigits)),
        ISBT128Structure("&-", .fixed(10), .plain(.lettersAndDigits), requires: [["=-"]]),
        ISBT128Structure("=#", .fixed(10), .plain(.text), .person),
        ISBT128Structure("&#", .counted(skipped: 2, digits: 2, each: 1), .plain(.text), .person),
        ISBT128Structure("=]", .fixed(6), .month, .expiry, requires: anything),
        ISBT128Structure("&\"", .fixed(18), .plain(.digits), requires: donated),
        ISBT128Structure("=$", .fixed(16)),
        ISBT128Structure("&$", .counted(digits: 2, each: 14), .plain(.digits), requires: anything),
        ISBT128Structure("&%", .counted(digits: 3, each: 10), .plain(.lettersAndDigits), requires: donated),
        ISBT128Structure("=(", .fixed(16), .plain(.lettersAndDigits), requires: anything),
        ISBT128Structure("=,", .fixed(6), .plain(.capitalsAndDigits), .serial, requires: product + donated),
        ISBT128Structure("&+", .fixed(11), requires: donated),
        ISBT128Structure("=/", .fixed(16), .plain(.capitalsAndDigits), .device),
        ISBT128Structure("&,1", .fixed(18), .plain(.capitalsAndDigits), .lot, requires: product),
        ISBT128Structure("&,2", .fixed(18), .plain(.lettersAndDigits), requires: product),
        ISBT128Structure("&,3", .fixed(19), .plain(.text), .person),
        ISBT128Structure("&,4", .fixed(40), .plain(.text)),
        ISBT128Structure("&:", .fixed(19), .plain(.text), .person),
        ISBT128Structure("&/", .fixed(15), .plain(.text), .person),
    ]

    /// The rows that begin with `=`, and those that begin with `&`, by their second character.
    private static let rowsByMark = (equals: rows(after: "="), ampersand: rows(after: "&"))

    private static func rows(after first: Character) -> [[ISBT128Structure]] {
        var buckets = [[ISBT128Structure]](repeating: [], count: 128)
        for row in rows where row.ai.first == first {
            guard let mark = row.ai.utf8.dropFirst().first else { continue }
            buckets[Int(mark)].append(row)
        }
        return buckets
    }

    static func named(_ ai: String) -> ISBT128Structure? {
        rows.first { $0.ai == ai }
    }

    /// The structure that begins here; nil where ICCBBA defines none.
    static func beginning(_ data: ArraySlice<UInt8>) -> ISBT128Structure? {
        guard let first = data.first, let second = data.dropFirst().first, second < 128 else { return nil }
        switch first {
        case UInt8(ascii: "="):
            return isFacilityStart(second) ? donation : rowsByMark.equals[Int(second)].first
        case UInt8(ascii: "&"):
            return rowsByMark.ampersand[Int(second)].first { data.starts(with: $0.ai.utf8) }
        default:
            return nil
        }
    }

    /// The first character of a facility identification number: a capital letter other than O, or a digit other than 0.
    static func isFacilityStart(_ byte: UInt8) -> Bool {
        isCapitalOrDigit(byte) && byte != UInt8(ascii: "O") && byte != UInt8(ascii: "0")
    }
}

extension ISBT128Structure.Alphabet {
    func contains(_ byte: UInt8) -> Bool {
        switch self {
        case .digits: isDigit(byte)
        case .capitalsAndDigits: isCapitalOrDigit(byte)
        case .lettersAndDigits: isCapitalOrDigit(byte) || byte &- 0x61 < 26
        case .text: isPrintable(byte)
        }
    }

    var name: String {
        switch self {
        case .digits: "digits"
        case .capitalsAndDigits: "capital letters and digits"
        case .lettersAndDigits: "letters and digits"
        case .text: "printable characters"
        }
    }
}
