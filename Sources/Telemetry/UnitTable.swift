/// One quantity: its own unit, and the other units that its values come in.
struct UnitRow: Sendable {
    /// Another unit of the quantity: value in the row's own unit = (value - zero) * times / over.
    struct Other: Sendable {
        /// Separated by spaces.
        let spellings: String
        let scale: UnitScale

        init(_ spellings: String, times: Double = 1, over: Double = 1, zero: Double = 0) {
            self.spellings = spellings
            self.scale = UnitScale(times: times, over: over, zero: zero)
        }
    }

    let code: String
    let unece: String?
    /// More spellings of the unit itself, separated by spaces.
    let also: String
    let others: [Other]

    init(_ code: String, _ unece: String? = nil, also: String = "", _ others: [Other] = []) {
        self.code = code
        self.unece = unece
        self.also = also
        self.others = others
    }

    /// Each spelling with its unit, the row's own first.
    var units: [(spelling: String, unit: Unit)] {
        let own = [code] + (unece.map { [$0] } ?? []) + also.split(separator: " ").map(String.init)
        return own.map { ($0, Unit(code: code, unece: unece, scale: .own)) }
            + others.flatMap { other in
                other.spellings.split(separator: " ").map {
                    (String($0), Unit(code: code, unece: unece, scale: other.scale))
                }
            }
    }
}

/// All units. Each spelling stands once.
enum UnitTable {
    static let rows = climate + mechanics + electricity + fields + counts

    static func spelled() -> [String: Unit] {
        var table: [String: Unit] = [:]
        for row in rows {
            for (spelling, unit) in row.units { table[spelling] = unit }
        }
        return table
    }

    private static let climate: [UnitRow] = [
        UnitRow(
            "Cel", "CEL", also: "°C ºC ℃ degC Celsius celsius",
            [
                .init("K KEL kelvin Kelvin", zero: 273.15),
                .init("[degF] FAH °F ºF ℉ degF Fahrenheit fahrenheit", times: 5, over: 9, zero: 32),
                .init("[degR] A48 °R", times: 5, over: 9, zero: 491.67),
            ]),
        UnitRow("%", "P1", also: "%RH %EL /100 percent", [.init("[ppth] ‰ /1000 NX", over: 10)]),
        UnitRow(
            "Pa", "PAL",
            [
                .init("hPa A97 mbar MBR", times: 100), .init("kPa KPA", times: 1e3), .init("MPa MPA", times: 1e6),
                .init("mPa 74", over: 1e3), .init("bar BAR", times: 1e5), .init("atm ATM", times: 101_325),
                .init("mm[Hg] mmHg HN", times: 133.322387415), .init("cm[H2O] cmH2O H78", times: 98.0665),
                // A pound-force on a square inch.
                .init("[psi] psi PS", times: 4.4482216152605, over: 6.4516e-4),
            ]),
        UnitRow("lx", "LUX", also: "lux lm/m2 B60", [.init("klx KLX", times: 1e3)]),
        UnitRow("W/m2", "D54", also: "W/m²"),
        UnitRow(
            "g/m3", "A93", also: "g/m³",
            [
                .init("kg/m3 kg/m³ KMQ g/L g/l GL", times: 1e3), .init("mg/m3 mg/m³ GP", over: 1e3),
                .init("ug/m3 µg/m3 μg/m3 µg/m³ μg/m³ GQ", over: 1e6), .init("mg/L mg/l M1"),
                .init("ug/L ug/l µg/L μg/L µg/l μg/l H29", over: 1e3), .init("g/cm3 g/cm³ 23", times: 1e6),
            ]),
        UnitRow("[ppm]", "59", also: "ppm", [.init("[ppb] ppb 61", over: 1e3)]),
        UnitRow("[pH]", "Q30", also: "pH"),
        UnitRow(
            "mmol/L", "M33", also: "mmol/l mol/m3 mol/m³ C36",
            [.init("mol/L mol/l C38", times: 1e3), .init("umol/L umol/l µmol/L μmol/L µmol/l μmol/l", over: 1e3)]),
    ]

