#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Mean kinetic temperature (USP <1079.2>): the one temperature that would degrade a product as much as the
/// temperatures that it met.
///
/// Each sample stands for the time to half-way to each of its neighbours; the first and the last stand for as much
/// time outward as inward. So evenly spaced samples weigh the same, which is the plain mean of the standard, and
/// a sample beside a silence stands for half of the silence. Samples of one single time weigh the same.
enum MeanKineticTemperature {
    /// Activation energy 83.144 kJ/mol divided by the gas constant 8.3144e-3 kJ/(mol K), in kelvin.
    static let activation = 10_000.0

    /// 0 °C in kelvin.
    static let celsiusZero = 273.15

    /// In degrees Celsius, of samples in degrees Celsius in order of time; nil for none, or where one of them lies at
    /// or so near to absolute zero that the formula has no value.
    static func celsius(_ samples: [Window.Sample]) -> Double? {
        let weights = weights(samples)
        var total = 0.0
        var weighted = 0.0
        for (sample, weight) in zip(samples, weights) {
            let kelvin = sample.value + celsiusZero
            guard kelvin > 0 else { return nil }
            total += weight
            weighted += weight * exp(-activation / kelvin)
        }
        let temperature = activation / -log(weighted / total) - celsiusZero
        return weighted > 0 && weighted < total && temperature.isFinite ? temperature : nil
    }

    private static func weights(_ samples: [Window.Sample]) -> [Double] {
        guard let first = samples.first, let last = samples.last, last.time > first.time else {
            return samples.map { _ in 1 }
        }
        return samples.indices.map { index in
            let before = index > 0 ? samples[index].time - samples[index - 1].time : nil
            let after = index + 1 < samples.count ? samples[index + 1].time - samples[index].time : nil
            return Double((before ?? after ?? 0) + (after ?? before ?? 0)) / 2
        }
    }
}
