import CTimex
import Foundation
import Glibc
import Ledger

/// What a gateway reads from the world beside its inputs: the clock and chance. Tests hand in their own.
public struct Instruments: Sendable {
    /// UTC microseconds since 1970-01-01.
    public let now: @Sendable () -> Int64
    public let clockQuality: @Sendable () -> ClockQuality
    /// 64 bits that nobody can guess.
    public let random: @Sendable () -> UInt64

    public init(
        now: @escaping @Sendable () -> Int64, clockQuality: @escaping @Sendable () -> ClockQuality,
        random: @escaping @Sendable () -> UInt64
    ) {
        self.now = now
        self.clockQuality = clockQuality
        self.random = random
    }

    /// The machine's own.
    public static func system() -> Instruments {
        let bootID = Self.bootID()
        return Instruments(
            now: { Self.wallClock() }, clockQuality: { Self.kernelClock(bootID: bootID) },
            random: {
                var generator = SystemRandomNumberGenerator()
                return generator.next()
            })
    }

    private static func wallClock() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000
    }

    /// What the kernel knows of its synchronisation (adjtimex(2), STA_UNSYNC).
    private static func kernelClock(bootID: [UInt8]) -> ClockQuality {
        var error = 0
        guard custody_clock_state(&error) != 0 else { return ClockQuality(source: .rtc, error: 0, bootID: bootID) }
        return ClockQuality(source: .ntp, error: UInt64(max(0, error)), bootID: bootID)
    }

    private static func bootID() -> [UInt8] {
        let text = (try? String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8)) ?? ""
        let digits = text.filter(\.isHexDigit)
        return stride(from: 0, to: digits.count - 1, by: 2).compactMap { place in
            let start = digits.index(digits.startIndex, offsetBy: place)
            return UInt8(digits[start...digits.index(after: start)], radix: 16)
        }
    }
}

extension Instruments {
    public func randomBytes(_ count: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < count { withUnsafeBytes(of: random()) { bytes += $0 } }
        return Array(bytes.prefix(count))
    }
}
