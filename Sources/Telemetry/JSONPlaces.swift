/// Walks over a JSON payload once and notes what stands at the places of a map.
struct JSONPlaces {
    private var scanner: JSONScanner
    private let map: ReadingMap
    private(set) var drafts: [MappedDraft] = []
    /// What stands around the readings.
    private(set) var around: MappedDraft?

    init(_ payload: [UInt8], map: ReadingMap) {
        scanner = JSONScanner(payload)
        self.map = map
    }

    mutating func read() throws(TelemetryError) {
        if let tree = map.payload {
            var draft = MappedDraft(tree, at: 0)
            try walk(tree, 0, into: &draft)
            guard draft[.readings] != nil else {
                throw TelemetryError(.valueMissing, "The payload has nothing at its readings' place.", position: 0)
            }
            around = draft
        } else {
            try readReadings()
        }
        try scanner.expectEnd()
    }

    private mutating func readReadings() throws(TelemetryError) {
        guard scanner.take(UInt8(ascii: "[")) else { return try readReading() }
        if scanner.take(UInt8(ascii: "]")) { return }
        repeat {
            guard drafts.count < InboundMessage.readingsMax else { throw MappedDraft.tooMany(scanner.index) }
            try readReading()
        } while scanner.take(UInt8(ascii: ","))
        try scanner.expect(UInt8(ascii: "]"))
    }

    private mutating func readReading() throws(TelemetryError) {
        _ = scanner.peek()
        var draft = MappedDraft(map.reading, at: scanner.index)
        try walk(map.reading, 0, into: &draft)
        drafts.append(draft)
    }

    // MARK: Places

    /// Takes the value at `node`. As deep as the pointers of the map, never as deep as the payload.
    private mutating func walk(_ tree: PlaceTree, _ node: Int, into draft: inout MappedDraft) throws(TelemetryError) {
        let place = tree.nodes[node]
        let byte = scanner.peek()
        let position = scanner.index
        if place.slots.contains(Slot.readings.rawValue) {
            try draft.put(Found(scalar: .container, position: position), in: Slot.readings.rawValue)
            if try !scanner.takeNull() { try readReadings() }
            return
        }
        let isObject = byte == UInt8(ascii: "{") && (place.hasMembers || !place.children.isEmpty)
        let isArray = byte == UInt8(ascii: "[") && !place.children.isEmpty
        if isObject || isArray {
            for slot in place.slots { try draft.put(Found(scalar: .container, position: position), in: slot) }
            try isObject ? walkObject(tree, node, into: &draft) : walkArray(tree, node, into: &draft)
        } else if place.slots.isEmpty {
            try scanner.skipValue()
        } else {
            let scalar = try scalar()
            for slot in place.slots { try draft.put(Found(scalar: scalar, position: position), in: slot) }
        }
    }

    private mutating func walkObject(
        _ tree: PlaceTree,
        _ node: Int,
        into draft: inout MappedDraft
    ) throws(TelemetryError) {
        let place = tree.nodes[node]
        if place.hasMembers { try draft.openMembers(at: scanner.index) }
        try scanner.expect(UInt8(ascii: "{"))
        if scanner.take(UInt8(ascii: "}")) { return }
        repeat {
            let key = try scanner.string()
            try scanner.expect(UInt8(ascii: ":"))
            if let child = place.children[key] {
                try walk(tree, child, into: &draft)
            } else if place.hasMembers {
                _ = scanner.peek()
                let position = scanner.index
                try draft.addMember(key, Found(scalar: try scalar(), position: position))
            } else {
                try scanner.skipValue()
            }
        } while scanner.take(UInt8(ascii: ","))
        try scanner.expect(UInt8(ascii: "}"))
    }

    private mutating func walkArray(
        _ tree: PlaceTree,
        _ node: Int,
        into draft: inout MappedDraft
    ) throws(TelemetryError) {
        let children = tree.nodes[node].children
        try scanner.expect(UInt8(ascii: "["))
        if scanner.take(UInt8(ascii: "]")) { return }
        var index = 0
        repeat {
            if let child = children[String(index)] {
                try walk(tree, child, into: &draft)
            } else {
                try scanner.skipValue()
            }
            index += 1
        } while scanner.take(UInt8(ascii: ","))
        try scanner.expect(UInt8(ascii: "]"))
    }

    private mutating func scalar() throws(TelemetryError) -> Found.Scalar {
        let byte = scanner.peek()
        switch byte {
        case UInt8(ascii: "\""): return .text(try scanner.string())
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            try scanner.skipValue()
            return .container
        case UInt8(ascii: "t"), UInt8(ascii: "f"):
            try scanner.skipValue()
            return .flag(byte == UInt8(ascii: "t"))
        case UInt8(ascii: "n"):
            _ = try scanner.takeNull()
            return .null
        default:
            let number = try scanner.number()
            return .number(number.double ?? .infinity, number.bytes.startIndex..<number.bytes.endIndex)
        }
    }
}
