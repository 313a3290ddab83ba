/// Coupon codes of North America: AI 8110 (GS1 US, North American Coupon Application Guideline) and AI 8112 (GS1 AI
/// (8112) Coupon Data Specification). Both are digits: fields in a fixed order, some led by a digit of their length.
struct GS1Coupon: Sendable {
    /// One field.
    struct Field: Sendable {
        enum Form: Sendable {
            case digits(Int)
            /// One digit of these.
            case oneOf(String)
            /// A digit of this range, which with the addend gives how many digits follow.
            case counted(ClosedRange<UInt8>, adding: Int)
            /// As `counted`, or 9 for none.
            case countedOrNone(ClosedRange<UInt8>, adding: Int)
            case day
        }

        let name: String
        let form: Form
    }

    /// What every code begins with.
    let required: [Field]

    /// Groups that may follow in this order, each after the digit that opens it.
    let optional: [(opening: UInt8, fields: [Field])]

    private static let prefix = Field.Form.counted(0...6, adding: 6)
    private static let requirementCode = Field.Form.oneOf("012349")

    /// AI 8110.
    static let code = GS1Coupon(
        required: [
            Field(name: "company prefix", form: prefix),
            Field(name: "offer code", form: .digits(6)),
            Field(name: "save value", form: .counted(1...5, adding: 0)),
            Field(name: "purchase requirement", form: .counted(1...5, adding: 0)),
            Field(name: "purchase requirement code", form: requirementCode),
            Field(name: "family code", form: .digits(3)),
        ],
        optional: [
            (1, [Field(name: "additional purchase rules code", form: .oneOf("0123"))] + purchase("second")),
            (2, purchase("third")),
            (3, [Field(name: "expiration date", form: .day)]),
            (4, [Field(name: "start date", form: .day)]),
            (5, [Field(name: "serial number", form: .counted(0...9, adding: 6))]),
            (6, [Field(name: "retailer", form: .counted(1...7, adding: 6))]),
            (
                9,
                [
                    Field(name: "save value code", form: .oneOf("01256")),
                    Field(name: "item of the save value", form: .oneOf("012")),
                    Field(name: "store coupon flag", form: .digits(1)),
                    Field(name: "do not multiply flag", form: .oneOf("01")),
                ]
            ),
        ])

    /// AI 8112.
    static let offer = GS1Coupon(
        required: [
            Field(name: "format", form: .oneOf("01")),
            Field(name: "funder", form: prefix),
            Field(name: "offer code", form: .digits(6)),
            Field(name: "serial number", form: .counted(0...9, adding: 6)),
        ],
        optional: [])

    private static func purchase(_ which: String) -> [Field] {
        [
            Field(name: "\(which) purchase requirement", form: .counted(1...5, adding: 0)),
            Field(name: "\(which) purchase requirement code", form: requirementCode),
            Field(name: "\(which) family code", form: .digits(3)),
            Field(name: "\(which) company prefix", form: .countedOrNone(0...6, adding: 6)),
        ]
    }

    func problem(in value: ArraySlice<UInt8>, year: Int) -> GS1Check.Problem? {
        if let wrong = value.firstIndex(where: { !isDigit($0) }) {
            return .init(code: .characterNotAllowed, text: "takes only digits", index: wrong)
        }
        var index = value.startIndex
        var days: [ArraySlice<UInt8>] = []
        for field in required {
            if let problem = take(field, of: value, at: &index, days: &days, year: year) { return problem }
        }
        for (opening, fields) in optional where index < value.endIndex && value[index] == 0x30 + opening {
            index += 1
            for field in fields {
                if let problem = take(field, of: value, at: &index, days: &days, year: year) { return problem }
            }
        }
        guard index == value.endIndex else {
            return .init(code: .couponInvalid, text: "holds more than a coupon code", index: index)
        }
        return orderProblem(of: days)
    }

    /// Moves `index` behind the field.
    private func take(
        _ field: Field,
        of value: ArraySlice<UInt8>,
        at index: inout Int,
        days: inout [ArraySlice<UInt8>],
        year: Int
    ) -> GS1Check.Problem? {
        let start = index
        guard let length = length(of: field.form, in: value, at: &index) else {
            return .init(code: .couponInvalid, text: "holds a wrong \(field.name)", index: start)
        }
        guard value.endIndex - index >= length else {
            return .init(code: .couponInvalid, text: "ends within the \(field.name)", index: value.endIndex)
        }
        if case .day = field.form {
            let digits = value[index..<index + length]
            guard let date = GS1Date(digits, now: year), date.day > 0 else {
                return .init(code: .dateInvalid, text: "holds a wrong \(field.name)", index: start)
            }
            days.append(digits)
        }
        index += length
        return nil
    }

    /// How many digits the field has from `index` on, which moves behind a leading length. Nil where the field cannot
    /// begin so.
    private func length(of form: Field.Form, in value: ArraySlice<UInt8>, at index: inout Int) -> Int? {
        switch form {
        case .digits(let count): return count
        case .day: return 6
        case .oneOf(let allowed):
            guard index < value.endIndex else { return 1 }
            return allowed.utf8.contains(value[index]) ? 1 : nil
        case .counted(let range, let addend):
            guard index < value.endIndex else { return 1 }
            guard range.contains(value[index] - 0x30) else { return nil }
            index += 1
            return Int(value[index - 1] - 0x30) + addend
        case .countedOrNone(let range, let addend):
            guard index < value.endIndex, value[index] == UInt8(ascii: "9") else {
                return length(of: .counted(range, adding: addend), in: value, at: &index)
            }
            index += 1
            return 0
        }
    }

    /// The expiration date comes before the start date in the code, and not in time.
    private func orderProblem(of days: [ArraySlice<UInt8>]) -> GS1Check.Problem? {
        guard days.count == 2, days[0].lexicographicallyPrecedes(days[1]) else { return nil }
        return .init(code: .couponInvalid, text: "expires before it starts", index: days[0].startIndex)
    }
}
