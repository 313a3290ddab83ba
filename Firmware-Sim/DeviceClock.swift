/// A device's own clock: set wrongly by an offset, and running too fast or too slow by a drift.
struct DeviceClock: Hashable, Sendable {
    /// Added to the true time.
    var offset: Duration
    /// Microseconds gained in each true second; negative where the clock is slow.
    var driftPerMillion: Double

    /// What the clock shows, in UTC microseconds, when `elapsed` has truly passed since `start`.
    func time(start: Int64, elapsed: Duration) -> Int64 {
        let shown = offset + elapsed + elapsed * (driftPerMillion / 1_000_000)
        return start + Int64((shown / .microseconds(1)).rounded())
    }
}
