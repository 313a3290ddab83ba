import FoundationEssentials
import Ledger

/// One value that a sensor made, as its device stores and publishes it.
struct SensorReading: Hashable, Sendable {
    /// What the sensors of a truck measure.
    enum Metric: String, CaseIterable, Sendable {
        case temperature
        case humidity
        case door

        /// SenML's name (RFC 8428, section 12.1).
        var unit: String {
            switch self {
            case .temperature: "Cel"
            case .humidity: "%RH"
            case .door: "/"
            }
        }
    }

    let metric: Metric
    let value: Double
    /// The device's own clock, UTC microseconds.
    let time: Int64
    /// Counts the readings of this metric.
    let sequence: UInt64

    func topic(of device: String) -> String {
        "sensors/\(device)/\(metric.rawValue)"
    }

    /// One JSON object. The device's name needs no escaping (`checkDevice`).
    func payload(of device: String) -> [UInt8] {
        Array(
            """
            {"device":"\(device)","metric":"\(metric.rawValue)","value":\(value),"unit":"\(metric.unit)",\
            "time":"\(SensorReading.text(time))","seq":\(sequence)}
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
    private static func text(_ time: Int64) -> String {
        let micros = ((time % 1_000_000) + 1_000_000) % 1_000_000
        let second = Date(timeIntervalSince1970: Double((time - micros) / 1_000_000))
        return "\(second.formatted(.iso8601).dropLast()).\(String(1_000_000 + micros).dropFirst())Z"
    }
}
