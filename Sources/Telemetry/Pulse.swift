/// How often a sensor speaks, and when it did so last: enough to notice that it no longer does.
public struct Pulse: Hashable, Sendable {
    /// So many of the newest readings tell the usual interval.
    public static let readingsMax = 32

    /// When the last reading arrived, UTC microseconds by the gateway's clock.
    public private(set) var lastArrival: Int64
    /// The newest reading's own time.
    public private(set) var lastTime: Int64
    /// The usual time between two readings in microseconds; nil while fewer than three are known.
    public private(set) var interval: Int64?

    /// - Parameter readings: times and arrivals in order of time; at least one.
    public init?(of readings: some BidirectionalCollection<(time: Int64, arrived: Int64)>) {
        guard let last = readings.last else { return nil }
        lastArrival = readings.reduce(last.arrived) { Swift.max($0, $1.arrived) }
        lastTime = last.time
        let times = readings.suffix(Self.readingsMax).map(\.time)
        let steps = zip(times, times.dropFirst()).map { $1 - $0 }.filter { $0 > 0 }.sorted()
        interval = steps.count >= 2 ? steps[steps.count / 2] : nil
    }

    /// Takes in what came later; few readings tell no new interval.
    public mutating func join(_ later: Pulse) {
        lastArrival = max(lastArrival, later.lastArrival)
        lastTime = max(lastTime, later.lastTime)
        interval = later.interval ?? interval
    }

    /// When a sensor that goes on saying nothing counts as silent; nil where nobody knows how often it speaks.
    /// - Parameter intervals: how many of its usual intervals it may miss.
    public func silentFrom(intervals: Int) -> Int64? {
        guard intervals > 0, let interval else { return nil }
        let wait = interval.multipliedReportingOverflow(by: Int64(intervals))
        let silent = lastArrival.addingReportingOverflow(max(wait.partialValue, 1_000_000))
        return wait.overflow || silent.overflow ? nil : silent.partialValue
    }
}
