/// What the EPC memory of an RFID tag holds from bit 20h on: an EPC with its control information (TDS sections 12, 14
/// and 15.3).
///
/// The binary schemes before TDS 2 hold a company prefix of known length, so that they give an ``EPC`` and a tag URI.
/// Those of TDS 2 (`+`) hold GS1 elements, whose URI is a GS1 Digital Link; an EPC of theirs needs to be told how long
/// the company prefix is.
public struct EPCTag: Hashable, Sendable {
    /// The most hexadecimal digits that are looked at: 496 bits, as many as the length in a tag's protocol control
    /// bits can say.
    public static let hexDigitsMax = 124

    /// To how many bits hexadecimal text is filled up with zeros.
    public enum Padding: Int, Hashable, Sendable {
        /// One hexadecimal digit.
        case digit = 4
        /// Two hexadecimal digits.
        case byte = 8
        /// Four hexadecimal digits: the words of tag memory, as readers report them.
        case word = 16
    }

    /// The binary scheme.
    public let coding: Coding

    /// The filter value (TDS section 10); 0 for the scheme without one.
    public let filter: Int

    /// The name; nil for the schemes of TDS 2, which do not say where the company prefix ends.
    public let epc: EPC?

    /// The name as GS1 elements, with the date of a DSGTIN+; empty for the schemes without a GS1 key.
    public let elements: [Identifier.Element]

    /// What follows the name on the tag ("+AIDC data").
    public let data: [Identifier.Element]

    /// The host of the Digital Link; nil but for the `++` schemes.
    public let hostname: String?

    private let bits: EPCBitWriter

    // MARK: Writing

    /// What a tag holds that names the EPC. See ``EPC/tag(_:filter:)``.
    init(_ epc: EPC, coding: Coding, filter: Int) throws(IdentifierError) {
        let row = EPCCoding.row(coding)
        guard row.scheme == epc.scheme else {
            throw IdentifierError(
                .epcCodingUnfit, "\(coding.rawValue) does not hold an EPC of the scheme \(epc.scheme.rawValue).")
        }
        if row.plus != nil {
            try self.init(elements: epc.elements, coding: coding, filter: filter)
        } else {
            try self.init(epc, row, filter: filter)
        }
    }

    private init(_ epc: EPC, _ row: EPCCoding, filter: Int) throws(IdentifierError) {
        coding = row.coding
        self.filter = filter
        self.epc = epc
        elements = epc.elements
        data = []
        hostname = nil
        bits = try EPCTag.bits(of: epc, row, filter: filter)
    }

    private static func bits(of epc: EPC, _ row: EPCCoding, filter: Int) throws(IdentifierError) -> EPCBitWriter {
        var writer = try start(row, filter: filter)
        var index = 0
        for field in row.fields {
            try field.write(epc.components[index..<(index + field.partCount)], to: &writer)
            index += field.partCount
        }
        return writer
    }

    /// Header and filter, which in TDS 2 has a toggle in front.
    private static func start(
        _ row: EPCCoding,
        filter: Int,
        hasData: Bool = false
    ) throws(IdentifierError) -> EPCBitWriter {
        guard (0...row.filterMax).contains(filter) else {
            throw IdentifierError(.epcFilterInvalid, "The filter must be a number from 0 to \(row.filterMax).")
        }
        var writer = EPCBitWriter()
        writer.appendFixed(UInt64(row.header), 8)
        if row.plus != nil { writer.appendFixed(hasData ? 1 : 0, 1) }
        writer.appendFixed(UInt64(filter), row.filterBits)
        return writer
    }