    private static let mechanics: [UnitRow] = [
        UnitRow(
            "m", "MTR",
            [
                .init("km KMT", times: 1e3), .init("dm DMT", over: 10), .init("cm CMT", over: 100),
                .init("mm MMT", over: 1e3), .init("um µm μm 4H", over: 1e6), .init("nm C45", over: 1e9),
                .init("[in_i] in inch INH", times: 0.0254), .init("[ft_i] ft FOT", times: 0.3048),
                .init("[yd_i] yd YRD", times: 0.9144), .init("[mi_i] mi SMI", times: 1_609.344),
                .init("[nmi_i] NMI", times: 1_852),
            ]),
        UnitRow(
            "m2", "MTK", also: "m²",
            [
                .init("km2 km² KMK", times: 1e6), .init("cm2 cm² CMK", over: 1e4), .init("mm2 mm² MMK", over: 1e6),
            ]),
        UnitRow(
            "L", "LTR", also: "l dm3 dm³ DMQ",
            [
                .init("m3 m³ MTQ", times: 1e3), .init("hL hl HLT", times: 100), .init("dL dl DLT", over: 10),
                .init("cL cl CLT", over: 100), .init("mL ml MLT cm3 cm³ CMQ", over: 1e3),
                .init("uL ul µL μL µl μl 4G mm3 mm³ MMQ", over: 1e6),
            ]),
        UnitRow(
            "L/min", "L2", also: "l/min",
            [
                .init("L/s l/s G51", times: 60), .init("L/h l/h E32", over: 60), .init("m3/s m³/s MQS", times: 60_000),
                .init("m3/h m³/h MQH", times: 1_000, over: 60), .init("mL/min ml/min 41", over: 1e3),
                .init("mL/h ml/h", over: 60_000),
            ]),
        UnitRow(
            "kg", "KGM",
            [
                .init("g GRM", over: 1e3), .init("mg MGM", over: 1e6), .init("ug µg μg MC", over: 1e9),
                .init("t TNE", times: 1e3), .init("[lb_av] lb LBR", times: 0.45359237),
                .init("[oz_av] oz ONZ", times: 0.028349523125),
            ]),
        UnitRow(
            "s", "SEC", also: "sec EL",
            [
                .init("ms C26", over: 1e3), .init("us µs μs B98", over: 1e6), .init("ns C47", over: 1e9),
                .init("min MIN", times: 60), .init("h HUR", times: 3_600), .init("d DAY", times: 86_400),
                .init("wk WEE", times: 604_800),
            ]),
        UnitRow(
            "m/s", "MTS",
            [
                .init("km/h KMH kph", times: 10, over: 36), .init("[mi_i]/h mph HM", times: 0.44704),
                .init("[kn_i] kn KNT", times: 1_852, over: 3_600), .init("cm/s 2M", over: 100),
                .init("mm/s C16", over: 1e3), .init("mm/h H67", over: 3.6e6), .init("m/min 2X", over: 60),
                .init("m/h M60", over: 3_600), .init("[ft_i]/s ft/s FS", times: 0.3048),
            ]),
        UnitRow(
            "m/s2", "MSK", also: "m/s² m/s^2",
            [
                .init("[g] K40 gn", times: 9.80665), .init("m[g]", times: 9.80665, over: 1e3),
                .init("cm/s2 cm/s² Gal A76 M39", over: 100),
            ]),
        UnitRow(
            "deg", "DD", also: "° degree degrees lat lon",
            [
                .init("rad C81", times: 180, over: .pi), .init("mrad C25", times: 0.18, over: .pi),
                .init("gon A91", times: 9, over: 10), .init("' D61", over: 60), .init("'' D62", over: 3_600),
            ]),
        UnitRow("deg/s", "E96", also: "°/s", [.init("rad/s 2A", times: 180, over: .pi)]),
        UnitRow("sr", "D27"),
        UnitRow("N", "NEW", [.init("kN B47", times: 1e3), .init("mN C20", over: 1e3)]),
    ]

