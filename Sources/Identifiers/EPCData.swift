/// How the schemes of TDS 2 hold one component of a GS1 element (TDS sections 14.5.2 to 14.5.15).
enum EPCData: Sendable {
    /// So many digits in four bits each ("Fixed-Length Numeric").
    case digits(Int)

    /// So many digits as one number ("Fixed-Bit-Length Numeric String").
    case number(Int)

    /// A length and so many digits as one number ("Variable-length numeric string without encoding indicator").
    case variableNumber(upTo: Int)

    /// Encoding indicator, length and characters ("Variable-length alphanumeric").
    case text(upTo: Int)

    /// Digits in four bits each, then a terminator, or a delimiter and text ("Delimited/Terminated Numeric").
    case delimited(upTo: Int)

    /// YYMMDD.
    case date

    /// YYMMDDhhmm.
    case minute

    /// One date or two ("Variable-format date / date range").
    case dateRange

    /// YYMMDD with hours, minutes and seconds as far as given ("Variable-precision date+time").
    case moment

    /// One bit for the digit 0 or 1.
    case bit

    /// One bit for a minus sign or nothing.
    case minus

    /// Two capital letters ("Country code").
    case country

    /// A digit, a solidus, a digit ("Sequence indicator").
    case sequence

    /// How an AI's value is held (TDS table F), its components in their order. Nil for an AI that tags cannot hold.
    static func components(of ai: String) -> [EPCData]? {
        rows.first { $0.holds(ai) }?.components
    }

    /// A range of AIs of the same length, whose values are held alike.
    private struct Row: Sendable {
        let first: String
        let last: String
        let components: [EPCData]

        init(_ first: String, to last: String? = nil, _ components: EPCData...) {
            self.first = first
            self.last = last ?? first
            self.components = components
        }

        func holds(_ ai: String) -> Bool {
            first.utf8.count == ai.utf8.count && first <= ai && ai <= last
        }
    }

    private static let rows: [Row] = [
        .init("00", .digits(18)), .init("01", to: "02", .digits(14)), .init("10", .text(upTo: 20)),
        .init("11", to: "13", .date), .init("15", to: "17", .date), .init("20", .number(2)),
        .init("21", to: "22", .text(upTo: 20)), .init("30", .variableNumber(upTo: 8)),
        .init("37", .variableNumber(upTo: 8)), .init("90", .text(upTo: 30)), .init("91", to: "99", .text(upTo: 90)),
        .init("235", .text(upTo: 28)), .init("240", to: "241", .text(upTo: 30)),
        .init("242", .variableNumber(upTo: 6)), .init("243", .text(upTo: 20)),
        .init("250", to: "251", .text(upTo: 30)), .init("253", .digits(13), .text(upTo: 17)),
        .init("254", .text(upTo: 20)), .init("255", .digits(13), .variableNumber(upTo: 12)),
        .init("400", to: "401", .text(upTo: 30)), .init("402", .number(17)), .init("403", .text(upTo: 30)),
        .init("410", to: "417", .digits(13)), .init("420", .text(upTo: 20)), .init("421", .number(3), .text(upTo: 9)),
        .init("422", .number(3)), .init("423", .variableNumber(upTo: 15)), .init("424", .number(3)),
        .init("425", .variableNumber(upTo: 15)), .init("426", .number(3)), .init("427", .text(upTo: 3)),
        .init("710", to: "716", .text(upTo: 20)), .init("3100", to: "3699", .number(6)),
        .init("3900", to: "3909", .variableNumber(upTo: 15)),
        .init("3910", to: "3919", .number(3), .variableNumber(upTo: 15)),
        .init("3920", to: "3929", .variableNumber(upTo: 15)),
        .init("3930", to: "3939", .number(3), .variableNumber(upTo: 15)), .init("3940", to: "3943", .number(4)),
        .init("3950", to: "3953", .number(6)), .init("4300", to: "4301", .text(upTo: 35)),
        .init("4302", to: "4306", .text(upTo: 70)), .init("4307", .country), .init("4308", .text(upTo: 30)),
        .init("4309", .number(20)), .init("4310", to: "4311", .text(upTo: 35)),
        .init("4312", to: "4316", .text(upTo: 70)), .init("4317", .country), .init("4318", .text(upTo: 20)),
        .init("4319", .text(upTo: 30)), .init("4320", .text(upTo: 35)), .init("4321", to: "4323", .bit),
        .init("4324", to: "4325", .minute), .init("4326", .date), .init("4330", to: "4333", .number(6), .minus),
        .init("7001", .number(13)), .init("7002", .text(upTo: 30)), .init("7003", .minute),
        .init("7004", .variableNumber(upTo: 4)), .init("7005", .text(upTo: 12)), .init("7006", .date),
        .init("7007", .dateRange), .init("7008", .text(upTo: 3)), .init("7009", .text(upTo: 10)),
        .init("7010", .text(upTo: 2)), .init("7011", .moment), .init("7020", to: "7022", .text(upTo: 20)),
        .init("7023", .delimited(upTo: 30)), .init("7030", to: "7039", .number(3), .text(upTo: 27)),
        .init("7040", to: "7041", .text(upTo: 4)), .init("7230", to: "7239", .text(upTo: 30)),
        .init("7240", .text(upTo: 20)), .init("7241", .digits(2)), .init("7242", .text(upTo: 25)),
        .init("7250", .number(8)), .init("7251", .number(12)), .init("7252", .number(1)),
        .init("7253", to: "7254", .text(upTo: 40)), .init("7255", .text(upTo: 10)), .init("7256", .text(upTo: 90)),
        .init("7257", .text(upTo: 70)), .init("7258", .sequence), .init("7259", .text(upTo: 40)),
        .init("8001", .number(14)), .init("8002", .text(upTo: 20)), .init("8003", .digits(14), .text(upTo: 16)),
        .init("8004", .delimited(upTo: 30)), .init("8005", .number(6)), .init("8006", .digits(18)),
        .init("8007", .text(upTo: 24)), .init("8008", .moment), .init("8009", .text(upTo: 50)),
        .init("8010", .delimited(upTo: 30)), .init("8011", .variableNumber(upTo: 12)), .init("8012", .text(upTo: 20)),
        .init("8013", .text(upTo: 25)), .init("8017", to: "8018", .digits(18)),
        .init("8019", .variableNumber(upTo: 10)), .init("8020", .text(upTo: 25)), .init("8026", .digits(18)),
        .init("8030", .text(upTo: 90)), .init("8110", .text(upTo: 70)), .init("8111", .number(4)),
        .init("8112", .text(upTo: 70)), .init("8200", .text(upTo: 70)),
    ]

