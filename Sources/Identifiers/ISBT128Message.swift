/// The data structures of one ISBT 128 symbol while it is read: each content is judged as it comes.
struct ISBT128Message {
    private struct Held {
        let structure: ISBT128Structure
        let day: GS1Date?
    }

    private var elements: [Identifier.Element] = []
    private var held: [Held] = []
    private var namesPerson = false

    init() {
        elements.reserveCapacity(8)
        held.reserveCapacity(8)
    }

    /// Takes the content of one structure, whose indices are places in the scan.
    mutating func append(
        _ structure: ISBT128Structure, _ content: ArraySlice<UInt8>
    ) throws(IdentifierError) {
        let day = try check(structure, content)
        guard structure.role != .person else {
            namesPerson = true
            return
        }
        let text = String(decoding: content, as: UTF8.self)
        if let index = held.firstIndex(where: { $0.structure === structure }) {
            guard elements[index].value != text else { return }
            throw .repeated(structure.ai, position: content.startIndex)
        }
        let one = Held(structure: structure, day: day)
        try checkAgreement(of: one, text, position: content.startIndex)
        elements.append(Identifier.Element(ai: structure.ai, value: text))
        held.append(one)
    }

    /// The identifier, once every structure is in.
    func identifier() throws(IdentifierError) -> Identifier {
        guard !elements.isEmpty else { throw nothing() }
        return Identifier(
            scheme: .iccbba, elements: elements, udi: udi(), missing: missing(), subject: subject())
    }

    private func nothing() -> IdentifierError {
        namesPerson
            ? IdentifierError(.schemeUnsupported, "This symbol names a donor, a patient or staff, and no product.")
            : IdentifierError(.empty, "The symbol holds no data structure.")
    }

    // MARK: What the fields say

    private func value(of ai: String) -> String? {
        elements.first { $0.ai == ai }?.value
    }

    /// What the label says in this role: a day of the calendar, or the text as it stands.
    private func said(_ role: ISBT128Structure.Role) -> String? {
        held.firstIndex { $0.structure.role == role }.map { held[$0].day?.lastDay ?? elements[$0].value }
    }

    /// Processor product identification code, or container manufacturer and catalogue number (FDA UDI formats 1.4).
    private func udi() -> UDI? {
        guard let di = said(.device) ?? said(.container) else { return nil }
        return UDI(
            agency: .iccbba, di: di, lot: said(.lot), serial: said(.serial), expiry: said(.expiry),
            manufactured: said(.manufactured), donation: said(.donation))
    }

    private func missing() -> [String] {
        var missing: [String] = []
        for one in held {
            for group in one.structure.requires where !group.contains(where: { value(of: $0) != nil }) {
                let text = group.joined(separator: "|")
                if !missing.contains(text) { missing.append(text) }
            }
        }
        return missing
    }

    /// What names a thing, each with what tells one from the next. A product code says only what kind of thing a donation
    /// became, so that it names nothing without the donation.
    private static let keys: [(key: String, needs: String?, with: [String])] = [
        ("=/", nil, ["=,", "="]),
        ("=<", "=", ["=,", "="]),
        ("=)", nil, ["&)"]),
        ("=-", nil, ["&-"]),
        ("=$", nil, []),
        ("&,4", nil, []),
    ]

    private func subject() -> String? {
        for (key, needs, with) in ISBT128Message.keys {
            guard let name = value(of: key) else { continue }
            if let needs, value(of: needs) == nil { continue }
            return with.reduce(key + name) { text, ai in
                text + (value(of: ai).map { ai + (ai == "=" ? withoutFlags($0) : $0) } ?? "")
            }
        }
        return nil
    }

    /// The flag characters tell what a label is for, and are no part of the donation's number.
    private func withoutFlags(_ donation: String) -> String {
        String(decoding: donation.utf8.dropLast(2), as: UTF8.self) + "00"
    }

    // MARK: Checks

    /// The day that the content names, where it names one.
    private func check(
        _ structure: ISBT128Structure, _ content: ArraySlice<UInt8>
    ) throws(IdentifierError) -> GS1Date? {
        switch structure.form {
        case .plain(let alphabet): try check(structure, content, alphabet)
        case .donation: try checkDonation(content)
        case .dayOfYear, .dayOfYearAndTime, .month:
            try check(structure, content, .digits)
            guard let day = ISBT128Date.day(content, structure.form) else {
                throw IdentifierError(
                    .dateInvalid, "\(structure.ai) holds no day of the calendar.", position: content.startIndex)
            }
            return day
        }
        return nil
    }

    private func check(
        _ structure: ISBT128Structure, _ content: ArraySlice<UInt8>, _ alphabet: ISBT128Structure.Alphabet
    ) throws(IdentifierError) {
        guard let wrong = content.firstIndex(where: { !alphabet.contains($0) }) else { return }
        throw IdentifierError(
            .characterNotAllowed, "\(structure.ai) takes only \(alphabet.name).", position: wrong)
    }

    /// Facility (5), year (2), sequence (6) and flags (2); flags of 60 to 96 are a check value (ST-001 section 2.4.1).
    private func checkDonation(_ content: ArraySlice<UInt8>) throws(IdentifierError) {
        let facility = content.prefix(5)
        let number = content.dropFirst(5).prefix(8)
        let flags = content.suffix(2)
        let wrong =
            facility.prefix(1).firstIndex { !ISBT128Structure.isFacilityStart($0) }
            ?? facility.firstIndex { !isCapitalOrDigit($0) } ?? number.firstIndex { !isDigit($0) }
            ?? flags.firstIndex { !isCapitalOrDigit($0) }
        if let wrong {
            throw IdentifierError(
                .characterNotAllowed, "A donation number is a facility, 8 digits and 2 flags.", position: wrong)
        }
        guard flags.allSatisfy(isDigit) else { return }
        let flag = decimal(flags)
        guard (60...96).contains(flag), flag - 60 != ISBT128.checkValue(of: content.dropLast(2)) else { return }
        throw IdentifierError(
            .checkCharacterWrong, "The flags of the donation number are a check value that does not fit: scan again.",
            position: flags.startIndex)
    }

    /// Two structures may say the same thing, such as an expiry with and without its time: not differently.
    private func checkAgreement(of one: Held, _ text: String, position: Int) throws(IdentifierError) {
        guard one.structure.role != .other, let known = said(one.structure.role) else { return }
        guard known != one.day?.lastDay ?? text else { return }
        throw .repeated(one.structure.ai, position: position)
    }
}
