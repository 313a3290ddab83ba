/// One way in which an HIBC secondary structure writes its expiry (ANSI/HIBC 2.6 appendix E1.1).
struct HIBCDateFormat: Sendable {
    enum Part: Sendable {
        case fullYear
        case year
        case month
        case day
        case dayOfYear
        case hour

        var width: Int {
            switch self {
            case .fullYear: 4
            case .dayOfYear: 3
            default: 2
            }
        }
    }

    let flag: UInt8

    /// 0 where the flag is itself the first digit of the month, else 1.
    let flagLength: Int

    /// Digits of the date.
    let length: Int

    /// Nil where this flag says that no date follows.
    let field: HIBCField?

    private init(_ flag: Unicode.Scalar, _ ai: String, _ parts: Part..., flagIsMonth: Bool = false) {
        let length = parts.reduce(0) { $0 + $1.width }
        self.flag = UInt8(ascii: flag)
        self.flagLength = flagIsMonth ? 0 : 1
        self.length = length
        self.field = parts.isEmpty ? nil : HIBCField(ai, .expiry, .digits, length...length, date: parts)
    }

    static let rows = [
        HIBCDateFormat("0", "$$", .month, .year, flagIsMonth: true),
        HIBCDateFormat("1", "$$", .month, .year, flagIsMonth: true),
        HIBCDateFormat("2", "$$2", .month, .day, .year),
        HIBCDateFormat("3", "$$3", .year, .month, .day),
        HIBCDateFormat("4", "$$4", .year, .month, .day, .hour),
        HIBCDateFormat("5", "$$5", .year, .dayOfYear),
        HIBCDateFormat("6", "$$6", .year, .dayOfYear, .hour),
        HIBCDateFormat("7", "$$7"),
    ]

    /// The five bare digits, year and day of the year, with which the oldest secondary structures begin.
    static let julian = HIBCDateFormat("5", "$$5", .year, .dayOfYear)

    /// The day that the digits name; nil where the calendar has none. `now` is the current year, which decides the
    /// century as for GS1. Hours, 00 to 23 in Greenwich time, are checked and stay in the element.
    static func day(_ digits: ArraySlice<UInt8>, _ parts: [Part], now: Int) -> GS1Date? {
        var rest = digits
        var year = 0
        var month = 0
        var day = 0
        var dayOfYear: Int?
        for part in parts {
            guard let number = number(rest.prefix(part.width), width: part.width) else { return nil }
            rest = rest.dropFirst(part.width)
            switch part {
            case .fullYear: year = number
            case .year: year = GS1Date.fullYear(number, now: now)
            case .month: month = number
            case .day where number == 0: return nil
            case .day: day = number
            case .dayOfYear: dayOfYear = number
            case .hour where number > 23: return nil
            case .hour: break
            }
        }
        guard rest.isEmpty else { return nil }
        return dayOfYear.map { GS1Date(year: year, dayOfYear: $0) } ?? GS1Date(year: year, month: month, day: day)
    }

    private static func number(_ digits: ArraySlice<UInt8>, width: Int) -> Int? {
        guard digits.count == width, digits.allSatisfy(isDigit) else { return nil }
        return decimal(digits)
    }
}

extension GS1Date {
    /// Nil where the calendar has no such day; day 0 means that the label gives none.
    init?(year: Int, month: Int, day: Int) {
        guard (1...12).contains(month), (0...GS1Date.length(of: month, in: year)).contains(day) else { return nil }
        self.year = year
        self.month = month
        self.day = day
    }

    /// Nil where the year has no such day; 1 is the first of January.
    init?(year: Int, dayOfYear: Int) {
        var day = dayOfYear
        var month = 1
        while month <= 12, day > GS1Date.length(of: month, in: year) {
            day -= GS1Date.length(of: month, in: year)
            month += 1
        }
        guard day > 0 else { return nil }
        self.init(year: year, month: month, day: day)
    }

    private static func length(of month: Int, in year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }
}
