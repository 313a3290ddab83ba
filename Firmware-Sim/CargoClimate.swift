import Glibc
import Rig

/// The air in a cooled cargo room: a pure function of the seed and the time since the trip began.
///
/// The compressor swings the air about its set point; while a door is open the air runs towards the weather outside,
/// and after that the compressor pulls it back.
struct CargoClimate: Sendable {
    struct DoorOpening: Hashable, Sendable {
        /// Since the trip began.
        let after: Duration
        let lasts: Duration
    }

    private enum Stream: UInt64 {
        case shape = 1
        case temperature
        case humidity
    }

    let seed: UInt64
    let doorOpenings: [DoorOpening]
    /// Degrees Celsius.
    var setPoint = 4.0
    var outside = 24.0
    /// How fast the air follows an open door, and how fast the compressor brings it back: seconds to 63 %.
    var warmingSeconds = 300.0
    var coolingSeconds = 600.0

    private let phase: Double
    private let periodSeconds: Double

    /// Without `doorOpenings` the seed chooses one.
    init(seed: UInt64, doorOpenings: [DoorOpening]? = nil) {
        var random = SeededRandom(seed: seed, stream: Stream.shape.rawValue, position: 0)
        self.seed = seed
        phase = random.number(in: 0...(2 * Double.pi))
        periodSeconds = random.number(in: 900...1_500)
        let after = Duration.seconds(random.number(in: 1_200...2_400))
        let lasts = Duration.seconds(random.number(in: 180...480))
        self.doorOpenings = doorOpenings ?? [DoorOpening(after: after, lasts: lasts)]
    }

    /// Degrees Celsius, to a hundredth.
    func temperature(at elapsed: Duration) -> Double {
        let time = seconds(elapsed)
        let cooled = setPoint + 0.6 * sin(2 * .pi * time / periodSeconds + phase)
        let warmed = cooled + exchanged(at: time) * (outside - cooled)
        return hundredths(warmed + noise(.temperature, elapsed, spread: 0.05))
    }

    /// Percent of relative humidity, to a hundredth.
    func humidity(at elapsed: Duration) -> Double {
        let time = seconds(elapsed)
        let calm = 62 + 3 * sin(2 * .pi * time / periodSeconds + phase + 2)
        let moist = calm + exchanged(at: time) * 25
        return hundredths(min(100, max(0, moist + noise(.humidity, elapsed, spread: 0.3))))
    }

    func isDoorOpen(at elapsed: Duration) -> Bool {
        doorOpenings.contains { elapsed >= $0.after && elapsed < $0.after + $0.lasts }
    }

    /// How much of the air has come from outside, from 0 to 1.
    private func exchanged(at time: Double) -> Double {
        doorOpenings.reduce(0) { exchanged, opening in
            let sinceOpened = time - seconds(opening.after)
            guard sinceOpened > 0 else { return exchanged }
            let share = 1 - exp(-min(sinceOpened, seconds(opening.lasts)) / warmingSeconds)
            let left = share * exp(-max(0, sinceOpened - seconds(opening.lasts)) / coolingSeconds)
            return exchanged + (1 - exchanged) * left
        }
    }

    /// Normally distributed (Box and Muller).
    private func noise(_ stream: Stream, _ elapsed: Duration, spread: Double) -> Double {
        let position = UInt64(bitPattern: Int64(seconds(elapsed) * 1_000))
        var random = SeededRandom(seed: seed, stream: stream.rawValue, position: position)
        let radius = sqrt(-2 * log(1 - random.fraction()))
        return spread * radius * cos(2 * .pi * random.fraction())
    }

    private func hundredths(_ value: Double) -> Double { (value * 100).rounded() / 100 }

    private func seconds(_ duration: Duration) -> Double { duration / .seconds(1) }
}
