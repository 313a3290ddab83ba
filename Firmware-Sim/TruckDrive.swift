import Glibc
import Rig

/// Where a truck is and how fast: a pure function of the seed and the time since the trip began.
///
/// It drives a winding loop about a town and comes back to where it began; it stands still before, while and after a
/// door is open. Speed and position belong together: the way is the speed summed up.
struct TruckDrive: Sendable {
    /// A time at which the truck stands still, in seconds since the trip began.
    struct Stop: Hashable, Sendable {
        var from: Double
        var until: Double
    }

    /// Braking to a stop, and reaching full speed after one.
    static let rampSeconds = 60.0

    /// Before a door is opened, and after it is closed.
    static let standingSeconds = 45.0

    /// Of the loop, in metres.
    private static let radius = 60_000.0
    private static let metresPerDegree = 111_195.0

    /// The first one is the departure.
    let stops: [Stop]
    private let noise: SeededNoise
    private let centre: (latitude: Double, longitude: Double)
    /// Metres in a second, away from stops.
    private let cruise: Double
    private let bends: [(part: Double, turns: Double, phase: Double)]

    init(seed: UInt64, doorOpenings: [CargoClimate.DoorOpening]) {
        var random = SeededNoise.shape(seed: seed, of: .latitude)
        noise = SeededNoise(seed: seed)
        stops = TruckDrive.stops(doorOpenings)
        centre = (random.number(in: 47...53), random.number(in: 7...13))
        cruise = random.number(in: 17...22)
        bends = [7.0, 23].map { (random.number(in: 0.002...0.006), $0, random.number(in: 0...(2 * Double.pi))) }
    }

    /// Degrees north, to a tenth of a metre; a receiver is wrong by some metres.
    func latitude(at elapsed: Duration) -> Double {
        let time = elapsed / .seconds(1)
        let north = place(at: time).north + noise.normal(.latitude, at: time, spread: 2)
        return (centre.latitude + north / TruckDrive.metresPerDegree).rounded(digits: 6)
    }

    /// Degrees east, to a tenth of a metre.
    func longitude(at elapsed: Duration) -> Double {
        let time = elapsed / .seconds(1)
        let east = place(at: time).east + noise.normal(.longitude, at: time, spread: 2)
        let metres = TruckDrive.metresPerDegree * cos(centre.latitude * .pi / 180)
        return (centre.longitude + east / metres).rounded(digits: 6)
    }

    /// Kilometres in an hour, to a tenth.
    func speed(at elapsed: Duration) -> Double {
        let time = elapsed / .seconds(1)
        let gear = throttle(at: time)
        guard gear > 0 else { return 0 }
        let metres = cruise * (1 + 0.2 * sin(driven(at: time) / 150)) * gear
        return max(0, metres * 3.6 + noise.normal(.speed, at: time, spread: 0.3)).rounded(digits: 1)
    }

    func isMoving(at elapsed: Duration) -> Bool { throttle(at: elapsed / .seconds(1)) > 0 }

    /// Metres since the trip began.
    func way(at elapsed: Duration) -> Double { way(atSecond: elapsed / .seconds(1)) }

    /// Stops too close together for a drive between them are one stop.
    private static func stops(_ openings: [CargoClimate.DoorOpening]) -> [Stop] {
        let opened = openings.map { opening in
            Stop(
                from: opening.after / .seconds(1) - standingSeconds,
                until: (opening.after + opening.lasts) / .seconds(1) + standingSeconds)
        }
        let departure = Stop(from: -rampSeconds, until: 0)
        return opened.sorted { $0.from < $1.from }.reduce(into: [departure]) { stops, stop in
            let last = stops[stops.count - 1]
            if stop.from - last.until < 2 * rampSeconds {
                stops[stops.count - 1].until = max(last.until, stop.until)
            } else {
                stops.append(stop)
            }
        }
    }
}

// MARK: The way

extension TruckDrive {
    /// Metres from the loop's centre. The bends are slight, so that the speed stays true within a few parts in 100.
    private func place(at time: Double) -> (north: Double, east: Double) {
        let angle = way(atSecond: time) / TruckDrive.radius
        let bent = bends.reduce(1) { $0 + $1.part * sin($1.turns * angle + $1.phase) }
        return (TruckDrive.radius * bent * cos(angle), TruckDrive.radius * bent * sin(angle))
    }

    private func way(atSecond time: Double) -> Double {
        let driven = driven(at: time)
        return cruise * (driven + 0.2 * 150 * (1 - cos(driven / 150)))
    }

    /// The share of the full speed, from 0 to 1: the slope of `driven`.
    private func throttle(at time: Double) -> Double {
        stops.reduce(1) { share, stop in
            let away = max(stop.from - time, time - stop.until)
            return min(share, max(0, away / TruckDrive.rampSeconds))
        }
    }

    /// Seconds since the trip began, less what braking, standing and starting have cost.
    private func driven(at time: Double) -> Double {
        let ramp = TruckDrive.rampSeconds
        var lost = 0.0
        for stop in stops where time > stop.from - ramp {
            let braking = min(ramp, time - (stop.from - ramp))
            let standing = max(0, min(time, stop.until) - stop.from)
            let starting = min(ramp, max(0, time - stop.until))
            lost += standing + starting + (braking * braking - starting * starting) / (2 * ramp)
        }
        // The departure counts from before the trip.
        return time - lost + ramp * 1.5
    }
}
