/// The generations of a gateway's log: after a restore, or in doubt, a gateway never continues its log, it opens the next
/// one (design: section 5).
///
/// The first is named like the gateway, `<organisation>/<gateway>`, each later one `<organisation>/<gateway>.<number>`. The
/// number is the UTC time at which it was opened, to the millisecond, written in 17 digits: an offline gateway that was
/// restored twice from one backup knows of no generation between, and must yet never take the same name twice.
public enum Generation {
    /// Digits of a number: year, month, day, hour, minute, second, millisecond.
    public static let digits = 17

    /// The gateway that keeps this generation and all others: its origin without a number.
    public static func gateway(ofOrigin origin: String) -> String {
        guard let end = numberStart(origin) else { return origin }
        return String(decoding: origin.utf8.dropLast(origin.utf8.count - end), as: UTF8.self)
    }

    /// The generation's number; 0 for the first one.
    public static func number(ofOrigin origin: String) -> UInt64 {
        guard numberStart(origin) != nil else { return 0 }
        return UInt64(String(decoding: origin.utf8.suffix(digits), as: UTF8.self)) ?? 0
    }

    /// The origin of the generation that a gateway opens next.
    /// - Parameters:
    ///   - origin: of any generation of the gateway; the new number is above this one's.
    ///   - time: UTC microseconds.
    public static func next(after origin: String, at time: Int64) -> String {
        let number = max(number(at: time), number(ofOrigin: origin) + 1)
        let text = String(number)
        return "\(gateway(ofOrigin: origin)).\(String(repeating: "0", count: max(0, digits - text.count)))\(text)"
    }

    /// Where the dot and the number begin, in bytes; nil if there is none.
    private static func numberStart(_ origin: String) -> Int? {
        let bytes = Array(origin.utf8)
        let dot = bytes.count - digits - 1
        guard dot > 0, bytes[dot] == UInt8(ascii: "."), bytes[dot - 1] != UInt8(ascii: "/"),
            bytes[(dot + 1)...].allSatisfy({ (0x30...0x39).contains($0) })
        else { return nil }
        return dot
    }

    private static func number(at time: Int64) -> UInt64 {
        let milliseconds = UInt64(max(0, time)) / 1_000
        let (days, rest) = milliseconds.quotientAndRemainder(dividingBy: 86_400_000)
        let date = date(daysSinceEpoch: days)
        let clock = [rest / 3_600_000, rest / 60_000 % 60, rest / 1_000 % 60].reduce(0) { $0 * 100 + $1 }
        return ((date.year * 10_000 + date.month * 100 + date.day) * 1_000_000 + clock) * 1_000 + rest % 1_000
    }

    /// The Gregorian calendar, with years that begin in March so that the leap day is the last of them.
    private static func date(daysSinceEpoch days: UInt64) -> (year: UInt64, month: UInt64, day: UInt64) {
        let shifted = days + 719_468
        let (era, dayOfEra) = shifted.quotientAndRemainder(dividingBy: 146_097)
        let year = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * year + year / 4 - year / 100)
        let month = (5 * dayOfYear + 2) / 153
        let isNextYear = month >= 10
        return (
            min(era * 400 + year + (isNextYear ? 1 : 0), 9_999), isNextYear ? month - 9 : month + 3,
            dayOfYear - (153 * month + 2) / 5 + 1
        )
    }
}
