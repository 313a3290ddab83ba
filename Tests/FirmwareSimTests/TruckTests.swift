import Glibc
import Ledger
import Testing

@testable import firmware_sim

@Suite struct TruckTests {
    private static func truck(
        seed: UInt64 = 7, doors: [CargoClimate.DoorOpening]? = nil, dropAfter: Duration? = nil,
        batteryDeadAfter: Duration? = nil
    ) -> Truck {
        Truck(
            device: "truck-7", climate: CargoClimate(seed: seed, doorOpenings: doors),
            clock: DeviceClock(offset: .zero, driftPerMillion: 0), metrics: SensorReading.Metric.allCases,
            interval: .seconds(10), pace: 1, dropAfter: dropAfter, batteryDeadAfter: batteryDeadAfter)
    }

    private static func curve(_ truck: Truck, _ metric: SensorReading.Metric, _ seconds: Range<Int>) -> [Double] {
        seconds.map { truck.value(of: metric, at: .seconds($0)) }
    }

    private static let oneOpening = [CargoClimate.DoorOpening(after: .seconds(1_000), lasts: .seconds(300))]

    @Test(arguments: [UInt64(1), 7, 4_711], SensorReading.Metric.allCases)
    func drivesTheSameTripForTheSameSeed(seed: UInt64, metric: SensorReading.Metric) {
        let (one, other) = (Self.truck(seed: seed), Self.truck(seed: seed))
        for second in stride(from: 0, through: 40_000, by: 500) {
            #expect(one.value(of: metric, at: .seconds(second)) == other.value(of: metric, at: .seconds(second)))
        }
    }

    @Test(arguments: SensorReading.Metric.allCases.filter { $0 != .door })
    func drivesAnotherTripForAnotherSeed(metric: SensorReading.Metric) {
        #expect(Self.curve(Self.truck(seed: 1), metric, 0..<100) != Self.curve(Self.truck(seed: 2), metric, 0..<100))
    }

    @Test func opensSeveralDoorsInADay() {
        let openings = CargoClimate(seed: 3).doorOpenings
        #expect((6...24).contains(openings.count))
        #expect(zip(openings, openings.dropFirst()).allSatisfy { $0.after + $0.lasts < $1.after })
    }

    @Test func warmsWhileTheDoorIsOpen() {
        let climate = CargoClimate(seed: 1, doorOpenings: [.init(after: .seconds(100), lasts: .seconds(300))])
        #expect(climate.temperature(at: .seconds(99)) < 6)
        #expect(climate.temperature(at: .seconds(399)) > 12)
        #expect(climate.temperature(at: .seconds(5_000)) < 6)
    }

    @Test(arguments: [(99, 0.0), (100, 1), (399, 1), (400, 0)])
    func tellsWhetherTheDoorIsOpen(second: Int, expected: Double) {
        let truck = Self.truck(doors: [.init(after: .seconds(100), lasts: .seconds(300))])
        #expect(truck.value(of: .door, at: .seconds(second)) == expected)
    }

    @Test(arguments: 1...5)
    func warmsByThreeToFiveDegreesInEachDefrost(seed: UInt64) {
        let plain = CargoClimate(seed: seed, doorOpenings: [])
        let defrosting = CargoClimate(seed: seed, doorOpenings: [], defrost: .init())
        let rises = (0..<2 * 360).map {
            defrosting.temperature(at: .seconds($0 * 60)) - plain.temperature(at: .seconds($0 * 60))
        }
        for half in [rises[..<360], rises[360...]] {
            let highest = half.max() ?? 0
            #expect((2.9...5.1).contains(highest))
            let warm = half.filter { $0 > highest / 2 }.count
            #expect((12...30).contains(warm), "\(warm) minutes")
        }
    }

    @Test func driftsToTheWeatherOutsideOnceTheCompressorHasFailed() {
        let climate = CargoClimate(seed: 1, doorOpenings: [], compressorFailsAfter: .seconds(3_600))
        #expect(climate.temperature(at: .seconds(3_600)) < 6)
        #expect((14...18).contains(climate.temperature(at: .seconds(3_600 + 5_400))))
        #expect((23.5...24.5).contains(climate.temperature(at: .seconds(3_600 + 40_000))))
    }

    @Test func aDoorWithoutACompressorLeavesTheAirWarm() {
        let opening = CargoClimate.DoorOpening(after: .seconds(100), lasts: .seconds(300))
        let climate = CargoClimate(seed: 1, doorOpenings: [opening], compressorFailsAfter: .seconds(50))
        #expect(climate.temperature(at: .seconds(2_000)) > 14)
    }

