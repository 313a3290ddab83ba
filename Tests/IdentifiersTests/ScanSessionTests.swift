import Testing

@testable import Identifiers

@Suite("The symbols of one package become one identifier")
struct ScanSessionTests {
    private static let window: Int64 = 2_000

    private func identifier(_ scan: String) throws(IdentifierError) -> Identifier {
        let bytes = Array(scan.utf8)
        if HIBC.isHIBC(bytes, from: 0) { return try HIBC.read(bytes, from: 0, year: 2026) }
        if ISBT128.isISBT128(bytes, from: 0) { return try ISBT128.read(bytes, from: 0, year: 2026) }
        return try identify(Scan(bytes: bytes), year: 2026)
    }

    /// Scans every 10 ms and then lets the window pass.
    private func outcomes(of scans: [String], window: Int64 = window) throws -> [ScanSession.Outcome] {
        var session = ScanSession(window: window)
        var outcomes: [ScanSession.Outcome] = []
        for (index, scan) in scans.enumerated() {
            outcomes += session.add(try identifier(scan), at: Int64(index) * 10, year: 2026)
        }
        return outcomes + session.expire(at: 1_000_000)
    }

    private func describe(_ outcome: ScanSession.Outcome) -> String {
        switch outcome {
        case .complete(let identifier, _): "complete \(line(identifier.elements))"
        case .extended(let identifier, _): "extended \(line(identifier.elements))"
        case .incomplete(let identifier, _): "incomplete \(line(identifier.elements))"
        case .contradiction(let error, _): "contradiction \(error.code.rawValue)"
        }
    }

    private func permutations(of scans: [String]) -> [[String]] {
        guard scans.count > 1 else { return [scans] }
        return scans.indices.flatMap { index in
            var rest = scans
            let first = rest.remove(at: index)
            return permutations(of: rest).map { [first] + $0 }
        }
    }

    @Test(arguments: [
        (["(01)04012345000016(10)A"], ["complete 01=04012345000016 10=A"]),
        (["(01)04012345000016"], ["complete 01=04012345000016"]),
        (["(10)A"], ["incomplete 10=A"]),
        (["(400)PO-1"], ["complete 400=PO-1"]),
        (["(01)04012345000016", "(10)A"], ["complete 01=04012345000016 10=A"]),
        (["(10)A", "(01)04012345000016"], ["complete 01=04012345000016 10=A"]),
        (
            ["(01)04012345000016", "(10)A", "(17)261231"],
            ["complete 01=04012345000016 10=A", "extended 01=04012345000016 10=A 17=261231"]
        ),
        (["(01)04012345000016(21)1", "(01)04012345000016(21)1"], ["complete 01=04012345000016 21=1"]),
        (["(01)04012345000016(21)1", "(01)04012345000016"], ["complete 01=04012345000016 21=1"]),
        (
            ["(01)04012345000016(21)1", "(01)04012345000016(21)2"],
            ["complete 01=04012345000016 21=1", "complete 01=04012345000016 21=2"]
        ),
        (["(01)04012345000016", "96385074"], ["complete 01=04012345000016", "complete 01=00000096385074"]),
        (["+A123BJC5D6E71G", "+$$52001510X3GD"], ["complete LIC=A123 PCN=BJC5D6E7 UM=1 check=G $$5=20015 $=10X3"]),
        (["+$$52001510X3GD"], ["incomplete $$5=20015 $=10X3 link=G"]),
        (["+A123BJC5D6E71G"], ["complete LIC=A123 PCN=BJC5D6E7 UM=1 check=G"]),
        (
            ["=/A9997XYZ100T0479", "=A99991712345600=,000012"],
            [
                "complete =/=A9997XYZ100T0479 ==A99991712345600 =,=000012"
            ]
        ),
        (["=A99991712345600", "=<T0416003"], ["complete ==A99991712345600 =<=T0416003"]),
        (["+A123BJC5D6E71G", "(10)A"], ["incomplete 10=A", "complete LIC=A123 PCN=BJC5D6E7 UM=1 check=G"]),
    ])
    func saysWhatBecameOfEachPackage(scans: [String], said: [String]) throws {
        let told = try outcomes(of: scans).map(describe).sorted()
        #expect(told == said.map(withoutCheck(whenJoined: scans.count > 1)).sorted())
    }

    /// Joining leaves out the check character of a primary symbol.
    private func withoutCheck(whenJoined joined: Bool) -> (String) -> String {
        { joined && $0.contains("$") ? $0.replacing(" check=G", with: "") : $0 }
    }

