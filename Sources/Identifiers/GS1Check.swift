/// What one part of a value must satisfy beside its alphabet and length. Each is a rule of the GS1 General
/// Specifications section 3 under the application identifiers that carry it; the section named here gives its form.
enum GS1Check: Sendable {
    /// The last digit is the check digit of those before it (section 7.9.1).
    case checkDigit
    /// The last two characters are the check characters of those before them (section 7.9.5).
    case checkPair
    /// Begins with a GS1 Company Prefix, of which we know that it has at least four digits (section 1.4.4).
    case companyPrefix
    /// YYMMDD, where DD 00 gives no day.
    case date
    /// YYMMDD with its day.
    case day
    /// YYYYMMDD with its day.
    case longDay
    /// HH.
    case hour
    /// MM or SS.
    case minute
    /// HHMM.
    case hourMinute
    /// Any digit but all 0.
    case nonzero
    /// Begins with 0.
    case zero
    /// Does not begin with 0.
    case noLeadingZero
    /// At least one character is no digit.
    case nonDigit
    /// Two numbers of two digits: which piece, of how many.
    case pieceOfTotal
    /// Which, a slash, and of how many, such as `1/2`.
    case positionOfTotal
    /// ISO 3166-1 numeric.
    case country
    /// ISO 3166-1 numeric, or 999 for several.
    case countryOrNone
    /// ISO 3166-1 alpha-2.
    case countryLetters
    /// ISO 4217 numeric.
    case currency
    /// International Bank Account Number (ISO 13616-1).
    case bankAccount
    /// Degrees from the south pole in ten-millionths.
    case latitude
    /// Degrees east of the antimeridian in ten-millionths.
    case longitude
    /// 0 face out, 1 face in, 9 not defined.
    case winding
    /// 0 or 1.
    case yesNo
    /// ISO 5218.
    case sex
    /// AIDC media type (figure 3.8.23-1).
    case mediaType
    /// UN/ECE recommendation 21 with the additions of GS1.
    case packageType
    /// Importer index of Implementing Regulation (EU) 2018/574.
    case importerIndex
    /// Each `%` begins an escape (RFC 3986 section 2.1).
    case percentEncoding
    /// A hyphen, for a temperature below zero.
    case hyphen
    /// North American coupon code.
    case coupon
    /// North American positive offer file coupon code.
    case couponOffer

    /// Why a value does not pass: the end of a sentence that begins with the application identifier, and where.
    struct Problem {
        let code: IdentifierError.Code
        let text: String
        let index: Int
    }

    /// Nil where the value passes. Its length and alphabet are checked before; it is never empty. `year` is the
    /// current year, for the century of dates.
    func problem(in value: ArraySlice<UInt8>, year: Int) -> Problem? {
        switch self {
        case .checkDigit, .checkPair, .companyPrefix, .bankAccount: keyProblem(in: value)
        case .date, .day, .longDay, .hour, .minute, .hourMinute: timeProblem(in: value, year: year)
        case .coupon: GS1Coupon.code.problem(in: value, year: year)
        case .couponOffer: GS1Coupon.offer.problem(in: value, year: year)
        case .importerIndex, .percentEncoding, .hyphen, .nonDigit: textProblem(in: value)
        case .pieceOfTotal, .positionOfTotal: positionProblem(in: value)
        case .country, .countryOrNone, .countryLetters, .currency, .mediaType, .packageType:
            listProblem(in: value)
        case .nonzero, .zero, .noLeadingZero, .latitude, .longitude, .winding, .yesNo, .sex:
            numberProblem(in: value)
        }
    }

    // MARK: Keys

    private func keyProblem(in value: ArraySlice<UInt8>) -> Problem? {
        switch self {
        case .checkDigit: GS1Check.checkDigitProblem(in: value)
        case .checkPair: GS1CheckPair.problem(in: value)
        case .companyPrefix: GS1Check.companyPrefixProblem(in: value)
        default: GS1BankAccount.problem(in: value)
        }
    }

    private static func checkDigitProblem(in value: ArraySlice<UInt8>) -> Problem? {
        let wanted = gs1CheckDigit(value.dropLast())
        guard value.last != wanted else { return nil }
        return Problem(code: .checkDigitWrong, text: IdentifierError.checkDigitText(wanted), index: value.endIndex - 1)
    }

    /// No GS1 Company Prefix has fewer digits (GenSpecs section 1.4.4).
    static let companyPrefixLengthMin = 4

