/// What `custody identify` says about one input. As JSON it is one object; absent fields are left out.
public struct IdentifierReport: Sendable {
    /// The input, no more of it than `Scan.bytesMax` bytes.
    public let input: ArraySlice<UInt8>

    /// What the input means, or why it means nothing.
    public let outcome: Result<Identifier, IdentifierError>

    init(input: ArraySlice<UInt8>, outcome: Result<Identifier, IdentifierError>) {
        self.input = input.prefix(Scan.bytesMax)
        self.outcome = outcome
    }

    /// Whether the input alone breaks no rule. A pairing that another symbol could heal breaks none: see
    /// `Identifier.missing`.
    public var valid: Bool {
        if case .success = outcome { true } else { false }
    }

    /// What the input means.
    public var identifier: Identifier? {
        try? outcome.get()
    }

    /// Why the input is not valid.
    public var error: IdentifierError? {
        if case .failure(let error) = outcome { error } else { nil }
    }
}

extension Identifier {
    /// Reads one input and reports on it, whatever it is. `year` is the current year.
    public static func report(for input: [UInt8], year: Int) -> IdentifierReport {
        do {
            return IdentifierReport(input: input[...], outcome: .success(try identify(Scan(bytes: input), year: year)))
        } catch {
            return IdentifierReport(input: input[...], outcome: .failure(error))
        }
    }
}

// MARK: JSON

extension IdentifierReport {
    /// Appends the report as one JSON object without a line end.
    public func appendJSON(to output: inout [UInt8]) {
        switch outcome {
        case .success(let identifier): identifier.appendReport(on: input, to: &output)
        case .failure(let error): error.appendReport(on: input, to: &output)
        }
    }
}

extension Identifier {
    /// Reads one input and appends the report on it as one JSON object without a line end: the same as
    /// `report(for:year:)` gives, without a copy of what was read.
    /// - Returns: whether the input is valid.
    static func appendReport(on input: [UInt8], year: Int, to output: inout [UInt8]) -> Bool {
        let shown = input.prefix(Scan.bytesMax)
        do {
            try identify(Scan(bytes: input), year: year).appendReport(on: shown, to: &output)
            return true
        } catch {
            error.appendReport(on: shown, to: &output)
            return false
        }
    }

