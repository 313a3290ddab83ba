import Glibc
import Rig

/// The air in a cooled cargo room: a pure function of the seed and the time since the trip began.
///
/// The compressor swings the air about its set point; while a door is open the air runs towards the weather outside,
/// and after that the compressor pulls it back. A defrost warms the air for some minutes; once the compressor has
/// failed, nothing pulls the air back and it drifts to the weather outside.
struct CargoClimate: Sendable {
    struct DoorOpening: Hashable, Sendable {
        /// Since the trip began.
        let after: Duration
        let lasts: Duration
    }

    /// The evaporator's ice is melted by heating it, again and again.
    struct Defrost: Hashable, Sendable {
        /// From one beginning to the next.
        var every: Duration = .seconds(6 * 3_600)
        var lasts: Duration = .seconds(900)
    }

    let seed: UInt64
    let doorOpenings: [DoorOpening]
    let defrost: Defrost?
    /// Since the trip began.
    let compressorFailsAfter: Duration?
    /// Degrees Celsius.
    var setPoint = 4.0
    var outside = 24.0
    /// How fast the air follows an open door, and how fast the compressor brings it back: seconds to 63 %.
    var warmingSeconds = 300.0
    var coolingSeconds = 600.0
    /// How fast the air follows the weather outside through closed walls: seconds to 63 %.
    var driftingSeconds = 5_400.0

    private let noise: SeededNoise
    private let phase: Double
    private let periodSeconds: Double
    /// Degrees that a defrost warms the air.
    private let defrostRise: Double
    /// When the first defrost begins, in parts of the time between two.
    private let defrostPart: Double

    /// Without `doorOpenings` the seed chooses those of the first day.
    init(
        seed: UInt64, doorOpenings: [DoorOpening]? = nil, defrost: Defrost? = nil,
        compressorFailsAfter: Duration? = nil
    ) {
        var random = SeededNoise.shape(seed: seed, of: .shape)
        self.seed = seed
        self.defrost = defrost
        self.compressorFailsAfter = compressorFailsAfter
        noise = SeededNoise(seed: seed)
        phase = random.number(in: 0...(2 * Double.pi))
        periodSeconds = random.number(in: 900...1_500)
        self.doorOpenings = doorOpenings ?? CargoClimate.openings(&random)
        var defrosting = SeededNoise.shape(seed: seed, of: .temperature)
        defrostRise = defrosting.number(in: 3...5)
        defrostPart = defrosting.number(in: 0.1...0.9)
    }

    /// Degrees Celsius, to a hundredth.
    func temperature(at elapsed: Duration) -> Double {
        let time = seconds(elapsed)
        let cooled = setPoint + 0.6 * cooling(at: time) * sin(2 * .pi * time / periodSeconds + phase)
        let defrosted = cooled + defrostRise * defrosting(at: time)
        let warmed = defrosted + exchanged(at: time) * (outside - defrosted)
        return (warmed + noise.normal(.temperature, at: time, spread: 0.05)).rounded(digits: 2)
    }

    /// Percent of relative humidity, to a hundredth.
    func humidity(at elapsed: Duration) -> Double {
        let time = seconds(elapsed)
        let calm = 62 + 3 * cooling(at: time) * sin(2 * .pi * time / periodSeconds + phase + 2)
        let moist = calm + exchanged(at: time) * 25 + defrosting(at: time) * 12
        return min(100, max(0, moist + noise.normal(.humidity, at: time, spread: 0.3))).rounded(digits: 2)
    }

    func isDoorOpen(at elapsed: Duration) -> Bool {
        doorOpenings.contains { elapsed >= $0.after && elapsed < $0.after + $0.lasts }
    }

    /// One opening in the first hour, then one about every other hour.
    private static func openings(_ random: inout SeededRandom) -> [DoorOpening] {
        var after = random.number(in: 1_200...2_400)
        var openings: [DoorOpening] = []
        while after < 86_400 {
            let lasts = random.number(in: 180...480)
            openings.append(DoorOpening(after: .seconds(after), lasts: .seconds(lasts)))
            after += lasts + random.number(in: 3_600...9_000)
        }
        return openings
    }
}

// MARK: What moves the air

extension CargoClimate {
    /// How much of the air has come from outside, from 0 to 1.
    private func exchanged(at time: Double) -> Double {
        let drifted = failedFor(time).map { 1 - exp(-$0 / driftingSeconds) } ?? 0
        return doorOpenings.reduce(drifted) { exchanged, opening in
            let sinceOpened = time - seconds(opening.after)
            guard sinceOpened > 0 else { return exchanged }
            let share = 1 - exp(-min(sinceOpened, seconds(opening.lasts)) / warmingSeconds)
            let left = share * exp(-cooledFor(since: seconds(opening.after + opening.lasts), time) / coolingSeconds)
            return exchanged + (1 - exchanged) * left
        }
    }

    /// How warm a defrost has made the air, from 0 to 1.
    private func defrosting(at time: Double) -> Double {
        guard let defrost else { return 0 }
        let (every, lasts) = (seconds(defrost.every), seconds(defrost.lasts))
        let since = (time - defrostPart * every).truncatingRemainder(dividingBy: every)
        guard time >= defrostPart * every else { return 0 }
        let risen = (1 - exp(-3 * min(since, lasts) / lasts)) / (1 - exp(-3))
        return risen * exp(-cooledFor(since: time - since + lasts, time) / coolingSeconds)
    }

    /// How much of the compressor's swing is there: it dies away with the compressor.
    private func cooling(at time: Double) -> Double {
        failedFor(time).map { exp(-$0 / coolingSeconds) } ?? 1
    }

    /// Seconds since the compressor failed; nil while it works.
    private func failedFor(_ time: Double) -> Double? {
        guard let compressorFailsAfter, time > seconds(compressorFailsAfter) else { return nil }
        return time - seconds(compressorFailsAfter)
    }

    /// How many of the seconds from `start` to `time` the compressor worked.
    private func cooledFor(since start: Double, _ time: Double) -> Double {
        max(0, time - (failedFor(time) ?? 0) - start)
    }

    private func seconds(_ duration: Duration) -> Double { duration / .seconds(1) }
}
