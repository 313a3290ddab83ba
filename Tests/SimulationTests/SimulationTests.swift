import Foundation
import Rig
import Testing

/// Whole consortia on simulated clocks, networks and disks: `make simulate` runs single seeds of them.
@Suite(.serialized) struct SimulationTests {
    /// Seeds of every run of the tests, in two processes.
    static let seeds = 300
    /// Seeds within which each planted fault must be found; without it they keep every promise.
    static let seedsForFault = 60

    @Test(.timeLimit(.minutes(10))) func everySeedKeepsEveryPromise() async throws {
        let half = Self.seeds / 2
        let runs = try [1, 1 + half].map { try Simulator(["--seed", "\($0)", "--runs", "\(half)"]) }
        for run in runs { #expect(run.wait() == 0, "\(run.output)") }
    }

    @Test(
        .timeLimit(.minutes(10)),
        arguments: [
            "skips-sync", "answers-early", "cosigns-early", "trusts-heads", "takes-any-previous", "counts-twice",
            "lowers-quorum", "judges-by-arrival", "drops-waiting", "hides-evidence", "reuses-index", "forgives-broken",
            "keeps-too-little",
        ])
    func findsThePlantedFault(_ fault: String) throws {
        let run = try Simulator(["--fault", fault, "--seed", "1", "--runs", "\(Self.seedsForFault)"])
        #expect(run.wait() == 1, "\(fault) was not found")
        #expect(run.output.contains("again: make simulate SEED="))
    }

    @Test func whatIsAskedIsAnsweredAndEveryUpdateConfirmed() throws {
        let run = try Simulator(["--growth", "3", "--seconds", "1200"])
        // It fails where requests or bytes do not add up.
        #expect(run.wait() == 0, "\(run.output)")
        let rows = run.output.split(separator: "\n").filter { $0.contains("8 of 8") }
        #expect(rows.count == 2, "\(run.output)")
    }

    @Test func aSeedRepeatsExactly() throws {
        let runs = try (0..<2).map { _ in try Simulator(["--seed", "5"]) }
        #expect(runs.allSatisfy { $0.wait() == 0 })
        let fingerprints = runs.map { $0.output.firstMatch(of: /fingerprint [0-9a-f]+/)?.output }
        #expect(fingerprints[0] != nil)
        #expect(fingerprints[0] == fingerprints[1])
    }
}

/// The simulator as a program.
private final class Simulator {
    private let process: ChildProcess
    private let file: String

    init(_ arguments: [String]) throws {
        file = FileManager.default.temporaryDirectory.path + "/custody-simulate-\(UUID().uuidString)"
        let program = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
        process = try ChildProcess(program.path + "/custody-simulate", arguments, output: .file(file))
    }

    deinit { try? FileManager.default.removeItem(atPath: file) }

    func wait() -> Int32 { process.wait() }

    var output: String { (try? String(contentsOfFile: file, encoding: .utf8)) ?? "" }
}
