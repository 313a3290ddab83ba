import ArgumentParser

/// What goes wrong with a truck's network, power and clock; all in true seconds since its start.
struct FaultOptions: ParsableArguments {
    @Option(help: "Lose the network after so many seconds.")
    var offlineAfter: Double?

    @Option(help: "Stay without the network for so many seconds.")
    var offlineFor = 10.0

    @Option(help: "The share of the time that is lost to outages of chance, from 0 to \(Outages.shareMax).")
    var loss = 0.0

    @Option(help: "Seconds that an outage of chance lasts on average.")
    var lossFor = 5.0

    @Option(help: "Cut the power after so many seconds, and boot again.")
    var rebootAfter: Double?

    @Option(help: "Seconds without power.")
    var rebootFor = 3.0

    @Flag(help: "Number the readings of each boot from 0, and name the boot in each reading.")
    var countByBoot = false

    @Option(help: "Seconds that the truck's clock is wrong, instead of what the seed says.")
    var clockOffset: Double?

    @Option(help: "Microseconds that the truck's clock gains in a second, instead of what the seed says.")
    var clockDrift: Double?

    @Option(help: "Let the truck's clock jump after so many seconds.")
    var clockJumpAfter: Double?

    @Option(help: "Seconds that the truck's clock jumps; negative jumps back.")
    var clockJumpBy = -3_600.0

    func validate() throws {
        let seconds = [offlineAfter ?? 0, offlineFor, rebootAfter ?? 0, rebootFor, clockJumpAfter ?? 0]
        guard seconds.allSatisfy({ (0...1e9).contains($0) }), abs(clockOffset ?? 0) <= 1e9,
            abs(clockDrift ?? 0) <= 1e6, abs(clockJumpBy) <= 1e9
        else { throw ValidationError("A number of seconds is negative or out of all proportion.") }
        guard (0...Outages.shareMax).contains(loss), (0.1...86_400).contains(lossFor) else {
            throw ValidationError("--loss must be 0 to \(Outages.shareMax), --loss-for 0.1 to 86400.")
        }
    }

    func outages(seed: UInt64) -> Outages {
        let planned = offlineAfter.map { Outages.Outage(from: .seconds($0), until: .seconds($0 + offlineFor)) }
        return Outages(seed: seed, share: loss, lasts: .seconds(lossFor), planned: planned.map { [$0] } ?? [])
    }

    func clock(seed: UInt64) -> DeviceClock {
        var clock = DeviceClock.ordinary(seed: seed)
        if let clockOffset { clock.offset = .seconds(clockOffset) }
        if let clockDrift { clock.driftPerMillion = clockDrift }
        clock.jump = clockJumpAfter.map { DeviceClock.Jump(after: .seconds($0), by: .seconds(clockJumpBy)) }
        return clock
    }
}
