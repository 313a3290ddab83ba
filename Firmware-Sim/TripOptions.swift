import ArgumentParser

/// What happens on a truck's trip; all in seconds of the trip, which `--pace` lets run faster.
struct TripOptions: ParsableArguments {
    @Option(help: "Chooses the trip: curves, door openings, route, clock, outages.")
    var seed: UInt64 = 1

    @Option(help: "Seconds of the trip in one second. Only the curves run faster; the times of readings stay true.")
    var pace = 1.0

    @Option(help: "Open the door after so many seconds, instead of when the seed says. Can be given many times.")
    var doorAfter: [Double] = []

    @Option(help: "Leave the door open for so many seconds.")
    var doorFor = 300.0

    @Flag(help: "Defrost the evaporator again and again, which warms the air by 3 to 5 degrees for a while.")
    var defrost = false

    @Option(help: "Seconds from one defrost to the next.")
    var defrostEvery = 21_600.0

    @Option(help: "Seconds that a defrost lasts.")
    var defrostFor = 900.0

    @Option(help: "Let the compressor fail after so many seconds: the air drifts to the weather outside.")
    var compressorFailsAfter: Double?

    @Option(help: "Let a parcel fall after so many seconds: a shock of about 400 m/s2.")
    var dropAfter: Double?

    @Option(help: "Empty the battery in so many seconds; then the truck is silent for good.")
    var batteryDeadAfter: Double?

    func validate() throws {
        guard pace > 0, pace <= 1e6 else { throw ValidationError("--pace must be more than 0 and at most 1000000.") }
        guard doorAfter.count <= 1_000, doorAfter.allSatisfy({ (0...1e9).contains($0) }), (0...1e9).contains(doorFor)
        else {
            throw ValidationError("--door-after and --door-for must be 0 to 1000000000, at most 1000 times.")
        }
        guard (1...1e9).contains(defrostEvery), defrostFor >= 1, defrostFor < defrostEvery else {
            throw ValidationError("--defrost-for must be at least 1 and less than --defrost-every.")
        }
        guard [compressorFailsAfter ?? 0, dropAfter ?? 0].allSatisfy({ (0...1e9).contains($0) }),
            (1...1e9).contains(batteryDeadAfter ?? 1)
        else {
            throw ValidationError(
                """
                --compressor-fails-after and --drop-after must be 0 to 1000000000, --battery-dead-after 1 to 1000000000.
                """)
        }
    }

    var climate: CargoClimate {
        let openings = doorAfter.map { CargoClimate.DoorOpening(after: .seconds($0), lasts: .seconds(doorFor)) }
        return CargoClimate(
            seed: seed, doorOpenings: openings.isEmpty ? nil : openings,
            defrost: defrost ? CargoClimate.Defrost(every: .seconds(defrostEvery), lasts: .seconds(defrostFor)) : nil,
            compressorFailsAfter: compressorFailsAfter.map { .seconds($0) })
    }
}
