/// What a device says about the reports that it sends (USB HID 1.11, section 6.2.2), as far as bar code scanners need.
struct HIDReportDescriptor {
    /// The longest report that is looked at, in bytes.
    static let reportBytesMax = 4_096

    /// Where a report's data lie, where the descriptor names the fields of a bar code scanner (page 0x8C).
    private(set) var scannerLayout: HIDReportLayout?
    /// Whether the device is a keyboard, which the kernel turns into key events.
    private(set) var isKeyboard = false
    /// The input reports' length in bits by number; 0 for a device that does not number them.
    private var inputBits: [UInt8: Int] = [:]
    private var fields: [Field] = []

    /// Nil where the descriptor breaks off or describes longer reports.
    init?(_ bytes: some Sequence<UInt8>) {
        var walk = Walk()
        var rest = Array(bytes)[...]
        while let item = Item(&rest) {
            guard take(item, &walk) else { return nil }
        }
        guard rest.isEmpty else { return nil }
        scannerLayout = layout()
    }

    /// The length in bytes of the only input report of a device that does not number its reports.
    var plainReportBytes: Int? {
        inputBits.count == 1 ? inputBits[0].map { $0 / 8 } : nil
    }

    // MARK: Walking

    /// A field of an input report that a bar code scanner uses.
    private struct Field {
        let usage: UInt32
        let report: UInt8
        let bit: Int
        let bits: Int
    }

    /// The state that items change for those after them.
    private struct Walk {
        struct Globals {
            var page: UInt32 = 0
            var size = 0
            var count = 0
            var report: UInt8 = 0
        }

        /// How deep a descriptor may push.
        static let pushesMax = 16

        var globals = Globals()
        var pushed: [Globals] = []
        var usages: [UInt32] = []
    }

    private struct Item {
        let kind: UInt8
        let value: UInt32

        /// Takes the next item from `rest`; nil when none is left that is whole.
        init?(_ rest: inout ArraySlice<UInt8>) {
            guard let prefix = rest.first else { return nil }
            // A long item: its length, its tag, its data. None is defined.
            let isLong = prefix == 0xFE
            guard !isLong || rest.count > 2 else { return nil }
            let count = isLong ? 2 + Int(rest[rest.startIndex + 1]) : [0, 1, 2, 4][Int(prefix & 0x03)]
            guard rest.count > count else { return nil }
            let data = rest.dropFirst().prefix(count)
            kind = isLong ? 0xFE : prefix & 0xFC
            value = isLong ? 0 : data.reversed().reduce(0) { $0 << 8 | UInt32($1) }
            rest = rest.dropFirst(count + 1)
        }
    }

    /// Whether the item is possible.
    private mutating func take(_ item: Item, _ walk: inout Walk) -> Bool {
        switch item.kind {
        case 0x04: walk.globals.page = item.value
        case 0x74: walk.globals.size = Int(item.value)
        case 0x94: walk.globals.count = Int(item.value)
        case 0x84: walk.globals.report = UInt8(truncatingIfNeeded: item.value)
        case 0xA4:
            guard walk.pushed.count < Walk.pushesMax else { return false }
            walk.pushed.append(walk.globals)
        case 0xB4:
            guard let globals = walk.pushed.popLast() else { return false }
            walk.globals = globals
        case 0x08: walk.usages.append(item.value > 0xFFFF ? item.value : walk.globals.page << 16 | item.value)
        case 0x80: return takeInput(item.value, &walk)
        case 0x90, 0xB0, 0xC0: walk.usages = []
        case 0xA0:
            if walk.usages.contains(0x0001_0006) { isKeyboard = true }
            walk.usages = []
        default: break
        }
        return true
    }

    private mutating func takeInput(_ flags: UInt32, _ walk: inout Walk) -> Bool {
        let (size, count, report) = (walk.globals.size, walk.globals.count, walk.globals.report)
        let start = inputBits[report] ?? 0
        let (bits, overflow) = size.multipliedReportingOverflow(by: count)
        let bitsMax = HIDReportDescriptor.reportBytesMax * 8
        guard !overflow, bits <= bitsMax, start + bits <= bitsMax else { return false }
        inputBits[report] = start + bits
        if flags & 0x01 == 0 { name(walk.usages, from: start, size, count, report) }
        walk.usages = []
        return true
    }

    /// Each usage names one of the fields, and the last one those that are left.
    private mutating func name(_ usages: [UInt32], from start: Int, _ size: Int, _ count: Int, _ report: UInt8) {
        for (index, usage) in usages.prefix(count).enumerated() where Usage.all.contains(usage) {
            let isLast = index == usages.count - 1
            fields.append(
                Field(
                    usage: usage, report: report, bit: start + index * size,
                    bits: isLast ? (count - index) * size : size))
        }
    }

    // MARK: The layout

    private enum Usage {
        static let byteCount: UInt32 = 0x0001_003B
        static let identifiers: [UInt32] = [0x008C_00FB, 0x008C_00FC, 0x008C_00FD]
        static let data: UInt32 = 0x008C_00FE
        static let continued: UInt32 = 0x008C_00FF
        static let all = Set(identifiers + [byteCount, data, continued])
    }

    /// Nil where the scanned data, or what belongs to them, are not whole bytes.
    private func layout() -> HIDReportLayout? {
        guard let data = fields.first(where: { $0.usage == Usage.data }) else { return nil }
        let numbered = inputBits.keys.contains { $0 != 0 }
        let first = numbered ? 1 : 0
        func field(_ usage: UInt32) -> Field? {
            fields.first { $0.usage == usage && $0.report == data.report }
        }
        func bytes(_ field: Field) -> Range<Int>? {
            guard field.bit.isMultiple(of: 8), field.bits.isMultiple(of: 8), field.bits > 0 else { return nil }
            return first + field.bit / 8..<first + (field.bit + field.bits) / 8
        }
        guard let dataBytes = bytes(data) else { return nil }
        let identifiers = Usage.identifiers.compactMap(field).compactMap(bytes)
        return HIDReportLayout(
            reportID: numbered ? data.report : nil,
            count: field(Usage.byteCount).flatMap(bytes).flatMap { $0.count == 1 ? $0.lowerBound : nil },
            identifier: HIDReportDescriptor.joined(identifiers), data: dataBytes,
            continuation: field(Usage.continued).map { HIDReportDescriptor.flag($0, from: first) } ?? .fullReport)
    }

    /// The identifier's three bytes, where they stand side by side.
    private static func joined(_ parts: [Range<Int>]) -> Range<Int>? {
        guard parts.count == 3, parts[0].upperBound == parts[1].lowerBound, parts[1].upperBound == parts[2].lowerBound
        else { return nil }
        let whole = parts[0].lowerBound..<parts[2].upperBound
        return whole.count == 3 ? whole : nil
    }

    private static func flag(_ field: Field, from first: Int) -> HIDReportLayout.Continuation {
        let (byte, bit) = (first + field.bit / 8, field.bit % 8)
        let width = min(field.bits, 8 - bit)
        return .flag(byte: byte, mask: UInt8(truncatingIfNeeded: ((1 << width) - 1) << bit))
    }
}
