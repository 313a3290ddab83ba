/// Times as text (RFC 3339), as UTC microseconds since 1970.
package enum InternetTime {
    /// Reads a time with its offset; what is finer than a microsecond is cut off. A leap second counts as the second
    /// after it. Nil where the text is no time.
    package static func microseconds(_ text: String) -> Int64? {
        var digits = Digits(bytes: Array(text.utf8))
        guard let year = digits.number(4), digits.take("-"), let month = digits.number(2), digits.take("-"),
            let day = digits.number(2), digits.take("Tt "), let hour = digits.number(2), digits.take(":"),
            let minute = digits.number(2), digits.take(":"), let second = digits.number(2),
            let micros = digits.fraction(), let offset = digits.offset(), digits.isOver,
            year >= 1, (1...12).contains(month), day >= 1, day <= dayMax(month, of: year),
            hour <= 23, minute <= 59, second <= 60
        else { return nil }
        let days = daysSince1970(year, month, day)
        let seconds = days * 86_400 + hour * 3_600 + minute * 60 + second - offset * 60
        let time = seconds * 1_000_000 + micros
        return time >= Reading.timeMin && time <= Reading.timeMax ? time : nil
    }

    /// `YYYY-MM-DDTHH:MM:SS.ffffffZ`. The time must be one that a reading may have.
    package static func text(_ time: Int64) -> String {
        let (days, micros) = floorDivide(time, 86_400_000_000)
        let (year, month, day) = date(daysSince1970: days)
        let seconds = micros / 1_000_000
        let clock = "\(pad(seconds / 3_600, 2)):\(pad(seconds / 60 % 60, 2)):\(pad(seconds % 60, 2))"
        return "\(pad(year, 4))-\(pad(month, 2))-\(pad(day, 2))T\(clock).\(pad(micros % 1_000_000, 6))Z"
    }

    static func pad(_ number: Int64, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }

    private static func floorDivide(_ number: Int64, _ divisor: Int64) -> (quotient: Int64, remainder: Int64) {
        let (quotient, remainder) = number.quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }

    private static func dayMax(_ month: Int64, of year: Int64) -> Int64 {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// Days in the proleptic Gregorian calendar. Years are counted from March, so that the leap day comes last.
    private static func daysSince1970(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let shifted = month > 2 ? year : year - 1
        let monthFromMarch = (month + 9) % 12
        let dayOfYear = (153 * monthFromMarch + 2) / 5 + day - 1
        return 365 * shifted + shifted / 4 - shifted / 100 + shifted / 400 + dayOfYear - 719_468
    }

    private static func date(daysSince1970 days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let (era, dayOfEra) = floorDivide(days + 719_468, 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
    }
}

private struct Digits {
    let bytes: [UInt8]
    var index = 0

    var isOver: Bool { index == bytes.count }

    mutating func number(_ width: Int) -> Int64? {
        guard bytes.count - index >= width else { return nil }
        var number: Int64 = 0
        for byte in bytes[index..<index + width] {
            guard byte &- 0x30 < 10 else { return nil }
            number = number * 10 + Int64(byte &- 0x30)
        }
        index += width
        return number
    }

    mutating func take(_ choices: String) -> Bool {
        guard index < bytes.count, choices.utf8.contains(bytes[index]) else { return false }
        index += 1
        return true
    }

    /// Microseconds, 0 without a fraction, nil for a point without digits.
    mutating func fraction() -> Int64? {
        guard take(".") else { return 0 }
        var micros: Int64 = 0
        var weight: Int64 = 100_000
        let start = index
        while index < bytes.count, bytes[index] &- 0x30 < 10 {
            micros += Int64(bytes[index] &- 0x30) * weight
            weight /= 10
            index += 1
        }
        return index > start ? micros : nil
    }

    /// Minutes east of UTC.
    mutating func offset() -> Int64? {
        if take("Zz") { return 0 }
        let isWest = index < bytes.count && bytes[index] == UInt8(ascii: "-")
        guard take("+-"), let hours = number(2), take(":"), let minutes = number(2), hours <= 23, minutes <= 59 else {
            return nil
        }
        return (hours * 60 + minutes) * (isWest ? -1 : 1)
    }
}
