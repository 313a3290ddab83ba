/// The time within which a step must have been recorded (contract language 4).
///
/// Judged by the times of entries alone: those of the step that it counts from, of the step that it is for, and of the
/// update that claims that it was missed.
public struct Deadline: Hashable, Sendable {
    public static let minutesMax = 3_660 * 24 * 60
    /// In which contracts write spans, the longest first.
    static let units = [(name: "days", minutes: 1_440), (name: "hours", minutes: 60), (name: "minutes", minutes: 1)]

    /// How long, in minutes.
    public let minutes: Int
    /// The step that it counts from.
    public let of: String

    /// The last microsecond in time, UTC, of a step that began to count at `start`.
    public func end(from start: Int64) -> Int64 {
        let (end, isBeyond) = start.addingReportingOverflow(Int64(minutes) * 60_000_000)
        return isBeyond ? .max : end
    }
}
