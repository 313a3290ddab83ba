@testable import Telemetry
import Testing

@Suite("Units")
struct UnitTests {
    /// The figures are from the definitions of the units (NIST SP 811 appendix B, RFC 8798 section 3), not from the
    /// table.
    @Test(
        arguments: [
            ("Cel", 5.25, "Cel", 5.25), ("°C", -18, "Cel", -18), ("K", 277.15, "Cel", 4), ("K", 0, "Cel", -273.15),
            ("KEL", 310.95, "Cel", 37.8), ("[degF]", 41, "Cel", 5), ("°F", -40, "Cel", -40), ("FAH", 98.6, "Cel", 37),
            ("[degR]", 491.67, "Cel", 0), ("%RH", 45.5, "%", 45.5), ("%EL", 80, "%", 80), ("P1", 7, "%", 7),
            ("‰", 35, "%", 3.5), ("/", 0.5, "1", 0.5), ("count", 3, "1", 3), ("C62", 1, "1", 1),
            ("hPa", 1_013.25, "Pa", 101_325), ("mbar", 1, "Pa", 100), ("bar", 1.5, "Pa", 150_000),
            ("kPa", 101.325, "Pa", 101_325), ("atm", 1, "Pa", 101_325), ("mmHg", 760, "Pa", 101_325.014435),
            ("psi", 1, "Pa", 6_894.75729317), ("cm[H2O]", 10, "Pa", 980.665), ("mPa", 5, "Pa", 0.005),
            ("km/h", 36, "m/s", 10), ("KMH", 90, "m/s", 25), ("kn", 1, "m/s", 0.514444444444),
            ("mph", 60, "m/s", 26.8224), ("mm/h", 3.6, "m/s", 1e-6), ("[g]", 1, "m/s2", 9.80665),
            ("K40", 8, "m/s2", 78.4532), ("m[g]", 1_000, "m/s2", 9.80665), ("rad", Double.pi, "deg", 180),
            ("lat", 52.5, "deg", 52.5), ("lon", -13.4, "deg", -13.4), ("gon", 100, "deg", 90), ("''", 3_600, "deg", 1),
            ("rad/s", 1, "deg/s", 57.2957795131), ("[in_i]", 1, "m", 0.0254), ("km", 1.5, "m", 1_500),
            ("4H", 1, "m", 1e-6), ("cm2", 25, "m2", 0.0025), ("m3", 2, "L", 2_000), ("mL", 250, "L", 0.25),
            ("m3/s", 1, "L/min", 60_000), ("m3/h", 6, "L/min", 100), ("mL/h", 60, "L/min", 0.001),
            ("g", 250, "kg", 0.25), ("lb", 1, "kg", 0.45359237), ("t", 3, "kg", 3_000), ("h", 1.5, "s", 5_400),
            ("d", 1, "s", 86_400), ("ms", 250, "s", 0.25), ("min", 2, "s", 120), ("EL", 60, "s", 60),
            ("mV", 3_300, "V", 3.3), ("2Z", 1, "V", 0.001), ("4K", 20, "A", 0.02), ("Ah", 2, "A.s", 7_200),
            ("mAh", 1_000, "A.s", 3_600), ("kW", 1.2, "W", 1_200), ("kWh", 1, "J", 3_600_000), ("W.s", 1, "J", 1),
            ("Wh/km", 1, "J/m", 3.6), ("kVAh", 1, "V.A.s", 3_600_000), ("kvar", 2, "V.A{reactive}", 2_000),
            ("kvarh", 1, "V.A{reactive}.s", 3_600_000), ("kΩ", 4.7, "Ohm", 4_700), ("uS/cm", 500, "S/m", 0.05),
            ("uT", 48, "T", 4.8e-5), ("MHz", 868.1, "Hz", 868_100_000), ("klx", 2, "lx", 2_000),
            ("dBm", -97, "dB[mW]", -97), ("dBW", -20, "dB[mW]", 10), ("Bspl", 6.5, "dB[SPL]", 65),
            ("beat/min", 72, "/min", 72), ("1/s", 2, "/min", 120), ("rpm", 3_000, "/min", 3_000),
            ("By", 1, "By", 1), ("bit", 8, "By", 1), ("KiB", 1, "By", 1_024), ("MB/s", 1, "bit/s", 8e6),
            ("ppm", 400, "[ppm]", 400), ("ppb", 250, "[ppm]", 0.25), ("kg/m3", 1.2, "g/m3", 1_200),
            ("ug/m3", 25, "g/m3", 2.5e-5), ("mg/l", 3, "g/m3", 3), ("mol/L", 0.005, "mmol/L", 5),
            ("mSv/h", 1, "uSv/h", 1_000), ("pH", 7.4, "[pH]", 7.4),
        ] as [(String, Double, String, Double)])
    func convertsToTheQuantitysOwnUnit(_ text: String, _ value: Double, _ code: String, _ converted: Double) throws {
        let unit = try #require(Unit.named(text))
        #expect(unit.code == code)
        #expect(unit.canonical(value) == converted)
    }

