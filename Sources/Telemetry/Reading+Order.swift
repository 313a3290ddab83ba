/// By time; what else tells readings of one sensor apart only makes the order total, so that whoever holds the same
/// readings puts them in the same order.
extension Reading: Comparable {
    public static func < (left: Reading, right: Reading) -> Bool {
        if left.time != right.time { return left.time < right.time }
        if left.sequence != right.sequence { return precedes(left.sequence, right.sequence) }
        let (earlier, later) = (left.session?.utf8Order, right.session?.utf8Order)
        return earlier == later ? left.value < right.value : precedes(earlier, later)
    }

    /// Byte by byte: two spellings of one accented letter are two devices to a broker, and two leaves of a tree.
    public static func == (left: Reading, right: Reading) -> Bool {
        left.time == right.time && left.sequence == right.sequence && left.value == right.value
            && left.session?.utf8Order == right.session?.utf8Order && left.device.utf8Order == right.device.utf8Order
            && left.metric.utf8Order == right.metric.utf8Order && left.unit.utf8Order == right.unit.utf8Order
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

    /// Texts byte by byte, as they are ordered.
    public static func == (left: Self, right: Self) -> Bool {
        switch (left, right) {
        case (.number(let left), .number(let right)): left == right
        case (.flag(let left), .flag(let right)): left == right
        case (.text(let left), .text(let right)): left.utf8Order == right.utf8Order
        case (.data(let left), .data(let right)): left == right
        default: false
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
