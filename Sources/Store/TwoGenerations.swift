/// What was used last, by key: so many young values, and as many that were young before.
struct TwoGenerations<Key: Hashable, Value> {
    private let youngMax: Int
    private var young: [Key: Value] = [:]
    private var old: [Key: Value] = [:]

    init(youngMax: Int) { self.youngMax = youngMax }

    /// The value, which is young again.
    mutating func value(of key: Key) -> Value? {
        if let known = young[key] { return known }
        guard let known = old[key] else { return nil }
        keep(known, of: key)
        return known
    }

    mutating func keep(_ value: Value, of key: Key) {
        if young.count >= youngMax {
            swap(&young, &old)
            young.removeAll(keepingCapacity: true)
        }
        young[key] = value
    }

    mutating func removeAll() {
        young.removeAll(keepingCapacity: true)
        old.removeAll(keepingCapacity: true)
    }
}