    /// How many bits a number of so many digits takes (TDS table B): the digits times log2(10), rounded up.
    static func bits(ofDigits digits: Int) -> Int {
        digits == 0 ? 0 : digits * 3_321_928_095 / 1_000_000_000 + 1
    }

    /// How many bits say a length up to `max` (TDS table F, columns g and n).
    private static func lengthBits(_ max: Int) -> Int {
        Int.bitWidth - max.leadingZeroBitCount
    }
}

// MARK: Reading

extension EPCData {
    /// The value of an AI at this place.
    static func read(_ ai: String, _ reader: inout EPCBitReader) throws(IdentifierError) -> String {
        guard let components = components(of: ai) else { throw unknown(ai) }
        var value = ""
        for component in components { value += try component.read(&reader) }
        return value
    }

    private func read(_ reader: inout EPCBitReader) throws(IdentifierError) -> String {
        let start = reader.position
        do {
            return try readValue(&reader)
        } catch {
            throw error.placed(at: error.code == .epcTooShort ? nil : start)
        }
    }

    private func readValue(_ reader: inout EPCBitReader) throws(IdentifierError) -> String {
        switch self {
        case .digits(let count): try EPCData.readDigits(&reader, count)
        case .number(let digits): try EPCData.readNumber(&reader, digits)
        case .variableNumber(let max): try EPCData.readNumber(&reader, EPCData.readLength(&reader, max))
        case .text(let max): try EPCText.read(&reader, upTo: max, lengthBits: EPCData.lengthBits(max))
        case .delimited(let max): try EPCData.readDelimited(&reader, max)
        case .date: try EPCData.readTime(&reader, fields: 3)
        case .minute: try EPCData.readTime(&reader, fields: 5)
        case .dateRange: try EPCData.readRange(&reader)
        case .moment: try EPCData.readTime(&reader, fields: [4, 5, 6, 3][Int(reader.read(2) & 3)])
        case .bit: try reader.read(1) == 1 ? "1" : "0"
        case .minus: try reader.read(1) == 1 ? "-" : ""
        case .country: try EPCText.readLetters(&reader, 2)
        case .sequence: try EPCData.readDigits(&reader, 1) + "/" + EPCData.readDigits(&reader, 1)
        }
    }

