/// A device's own clock: set wrongly by an offset, and running too fast or too slow by a drift.
struct DeviceClock: Hashable, Sendable {
    /// A clock that is set, rightly or wrongly, while the device runs.
    struct Jump: Hashable, Sendable {
        /// True time since the device started.
        let after: Duration
        /// Negative jumps back.
        let by: Duration
    }

    /// Added to the true time.
    var offset: Duration
    /// Microseconds gained in each true second; negative where the clock is slow.
    var driftPerMillion: Double
    var jump: Jump?

    /// What the clock shows, in UTC microseconds, when `elapsed` has truly passed since `start`.
    func time(start: Int64, elapsed: Duration) -> Int64 {
        var shown = offset + elapsed + elapsed * (driftPerMillion / 1_000_000)
        if let jump, elapsed >= jump.after { shown += jump.by }
        return start + Int64((shown / .microseconds(1)).rounded())
    }
}
