/// A length as text, in millimetres with as many decimals as it needs and at most four.
struct Millimetres: CustomStringConvertible {
    let description: String

    init(_ micrometres: Int) {
        self.init(tenths: micrometres * 10)
    }

    init(dots: Int, dotsPerInch: Int) {
        self.init(tenths: (dots * LabelStock.micrometresPerInch * 10 + dotsPerInch / 2) / dotsPerInch)
    }

    /// Takes tenths of a micrometre.
    private init(tenths: Int) {
        let (whole, rest) = tenths.quotientAndRemainder(dividingBy: 10_000)
        let digits = String(String(10_000 + rest).dropFirst())
        let decimals = digits.reversed().drop { $0 == "0" }.reversed()
        description = decimals.isEmpty ? "\(whole)" : "\(whole).\(String(decimals))"
    }
}
