/// Entries that follow each other, in one piece of memory: a log that catches up would otherwise spend its time on pieces.
public struct EntryBundle: Sendable {
    private let bytes: [UInt8]
    /// Where each entry lies in `bytes`; there may be more between them.
    private let places: [Range<Int>]

    /// - Parameter places: where each entry lies in `bytes`.
    public init(_ bytes: ArraySlice<UInt8>, places: [Range<Int>]) {
        precondition(places.allSatisfy { bytes.startIndex <= $0.lowerBound && $0.upperBound <= bytes.endIndex })
        self.bytes = Array(bytes)
        self.places = places.map { $0.lowerBound - bytes.startIndex..<$0.upperBound - bytes.startIndex }
    }

    public init(_ entries: [[UInt8]]) {
        var end = 0
        bytes = Array(entries.joined())
        places = entries.map { entry in
            defer { end += entry.count }
            return end..<(end + entry.count)
        }
    }

    public var count: Int { places.count }
    /// Bytes of all entries.
    public var byteCount: Int { places.reduce(0) { $0 + $1.count } }
    /// Each in an array of its own.
    public var entries: [[UInt8]] { places.map { Array(bytes[$0]) } }

    /// Leaf hashes of the entries (RFC 6962 section 2.1).
    var leaves: [Hash] {
        bytes.withUnsafeBytes { bytes in places.map { Hash.leaf(UnsafeRawBufferPointer(rebasing: bytes[$0])) } }
    }

    /// Calls `body` with the place of each entry, counted from 0, and its bytes where they lie.
    public func forEach(_ body: (Int, UnsafeRawBufferPointer) throws -> Void) rethrows {
        try withPointers { entries in
            for place in places.indices { try body(place, entries(place)) }
        }
    }

    /// Calls `body` with what gives the bytes of an entry where they lie, which stay there until `body` returns.
    public func withPointers<Result>(
        _ body: ((_ place: Int) -> UnsafeRawBufferPointer) throws -> Result
    ) rethrows -> Result {
        try bytes.withUnsafeBytes { bytes in try body { UnsafeRawBufferPointer(rebasing: bytes[places[$0]]) } }
    }
}

extension EntryBundle: Hashable {
    /// Of the same entries, wherever they lie.
    public static func == (one: EntryBundle, other: EntryBundle) -> Bool { one.entries == other.entries }

    public func hash(into hasher: inout Hasher) { hasher.combine(entries) }
}
