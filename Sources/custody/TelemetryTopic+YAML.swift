import Ledger
import Telemetry

extension TelemetryTopic {
    /// Reads an entry of a broker's `topics`: a pattern, or a mapping with the form of its payloads.
    init(_ reader: YAMLReader) throws {
        guard !reader.isScalar else {
            self = try reader.refusing { try TelemetryTopic(pattern: try TopicPattern(try reader.text())) }
            return
        }
        let keys = try reader.mapping(known: ["filter", "format", "map", "units"])
        let filter = try keys.required("filter", of: reader)
        let pattern = try filter.refusing { try TopicPattern(try filter.text()) }
        let units = try keys["units"].map { try Self.texts($0) } ?? [:]
        let format = try Self.format(keys, of: reader)
        self = try reader.refusing { try TelemetryTopic(pattern: pattern, format: format, units: units) }
    }

    private static func format(_ keys: [String: YAMLReader], of reader: YAMLReader) throws -> TelemetryFormat {
        if let map = keys["map"] { return .mapped(try ReadingMap(map)) }
        guard let written = keys["format"] else { return .json }
        guard let format = TelemetryFormat(name: try written.text()) else {
            throw written.failure("formats are: \(TelemetryFormat.names.joined(separator: ", ")); or give a map")
        }
        return format
    }

    fileprivate static func texts(_ reader: YAMLReader) throws -> [String: String] {
        Dictionary(try reader.pairs().map { ($0.key, try $0.value.text()) }, uniquingKeysWith: { first, _ in first })
    }
}

extension ReadingMap {
    /// Reads `map`: where readings stand in a payload (JSON Pointers), and what is the same in all of them.
    init(_ reader: YAMLReader) throws {
        let keys = try reader.mapping(known: [
            "readings", "value", "values", "device", "metric", "unit", "time", "seq", "session", "fixed-device",
            "fixed-metric", "fixed-unit", "units", "time-unit",
        ])
        let timeUnit = try keys["time-unit"].map { written in
            guard let unit = TimeUnit(rawValue: try written.text()) else {
                throw written.failure(
                    "time units are: \(TimeUnit.allCases.map(\.rawValue).joined(separator: ", "))")
            }
            return unit
        }
        let values = try Self.values(keys, of: reader)
        let units = try keys["units"].map { try TelemetryTopic.texts($0) } ?? [:]
        self = try reader.refusing {
            try ReadingMap(
                readings: try keys["readings"]?.text() ?? "", values: values, device: try keys["device"]?.text(),
                metric: try keys["metric"]?.text(), unit: try keys["unit"]?.text(), time: try keys["time"]?.text(),
                sequence: try keys["seq"]?.text(), session: try keys["session"]?.text(),
                fixedDevice: try keys["fixed-device"]?.text(), fixedMetric: try keys["fixed-metric"]?.text(),
                fixedUnit: try keys["fixed-unit"]?.text(), units: units, timeUnit: timeUnit ?? .seconds)
        }
    }

    /// `value` is one place; `values` is an object of values, or a mapping of metrics to places.
    private static func values(_ keys: [String: YAMLReader], of reader: YAMLReader) throws -> Values {
        guard let values = keys["values"] else { return try keys["value"].map { .one(try $0.text()) } ?? .members("") }
        guard keys["value"] == nil else { throw reader.failure("a map has 'value' or 'values', not both") }
        return !values.isScalar
            ? .named(try TelemetryTopic.texts(values)) : .members(try values.text())
    }
}

extension YAMLReader {
    /// A refusal with the place of this node.
    fileprivate func refusing<Value>(_ body: () throws -> Value) throws -> Value {
        do { return try body() } catch let error as TelemetryError { throw failure(error.message) }
    }
}