    private static func companyPrefixProblem(in value: ArraySlice<UInt8>) -> Problem? {
        let prefix = value.prefix(companyPrefixLengthMin)
        let wrong = prefix.firstIndex { !isDigit($0) } ?? (prefix.count < companyPrefixLengthMin ? value.endIndex : nil)
        return wrong.map {
            Problem(
                code: .companyPrefixMissing,
                text: "must begin with a GS1 Company Prefix of at least \(companyPrefixLengthMin) digits", index: $0)
        }
    }

    // MARK: Dates and times

    private func timeProblem(in value: ArraySlice<UInt8>, year: Int) -> Problem? {
        switch self {
        case .date:
            guard GS1Date(value, now: year) == nil else { return nil }
            return Problem(
                code: .dateInvalid, text: "must be a date as YYMMDD, with DD 00 for no day", index: value.startIndex)
        case .day:
            if let date = GS1Date(value, now: year), date.day > 0 { return nil }
            return Problem(code: .dateInvalid, text: "must be a day as YYMMDD", index: value.startIndex)
        case .longDay:
            if let date = GS1Date(value.dropFirst(2), century: value.prefix(2)), date.day > 0 { return nil }
            return Problem(code: .dateInvalid, text: "must be a day as YYYYMMDD", index: value.startIndex)
        default: return clockProblem(in: value)
        }
    }

    private func clockProblem(in value: ArraySlice<UInt8>) -> Problem? {
        let limits =
            switch self {
            case .hour: [23]
            case .minute: [59]
            default: [23, 59]
            }
        var start = value.startIndex
        for limit in limits {
            guard decimal(value[start..<start + 2]) <= limit else {
                return Problem(code: .timeInvalid, text: "must be a time of day, 00 to \(limit) here", index: start)
            }
            start += 2
        }
        return nil
    }

    // MARK: Text

    private func textProblem(in value: ArraySlice<UInt8>) -> Problem? {
        switch self {
        case .importerIndex:
            guard let wrong = value.firstIndex(where: { !isCSET64($0) }) else { return nil }
            return Problem(
                code: .characterNotAllowed, text: "takes only letters, digits, - and _ here", index: wrong)
        case .hyphen:
            guard let wrong = value.firstIndex(where: { $0 != UInt8(ascii: "-") }) else { return nil }
            return Problem(
                code: .characterNotAllowed, text: "takes only a hyphen here, for below zero", index: wrong)
        case .nonDigit:
            guard value.allSatisfy(isDigit) else { return nil }
            return Problem(
                code: .valueInvalid, text: "must hold a character that is no digit", index: value.startIndex)
        default: return GS1Check.escapeProblem(in: value)
        }
    }

    private static func escapeProblem(in value: ArraySlice<UInt8>) -> Problem? {
        var rest = value
        while let percent = rest.firstIndex(of: UInt8(ascii: "%")) {
            let digits = value[(percent + 1)...].prefix(2)
            guard digits.count == 2, digits.allSatisfy({ hexValue($0) != nil }) else {
                return Problem(
                    code: .percentEncodingInvalid, text: "needs two hexadecimal digits after each %", index: percent)
            }
            rest = value[(percent + 3)...]
        }
        return nil
    }

    // MARK: Positions

    private func positionProblem(in value: ArraySlice<UInt8>) -> Problem? {
        if case .pieceOfTotal = self {
            let (piece, total) = (decimal(value.prefix(2)), decimal(value.suffix(2)))
            guard piece < 1 || piece > total else { return nil }
            return Problem(
                code: .pieceInvalid, text: "must end with a piece from 01 to its total", index: value.startIndex)
        }
        let (position, total) = (value.first ?? 0, value.last ?? 0)
        let isSlashed = value.dropFirst().first == UInt8(ascii: "/") && isDigit(position) && isDigit(total)
        guard !isSlashed || position == 0x30 || position > total else { return nil }
        return Problem(
            code: .pieceInvalid, text: "must be a position from 1, a slash and the total, such as 1/2",
            index: value.startIndex)
    }

    // MARK: Code lists

    private func listProblem(in value: ArraySlice<UInt8>) -> Problem? {
        let (isListed, code, list): (Bool, IdentifierError.Code, String) =
            switch self {
            case .country: (GS1CodeList.countries.contains(value), .countryUnknown, "an ISO 3166 country number")
            case .countryOrNone:
                (
                    GS1CodeList.countries.contains(value) || value.elementsEqual("999".utf8), .countryUnknown,
                    "an ISO 3166 country number or 999"
                )
            case .countryLetters:
                (GS1CodeList.countryLetters.contains(value), .countryUnknown, "an ISO 3166 country code of two letters")
            case .currency: (GS1CodeList.currencies.contains(value), .currencyUnknown, "an ISO 4217 currency number")
            case .mediaType: (GS1CodeList.mediaTypes.contains(value), .valueInvalid, "an AIDC media type")
            default: (GS1CodeList.packageTypes.contains(value), .valueInvalid, "a package type code")
            }
        guard !isListed else { return nil }
        return Problem(code: code, text: "needs \(list) here", index: value.startIndex)
    }

