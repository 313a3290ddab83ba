/// Numbers as text with a fixed count of digits after the point.
public enum FixedDecimal {
    private static let powersOfTen: [Double] = [1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9]

    static let decimalsMax = powersOfTen.count - 1

    static func powerOfTen(_ exponent: Int) -> Double { powersOfTen[exponent] }

    /// Rounded half away from zero, never `-0`. What is too large for that, or not finite, keeps its shortest exact
    /// text.
    /// - Parameter decimals: 0 to `decimalsMax`.
    static func text(_ value: Double, decimals: Int) -> String {
        let scaled = (value * powersOfTen[decimals]).rounded()
        guard scaled.magnitude < 9e15 else { return value.description }
        let units = Int64(scaled)
        let digits = InternetTime.pad(Int64(units.magnitude), decimals + 1)
        let point = digits.utf8.index(digits.utf8.endIndex, offsetBy: -decimals)
        let sign = units < 0 ? "-" : ""
        return decimals == 0 ? sign + digits : "\(sign)\(digits[..<point]).\(digits[point...])"
    }

    /// The same without zeros at its end.
    public static func short(_ value: Double, decimals: Int) -> String {
        var text = Substring(text(value, decimals: decimals))
        guard text.utf8.contains(0x2E) else { return String(text) }
        while text.last == "0" { text = text.dropLast() }
        return String(text.last == "." ? text.dropLast() : text)
    }
}
