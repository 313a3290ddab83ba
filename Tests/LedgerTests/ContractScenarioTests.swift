import Foundation
import Testing

@testable import Ledger

/// The tables that say what a contract is to do, and what is found in contracts that can be read.
@Suite struct ContractScenarioTests {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("Config/contracts")

    private static func text(_ file: String) throws -> String {
        try String(contentsOf: folder.appendingPathComponent(file), encoding: .utf8)
    }

    @Test func everyContractThatShipsHasItsTable() throws {
        let contracts = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path)
            .filter { $0.hasSuffix(".yaml") }
        #expect(contracts.count == 8)
        for file in contracts {
            let contract = try Contract(text: try Self.text(file), file: file)
            #expect(ContractCheck(contract).findings(file: file).isEmpty)
            let table = try ContractScenarios(text: try Self.text("scenarios/" + file), file: file)
            #expect(try table.play(contract) == [], "\(file)")
            #expect(!table.names.isEmpty)
        }
    }

    @Test func theExamplesOfTheManualHold() throws {
        let examples = try Self.text("README.md").components(separatedBy: "```yaml\n").dropFirst()
            .compactMap { $0.components(separatedBy: "```").first }
        #expect(examples.count == 2)
        let contract = try Contract(text: examples[0], file: "README.md")
        #expect(ContractCheck(contract).findings(file: "README.md").isEmpty)
        #expect(try ContractScenarios(text: examples[1], file: "README.md").play(contract) == [])
    }

    private static func failures(_ line: String) throws -> [ContractScenarios.Failure] {
        let text =
            "custody-scenarios: 1\nscenarios:\n  one:\n    - {hospital: order.placed, facts: {product: hip}, as: o}\n"
            + "    - \(line)\n"
        let contract = try Contract(text: try Self.text("custom-device.yaml"))
        return try ContractScenarios(text: text, file: "s.yaml").play(contract)
    }

    @Test(arguments: [
        ("{manufacturer: design.set, facts: {design: d}}", String?.none),
        ("{manufacturer: design.set, facts: {design: d}, refused: fact-missing}", "was accepted"),
        ("{manufacturer: design.set}", "it was refused"),
        ("{manufacturer: design.set, refused: role-not-allowed}", "was to be refused as role-not-allowed"),
        ("{manufacturer: design.set, refused: fact-missing}", nil),
        ("{manufacturer: design.set, facts: {design: d}, disputed: true}", "is not disputed"),
        ("{manufacturer: design.set, facts: {design: d}, on: [gone]}", "has not been recorded"),
    ])
    func aScenarioSaysWhereItWentOtherwise(line: String, expected: String?) throws {
        let failures = try Self.failures(line)
        guard let expected else { return #expect(failures.isEmpty) }
        #expect(failures.map(\.place) == ["s.yaml:5:7"] && failures[0].message.contains(expected), "\(failures)")
    }

    @Test(arguments: [
        "{nurse: order.placed}", "{hospital: a, regulator: b}", "{hospital-1: a}", "{facts: {a: b}}",
        "{hospital: a, refused: because}", "{hospital: a, later: {years: 1}}", "{hospital: a, rule: r}", "just text",
    ])
    func refusesALineThatSaysNothing(line: String) {
        #expect(refusal { try Self.failures(line) }?.code == .yamlMalformed)
    }

    @Test(arguments: [(-1, true), (0, true), (1, false)])
    func aTableIsBounded(step: (offset: Int, fits: Bool)) {
        let line = "    - {hospital: a}\n"
        func fits(_ text: String) -> Bool {
            refusal { try ContractScenarios(text: "custody-scenarios: 1\nscenarios:\n" + text, file: "s") } == nil
        }
        let lines = String(repeating: line, count: ContractScenarios.linesMax + step.offset)
        #expect(fits("  one:\n" + lines) == step.fits)
        let many = (0..<(ContractScenarios.scenariosMax + step.offset)).map { "  s\($0):\n" + line }
        #expect(fits(many.joined()) == step.fits)
    }

    // MARK: What is doubtful

    static let doubtful: [(text: String, names: [String])] = [
        (
            "  b: {by: hospital, after: c}\n  c: {by: hospital, after: b}",
            ["c.yaml:6:6 b can never", "c.yaml:7:6 c can never"]
        ),
        ("  b: {by: hospital, after: a}\n  c: {by: hospital, after: b, excludes: a}", ["c.yaml:7:6 c can never"]),
        ("  b: {by: [], after: a}", ["c.yaml:6:6 b may be recorded by nobody"]),
        (
            "  b: {by: hospital, after: a, excludes: c}\n  c: {by: hospital, after: a, excludes: b}\n"
                + "  d: {by: hospital, after: [b, c]}\n  e: {by: hospital, after: {any: [b, c]}}",
            ["c.yaml:8:6 d can never"]
        ),
        ("  b: {by: hospital, after: {any: [c, a]}}\n  c: {by: hospital, after: b}", []),
        (
            "  b: {by: hospital, after: a, repeats: true}\nrules:\n  r: {when: {step: b}, by: hospital, record: b}",
            ["c.yaml:8:6 r can loop"]
        ),
        (
            "  b: {by: hospital, after: a, repeats: true}\n  c: {by: hospital, after: a, repeats: true}\nrules:\n"
                + "  r: {when: {step: b}, by: hospital, record: c}\n  s: {when: {step: c}, by: hospital, record: b}\n"
                + "  t: {when: {step: b}, by: hospital, record: c}",
            ["c.yaml:9:6 r can loop", "c.yaml:10:6 s can loop", "c.yaml:11:6 t can loop"]
        ),
        (
            "  b: {by: hospital, after: a, repeats: true}\n  c: {by: hospital, after: a}\nrules:\n"
                + "  r: {when: {step: b}, by: hospital, record: c}\n  s: {when: {step: c}, by: hospital, record: b}\n"
                + "  t: {when: {step: b, count: 2}, by: hospital, record: b}", []
        ),
        (
            "  b: {by: hospital, after: b}\n  c: {by: hospital, after: a}\nrules:\n  r: {when: {step: b}, by: hospital, record: c}",
            ["c.yaml:6:6 b can never", "c.yaml:9:6 r is never set off"]
        ),
    ]

    @Test(arguments: doubtful)
    func findsWhatTheAuthorCannotHaveMeant(steps: String, names: [String]) throws {
        let text = "custody-contract: 4\nname: c\nversion: 1\nsteps:\n  a: {by: hospital}\n\(steps)\n"
        let findings = ContractCheck(try Contract(text: text)).findings(file: "c.yaml")
        #expect(findings.count == names.count, "\(findings)")
        for (finding, name) in zip(findings, names) {
            let found = finding.place + finding.message.replacing("step", with: "").replacing("rule", with: "")
            #expect(found.hasPrefix(name), "\(finding)")
        }
    }

    // MARK: Pictures

    @Test func everyStepAndRuleIsDrawn() throws {
        for text in [Gate.text, try Self.text("custom-device.yaml"), try Self.text("transport.yaml")] {
            let contract = try Contract(text: text)
            let svg = ContractDrawing(contract).svg
            for step in contract.steps { #expect(svg.contains(">\(step.name)</text>"), "\(step.name)") }
            for rule in contract.rules { #expect(svg.contains("Rule \(rule.name): when"), "\(rule.name)") }
            #expect(svg == ContractDrawing(contract).svg)
        }
    }

    @Test func noStepIsDrawnOverAnother() throws {
        for text in [Gate.text, try Self.text("custom-device.yaml")] {
            let contract = try Contract(text: text)
            let layout = ContractLayout(contract)
            let boxes = try contract.steps.map { try #require(layout.box($0.name)) }
            for (place, one) in boxes.enumerated() {
                for other in boxes[(place + 1)...] {
                    #expect(
                        one.x + one.width <= other.x || other.x + other.width <= one.x || one.y + one.height <= other.y
                            || other.y + other.height <= one.y)
                }
            }
            for edge in layout.edges { #expect(layout.route(edge).map(\.y) == layout.route(edge).map(\.y).sorted()) }
        }
    }

    @Test func whatAContractSaysIsNoMarkup() throws {
        let text =
            "custody-contract: 4\nname: c\nversion: 1\ntitle: \"<b> & \\\"c\\\"\"\nsteps:\n  \"a<b\": {by: hospital}\n"
        let svg = ContractDrawing(try Contract(text: text)).svg
        #expect(svg.contains("&lt;b&gt; &amp;") && svg.contains("a&lt;b") && !svg.contains("<b>"))
    }
}
