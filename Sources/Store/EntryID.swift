/// The number under which `ledger.sqlite` keeps an entry or a checkpoint: its log's number and its index or size.
struct EntryID: Hashable, Comparable {
    static let indexBits: Int64 = 40

    let rawValue: Int64

    init(rawValue: Int64) { self.rawValue = rawValue }

    init(log: Int64, index: UInt64) {
        precondition(index <= LogRecord.sizeMax, "an index within a log's limit")
        rawValue = log << Self.indexBits | Int64(index)
    }

    var log: Int64 { rawValue >> Self.indexBits }
    var index: UInt64 { UInt64(rawValue & (1 << Self.indexBits - 1)) }

    static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}
