import Foundation
import Ledger
import Store
import Testing

/// A consortium of one hospital with one gateway, made by the commands that people use.
final class TestSite {
    let folder: String

    var state: String { folder + "/state" }
    var ledger: String { state + "/ledger.sqlite" }

    init() throws {
        folder = FileManager.default.temporaryDirectory.path + "/custody-site-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try make()
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    private func make() throws {
        let contracts = Self.repository + "/Config/contracts"
        try custody(
            "organisation", "create", "hospital", "--role", "hospital", "--name", "The hospital", "--directory",
            folder + "/hospital")
        try custody(
            "consortium", "create", "demo", "--organisation", folder + "/hospital/organisation.yaml", "--contract",
            contracts + "/custom-device.yaml", "-o", folder + "/c.note")
        try custody("consortium", "sign", folder + "/c.note", "--organisation", folder + "/hospital")
        try custody(
            "init", "--state", state, "--organisation", folder + "/hospital", "--gateway", "main", "--consortium",
            folder + "/c.note", "--contracts", contracts, "--cosigner")
    }

    static let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path

    static func program(_ name: String) throws -> String {
        let beside =
            [Bundle.main.bundleURL, URL(fileURLWithPath: CommandLine.arguments.first ?? "")]
            .flatMap { [$0, $0.deletingLastPathComponent()] } + [URL(fileURLWithPath: repository + "/.build/debug")]
        let found = beside.map { $0.appendingPathComponent(name).path }.first {
            FileManager.default.isExecutableFile(atPath: $0)
        }
        return try #require(found, "\(name) is not built beside the tests")
    }

    /// Runs a command that must succeed.
    @discardableResult
    func custody(_ arguments: String...) throws -> [String] {
        let outcome = try run(arguments)
        try #require(outcome.code == 0, "custody \(arguments.joined(separator: " ")): \(outcome.errors)")
        return outcome.lines
    }

    func run(_ arguments: [String]) throws -> (code: Int32, lines: [String], errors: String) {
        let errors = folder + "/errors-\(UUID().uuidString)"
        let program = try Program(try Self.program("custody"), arguments, errors: errors)
        let lines = program.lines()
        let code = program.wait()
        return (code, lines, try String(contentsOfFile: errors, encoding: .utf8))
    }

    /// A copy of the gateway as it was made.
    func copyState(to name: String) throws -> String {
        let copy = folder + "/" + name
        try FileManager.default.copyItem(atPath: state, toPath: copy)
        return copy
    }
}