    // MARK: Numbers

    private func numberProblem(in value: ArraySlice<UInt8>) -> Problem? {
        let (isFine, text): (Bool, String) =
            switch self {
            case .nonzero: (value.contains { $0 != 0x30 }, "needs a number above 0 here")
            case .zero: (value.first == 0x30, "must begin with the digit 0")
            case .noLeadingZero: (value.first != 0x30, "must not begin with the digit 0")
            case .latitude: (decimal(value) <= 1_800_000_000, "needs a latitude up to 1800000000 here")
            case .longitude: (decimal(value) <= 3_600_000_000, "needs a longitude up to 3600000000 here")
            case .winding: (value.elementsEqual("9".utf8) || decimal(value) <= 1, "needs a winding of 0, 1 or 9 here")
            case .sex: (value.elementsEqual("9".utf8) || decimal(value) <= 2, "needs 0, 1, 2 or 9 (ISO 5218)")
            default: (decimal(value) <= 1, "needs 0 for no or 1 for yes")
            }
        guard !isFine else { return nil }
        if case .zero = self { return Problem(code: .characterNotAllowed, text: text, index: value.startIndex) }
        return Problem(code: .valueInvalid, text: text, index: value.startIndex)
    }
}

/// The GS1 alphanumeric check character pair (GenSpecs section 7.9.5): the places of the characters in character set
/// 82, weighted with the primes from the right, modulo 1021, written as two digits to the base of 32.
enum GS1CheckPair {
    private static let primes = [
        2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97,
    ]

    private static let digits = Array("23456789ABCDEFGHJKLMNPQRSTUVWXYZ".utf8)

    private static let places: [Int] = {
        var places = [Int](repeating: 0, count: 256)
        var next = 0
        for byte in UInt8.min...UInt8.max where isCSET82(byte) {
            places[Int(byte)] = next
            next += 1
        }
        return places
    }()

    /// The pair that belongs after `text`: of character set 82, at most 25 characters. Nil for a longer text.
    static func pair(for text: ArraySlice<UInt8>) -> (UInt8, UInt8)? {
        guard text.count <= primes.count else { return nil }
        let sum = zip(text.reversed(), primes).reduce(0) { $0 + places[Int($1.0)] * $1.1 } % 1_021
        return (digits[sum >> 5], digits[sum & 31])
    }

    static func problem(in value: ArraySlice<UInt8>) -> GS1Check.Problem? {
        guard value.count >= 2, let (first, second) = pair(for: value.dropLast(2)) else {
            return .init(
                code: .checkPairWrong, text: "must end with two check characters", index: value.startIndex)
        }
        guard !value.suffix(2).elementsEqual([first, second]) else { return nil }
        let wanted = String(decoding: [first, second], as: UTF8.self)
        return .init(
            code: .checkPairWrong,
            text: "must end with the check characters \(wanted): scan again, or compare with the printed text",
            index: value.endIndex - 2)
    }
}

/// International Bank Account Numbers (ISO 13616-1): country, two check digits, account; modulo 97 of all, with the
/// first four characters moved to the end, is 1.
enum GS1BankAccount {
    /// Shorter holds no account number in any country.
    static let lengthMin = 11

    static func problem(in value: ArraySlice<UInt8>) -> GS1Check.Problem? {
        if let wrong = value.firstIndex(where: { weight($0) == nil }) {
            return .init(code: .characterNotAllowed, text: "takes only digits and capital letters", index: wrong)
        }
        guard value.count >= lengthMin, GS1CodeList.countryLetters.contains(value.prefix(2)) else {
            return .init(
                code: .bankAccountInvalid, text: "must be an IBAN that begins with its country",
                index: value.startIndex)
        }
        let rest = (value.dropFirst(4) + value.prefix(4)).reduce(0) { sum, byte in
            let weight = weight(byte) ?? 0
            return (sum * (weight < 10 ? 10 : 100) + weight) % 97
        }
        guard rest != 1 else { return nil }
        return .init(
            code: .bankAccountInvalid, text: "holds an IBAN whose check digits are wrong", index: value.startIndex + 2)
    }

    private static func weight(_ byte: UInt8) -> Int? {
        switch byte {
        case 0x30...0x39: Int(byte) - 0x30
        case 0x41...0x5A: Int(byte) - 0x41 + 10
        default: nil
        }
    }
}
