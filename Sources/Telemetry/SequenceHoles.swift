/// What a device's own count tells of its readings: how many have not come, and whether its clock was set meanwhile.
///
/// A session's count is its own; readings that do not count tell nothing. A reading that came late has filled its hole,
/// because the numbers are looked at in their own order.
public struct SequenceHoles: Hashable, Sendable {
    /// How many holes there are.
    public private(set) var count = 0
    /// How many readings they lack, at most 2^64 - 1.
    public private(set) var missing: UInt64 = 0
    /// Time of the first reading whose count is lower than that of a reading before it: the clock was set.
    public private(set) var setBackAt: Int64?

    /// - Parameter readings: in order of time.
    public init(in readings: [Reading]) {
        self.init(readings.map { Window.Sample(time: $0.time, value: 0, sequence: $0.sequence, session: $0.session) })
    }

    init(_ samples: [Window.Sample]) {
        var sequences: [String?: [UInt64]] = [:]
        for sample in samples {
            guard let sequence = sample.sequence else { continue }
            if setBackAt == nil, let last = sequences[sample.session]?.last, sequence < last { setBackAt = sample.time }
            sequences[sample.session, default: []].append(sequence)
        }
        for numbers in sequences.values.map({ $0.sorted() }) {
            for (earlier, later) in zip(numbers, numbers.dropFirst()) where later > earlier && later - earlier > 1 {
                count += 1
                let (sum, isOver) = missing.addingReportingOverflow(later - earlier - 1)
                missing = isOver ? .max : sum
            }
        }
    }
}
