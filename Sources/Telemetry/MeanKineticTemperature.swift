#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// What has a value at a time, UTC microseconds since 1970.
protocol TimedValue {
    var time: Int64 { get }
    var value: Double { get }
}

/// Mean kinetic temperature (USP <1079.2>): the one temperature that would degrade a product as much as the
/// temperatures that it met.
///
/// Each sample stands for the time to half-way to each of its neighbours; the first and the last stand for as much
/// time outward as inward. So evenly spaced samples weigh the same, which is the plain mean of the standard, and
/// a sample beside a silence stands for half of the silence. Samples of one single time weigh the same.
public enum MeanKineticTemperature {
    /// The activation energy of the standard, in kJ/mol. With the gas constant of the standard, 8.3144e-3 kJ/(mol K),
    /// it makes 10,000 K.
    public static let activationEnergy = 83.144

    /// 0 °C in kelvin.
    static let celsiusZero = 273.15

    /// In degrees Celsius, of samples in degrees Celsius in order of time; nil for none, or where one of them lies at
    /// or so near to absolute zero that the formula has no value.
    /// - Parameter activationEnergy: of the product in kJ/mol, where it is known.
    static func celsius<Sample: TimedValue>(
        _ samples: [Sample],
        activationEnergy: Double = MeanKineticTemperature.activationEnergy
    ) -> Double? {
        sum(samples, activationEnergy: activationEnergy).flatMap { celsius($0, activationEnergy: activationEnergy) }
    }

    /// The same of samples that were summed up with the same energy.
    static func celsius(
        _ sum: KineticSum,
        activationEnergy: Double = MeanKineticTemperature.activationEnergy
    ) -> Double? {
        let temperature = kelvin(activationEnergy) / -log(sum.weighted / sum.weight) - celsiusZero
        return sum.weighted > 0 && sum.weighted < sum.weight && temperature.isFinite ? temperature : nil
    }

    /// What samples in degrees Celsius in order of time stand for; nil where one of them is no temperature.
    static func sum<Sample: TimedValue>(
        _ samples: [Sample],
        activationEnergy: Double = MeanKineticTemperature.activationEnergy
    ) -> KineticSum? {
        let activation = kelvin(activationEnergy)
        let isInstant = samples.first?.time == samples.last?.time
        var total = 0.0
        var weighted = 0.0
        for index in samples.indices {
            let kelvin = samples[index].value + celsiusZero
            guard kelvin > 0 else { return nil }
            let weight = isInstant ? 1 : weight(of: index, in: samples)
            total += weight
            weighted += weight * exp(-activation / kelvin)
        }
        return KineticSum(weight: total, weighted: weighted)
    }

    /// The energy divided by the gas constant: in this order, the standard's gives exactly 10,000 K.
    private static func kelvin(_ activationEnergy: Double) -> Double {
        activationEnergy / MeanKineticTemperature.activationEnergy * 10_000
    }

    private static func weight<Sample: TimedValue>(of index: Int, in samples: [Sample]) -> Double {
        let before = index > 0 ? samples[index].time - samples[index - 1].time : nil
        let after = index + 1 < samples.count ? samples[index + 1].time - samples[index].time : nil
        return Double((before ?? after ?? 0) + (after ?? before ?? 0)) / 2
    }
}

extension Window.Sample: TimedValue {}
