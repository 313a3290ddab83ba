/// What a GS1 logistics label says about a journey (GS1 General Specifications section 3; AIs 00, 400, 410 and 4330 to
/// 4333).
public struct LogisticsLabel: Hashable, Sendable {
    /// The serial shipping container code, 18 digits, AI 00.
    public let sscc: String?

    /// The customer's order number, AI 400.
    public let orderNumber: String?

    /// The global location number to deliver to, 13 digits, AI 410.
    public let shipTo: String?

    /// The lowest temperature that the goods may have, in degrees Celsius, AI 4333, or 4332 in degrees Fahrenheit.
    public let minimumCelsius: Double?

    /// The highest temperature that the goods may have, in degrees Celsius, AI 4331, or 4330 in degrees Fahrenheit.
    public let maximumCelsius: Double?

    /// Nil where the identifier says none of these things, or where a temperature is not written as GS1 does.
    public init?(_ identifier: Identifier) {
        guard identifier.scheme == .gs1 else { return nil }
        sscc = identifier.value(of: "00")
        orderNumber = identifier.value(of: "400")
        shipTo = identifier.value(of: "410")
        minimumCelsius = LogisticsLabel.celsius(identifier, celsius: "4333", fahrenheit: "4332")
        maximumCelsius = LogisticsLabel.celsius(identifier, celsius: "4331", fahrenheit: "4330")
        let temperatures = ["4330", "4331", "4332", "4333"].filter { identifier.value(of: $0) != nil }
        guard temperatures.allSatisfy({ identifier.value(of: $0).flatMap(LogisticsLabel.degrees) != nil }) else {
            return nil
        }
        guard sscc != nil || orderNumber != nil || shipTo != nil || !temperatures.isEmpty else { return nil }
    }

    private static func celsius(_ identifier: Identifier, celsius: String, fahrenheit: String) -> Double? {
        if let degrees = identifier.value(of: celsius).flatMap(degrees) { return degrees }
        return identifier.value(of: fahrenheit).flatMap(degrees).map { ($0 - 32) * 5 / 9 }
    }

    /// Six digits in hundredths of a degree, and `-` behind them below zero.
    private static func degrees(_ text: String) -> Double? {
        let digits = text.utf8.prefix(6)
        let sign = text.utf8.dropFirst(6)
        guard digits.count == 6, digits.allSatisfy(isDigit) else { return nil }
        guard sign.isEmpty || sign.elementsEqual("-".utf8) else { return nil }
        let hundredths = digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
        return Double(sign.isEmpty ? hundredths : -hundredths) / 100
    }
}
