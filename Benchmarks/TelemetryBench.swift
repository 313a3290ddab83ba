import Foundation
import Telemetry

/// Readings of one second on one core, from the payloads that trucks send.
struct TelemetryBench {
    private static let repeats = 5
    private static let readings = 300_000
    private static let pack = 10

    func run() -> [Measurement] {
        let host = Self.host
        return [
            measure("decode SenML JSON", target: ">= 150000", Self.senML, topic: "sensors/truck-7/senml") {
                try? decodeSenMLJSON($0, topic: $1, pattern: Self.pattern, receivedAt: 0)
            },
            measure(
                "decode JSON, one reading a payload", target: "-", Self.json, topic: "sensors/truck-7/temperature",
                each: 1
            ) {
                try? decodeJSONReadings($0, topic: $1, pattern: Self.pattern)
            },
            measure("decode Sparkplug B", target: ">= 500000", Self.data, topic: "spBv1.0/g/NDATA/truck-7") {
                var copy = host
                return copy.take($0, topic: $1, receivedAt: 0).readings
            },
        ]
    }

    private func measure(
        _ name: String, target: String, _ payload: [UInt8], topic: String, each: Int = pack,
        _ decode: ([UInt8], String) -> [Reading]?
    ) -> Measurement {
        precondition(decode(payload, topic)?.count == each, "\(name) reads \(decode(payload, topic)?.count ?? -1)")
        let rates = (0..<Self.repeats).map { _ in
            let began = ContinuousClock.now
            for _ in 0..<(Self.readings / each) { blackHole(decode(payload, topic) as Any) }
            return Double(Self.readings) / ((ContinuousClock.now - began) / .seconds(1))
        }
        return Measurement(name: name, value: Statistic.median(rates), unit: "readings/s", target: target)
    }

    private static let pattern = try? TopicPattern("sensors/{device}/+")

    private static let json = Array(
        #"{"device":"truck-7","metric":"temperature","value":5.23,"unit":"Cel","time":1772366400.25,"seq":7}"#.utf8)

    private static let senML: [UInt8] = {
        let records = (0..<pack).map { #"{"n":"temperature","u":"Cel","t":\#($0),"v":\#(4 + Double($0) / 100)}"# }
        return Array((#"[{"bn":"truck-7/","bt":1772366400},"# + records.joined(separator: ",") + "]").utf8)
    }()

    // MARK: Sparkplug

    private static let host: SparkplugHost = {
        var host = SparkplugHost()
        let born = host.take(birth, topic: "spBv1.0/g/NBIRTH/truck-7", receivedAt: 0)
        precondition(born.refusal == nil, "\(born)")
        return host
    }()

    /// Names and aliases of ten doubles, and what a birth must have.
    private static let birth: [UInt8] = {
        let control = field(2, field(1, Array("bdSeq".utf8)) + number(4, 4) + number(11, 0))
        let metrics = (0..<pack).flatMap { index in
            field(2, field(1, Array("metric-\(index)".utf8)) + number(2, UInt64(index)) + number(4, 10) + double(4))
        }
        return number(1, 1_772_366_400_000) + control + metrics + number(3, 0)
    }()

    private static let data: [UInt8] =
        number(1, 1_772_366_400_250)
        + (0..<pack).flatMap { index in
            field(2, number(2, UInt64(index)) + number(3, 1_772_366_400_250) + number(4, 10) + double(5.23))
        } + number(3, 1)

    private static func number(_ field: UInt8, _ value: UInt64) -> [UInt8] { [field << 3] + varint(value) }

    private static func double(_ value: Double) -> [UInt8] {
        [13 << 3 | 1] + withUnsafeBytes(of: value.bitPattern.littleEndian) { [UInt8]($0) }
    }

    private static func field(_ field: UInt8, _ content: [UInt8]) -> [UInt8] {
        [field << 3 | 2] + varint(UInt64(content.count)) + content
    }

    private static func varint(_ value: UInt64) -> [UInt8] {
        value < 0x80 ? [UInt8(value)] : [UInt8(value & 0x7F) | 0x80] + varint(value >> 7)
    }
}