    /// What a tag of a TDS 2 scheme holds that names these GS1 elements. `elements` are the key with its serial
    /// number, and one date of those that a DSGTIN+ can have; `hostname` is for the `++` schemes; `data` follows the
    /// name. Throws where a value is not of its form, or the tag would be longer than ``hexDigitsMax``.
    public init(
        elements: [Identifier.Element],
        coding: Coding,
        filter: Int = 0,
        hostname: String? = nil,
        data: [Identifier.Element] = []
    ) throws(IdentifierError) {
        let row = EPCCoding.row(coding)
        guard let plus = row.plus, plus.hasHostname == (hostname != nil) else {
            throw IdentifierError(
                .epcCodingUnfit, "\(coding.rawValue) does not hold GS1 elements \(hostname == nil ? "alone" : "so").")
        }
        let named = try EPC.layout(row.scheme).named(by: elements)
        var writer = try EPCTag.start(row, filter: filter, hasData: !data.isEmpty)
        let date = plus.hasDate ? try EPCTag.writeDate(elements, to: &writer) : nil
        for ai in plus.ais {
            try EPCData.write(ai, named.first { $0.ai == ai }?.value ?? "0", to: &writer)
        }
        if let hostname {
            try EPCHostname.check(hostname)
            EPCHostname.write(hostname, to: &writer)
        }
        try EPCTag.write(data, to: &writer)
        self.coding = coding
        self.filter = filter
        epc = nil
        self.elements = named + (date.map { [$0] } ?? [])
        self.data = data
        self.hostname = hostname
        bits = writer
    }

    /// The dates of a DSGTIN+ by their indicators (TDS section 14.5.3).
    static let dates = ["11", "13", "15", "16", "17", "7006", "7007"]

    private static func writeDate(
        _ elements: [Identifier.Element],
        to writer: inout EPCBitWriter
    ) throws(IdentifierError) -> Identifier.Element {
        let found = elements.filter { dates.contains($0.ai) }
        guard found.count == 1, let date = found.first, let indicator = dates.firstIndex(of: date.ai) else {
            throw IdentifierError(
                .epcCodingUnfit, "This binary scheme needs one date: (11), (13), (15), (16), (17), (7006) or (7007).")
        }
        writer.appendFixed(UInt64(indicator), 4)
        try EPCData.write("17", date.value, to: &writer)
        return date
    }

    private static func write(
        _ data: [Identifier.Element],
        to writer: inout EPCBitWriter
    ) throws(IdentifierError) {
        for element in data {
            for digit in element.ai.utf8 { writer.appendFixed(UInt64(digit & 15), 4) }
            try EPCData.write(element.ai, element.value, to: &writer)
        }
        guard writer.count <= hexDigitsMax * 4 else {
            throw IdentifierError(
                .tooLong, "A tag holds at most \(hexDigitsMax * 4) bits, these are \(writer.count).")
        }
    }

    // MARK: Forms

    /// The EPC Tag URI, such as `urn:epc:tag:sgtin-96:3.9521141.012345.4711`; nil for the schemes of TDS 2.
    public var uri: String? {
        guard let epc else { return nil }
        let filter = EPCCoding.row(coding).filterBits > 0 ? "\(filter)." : ""
        return "urn:epc:tag:\(coding.rawValue):\(filter)" + EPCURI.body(of: epc.components)
    }

    /// The GS1 Digital Link URI of the name, with the date of a DSGTIN+ and the host of a `++` scheme; nil for the
    /// schemes without a GS1 key.
    public var digitalLink: String? {
        let link = GS1DigitalLink.canonical(elements, with: .attributes)
        guard let hostname, let link else { return link }
        return "https://\(hostname)" + link.dropFirst("https://id.gs1.org".utf8.count)
    }

    /// The EPC of a tag of any scheme, whose company prefix has so many digits where the tag does not say it.
    public func epc(companyPrefixLength: Int) throws(IdentifierError) -> EPC {
        if let epc { return epc }
        return try EPC(elements: elements, companyPrefixLength: companyPrefixLength)
    }

    /// How many bits the tag holds, before filling up.
    public var bitCount: Int { bits.count }

    /// Upper-case hexadecimal digits.
    public func hex(_ padding: Padding = .word) -> String {
        bits.hex(multiple: padding.rawValue)
    }

