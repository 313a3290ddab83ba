import Testing

@testable import Identifiers

@Suite("ISBT 128 labels become identifiers")
struct ISBT128Tests {
    private func read(_ scan: String) throws(IdentifierError) -> Identifier {
        try ISBT128.read(Array(scan.utf8), from: 0, year: 2026)
    }

    // Samples of ICCBBA ST-011, ST-012 and ST-017, and of the FDA's UDI formats.
    @Test(arguments: [
        (
            "=/A9999XYZ100T0944=,000025=A99971312345600=>014032=}013032&,1000000000000XYZ123",
            "A9999XYZ100T0944 lot=000000000000XYZ123 serial=000025 expiry=2014-02-01 made=2013-02-01"
                + " donation=A99971312345600"
        ),
        (
            "=+06000=/A9999XYZ100T0476=,000025=A99971712345600=>019032=}017032&,1000000000000XYZ123",
            "A9999XYZ100T0476 lot=000000000000XYZ123 serial=000025 expiry=2019-02-01 made=2017-02-01"
                + " donation=A99971712345600"
        ),
        (
            "=+04000=/A9997XYZ100T0479=A99991712345600=,000012=>019031",
            "A9997XYZ100T0479 serial=000012 expiry=2019-01-31 donation=A99991712345600"
        ),
        (
            "=+04035=/A9997XYZ100T0479=,000012=A99991712345600=>019031",
            "A9997XYZ100T0479 serial=000012 expiry=2019-01-31 donation=A99991712345600"
        ),
        ("=/A9997AB3456T0123", "A9997AB3456T0123"),
        ("=)1TE123456A&)RZ12345678", "1TE123456A lot=RZ12345678"),
    ])
    func readsTheDeviceAndItsParts(scan: String, says: String) throws {
        let identifier = try read(scan)
        #expect(identifier.scheme == .iccbba)
        #expect(identifier.udi?.agency == .iccbba)
        #expect(identifier.missing == [])
        #expect(line(identifier.udi) == says)
    }

    @Test(arguments: [
        ("=A99991712345600", "==A99991712345600", "=/|=<"),
        ("=A99991712345600=,000012", "==A99991712345600 =,=000012", "=/|=<"),
        ("=,000012", "=,=000012", "=/|=< ="),
        ("=>019031", "=>=019031", "=/|=<|=)|=-"),
        ("&)RZ12345678", "&)=RZ12345678", "=)"),
        ("=<T0416003", "=<=T0416003", "="),
        ("=%T300=<T0416003", "=%=T300 =<=T0416003", "="),
        (
            "=+05000=Z54991712345600=%T300=<T0416003&>0183652359&,4PL001499Z549917123456A00T041600320181231",
            "==Z54991712345600 =%=T300 =<=T0416003 &>=0183652359 &,4=PL001499Z549917123456A00T041600320181231", ""
        ),
    ])
    func saysWhichStructuresAreMissing(scan: String, elements: String, missing: String) throws {
        let identifier = try read(scan)
        #expect(line(identifier.elements) == elements)
        #expect(identifier.missing.joined(separator: " ") == missing)
    }

    @Test(arguments: [
        (
            "=/A9999XYZ100T0944=,000025=A99971312345600=>014032",
            "=/A9999XYZ100T0944=,000025=A99971312345600"
        ),
        ("=>014032=A99971312345607=/A9999XYZ100T0944", "=/A9999XYZ100T0944=A99971312345600"),
        ("=Z54991712345600=<T0416003", "=<T0416003=Z54991712345600"),
        ("&)RZ12345678=)1TE123456A", "=)1TE123456A&)RZ12345678"),
        ("=<T0416003", ""),
        ("=A99991712345600", ""),
    ])
    func namesTheThingInOneWay(scan: String, subject: String) throws {
        #expect(try read(scan).subject ?? "" == subject)
    }

    @Test func readsEveryDataStructureByItsLength() throws {
        for row in ISBT128Structure.rows where row.role != .person {
            let content = sample(of: row)
            let identifier = try read("=/A9997AB3456T0123" + row.ai + content + "=%T300")
            if row.ai != "=/", row.ai != "=%" {
                #expect(identifier.value(of: row.ai) == content, "\(row.ai)")
                #expect(throws: IdentifierError.self) { try self.read(row.ai + content.dropLast()) }
            }
            #expect(identifier.value(of: "=%") == "T300", "\(row.ai)")
        }
    }

    private func sample(of row: ISBT128Structure) -> String {
        switch (row.ai, row.form) {
        case ("=/", _): return "A9997AB3456T0123"
        case ("=%", _): return "T300"
        case (_, .donation): return "A99991712345600"
        case (_, .dayOfYear): return "026059"
        case (_, .dayOfYearAndTime): return "0260592359"
        case (_, .month): return "202602"
        case (_, .plain):
            switch row.length {
            case .fixed(let length): return String(repeating: "7", count: length)
            case .counted(let skipped, let digits, let each):
                let count = String("002".suffix(digits))
                return String(repeating: "7", count: skipped) + count + String(repeating: "7", count: 2 * each)
            }
        }
    }

    @Test(arguments: ["=;A99991234567890123456", "='A9999123456", "=#0119700131", "&#0105ABC12", "&/CHA999917123456"])
    func keepsNothingThatNamesAPerson(structure: String) throws {
        let identifier = try read("=A99991712345600" + structure + "=<T0416003")
        #expect(line(identifier.elements) == "==A99991712345600 =<=T0416003")
        let error = #expect(throws: IdentifierError.self) { try self.read(structure) }
        #expect(error?.code == .schemeUnsupported)
    }

