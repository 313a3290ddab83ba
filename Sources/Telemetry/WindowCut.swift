/// Where an open window ends, and why.
public struct WindowCut: Hashable, Sendable {
    /// Why a window ends. The names stand in updates: they never change.
    public enum Cause: String, Hashable, Sendable, Codable {
        case time, count, journey
        case excursionBegan = "excursion-began"
        case excursionEnded = "excursion-ended"
    }

    /// When windows are closed.
    public struct Rule: Hashable, Sendable {
        /// Microseconds: windows end at whole multiples of it.
        public let length: Int64
        /// The most readings in a window.
        public let count: Int
        public let band: Band?

        public init(length: Int64, count: Int, band: Band?) {
            self.length = length
            self.count = count
            self.band = band
        }
    }

    /// An excursion that has begun and not ended.
    public struct Excursion: Hashable, Sendable {
        public let side: Band.Side
        public let from: Int64

        public init(side: Band.Side, from: Int64) {
            self.side = side
            self.from = from
        }
    }

    /// Readings before this time are in the window; at the window's own beginning where it is cut before its first reading.
    public let end: Int64
    public let cause: Cause
    /// The excursion that begins or has ended.
    public let excursion: Excursion?
    /// A value outside whose grace is not yet over when the window ends.
    public let outsideSince: Excursion?

    /// The first place where the window must end; nil while it may go on.
    ///
    /// - Parameters:
    ///   - readings: since the window's beginning, in order.
    ///   - start: the window's beginning: where the one before it ended.
    ///   - excursion: the one that lasts.
    ///   - outsideSince: what the window before has left open.
    ///   - journeyEnd: nil while the journey lasts.
    ///   - now: UTC microseconds; a window that nobody adds to is closed one length after its end.
    public static func next(
        in readings: [Reading], from start: Int64, under rule: Rule, excursion: Excursion? = nil,
        outsideSince: Excursion? = nil, journeyEnd: Int64? = nil, now: Int64
    ) -> WindowCut? {
        guard let first = readings.first else { return nil }
        let gridEnd = min(Self.gridEnd(of: first.time, rule.length), journeyEnd ?? .max)
        var outside = outsideSince
        for (index, reading) in readings.enumerated() {
            if reading.time >= gridEnd { return WindowCut(end: gridEnd, cause: .time, outsideSince: outside) }
            if index >= rule.count, reading.time > readings[index - 1].time {
                return WindowCut(end: reading.time, cause: .count, outsideSince: outside)
            }
            guard let band = rule.band, let value = reading.value.number else { continue }
            let side = band.side(of: value)
            if let excursion {
                guard side != excursion.side else { continue }
                return WindowCut(end: reading.time, cause: .excursionEnded, excursion: excursion)
            }
            outside = side.map { side in
                if let outside, outside.side == side { outside } else { Excursion(side: side, from: reading.time) }
            }
            if let outside, reading.time - outside.from >= band.grace {
                return WindowCut(end: max(outside.from, start), cause: .excursionBegan, excursion: outside)
            }
        }
        if let journeyEnd { return WindowCut(end: journeyEnd, cause: .journey) }
        let isOverdue = now - gridEnd >= rule.length
        return isOverdue ? WindowCut(end: gridEnd, cause: .time, outsideSince: outside) : nil
    }

    private init(end: Int64, cause: Cause, excursion: Excursion? = nil, outsideSince: Excursion? = nil) {
        self.end = end
        self.cause = cause
        self.excursion = excursion
        self.outsideSince = outsideSince
    }

    private static func gridEnd(of time: Int64, _ length: Int64) -> Int64 {
        let rest = time % length
        return time - (rest < 0 ? rest + length : rest) + length
    }
}
