import Testing

@testable import Identifiers

@Suite("The table of application identifiers")
struct ApplicationIdentifierTableTests {
    /// A value that passes the check, and one of the same length and alphabet that does not.
    private static func samples(of check: GS1Check) -> (valid: String, invalid: String) {
        switch check {
        case .checkDigit: ("", "")
        case .checkPair: ("1987654Ad4X4bL5ttr2310c2K", "1987654Ad4X4bL5ttr2310c2X")
        case .companyPrefix: ("40123", "401")
        case .date: ("261200", "261300")
        case .day: ("261231", "261200")
        case .longDay: ("20000229", "19000229")
        case .hour: ("23", "24")
        case .minute: ("59", "60")
        case .hourMinute: ("2359", "2400")
        case .nonzero: ("", "")
        case .zero: ("0", "1")
        case .noLeadingZero: ("10", "01")
        case .nonDigit: ("", "")
        case .pieceOfTotal: ("0202", "0302")
        case .positionOfTotal: ("2/2", "3/2")
        case .country: ("276", "277")
        case .countryOrNone: ("999", "998")
        case .countryLetters: ("DE", "DD")
        case .currency: ("978", "998")
        case .bankAccount: ("GB98MIDL07009312345678", "GB97MIDL07009312345678")
        case .latitude: ("1800000000", "1800000001")
        case .longitude: ("3600000000", "3600000001")
        case .winding: ("9", "2")
        case .yesNo: ("1", "2")
        case .sex: ("9", "3")
        case .mediaType: ("10", "11")
        case .packageType: ("APE", "ZZZ")
        case .importerIndex: ("-", "!")
        case .percentEncoding: ("a%2Fb", "a%2gb")
        case .hyphen: ("-", "+")
        case .coupon: ("012345612345611110123", "012345612345601110123")
        case .couponOffer: ("001234561234560123456", "201234561234560123456")
        }
    }

    /// A value of the full length: digits 1, or A where letters are allowed.
    private static func plain(_ part: ApplicationIdentifier.Part) -> [UInt8] {
        let filler = part.alphabet == .digits ? UInt8(ascii: "1") : UInt8(ascii: "A")
        return [UInt8](repeating: filler, count: part.lengthMax)
    }

    private static func valid(_ part: ApplicationIdentifier.Part) -> [UInt8] {
        guard let check = part.checks.first else { return plain(part) }
        let sample = Array(samples(of: check).valid.utf8)
        guard sample.isEmpty else { return sample }
        guard case .checkDigit = check else { return plain(part) }
        let digits = plain(part).dropLast()
        return digits + [gs1CheckDigit(digits)]
    }

    /// One part spoiled for its first check; nil where nothing of the part's own length can break it.
    private static func invalid(_ part: ApplicationIdentifier.Part) -> [UInt8]? {
        guard let check = part.checks.first else { return nil }
        switch check {
        case .checkDigit:
            let good = valid(part)
            return good.dropLast() + [good.last == 0x30 ? 0x31 : 0x30]
        case .nonzero: return [UInt8](repeating: 0x30, count: part.lengthMax)
        default: return Array(samples(of: check).invalid.utf8)
        }
    }

    private static func scan(_ row: ApplicationIdentifier, _ parts: [[UInt8]]) -> Scan {
        Scan(bytes: Array("(\(row.code))".utf8) + parts.joined())
    }

    @Test func holdsEveryApplicationIdentifierOnce() {
        let codes = ApplicationIdentifierTable.rows.map(\.code)
        #expect(Set(codes).count == codes.count)
        #expect(codes.count == 536)
        for row in ApplicationIdentifierTable.rows {
            #expect(ApplicationIdentifierTable.row(named: row.code) === row)
            #expect(ApplicationIdentifierTable.row(named: Array(row.code.utf8)[...]) === row)
        }
    }

