/// One row of the table of EPC schemes: the parts of the pure identity URI (EPC Tag Data Standard section 6.3) and the
/// element string that says the same (section 7).
struct EPCLayout: Sendable {
    /// How the digits of company prefix and reference stand in the GS1 key.
    enum Order: Sendable {
        /// The first digit of the reference, the company prefix, the rest of the reference, a check digit.
        case indicatorFirst
        /// The company prefix, the reference, a check digit.
        case prefixFirst
        /// The company prefix and the reference, without a check digit.
        case joined
    }

    /// The GS1 key of a scheme.
    struct Key: Sendable {
        let ai: String
        let order: Order

        /// What stands before the key in its AI: the GRAI has a zero there.
        let lead: String

        /// Where the last part goes: to this AI, or to the end of the key where there is none.
        let serial: String?

        /// The last part that stands for none: an SGLN with the extension 0 is the location itself.
        let absent: String?

        init(_ ai: String, _ order: Order, lead: String = "", serial: String? = nil, absent: String? = nil) {
            self.ai = ai
            self.order = order
            self.lead = lead
            self.serial = serial
            self.absent = absent
        }
    }

    let scheme: EPC.Scheme
    let components: [EPCComponent]

    /// Nil for the schemes that name no GS1 key.
    let key: Key?

    /// Whether the URI names a thing or a class of things.
    let kind: EPCURI.Kind

    init(_ scheme: EPC.Scheme, _ components: [EPCComponent], _ key: Key? = nil, kind: EPCURI.Kind = .id) {
        self.scheme = scheme
        self.components = components
        self.key = key
        self.kind = kind
    }

    /// In the order in which a scheme is chosen for elements that would fit several.
    static let rows: [EPCLayout] = [
        .init(.sscc, [.companyPrefix, .reference(withPrefix: 17)], .init("00", .indicatorFirst)),
        .init(
            .sgtin, [.companyPrefix, .reference(withPrefix: 13), .text(upTo: 20)],
            .init("01", .indicatorFirst, serial: "21")),
        .init(
            .upui, [.companyPrefix, .reference(withPrefix: 13), .text(upTo: 28)],
            .init("01", .indicatorFirst, serial: "235")),
        .init(
            .lgtin, [.companyPrefix, .reference(withPrefix: 13), .text(upTo: 20)],
            .init("01", .indicatorFirst, serial: "10"), kind: .class),
        .init(
            .itip,
            [.companyPrefix, .reference(withPrefix: 13), .digits(2...2), .digits(2...2), .text(upTo: 20)],
            .init("8006", .indicatorFirst, serial: "21")),
        .init(
            .grai, [.companyPrefix, .reference(withPrefix: 12), .text(upTo: 16)],
            .init("8003", .prefixFirst, lead: "0")),
        .init(.giai, [.companyPrefix, .textWithPrefix(upTo: 30)], .init("8004", .joined)),
        .init(
            .cpi, [.companyPrefix, .partWithPrefix(upTo: 30), .integer(max: 999_999_999_999)],
            .init("8010", .joined, serial: "8011")),
        .init(
            .gdti, [.companyPrefix, .reference(withPrefix: 12), .text(upTo: 17)], .init("253", .prefixFirst)),
        .init(
            .sgcn, [.companyPrefix, .reference(withPrefix: 12), .digits(1...12)], .init("255", .prefixFirst)),
        .init(.gsrn, [.companyPrefix, .reference(withPrefix: 17)], .init("8018", .prefixFirst)),
        .init(.gsrnp, [.companyPrefix, .reference(withPrefix: 17)], .init("8017", .prefixFirst)),
        .init(.gsin, [.companyPrefix, .reference(withPrefix: 16)], .init("402", .prefixFirst)),
        .init(.ginc, [.companyPrefix, .textWithPrefix(upTo: 30)], .init("401", .joined)),
        .init(
            .sgln, [.companyPrefix, .reference(withPrefix: 12), .text(upTo: 20)],
            .init("414", .prefixFirst, serial: "254", absent: "0")),
        .init(.pgln, [.companyPrefix, .reference(withPrefix: 12)], .init("417", .prefixFirst)),
        .init(.gid, [.integer(max: 268_435_455), .integer(max: 16_777_215), .integer(max: 68_719_476_735)]),
        .init(.usdod, [.activity, .integer(max: 68_719_476_735)]),
        .init(.adi, [.activity, .aerospacePart, .aerospaceSerial]),
        .init(.bic, [.container]),
        .init(.imovn, [.digits(7...7)]),
    ]

    static let byScheme = Dictionary(uniqueKeysWithValues: rows.map { ($0.scheme, $0) })

    /// How many digits the key has without its check digit; nil for the keys without one.
    var keyDigits: Int? {
        guard components.count > 1, case .reference(let total) = components[1] else { return nil }
        return total
    }

    /// Throws where a part is not of its form. `positions` says where each part stands, where that is known.
    func check(_ parts: [String], at positions: [Int]) throws(IdentifierError) {
        let prefix = parts.first?.utf8.count ?? 0
        for (index, (component, part)) in zip(components, parts).enumerated() {
            do {
                try component.check(part, prefix: prefix)
            } catch {
                throw error.placed(at: index < positions.count ? positions[index] : nil)
            }
        }
    }
}

// MARK: Element strings

