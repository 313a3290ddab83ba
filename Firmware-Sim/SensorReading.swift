import Ledger

/// One value that a sensor made, as its device stores and publishes it.
struct SensorReading: Hashable, Sendable {
    /// What the sensors of a truck measure.
    enum Metric: String, CaseIterable, Sendable {
        case temperature
        case humidity
        /// 1 while the cargo door is open, otherwise 0.
        case door
        case latitude
        case longitude
        case speed
        /// The hardest one since the reading before.
        case shock
        /// From upright.
        case tilt
        case battery

        /// As UCUM has it, where that can be typed; `%RH` is SenML's.
        var unit: String {
            switch self {
            case .temperature: "Cel"
            case .humidity: "%RH"
            case .door: "1"
            case .latitude, .longitude, .tilt: "deg"
            case .speed: "km/h"
            case .shock: "m/s2"
            case .battery: "%"
            }
        }

        /// Whether the value is yes or no; formats that know the difference say so.
        var isFlag: Bool { self == .door }
    }

    let metric: Metric
    let value: Double
    /// The device's own clock, UTC microseconds.
    let time: Int64
    /// Counts the readings of this metric in this session.
    let sequence: UInt64
    /// The boot that the count belongs to, where each boot counts from 0 again.
    var session: String?

    func topic(of device: String) -> String {
        "sensors/\(device)/\(metric.rawValue)"
    }

    /// One JSON object. The device's name needs no escaping (`checkDevice`).
    func payload(of device: String) -> [UInt8] {
        let boot = session.map { ",\"session\":\"\($0)\"" } ?? ""
        return Array(
            """
            {"device":"\(device)","metric":"\(metric.rawValue)","value":\(value),"unit":"\(metric.unit)",\
            "time":"\(SensorReading.text(time))","seq":\(sequence)\(boot)}
            """.utf8)
    }

    /// A device's name stands in topics, payloads and logins. Throws `device-name-unusable`.
    static func checkDevice(_ name: String) throws {
        let isAllowed = name.utf8.allSatisfy {
            (0x30...0x39).contains($0) || (0x41...0x5A).contains($0 & 0xDF) || [0x2D, 0x2E, 0x5F].contains($0)
        }
        guard isAllowed, (1...64).contains(name.utf8.count) else {
            throw CustodyError(
                "device-name-unusable", "A device's name has 1 to 64 letters, digits, hyphens, dots or underscores",
                at: name)
        }
    }

    /// RFC 3339, with microseconds.
    static func text(_ time: Int64) -> String {
        let (second, micros) = floorDivide(time, 1_000_000)
        let (day, rest) = floorDivide(second, 86_400)
        let date = date(day: day)
        let clock = "\(two(rest / 3_600)):\(two(rest / 60 % 60)):\(two(rest % 60))"
        let year = String(10_000 + date.year).dropFirst()
        return "\(year)-\(two(date.month))-\(two(date.day))T\(clock).\(String(1_000_000 + micros).dropFirst())Z"
    }

    /// The Gregorian date of a day counted from 1970-01-01, by the 400 years in which the calendar repeats.
    private static func date(day: Int64) -> (year: Int64, month: Int64, day: Int64) {
        // Counted from 0000-03-01, so that a leap day is a year's last.
        let (era, dayOfEra) = floorDivide(day + 719_468, 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let fromMarch = (5 * dayOfYear + 2) / 153
        let month = fromMarch < 10 ? fromMarch + 3 : fromMarch - 9
        let year = era * 400 + yearOfEra + (month <= 2 ? 1 : 0)
        return (year, month, dayOfYear - (153 * fromMarch + 2) / 5 + 1)
    }

    private static func floorDivide(_ number: Int64, _ divisor: Int64) -> (quotient: Int64, remainder: Int64) {
        let remainder = (number % divisor + divisor) % divisor
        return ((number - remainder) / divisor, remainder)
    }

    private static func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