    @Test(arguments: [
        ["(01)04012345000016", "(10)A", "(17)261231", "(21)S1"],
        ["(01)04012345000016(17)261231", "(10)A", "(240)X"],
        ["(00)340123450000000017", "(400)PO-1", "(410)4012345000115"],
        ["(00)340123450000000017", "(02)04012345000016(37)12", "(400)PO-1", "(401)4012C1"],
        ["+A123BJC5D6E71G", "+$$52001510X3GD"],
        ["=/A9997XYZ100T0479", "=A99991712345600", "=,000012", "=>019031"],
        ["=A99991712345600", "=<T0416003", "=%T300", "&>0190312359"],
        ["=)1TE123456A", "&)RZ12345678"],
        ["(01)04012345000016(10)A", "(01)04012345000016(21)S1", "(17)261231"],
    ])
    func endsTheSameInEveryOrderOfScans(scans: [String]) throws {
        var results: Set<Identifier> = []
        for order in permutations(of: scans) {
            let outcomes = try outcomes(of: order)
            guard case .complete(let identifier, let parts) = outcomes.last.map(asComplete) else {
                Issue.record("\(order): \(outcomes.map(describe))")
                continue
            }
            #expect(parts.count == scans.count)
            #expect(identifier.missing == [])
            results.insert(identifier)
        }
        #expect(results.count == 1)
    }

    private func asComplete(_ outcome: ScanSession.Outcome) -> ScanSession.Outcome {
        if case .extended(let identifier, let parts) = outcome { return .complete(identifier, parts: parts) }
        return outcome
    }

    @Test(arguments: [
        (["(01)04012345000016", "96385074", "(10)A"], "part-ambiguous"),
        (["(01)04012345000016", "(10)A", "(10)B"], "parts-differ"),
        (["(01)04012345000016(10)A", "(10)B"], "parts-differ"),
        (["(01)04012345000016(21)1(17)261231", "(01)04012345000016(21)1(17)270101"], "parts-differ"),
        (["+A123BJC5D6E71G", "+$$52001510X3+ "], "link-character-wrong"),
        (["=A99991712345600", "=A99991712345700", "=<T0416003"], "parts-differ"),
        (["(01)04012345000016(21)1", "(01)04012345000016(21)2", "(10)A"], "part-ambiguous"),
    ])
    func reportsAContradictionInEveryOrderOfScans(scans: [String], code: String) throws {
        for order in permutations(of: scans) {
            let codes = try outcomes(of: order).compactMap { outcome -> String? in
                if case .contradiction(let error, let parts) = outcome {
                    #expect(parts.count > 1)
                    return error.code.rawValue
                }
                return nil
            }
            #expect(!codes.isEmpty, "\(order)")
            #expect(order != scans || codes.contains(code), "\(codes)")
        }
    }

