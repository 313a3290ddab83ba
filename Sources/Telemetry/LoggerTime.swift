/// A time as loggers write it, not yet said which number is the day.
struct LoggerTime {
    /// Which number of `03/04/2026` is the day.
    enum Order {
        case dayFirst
        case monthFirst
    }

    /// A day in the order in which it is written.
    enum Day: Equatable {
        case yearFirst(year: Int, month: Int, day: Int)
        case dayFirst(day: Int, month: Int, year: Int)
        /// `a/b/year`.
        case undecided(Int, Int, year: Int)
        /// Seconds since 1970 have no day to be written.
        case none

        /// What one date alone says about the order of the file's.
        var order: Order? {
            guard case .undecided(let first, let second, _) = self else { return nil }
            if first > 12 { return .dayFirst }
            return second > 12 ? .monthFirst : nil
        }

        /// Whether it is another day in the other order.
        var needsOrder: Bool {
            guard case .undecided(let first, let second, _) = self else { return false }
            return first != second
        }
    }

    let day: Day

    /// Microseconds after the begin of the day, or since 1970 where there is no day; less the offset from UTC.
    var clock: Int64 = 0

    /// Whether the time of the day is there: else it stands in a cell of its own.
    var hasClock = false

    /// Reads a whole cell; nil where it is no time.
    init?(_ cell: ArraySlice<UInt8>) {
        var digits = LoggerDigits(cell)
        if let seconds = LoggerTime.secondsSince1970(cell) {
            (day, clock, hasClock) = (.none, seconds, true)
            return
        }
        guard let day = digits.day() else { return nil }
        self.day = day
        if digits.isOver { return }
        guard digits.takeBetween(), let clock = digits.clock(), digits.isOver else { return nil }
        (self.clock, hasClock) = (clock, true)
    }

    /// Reads the time of the day from a cell of its own.
    mutating func add(clock cell: ArraySlice<UInt8>) -> Bool {
        var digits = LoggerDigits(cell)
        guard !hasClock, let clock = digits.clock(), digits.isOver else { return false }
        (self.clock, hasClock) = (clock, true)
        return true
    }

    /// Fewer digits would be numbers of rows; with 12 and more they are milliseconds.
    private static func secondsSince1970(_ cell: ArraySlice<UInt8>) -> Int64? {
        let whole = cell.prefix { $0 &- 0x30 < 10 }
        let rest = cell.dropFirst(whole.count)
        guard (9...13).contains(whole.count), rest.isEmpty || rest.first == 0x2E else { return nil }
        let fraction = rest.dropFirst()
        guard fraction.allSatisfy({ $0 &- 0x30 < 10 }), rest.count != 1 else { return nil }
        let unit: Int64 = whole.count >= 12 ? 1_000 : 1_000_000
        let number = whole.reduce(Int64(0)) { $0 * 10 + Int64($1 &- 0x30) }
        return number * unit + LoggerDigits.microseconds(fraction) * unit / 1_000_000
    }
}

/// Turns days into microseconds since 1970. Rows follow each other on the same day, so the last one is remembered.
struct LoggerCalendar {
    let order: LoggerTime.Order
    private var day: LoggerTime.Day = .none
    private var begin: Int64?

    init(order: LoggerTime.Order) {
        self.order = order
    }

    /// Nil where there is no such day, or no reading may have the time.
    mutating func microseconds(_ time: LoggerTime) -> Int64? {
        var begin: Int64? = 0
        if time.day != .none {
            if time.day != day { (day, self.begin) = (time.day, LoggerCalendar.begin(of: time.day, order: order)) }
            begin = self.begin
        }
        guard let begin else { return nil }
        let microseconds = begin + time.clock
        return microseconds >= Reading.timeMin && microseconds <= Reading.timeMax ? microseconds : nil
    }

    private static func begin(of day: LoggerTime.Day, order: LoggerTime.Order) -> Int64? {
        switch (day, order) {
        case (.none, _): 0
        case (.yearFirst(let year, let month, let day), _): begin(year, month, day)
        case (.dayFirst(let day, let month, let year), _): begin(year, month, day)
        case (.undecided(let day, let month, let year), .dayFirst): begin(year, month, day)
        case (.undecided(let month, let day, let year), .monthFirst): begin(year, month, day)
        }
    }

    private static func begin(_ year: Int, _ month: Int, _ day: Int) -> Int64? {
        let date = [(year, 4), (month, 2), (day, 2)].map { InternetTime.pad(Int64($0), $1) }.joined(separator: "-")
        return InternetTime.microseconds(date + "T00:00:00Z")
    }
}

/// Walks the digits of one cell.
private struct LoggerDigits {
    private var rest: ArraySlice<UInt8>

