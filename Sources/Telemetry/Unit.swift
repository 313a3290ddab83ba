/// A unit of measure as a device names it, and how its values become values in the one unit of their quantity.
///
/// It understands UCUM (case-sensitive), SenML (RFC 8428 section 12.1, RFC 8798), UN/ECE Recommendation 20 and the
/// spellings that people use. What one of them reads as something else than another, or than people do, is unknown.
public struct Unit: Sendable, Hashable {
    /// The UCUM code of the quantity's own unit, such as `Cel` for every temperature.
    public let code: String

    /// The UN/ECE Recommendation 20 code of the same unit, such as `CEL`, where there is one.
    public let unece: String?

    private let scale: UnitScale

    init(code: String, unece: String?, scale: UnitScale) {
        self.code = code
        self.unece = unece
        self.scale = scale
    }

    /// The codes of all quantities' own units, sorted.
    public static let known: [String] = UnitTable.rows.map(\.code).sorted()

    static let knownSentence = "Known are: \(known.joined(separator: " "))."

    /// All that `named` knows, sorted; a sum over time is one of them followed by `.s`.
    public static let spellings: [String] = table.keys.sorted()

    /// What looks like a unit and is none here, because it means two things; with what to write instead.
    public static let ambiguous: [String: String] = [
        "B": "By for bytes, dB for a level",
        "C": "Cel for degrees Celsius, A.s for coulombs",
        "F": "[degF] for degrees Fahrenheit, uF for a capacitance",
        "G": "[g] for standard gravity, uT for a magnetic field",
    ]

    private static let table = UnitTable.spelled()

    /// The unit that a text means; nil where it means none, or more than one. Case counts.
    public static func named(_ text: String) -> Unit? {
        table[text] ?? sum(named: text)
    }

    /// SenML sums up a value over time (RFC 8428 section 4.3): the unit is then the value's unit times seconds. What is
    /// counted from a zero of its own, as kelvins are from Celsius' point of view, has no sum in another unit.
    private static func sum(named text: String) -> Unit? {
        guard text.utf8.count > 2, text.utf8.suffix(2).elementsEqual(".s".utf8) else { return nil }
        guard let unit = table[String(text.dropLast(2))], unit.scale.zero == 0 else { return nil }
        let code = unit.code + ".s"
        guard let own = table[code] else { return Unit(code: code, unece: nil, scale: unit.scale) }
        return Unit(code: own.code, unece: own.unece, scale: unit.scale)
    }

    /// A value in this unit as a value in `code`. One that is converted is rounded to 12 significant digits, so that
    /// 41 [degF] is 5 and 277.15 K is 4; one too large for a double becomes infinite.
    public func canonical(_ value: Double) -> Double {
        scale == .own ? value : scale.convert(value).roundedToDigits
    }
}

/// How values of one unit become values of another: (value - zero) * times / over. Two whole numbers hold more ratios
/// exactly than one double does.
struct UnitScale: Sendable, Hashable {
    /// The unit itself.
    static let own = UnitScale(times: 1, over: 1, zero: 0)

    let times: Double
    let over: Double
    let zero: Double

    func convert(_ value: Double) -> Double {
        (value - zero) * times / over
    }
}

extension Double {
    /// Rounded to 12 significant decimal digits; what is smaller than 1e-11 or larger than 1e33 stays as it is, because
    /// the power of ten that this takes is no exact double.
    fileprivate var roundedToDigits: Double {
        guard magnitude >= 1e-11, magnitude < 1e33 else { return self }
        let shift = 11 - decimalExponent
        if shift >= 0 {
            let power = Double.power(ofTen: shift)
            return (self * power).rounded() / power
        }
        let power = Double.power(ofTen: -shift)
        return (self / power).rounded() * power
    }

    /// Of the leading decimal digit. A binary exponent is 0.30103 decimal ones, which may be one too low.
    private var decimalExponent: Int {
        let estimate = Int((Double(exponent) * 0.301_029_995_663_981).rounded(.down))
        let next = estimate + 1
        let bound = next >= 0 ? Double.power(ofTen: next) : 1 / Double.power(ofTen: -next)
        return magnitude >= bound ? next : estimate
    }

    /// Exact up to 22.
    private static func power(ofTen exponent: Int) -> Double {
        var power = 1.0
        for _ in 0..<exponent { power *= 10 }
        return power
    }
}