    @Test(arguments: [
        "", " ", "cel", "CELSIUS", "cEL", "k", "DEGF", "PA", "pa", "HPA", "v", "hz", "KM", "Kg", "LX", "MIN.", "sek",
        " Cel", "Cel ", "%rh", "lightyear", "Cel/m", "C.s", "\u{0}", "Cel\u{0}",
    ])
    func doesNotKnowMisspeltUnits(_ text: String) {
        #expect(Unit.named(text) == nil)
    }

    @Test(arguments: Unit.ambiguous)
    func refusesWhatMeansTwoThings(_ text: String, _ remedy: String) {
        #expect(Unit.named(text) == nil)
        #expect(Unit.named(text + ".s") == nil)
        let first = remedy.split(separator: " ").first.map(String.init) ?? ""
        #expect(Unit.named(first) != nil)
    }

    @Test func givesEachSpellingToOneUnit() {
        var seen: [String: String] = [:]
        for row in UnitTable.rows {
            for (spelling, _) in row.units {
                #expect(!spelling.isEmpty)
                #expect(seen.updateValue(row.code, forKey: spelling) == nil, "\(spelling) stands twice")
            }
        }
        #expect(Set(UnitTable.rows.map(\.code)).count == UnitTable.rows.count)
        #expect(seen.keys.sorted() == Unit.spellings)
        #expect(Unit.spellings.allSatisfy { Unit.ambiguous[$0] == nil })
    }

    @Test(arguments: Unit.known)
    func takesItsOwnCodesUnchanged(_ code: String) throws {
        let unit = try #require(Unit.named(code))
        #expect(unit.code == code)
        #expect(unit.canonical(0.1 + 0.2) == 0.1 + 0.2)
        #expect(unit.canonical(.greatestFiniteMagnitude) == .greatestFiniteMagnitude)
        #expect(unit.unece.flatMap(Unit.named)?.code ?? code == code)
    }

    @Test func listsItsUnitsInOrder() {
        #expect(Unit.known == Unit.known.sorted())
        #expect(Unit.known.count == UnitTable.rows.count)
        #expect(Unit.known.contains("Cel"))
    }

    /// UN/ECE Recommendation 20, Annex III.
    @Test(arguments: [
        ("Cel", "CEL"), ("%", "P1"), ("Pa", "PAL"), ("lx", "LUX"), ("m", "MTR"), ("L", "LTR"), ("kg", "KGM"),
        ("s", "SEC"), ("m/s", "MTS"), ("m/s2", "MSK"), ("deg", "DD"), ("V", "VLT"), ("A", "AMP"), ("W", "WTT"),
        ("J", "JOU"), ("Hz", "HTZ"), ("1", "C62"), ("[ppm]", "59"), ("g/m3", "A93"), ("m2", "MTK"), ("dB", "2N"),
        ("Ohm", "OHM"), ("N", "NEW"), ("/min", "C94"),
    ])
    func carriesTheTradeCode(_ code: String, _ unece: String) {
        #expect(Unit.named(code)?.unece == unece)
        #expect(Unit.named(unece)?.code == code)
    }

