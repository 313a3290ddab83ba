/// How long the disk will last at the present rate, from a few looks at it.
public struct DiskForecast: Sendable {
    /// So far back the rate is taken, in microseconds.
    public static let span: Int64 = 3_600_000_000
    /// Over less than this no rate is known, in microseconds.
    public static let shortest: Int64 = 600_000_000

    /// Free bytes at a time.
    private var looks: [(time: Int64, free: UInt64)] = []
    /// Bytes that are not for use.
    public let reserve: UInt64

    public init(reserve: UInt64) { self.reserve = reserve }

    /// - Parameter time: UTC microseconds; later than the last.
    public mutating func look(free: UInt64, at time: Int64) {
        // A clock that was set back would give a rate without meaning.
        if let last = looks.last, time <= last.time { looks.removeAll() }
        looks.append((time, free))
        let oldest = looks.firstIndex { time - $0.time <= Self.span } ?? 0
        looks.removeFirst(oldest)
    }

    public var isFull: Bool { looks.last.map { $0.free < reserve } ?? false }

    /// Hours until only the reserve is left; nil while no rate is known, or the disk does not fill.
    public var hoursLeft: Double? {
        guard let first = looks.first, let last = looks.last, last.time - first.time >= Self.shortest,
            first.free > last.free
        else { return nil }
        guard last.free > reserve else { return 0 }
        let hours = Double(last.time - first.time) / 3.6e9
        return Double(last.free - reserve) / (Double(first.free - last.free) / hours)
    }
}
