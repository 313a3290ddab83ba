import Foundation
import Ledger
import Store
import Telemetry
import Testing

/// A small consortium, made by the commands that people use: one organisation with one gateway, or several.
final class TestSite {
    let folder: String

    var state: String { folder + "/state" }
    var ledger: String { state + "/ledger.sqlite" }

    /// - Parameters:
    ///   - members: the ids of the organisations, which are their roles; the state of the first is `state`.
    ///   - names: of contracts in `Config/contracts`.
    ///   - changed: what is to be different in a contract.
    init(
        _ members: [String] = ["hospital"], contracts names: [String] = ["custom-device"],
        changed: (String) -> String = { $0 }
    ) throws {
        folder = FileManager.default.temporaryDirectory.path + "/custody-site-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: contracts, withIntermediateDirectories: true)
        for name in names {
            let text = try String(
                contentsOfFile: Self.repository + "/Config/contracts/\(name).yaml", encoding: .utf8)
            try changed(text).write(toFile: contracts + "/\(name).yaml", atomically: true, encoding: .utf8)
        }
        try found(members, names)
        for member in members { try start(member, state: member == members.first ? state : state(of: member)) }
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    private var contracts: String { folder + "/contracts" }

    /// Of an organisation that is not the first.
    func state(of member: String) -> String { state + "-" + member }

    private func found(_ members: [String], _ names: [String]) throws {
        for member in members {
            try custody(
                "organisation", "create", member, "--role", member, "--name", "The \(member)", "--directory",
                folder + "/" + member)
        }
        try custody(
            ["consortium", "create", "demo"]
                + members.flatMap { ["--organisation", "\(folder)/\($0)/organisation.yaml"] }
                + names.flatMap { ["--contract", contracts + "/\($0).yaml"] } + ["-o", folder + "/c.note"])
        for member in members {
            try custody("consortium", "sign", folder + "/c.note", "--organisation", folder + "/" + member)
        }
    }

    private func start(_ member: String, state: String) throws {
        try custody(
            "init", "--state", state, "--organisation", folder + "/" + member, "--gateway", "main", "--consortium",
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
    func custody(_ arguments: String...) throws -> [String] { try custody(arguments) }

    @discardableResult
    func custody(_ arguments: [String]) throws -> [String] {
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
    /// - Parameter name: of a folder beside it, which may be there already.
    @discardableResult
    func copyState(to name: String) throws -> String {
        let copy = folder + "/" + name
        try FileManager.default.createDirectory(atPath: copy, withIntermediateDirectories: true)
        for item in try FileManager.default.contentsOfDirectory(atPath: state) {
            try FileManager.default.copyItem(atPath: state + "/" + item, toPath: copy + "/" + item)
        }
        return copy
    }

    /// Lets a gateway without sensors listen on any port.
    func listen(_ member: String, peers: [(name: String, port: Int)] = []) throws {
        let list = peers.map { "{organisation: \($0.name), address: 'https://127.0.0.1:\($0.port)'}" }
        try "custody-gateway: 1\nlisten: 127.0.0.1:0\npeers: [\(list.joined(separator: ", "))]\n".write(
            toFile: state(of: member) + "/gateway.yaml", atomically: true, encoding: .utf8)
    }
}

// MARK: - Sensors

extension TestSite {
    /// Writes the gateway's configuration.
    /// - Parameters:
    ///   - broker: the port of a broker on this machine.
    ///   - topics: YAML of each of its topics.
    ///   - client: more YAML for this broker, such as its client-id.
    ///   - more: YAML of other parts of the configuration.
    func configure(
        broker: Int, topics: [String] = [#""sensors/{device}/{metric}""#], client: [String] = [],
        more: [String] = []
    ) throws {
        let lines =
            ["custody-gateway: 1", "listen: 127.0.0.1:0", "mqtt:", "  - host: 127.0.0.1", "    port: \(broker)"]
            + client.map { "    \($0)" } + ["    topics:"] + topics.map { "      - \($0)" } + more
        try (lines.joined(separator: "\n") + "\n").write(
            toFile: state + "/gateway.yaml", atomically: true, encoding: .utf8)
    }

    /// What arrived; opened again each time, as another program does.
    /// - Parameter place: the state directory, where it is not the first gateway's.
    func intake(of place: String? = nil) throws -> IntakeStore {
        try IntakeStore(path: (place ?? state) + "/intake.sqlite")
    }

    /// That there is each of these readings of a device, once, before and after all readings are packed.
    func expectReadings(
        _ numbers: [UInt64], of device: String, at place: String? = nil,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let intake = try intake(of: place)
        for state in ["as they came", "packed"] {
            let stored = try intake.readings(device: device).compactMap(\.sequence).sorted()
            let missing = Set(numbers).subtracting(stored)
            #expect(missing.isEmpty, "missing \(state)", sourceLocation: sourceLocation)
            let doubled = zip(stored, stored.dropFirst()).filter { $0 == $1 }
            #expect(doubled.isEmpty, "doubled \(state)", sourceLocation: sourceLocation)
            #expect(stored.count == numbers.count, "\(state)", sourceLocation: sourceLocation)
            #expect(try intake.readingCount() == numbers.count, "counted \(state)", sourceLocation: sourceLocation)
            try intake.pack()
        }
        #expect(try intake.undecodableCount() == 0, sourceLocation: sourceLocation)
    }
}
