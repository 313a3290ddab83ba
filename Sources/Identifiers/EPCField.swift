/// How the schemes before TDS 2 hold one or two parts of the name (TDS sections 14.3 and 14.4).
enum EPCField: Sendable {
    /// Partition, company prefix and padded reference, in so many bits without the partition ("Partition Table",
    /// sections 14.3.3 and 14.4.3), and so many digits. The partition is 12 less the digits of the company prefix;
    /// the prefix has the same bits in all partition tables, the reference has the rest.
    case partition(bits: Int, digits: Int)

    /// The same with a number without leading zeros ("Unpadded Partition Table", sections 14.3.4 and 14.4.4).
    case unpaddedPartition(bits: Int, digits: Int)

    /// The same with 7-bit characters ("String Partition Table", sections 14.3.5 and 14.4.5).
    case textPartition(bits: Int, characters: Int)

    /// The same with 6-bit characters up to a zero ("6-Bit Variable String Partition Table", 14.3.9 and 14.4.9).
    case sixBitPartition(characters: Int)

    /// A number without leading zeros (sections 14.3.1 and 14.4.1).
    case integer(Int)

    /// 7-bit characters with zero bits after them ("String", sections 14.3.2 and 14.4.2).
    case text(Int)

    /// 6-bit characters up to a zero, at most so many ("6-Bit Variable String", sections 14.3.8 and 14.4.8).
    case sixBitText(Int)

    /// Digits behind a 1 that keeps their leading zeros ("Numeric String", sections 14.3.6 and 14.4.6).
    case numericString(Int, digits: Int)

    /// Two digits in seven bits ("Fixed Width Integer", sections 14.3.10 and 14.4.10).
    case twoDigits

    /// A CAGE code or DoDAAC: six characters, a space before five ("6-bit CAGE/DODAAC", sections 14.3.7 and 14.4.7).
    case activity(characterBits: Int)

    /// No part: bits that must be zero.
    case zeros(Int)

    /// The bits of the company prefix by partition.
    private static let prefixBits = [40, 37, 34, 30, 27, 24, 20]

    /// How many parts of the name this is.
    var partCount: Int {
        switch self {
        case .zeros: 0
        case .partition, .unpaddedPartition, .textPartition, .sixBitPartition: 2
        default: 1
        }
    }

    // MARK: Reading

    /// The parts at this place, with zeros in front where the scheme has them.
    func read(_ reader: inout EPCBitReader) throws(IdentifierError) -> [String] {
        switch self {
        case .integer(let bits): [String(try reader.read(bits))]
        case .text(let bits): [try EPCField.readText(&reader, bits)]
        case .sixBitText(let max): [try EPCField.readSixBitText(&reader, max)]
        case .numericString(let bits, let digits): [try EPCField.readNumericString(&reader, bits, digits)]
        case .twoDigits: [try EPCField.readDigits(&reader, 7, 2)]
        case .activity(let bits): [try EPCField.readActivity(&reader, bits)]
        case .zeros(let bits): try EPCField.readZeros(&reader, bits)
        default: try readPartition(&reader)
        }
    }

    private func readPartition(_ reader: inout EPCBitReader) throws(IdentifierError) -> [String] {
        let start = reader.position
        let partition = Int(try reader.read(3))
        guard partition < EPCField.prefixBits.count else {
            throw IdentifierError(
                .epcPartitionReserved, "The partition is 7, which is reserved: the tag holds no valid EPC.",
                position: start)
        }
        let prefixBits = EPCField.prefixBits[partition]
        let prefixDigits = 12 - partition
        let prefix = try EPCField.readDigits(&reader, prefixBits, prefixDigits)
        return [prefix, try readReference(&reader, prefixBits, prefixDigits)]
    }

