import Glibc
import Rig

/// What hits a parcel in the cargo room: a pure function of the seed and the time since the trip began.
struct CargoShocks: Sendable {
    /// Of a road without holes, in metres per second squared; more is a bump.
    static let roadMax = 5.0

    let drive: TruckDrive
    /// When the parcel falls, since the trip began. It stays as it fell.
    let dropAfter: Duration?
    private let noise: SeededNoise
    private let bumpPart: Double
    private let fall: Double
    private let lying: Double

    init(seed: UInt64, drive: TruckDrive, dropAfter: Duration? = nil) {
        var random = SeededNoise.shape(seed: seed, of: .shock)
        self.drive = drive
        self.dropAfter = dropAfter
        noise = SeededNoise(seed: seed)
        bumpPart = random.number(in: 0.01...0.03)
        fall = random.number(in: 380...420)
        lying = random.number(in: 80...95)
    }

    /// The hardest shock since the reading before, in metres per second squared, to a tenth.
    func peak(from before: Duration, to elapsed: Duration) -> Double {
        if let dropAfter, dropAfter > before, dropAfter <= elapsed { return fall.rounded(digits: 1) }
        let time = elapsed / .seconds(1)
        var random = noise.random(.shock, at: time)
        guard drive.isMoving(at: elapsed) else { return random.number(in: 0...0.3).rounded(digits: 1) }
        let isBump = random.fraction() < bumpPart
        return random.number(in: isBump ? 6...25 : 0.4...CargoShocks.roadMax).rounded(digits: 1)
    }

    /// Degrees from upright, to a tenth.
    func tilt(at elapsed: Duration) -> Double {
        let time = elapsed / .seconds(1)
        let upright = dropAfter.map { elapsed >= $0 } == true ? lying : 1.2
        let spread = drive.isMoving(at: elapsed) ? 0.5 : 0.1
        return abs(upright + noise.normal(.tilt, at: time, spread: spread)).rounded(digits: 1)
    }
}
