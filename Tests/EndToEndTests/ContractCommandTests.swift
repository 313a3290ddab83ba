import Foundation
import Testing

/// `custody contract`, as its author types it.
@Suite struct ContractCommandTests {
    private static func run(_ arguments: String...) throws -> (code: Int32, lines: [String]) {
        let program = try Program(try TestSite.program("custody"), ["contract"] + arguments, errors: "/dev/null")
        let lines = program.lines()
        return (program.wait(), lines)
    }

    private static let contracts = TestSite.repository + "/Config/contracts/"

    /// A file that goes away with the test.
    private static func file(_ text: String, _ body: (String) throws -> Void) throws {
        let path = FileManager.default.temporaryDirectory.path + "/contract-\(UUID().uuidString).yaml"
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(atPath: path) }
        try body(path)
    }

    @Test(arguments: ["custom-device", "stock-device", "transport"])
    func theContractsThatShipAreSoundAndDoWhatTheirTablesSay(name: String) throws {
        let file = Self.contracts + name + ".yaml"
        #expect(try Self.run("check", file).code == 0)
        let (code, lines) = try Self.run("test", file, Self.contracts + "scenarios/\(name).yaml")
        #expect(code == 0 && lines.last?.hasSuffix("all as written") == true, "\(lines)")
    }

    @Test func allMistakesAreShownWithTheirPlaces() throws {
        let text =
            "custody-contract: 4\nname: c\nversion: 1\nsteps:\n  a: {by: pirate}\n  b: {by: hospital, after: x}\n"
        try Self.file(text) { path in
            let (code, lines) = try Self.run("check", path)
            #expect(code == 1)
            #expect(lines.count == 2 && lines[0].hasPrefix("\(path):5:11: ") && lines[1].hasPrefix("\(path):6:28: "))
        }
    }

    @Test func aTableThatDoesNotHoldFails() throws {
        let text = "custody-scenarios: 1\nscenarios:\n  wrong:\n    - {hospital: loaded, facts: {vehicle: v}}\n"
        try Self.file(text) { path in
            let (code, lines) = try Self.run("test", Self.contracts + "transport.yaml", path)
            #expect(code == 1 && lines.first?.contains("role-not-allowed") == true, "\(lines)")
        }
    }

    @Test func theLifeCycleIsDrawn() throws {
        let picture = FileManager.default.temporaryDirectory.path + "/contract-\(UUID().uuidString).svg"
        defer { try? FileManager.default.removeItem(atPath: picture) }
        #expect(try Self.run("draw", Self.contracts + "custom-device.yaml", "-o", picture).code == 0)
        let svg = try String(contentsOfFile: picture, encoding: .utf8)
        #expect(svg.hasPrefix("<svg ") && svg.contains("compliance.overdue") && svg.hasSuffix("</svg>\n"))
    }
}