    @Test func takesAValidValueOfEveryRow() throws {
        for row in ApplicationIdentifierTable.rows {
            let scan = Self.scan(row, row.parts.map(Self.valid))
            let identifier = try identify(scan, year: 2026)
            #expect(identifier.elements.map(\.ai) == [row.code])
            #expect(identifier.missing == row.requirements.map(\.text), "\(row.code)")
            let raw = Scan(bytes: scan.bytes.filter { $0 != 0x28 && $0 != 0x29 }, symbologyIdentifier: "]d2")
            #expect(try identify(raw, year: 2026).elements == identifier.elements, "\(row.code)")
            let required = row.parts.filter { !$0.isOptional }.map(Self.valid)
            #expect(throws: Never.self, "\(row.code)") { try identify(Self.scan(row, required), year: 2026) }
        }
    }

    @Test func refusesAnInvalidValueOfEveryRow() {
        for row in ApplicationIdentifierTable.rows {
            let valid = row.parts.map(Self.valid)
            for (index, part) in row.parts.enumerated() {
                var spoiled = valid
                spoiled[index][spoiled[index].count - 1] = UInt8(ascii: "~")
                #expect(throws: IdentifierError.self, "\(row.code)") {
                    try identify(Self.scan(row, spoiled), year: 2026)
                }
                guard let invalid = Self.invalid(part) else { continue }
                spoiled[index] = invalid
                #expect(throws: IdentifierError.self, "\(row.code)") {
                    try identify(Self.scan(row, spoiled), year: 2026)
                }
            }
        }
    }

    @Test func takesEveryRowUpToItsLengthAndNoFurther() {
        for row in ApplicationIdentifierTable.rows {
            let last = row.parts.last
            let valid = row.parts.map(Self.valid)
            let longer = Self.scan(
                row, valid + [[UInt8](repeating: 0x31, count: row.lengthMax + 1 - valid.joined().count)])
            let error = #expect(throws: IdentifierError.self) { try identify(longer, year: 2026) }
            #expect(error?.code == .valueTooLong, "\(row.code)")
            #expect(throws: IdentifierError.self) { try identify(Self.scan(row, []), year: 2026) }
            guard let last, last.lengthMin > 1 || row.parts.count > 1, !last.isOptional else { continue }
            let shorter = valid.joined().prefix(row.lengthMin - 1)
            #expect(throws: IdentifierError.self, "\(row.code)") {
                try identify(Self.scan(row, [Array(shorter)]), year: 2026)
            }
        }
    }

    /// GenSpecs figure 7.8.5-2: the first two digits say whether the length is fixed for ever.
    @Test func agreesWithThePredefinedLengths() {
        let lengths = [
            0: 18, 1: 14, 2: 14, 3: 14, 4: 16, 11: 6, 12: 6, 13: 6, 14: 6, 15: 6, 16: 6, 17: 6, 18: 6, 19: 6, 20: 2,
            31: 6, 32: 6, 33: 6, 34: 6, 35: 6, 36: 6, 41: 13,
        ]
        for row in ApplicationIdentifierTable.rows {
            let prefix = Int(row.code.prefix(2)) ?? 0
            #expect(row.isPredefinedLength == (lengths[prefix] != nil), "\(row.code)")
            if row.isPredefinedLength { #expect(row.lengthMax == lengths[prefix] && row.lengthMin == row.lengthMax) }
        }
    }

    @Test func namesOnlyRowsThatExist() {
        for row in ApplicationIdentifierTable.rows {
            let named = row.requirements.flatMap { $0.alternatives.flatMap { $0 } + $0.silent } + row.excludes
            for pattern in named {
                #expect(ApplicationIdentifierTable.rows.contains { pattern.matches($0.number) }, "\(row.code)")
            }
            for number in row.paths.joined() {
                #expect(ApplicationIdentifierTable.rows.contains { $0.number == number }, "\(row.code)")
            }
        }
    }
}
