/// What stands at one place of a payload.
struct Found {
    enum Scalar {
        /// Not finite where it is too large for a double; the digits are `payload[range]`.
        case number(Double, Range<Int>)
        case text(String)
        case flag(Bool)
        case null
        /// An object or an array.
        case container
    }

    let scalar: Scalar
    /// Of its first byte in the payload.
    let position: Int

    var isNull: Bool {
        if case .null = scalar { true } else { false }
    }
}

/// What was found for one reading, or around all of them, while a payload is walked over.
struct MappedDraft {
    /// Of the reading's first byte in the payload.
    let position: Int
    /// By slot.
    private(set) var slots: [Found?]
    /// Values that are named after their metric.
    private(set) var members: [(metric: String?, found: Found)] = []
    private(set) var hasMembers = false
    private var names: Set<String> = []

    init(_ tree: PlaceTree, at position: Int) {
        self.position = position
        slots = Array(repeating: nil, count: tree.slotCount)
    }

    subscript(_ slot: Slot) -> Found? { slots[slot.rawValue] }

    /// A draft has a place once, so that what stands there twice is a contradiction.
    mutating func put(_ found: Found, in slot: Int) throws(TelemetryError) {
        guard slots[slot] == nil else { throw MappedDraft.repeated(found.position) }
        slots[slot] = found
    }

    mutating func openMembers(at position: Int) throws(TelemetryError) {
        guard !hasMembers else { throw MappedDraft.repeated(position) }
        hasMembers = true
    }

    mutating func addMember(_ metric: String, _ found: Found) throws(TelemetryError) {
        guard names.insert(metric).inserted else { throw MappedDraft.repeated(found.position) }
        guard members.count < InboundMessage.readingsMax else { throw MappedDraft.tooMany(found.position) }
        switch found.scalar {
        case .null, .container: return
        case .number, .text, .flag: members.append((metric, found))
        }
    }

    private static func repeated(_ position: Int) -> TelemetryError {
        TelemetryError(.keyRepeated, "A key stands twice in one reading.", position: position)
    }

    static func tooMany(_ position: Int) -> TelemetryError {
        TelemetryError(
            .readingsTooMany, "A payload holds at most \(InboundMessage.readingsMax) readings.", position: position)
    }
}
