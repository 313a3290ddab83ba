import Identifiers

/// Folds repeated reads of one symbol or tag into one scan: as long as it stays in view it is the same scan, and it is
/// a new one when it has not been seen for a while.
public struct DwellFilter: Sendable {
    /// How many different symbols and tags are remembered. Beyond it the one seen longest ago is forgotten, so that it
    /// may count as new too early, never too late.
    public static let scansMax = 4_096

    private let window: Int64
    private var lastSeen: [Scan: Int64] = [:]

    /// - Parameter window: in microseconds; a scan is new when it was last seen this long ago or longer.
    public init(window: Int64) {
        self.window = max(0, window)
    }

    /// Whether this is a new scan and not one that is still in view.
    /// - Parameter time: in microseconds, of any one clock.
    public mutating func admits(_ scan: Scan, at time: Int64) -> Bool {
        let isRepeat = lastSeen[scan].map { isWithinWindow($0, time) } ?? false
        if lastSeen.count == DwellFilter.scansMax, lastSeen[scan] == nil { makeRoom(at: time) }
        lastSeen[scan] = time
        return !isRepeat
    }

    /// Lets the next read of `scan` count as new, as when the gateway could not take it.
    public mutating func forget(_ scan: Scan) {
        lastSeen[scan] = nil
    }

    /// A clock that was set back tells as little about the time between as one that was set forward.
    private func isWithinWindow(_ earlier: Int64, _ later: Int64) -> Bool {
        let (distance, overflow) = later.subtractingReportingOverflow(earlier)
        return !overflow && distance.magnitude < window.magnitude
    }

    private mutating func makeRoom(at time: Int64) {
        lastSeen = lastSeen.filter { isWithinWindow($0.value, time) }
        guard lastSeen.count == DwellFilter.scansMax, let oldest = lastSeen.min(by: { $0.value < $1.value }) else {
            return
        }
        lastSeen[oldest.key] = nil
    }
}