extension EPCLayout {
    /// The element string that says the same as the parts, which were checked; empty without a GS1 key.
    func elements(of parts: [String]) -> [Identifier.Element] {
        guard let key, let prefix = parts.first, parts.count == components.count else { return [] }
        var value = key.lead + digits(prefix, parts[1], key.order)
        if keyDigits != nil { value = EPCLayout.appendingCheckDigit(value) }
        var rest = parts.dropFirst(2)
        let serial = key.serial == nil ? nil : rest.popLast()
        value += rest.joined()
        let own = Identifier.Element(ai: key.ai, value: value)
        guard let ai = key.serial, let serial, serial != key.absent else { return [own] }
        return [own, Identifier.Element(ai: ai, value: serial)]
    }

    private func digits(_ prefix: String, _ reference: String, _ order: Order) -> String {
        switch order {
        case .indicatorFirst: String(reference.prefix(1)) + prefix + reference.dropFirst()
        case .prefixFirst, .joined: prefix + reference
        }
    }

    private static func appendingCheckDigit(_ digits: String) -> String {
        digits + String(UnicodeScalar(gs1CheckDigit(Array(digits.utf8)[...])))
    }

    /// True where the elements hold the key of this scheme and what makes it one thing.
    func fits(_ elements: [Identifier.Element]) -> Bool {
        guard let key, elements.contains(where: { $0.ai == key.ai }) else { return false }
        return key.serial == nil || key.absent != nil || elements.contains { $0.ai == key.serial }
    }

    /// The parts of the elements, whose company prefix has so many digits.
    func parts(of elements: [Identifier.Element], prefixLength: Int) throws(IdentifierError) -> [String] {
        guard let key, let own = elements.first(where: { $0.ai == key.ai })?.value else {
            throw IdentifierError(.epcNotInstance, "The elements hold no key of the scheme \(scheme.rawValue).")
        }
        let (digits, rest) = try split(own, of: key)
        guard digits.utf8.count >= prefixLength else {
            throw IdentifierError(
                .epcPrefixInvalid, "The company prefix cannot have \(prefixLength) digits: (\(key.ai)) is too short.")
        }
        var parts = EPCLayout.cut(digits, key.order, prefixLength)
        parts += cutTail(rest)
        if let ai = key.serial, let serial = elements.first(where: { $0.ai == ai })?.value ?? key.absent {
            parts.append(serial)
        }
        guard parts.count == components.count else { throw notInstance(key) }
        return parts
    }

    /// The key without what stands before it and without its check digit, and what follows the key in its AI.
    func split(_ value: String, of key: Key) throws(IdentifierError) -> (digits: String, rest: String) {
        guard let keyDigits else { return (value, "") }
        let bytes = Array(value.utf8)
        let lead = key.lead.utf8.count
        let end = lead + keyDigits
        guard bytes.count > end, bytes[...end].allSatisfy(isDigit), value.hasPrefix(key.lead) else {
            throw IdentifierError(
                .epcValueInvalid, "(\(key.ai)) must begin with \(end + 1) digits\(lead > 0 ? ", the first a 0" : "").")
        }
        let wanted = gs1CheckDigit(bytes[lead..<end])
        guard bytes[end] == wanted else {
            throw IdentifierError(
                .checkDigitWrong, "The check digit of (\(key.ai)) must be \(wanted - 0x30), not \(bytes[end] - 0x30).")
        }
        let digits = String(decoding: bytes[lead..<end], as: UTF8.self)
        return (digits, String(decoding: bytes[(end + 1)...], as: UTF8.self))
    }

    /// The key and the serial number among the elements, checked without knowing where the company prefix ends. A part
    /// that stands for none is left out.
    func named(by elements: [Identifier.Element]) throws(IdentifierError) -> [Identifier.Element] {
        guard let key, let own = elements.first(where: { $0.ai == key.ai }) else {
            throw IdentifierError(.epcNotInstance, "The elements hold no key of the scheme \(scheme.rawValue).")
        }
        let (digits, rest) = try split(own.value, of: key)
        if keyDigits == nil { try checkJoined(digits, key) }
        var tail = cutTail(rest)
        let serial = elements.first { $0.ai == key.serial }
        if key.serial != nil, let value = serial?.value ?? key.absent { tail.append(value) }
        guard tail.count == components.count - 2 else { throw notInstance(key) }
        try checkTail(tail)
        guard let serial, serial.value != key.absent else { return [own] }
        return [own, serial]
    }

    private func checkTail(_ tail: [String]) throws(IdentifierError) {
        for (component, value) in zip(components.dropFirst(2), tail) {
            // Only URIs forbid the leading zeros of a number.
            if case .integer = component { continue }
            try component.check(value, prefix: 0)
        }
    }

    private func checkJoined(_ value: String, _ key: Key) throws(IdentifierError) {
        try components[1].check(value, prefix: 0)
        guard value.utf8.prefix(while: isDigit).count >= 4 else {
            throw IdentifierError(
                .epcPrefixInvalid, "(\(key.ai)) must begin with a company prefix of at least 4 digits.")
        }
    }

    private static func cut(_ digits: String, _ order: Order, _ length: Int) -> [String] {
        let indicator = order == .indicatorFirst ? digits.prefix(1) : ""
        let body = digits.dropFirst(indicator.count)
        return [String(body.prefix(length)), String(indicator + body.dropFirst(length))]
    }

    /// What follows the key in its AI: pieces of two digits, or one serial.
    private func cutTail(_ rest: String) -> [String] {
        let tail = components.dropFirst(2).dropLast(key?.serial == nil ? 0 : 1)
        guard tail.count > 1 else { return rest.isEmpty ? [] : [rest] }
        return stride(from: 0, to: rest.utf8.count, by: 2).map { String(rest.dropFirst($0).prefix(2)) }
    }

    private func notInstance(_ key: Key) -> IdentifierError {
        IdentifierError(
            .epcNotInstance,
            "(\(key.ai)) names a class of things here: an EPC needs the serial number of one thing as well.")
    }
}
