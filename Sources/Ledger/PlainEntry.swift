/// An entry of the usual shape, an update in ASCII without citations, checked where it lies: a mirror that catches up reads
/// nothing else, and would spend most of its time on making values that it throws away.
///
/// It is a shortcut and no second opinion: whatever it does not know in every detail is not plain, and `Entry` decides.
struct PlainEntry {
    let previous: Hash?
    /// UTC microseconds.
    let recordedAt: Int64

    /// - Returns: nil unless `Entry.init` would surely take these bytes.
    init?(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count <= Entry.bytesMax, let scanned = try? Self.scan(bytes) else { return nil }
        self = scanned
    }

    private init(previous: Hash?, recordedAt: Int64) {
        self.previous = previous
        self.recordedAt = recordedAt
    }

    private enum NotPlain: Error { case field }

    private static func scan(_ bytes: UnsafeRawBufferPointer) throws -> PlainEntry {
        var reader = WireReader(bytes)
        var previous: Hash?
        var recordedAt: Int64 = 0
        // Fields in the order in which they are written, each at most once.
        var last = 0
        while try reader.next() {
            guard reader.number > last else { throw NotPlain.field }
            last = reader.number
            switch last {
            case 1: previous = try reader.hash()
            case 2: recordedAt = Int64(bitPattern: try reader.varint())
            case 3: try scanClock(try reader.slice())
            case 5: try scanUpdate(try reader.slice())
            default: throw NotPlain.field
            }
        }
        // `previous` is looked for at the front, in the one spelling of its length.
        guard last == 5, previous == nil || (bytes[0] == 0x0A && bytes[1] == 0x20) else { throw NotPlain.field }
        return PlainEntry(previous: previous, recordedAt: recordedAt)
    }

    private static func scanClock(_ bytes: UnsafeRawBufferPointer) throws {
        var reader = WireReader(bytes)
        while try reader.next() {
            switch reader.number {
            case 1: guard try reader.varint() <= 3 else { throw NotPlain.field }
            case 2: _ = try reader.varint()
            case 3: _ = try reader.slice()
            default: throw NotPlain.field
            }
        }
    }

    private static func scanUpdate(_ bytes: UnsafeRawBufferPointer) throws {
        var reader = WireReader(bytes)
        var last = 0
        var seen = 0
        var counts = (parents: 0, subjects: 0, facts: 0)
        while try reader.next() {
            let number = reader.number
            let repeats = number == 3 || number == 7 || number == 8
            guard number > last || (repeats && number == last) else { throw NotPlain.field }
            last = number
            seen |= 1 << number
            switch number {
            case 1, 2: try ascii(&reader, max: Update.nameBytesMax)
            case 3:
                counts.parents += 1
                try scanReference(try reader.slice())
            case 5, 6: guard try reader.slice().count == Hash.byteCount else { throw NotPlain.field }
            case 7:
                counts.subjects += 1
                try ascii(&reader, max: Update.nameBytesMax)
            case 8:
                counts.facts += 1
                try scanFact(try reader.slice())
            case 9: _ = try reader.varint()
            case 10: try scanSource(try reader.slice())
            default: throw NotPlain.field
            }
        }
        let needed = 1 << 5 | 1 << 6 | 1 << 10
        guard seen & needed == needed, counts.parents <= Update.parentsMax, counts.subjects <= Update.subjectsMax,
            counts.facts <= Update.factsMax
        else { throw NotPlain.field }
    }

    private static func scanReference(_ bytes: UnsafeRawBufferPointer) throws {
        var reader = WireReader(bytes)
        var hasHash = false
        while try reader.next() {
            switch reader.number {
            case 1: try ascii(&reader, max: .max)
            case 2: _ = try reader.varint()
            case 3:
                guard try reader.slice().count == Hash.byteCount else { throw NotPlain.field }
                hasHash = true
            default: throw NotPlain.field
            }
        }
        guard hasHash else { throw NotPlain.field }
    }

    private static func scanFact(_ bytes: UnsafeRawBufferPointer) throws {
        var reader = WireReader(bytes)
        var values = 0
        while try reader.next() {
            switch reader.number {
            case 1: try ascii(&reader, max: Update.nameBytesMax)
            case 2:
                try ascii(&reader, max: Update.factBytesMax)
                values += 1
            case 3:
                guard try reader.slice().count == Hash.byteCount else { throw NotPlain.field }
                values += 1
            default: throw NotPlain.field
            }
        }
        guard values == 1 else { throw NotPlain.field }
    }

    private static func scanSource(_ bytes: UnsafeRawBufferPointer) throws {
        var reader = WireReader(bytes)
        var hasKind = false
        while try reader.next() {
            switch reader.number {
            case 1:
                guard (1...5).contains(try reader.varint()) else { throw NotPlain.field }
                hasKind = true
            case 2, 3: try ascii(&reader, max: .max)
            default: throw NotPlain.field
            }
        }
        guard hasKind else { throw NotPlain.field }
    }

    private static func ascii(_ reader: inout WireReader, max: Int) throws {
        let text = try reader.slice()
        guard text.count <= max else { throw NotPlain.field }
        var union: UInt8 = 0
        for byte in text { union |= byte }
        guard union < 0x80 else { throw NotPlain.field }
    }
}