    init(_ cell: ArraySlice<UInt8>) {
        rest = cell
    }

    var isOver: Bool { rest.isEmpty }

    /// `YYYY-MM-DD`, `DD.MM.YYYY`, or either order of `a/b/YYYY` and `a-b-YYYY`; one mark between all.
    mutating func day() -> LoggerTime.Day? {
        guard let first = number(1...4), let mark = take(where: { $0 == 0x2D || $0 == 0x2E || $0 == 0x2F }),
            let second = number(1...2), take(where: { $0 == mark }) != nil, let third = number(1...4)
        else { return nil }
        if first.digits == 4 {
            guard third.digits <= 2 else { return nil }
            return .yearFirst(year: first.value, month: second.value, day: third.value)
        }
        guard first.digits <= 2, third.digits == 4 else { return nil }
        return mark == 0x2E
            ? .dayFirst(day: first.value, month: second.value, year: third.value)
            : .undecided(first.value, second.value, year: third.value)
    }

    /// `T`, or spaces, or both a comma and spaces.
    mutating func takeBetween() -> Bool {
        if take(where: { $0 | 0x20 == 0x74 }) != nil { return true }
        let count = rest.count
        _ = take { $0 == 0x2C }
        skipSpaces()
        return rest.count < count
    }

    /// `HH:MM`, seconds, their fraction, AM or PM, and the offset from UTC where they are there.
    mutating func clock() -> Int64? {
        guard let hour = number(1...2), take(where: { $0 == 0x3A }) != nil, let minute = number(2...2) else {
            return nil
        }
        var second = 0
        var fraction: Int64 = 0
        if take(where: { $0 == 0x3A }) != nil {
            guard let seconds = number(2...2) else { return nil }
            second = seconds.value
            if take(where: { $0 == 0x2E || $0 == 0x2C }) != nil {
                let digits = rest.prefix { $0 &- 0x30 < 10 }
                guard !digits.isEmpty else { return nil }
                rest = rest.dropFirst(digits.count)
                fraction = LoggerDigits.microseconds(digits)
            }
        }
        skipSpaces()
        guard let hours = hours(hour.value), let offset = offset(), hours <= 23, minute.value <= 59, second <= 60 else {
            return nil
        }
        return Int64(hours * 3_600 + minute.value * 60 + second - offset * 60) * 1_000_000 + fraction
    }

    /// The hour of the day: 12 AM is 0 and 12 PM is 12.
    private mutating func hours(_ hour: Int) -> Int? {
        guard let half = take(where: { $0 | 0x20 == 0x61 || $0 | 0x20 == 0x70 }) else { return hour }
        guard take(where: { $0 | 0x20 == 0x6D }) != nil, (1...12).contains(hour) else { return nil }
        skipSpaces()
        return hour % 12 + (half | 0x20 == 0x70 ? 12 : 0)
    }

    /// Minutes east of UTC; 0 where nothing is said.
    private mutating func offset() -> Int? {
        if rest.isEmpty || take(where: { $0 | 0x20 == 0x7A }) != nil { return 0 }
        guard let sign = take(where: { $0 == 0x2B || $0 == 0x2D }), let hours = number(2...2) else { return nil }
        _ = take { $0 == 0x3A }
        let minutes = rest.isEmpty ? 0 : number(2...2)?.value
        guard let minutes, hours.value <= 23, minutes <= 59 else { return nil }
        return (hours.value * 60 + minutes) * (sign == 0x2D ? -1 : 1)
    }

    /// As many digits as there are, up to the widest; nil where that are too few.
    private mutating func number(_ widths: ClosedRange<Int>) -> (value: Int, digits: Int)? {
        let digits = rest.prefix(widths.upperBound).prefix { $0 &- 0x30 < 10 }
        guard widths.contains(digits.count) else { return nil }
        rest = rest.dropFirst(digits.count)
        return (digits.reduce(0) { $0 * 10 + Int($1 &- 0x30) }, digits.count)
    }

    private mutating func take(where isWanted: (UInt8) -> Bool) -> UInt8? {
        guard let byte = rest.first, isWanted(byte) else { return nil }
        rest = rest.dropFirst()
        return byte
    }

    private mutating func skipSpaces() { rest = rest.drop { $0 == 0x20 } }

    /// Of the digits after the point; what is finer is cut off.
    static func microseconds(_ digits: ArraySlice<UInt8>) -> Int64 {
        var micros: Int64 = 0
        for digit in digits.prefix(6) { micros = micros * 10 + Int64(digit &- 0x30) }
        for _ in 0..<(6 - min(6, digits.count)) { micros *= 10 }
        return micros
    }
}
