import Ledger

/// The readings of one moment of one device as a SenML pack (RFC 8428): one base name, one base time.
struct SenMLPack: Sendable {
    /// The keys of Table 6 that are used here.
    private enum Label {
        static let baseName = -2
        static let baseTime = -3
        static let name = 0
        static let unit = 1
        static let value = 2
        static let flag = 4
    }

    let device: String
    /// Of one time, at least one.
    let readings: [SensorReading]

    /// A SenML name begins with a letter or a digit (RFC 8428, section 4.5.1). Throws `device-name-unusable`.
    static func checkDevice(_ name: String) throws {
        try SensorReading.checkDevice(name)
        guard name.utf8.first.map({ ![0x2D, 0x2E, 0x5F].contains($0) }) == true else {
            throw CustodyError(
                "device-name-unusable", "In SenML a device's name begins with a letter or a digit", at: name)
        }
    }

    /// RFC 8428, section 5. The names need no escaping (`checkDevice`).
    var json: [UInt8] {
        let records = readings.enumerated().map { index, reading in
            let base = index > 0 ? "" : "\"bn\":\"\(baseName)\",\"bt\":\(SenMLPack.seconds(reading.time)),"
            return "{\(base)\"n\":\"\(reading.metric.rawValue)\",\(SenMLPack.content(of: reading))}"
        }
        return Array("[\(records.joined(separator: ","))]".utf8)
    }

    /// RFC 8428, section 6.
    var cbor: [UInt8] {
        var bytes = CBORBytes()
        bytes.array(count: readings.count)
        for (index, reading) in readings.enumerated() {
            let own = reading.metric.isFlag ? 2 : 3
            bytes.map(count: index > 0 ? own : own + 2)
            if index == 0 {
                bytes.integer(Label.baseName)
                bytes.text(baseName)
                bytes.integer(Label.baseTime)
                bytes.double(Double(reading.time) / 1_000_000)
            }
            bytes.integer(Label.name)
            bytes.text(reading.metric.rawValue)
            SenMLPack.append(reading, to: &bytes)
        }
        return bytes.bytes
    }

    private var baseName: String { device + "/" }

    private static func content(of reading: SensorReading) -> String {
        if reading.metric.isFlag { return "\"vb\":\(reading.value != 0)" }
        return "\"u\":\"\(unit(of: reading.metric))\",\"v\":\(reading.value)"
    }

    private static func append(_ reading: SensorReading, to bytes: inout CBORBytes) {
        if reading.metric.isFlag {
            bytes.integer(Label.flag)
            bytes.flag(reading.value != 0)
            return
        }
        bytes.integer(Label.unit)
        bytes.text(unit(of: reading.metric))
        bytes.integer(Label.value)
        bytes.double(reading.value)
    }

    /// The registry's names (RFC 8428, section 12.1; km/h and deg are of RFC 8798).
    private static func unit(of metric: SensorReading.Metric) -> String {
        switch metric {
        case .latitude: "lat"
        case .longitude: "lon"
        case .battery: "%EL"
        case .temperature, .humidity, .door, .speed, .shock, .tilt: metric.unit
        }
    }

    /// Seconds since 1970, with all microseconds.
    private static func seconds(_ time: Int64) -> String {
        let fraction = String(1_000_000 + time.magnitude % 1_000_000).dropFirst()
        return "\(time < 0 ? "-" : "")\(time.magnitude / 1_000_000).\(fraction)"
    }
}
