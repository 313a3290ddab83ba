import ArgumentParser
import Foundation
import GRDBSQLite
import Ledger
import Consortium

/// Runs simulated consortia, one for each seed, until one breaks a promise.
@main
struct Simulate: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "custody-simulate",
        abstract: "Run gateways on simulated clocks, networks and disks, and check Custody's promises.")

    @Option(help: "The first seed.")
    var seed: UInt64 = 1
    @Option(help: "How many seeds, one after another.")
    var runs = 1
    @Option(help: "A deliberate bug.")
    var fault: PlantedFault?
    @Option(help: "What a member does, whatever the seed says.")
    var lie: Lie?
    @Flag(help: "Go on after a seed that fails.")
    var all = false
    @Flag(help: "Print every event.")
    var trace = false

    @Option(help: "Measure fair weather with this many gateways, instead of looking for what breaks.")
    var growth: Int?
    @Option(help: "Seconds that are measured, where growth is.")
    var seconds = 600

    func run() throws {
        try Self.hashAlike()
        DiskVFS.register()
        if let growth { return try measure(growth) }
        let start = ContinuousClock.now
        var failures = 0
        for seed in seed..<seed + UInt64(runs) {
            let began = ContinuousClock.now
            let ground = try Self.ground(for: seed)
            let plan = World.Plan(
                seed: seed, fault: fault, lie: lie, isTraced: trace, mirror: Self.mirror(for: seed))
            let finished = Self.simulate(plan, ground)
            let result = finished.read()
            if all, (seed - self.seed) % 50 == 49 {
                print("\(seed - self.seed + 1) seeds, \(ContinuousClock.now - start)")
            }
            fflush(nil)
            if trace || runs == 1 { print("seed \(seed): \(result.summary), \(ContinuousClock.now - began)") }
            guard let failure = result.failure else { continue }
            print("seed \(seed) FAILED: \(failure)")
            if !trace, !all { for event in result.events { print("  \(event)") } }
            print("again: make simulate SEED=\(seed)\(fault.map { " FAULT=\($0.rawValue)" } ?? "")")
            fflush(nil)
            failures += 1
            guard all else { throw ExitCode(1) }
        }
        print("\(runs) seeds from \(seed), \(failures) failed (\(ContinuousClock.now - start))")
        guard failures == 0 else { throw ExitCode(1) }
    }

    private func measure(_ gateways: Int) throws {
        print(Growth.Row.head)
        for isPartial in [false, true] {
            let began = ContinuousClock.now
            Timeline.shared.reset()
            LockTable.reset()
            let measured = Measured()
            let plan = Growth.Plan(gateways: gateways, seconds: seconds, isPartial: isPartial, seed: seed)
            Task(executorPreference: Timeline.shared) { measured.row = await Growth.row(of: plan) }
            Timeline.shared.drive { measured.row != nil && Timeline.shared.isIdle }
            guard let row = measured.row else { throw CustodyError("simulation-not-ended", "nothing happens any more") }
            print(try row.get().text + "   (\(ContinuousClock.now - began))")
            fflush(nil)
        }
    }

    private final class Measured: @unchecked Sendable {
        // Unchecked: only the simulation's one thread touches it.
        var row: Result<Growth.Row, any Error>?
    }

    /// Sets have the same order in every process, here and in what is simulated.
    private static func hashAlike() throws {
        let name = "SWIFT_DETERMINISTIC_HASHING"
        guard getenv(name) == nil else { return }
        setenv(name, "1", 1)
        execv("/proc/self/exe", CommandLine.unsafeArgv)
        throw CustodyError(
            "simulation-not-started", "the program cannot start itself again: \(String(cString: strerror(errno)))")
    }

    /// A consortium and the disks of its freshly founded gateways, which are the same for every seed.
    @Simulation private final class Ground {
        let consortium: SimulatedConsortium
        var founded: [SimulatedDisk.Image]?

        nonisolated init(_ consortium: SimulatedConsortium) { self.consortium = consortium }
    }

    nonisolated(unsafe) private static var grounds: [[Int]: Ground] = [:]

    /// Most consortia are small: what goes wrong in large ones goes wrong in small ones, sooner. In three of sixteen one
    /// organisation has a second gateway, which cosigns for nobody.
    private static func ground(for seed: UInt64) throws -> Ground {
        let gateways = [3, 3, 4, 3, 3, 4, 3, 5][Int(seed % 8)]
        let organisations = seed % 8 == 2 || seed % 16 == 15 ? gateways - 1 : gateways
        if let known = grounds[[gateways, organisations]] { return known }
        let ground = Ground(try SimulatedConsortium(gateways: gateways, organisations: organisations))
        grounds[[gateways, organisations]] = ground
        return ground
    }

    /// What a gateway keeps that cosigns for nobody.
    private static func mirror(for seed: UInt64) -> MirrorChoice {
        let choices: [MirrorChoice.Part] = [
            .init(orders: true), .init(orders: true, roles: [.regulator]), .init(orders: true),
            .init(organisations: ["manufacturer"]),
        ]
        return .some(choices[Int(seed / 16 % 4)])
    }

    private static func simulate(_ plan: World.Plan, _ ground: Ground) -> Finished {
        Timeline.shared.reset()
        LockTable.reset()
        let finished = Finished()
        Task(executorPreference: Timeline.shared) { finished.result = await Self.result(of: plan, ground) }
        Timeline.shared.drive { finished.result != nil && Timeline.shared.isIdle }
        return finished
    }

    @Simulation private static func result(of plan: World.Plan, _ ground: Ground) async -> Finished.Result {
        let world = World(plan, ground.consortium, founded: ground.founded)
        await world.run()
        ground.founded = world.foundedDisks
        let summary =
            "\(world.acknowledged.count) acknowledged, \(Timeline.shared.jobCount) jobs, "
            + "fingerprint \(String(world.fingerprint, radix: 16))"
        return Finished.Result(
            summary: summary, failure: world.failure.map { "\($0)" }, events: world.lastEvents(60))
    }

    /// What a simulation leaves.
    private final class Finished: @unchecked Sendable {
        // Unchecked: only the simulation's one thread touches it.

        struct Result: Sendable {
            let summary: String
            let failure: String?
            let events: [String]
        }

        var result: Result?

        func read() -> Result {
            result ?? Result(summary: "stuck", failure: "the simulation runs: nothing happens any more", events: [])
        }
    }
}