    private func readReference(
        _ reader: inout EPCBitReader,
        _ prefixBits: Int,
        _ prefixDigits: Int
    ) throws(IdentifierError) -> String {
        switch self {
        case .partition(let bits, let digits):
            return try EPCField.readDigits(&reader, bits - prefixBits, digits - prefixDigits)
        case .unpaddedPartition(let bits, let digits):
            let start = reader.position
            let number = String(try reader.read(bits - prefixBits))
            guard number.utf8.count <= digits - prefixDigits else {
                throw EPCField.outOfRange(digits - prefixDigits, at: start)
            }
            return number
        case .textPartition(let bits, let characters):
            return try EPCField.readText(&reader, bits - prefixBits, max: characters - prefixDigits)
        case .sixBitPartition(let characters):
            return try EPCField.readSixBitText(&reader, characters - prefixDigits)
        default: return ""
        }
    }

    private static func readDigits(
        _ reader: inout EPCBitReader,
        _ bits: Int,
        _ digits: Int
    ) throws(IdentifierError) -> String {
        let start = reader.position
        guard let text = try reader.readDecimal(bits, length: digits) else { throw outOfRange(digits, at: start) }
        return text
    }

    private static func readText(
        _ reader: inout EPCBitReader,
        _ bits: Int,
        max: Int = .max
    ) throws(IdentifierError) -> String {
        var bytes: [UInt8] = []
        var end = false
        for _ in 0..<bits / 7 {
            let start = reader.position
            let byte = UInt8(try reader.read(7))
            end = end || byte == 0
            guard !end || byte == 0, bytes.count < max || end else {
                throw IdentifierError(
                    .epcPaddingNotZero, "After the end of the text all bits must be zero.", position: start)
            }
            if !end { bytes.append(byte) }
        }
        _ = try readZeros(&reader, bits % 7)
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func readSixBitText(_ reader: inout EPCBitReader, _ max: Int) throws(IdentifierError) -> String {
        var bytes: [UInt8] = []
        while true {
            let start = reader.position
            let value = UInt8(try reader.read(6))
            guard value != 0 else { return String(decoding: bytes, as: UTF8.self) }
            guard bytes.count < max else {
                throw IdentifierError(
                    .epcValueInvalid, "At most \(max) characters and six zero bits must stand here.", position: start)
            }
            bytes.append(character(of: value))
        }
    }

    private static func readNumericString(
        _ reader: inout EPCBitReader,
        _ bits: Int,
        _ digits: Int
    ) throws(IdentifierError) -> String {
        let start = reader.position
        let number = String(try reader.read(bits))
        guard number.hasPrefix("1"), (2...(digits + 1)).contains(number.utf8.count) else {
            throw IdentifierError(
                .epcOutOfRange, "A 1 and then 1 to \(digits) digits must stand here.", position: start)
        }
        return String(number.dropFirst())
    }

    private static func readActivity(_ reader: inout EPCBitReader, _ bits: Int) throws(IdentifierError) -> String {
        var bytes: [UInt8] = []
        for index in 0..<6 {
            let value = UInt8(try reader.read(bits))
            let byte = bits == 8 ? value : character(of: value)
            if index > 0 || byte != UInt8(ascii: " ") { bytes.append(byte) }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func readZeros(_ reader: inout EPCBitReader, _ bits: Int) throws(IdentifierError) -> [String] {
        let start = reader.position
        guard try reader.read(bits) == 0 else {
            throw IdentifierError(.epcPaddingNotZero, "The scheme keeps these bits zero.", position: start)
        }
        return []
    }

    /// The 6-bit characters are the low bits of ASCII (TDS table G-1): letters begin at 1, the rest is itself.
    private static func character(of value: UInt8) -> UInt8 {
        value < 0x20 ? value | 0x40 : value
    }

    private static func outOfRange(_ digits: Int, at position: Int?) -> IdentifierError {
        IdentifierError(
            .epcOutOfRange, "The number here needs more than the \(digits) digits that the scheme has for it.",
            position: position)
    }

    // MARK: Writing

    /// Appends the parts, which are of the scheme's form.
    func write(_ parts: ArraySlice<String>, to writer: inout EPCBitWriter) throws(IdentifierError) {
        let part = parts.first ?? ""
        switch self {
        case .integer(let bits): try EPCField.writeInteger(part, bits, to: &writer)
        case .text(let bits): try EPCField.writeText(part, bits, to: &writer)
        case .sixBitText: EPCField.writeSixBitText(part, to: &writer)
        case .numericString(let bits, let digits):
            try EPCField.writeNumericString(part, bits, digits, to: &writer)
        case .twoDigits: try EPCField.writeDigits(part, 7, to: &writer)
        case .activity(let bits): EPCField.writeActivity(part, bits, to: &writer)
        case .zeros(let bits): writer.appendFixed(0, bits)
        default: try writePartition(part, parts.dropFirst().first ?? "", to: &writer)
        }
    }

    private func writePartition(
        _ prefix: String,
        _ reference: String,
        to writer: inout EPCBitWriter
    ) throws(IdentifierError) {
        let partition = 12 - prefix.utf8.count
        guard EPCField.prefixBits.indices.contains(partition) else {
            throw IdentifierError(.epcPrefixInvalid, "A company prefix of 6 to 12 digits is needed.")
        }
        let prefixBits = EPCField.prefixBits[partition]
        writer.appendFixed(UInt64(partition), 3)
        try EPCField.writeDigits(prefix, prefixBits, to: &writer)
        switch self {
        case .partition(let bits, _): try EPCField.writeDigits(reference, bits - prefixBits, to: &writer)
        case .unpaddedPartition(let bits, let digits):
            guard reference.utf8.count <= digits - prefix.utf8.count else {
                throw EPCField.outOfRange(digits - prefix.utf8.count, at: nil)
            }
            try EPCField.writeInteger(reference, bits - prefixBits, to: &writer)
        case .textPartition(let bits, _): try EPCField.writeText(reference, bits - prefixBits, to: &writer)
        default: EPCField.writeSixBitText(reference, to: &writer)
        }
    }

    private static func writeDigits(
        _ text: String,
        _ bits: Int,
        to writer: inout EPCBitWriter
    ) throws(IdentifierError) {
        guard writer.appendDecimal(text.utf8, bits) else { throw tooLarge(bits) }
    }

    private static func writeInteger(
        _ text: String,
        _ bits: Int,
        to writer: inout EPCBitWriter
    ) throws(IdentifierError) {
        guard !text.isEmpty, text.utf8.allSatisfy(isDigit), text.utf8.first != 0x30 || text.utf8.count == 1 else {
            throw IdentifierError(
                .epcCodingUnfit,
                "This binary scheme holds only numbers without leading zeros here: choose a longer one.")
        }
        try writeDigits(text, bits, to: &writer)
    }

    private static func writeText(
        _ text: String,
        _ bits: Int,
        to writer: inout EPCBitWriter
    ) throws(IdentifierError) {
        let end = writer.count + bits
        guard text.utf8.count <= bits / 7 else {
            throw IdentifierError(
                .epcCodingUnfit, "This binary scheme holds at most \(bits / 7) characters here.")
        }
        for byte in text.utf8 { writer.appendFixed(UInt64(byte & 0x7F), 7) }
        writer.appendZeros(upTo: end)
    }

    private static func writeSixBitText(_ text: String, to writer: inout EPCBitWriter) {
        for byte in text.utf8 { writer.appendFixed(UInt64(byte & 0x3F), 6) }
        writer.appendFixed(0, 6)
    }

    private static func writeNumericString(
        _ text: String,
        _ bits: Int,
        _ digits: Int,
        to writer: inout EPCBitWriter
    ) throws(IdentifierError) {
        guard (1...digits).contains(text.utf8.count), text.utf8.allSatisfy(isDigit) else {
            throw IdentifierError(.epcCodingUnfit, "This binary scheme holds 1 to \(digits) digits here.")
        }
        try writeDigits("1" + text, bits, to: &writer)
    }

    private static func writeActivity(_ text: String, _ bits: Int, to writer: inout EPCBitWriter) {
        let padded = text.utf8.count < 6 ? " " + text : text
        for byte in padded.utf8 { writer.appendFixed(UInt64(bits == 8 ? byte : byte & 0x3F), bits) }
    }

    private static func tooLarge(_ bits: Int) -> IdentifierError {
        IdentifierError(
            .epcOutOfRange, "The number is too large for the \(bits) bits that this binary scheme has for it.")
    }
}
