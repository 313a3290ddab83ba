/// A share of a mean kinetic temperature: shares of several windows add up to that of all of them.
public struct KineticSum: Hashable, Sendable {
    /// Microseconds that the samples stand for.
    public private(set) var weight: Double
    /// The same, each weighted by how fast its temperature degrades a product.
    public private(set) var weighted: Double

    public init(weight: Double = 0, weighted: Double = 0) {
        self.weight = weight
        self.weighted = weighted
    }

    /// Of temperatures in degrees Celsius in order of time; empty where one of them is no temperature.
    public init(of readings: [Reading]) {
        let samples = readings.compactMap { reading in
            reading.value.number.map {
                Window.Sample(time: reading.time, value: $0, sequence: nil, session: nil)
            }
        }
        self = MeanKineticTemperature.sum(samples) ?? KineticSum()
    }

    /// The mean kinetic temperature in degrees Celsius; nil for nothing, or so near to absolute zero that the formula has
    /// no value.
    public var celsius: Double? { MeanKineticTemperature.celsius(self) }

    /// The same temperature for another length of time in microseconds: what a lone reading stands for, its neighbours
    /// cannot tell.
    public func standing(for length: Int64) -> KineticSum {
        weight > 0 ? KineticSum(weight: Double(length), weighted: weighted / weight * Double(length)) : self
    }

    public static func + (left: KineticSum, right: KineticSum) -> KineticSum {
        KineticSum(weight: left.weight + right.weight, weighted: left.weighted + right.weighted)
    }
}
