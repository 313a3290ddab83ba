/// The temperatures that goods may have, in degrees Celsius.
public struct TemperatureLimits: Hashable, Sendable {
    /// Facts in which an update carries them.
    public static let lowestFact = "lowest-allowed"
    public static let highestFact = "highest-allowed"

    /// Over which the mean kinetic temperature of refrigerated goods is taken (USP <1079.2>), in microseconds: 24 hours.
    public static let coldSpan: Int64 = 86_400_000_000

    /// Nil where nothing is too cold.
    public let lowest: Double?
    /// Nil where nothing is too hot.
    public let highest: Double?
    /// Microseconds outside that nobody needs to be told of; nil where nothing was said.
    public let grace: Int64?
    /// The highest mean kinetic temperature; nil where it is not limited.
    public let mkt: Double?
    /// Microseconds over which it is taken.
    public let mktSpan: Int64

    public init(
        lowest: Double? = nil, highest: Double? = nil, grace: Int64? = nil, mkt: Double? = nil,
        mktSpan: Int64 = Self.coldSpan
    ) {
        self.lowest = lowest
        self.highest = highest
        self.grace = grace
        self.mkt = mkt
        self.mktSpan = mktSpan
    }

    public var isEmpty: Bool { lowest == nil && highest == nil && mkt == nil }

    /// What satisfies both: of each pair of limits the stricter. Who does not limit the mean kinetic temperature has no say
    /// in its span.
    public func joined(with other: TemperatureLimits) -> TemperatureLimits {
        func stricter<Value>(_ one: Value?, _ two: Value?, _ choose: (Value, Value) -> Value) -> Value? {
            guard let one, let two else { return one ?? two }
            return choose(one, two)
        }
        return TemperatureLimits(
            lowest: stricter(lowest, other.lowest, max), highest: stricter(highest, other.highest, min),
            grace: stricter(grace, other.grace, min), mkt: stricter(mkt, other.mkt, min),
            mktSpan: stricter(mkt.map { _ in mktSpan }, other.mkt.map { _ in other.mktSpan }, min) ?? mktSpan)
    }

    /// Nil where neither cold nor heat is limited.
    public var band: Band? {
        lowest == nil && highest == nil ? nil : Band(lowest: lowest, highest: highest, grace: grace ?? 0)
    }

    func allow(_ value: Double) -> Bool { value >= lowest ?? -.infinity && value <= highest ?? .infinity }
}
