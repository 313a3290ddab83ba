/// Tells device and metric from a record's name (RFC 8428 section 4.5.1) and from the topic. What depends on the base
/// name alone is worked out when that changes, and a name that comes again is not split again: most packs are long and
/// hold few names.
struct SenMLName {
    private let topic: TopicPattern.Match
    private var base = ""
    private var baseDevice = ""
    private var isBaseAllowed = true
    private var isBaseOfTopic = false
    private var last: (full: String, device: String, metric: String)?

    init(topic: TopicPattern.Match) {
        self.topic = topic
    }

    mutating func setBase(_ name: String) {
        guard name != base else { return }
        base = name
        isBaseAllowed = SenMLName.isAllowed(name)
        baseDevice = SenMLName.withoutSeparator(name)
        isBaseOfTopic = topic.device.map { SenMLName.ends(name, $0) || SenMLName.ends(baseDevice, $0) } ?? false
    }

    /// The device is the topic's where it names one; otherwise the base name, or the name up to its last `:` or `/`.
    mutating func split(_ name: String) throws(TelemetryError) -> (device: String, metric: String) {
        try check(name)
        if let device = topic.device { return (device, metric(name)) }
        guard base.isEmpty || name.isEmpty else { return (baseDevice, topic.metric ?? name) }
        let full = base.isEmpty ? name : base
        if let last, last.full == full { return (last.device, last.metric) }
        let (device, metric) = try splitAtSeparator(full)
        last = (full, device, metric)
        return (device, metric)
    }

    private func metric(_ name: String) -> String {
        if let metric = topic.metric { return metric }
        return isBaseOfTopic && !name.isEmpty ? name : base + name
    }

    private func splitAtSeparator(_ full: String) throws(TelemetryError) -> (device: String, metric: String) {
        let text = full.utf8
        var index = text.endIndex
        while index > text.startIndex {
            let next = index
            index = text.index(before: index)
            guard text[index] == UInt8(ascii: ":") || text[index] == UInt8(ascii: "/") else { continue }
            guard index > text.startIndex, next < text.endIndex else { break }
            return (String(full[..<index]), topic.metric ?? String(full[next...]))
        }
        if let metric = topic.metric { return (full, metric) }
        throw TelemetryError(
            .keyMissing, "The name (bn and n) tells no device apart from its metric: a : or / must stand inside.")
    }

    private func check(_ name: String) throws(TelemetryError) {
        let first = base.utf8.first ?? name.utf8.first
        guard let first, SenMLName.isAlphanumeric(first), isBaseAllowed, SenMLName.isAllowed(name) else {
            throw TelemetryError(
                .nameInvalid, "A name (bn and n) has letters, digits and -:./_ and begins with a letter or digit.")
        }
    }

    private static func isAllowed(_ text: String) -> Bool {
        text.utf8.withContiguousStorageIfAvailable(isAllowed(_:))
            ?? Array(text.utf8).withUnsafeBufferPointer(isAllowed(_:))
    }

    private static func isAllowed(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        for byte in text where !isAlphanumeric(byte) && !isSeparator(byte) { return false }
        return true
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        byte &- 0x30 < 10 || (byte | 0x20) &- 0x61 < 26
    }

    private static func isSeparator(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "-"), UInt8(ascii: ":"), UInt8(ascii: "."), UInt8(ascii: "/"), UInt8(ascii: "_"): true
        default: false
        }
    }

    private static func withoutSeparator(_ text: String) -> String {
        guard let last = text.utf8.last, isSeparator(last) else { return text }
        return String(Substring(text.utf8.dropLast()))
    }

    private static func ends(_ text: String, _ end: String) -> Bool {
        text.utf8.suffix(end.utf8.count).elementsEqual(end.utf8)
    }
}
