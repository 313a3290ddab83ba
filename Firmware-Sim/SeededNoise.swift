import Glibc
import Rig

/// The chance in a sensor's values: a pure function of the seed, the sensor and the moment.
struct SeededNoise: Sendable {
    /// Each has numbers of its own under one seed.
    enum Stream: UInt64, Sendable {
        case shape = 1
        case temperature
        case humidity
        case latitude
        case longitude
        case speed
        case shock
        case tilt
        case battery
    }

    let seed: UInt64

    /// Randomness for what stays the same during the whole trip.
    static func shape(seed: UInt64, of stream: Stream) -> SeededRandom {
        SeededRandom(seed: seed, stream: stream.rawValue, position: 0)
    }

    /// Randomness of one moment, which is known to the millisecond.
    func random(_ stream: Stream, at seconds: Double) -> SeededRandom {
        SeededRandom(seed: seed, stream: stream.rawValue, position: UInt64(bitPattern: Int64(seconds * 1_000)))
    }

    /// Normally distributed about 0 (Box and Muller).
    func normal(_ stream: Stream, at seconds: Double, spread: Double) -> Double {
        var random = random(stream, at: seconds)
        let radius = sqrt(-2 * log(1 - random.fraction()))
        return spread * radius * cos(2 * .pi * random.fraction())
    }
}

extension Double {
    /// As a sensor with so many digits behind the point shows it.
    func rounded(digits: Int) -> Double {
        let scale = pow(10, Double(digits))
        return (self * scale).rounded() / scale
    }
}