    @Test func verifiesTheCheckValueInTheFlags() throws {
        // G1234 17 654321: modulo 37-2 gives 10, by hand.
        #expect(try read("=G12341765432170").value(of: "=") == "G12341765432170")
        for flags in ["71", "60", "96"] {
            let error = #expect(throws: IdentifierError.self) { try self.read("=G123417654321" + flags) }
            #expect(error?.code == .checkCharacterWrong)
            #expect(error?.position == 14)
        }
        for flags in ["00", "07", "59", "97", "A1"] { _ = try read("=G123417654321" + flags) }
    }

    @Test(arguments: [
        ("=>026001", "2026-01-01"), ("=>028366", "2028-12-31"), ("=>028060", "2028-02-29"), ("=>999365", "1999-12-31"),
        ("=>199365", "2199-12-31"), ("&>0260592359", "2026-02-28"), ("=]202602", "2026-02-28"),
    ])
    func readsEveryFormOfExpiry(structure: String, day: String) throws {
        #expect(try read("=/A9997AB3456T0123" + structure).udi?.expiry == day)
    }

    struct Refusal: Sendable, CustomTestStringConvertible {
        var scan: String
        var code: IdentifierError.Code
        var position: Int?
        var testDescription: String { scan }
    }

    @Test(arguments: [
        Refusal(scan: "=", code: .structureUnknown, position: 0),
        Refusal(scan: "=zINVALID", code: .structureUnknown, position: 0),
        Refusal(scan: "=O9999171234560", code: .structureUnknown, position: 0),
        Refusal(scan: "=A99991712345600&xSOME-LOCAL-DATA", code: .structureUnknown, position: 16),
        Refusal(scan: "&;123", code: .structureUnknown, position: 0),
        Refusal(scan: "&,9123", code: .structureUnknown, position: 0),
        Refusal(scan: "=/A9997AB3456T012=,000012", code: .characterNotAllowed, position: 17),
        Refusal(scan: "=/A9997AB3456T0123=,00001", code: .valueTooShort, position: 25),
        Refusal(scan: "=A999917123456", code: .valueTooShort, position: 14),
        Refusal(scan: "=A99991A12345600", code: .characterNotAllowed, position: 7),
        Refusal(scan: "=,00a012", code: .characterNotAllowed, position: 4),
        Refusal(scan: "=>014366", code: .dateInvalid, position: 2),
        Refusal(scan: "=>014000", code: .dateInvalid, position: 2),
        Refusal(scan: "=>01403A", code: .characterNotAllowed, position: 7),
        Refusal(scan: "&>0140322400", code: .dateInvalid, position: 2),
        Refusal(scan: "&>0140322360", code: .dateInvalid, position: 2),
        Refusal(scan: "=]202613", code: .dateInvalid, position: 2),
        Refusal(scan: "=,000012=,000013", code: .aiRepeated, position: 10),
        Refusal(scan: "=>014032&>0140330000", code: .aiRepeated, position: 10),
        Refusal(scan: "=+05000=/A9997XYZ100T0479=A99991712345600=,000012=>019031", code: .countWrong, position: 2),
        Refusal(scan: "=+00000", code: .empty),
        Refusal(scan: "=+0x000=,000012", code: .structureUnknown, position: 0),
        Refusal(scan: "=,000012=+01000=,000012", code: .structureUnknown, position: 8),
        Refusal(scan: "&$0x", code: .countWrong, position: 2),
        Refusal(scan: "&#", code: .countWrong, position: 2),
        Refusal(scan: "&%9991234567890", code: .valueTooShort, position: 15),
        Refusal(scan: "=/A9997AB3456T0123X", code: .structureUnknown, position: 18),
    ])
    func refusesWithCodeAndPosition(_ given: Refusal) {
        let error = #expect(throws: IdentifierError.self) { try self.read(given.scan) }
        #expect(error?.code == given.code)
        #expect(error?.position == given.position)
    }

    @Test(arguments: [ISBT128.structuresMax - 1, ISBT128.structuresMax, ISBT128.structuresMax + 1])
    func limitsTheStructures(count: Int) {
        let read = try? read(String(repeating: "=,000012", count: count))
        #expect((read != nil) == (count <= ISBT128.structuresMax))
    }

    @Test func tellsItsLabelsByTheirFirstCharacter() {
        let isISBT128 = { (text: String, start: Int) in ISBT128.isISBT128(Array(text.utf8), from: start) }
        #expect(isISBT128("=A", 0) && isISBT128("&,", 0) && isISBT128("]C0=A", 3))
        #expect(!isISBT128("", 0) && !isISBT128("+=", 0) && !isISBT128("=", 1) && !isISBT128("=", 9))
    }

    @Test func answersNoiseWithoutATrap() {
        var noise = HIBCNoise(state: 9)
        let seeds = [
            "=+06000=/A9999XYZ100T0476=,000025=A99971712345600=>019032=}017032&,1000000000000XYZ123",
            "=)1TE123456A&)RZ12345678", "&$0201000100001000200020000200=%T300", "&#0105ABC12=G12341765432170",
        ]
        for round in 0..<20_000 {
            var bytes = Array(seeds[round % seeds.count].utf8)
            for _ in 0...noise.next(below: 6) { noise.mutate(&bytes) }
            do throws(IdentifierError) {
                let identifier = try ISBT128.read(bytes, from: 0, year: 2026)
                #expect((try? ISBT128.identifier(of: identifier.elements)) == identifier)
            } catch {
                #expect((0...bytes.count).contains(error.position ?? 0), "\(bytes)")
            }
        }
    }
}
