/// A set of small numbers, one bit each; the first 64 need no memory of their own.
struct NodeSet: Hashable, Sendable {
    private var first: UInt64 = 0
    private var rest: [UInt64] = []

    init() {}

    func contains(_ number: Int) -> Bool {
        let word = number >> 6
        guard word > 0 else { return first >> UInt64(number) & 1 == 1 }
        return word <= rest.count && rest[word - 1] >> UInt64(number & 63) & 1 == 1
    }

    mutating func insert(_ number: Int) {
        let word = number >> 6
        guard word > 0 else {
            first |= 1 << UInt64(number)
            return
        }
        while rest.count < word { rest.append(0) }
        rest[word - 1] |= 1 << UInt64(number & 63)
    }

    mutating func remove(_ number: Int) {
        let word = number >> 6
        guard word > 0 else {
            first &= ~(1 << UInt64(number))
            return
        }
        if word <= rest.count { rest[word - 1] &= ~(1 << UInt64(number & 63)) }
    }

    mutating func formUnion(_ other: NodeSet) {
        first |= other.first
        while rest.count < other.rest.count { rest.append(0) }
        for place in other.rest.indices { rest[place] |= other.rest[place] }
    }

    func union(_ other: NodeSet) -> NodeSet {
        var result = self
        result.formUnion(other)
        return result
    }

    func subtracting(_ other: NodeSet) -> NodeSet {
        var result = self
        result.first &= ~other.first
        for place in 0..<min(rest.count, other.rest.count) { result.rest[place] &= ~other.rest[place] }
        return result
    }

    var members: [Int] {
        var members: [Int] = []
        for (place, word) in ([first] + rest).enumerated() {
            var left = word
            while left != 0 {
                members.append(place << 6 + left.trailingZeroBitCount)
                left &= left - 1
            }
        }
        return members
    }
}
