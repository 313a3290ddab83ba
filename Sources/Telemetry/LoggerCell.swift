/// What a temperature is written in.
enum LoggerUnit: String {
    case celsius = "Cel"
    case fahrenheit = "[degF]"
    case kelvin = "K"

    /// Reads a unit as a header or a cell names it, in small letters and without brackets around it.
    init?(_ text: some StringProtocol) {
        // A degree sign in an older encoding is no UTF-8 and was read as U+FFFD.
        let name = String(text.filter { $0 != "°" && $0 != "º" && $0 != "\u{FFFD}" && $0 != " " })
        switch name {
        case "c", "cel", "celsius", "degc", "deg.c", "℃": self = .celsius
        case "f", "[degf]", "degf", "deg.f", "fahrenheit", "℉": self = .fahrenheit
        case "k", "kelvin": self = .kelvin
        default: return nil
        }
    }

    func celsius(_ value: Double) -> Double {
        switch self {
        case .celsius: value
        case .fahrenheit: (value - 32) / 1.8
        case .kelvin: value - MeanKineticTemperature.celsiusZero
        }
    }
}

/// A temperature in a cell, with its unit where one is written behind it.
struct LoggerCell {
    let value: Double
    let unit: LoggerUnit?

    /// Reads a number with a point or a comma, which does not separate cells where it is in one; nil where the cell
    /// holds something else.
    init?(_ cell: ArraySlice<UInt8>) {
        var rest = cell
        let sign = rest.first == 0x2D || rest.first == 0x2B ? rest.removeFirst() : 0x2B
        let integer = rest.prefix { $0 &- 0x30 < 10 }
        rest = rest.dropFirst(integer.count)
        var fraction = rest.prefix(0)
        if rest.first == 0x2E || rest.first == 0x2C {
            fraction = rest.dropFirst().prefix { $0 &- 0x30 < 10 }
            guard !fraction.isEmpty else { return nil }
            rest = rest.dropFirst(fraction.count + 1)
        }
        guard !integer.isEmpty || !fraction.isEmpty else { return nil }
        guard let value = LoggerCell.double(isNegative: sign == 0x2D, integer, fraction) else { return nil }
        self.value = value
        unit = rest.isEmpty ? nil : LoggerUnit(String(decoding: rest, as: UTF8.self).lowercased())
        guard rest.isEmpty || unit != nil else { return nil }
    }

    private static func double(
        isNegative: Bool,
        _ integer: ArraySlice<UInt8>,
        _ fraction: ArraySlice<UInt8>
    ) -> Double? {
        let isShort = integer.count + fraction.count <= 15
        let point: [UInt8] = fraction.isEmpty ? [] : [0x2E]
        let text = isShort ? [] : (isNegative ? [0x2D] : []) + integer + point + fraction
        return JSONNumber(
            bytes: text[...], isNegative: isNegative, integer: integer, fraction: fraction, hasExponent: false
        ).double
    }
}
