import FoundationEssentials
import Ledger
import Testing

@testable import firmware_sim

@Suite struct TruckTests {
    @Test(arguments: [UInt64(1), 7, 4_711])
    func drivesTheSameTripForTheSameSeed(seed: UInt64) {
        let (one, other) = (CargoClimate(seed: seed), CargoClimate(seed: seed))
        for second in stride(from: 0, through: 4_000, by: 50) {
            let elapsed = Duration.seconds(second)
            #expect(one.temperature(at: elapsed) == other.temperature(at: elapsed))
            #expect(one.humidity(at: elapsed) == other.humidity(at: elapsed))
            #expect(one.isDoorOpen(at: elapsed) == other.isDoorOpen(at: elapsed))
        }
    }

    @Test func drivesAnotherTripForAnotherSeed() {
        let trips = [CargoClimate(seed: 1), CargoClimate(seed: 2)].map { climate in
            (0..<100).map { climate.temperature(at: .seconds($0)) }
        }
        #expect(trips[0] != trips[1])
    }

    @Test func warmsWhileTheDoorIsOpen() {
        let climate = CargoClimate(seed: 1, doorOpenings: [.init(after: .seconds(100), lasts: .seconds(300))])
        #expect(climate.temperature(at: .seconds(99)) < 6)
        #expect(climate.temperature(at: .seconds(399)) > 12)
        #expect(climate.temperature(at: .seconds(5_000)) < 6)
    }

    @Test func aClockRunsFastByItsDrift() {
        let clock = DeviceClock(offset: .seconds(-2), driftPerMillion: 40)
        #expect(clock.time(start: 10_000_000, elapsed: .zero) == 8_000_000)
        #expect(clock.time(start: 0, elapsed: .seconds(1_000)) == 998_040_000)
    }
}
