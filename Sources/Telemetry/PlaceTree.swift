/// What a place in a payload may hold.
enum Slot: Int {
    case device
    case metric
    case unit
    case time
    case session
    case sequence
    case readings
    /// The first of the values; the others have the numbers after it.
    case value
}

/// The places of a map as a tree of keys, so that a payload is walked over once for all of them.
struct PlaceTree: Sendable, Hashable {
    struct Node: Sendable, Hashable {
        /// Raw values of `Slot`, and the values counted on.
        var slots: [Int] = []
        var children: [String: Int] = [:]
        /// Whether each member of the object here is a value.
        var hasMembers = false
    }

    private(set) var nodes = [Node()]
    private(set) var valueCount = 0

    /// How many slots there are.
    var slotCount: Int { Slot.value.rawValue + valueCount }

    mutating func add(_ slot: Slot, at place: JSONPointer) {
        let node = reach(place)
        nodes[node].slots.append(slot.rawValue)
    }

    func adding(_ slot: Slot, at place: JSONPointer) -> PlaceTree {
        var tree = self
        tree.add(slot, at: place)
        return tree
    }

    /// Adds the values' places; gives the metrics in the order of their slots, sorted.
    mutating func add(_ values: ReadingMap.Values) throws(TelemetryError) -> [String] {
        switch values {
        case .one(let place):
            try addValue(at: place)
            return []
        case .named(let places):
            let metrics = places.keys.sorted()
            for metric in metrics { try addValue(at: places[metric] ?? "") }
            return metrics
        case .members(let place):
            let node = reach(try JSONPointer(place))
            nodes[node].hasMembers = true
            return []
        }
    }

    private mutating func addValue(at place: String) throws(TelemetryError) {
        let node = reach(try JSONPointer(place))
        nodes[node].slots.append(Slot.value.rawValue + valueCount)
        valueCount += 1
    }

    /// The node at a place, made where there is none.
    private mutating func reach(_ place: JSONPointer) -> Int {
        var node = 0
        for key in place.keys {
            if let next = nodes[node].children[key] {
                node = next
            } else {
                nodes.append(Node())
                nodes[node].children[key] = nodes.count - 1
                node = nodes.count - 1
            }
        }
        return node
    }
}