    // MARK: Reading

    /// Reads an EPC Tag URI. Control information other than the filter is left out.
    public init(uri: String) throws(IdentifierError) {
        let (row, filter, epc) = try EPCURI(Array(uri.utf8)[...]).tag()
        try self.init(epc, coding: row.coding, filter: filter)
    }

    /// Reads hexadecimal digits in either case, from the header on. `0x` may stand in front and spaces in between;
    /// zero bits may follow. Positions in errors are bytes of the text.
    public init(hex: String) throws(IdentifierError) {
        try self.init(hex: Array(hex.utf8)[...])
    }

    /// Reads the bytes of tag memory, from the header on; zero bits may follow. Positions in errors are bytes.
    public init(memory: some Sequence<UInt8>) throws(IdentifierError) {
        var digits: [UInt8] = []
        for byte in memory {
            guard digits.count < EPCTag.hexDigitsMax else { throw EPCTag.tooLong(at: EPCTag.hexDigitsMax / 2) }
            digits += [byte >> 4, byte & 15]
        }
        try self.init(digits: digits) { $0 / 2 }
    }

    /// Positions in errors are indices of `bytes`.
    init(hex bytes: ArraySlice<UInt8>) throws(IdentifierError) {
        let start = bytes.startIndex + EPCTag.prefixLength(of: bytes)
        var digits: [UInt8] = []
        var positions: [Int] = []
        for index in start..<bytes.endIndex where bytes[index] != UInt8(ascii: " ") {
            guard let digit = EPCURI.hexValue(bytes[index]) else {
                throw IdentifierError(.epcNotHexadecimal, "Only hexadecimal digits may stand here.", position: index)
            }
            guard digits.count < EPCTag.hexDigitsMax else { throw EPCTag.tooLong(at: index) }
            digits.append(digit)
            positions.append(index)
        }
        try self.init(digits: digits) { $0 < positions.count ? positions[$0] : bytes.endIndex }
    }

    private static func prefixLength(of bytes: ArraySlice<UInt8>) -> Int {
        bytes.starts(with: "0x".utf8) || bytes.starts(with: "0X".utf8) ? 2 : 0
    }

    private static func tooLong(at position: Int) -> IdentifierError {
        IdentifierError(
            .tooLong, "A tag holds at most \(hexDigitsMax) hexadecimal digits, here are more.", position: position)
    }

    /// `place` says where the text holds a digit.
    private init(digits: [UInt8], place: (Int) -> Int) throws(IdentifierError) {
        var reader = EPCBitReader(digits: digits)
        do {
            try self.init(&reader, digits)
        } catch {
            let end = error.code == .epcTooShort ? reader.count : reader.position
            throw IdentifierError(error.code, error.message, position: place((error.position ?? end) / 4))
        }
    }

    /// Positions in errors are bits.
    private init(_ reader: inout EPCBitReader, _ digits: [UInt8]) throws(IdentifierError) {
        let row = try EPCTag.readHeader(&reader)
        let contents = try EPCTagContents(&reader, row)
        guard reader.isRestZero else {
            throw IdentifierError(
                .epcPaddingNotZero, "After the end of the EPC all bits must be zero.", position: reader.position)
        }
        coding = row.coding
        filter = contents.filter
        epc = contents.epc
        elements = contents.elements
        data = contents.data
        hostname = contents.hostname
        bits = EPCBitWriter(digits: digits, count: reader.position)
    }

    private static func readHeader(_ reader: inout EPCBitReader) throws(IdentifierError) -> EPCCoding {
        let header = UInt8(try reader.read(8))
        if let row = EPCCoding.row(header: header) { return row }
        let message =
            switch header {
            case 0: "The tag holds no EPC: it was not written yet."
            case 0xE2: "These are the data of the chip (TID), not an EPC: read the EPC memory of the tag."
            default: "No EPC scheme has this header."
            }
        throw IdentifierError(.epcSchemeUnknown, message, position: 0)
    }
}
