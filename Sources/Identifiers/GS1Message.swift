/// The elements of one GS1 symbol while it is read: each value is judged as it comes, the pairs at the end.
struct GS1Message {
    private struct Held {
        let row: ApplicationIdentifier
        let position: Int
    }

    private let year: Int
    private var elements: [Identifier.Element] = []
    private var held: [Held] = []
    private var expiry: GS1Date?
    private var manufactured: GS1Date?

    /// `year` is the current year, for the century of dates.
    init(year: Int) {
        self.year = year
        elements.reserveCapacity(6)
        held.reserveCapacity(6)
    }

    /// What elements that were read elsewhere mean, after the same checks; an error's position counts from the
    /// beginning of the value to blame.
    static func identifier(
        of elements: [(ai: String, value: String)],
        year: Int
    ) throws(IdentifierError) -> Identifier {
        var message = GS1Message(year: year)
        for element in elements {
            guard let row = ApplicationIdentifierTable.row(named: element.ai) else {
                throw IdentifierError(.aiUnknown, "(\(element.ai)) is no application identifier that we know.")
            }
            try message.append(row, Array(element.value.utf8)[...], position: 0)
        }
        return try message.identifier()
    }

    /// Takes one value. `position` is where it stands in the scan; `exact` says whether each byte of the value is one
    /// byte of the scan, so that an error can point inside it. A value that stands twice counts once.
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
        if let index = held.firstIndex(where: { $0.row === row }) {
            guard elements[index].value != text else { return }
            throw IdentifierError(.aiRepeated, "(\(row.code)) stands twice, with different values.", position: position)
        }
        keepDate(row, value)
        elements.append(Identifier.Element(ai: row.code, value: text))
        held.append(Held(row: row, position: position))
    }

    /// Whether the element is in already.
    func holds(_ row: ApplicationIdentifier) -> Bool {
        held.contains { $0.row === row }
    }

    /// The identifier, once every element is in.
    func identifier() throws(IdentifierError) -> Identifier {
        guard !elements.isEmpty else {
            throw IdentifierError(.empty, "The symbol holds no element.")
        }
        try checkExclusions()
        return Identifier(scheme: .gs1, elements: elements, udi: udi(), missing: try missing())
    }

    // MARK: Values

    private func check(_ row: ApplicationIdentifier, _ value: ArraySlice<UInt8>) throws(IdentifierError) {
        guard value.count >= row.lengthMin else { throw tooShort(row, value) }
        guard value.count <= row.lengthMax else {
            throw IdentifierError(
                .valueTooLong, "(\(row.code)) takes \(row.lengthText), here are \(value.count).",
                position: value.startIndex + row.lengthMax)
        }
        var start = value.startIndex
        for part in row.parts where start < value.endIndex {
            let end = min(start + part.lengthMax, value.endIndex)
            guard end - start >= part.lengthMin else { throw tooShort(row, value) }
            try check(part, value[start..<end], of: row)
            start = end
        }
    }

    private func tooShort(_ row: ApplicationIdentifier, _ value: ArraySlice<UInt8>) -> IdentifierError {
        let text = value.count < row.lengthMin ? "needs \(row.lengthText)" : "ends within one of its parts"
        return IdentifierError(
            .valueTooShort, "(\(row.code)) \(text), here are \(value.count).", position: value.endIndex)
    }

    private func check(
        _ part: ApplicationIdentifier.Part,
        _ value: ArraySlice<UInt8>,
        of row: ApplicationIdentifier
    ) throws(IdentifierError) {
        if let wrong = part.alphabet.firstOutside(value) {
            throw IdentifierError(
                .characterNotAllowed, "(\(row.code)) takes only \(part.alphabet.name) here.", position: wrong)
        }
        for check in part.checks {
            guard let problem = check.problem(in: value, year: year) else { continue }
            throw IdentifierError(problem.code, "(\(row.code)) \(problem.text).", position: problem.index)
        }
    }

    private mutating func keepDate(_ row: ApplicationIdentifier, _ value: ArraySlice<UInt8>) {
        switch row.number {
        case 11: manufactured = GS1Date(value, now: year)
        case 17: expiry = GS1Date(value, now: year)
        default: break
        }
    }

    // MARK: Pairs

    private func checkExclusions() throws(IdentifierError) {
        for (index, one) in held.enumerated() where !one.row.excludes.isEmpty {
            for pattern in one.row.excludes {
                guard let other = held.firstIndex(where: { $0.row !== one.row && pattern.matches($0.row.number) })
                else { continue }
                throw IdentifierError(
                    .aiExcluded,
                    "(\(one.row.code)) and (\(held[other].row.code)) must not stand on one label.",
                    position: held[max(index, other)].position)
            }
        }
    }

    private func contains(_ pattern: ApplicationIdentifier.Pattern) -> Bool {
        held.contains { pattern.matches($0.row.number) }
    }

    private func missing() throws(IdentifierError) -> [String] {
        var missing: [String] = []
        for one in held {
            for requirement in one.row.requirements where !isMet(requirement) {
                guard requirement.alternatives.contains(where: canFollow) else {
                    throw IdentifierError(
                        .aiUnpaired,
                        "(\(one.row.code)) needs \(requirement.text) beside it, which another element here forbids.",
                        position: one.position)
                }
                if !missing.contains(requirement.text) { missing.append(requirement.text) }
            }
        }
        return missing
    }

    private func isMet(_ requirement: ApplicationIdentifier.Requirement) -> Bool {
        requirement.alternatives.contains { $0.allSatisfy(contains) } || requirement.silent.contains(where: contains)
    }

    /// Whether a second symbol may bring what is missing of these: nothing here forbids it, and it forbids nothing.
    private func canFollow(_ patterns: [ApplicationIdentifier.Pattern]) -> Bool {
        patterns.allSatisfy { pattern in
            contains(pattern)
                || !ApplicationIdentifierTable.rows.lazy.filter { pattern.matches($0.number) }
                    .allSatisfy(isForbidden)
        }
    }

    private func isForbidden(_ row: ApplicationIdentifier) -> Bool {
        held.contains { one in
            one.row.excludes.contains { $0.matches(row.number) }
                || row.excludes.contains { $0.matches(one.row.number) }
        }
    }

    // MARK: Device identification

    private func value(of number: ApplicationIdentifier.Number) -> String? {
        held.firstIndex { $0.row.number == number }.map { elements[$0].value }
    }

    private func udi() -> UDI? {
        guard let di = value(of: 1) ?? value(of: 3) else { return nil }
        return UDI(
            agency: .gs1,
            di: di,
            lot: value(of: 10),
            serial: value(of: 21),
            expiry: expiry?.lastDay,
            manufactured: manufactured?.asPrinted,
            quantity: value(of: 30))
    }
}

extension IdentifierError {
    static func checkDigitText(_ wanted: UInt8) -> String {
        "must end with the check digit \(wanted - 0x30): scan again, or compare with the printed text"
    }

    /// The same error with a place in the scan instead of a place in a value's own bytes.
    fileprivate func moved(by position: Int, from start: Int, exact: Bool) -> IdentifierError {
        var error = self
        error.position = exact ? position + (self.position ?? start) - start : position
        return error
    }
}