    fileprivate func appendReport(on input: ArraySlice<UInt8>, to output: inout [UInt8]) {
        output.append(literal: #"{"input":"#)
        output.append(jsonText: input)
        output.append(literal: #","valid":true"#)
        appendFields(to: &output)
        output.append(UInt8(ascii: "}"))
    }

    private func appendFields(to output: inout [UInt8]) {
        output.append(field: #""scheme":"#, scheme.rawValue)
        output.append(literal: #","elements":{"#)
        for (index, element) in elements.enumerated() where scheme == .gs1 || !isRepeated(index) {
            if index > 0 { output.append(UInt8(ascii: ",")) }
            output.append(jsonText: element.ai)
            output.append(UInt8(ascii: ":"))
            output.append(jsonText: element.value)
        }
        output.append(UInt8(ascii: "}"))
        udi?.appendField(to: &output)
        if scheme == .gs1 { appendLink(to: &output) }
        output.append(field: #""epc":"#, epc)
        if !missing.isEmpty { appendMissing(to: &output) }
    }

    private func isRepeated(_ index: Int) -> Bool {
        elements[..<index].contains { $0.ai == elements[index].ai }
    }

    /// A canonical link is ASCII without anything to escape.
    private func appendLink(to output: inout [UInt8]) {
        let start = output.count
        output.append(literal: #","digitalLink":""#)
        guard GS1DigitalLink.append(elements, with: .attributes, to: &output) else {
            output.removeLast(output.count - start)
            return
        }
        output.append(UInt8(ascii: "\""))
    }

    private func appendMissing(to output: inout [UInt8]) {
        output.append(literal: #","missing":["#)
        for (index, rule) in missing.enumerated() {
            if index > 0 { output.append(UInt8(ascii: ",")) }
            output.append(jsonText: rule)
        }
        output.append(UInt8(ascii: "]"))
    }
}

extension UDI {
    /// The agency is the report's scheme.
    fileprivate func appendField(to output: inout [UInt8]) {
        output.append(literal: #","udi":{"di":"#)
        output.append(jsonText: di)
        output.append(field: #""lot":"#, lot)
        output.append(field: #""serial":"#, serial)
        output.append(field: #""expiry":"#, expiry)
        output.append(field: #""manufactured":"#, manufactured)
        output.append(field: #""donation":"#, donation)
        output.append(field: #""quantity":"#, quantity)
        output.append(UInt8(ascii: "}"))
    }
}

extension IdentifierError {
    func appendReport(on input: ArraySlice<UInt8>, to output: inout [UInt8]) {
        output.append(literal: #"{"input":"#)
        output.append(jsonText: input.prefix(Scan.bytesMax))
        output.append(literal: #","valid":false"#)
        appendField(to: &output)
        output.append(UInt8(ascii: "}"))
    }

    private func appendField(to output: inout [UInt8]) {
        output.append(literal: #","error":{"code":"#)
        output.append(jsonText: code.rawValue)
        output.append(field: #""message":"#, message)
        if let position {
            output.append(literal: #","position":"#)
            output.append(contentsOf: String(position).utf8)
        }
        output.append(UInt8(ascii: "}"))
    }
}

extension [UInt8] {
    fileprivate mutating func append(literal text: StaticString) {
        text.withUTF8Buffer { append(contentsOf: $0) }
    }

    /// A comma, the name and the text; nothing where there is no text.
    fileprivate mutating func append(field name: StaticString, _ text: String?) {
        guard let text else { return }
        append(UInt8(ascii: ","))
        append(literal: name)
        append(jsonText: text)
    }

    fileprivate mutating func append(jsonText text: String) {
        var text = text
        text.withUTF8 { append(quoted: $0) }
    }

    /// Bytes that are no UTF-8 become U+FFFD.
    fileprivate mutating func append(jsonText bytes: ArraySlice<UInt8>) {
        if bytes.reduce(0, |) < 0x80 {
            bytes.withUnsafeBufferPointer { append(quoted: $0) }
        } else {
            append(jsonText: String(decoding: bytes, as: UTF8.self))
        }
    }

    /// Takes UTF-8. Nearly all texts need no escape, which one pass without a branch finds out.
    private mutating func append(quoted text: UnsafeBufferPointer<UInt8>) {
        append(UInt8(ascii: "\""))
        let escapes = text.reduce(UInt8(0)) { $0 | ([UInt8].needsEscape($1) ? 1 : 0) }
        if escapes != 0 {
            for byte in text { append(maybeEscaped: byte) }
        } else {
            append(contentsOf: text)
        }
        append(UInt8(ascii: "\""))
    }

    private static func needsEscape(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte == 0x22 || byte == 0x5C || byte == 0x7F
    }

    private mutating func append(maybeEscaped byte: UInt8) {
        if [UInt8].needsEscape(byte) { append(escaped: byte) } else { append(byte) }
    }

    private mutating func append(escaped byte: UInt8) {
        append(UInt8(ascii: "\\"))
        switch byte {
        case 0x22, 0x5C: append(byte)
        case 0x09: append(UInt8(ascii: "t"))
        case 0x0A: append(UInt8(ascii: "n"))
        case 0x0D: append(UInt8(ascii: "r"))
        default:
            append(literal: "u00")
            append(hexDigit(byte >> 4))
            append(hexDigit(byte))
        }
    }
}

// MARK: Within other reports

/// The same fields for reports that hold this one.
extension IdentifierReport: Encodable {
    private enum Field: String, CodingKey {
        case input, valid, scheme, elements, udi, digitalLink, epc, missing, error
    }

    /// Encodes what `appendJSON(to:)` writes.
    public func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: Field.self)
        try fields.encode(String(decoding: input, as: UTF8.self), forKey: .input)
        try fields.encode(valid, forKey: .valid)
        try fields.encodeIfPresent(error, forKey: .error)
        guard let identifier else { return }
        try fields.encode(identifier.scheme, forKey: .scheme)
        let elements = Dictionary(
            identifier.elements.map { ($0.ai, $0.value) }, uniquingKeysWith: { first, _ in first })
        try fields.encode(elements, forKey: .elements)
        try fields.encodeIfPresent(identifier.udi, forKey: .udi)
        try fields.encodeIfPresent(identifier.digitalLink, forKey: .digitalLink)
        try fields.encodeIfPresent(identifier.epc, forKey: .epc)
        if !identifier.missing.isEmpty { try fields.encode(identifier.missing, forKey: .missing) }
    }
}

extension UDI: Encodable {
    private enum Field: String, CodingKey {
        case di, lot, serial, expiry, manufactured, donation, quantity
    }

    /// Encodes what reports print: all but the agency, which is the report's scheme.
    public func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: Field.self)
        try fields.encode(di, forKey: .di)
        try fields.encodeIfPresent(lot, forKey: .lot)
        try fields.encodeIfPresent(serial, forKey: .serial)
        try fields.encodeIfPresent(expiry, forKey: .expiry)
        try fields.encodeIfPresent(manufactured, forKey: .manufactured)
        try fields.encodeIfPresent(donation, forKey: .donation)
        try fields.encodeIfPresent(quantity, forKey: .quantity)
    }
}

extension IdentifierError: Encodable {
    private enum Field: String, CodingKey {
        case code, message, position
    }

    /// Encodes what reports print.
    public func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: Field.self)
        try fields.encode(code.rawValue, forKey: .code)
        try fields.encode(message, forKey: .message)
        try fields.encodeIfPresent(position, forKey: .position)
    }
}
