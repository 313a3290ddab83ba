/// What stands behind the header of a tag.
struct EPCTagContents {
    var filter = 0
    var epc: EPC?
    var elements: [Identifier.Element] = []
    var data: [Identifier.Element] = []
    var hostname: String?

    /// Positions in errors are bits.
    init(_ reader: inout EPCBitReader, _ row: EPCCoding) throws(IdentifierError) {
        if let plus = row.plus {
            try readElements(&reader, row, plus)
        } else {
            try readName(&reader, row)
        }
    }

    private mutating func readName(_ reader: inout EPCBitReader, _ row: EPCCoding) throws(IdentifierError) {
        filter = Int(try reader.read(row.filterBits))
        var parts: [String] = []
        var positions: [Int] = []
        for field in row.fields {
            positions += repeatElement(reader.position, count: field.partCount)
            parts += try field.read(&reader)
        }
        let epc = try EPC(row.scheme, parts, at: positions)
        self.epc = epc
        elements = epc.elements
    }

    private mutating func readElements(
        _ reader: inout EPCBitReader,
        _ row: EPCCoding,
        _ plus: EPCCoding.Plus
    ) throws(IdentifierError) {
        let hasData = try reader.read(1) == 1
        filter = Int(try reader.read(row.filterBits))
        let date = plus.hasDate ? try EPCTagContents.readDate(&reader) : nil
        let start = reader.position
        var found: [Identifier.Element] = []
        for ai in plus.ais { found.append(Identifier.Element(ai: ai, value: try EPCData.read(ai, &reader))) }
        do {
            elements = try EPC.layout(row.scheme).named(by: found)
        } catch {
            throw error.placed(at: start)
        }
        if let date { elements.append(date) }
        if plus.hasHostname { hostname = try EPCHostname.read(&reader) }
        if hasData { try readData(&reader) }
    }

    private static func readDate(_ reader: inout EPCBitReader) throws(IdentifierError) -> Identifier.Element {
        let start = reader.position
        let indicator = Int(try reader.read(4))
        guard EPCTag.dates.indices.contains(indicator) else {
            throw IdentifierError(.epcValueInvalid, "The kind of date here is reserved.", position: start)
        }
        return Identifier.Element(ai: EPCTag.dates[indicator], value: try EPCData.read("17", &reader))
    }

    /// Reads AIs and values up to the end (TDS section 15.3).
    private mutating func readData(_ reader: inout EPCBitReader) throws(IdentifierError) {
        while reader.left >= 8, !reader.isRestZero {
            let ai = try EPCTagContents.readAI(&reader)
            data.append(Identifier.Element(ai: ai, value: try EPCData.read(ai, &reader)))
        }
    }

    /// Two digits, and up to two more where they begin a longer AI.
    private static func readAI(_ reader: inout EPCBitReader) throws(IdentifierError) -> String {
        let start = reader.position
        var ai = ""
        while ai.utf8.count < 4 {
            let digit = try reader.read(4)
            guard digit < 10 else { break }
            ai += String(digit)
            if ai.utf8.count > 1, EPCData.components(of: ai) != nil { return ai }
        }
        throw IdentifierError(
            .aiUnknown, "No application identifier that tags can hold stands here.", position: start)
    }
}
