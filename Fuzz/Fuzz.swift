import ArgumentParser
import Foundation
import Rig

/// Feeds mutated inputs to everything that reads bytes from outside, until the time is over or one of them traps.
@main
struct Fuzz: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "custody-fuzz", abstract: "Feed hostile bytes to Custody's parsers.")

    @Option(help: "How long.")
    var minutes = 1.0
    @Option(help: "Where the sequence of inputs begins; each seed gives the same one.")
    var seed: UInt64 = 1
    @Option(help: "Where an input that traps is kept.")
    var directory = ".build/fuzz"
    @Option(help: "Only this parser; may be given again.")
    var parser: [String] = []
    @Flag(help: .hidden)
    var worker = false

    private var inputPath: String { "\(directory)/input" }

    func run() async throws {
        if worker { return try work() }
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        let program = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().path
        let process = try ChildProcess(
            program,
            ["--worker", "--minutes", "\(minutes)", "--seed", "\(seed)", "--directory", directory]
                + parser.flatMap { ["--parser", $0] },
            output: .descriptor(STDOUT_FILENO), errors: "\(directory)/errors")
        let code = process.wait()
        guard code == 0 else {
            let input = try SharedInput(path: inputPath)
            let kept = "\(directory)/trap-\(input.parser)-\(seed)"
            try Data(input.bytes).write(to: URL(fileURLWithPath: kept))
            print("\(input.parser) ended the process (\(code)); the input is kept in \(kept)")
            throw ExitCode(1)
        }
    }

    private func work() throws {
        let parsers = try Corpus.parsers().filter { parser.isEmpty || parser.contains($0.name) }
        let input = try SharedInput(path: inputPath)
        var mutator = Mutator(seed: seed)
        let end = ContinuousClock.now + .seconds(minutes * 60)
        var inputs = [Int](repeating: 0, count: parsers.count)
        var accepted = inputs
        while ContinuousClock.now < end {
            for (place, parser) in parsers.enumerated() {
                let bytes = mutator.mutate(parser.samples)
                input.keep(bytes, for: parser.name)
                let began = Self.timeWorked
                if try parser.accepts(bytes) { accepted[place] += 1 }
                inputs[place] += 1
                guard Self.timeWorked - began < Self.inputMax else { throw Slow(parser: parser.name) }
            }
        }
        for (place, parser) in parsers.enumerated() {
            print("\(parser.name): \(inputs[place]) inputs, \(accepted[place]) of them well formed")
        }
    }

    /// One input may not take longer: whoever sends it could hold up the gateway.
    private static let inputMax = Duration.seconds(2)

    /// How long this thread has had a processor: on a busy machine it waits for one, through no fault of an input.
    private static var timeWorked: Duration {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }

    private struct Slow: Error {
        let parser: String
    }
}