    private static func readDigits(_ reader: inout EPCBitReader, _ count: Int) throws(IdentifierError) -> String {
        var bytes: [UInt8] = []
        for _ in 0..<count {
            let digit = try reader.read(4)
            guard digit < 10 else {
                throw IdentifierError(.epcValueInvalid, "\(count) digits in four bits each must stand here.")
            }
            bytes.append(0x30 + UInt8(digit))
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func readNumber(_ reader: inout EPCBitReader, _ digits: Int) throws(IdentifierError) -> String {
        guard let text = try reader.readDecimal(bits(ofDigits: digits), length: digits) else {
            throw IdentifierError(.epcOutOfRange, "The number here needs more than its \(digits) digits.")
        }
        return text
    }

    private static func readLength(_ reader: inout EPCBitReader, _ max: Int) throws(IdentifierError) -> Int {
        let length = Int(try reader.read(lengthBits(max)))
        guard length <= max else {
            throw IdentifierError(.epcOutOfRange, "The value here has at most \(max) digits, not \(length).")
        }
        return length
    }

    private static func readDelimited(_ reader: inout EPCBitReader, _ max: Int) throws(IdentifierError) -> String {
        var digits: [UInt8] = []
        while true {
            let digit = try reader.read(4)
            if digit == 15 { return String(decoding: digits, as: UTF8.self) }
            if digit == 14 {
                let rest = try EPCText.read(&reader, upTo: max, lengthBits: lengthBits(max))
                return String(decoding: digits, as: UTF8.self) + rest
            }
            guard digit < 10, digits.count < max else {
                throw IdentifierError(
                    .epcValueInvalid, "At most \(max) digits, then a delimiter or terminator, must stand here.")
            }
            digits.append(0x30 + UInt8(digit))
        }
    }

    private static func readRange(_ reader: inout EPCBitReader) throws(IdentifierError) -> String {
        let isRange = try reader.read(1) == 1
        let first = try readTime(&reader, fields: 3)
        return isRange ? first + (try readTime(&reader, fields: 3)) : first
    }

    /// Year, month, day, hour, minute, second: two digits each, as many as there are fields.
    private static func readTime(_ reader: inout EPCBitReader, fields: Int) throws(IdentifierError) -> String {
        var numbers: [Int] = []
        for bits in timeBits.prefix(fields) { numbers.append(Int(try reader.read(bits))) }
        let text = numbers.map { $0 < 10 ? "0\($0)" : "\($0)" }.joined()
        guard isTime(numbers) else { throw notTime(text) }
        return text
    }

    private static let timeBits = [7, 4, 5, 5, 6, 6]

    private static func isTime(_ numbers: [Int]) -> Bool {
        let month = numbers[1]
        // Two digits do not say the century: every fourth year may have its leap day.
        let days = [31, numbers[0] % 4 == 0 ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        guard numbers[0] < 100, (1...12).contains(month), numbers[2] <= days[month - 1] else { return false }
        let time = numbers.dropFirst(3)
        return time.first ?? 0 < 24 && time.dropFirst().allSatisfy { $0 < 60 }
            || time.first == 24 && time.dropFirst().allSatisfy { $0 == 0 }
    }

    private static func notTime(_ text: String) -> IdentifierError {
        IdentifierError(.dateInvalid, "\(text) is no date of the calendar, or no time of the day.")
    }

    private static func unknown(_ ai: String) -> IdentifierError {
        IdentifierError(.aiUnknown, "Tags have no form for (\(ai)).")
    }
}

// MARK: Writing

extension EPCData {
    /// Appends the value of an AI.
    static func write(
        _ ai: String,
        _ value: String,
        to writer: inout EPCBitWriter
    ) throws(IdentifierError) {
        guard let components = components(of: ai) else { throw unknown(ai) }
        guard value.utf8.allSatisfy(isPrintable) else { throw unfit(ai) }
        var rest = value
        for component in components {
            let part = component.length.map { String(rest.prefix($0)) } ?? rest
            rest = String(rest.dropFirst(part.utf8.count))
            guard try component.write(part, to: &writer) else { throw unfit(ai) }
        }
        guard rest.isEmpty else { throw unfit(ai) }
    }

    private static func unfit(_ ai: String) -> IdentifierError {
        IdentifierError(.epcValueInvalid, "The value of (\(ai)) is not of the form that tags hold.")
    }

    /// How many characters the component always takes, where that is so.
    private var length: Int? {
        switch self {
        case .digits(let count), .number(let count): count
        default: nil
        }
    }

    /// False where the value is not of this form.
    private func write(_ value: String, to writer: inout EPCBitWriter) throws(IdentifierError) -> Bool {
        let isNumber = value.utf8.allSatisfy(isDigit)
        switch self {
        case .digits(let count): return isNumber && value.utf8.count == count && EPCData.writeDigits(value, to: &writer)
        case .number(let count):
            return isNumber && value.utf8.count == count && EPCData.writeNumber(value, to: &writer)
        case .variableNumber(let max):
            return isNumber && writer.append(UInt64(value.utf8.count), EPCData.lengthBits(max))
                && value.utf8.count <= max && EPCData.writeNumber(value, to: &writer)
        case .text(let max):
            return EPCText.write(value, upTo: max, lengthBits: EPCData.lengthBits(max), to: &writer)
        case .delimited(let max): return EPCData.writeDelimited(value, max, to: &writer)
        case .date: return isNumber && EPCData.writeTime(value, [6], to: &writer)
        case .minute: return isNumber && EPCData.writeTime(value, [10], to: &writer)
        case .dateRange: return isNumber && EPCData.writeRange(value, to: &writer)
        case .moment: return isNumber && EPCData.writeMoment(value, to: &writer)
        case .bit: return (value == "0" || value == "1") && writer.append(value == "1" ? 1 : 0, 1)
        case .minus: return (value == "" || value == "-") && writer.append(value == "-" ? 1 : 0, 1)
        case .country: return EPCText.writeLetters(value, 2, to: &writer)
        case .sequence: return EPCData.writeSequence(value, to: &writer)
        }
    }

    private static func writeDigits(_ digits: String, to writer: inout EPCBitWriter) -> Bool {
        digits.utf8.allSatisfy { writer.append(UInt64($0 &- 0x30), 4) }
    }

    private static func writeNumber(_ digits: String, to writer: inout EPCBitWriter) -> Bool {
        writer.appendDecimal(digits.utf8, bits(ofDigits: digits.utf8.count))
    }

    private static func writeDelimited(_ value: String, _ max: Int, to writer: inout EPCBitWriter) -> Bool {
        let digits = String(decoding: value.utf8.prefix(while: isDigit), as: UTF8.self)
        let rest = String(value.dropFirst(digits.utf8.count))
        guard !digits.isEmpty, value.utf8.count <= max, writeDigits(digits, to: &writer) else { return false }
        guard !rest.isEmpty else { return writer.append(15, 4) }
        return writer.append(14, 4) && EPCText.write(rest, upTo: max, lengthBits: lengthBits(max), to: &writer)
    }

    private static func writeTime(_ digits: String, _ lengths: [Int], to writer: inout EPCBitWriter) -> Bool {
        let numbers = stride(from: 0, to: digits.utf8.count, by: 2).compactMap { start in
            Int(digits.dropFirst(start).prefix(2))
        }
        guard lengths.contains(digits.utf8.count), isTime(numbers) else { return false }
        return zip(numbers, timeBits).allSatisfy { writer.append(UInt64($0), $1) }
    }

    private static func writeRange(_ digits: String, to writer: inout EPCBitWriter) -> Bool {
        let isRange = digits.utf8.count > 6
        guard writer.append(isRange ? 1 : 0, 1), writeTime(String(digits.prefix(6)), [6], to: &writer) else {
            return false
        }
        return !isRange || writeTime(String(digits.dropFirst(6)), [6], to: &writer)
    }

    private static func writeMoment(_ digits: String, to writer: inout EPCBitWriter) -> Bool {
        guard let indicator = [8, 10, 12, 6].firstIndex(of: digits.utf8.count) else { return false }
        return writer.append(UInt64(indicator), 2) && writeTime(digits, [6, 8, 10, 12], to: &writer)
    }

    private static func writeSequence(_ value: String, to writer: inout EPCBitWriter) -> Bool {
        let bytes = Array(value.utf8)
        guard bytes.count == 3, isDigit(bytes[0]), bytes[1] == UInt8(ascii: "/"), isDigit(bytes[2]) else {
            return false
        }
        return writer.append(UInt64(bytes[0] - 0x30), 4) && writer.append(UInt64(bytes[2] - 0x30), 4)
    }
}
