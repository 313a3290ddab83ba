import FoundationEssentials
import Glibc
import Ledger
import Rig
import Synchronization

/// The `custody` program, called as a person calls it.
struct CustodyProgram: Sendable {
    struct Outcome: Sendable {
        let exitCode: Int32
        let output: String
        let complaint: String
    }

    /// The longest that one command may take.
    static let commandMax: Duration = .seconds(30)
    private static let calls = Atomic<Int>(0)

    let path: String
    /// Where what a command says lies until it is read.
    let scratch: String

    /// What a command that must succeed has printed. Throws `demo-command-failed`, `program-not-started`.
    @discardableResult
    func output(_ arguments: [String]) async throws -> String {
        let outcome = try await run(arguments)
        guard outcome.exitCode == 0 else {
            throw CustodyError(
                "demo-command-failed",
                "A command ended with status \(outcome.exitCode): \(CustodyProgram.line(outcome.complaint))",
                at: commandLine(arguments))
        }
        return outcome.output
    }

    /// Throws `demo-command-failed` when it does not end in time, `program-not-started`.
    func run(_ arguments: [String]) async throws -> Outcome {
        let number = CustodyProgram.calls.add(1, ordering: .relaxed).newValue
        let (output, complaint) = ("\(scratch)/command-\(number).out", "\(scratch)/command-\(number).err")
        let process = try ChildProcess(path, arguments, output: .file(output), errors: complaint)
        let exitCode = await process.wait(within: CustodyProgram.commandMax)
        defer {
            unlink(output)
            unlink(complaint)
        }
        try Task.checkCancellation()
        guard let exitCode else {
            await process.stop()
            throw CustodyError("demo-command-failed", "A command did not end in time", at: commandLine(arguments))
        }
        return Outcome(exitCode: exitCode, output: try text(output), complaint: try text(complaint))
    }

    /// As one would type it.
    func commandLine(_ arguments: [String]) -> String {
        ([path] + arguments).map { $0.contains(" ") ? "'\($0)'" : $0 }.joined(separator: " ")
    }

    /// On one line, and not longer than one reads.
    static func line(_ text: String) -> String {
        String(text.split(whereSeparator: \.isNewline).joined(separator: " ").prefix(600))
    }

    private func text(_ path: String) throws -> String {
        String(decoding: try Data(contentsOf: URL(filePath: path)), as: UTF8.self)
    }
}
