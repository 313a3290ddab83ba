import Ledger
import Store
import Telemetry

/// A window of readings as the update that sums it up.
public struct WindowDraft {
    let window: AnnouncedWindow
    let summary: WindowSummary
    /// The leaf hashes of the readings, in order.
    public let leaves: [Hash]
    /// The readings, in order.
    public let readings: [Reading]
    /// The smallest time that a reading was on its way, in microseconds: how far the device's clock is behind at the
    /// most; below zero, how far it is ahead at the least.
    private let delay: Int64

    /// - Parameter readings: all of the window, in order.
    /// - Returns: nil for none.
    public init?(of window: AnnouncedWindow, journey: Journey, readings: [StoredReading]) throws {
        let sensor = window.sensor
        var gathered = Window(device: sensor.device, metric: sensor.metric, unit: sensor.unit)
        for stored in readings.prefix(Window.readingsMax) where stored.reading.value.number != nil {
            try gathered.add(stored.reading)
        }
        guard let summary = gathered.summary(limits: journey.limits) else { return nil }
        self.window = window
        self.summary = summary
        self.readings = gathered.ordered
        leaves = self.readings.map { Hash.leaf($0.leaf) }
        delay = readings.reduce(Int64.max) { min($0, $1.arrived - $1.reading.time) }
    }

    /// RFC 6962, section 2.1.
    public var root: Hash {
        var tree = MerkleTree()
        for leaf in leaves { tree.append(leaf) }
        return tree.root
    }

    func draft(step: String) -> Draft {
        var facts = summary.facts.map { (name: $0.name, value: Draft.Value.text($0.value)) }
        facts.append((name: "clock-offset", value: .text(Seconds.text(delay))))
        if let cause = window.mark.cause { facts.append((name: "closed-by", value: .text(cause.rawValue))) }
        if window.isSupplementary { facts.append((name: "supplementary", value: .text("true"))) }
        facts.append((name: ReadingProof.rootFact, value: .text(root.hex)))
        return Draft(
            order: .existing(window.order), step: step, facts: facts, observedAt: summary.to,
            source: Source(.window, sensor: "\(window.sensor.device)/\(window.sensor.metric)"))
    }
}

/// Durations as facts carry them: seconds with three decimals.
enum Seconds {
    static func text(_ microseconds: Int64) -> String {
        let (seconds, rest) = (microseconds.magnitude / 1_000_000, microseconds.magnitude % 1_000_000 / 1_000)
        return "\(microseconds < 0 ? "-" : "")\(seconds).\(String(1_000 + rest).dropFirst())"
    }
}
