import Foundation
import Gateway
import Ledger
import Store
import Telemetry

/// A journey as a person reads it.
public struct ShownJourney: Encodable {
    struct Sensor: Encodable {
        let device, metric, unit: String
        let windows, readings: Int
        let min, mean, max: Double
        let mkt: Double?
        let outside: Int
        let secondsOutside, secondsSilent: Double
        let missing: UInt64
        let supplementaryWindows: Int
    }

    struct Event: Encodable {
        let kind, device, from: String
        let metric, unit, to, detail: String?
        let value, limit, worst: Double?
    }

    let order: String
    let began, ended: String?
    let lowestAllowed, highestAllowed: Double?
    let sensors: [Sensor]
    let events: [Event]
    /// Not part of the JSON: `--csv` and `--svg` write it.
    public let series: [ConditionSeries]

    private enum CodingKeys: String, CodingKey {
        case order, began, ended, lowestAllowed, highestAllowed, sensors, events
    }

    /// - Parameter intake: the raw readings, where this gateway has them.
    public init(_ report: JourneyReport, intake: IntakeStore?) throws {
        order = report.order
        began = report.began.map(WindowSummary.timeText)
        ended = report.ended.map(WindowSummary.timeText)
        lowestAllowed = report.limits.lowest
        highestAllowed = report.limits.highest
        series = try report.sensors.map { try Self.series(of: $0.sensor, $0.windows, report, intake) }
        sensors = zip(report.sensors, series).map { Sensor($0.sensor, $0.windows, drawn: $1) }
        events = report.events.map(Event.init)
    }

    private static func series(
        of sensor: SensorName, _ windows: [JourneyReport.Window], _ report: JourneyReport, _ intake: IntakeStore?
    ) throws -> ConditionSeries {
        let raw = try intake?.readings(
            of: sensor, in: ReadingSpan(from: report.began ?? .min, before: report.ended ?? .max)
        ).compactMap { stored in
            stored.reading.value.number.map { ConditionSeries.Sample(time: stored.reading.time, value: $0) }
        }
        let events = report.events.filter { $0.sensor == sensor }
        func spans(_ kinds: [String]) -> [ConditionSeries.Span] {
            events.filter { kinds.contains($0.kind) }.map { ConditionSeries.Span(from: $0.from, to: $0.to) }
        }
        return ConditionSeries(
            device: sensor.device, metric: sensor.metric, unit: sensor.unit,
            samples: raw.flatMap { $0.isEmpty ? nil : $0 } ?? windows.flatMap(Self.samples),
            limits: sensor.unit == "Cel" ? report.limits : TemperatureLimits(),
            excursions: spans(["above", "below", "door", "shock", "tilt"]), gaps: spans(["silence"]))
    }

    /// A window of which nothing else is known.
    private static func samples(of window: JourneyReport.Window) -> [ConditionSeries.Sample] {
        let middle = window.from + (window.to - window.from) / 2
        return [(window.from, window.min), (middle, window.mean), (window.to, window.max)].map {
            ConditionSeries.Sample(time: $0.0, value: $0.1)
        }
    }

    public var text: String {
        var lines = ["journey   \(order)", "time      \(began ?? "-") to \(ended ?? "now")"]
        if lowestAllowed != nil || highestAllowed != nil {
            lines.append("limits    \(Self.number(lowestAllowed)) to \(Self.number(highestAllowed)) Cel")
        }
        for (sensor, series) in zip(sensors, series) {
            lines.append("")
            lines.append("\(sensor.device) \(sensor.metric), \(sensor.unit)")
            lines.append(
                "  \(sensor.readings) readings in \(sensor.windows) windows"
                    + (sensor.supplementaryWindows > 0 ? ", \(sensor.supplementaryWindows) supplementary" : "")
                    + "; missing \(sensor.missing), silent \(Self.duration(sensor.secondsSilent))")
            lines.append(
                "  min \(Self.number(sensor.min))  mean \(Self.number(sensor.mean))  max \(Self.number(sensor.max))"
                    + (sensor.mkt.map { "  MKT \(Self.number($0))" } ?? "")
                    + "  outside \(Self.duration(sensor.secondsOutside))")
            lines += series.sparkline(width: 72).split(separator: "\n").map { "  \($0)" }
        }
        if !events.isEmpty { lines.append("") }
        lines += events.map(\.text)
        return lines.joined(separator: "\n")
    }

    static func number(_ value: Double?) -> String {
        value.map { String(format: "%.2f", $0) } ?? "any"
    }

    static func duration(_ seconds: Double) -> String {
        guard seconds >= 60 else { return String(format: "%.0f s", seconds) }
        let minutes = Int((seconds / 60).rounded())
        return minutes < 60 ? "\(minutes) min" : "\(minutes / 60) h \(minutes % 60) min"
    }
}

extension ShownJourney.Sensor {
    init(_ sensor: SensorName, _ windows: [JourneyReport.Window], drawn series: ConditionSeries) {
        device = sensor.device
        metric = sensor.metric
        unit = sensor.unit
        self.windows = windows.count
        readings = windows.reduce(0) { $0 + $1.count }
        min = windows.map(\.min).min() ?? 0
        max = windows.map(\.max).max() ?? 0
        mean = windows.reduce(0) { $0 + $1.mean * Double($1.count) } / Double(Swift.max(1, readings))
        mkt = sensor.unit == "Cel" ? LoggerSummary(series.samples)?.mkt : nil
        outside = windows.reduce(0) { $0 + $1.outside }
        secondsOutside = windows.reduce(0) { $0 + $1.secondsOutside }
        secondsSilent = windows.reduce(0) { $0 + $1.secondsSilent }
        missing = windows.reduce(0) { $0 &+ $1.missing }
        supplementaryWindows = windows.count { $0.isSupplementary }
    }
}

extension ShownJourney.Event {
    init(_ event: JourneyReport.Event) {
        kind = event.kind
        device = event.sensor.device
        from = WindowSummary.timeText(event.from)
        metric = event.sensor.metric.isEmpty ? nil : event.sensor.metric
        unit = event.sensor.unit.isEmpty ? nil : event.sensor.unit
        to = event.to.map(WindowSummary.timeText)
        detail = event.detail
        value = event.value
        limit = event.limit
        worst = event.worst
    }

    var text: String {
        let place = metric.map { "\(device) \($0)" } ?? device
        let values = [
            value.map { ShownJourney.number($0) }, limit.map { "limit \(ShownJourney.number($0))" },
            worst.map { "worst \(ShownJourney.number($0))" }, detail,
        ].compactMap { $0 }
        let time = to == from ? from : "\(from) to \(to ?? "now")"
        return "\(kind.uppercased().padded(11)) \(place)  \(time)  \(values.joined(separator: ", "))"
    }
}
