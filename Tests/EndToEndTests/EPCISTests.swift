import Foundation
import Testing

/// Events as a hospital and a maker exchange them with systems that know nothing of the consortium.
@Suite(.timeLimit(.minutes(2))) struct EPCISTests {
    private static let thing = "urn:epc:id:sgtin:9506000.013435.S1"

    private struct Outcome: Decodable {
        let outcome: String
        let step, code, update: String?
    }

    private struct Trace: Decodable {
        struct Step: Decodable {
            let step, source: String
            let subjects: [String]
        }

        let steps: [Step]
    }

    private let site: TestSite

    init() throws {
        site = try TestSite(["supplier", "hospital", "manufacturer"], contracts: ["stock-device"])
    }

    // MARK: Commands

    private func epcis(_ arguments: [String], at member: String) throws -> (
        code: Int32, lines: [String], errors: String
    ) {
        try site.run(["epcis"] + arguments + ["--state", site.state(of: member)])
    }

    private func imported(_ file: String, at member: String) throws -> (code: Int32, outcomes: [Outcome]) {
        let (code, lines, errors) = try epcis(["import", file, "--json"], at: member)
        let outcomes = try? JSONDecoder().decode([Outcome].self, from: Data(lines.joined().utf8))
        return (code, try #require(outcomes, "\(errors)"))
    }

    private func exported(_ arguments: [String], at member: String) throws -> String {
        let file = site.folder + "/export-\(UUID().uuidString).jsonld"
        let (code, _, errors) = try epcis(["export"] + arguments + ["-o", file], at: member)
        try #require(code == 0, "\(errors)")
        return file
    }

    private func steps(at member: String) throws -> [Trace.Step] {
        let outcome = try site.run(["trace", "PO-7", "--json", "--state", site.state(of: member)])
        return (try? JSONDecoder().decode(Trace.self, from: Data(outcome.lines.joined().utf8)).steps) ?? []
    }

    // MARK: Documents

    private func event(_ bizStep: String, _ minute: Int, epc: String = thing, more: String = "") -> String {
        #"{"type":"ObjectEvent","eventTime":"2026-11-24T08:\#(minute):00+01:00","eventTimeZoneOffset":"+01:00","#
            + #""action":"OBSERVE","bizStep":"\#(bizStep)","epcList":["\#(epc)"]\#(more)}"#
    }

    private func document(_ events: String...) throws -> String {
        let file = site.folder + "/document-\(UUID().uuidString).jsonld"
        let context = "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"
        let text =
            #"{"@context":["\#(context)"],"type":"EPCISDocument","schemaVersion":"2.0","#
            + #""creationDate":"2026-11-24T08:00:00Z","epcisBody":{"eventList":[\#(events.joined(separator: ","))]}}"#
        try text.write(toFile: file, atomically: true, encoding: .utf8)
        return file
    }

    private func checkSchema(_ file: String) throws {
        let schema = TestSite.repository + "/Tests/EPCISTests/Schema/EPCIS-JSON-Schema.json"
        let program = try Program(
            "/usr/bin/python3", [TestSite.repository + "/Tests/Conformance/epcis.py", schema, file], errors: "/dev/null"
        )
        let lines = program.lines()
        #expect(program.wait() == 0, "\(lines)")
    }

    private func ids(in file: String) throws -> [String] {
        let text = try String(contentsOfFile: file, encoding: .utf8)
        return text.components(separatedBy: #""eventID":""#).dropFirst().compactMap {
            $0.components(separatedBy: "\"").first
        }
    }

    // MARK: The exchange

    @Test func eventsOfOthersBecomeStepsAndStepsBecomeEventsForOthers() async throws {
        let gateways = try await RunningGateway.all(["hospital", "manufacturer"], of: site)
        try site.custody(
            "order", "open", "--contract", "stock-device", "--number", "PO-7", "--fact", "product=hip", "--scan",
            "(01)09506000134352(10)L7(21)S1", "--state", site.state(of: "hospital"))
        try await until("the maker has the order") { try self.steps(at: "manufacturer").count == 1 }

        // Too early for the hospital.
        let received = try document(event("receiving", 40))
        let early = try imported(received, at: "hospital")
        #expect(early.code == 1 && early.outcomes.map(\.code) == ["step-out-of-order"])

        // Taken in the order of their times.
        let sent = try document(event("shipping", 30), event("staging_outbound", 20))
        let taken = try imported(sent, at: "manufacturer")
        #expect(taken.code == 0 && taken.outcomes.map(\.outcome) == ["recorded", "recorded"])
        #expect(taken.outcomes.map(\.step) == ["released", "shipped"])
        let again = try imported(sent, at: "manufacturer")
        #expect(again.code == 0 && again.outcomes.map(\.outcome) == ["already-there", "already-there"])

        try await until("the hospital has what was sent") { try self.steps(at: "hospital").count == 3 }
        // What somebody else has imported is there as well.
        #expect(try imported(sent, at: "hospital").outcomes.map(\.outcome) == ["already-there", "already-there"])
        #expect(try imported(received, at: "hospital").code == 0)
        #expect(try steps(at: "hospital").map(\.source) == ["operator", "import", "import", "import"])

        // The maker's events do not name the lot.
        #expect(
            try steps(at: "hospital").allSatisfy { $0.subjects == ["https://id.gs1.org/01/09506000134352/10/L7/21/S1"] }
        )

        try checkRefusals()
        try await checkExports()
        for gateway in gateways { gateway.stop() }
        for member in ["hospital", "manufacturer"] { try site.custody("verify", "--state", site.state(of: member)) }
    }

    private func checkRefusals() throws {
        let error = #","errorDeclaration":{"declarationTime":"2026-11-24T09:00:00Z","reason":"did_not_occur"}"#
        let withdrawn = try imported(try document(event("receiving", 40, more: error)), at: "hospital")
        #expect(withdrawn.code == 1 && withdrawn.outcomes.map(\.code) == ["event-withdrawn"])
        #expect(withdrawn.outcomes.first?.update == "hospital/main:2")
        let strange = try document(
            event("receiving", 41, epc: "urn:epc:id:sgtin:9506000.013435.S2"), event("receiving", 42, more: error),
            event("retail_selling", 43), event("receiving", 44))
        let (code, outcomes) = try imported(strange, at: "hospital")
        #expect(code == 1)
        #expect(outcomes.map(\.outcome) == ["no-order", "refused", "refused", "refused"])
        #expect(outcomes.map(\.code) == ["order-unknown", "event-withdrawn", "step-unmapped", "step-repeated"])
        #expect(try steps(at: "hospital").count == 4)
    }

    private func checkExports() async throws {
        let file = try exported(["PO-7"], at: "hospital")
        try checkSchema(file)
        let ids = try ids(in: file)
        #expect(ids.count == 4 && Set(ids).count == 4)
        #expect(try site.custody("epcis", "hash", file) == ids)
        // One update is one event, whoever exports it.
        try await until("the maker has all") { try self.steps(at: "manufacturer").count == 4 }
        #expect(try self.ids(in: try exported(["PO-7"], at: "manufacturer")) == ids)
        let back = try imported(file, at: "manufacturer")
        #expect(back.code == 0 && back.outcomes.allSatisfy { $0.outcome == "already-there" })

        let all = try exported(["--from", "2026-01-01"], at: "hospital")
        try checkSchema(all)
        #expect(Set(try self.ids(in: all)) == Set(ids))
        let unknown = try epcis(["export", "nobody", "-o", site.folder + "/unknown.jsonld"], at: "hospital")
        #expect(unknown.code == 2 && unknown.errors.contains("[order-unknown]"), "\(unknown.errors)")
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: site.folder).filter { $0.hasPrefix("unknown") }.isEmpty)
        let none = try exported(["--to", "2026-01-01T00:00:00Z"], at: "hospital")
        try checkSchema(none)
        #expect(try self.ids(in: none).isEmpty)
        for what in [[], ["PO-7"]] {
            let (_, lines, errors) = try epcis(["export", "--limit", "3"] + what, at: "hospital")
            #expect(lines.count { $0.hasPrefix(#"{"type""#) } == 3)
            let last = try #require(errors.split(separator: " ").last)
            let after = ["--after", last.trimmingCharacters(in: .newlines)]
            #expect(errors.contains(after.joined(separator: " ")))
            #expect(try self.ids(in: try exported(after + what, at: "hospital")).count == 1)
        }
    }

    // MARK: Without a running gateway

    @Test func aPersonSaysWhatAnEventLeavesOpen() throws {
        let site = try TestSite(["logistics"], contracts: ["transport"])
        try site.custody(
            "order", "open", "--contract", "transport", "--number", "T-1", "--fact", "vehicle=truck", "--state",
            site.state)
        let file = site.folder + "/sensor.jsonld"
        try """
        {"type":"ObjectEvent","eventTime":"2026-11-24T02:00:00Z","eventTimeZoneOffset":"+00:00","action":"OBSERVE",
        "bizStep":"sensor_reporting","epcList":[],"readPoint":{"id":"https://id.gs1.org/414/4012345000054"},
        "sensorElementList":[{"sensorMetadata":{"startTime":"2026-11-24T01:00:00Z","endTime":"2026-11-24T02:00:00Z",
        "deviceID":"urn:epc:id:giai:4000001.111"},"sensorReport":[{"type":"Temperature","minValue":2.5,"maxValue":7.50,
        "meanValue":5,"uom":"CEL"}]}]}
        """.write(toFile: file, atomically: true, encoding: .utf8)
        let lost = try site.run(["epcis", "import", file, "--state", site.state])
        #expect(lost.code == 1 && lost.lines.first?.contains("[order-unknown]") == true, "\(lost.lines)")
        let vague = try site.run(["epcis", "import", file, "--order", "T-1", "--state", site.state])
        #expect(vague.code == 1 && vague.lines.first?.contains("[fact-missing]") == true, "\(vague.lines)")
        try site.custody("epcis", "import", file, "--order", "T-1", "--fact", "count=60", "--state", site.state)
        let shown = try site.custody("conditions", "T-1", "--state", site.state).joined(separator: "\n")
        #expect(shown.contains("min 2.50  mean 5.00  max 7.50"), "\(shown)")

        let gone = site.folder + "/gone.jsonld"
        try #"{"type":"ObjectEvent","eventTime":"2026-11-24T03:00:00Z","bizStep":"departing","action":"OBSERVE"}"#
            .write(
                toFile: gone, atomically: true, encoding: .utf8)
        try site.custody(
            "epcis", "import", gone, "--order", "T-1", "--map", "departing=unloaded", "--state", site.state)
        #expect(try site.custody("trace", "T-1", "--state", site.state).contains { $0.hasPrefix("unloaded ") })
        try site.custody("verify", "--state", site.state)
    }
}
