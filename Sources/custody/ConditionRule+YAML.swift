import Gateway
import Ledger
import Telemetry

extension ConditionRule {
    /// Reads `conditions` of the configuration.
    init(_ reader: YAMLReader) throws {
        self.init()
        let keys = try reader.mapping(known: [
            "window", "readings", "begins-with", "ends-with", "vehicle-fact", "step", "silence", "door", "shock",
            "tilt",
            "calibrated-until", "retention-days",
        ])
        if let seconds = try keys["window"]?.number(in: 1...86_400) { window = Int64(seconds) * 1_000_000 }
        if let readings = try keys["readings"]?.number(in: 1...65_536) { count = readings }
        if let steps = try keys["begins-with"]?.texts() { beginsWith = steps }
        if let steps = try keys["ends-with"]?.texts() { endsWith = steps }
        if let fact = try keys["vehicle-fact"]?.text() { vehicleFact = fact }
        if let name = try keys["step"]?.text() { step = name }
        if let intervals = try keys["silence"]?.number(in: 0...10_000) { silence = intervals }
        door = try keys["door"].map { try Self.threshold($0) } ?? door
        shock = try keys["shock"].map { try Self.threshold($0) } ?? shock
        tilt = try keys["tilt"].map { try Self.threshold($0) } ?? tilt
        if let days = try keys["retention-days"]?.number(in: 1...36_500) { retention = Int64(days) * 86_400_000_000 }
        for (sensor, date) in try keys["calibrated-until"]?.pairs() ?? [] {
            guard let time = WindowSummary.time(try date.text()) else {
                throw date.failure("a time such as 2027-03-01T00:00:00Z is expected here")
            }
            calibratedUntil[sensor] = time
        }
    }

    private static func threshold(_ reader: YAMLReader) throws -> Threshold {
        let keys = try reader.mapping(known: ["metric", "highest"])
        return Threshold(
            metric: try keys.required("metric", of: reader).text(),
            highest: try keys.required("highest", of: reader).decimal())
    }
}
