import Rig

/// A device's battery: a pure function of the seed and the time since the trip began.
struct DeviceBattery: Sendable {
    /// When it is empty, since the trip began; nil lasts longer than any trip.
    let deadAfter: Duration?
    private let full: Double
    private let noise: SeededNoise

    init(seed: UInt64, deadAfter: Duration? = nil) {
        var random = SeededNoise.shape(seed: seed, of: .battery)
        self.deadAfter = deadAfter
        full = random.number(in: 85...100)
        noise = SeededNoise(seed: seed)
    }

    /// Percent, to a tenth. It falls evenly to 0 at `deadAfter`, or by a quarter of a percent in an hour.
    func level(at elapsed: Duration) -> Double {
        let time = elapsed / .seconds(1)
        let level = deadAfter.map { full * (1 - elapsed / $0) } ?? full - time / 14_400
        return min(100, max(0, level + noise.normal(.battery, at: time, spread: 0.05))).rounded(digits: 1)
    }

    func isDead(at elapsed: Duration) -> Bool { deadAfter.map { elapsed >= $0 } ?? false }
}