    private static let electricity: [UnitRow] = [
        UnitRow(
            "V", "VLT",
            [.init("mV 2Z", over: 1e3), .init("uV µV μV D82", over: 1e6), .init("kV KVT", times: 1e3)]),
        UnitRow(
            "A", "AMP",
            [.init("mA 4K", over: 1e3), .init("uA µA μA B84", over: 1e6), .init("kA B22", times: 1e3)]),
        // The coulomb: its UCUM code C is what people write for degrees Celsius.
        UnitRow(
            "A.s", "A8", also: "As COU",
            [.init("A.h Ah AMH", times: 3_600), .init("mA.h mAh E09", times: 36, over: 10)]),
        UnitRow(
            "W", "WTT",
            [
                .init("mW C31", over: 1e3), .init("uW µW μW D80", over: 1e6), .init("kW KWT", times: 1e3),
                .init("MW MAW", times: 1e6),
            ]),
        UnitRow(
            "J", "JOU", also: "W.s Ws J55",
            [
                .init("kJ KJO", times: 1e3), .init("MJ 3B", times: 1e6), .init("W.h Wh WHR", times: 3_600),
                .init("kW.h kWh KWH", times: 3.6e6), .init("MW.h MWh MWH", times: 3.6e9),
            ]),
        UnitRow("J/m", "B12", [.init("W.h/km Wh/km", times: 36, over: 10)]),
        UnitRow("V.A", "D46", also: "VA", [.init("kV.A kVA KVA", times: 1e3)]),
        UnitRow("V.A.s", also: "VAs", [.init("V.A.h VAh", times: 3_600), .init("kV.A.h kVAh C79", times: 3.6e6)]),
        // UCUM has no var: an annotation keeps it apart from the apparent power.
        UnitRow("V.A{reactive}", "D44", also: "var", [.init("kvar KVR", times: 1e3)]),
        UnitRow("V.A{reactive}.s", also: "vars", [.init("varh", times: 3_600), .init("kvarh K3", times: 3.6e6)]),
        UnitRow(
            "Ohm", "OHM", also: "Ω",
            [.init("mOhm mΩ E45", over: 1e3), .init("kOhm kΩ B49", times: 1e3), .init("MOhm MΩ B75", times: 1e6)]),
        UnitRow("S", "SIE", [.init("mS C27", over: 1e3), .init("uS µS μS B99", over: 1e6)]),
        UnitRow(
            "S/m", "D10",
            [
                .init("mS/m", over: 1e3), .init("mS/cm H61", over: 10),
                .init("uS/cm µS/cm μS/cm G42", over: 1e4),
            ]),
        // Not the farad: F is what people write for degrees Fahrenheit.
        UnitRow(
            "uF", "4O", also: "µF μF",
            [
                .init("FAR", times: 1e6), .init("mF C10", times: 1e3), .init("nF C41", over: 1e3),
                .init("pF 4T", over: 1e6),
            ]),
        UnitRow("H", "81", [.init("mH C14", over: 1e3), .init("uH µH μH B90", over: 1e6)]),
        UnitRow("Wb", "WEB"),
        UnitRow(
            "T", "D33",
            [.init("mT C29", over: 1e3), .init("uT µT μT D81", over: 1e6), .init("nT C48", over: 1e9)]),
        UnitRow(
            "Hz", "HTZ",
            [.init("kHz KHZ", times: 1e3), .init("MHz MHZ", times: 1e6), .init("GHz A86", times: 1e9)]),
    ]

    private static let fields: [UnitRow] = [
        UnitRow("dB", "2N"),
        UnitRow("dB[SPL]", nil, [.init("B[SPL] Bspl", times: 10)]),
        UnitRow("dB[mW]", also: "dBm", [.init("dB[W] dBW", zero: -30)]),
        UnitRow("cd", "CDL", [.init("mcd P34", over: 1e3)]),
        UnitRow("cd/m2", "A24", also: "cd/m²"),
        UnitRow("lm", "LUM"),
        UnitRow("Bq", "BQL", [.init("kBq 2Q", times: 1e3), .init("MBq 4N", times: 1e6), .init("GBq GBQ", times: 1e9)]),
        UnitRow("Gy", "A95", [.init("mGy C13", over: 1e3)]),
        UnitRow("Sv", "D13", [.init("mSv C28", over: 1e3), .init("uSv µSv μSv", over: 1e6)]),
        UnitRow("uSv/h", "P72", also: "µSv/h μSv/h", [.init("mSv/h P71", times: 1e3), .init("Sv/h P70", times: 1e6)]),
        UnitRow("mol", "C34", [.init("mmol C18", over: 1e3), .init("umol µmol μmol FH", over: 1e6)]),
        UnitRow("kat", "KAT"),
    ]

    private static let counts: [UnitRow] = [
        UnitRow("1", "C62", also: "/ count beats"),
        UnitRow(
            "/min", "C94", also: "1/min beat/min {beats}/min bpm {rev}/min rpm RPM",
            [.init("/s 1/s C97", times: 60), .init("/h 1/h", over: 60)]),
        UnitRow(
            "By", "AD",
            [
                .init("bit A99", over: 8), .init("kBy kB 2P", times: 1e3), .init("MBy MB 4L", times: 1e6),
                .init("GBy GB E34", times: 1e9), .init("KiBy KiB E64", times: 1_024),
                .init("MiBy MiB E63", times: 1_048_576), .init("GiBy GiB E62", times: 1_073_741_824),
            ]),
        UnitRow(
            "bit/s", "B10",
            [
                .init("kbit/s C74", times: 1e3), .init("Mbit/s E20", times: 1e6), .init("By/s B/s P93", times: 8),
                .init("kBy/s kB/s P94", times: 8e3), .init("MBy/s MB/s P95", times: 8e6),
            ]),
    ]
}
