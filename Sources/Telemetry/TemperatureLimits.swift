/// The temperatures that goods may have, in degrees Celsius.
public struct TemperatureLimits: Hashable, Sendable {
    /// Facts in which an update carries them.
    public static let lowestFact = "lowest-allowed"
    public static let highestFact = "highest-allowed"

    /// Nil where nothing is too cold.
    public let lowest: Double?
    /// Nil where nothing is too hot.
    public let highest: Double?

    public init(lowest: Double? = nil, highest: Double? = nil) {
        self.lowest = lowest
        self.highest = highest
    }

    public var isEmpty: Bool { lowest == nil && highest == nil }

    func allow(_ value: Double) -> Bool { value >= lowest ?? -.infinity && value <= highest ?? .infinity }
}
