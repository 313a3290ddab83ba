import Telemetry

/// A reading of one sensor as the intake keeps it.
struct KeptReading: Hashable {
    /// The device's own time, UTC microseconds.
    let time: Int64
    /// The device's own count, where it counts.
    let sequence: UInt64?
    let value: Reading.Value
    /// When it was committed, UTC microseconds; grows with each commit, whatever the clock does.
    let arrived: Int64

    /// Whether both say the same: the later one is a message that came twice.
    func repeats(_ other: KeptReading) -> Bool {
        time == other.time && sequence == other.sequence && value == other.value
    }
}

/// As readings are, with the earlier arrival of the same reading first.
extension KeptReading: Comparable {
    static func < (left: KeptReading, right: KeptReading) -> Bool {
        if left.time != right.time { return left.time < right.time }
        if left.sequence != right.sequence {
            guard let sequence = right.sequence else { return false }
            return left.sequence.map { $0 < sequence } ?? true
        }
        if left.value != right.value { return left.value < right.value }
        return left.arrived < right.arrived
    }
}

extension Sequence where Element == KeptReading {
    /// In order, each reading once, as it came first.
    func inOrderOnce() -> [KeptReading] {
        var unique: [KeptReading] = []
        for reading in sorted() {
            if let last = unique.last, reading.repeats(last) { continue }
            unique.append(reading)
        }
        return unique
    }
}
