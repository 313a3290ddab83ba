/// A date as AIs 11 to 17 hold it: YYMMDD, where DD 00 means that the label gives no day.
struct GS1Date {
    let year: Int
    let month: Int
    let day: Int

    /// Nil where the six digits name no day of the calendar. `now` is the current year, which decides the century
    /// (GenSpecs section 7.12): 51 or more years ahead is the past century, 50 or more back is the next one.
    init?(_ digits: ArraySlice<UInt8>, now: Int) {
        guard digits.count == 6, digits.allSatisfy(isDigit) else { return nil }
        let pair = { (offset: Int) in
            Int(digits[digits.startIndex + offset] - 0x30) * 10 + Int(digits[digits.startIndex + offset + 1] - 0x30)
        }
        year = GS1Date.fullYear(pair(0), now: now)
        month = pair(2)
        day = pair(4)
        guard (1...12).contains(month), day <= GS1Date.dayMax(month, of: year) else { return nil }
    }

    /// The same with the century given as two digits of its own, as AIs 7250 and 7251 hold it.
    init?(_ digits: ArraySlice<UInt8>, century: ArraySlice<UInt8>) {
        guard century.count == 2, century.allSatisfy(isDigit),
            let inCentury = GS1Date(digits, now: decimal(century) * 100 + 49)
        else { return nil }
        self = inCentury
    }

    /// `YYYY-MM-DD`, with the last day of the month where the label gives none.
    var lastDay: String {
        text(day: day == 0 ? GS1Date.dayMax(month, of: year) : day)
    }

    /// `YYYY-MM-DD`, or `YYYY-MM` where the label gives no day.
    var asPrinted: String {
        text(day: day)
    }

    static func fullYear(_ yy: Int, now: Int) -> Int {
        let century = now - now % 100
        let ahead = yy - now % 100
        if ahead >= 51 { return century - 100 + yy }
        if ahead <= -50 { return century + 100 + yy }
        return century + yy
    }

    private static func dayMax(_ month: Int, of year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    private func text(day: Int) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(10)
        for divisor in [1000, 100, 10, 1] { bytes.append(UInt8(0x30 + year / divisor % 10)) }
        for number in day == 0 ? [month] : [month, day] {
            bytes += [0x2D, UInt8(0x30 + number / 10), UInt8(0x30 + number % 10)]
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