    @Test(arguments: [
        "FAH", "KEL", "A97", "KPA", "MBR", "BAR", "KMH", "2Z", "4K", "C81", "MIN", "HUR", "DAY", "GRM", "MGM", "MTQ",
        "MLT", "K40", "61", "KWT", "KWH", "KHZ", "MHZ", "CMT", "MMT", "KMT", "C26", "HN", "PS", "GQ", "GP", "NX",
    ])
    func knowsTheTradeCode(_ unece: String) {
        #expect(Unit.named(unece) != nil)
    }

    /// RFC 8428 section 12.1 and RFC 8798 sections 2 and 3, without the ambiguous C, F and B.
    @Test(arguments: [
        "m", "kg", "g", "s", "A", "K", "cd", "mol", "Hz", "rad", "sr", "N", "Pa", "J", "W", "V", "Ohm", "S", "Wb", "T",
        "H", "Cel", "lm", "lx", "Bq", "Gy", "Sv", "kat", "m2", "m3", "l", "m/s", "m/s2", "m3/s", "l/s", "W/m2", "cd/m2",
        "bit", "bit/s", "lat", "lon", "pH", "dB", "dBW", "Bspl", "count", "/", "%", "%RH", "%EL", "EL", "1/s", "1/min",
        "beat/min", "beats", "S/m", "VA", "VAs", "var", "vars", "J/m", "kg/m3", "deg", "ms", "min", "h", "MHz", "kW",
        "kVA", "kvar", "Ah", "Wh", "kWh", "varh", "kvarh", "kVAh", "Wh/km", "KiB", "GB", "Mbit/s", "B/s", "MB/s", "mV",
        "mA", "dBm", "ug/m3", "mm/h", "m/h", "ppm", "/100", "/1000", "hPa", "mm", "cm", "km", "km/h", "ppb",
    ])
    func knowsTheUnitsOfSenML(_ symbol: String) {
        #expect(Unit.named(symbol) != nil)
    }

    @Test(
        arguments: [
            ("Cel.s", "Cel.s", 10, 10), ("W.s", "J", 10, 10), ("kW.s", "J", 1, 1_000), ("mA.s", "A.s", 500, 0.5),
            ("%RH.s", "%.s", 5, 5), ("1.s", "1.s", 2, 2), ("km/h.s", "m/s.s", 36, 10), ("kVA.s", "V.A.s", 1, 1_000),
        ] as [(String, String, Double, Double)])
    func knowsSumsOverTime(_ text: String, _ code: String, _ value: Double, _ converted: Double) throws {
        let unit = try #require(Unit.named(text))
        #expect(unit.code == code)
        #expect(unit.canonical(value) == converted)
        #expect(Unit.named(code)?.code == code)
    }

    @Test(arguments: ["K.s", "[degF].s", "dBW.s", ".s", "s.", "cel.s", "Cel.s.s", ".s.s"])
    func knowsNoSumOfWhatHasItsOwnZero(_ text: String) {
        #expect(Unit.named(text) == nil)
    }

    @Test(arguments: [
        (273.16, 0.01), (273.15, 0), (1e300, 1e300), (-1e-300, -273.15), (123_456.789, 123_183.639),
    ])
    func roundsWhatItConvertsToTwelveDigits(_ kelvin: Double, _ celsius: Double) throws {
        #expect(try #require(Unit.named("K")).canonical(kelvin) == celsius)
    }

    /// What a decimal parser makes of 12 digits is the measure.
    @Test func roundsAsDecimalTextWould() throws {
        let millivolts = try #require(Unit.named("mV"))
        var state: UInt64 = 7
        for _ in 0..<20_000 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let digits = Int64(state >> 24) % 1_000_000_000_000
            let exponent = Int(state % 30) - 18
            let value = try #require(Double("\(digits)e\(exponent + 3)"))
            let expected = try #require(Double("\(digits)e\(exponent)"))
            guard expected.magnitude >= 1e-11 else { continue }
            #expect(millivolts.canonical(value) == expected, "\(digits)e\(exponent)")
        }
    }

    @Test func becomesInfiniteWhereADoubleEnds() throws {
        #expect(try #require(Unit.named("kPa")).canonical(.greatestFiniteMagnitude) == .infinity)
        #expect(try #require(Unit.named("mV")).canonical(.leastNonzeroMagnitude) == 0)
    }
}
