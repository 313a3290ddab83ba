/// A set of places in an order's thread, one bit each.
struct NodeSet: Hashable, Sendable {
    private var words: [UInt64] = []

    init() {}

    func contains(_ node: Int) -> Bool {
        let word = node >> 6
        return word < words.count && words[word] & (1 << UInt64(node & 63)) != 0
    }

    mutating func insert(_ node: Int) {
        let word = node >> 6
        while words.count <= word { words.append(0) }
        words[word] |= 1 << UInt64(node & 63)
    }

    mutating func formUnion(_ other: NodeSet) {
        if words.isEmpty {
            words = other.words
            return
        }
        while words.count < other.words.count { words.append(0) }
        for place in other.words.indices { words[place] |= other.words[place] }
    }

    func subtracting(_ other: NodeSet) -> NodeSet {
        var result = self
        for place in 0..<min(words.count, other.words.count) { result.words[place] &= ~other.words[place] }
        return result
    }

    var members: [Int] {
        var members: [Int] = []
        for (place, word) in words.enumerated() {
            var rest = word
            while rest != 0 {
                members.append(place << 6 + rest.trailingZeroBitCount)
                rest &= rest - 1
            }
        }
        return members
    }
}
