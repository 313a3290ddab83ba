import Testing

@testable import Identifiers

/// What a UDI says, on one line.
func line(_ udi: UDI?) -> String {
    guard let udi else { return "" }
    let parts: [(String, String?)] = [
        ("lot", udi.lot), ("serial", udi.serial), ("expiry", udi.expiry), ("made", udi.manufactured),
        ("donation", udi.donation), ("quantity", udi.quantity),
    ]
    return parts.reduce(udi.di) { line, part in line + (part.1.map { " \(part.0)=\($0)" } ?? "") }
}

func line(_ elements: [Identifier.Element]) -> String {
    elements.map { "\($0.ai)=\($0.value)" }.joined(separator: " ")
}

@Suite("HIBC labels become identifiers")
struct HIBCTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var scan: String
        var says: String
        var testDescription: String { scan }
    }

    private func read(_ scan: String) throws(IdentifierError) -> Identifier {
        try HIBC.read(Array(scan.utf8), from: 0, year: 2026)
    }

    /// The data with its own check character behind it.
    private func checked(_ data: String) -> String {
        let bytes = Array(data.utf8)
        return data + String(decoding: [HIBC.checkCharacter(of: bytes[...])], as: UTF8.self)
    }

    // Samples of ANSI/HIBC 2.5 and 2.6 and of labels, each check character recomputed by hand.
    @Test(arguments: [
        Case(scan: "+A123BJC5D6E71G", says: "A123BJC5D6E71"),
        Case(scan: "+H123ABC01234567890D", says: "H123ABC01234567890"),
        Case(scan: "+BLUEUNICORN7N", says: "BLUEUNICORN7"),
        Case(scan: "+SNOWMAKER0Q", says: "SNOWMAKER0"),
        Case(scan: "+A999ABC1230V", says: "A999ABC1230"),
        Case(scan: "+A123AA40 ", says: "A123AA40"),
        Case(scan: "+A123BJCMD6E79+", says: "A123BJCMD6E79"),
        Case(scan: "+A123BJCMD6E78/", says: "A123BJCMD6E78"),
        Case(scan: "+A99912345/$$52001510X33", says: "A99912345 lot=10X3 expiry=2020-01-15"),
        Case(scan: "*+A123BJC5D6E71/$$52001510X3C*", says: "A123BJC5D6E71 lot=10X3 expiry=2020-01-15"),
        Case(
            scan: "+A99912345/$$52001510X3/16D20111212/S77DEFG457",
            says: "A99912345 lot=10X3 serial=77DEFG45 expiry=2020-01-15 made=2011-12-12"),
        Case(
            scan: "+A99912345/$10X3/16D20111231/14D202001313",
            says: "A99912345 lot=10X3 expiry=2020-01-31 made=2011-12-31"),
        Case(
            scan: "+A99912349/$10X3/16D20111231/14D20200131/Q500Z",
            says: "A99912349 lot=10X3 expiry=2020-01-31 made=2011-12-31 quantity=500"),
        Case(scan: "+J123AQ3451/$$3231231BC34567/S4012R", says: "J123AQ3451 lot=BC34567 serial=4012 expiry=2023-12-31"),
        Case(scan: "+J123AQ3451/$$1125BC34567/S4012L", says: "J123AQ3451 lot=BC34567 serial=4012 expiry=2025-11-30"),
        Case(scan: "+J123AQ3451/$$0125BC34567/S4012K", says: "J123AQ3451 lot=BC34567 serial=4012 expiry=2025-01-31"),
        Case(scan: "+J123AQ3451/25330BC34567/S4012X", says: "J123AQ3451 lot=BC34567 serial=4012 expiry=2025-11-26"),
        Case(
            scan: "+J014652230580/$$3220909K010025/16D20200311Z",
            says: "J014652230580 lot=K010025 expiry=2022-09-09 made=2020-03-11"),
        Case(
            scan: "*+D002606030421/$$323101700056020/16D20201020Z*",
            says: "D002606030421 lot=00056020 expiry=2023-10-17 made=2020-10-20"),
        Case(
            scan: "+A123ABCDEFGHI1234567891/$$420020216LOT123456789012345/SXYZ456789012345678/16D20130202$",
            says: "A123ABCDEFGHI1234567891 lot=LOT123456789012345 serial=XYZ456789012345678 expiry=2020-02-02"
                + " made=2013-02-02"),
        Case(
            scan: "+A99912345/$$81210X3/16D20111212/14D20200906/S77DEFG45$",
            says: "A99912345 lot=10X3 serial=77DEFG45 expiry=2020-09-06 made=2011-12-12 quantity=12"),
        Case(
            scan: "+A99912345/$$90234510X3/$$+320090677DEFG45/16D20111212%",
            says: "A99912345 lot=10X3 serial=77DEFG45 expiry=2020-09-06 made=2011-12-12 quantity=2345"),
        Case(
            scan: "+A123BJC5D6E71G1/$$91234573C001/16D20160101/14D20200101W",
            says: "A123BJC5D6E71G1 lot=3C001 expiry=2020-01-01 made=2016-01-01 quantity=12345"),
        Case(
            scan: "+A123BJC5D6E71G1/$$73C001/S0001/16D20160101/14D20200101Y",
            says: "A123BJC5D6E71G1 lot=3C001 serial=0001 expiry=2020-01-01 made=2016-01-01"),
    ])
    func readsPrimaryAndCombinedSymbols(_ given: Case) throws {
        let identifier = try read(given.scan)
        #expect(identifier.scheme == .hibc)
        #expect(identifier.udi?.agency == .hibc)
        #expect(identifier.missing == [])
        #expect(line(identifier.udi) == given.says)
    }

    @Test(arguments: [
        Case(scan: "+$$52001510X3GD", says: "$$5=20015 $=10X3 link=G"),
        Case(scan: "+2001510X3GG", says: "$$5=20015 $=10X3 link=G"),
        Case(scan: "+$$710X3G7", says: "$=10X3 link=G"),
        Case(scan: "+$$+52001510X3GB", says: "$$5=20015 $+=10X3 link=G"),
        Case(scan: "+$$52001510X3+ ", says: "$$5=20015 $=10X3 link=+"),
        Case(scan: "+$$02231162074ZA", says: "$$=0223 $=1162074 link=Z"),
        Case(scan: "+$$0624J139276%5", says: "$$=0624 $=J139276 link=%"),
        Case(scan: "+25330BC34567T2", says: "$$5=25330 $=BC34567 link=T"),
        Case(scan: "+$$09053C001XA", says: "$$=0905 $=3C001 link=X"),
        Case(scan: "+$$30509283C001XN", says: "$$3=050928 $=3C001 link=X"),
        Case(scan: "+$$73C001/14D20050928X1", says: "$=3C001 14D=20050928 link=X"),
        Case(scan: "+$$86673C001/14D20050928XL", says: "$$8=66 $=3C001 14D=20050928 link=X"),
        Case(scan: "+$$+70001XT", says: "$+=0001 link=X"),
        Case(scan: "+$$+20928050001X5", says: "$$2=092805 $+=0001 link=X"),
        Case(scan: "+$$73C001/S0001XT", says: "$=3C001 S=0001 link=X"),
        Case(
            scan: "+$$20928053C001/S0001/16D20000101XQ",
            says: "$$2=092805 $=3C001 S=0001 16D=20000101 link=X"),
    ])
    func readsALoneSecondarySymbolAndKeepsItsLink(_ given: Case) throws {
        let identifier = try read(given.scan)
        #expect(line(identifier.elements) == given.says)
        #expect(identifier.missing == ["LIC"])
        #expect(identifier.udi == nil)
        #expect(identifier.subject == nil)
    }

    @Test(arguments: [
        ("+A123BJC5D6E71G", "LIC=A123 PCN=BJC5D6E7 UM=1 check=G", "+A123BJC5D6E71"),
        ("+A99912345/$$52001510X33", "LIC=A999 PCN=1234 UM=5 $$5=20015 $=10X3", "+A99912345/$10X3"),
        (
            "+A99912345/$$52001510X3/16D20111212/S77DEFG457",
            "LIC=A999 PCN=1234 UM=5 $$5=20015 $=10X3 16D=20111212 S=77DEFG45", "+A99912345/S77DEFG45"
        ),
    ])
    func namesEveryFieldAndTheThing(scan: String, elements: String, subject: String) throws {
        let identifier = try read(scan)
        #expect(line(identifier.elements) == elements)
        #expect(identifier.subject == subject)
    }

    @Test func readsAPrimaryAndItsSecondaryInOneScan() throws {
        for scan in ["+A123BJC5D6E71G+$$52001510X3GD", "+A123BJC5D6E71G+2001510X3GG"] {
            #expect(line(try read(scan).udi) == "A123BJC5D6E71 lot=10X3 expiry=2020-01-15")
        }
        let special = try read("+A123BJCMD6E79++$$52001510X3+ ")
        #expect(line(special.udi) == "A123BJCMD6E79 lot=10X3 expiry=2020-01-15")
        #expect(special.value(of: "link") == nil)
    }

    @Test(arguments: [
        // Format, digits, day.
        ("0", "926", "2026-09-30"), ("1", "226", "2026-12-31"), ("2", "092826", "2026-09-28"),
        ("3", "260928", "2026-09-28"), ("4", "26092823", "2026-09-28"), ("5", "26271", "2026-09-28"),
        ("6", "2627100", "2026-09-28"), ("0", "228", "2028-02-29"), ("5", "28060", "2028-02-29"),
        ("5", "28366", "2028-12-31"), ("3", "760101", "2076-01-01"), ("3", "770101", "1977-01-01"),
    ])
    func readsEveryDateFormat(flag: String, digits: String, day: String) throws {
        for (structure, what) in [("$$", "lot"), ("$$812", "lot"), ("$$900012", "lot"), ("$$+", "serial")] {
            let quantity = structure.count > 3 ? " quantity=12" : ""
            let said = line(try read(checked("+A99912345/\(structure)\(flag)\(digits)L1")).udi)
            #expect(said == "A99912345 \(what)=L1 expiry=\(day)\(quantity)")
            let alone = line(try read(checked("+A99912345/\(structure)\(flag)\(digits)")).udi)
            #expect(alone == "A99912345 expiry=\(day)\(quantity)")
        }
    }

    @Test func readsAQuantityAlone() throws {
        #expect(line(try read(checked("+A99912345/$$824")).udi) == "A99912345 quantity=24")
        #expect(line(try read(checked("+A99912345/$$900100")).udi) == "A99912345 quantity=100")
        #expect(line(try read(checked("+A99912345/$$8247L")).udi) == "A99912345 lot=L quantity=24")
    }

    @Test func handsOnSupplementsThatItDoesNotKnow() throws {
        let identifier = try read(checked("+A99912345/$$7L/L12.5/25PAB C"))
        #expect(line(identifier.elements) == "LIC=A999 PCN=1234 UM=5 $=L L=12.5 25P=AB C")
    }

    @Test func readsAnUnderscoreAsTheBlankThatItStandsForInPrint() throws {
        #expect(try read("*+A123AA40_*") == read("+A123AA40 "))
        #expect(try read("+$$52001510X3+_") == read("+$$52001510X3+ "))
        let linked = checked("+$$7L ")
        #expect(try read(linked.replacing(" ", with: "_")) == read(linked))
    }

    struct Refusal: Sendable, CustomTestStringConvertible {
        var scan: String
        var code: IdentifierError.Code
        var position: Int?
        var testDescription: String { scan }
    }

    @Test(arguments: [
        Refusal(scan: "+A123BJC5D6E71H", code: .checkCharacterWrong, position: 14),
        Refusal(scan: "+A123BJC5D6E71/$$52001510X33", code: .checkCharacterWrong, position: 27),
        Refusal(scan: "+$$52001510X3GE", code: .checkCharacterWrong, position: 14),
        Refusal(scan: "+A99912345/$$52001510X3/16D20111212/S77DEFG45/", code: .checkCharacterWrong, position: 45),
        Refusal(scan: "+A123AA40", code: .checkCharacterWrong, position: 8),
        Refusal(scan: "+A123BJC5D6E71++$$52001510X3+D", code: .checkCharacterWrong, position: 14),
        Refusal(scan: "+A123BJC5D6E71G+$$52001510X3+ ", code: .linkCharacterWrong, position: 28),
        Refusal(scan: "+a123BJC5D6E71G", code: .characterNotAllowed, position: 1),
        Refusal(scan: "+A99912345/$$520_01510X33", code: .characterNotAllowed, position: 16),
        Refusal(scan: "+A99912345/$$520´01510X^0/16D7", code: .characterNotAllowed, position: 16),
        Refusal(scan: "+A123BJ.5D6E71G", code: .characterNotAllowed, position: 7),
        Refusal(scan: "+/EO5232013", code: .schemeUnsupported, position: 1),
        Refusal(scan: "++A999MODELIDENTIFIER11S8", code: .schemeUnsupported, position: 1),
        Refusal(scan: "+-1234567", code: .structureUnknown, position: 1),
        Refusal(scan: "+$$25102173960231W", code: .dateInvalid, position: 4),
        Refusal(scan: "+", code: .valueTooShort, position: 1),
        Refusal(scan: "**", code: .valueTooShort, position: 1),
    ])
    func refusesWithCodeAndPosition(_ given: Refusal) {
        let error = #expect(throws: IdentifierError.self) { try self.read(given.scan) }
        #expect(error?.code == given.code)
        #expect(error?.position == given.position)
        #expect(error?.message.hasSuffix(".") == true || error?.message.hasSuffix("?") == true)
    }

    // Data alone: the check character is added.
    @Test(arguments: [
        Refusal(scan: "+A9991", code: .valueTooShort, position: 6),
        Refusal(scan: "+A999123A", code: .characterNotAllowed, position: 8),
        Refusal(scan: "+A99912345/", code: .structureUnknown, position: 11),
        Refusal(scan: "+A99912345/$", code: .valueTooShort, position: 12),
        Refusal(scan: "+A99912345/$$", code: .valueTooShort, position: 13),
        Refusal(scan: "+A99912345/$$A", code: .structureUnknown, position: 13),
        Refusal(scan: "+A99912345/$$+812L", code: .structureUnknown, position: 14),
        Refusal(scan: "+A99912345/$$81", code: .valueTooShort, position: 15),
        Refusal(scan: "+A99912345/$$8A2", code: .characterNotAllowed, position: 14),
        Refusal(scan: "+A99912345/$$1326L", code: .dateInvalid, position: 13),
        Refusal(scan: "+A99912345/$$0026L", code: .dateInvalid, position: 13),
        Refusal(scan: "+A99912345/$$0A26L", code: .characterNotAllowed, position: 14),
        Refusal(scan: "+A99912345/$$2022926L", code: .dateInvalid, position: 14),
        Refusal(scan: "+A99912345/$$2020026L", code: .dateInvalid, position: 14),
        Refusal(scan: "+A99912345/$$426092824L", code: .dateInvalid, position: 14),
        Refusal(scan: "+A99912345/$$526366L", code: .dateInvalid, position: 14),
        Refusal(scan: "+A99912345/$$526000L", code: .dateInvalid, position: 14),
        Refusal(scan: "+A99912345/$$626", code: .valueTooShort, position: 16),
        Refusal(scan: "+A99912345/26366L", code: .dateInvalid, position: 11),
        Refusal(scan: "+A99912345/14D2026020", code: .valueTooShort, position: 21),
        Refusal(scan: "+A99912345/14D20260230", code: .dateInvalid, position: 14),
        Refusal(scan: "+A99912345/Q12A", code: .characterNotAllowed, position: 14),
        Refusal(scan: "+A99912345/1234D", code: .structureUnknown, position: 11),
        Refusal(scan: "+A99912345/$L1/$L2", code: .aiRepeated, position: 16),
        Refusal(scan: "+A99912345/$$5261831L1/14D20260703", code: .aiRepeated, position: 26),
        Refusal(scan: "+A99912345/$+S1/SS2", code: .aiRepeated, position: 17),
    ])
    func refusesDataThatBreaksARule(_ given: Refusal) {
        let error = #expect(throws: IdentifierError.self) { try self.read(checked(given.scan)) }
        #expect(error?.code == given.code)
        #expect(error?.position == given.position)
    }

    @Test func takesTheSameThingSaidTwice() throws {
        let identifier = try read(checked("+A99912345/$$526183L1/14D20260702/$L1/$$812"))
        #expect(line(identifier.udi) == "A99912345 lot=L1 expiry=2026-07-02 quantity=12")
    }

    /// The check character in the FDA's sample was computed with a blank in the serial number, where the line wraps.
    @Test func refusesTheSampleOfTheFDAForItsCheckCharacter() throws {
        let sample = "+H123PARTNO1234567890120/$$420020216LOT123456789012345/SXYZ456789012345678/16D20130202"
        let error = #expect(throws: IdentifierError.self) { try self.read(sample + "C") }
        #expect(error?.code == .checkCharacterWrong)
        #expect(
            line(try read(sample + "H").udi) == "H123PARTNO1234567890120 lot=LOT123456789012345"
                + " serial=XYZ456789012345678 expiry=2020-02-02 made=2013-02-02")
    }

    @Test(arguments: [HIBCField.productMax - 1, HIBCField.productMax, HIBCField.productMax + 1])
    func limitsTheProductNumber(length: Int) {
        let scan = checked("+A999" + String(repeating: "7", count: length) + "0")
        #expect(((try? read(scan)) != nil) == (length <= HIBCField.productMax))
    }

    @Test(
        arguments: ["$", "$$7", "$+", "$$+7", "S", "26183"],
        [HIBCField.lotMax - 1, HIBCField.lotMax, HIBCField.lotMax + 1])
    func limitsLotsAndSerialNumbers(structure: String, length: Int) {
        let read = try? self.read(checked("+A99912345/\(structure)" + String(repeating: "7", count: length)))
        #expect((read != nil) == (length <= HIBCField.lotMax))
    }

    @Test(arguments: [HIBCField.supplementMax - 1, HIBCField.supplementMax, HIBCField.supplementMax + 1])
    func limitsOtherSupplements(length: Int) {
        let read = try? self.read(checked("+A99912345/25P" + String(repeating: "7", count: length)))
        #expect((read != nil) == (length <= HIBCField.supplementMax))
    }

    @Test(arguments: [HIBC.partsMax - 1, HIBC.partsMax, HIBC.partsMax + 1])
    func limitsTheParts(count: Int) {
        let parts = (1..<count).map { "/\($0)PX" }.joined()
        let read = try? read(checked("+A99912345" + parts))
        #expect((read != nil) == (count <= HIBC.partsMax))
    }

    @Test func tellsItsLabelsByTheirFirstCharacter() {
        let isHIBC = { (text: String, start: Int) in HIBC.isHIBC(Array(text.utf8), from: start) }
        #expect(isHIBC("+A", 0) && isHIBC("*+", 0) && isHIBC("]C0+A", 3))
        #expect(!isHIBC("", 0) && !isHIBC("*", 0) && !isHIBC("=+", 0) && !isHIBC("+", 1) && !isHIBC("+", 9))
    }

    @Test func readsBackEverySymbolThatItCanBeGiven() throws {
        var noise = HIBCNoise(state: 7)
        for _ in 0..<3_000 {
            let lot = noise.text(1...18, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-. $+%")
            let serial = noise.text(1...18, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-.%")
            let product = noise.text(1...18, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")
            let di = "K7X9\(product)\(noise.next(below: 10))"
            let combined = try read(checked("+\(di)/$$7\(lot)/S\(serial)"))
            #expect(combined.udi == UDI(agency: .hibc, di: di, lot: lot, serial: serial))
            let primary = checked("+\(di)")
            let link = primary.suffix(1)
            let apart = [try read(primary), try read(checked("+$$7\(lot)/S\(serial)\(link)"))]
            #expect(try Identifier.merged(apart, year: 2026) == combined)
        }
    }

    @Test func answersNoiseWithoutATrap() {
        var noise = HIBCNoise(state: 8)
        let seeds = [
            "+A99912345/$$52001510X3/16D20111212/S77DEFG457", "+$$20928053C001/S0001/16D20000101XQ",
            "+A123BJC5D6E71G+$$52001510X3GD", "*+A123AA40_*", "+$$8243C001//",
        ]
        for round in 0..<20_000 {
            var bytes = Array(seeds[round % seeds.count].utf8)
            for _ in 0...noise.next(below: 6) { noise.mutate(&bytes) }
            let data = bytes.dropLast()
            let attempts = [bytes, Array(data) + [HIBC.checkCharacter(of: data)]]
            for attempt in attempts where HIBC.isHIBC(attempt, from: 0) {
                do throws(IdentifierError) {
                    let identifier = try HIBC.read(attempt, from: 0, year: 2026)
                    let again = try? HIBC.identifier(of: identifier.elements, year: 2026)
                    #expect(again?.udi == identifier.udi)
                } catch {
                    #expect((0...attempt.count).contains(error.position ?? 0), "\(attempt)")
                }
            }
        }
    }
}

/// A fixed stream of numbers (SplitMix64), so that a failure can be replayed.
struct HIBCNoise {
    var state: UInt64

    mutating func next(below bound: Int) -> Int {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return Int((mixed ^ (mixed >> 31)) % UInt64(bound))
    }

    mutating func text(_ length: ClosedRange<Int>, _ alphabet: String) -> String {
        let alphabet = Array(alphabet)
        let count = length.lowerBound + next(below: length.count)
        return String((0..<count).map { _ in alphabet[next(below: alphabet.count)] })
    }

    mutating func mutate(_ bytes: inout [UInt8]) {
        guard !bytes.isEmpty else { return }
        let index = next(below: bytes.count)
        switch next(below: 4) {
        case 0: bytes[index] = UInt8(next(below: 256))
        case 1: bytes.remove(at: index)
        case 2: bytes.insert(UInt8(next(below: 128)), at: index)
        default: bytes.removeLast(next(below: bytes.count))
        }
    }
}
