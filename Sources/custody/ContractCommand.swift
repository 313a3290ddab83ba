import ArgumentParser
import Foundation
import Ledger

/// `custody contract`: for whoever writes a contract.
struct ContractCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "contract", abstract: "Check, draw and try out a contract.",
        subcommands: [ContractCheckCommand.self, ContractDrawCommand.self, ContractTestCommand.self])
}

/// Something of a file that does not hold, as commands show it.
private struct FilePlace: Encodable {
    let place: String
    let message: String
    var remedy: String?

    var text: String { "\(place): \(message)\(remedy.map { ". \($0)" } ?? "")" }
}

private struct ContractCheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Say all that is wrong or doubtful in contracts.",
        discussion: """
            Each with its line and column: mistakes, steps that can never be recorded or that nobody may record, and \
            rules that can loop.
            """)

    @Argument(help: "Contracts.")
    var files: [String]
    @OptionGroup var output: OutputOptions

    func run() throws {
        let findings = try files.flatMap { file in try Self.findings(in: try NamedFile.text(file), file: file) }
        let contracts = "\(files.count) contract\(files.count == 1 ? "" : "s")"
        let summary = findings.isEmpty ? "\(contracts): nothing is wrong" : findings.map(\.text).joined(separator: "\n")
        try output.print(findings, text: summary)
        guard findings.isEmpty else {
            throw CheckFailed(
                message: "\(findings.count) thing\(findings.count == 1 ? "" : "s") to look at in \(contracts)")
        }
    }

    private static func findings(in text: String, file: String) throws -> [FilePlace] {
        let problems = Contract.problems(in: text, file: file)
        guard problems.isEmpty else {
            return problems.map { FilePlace(place: $0.place ?? file, message: $0.message, remedy: $0.remedy) }
        }
        return ContractCheck(try Contract(text: text, file: file)).findings(file: file).map {
            FilePlace(place: $0.place, message: $0.message)
        }
    }
}

private struct ContractDrawCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "draw", abstract: "Draw a contract's life cycle as an SVG picture.")

    @Argument(help: "A contract.")
    var file: String
    @Option(name: [.short, .customLong("output")], help: "Where the picture goes; standard output otherwise.")
    var output: String?

    func run() throws {
        let svg = ContractDrawing(try Contract(text: try NamedFile.text(file), file: file)).svg
        guard let output else { return print(svg, terminator: "") }
        try NamedFile.write(Array(svg.utf8), to: output)
    }
}

private struct ContractTestCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "test", abstract: "Play a table of allowed and refused sequences of steps.",
        discussion: "Operators' signatures and cosigners' confirmations are taken for given.")

    @Argument(help: "A contract.")
    var file: String
    @Argument(help: "Scenarios.")
    var scenarios: String
    @OptionGroup var output: OutputOptions

    func run() throws {
        let contract = try Contract(text: try NamedFile.text(file), file: file)
        let table = try ContractScenarios(text: try NamedFile.text(scenarios), file: scenarios)
        let failures = try table.play(contract).map { failure in
            FilePlace(place: failure.place, message: "\(failure.scenario): \(failure.message)")
        }
        let count = "\(table.names.count) scenario\(table.names.count == 1 ? "" : "s")"
        try output.print(
            failures, text: failures.isEmpty ? "\(count): all as written" : failures.map(\.text).joined(separator: "\n")
        )
        guard failures.isEmpty else { throw CheckFailed(message: "\(failures.count) of \(count) failed") }
    }
}