    @Test func lendsAPartToTheProductThatItLinksTo() throws {
        // The link + leads to A123BJCMD6E79 only.
        let said = try outcomes(of: ["+A123BJC5D6E71G", "+A123BJCMD6E79+", "+$$52001510X3+ "])
        #expect(
            said.map(describe) == [
                "complete LIC=A123 PCN=BJCMD6E7 UM=9 $$5=20015 $=10X3", "complete LIC=A123 PCN=BJC5D6E7 UM=1 check=G",
            ])
    }

    @Test func staysInDoubtUntilTheWindowHasPassed() throws {
        var session = ScanSession(window: 100)
        _ = session.add(try identifier("(10)A"), at: 0, year: 2026)
        #expect(session.add(try identifier("(10)B"), at: 10, year: 2026).count == 1)
        #expect(session.deadline == nil)
        let late = session.add(try identifier("(01)04012345000016"), at: 20, year: 2026)
        #expect(late.map(describe) == ["contradiction part-ambiguous"])
        let next = session.add(try identifier("(01)04012345000016(10)C"), at: 100, year: 2026)
        #expect(next.map(describe) == ["complete 01=04012345000016 10=C"])
    }

    @Test(arguments: [-1, 0, 1])
    func waitsForTheWindowFromTheFirstSymbol(offset: Int64) throws {
        var session = ScanSession(window: 100)
        #expect(session.add(try identifier("(10)A"), at: 1_000, year: 2026) == [])
        #expect(session.deadline == 1_100)
        #expect(session.add(try identifier("(17)261231"), at: 1_050, year: 2026) == [])
        #expect(session.deadline == 1_100)
        let said = session.expire(at: 1_100 + offset).map(describe)
        #expect(said == (offset < 0 ? [] : ["incomplete 10=A 17=261231"]))
        #expect(session.deadline == (offset < 0 ? 1_100 : nil))
        #expect(session.expire(at: .max).count == (offset < 0 ? 1 : 0))
    }

    @Test func saysWhatIsOverBeforeTheNextScan() throws {
        var session = ScanSession(window: 100)
        _ = session.add(try identifier("(01)04012345000016"), at: 0, year: 2026)
        let said = session.add(try identifier("(10)A"), at: 100, year: 2026)
        #expect(said.map(describe) == ["complete 01=04012345000016"])
        #expect(session.deadline == 200)
    }

    @Test func waitsForNothingWithoutAWindow() throws {
        for window: Int64 in [0, -5] {
            let said = try outcomes(of: ["(10)A", "(01)04012345000016", "(10)A"], window: window).map(describe)
            #expect(said == ["incomplete 10=A", "complete 01=04012345000016", "incomplete 10=A"])
        }
    }

    @Test func forgetsWhatCompletedOnceItsWindowHasPassed() throws {
        var session = ScanSession(window: 100)
        let whole = try identifier("(01)04012345000016(21)1")
        #expect(session.add(whole, at: 0, year: 2026).count == 1)
        #expect(session.add(whole, at: 99, year: 2026) == [])
        #expect(session.add(whole, at: 100, year: 2026).count == 1)
    }

    @Test func bearsTimesAtTheEndsOfTheirRange() throws {
        var session = ScanSession(window: .max)
        _ = session.add(try identifier("(10)A"), at: .max, year: 2026)
        #expect(session.deadline == .max)
        _ = session.add(try identifier("(17)261231"), at: .min, year: 2026)
        #expect(session.expire(at: .max).count == 1)
    }

    @Test(arguments: [ScanSession.packagesMax - 1, ScanSession.packagesMax, ScanSession.packagesMax + 1])
    func endsTheOldestPackageWhenThereAreTooMany(count: Int) throws {
        var session = ScanSession(window: 1_000_000)
        var said: [String] = []
        for index in 0..<count {
            let digits = Array("0401234\(100_000 + index)".utf8)
            let gtin = digits + [gs1CheckDigit(digits[...])]
            let product = try identifier("(01)" + String(decoding: gtin, as: UTF8.self))
            said += session.add(product, at: Int64(index), year: 2026).map(describe)
        }
        #expect(said.count == max(0, count - ScanSession.packagesMax))
        #expect(said.allSatisfy { $0.hasPrefix("complete 01=") })
    }

    @Test(arguments: [ScanSession.partsMax - 1, ScanSession.partsMax, ScanSession.partsMax + 1])
    func limitsTheSymbolsOfAPackage(count: Int) throws {
        let scans = ["+A999123457"] + (1..<count).map { secondary("$$7/\($0)PX", link: "7") }
        let contradicts = try outcomes(of: scans).contains { if case .contradiction = $0 { true } else { false } }
        #expect(contradicts == (count > ScanSession.partsMax))
    }

    private func secondary(_ data: String, link: String) -> String {
        let bytes = Array("+\(data)\(link)".utf8)
        return String(decoding: bytes + [HIBC.checkCharacter(of: bytes[...])], as: UTF8.self)
    }
}

@Suite("Logistics labels")
struct ScanSessionLogisticsLabelTests {
    private func label(_ elements: [(String, String)], scheme: Identifier.Scheme = .gs1) -> LogisticsLabel? {
        LogisticsLabel(
            Identifier(
                scheme: scheme, elements: elements.map { Identifier.Element(ai: $0.0, value: $0.1) }, udi: nil,
                missing: []))
    }

    @Test func handsOnWhatTheLabelSays() throws {
        let said = try #require(
            label([
                ("00", "340123450000000017"), ("400", "PO-1"), ("410", "4012345000115"), ("4331", "000800"),
                ("4333", "000200"),
            ]))
        #expect(said.sscc == "340123450000000017")
        #expect(said.orderNumber == "PO-1")
        #expect(said.shipTo == "4012345000115")
        #expect(said.maximumCelsius == 8)
        #expect(said.minimumCelsius == 2)
    }

    @Test(arguments: [
        ("4331", "000825", 8.25), ("4331", "002000-", -20), ("4333", "000000", 0), ("4333", "007550-", -75.5),
        ("4330", "003200", 0), ("4330", "021200", 100), ("4332", "004000-", -40), ("4332", "003560", 2),
    ])
    func readsTemperaturesInHundredthsOfEitherDegree(ai: String, value: String, celsius: Double) throws {
        let said = try #require(label([(ai, value)]))
        let isMaximum = ai == "4330" || ai == "4331"
        let degrees = try #require(isMaximum ? said.maximumCelsius : said.minimumCelsius)
        #expect(abs(degrees - celsius) < 1e-9)
        #expect((isMaximum ? said.minimumCelsius : said.maximumCelsius) == nil)
    }

    @Test(arguments: ["", "00080", "0008000", "000800+", "000800--", "00080A", "-000800"])
    func refusesATemperatureThatIsNoneOfGS1(value: String) {
        #expect(label([("00", "340123450000000017"), ("4331", value)]) == nil)
    }

    @Test func isNoLabelWithoutAWordOfTheJourney() {
        #expect(label([("01", "04012345000016"), ("10", "A")]) == nil)
        #expect(label([("400", "PO-1")], scheme: .iccbba) == nil)
    }
}