    @Test func standsStillWhileTheDoorIsOpen() {
        let drive = Self.truck(doors: Self.oneOpening).drive
        #expect(drive.speed(at: .seconds(500)) > 40)
        for second in 960...1_340 { #expect(drive.speed(at: .seconds(second)) == 0) }
        #expect(abs(drive.way(at: .seconds(1_340)) - drive.way(at: .seconds(960))) < 0.001)
        #expect(drive.speed(at: .seconds(2_000)) > 40)
    }

    @Test func oneStopServesDoorsThatFollowEachOtherClosely() {
        let openings = [100, 300, 3_000].map { CargoClimate.DoorOpening(after: .seconds($0), lasts: .seconds(60)) }
        let stops = TruckDrive(seed: 1, doorOpenings: openings).stops
        #expect(stops.map(\.from) == [-60, 2_955])
        #expect(stops.map(\.until) == [405, 3_105])
    }

    @Test func theWayIsTheSpeedSummedUp() {
        let drive = Self.truck(doors: Self.oneOpening).drive
        var metres = 0.0
        for second in 0..<3_000 { metres += drive.speed(at: .seconds(Double(second) + 0.5)) / 3.6 }
        #expect(drive.way(at: .zero) == 0)
        #expect(abs(metres / drive.way(at: .seconds(3_000)) - 1) < 0.01)
    }

    @Test(arguments: [UInt64(1), 2, 3])
    func positionsLieAsFarApartAsItDrove(seed: UInt64) {
        let drive = Self.truck(seed: seed, doors: Self.oneOpening).drive
        for second in stride(from: 100, to: 20_000, by: 200) {
            let (from, to) = (Duration.seconds(second), Duration.seconds(second + 60))
            let north = (drive.latitude(at: to) - drive.latitude(at: from)) * 111_195
            let east =
                (drive.longitude(at: to) - drive.longitude(at: from)) * 111_195
                * cos(
                    drive.latitude(at: from) * .pi / 180)
            let driven = drive.way(at: to) - drive.way(at: from)
            #expect(abs(sqrt(north * north + east * east) - driven) < 20 + driven * 0.05)
        }
    }

    @Test func mostShocksAreSmall() {
        let shocks = Self.curve(Self.truck(doors: []), .shock, 200..<10_200)
        let bumps = shocks.filter { $0 > CargoShocks.roadMax }.count
        #expect((50...400).contains(bumps))
        #expect(shocks.allSatisfy { (0...25).contains($0) })
    }

    @Test func aDropShowsInTheNextReadingAndNeverAgain() {
        let truck = Self.truck(dropAfter: .seconds(1_003))
        let shocks = (0..<200).map { truck.value(of: .shock, at: .seconds($0 * 10)) }
        #expect((380...420).contains(shocks[101]))
        #expect(shocks.filter { $0 > 25 }.count == 1)
        #expect(truck.value(of: .tilt, at: .seconds(1_000)) < 10)
        #expect(truck.value(of: .tilt, at: .seconds(1_010)) > 70)
    }

    @Test func aBatteryFallsToNothingAndTheTruckIsSilent() {
        let truck = Self.truck(batteryDeadAfter: .seconds(1_000))
        #expect(truck.value(of: .battery, at: .zero) > 80)
        #expect(truck.value(of: .battery, at: .seconds(990)) < 2)
        #expect(!truck.isDead(at: .milliseconds(999_999)))
        #expect(truck.isDead(at: .seconds(1_000)))
        #expect(!Self.truck().isDead(at: .seconds(1_000_000_000)))
    }

    @Test func aClockRunsFastByItsDrift() {
        let clock = DeviceClock(offset: .seconds(-2), driftPerMillion: 40)
        #expect(clock.time(start: 10_000_000, elapsed: .zero) == 8_000_000)
        #expect(clock.time(start: 0, elapsed: .seconds(1_000)) == 998_040_000)
    }

    @Test(arguments: [(9_999, 9_999_000), (10_000, 7_000_000), (11_000, 8_000_000)] as [(Int, Int64)])
    func aClockJumps(milliseconds: Int, expected: Int64) {
        let clock = DeviceClock(
            offset: .zero, driftPerMillion: 0, jump: DeviceClock.Jump(after: .seconds(10), by: .seconds(-3)))
        #expect(clock.time(start: 0, elapsed: .milliseconds(milliseconds)) == expected)
    }
}
