/// The elements of one GS1 symbol while it is read: each value is judged as it comes, the pairs at the end.
struct GS1Message {
    private let year: Int
    private var elements: [Identifier.Element] = []
    private var rows: [ApplicationIdentifier] = []
    private var positions: [Int] = []
    private var expiry: GS1Date?
    private var manufactured: GS1Date?

    /// `year` is the current year, for the century of dates.
    init(year: Int) {
        self.year = year
        elements.reserveCapacity(6)
        rows.reserveCapacity(6)
        positions.reserveCapacity(6)
    }

    /// Takes one value. `position` is where it stands in the scan; `exact` says whether each byte of the value is one
    /// byte of the scan, so that an error can point inside it.
    mutating func append(
        _ row: ApplicationIdentifier,
        _ value: ArraySlice<UInt8>,
        position: Int,
        exact: Bool = true
    ) throws(IdentifierError) {
        do {
            try check(row, value)
        } catch {
            throw error.moved(by: position, from: value.startIndex, exact: exact)
        }
        let text = String(decoding: value, as: UTF8.self)
        if let index = rows.firstIndex(where: { $0.number == row.number }) {
            guard elements[index].value != text else { return }
            throw IdentifierError(.aiRepeated, "(\(row.code)) stands twice, with different values.", position: position)
        }
        keepDate(row, value)
        elements.append(Identifier.Element(ai: row.code, value: text))
        rows.append(row)
        positions.append(position)
    }

    /// The identifier, once every element is in.
    func identifier() throws(IdentifierError) -> Identifier {
        guard !elements.isEmpty else {
            throw IdentifierError(.empty, "The symbol holds no element.")
        }
        try checkExclusions()
        return Identifier(scheme: .gs1, elements: elements, udi: udi(), missing: missing())
    }

    private func check(_ row: ApplicationIdentifier, _ value: ArraySlice<UInt8>) throws(IdentifierError) {
        guard value.count >= row.lengthMin else {
            throw IdentifierError(
                .valueTooShort, "(\(row.code)) needs \(row.lengthText), here are \(value.count).",
                position: value.endIndex)
        }
        guard value.count <= row.lengthMax else {
            throw IdentifierError(
                .valueTooLong, "(\(row.code)) takes \(row.lengthText), here are \(value.count).",
                position: value.startIndex + row.lengthMax)
        }
        var start = value.startIndex
        for part in row.parts {
            let end = min(start + part.lengthMax, value.endIndex)
            try check(part, value[start..<end], of: row)
            start = end
        }
    }

    private func check(
        _ part: ApplicationIdentifier.Part,
        _ value: ArraySlice<UInt8>,
        of row: ApplicationIdentifier
    ) throws(IdentifierError) {
        let isAllowed = part.alphabet == .digits ? isDigit : isCSET82
        if let wrong = value.firstIndex(where: { !isAllowed($0) }) {
            let allowed = part.alphabet == .digits ? "digits" : "the characters of GS1 character set 82"
            throw IdentifierError(
                .characterNotAllowed, "(\(row.code)) takes only \(allowed) here.", position: wrong)
        }
        switch part.check {
        case .none: break
        case .checkDigit: try checkDigit(value, of: row.code)
        case .date: try checkDate(value, of: row.code)
        case .zero: try checkZero(value, of: row.code)
        case .pieceOfTotal: try checkPiece(value, of: row.code)
        }
    }

    private func checkDigit(_ value: ArraySlice<UInt8>, of code: String) throws(IdentifierError) {
        let wanted = gs1CheckDigit(value.dropLast())
        guard value.last != wanted else { return }
        throw .checkDigit(of: "(\(code))", wanted: wanted, position: value.endIndex - 1)
    }

    private func checkDate(_ value: ArraySlice<UInt8>, of code: String) throws(IdentifierError) {
        guard GS1Date(value, now: year) == nil else { return }
        throw IdentifierError(
            .dateInvalid, "(\(code)) must be a date as YYMMDD, with DD 00 for no day.", position: value.startIndex)
    }

    private func checkZero(_ value: ArraySlice<UInt8>, of code: String) throws(IdentifierError) {
        guard value.first != 0x30 else { return }
        throw IdentifierError(
            .characterNotAllowed, "(\(code)) must begin with the digit 0.", position: value.startIndex)
    }

    private func checkPiece(_ value: ArraySlice<UInt8>, of code: String) throws(IdentifierError) {
        let piece = value.prefix(2)
        let total = value.suffix(2)
        let isPossible = !piece.elementsEqual([0x30, 0x30]) && !total.lexicographicallyPrecedes(piece)
        guard !isPossible else { return }
        throw IdentifierError(
            .pieceInvalid, "(\(code)) must end with a piece from 01 to its total.", position: value.startIndex)
    }

    private mutating func keepDate(_ row: ApplicationIdentifier, _ value: ArraySlice<UInt8>) {
        switch row.number {
        case 11: manufactured = GS1Date(value, now: year)
        case 17: expiry = GS1Date(value, now: year)
        default: break
        }
    }

    private func checkExclusions() throws(IdentifierError) {
        for (index, row) in rows.enumerated() {
            for number in row.excludes where contains(number) {
                throw IdentifierError(
                    .aiExcluded,
                    "(\(row.code)) and (\(ApplicationIdentifier.text(number))) must not stand on one label.",
                    position: positions[index])
            }
        }
    }

    private func contains(_ number: ApplicationIdentifier.Number) -> Bool {
        rows.contains { $0.number == number }
    }

    private func missing() -> [String] {
        var missing: [String] = []
        for row in rows {
            for group in row.requires where !group.contains(where: contains) {
                let text = group.map(ApplicationIdentifier.text).joined(separator: "|")
                if !missing.contains(text) { missing.append(text) }
            }
        }
        return missing
    }

    private func value(of number: ApplicationIdentifier.Number) -> String? {
        rows.firstIndex { $0.number == number }.map { elements[$0].value }
    }

    private func udi() -> UDI? {
        guard let di = value(of: 1) else { return nil }
        return UDI(
            di: di,
            lot: value(of: 10),
            serial: value(of: 21),
            expiry: expiry?.lastDay,
            manufactured: manufactured?.asPrinted)
    }
}

extension ApplicationIdentifier {
    fileprivate var lengthText: String {
        lengthMin == lengthMax ? "\(lengthMax) characters" : "\(lengthMin) to \(lengthMax) characters"
    }
}

extension IdentifierError {
    static func checkDigit(of what: String, wanted: UInt8, position: Int) -> IdentifierError {
        IdentifierError(
            .checkDigitWrong,
            "The check digit of \(what) must be \(wanted - 0x30): scan again, or compare with the printed text.",
            position: position)
    }

    /// The same error with a place in the scan instead of a place in a value's own bytes.
    fileprivate func moved(by position: Int, from start: Int, exact: Bool) -> IdentifierError {
        var error = self
        error.position = exact ? position + (self.position ?? start) - start : position
        return error
    }
}
