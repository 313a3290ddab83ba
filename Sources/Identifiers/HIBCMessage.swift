/// The fields of one HIBC label while it is read: each value is judged as it comes.
struct HIBCMessage {
    private struct Held {
        let field: HIBCField
        let day: GS1Date?
    }

    private let year: Int
    private var elements: [Identifier.Element] = []
    private var held: [Held] = []

    /// `year` is the current year, for the century of dates.
    init(year: Int) {
        self.year = year
        elements.reserveCapacity(8)
        held.reserveCapacity(8)
    }

    /// Takes one value, whose indices are places in the scan.
    mutating func append(_ field: HIBCField, _ value: ArraySlice<UInt8>) throws(IdentifierError) {
        let day = try check(field, value)
        let text = String(decoding: value, as: UTF8.self)
        if let index = held.firstIndex(where: { $0.field.ai == field.ai }) {
            guard elements[index].value != text else { return }
            throw .repeated(field.ai, position: value.startIndex)
        }
        let one = Held(field: field, day: day)
        try checkAgreement(of: one, text, position: value.startIndex)
        elements.append(Identifier.Element(ai: field.ai, value: text))
        held.append(one)
    }

    /// The identifier, once every field is in.
    func identifier() -> Identifier {
        guard let di = HIBCMessage.deviceIdentifier(of: elements) else {
            return Identifier(scheme: .hibc, elements: elements, udi: nil, missing: [HIBCField.labeler.ai])
        }
        let udi = UDI(
            agency: .hibc, di: di, lot: text(.lot), serial: text(.serial), expiry: text(.expiry),
            manufactured: text(.manufactured), quantity: text(.quantity))
        return Identifier(scheme: .hibc, elements: elements, udi: udi, missing: [], subject: subject(of: udi))
    }

    /// Labeler, product number and unit of measure in one, as databases write it; nil without all three.
    static func deviceIdentifier(of elements: [Identifier.Element]) -> String? {
        var di = ""
        for field in [HIBCField.labeler, .product, .unit] {
            guard let element = elements.first(where: { $0.ai == field.ai }) else { return nil }
            di += element.value
        }
        return di
    }

    /// The serial number alone tells one thing from the next; a lot is named only where there is none.
    private func subject(of udi: UDI) -> String {
        if let serial = udi.serial { return "+\(udi.di)/S\(serial)" }
        if let lot = udi.lot { return "+\(udi.di)/$\(lot)" }
        return "+\(udi.di)"
    }

    /// The day that the value names, where it names one.
    private func check(_ field: HIBCField, _ value: ArraySlice<UInt8>) throws(IdentifierError) -> GS1Date? {
        guard value.count >= field.lengthMin else {
            throw IdentifierError(
                .valueTooShort, "\(field.ai) needs \(field.lengthText), here are \(value.count).",
                position: value.endIndex)
        }
        guard value.count <= field.lengthMax else {
            throw IdentifierError(
                .valueTooLong, "\(field.ai) takes \(field.lengthText), here are \(value.count).",
                position: value.startIndex + field.lengthMax)
        }
        if let wrong = value.firstIndex(where: { !field.alphabet.contains($0) }) {
            throw IdentifierError(
                .characterNotAllowed, "\(field.ai) takes only \(field.alphabet.name).", position: wrong)
        }
        guard !field.date.isEmpty else { return nil }
        guard let day = HIBCDateFormat.day(value, field.date, now: year) else {
            throw IdentifierError(.dateInvalid, "\(field.ai) holds no day of the calendar.", position: value.startIndex)
        }
        return day
    }

    /// Two fields may say the same thing, such as an expiry in the secondary structure and as `14D`: not differently.
    private func checkAgreement(of one: Held, _ text: String, position: Int) throws(IdentifierError) {
        guard one.field.role != .other, let known = self.text(one.field.role), known != plain(one, text) else { return }
        throw .repeated(one.field.ai, position: position)
    }

    private func text(_ role: HIBCField.Role) -> String? {
        held.firstIndex { $0.field.role == role }.map { plain(held[$0], elements[$0].value) }
    }

    /// What a field says, freed from how it is written.
    private func plain(_ one: Held, _ text: String) -> String {
        if let day = one.day { return day.lastDay }
        guard one.field.role == .quantity else { return text }
        let digits = text.drop { $0 == "0" }
        return digits.isEmpty ? "0" : String(digits)
    }
}

extension HIBCField {
    fileprivate var lengthText: String {
        lengthMin == lengthMax ? "\(lengthMax) characters" : "\(lengthMin) to \(lengthMax) characters"
    }
}

extension HIBCField.Alphabet {
    func contains(_ byte: UInt8) -> Bool {
        switch self {
        case .digits: isDigit(byte)
        case .capitalsAndDigits: isCapitalOrDigit(byte)
        case .code39: HIBC.value(of: byte) != nil && byte != UInt8(ascii: "/")
        case .code39AndSlash: HIBC.value(of: byte) != nil
        }
    }

    fileprivate var name: String {
        switch self {
        case .digits: "digits"
        case .capitalsAndDigits: "capital letters and digits"
        case .code39: "capital letters, digits, blanks and -.$+%"
        case .code39AndSlash: "capital letters, digits, blanks and -.$+%/"
        }
    }
}

extension IdentifierError {
    static func repeated(_ ai: String, position: Int) -> IdentifierError {
        IdentifierError(
            .aiRepeated, "\(ai) says something else than the label says elsewhere.", position: position)
    }
}

func isCapitalOrDigit(_ byte: UInt8) -> Bool {
    isDigit(byte) || byte &- 0x41 < 26
}
