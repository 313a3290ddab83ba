/// What a value may be, and for how long it may be otherwise before anybody is told.
public struct Band: Hashable, Sendable {
    /// On which side of its band a value lies.
    public enum Side: String, Hashable, Sendable, Codable {
        case above, below
    }

    /// Values outside the band, one after another.
    public struct Run: Hashable, Sendable {
        public let side: Side
        /// Time of the first value outside.
        public let from: Int64
        /// Time of the last value outside that is known.
        public var last: Int64
        /// Time of the first value that is inside again; nil while none has come.
        public var to: Int64?
        /// The value that is furthest outside.
        public var worst: Double

        /// From the first value outside to the first that is inside again, in microseconds; to the last that is known
        /// while there is none.
        public var length: Int64 { (to ?? last) - from }
    }

    /// Nil where nothing is too little.
    public let lowest: Double?
    /// Nil where nothing is too much.
    public let highest: Double?
    /// Microseconds: a run that is shorter is not told.
    public let grace: Int64

    public init(lowest: Double? = nil, highest: Double? = nil, grace: Int64 = 0) {
        self.lowest = lowest
        self.highest = highest
        self.grace = grace
    }

    /// Where a value lies outside; nil inside.
    public func side(of value: Double) -> Side? {
        if let highest, value > highest { return .above }
        if let lowest, value < lowest { return .below }
        return nil
    }

    /// The bound on a side.
    public func limit(on side: Side) -> Double? { side == .above ? highest : lowest }

    /// All runs outside in readings that are in order of time, those within the grace too. Who goes from too warm to too
    /// cold begins a new run.
    public func runs(in readings: some Sequence<Reading>) -> [Run] {
        var runs: [Run] = []
        var isOutside = false
        for reading in readings {
            guard let value = reading.value.number else { continue }
            let side = side(of: value)
            if isOutside, var run = runs.popLast() {
                if side == run.side {
                    run.last = reading.time
                    run.worst = side == .above ? max(run.worst, value) : min(run.worst, value)
                } else {
                    run.to = reading.time
                }
                runs.append(run)
            }
            if let side, !isOutside || runs.last?.side != side {
                runs.append(Run(side: side, from: reading.time, last: reading.time, to: nil, worst: value))
            }
            isOutside = side != nil
        }
        return runs
    }
}
