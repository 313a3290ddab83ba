/// By time; what else tells readings of one sensor apart only makes the order total, so that whoever holds the same
/// readings puts them in the same order.
extension Reading: Comparable {
    public static func < (left: Reading, right: Reading) -> Bool {
        if left.time != right.time { return left.time < right.time }
        if left.sequence != right.sequence { return precedes(left.sequence, right.sequence) }
        if left.session != right.session { return precedes(left.session?.utf8Order, right.session?.utf8Order) }
        return left.value < right.value
    }

    /// Nothing comes before something.
    private static func precedes<Value: Comparable>(_ left: Value?, _ right: Value?) -> Bool {
        guard let right else { return false }
        guard let left else { return true }
        return left < right
    }
}

/// Numbers, then flags, then texts, then data.
extension Reading.Value: Comparable {
    public static func < (left: Self, right: Self) -> Bool {
        switch (left, right) {
        case (.number(let left), .number(let right)): left < right
        case (.flag(let left), .flag(let right)): !left && right
        case (.text(let left), .text(let right)): left.utf8Order < right.utf8Order
        case (.data(let left), .data(let right)): left.lexicographicallyPrecedes(right)
        default: left.rank < right.rank
        }
    }

    private var rank: Int {
        switch self {
        case .number: 0
        case .flag: 1
        case .text: 2
        case .data: 3
        }
    }
}

/// Texts by their bytes: Swift's own order may differ from one release of Unicode to the next.
private struct UTF8Order: Comparable {
    let text: String

    static func == (left: UTF8Order, right: UTF8Order) -> Bool { left.text.utf8.elementsEqual(right.text.utf8) }

    static func < (left: UTF8Order, right: UTF8Order) -> Bool {
        left.text.utf8.lexicographicallyPrecedes(right.text.utf8)
    }
}

extension String {
    fileprivate var utf8Order: UTF8Order { UTF8Order(text: self) }
}
