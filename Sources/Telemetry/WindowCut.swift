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
    /// Readings that came late and lie before the excursion that lasts get a window of their own, so that they do not end
    /// it. Whoever takes what lies before each end, and remembers the excursion that begins or ends there, never meets the
    /// same place twice. An excursion lasts no longer than its journey.
    ///
    /// - Parameters:
    ///   - readings: since the window's beginning, in order; before the journey's end.
    ///   - start: the window's beginning: where the one before it ended.
    ///   - excursion: the one that lasts.
    ///   - outsideSince: what the window before has left open.
    ///   - journeyEnd: nil while the journey lasts.
    ///   - now: UTC microseconds; a window that nobody adds to is closed one length after its end.
    public static func next(
        in readings: [Reading], from start: Int64, under rule: Rule, excursion: Excursion? = nil,
        outsideSince: Excursion? = nil, journeyEnd: Int64? = nil, now: Int64
    ) -> WindowCut? {
        guard let first = readings.first else {
            guard let journeyEnd, let excursion else { return nil }
            return WindowCut(end: max(journeyEnd, excursion.from), cause: .journey, excursion: excursion)
        }
        let gridEnd = min(Self.gridEnd(of: first.time, rule.length), journeyEnd ?? .max)
        var outside = excursion == nil ? outsideSince : nil
        var rest = readings[...]
        while let time = rest.first?.time {
            if time >= gridEnd { return WindowCut(end: gridEnd, cause: .time, outsideSince: outside) }
            if rest.startIndex >= max(rule.count, 1) {
                return WindowCut(end: time, cause: .count, outsideSince: outside)
            }
            if let excursion, first.time < excursion.from, time >= excursion.from {
                return WindowCut(end: excursion.from, cause: .excursionBegan, excursion: excursion)
            }
            let moment = rest.prefix { $0.time == time }
            rest = rest.dropFirst(moment.count)
            let lies = Moment(moment, in: rule.band, rather: excursion?.side ?? outside?.side)
            guard let band = rule.band, lies.hasNumber, time >= excursion?.from ?? .min else { continue }
            if let excursion {
                guard lies.side != excursion.side else { continue }
                return WindowCut(end: time, cause: .excursionEnded, excursion: excursion)
            }
            outside = lies.side.map { side in
                if let outside, outside.side == side { outside } else { Excursion(side: side, from: time) }
            }
            if let outside, time - outside.from >= band.grace {
                return WindowCut(end: max(outside.from, start), cause: .excursionBegan, excursion: outside)
            }
        }
        if let journeyEnd { return WindowCut(end: journeyEnd, cause: .journey, excursion: excursion) }
        let isOverdue = now - gridEnd >= rule.length
        return isOverdue ? WindowCut(end: gridEnd, cause: .time, outsideSince: outside) : nil
    }

    private init(end: Int64, cause: Cause, excursion: Excursion? = nil, outsideSince: Excursion? = nil) {
        self.end = end
        self.cause = cause
        self.excursion = excursion
        self.outsideSince = outsideSince
    }

    /// Where all readings of one time lie together: outside where one of them is, so that no excursion ends at the time
    /// at which it begins.
    private struct Moment {
        private(set) var hasNumber = false
        private(set) var side: Band.Side?

        /// - Parameter rather: the side that counts where both sides are met.
        init(_ readings: ArraySlice<Reading>, in band: Band?, rather: Band.Side?) {
            guard let band else { return }
            for reading in readings {
                guard let value = reading.value.number else { continue }
                hasNumber = true
                guard let side = band.side(of: value) else { continue }
                if self.side == nil || side == rather { self.side = side }
            }
        }
    }

    private static func gridEnd(of time: Int64, _ length: Int64) -> Int64 {
        let rest = time % length
        return time - (rest < 0 ? rest + length : rest) + length
    }
}
