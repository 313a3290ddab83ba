import Foundation
import FoundationXML
import History
import Ledger
import Store
import Testing

@Suite struct TraceTests {
    private struct Shown: Decodable {
        struct Link: Decodable { let order: String }
        struct Stay: Decodable {
            let unit: String
            let unpackedAt: String?
        }
        struct Place: Decodable {
            let organisation, state, step, certainty: String
            let to: String?
        }
        let kind: String
        let upstream, downstream: [Link]
        let units: [Stay]
        let holder: Place?
    }

    private func trace(_ name: String, _ history: TestHistory) throws -> Trace {
        let order = try #require(history.orders[name])
        return try history.read { try Trace(of: try $0.order(order), snapshot: $0, rulebook: $1) }
    }

    private func shown(_ name: String, _ history: TestHistory) throws -> Shown {
        try JSONDecoder().decode(Shown.self, from: try JSONEncoder().encode(try trace(name, history)))
    }

    @Test func aTraceReachesUpstreamAndDownstream() async throws {
        let history = try TestHistory()
        try await history.fill()
        try await history.open(
            "event", contract: "adverse-event", step: "incident.reported", facts: [("problem", "A0401")])
        let device = try shown("A2", history)
        #expect(device.kind == "device")
        #expect(Set(device.upstream.map { history.name(of: $0.order) }) == ["T1", "TRIP-1"])
        #expect(device.downstream.isEmpty)
        #expect(Set(try shown("T1", history).downstream.map { history.name(of: $0.order) }) == ["A1", "A2"])
        #expect(Set(try shown("TRIP-1", history).downstream.map { history.name(of: $0.order) }) == ["A2", "A3"])
    }

    @Test func aTraceSaysInWhichCaseAThingIsAndWhoHasIt() async throws {
        let history = try TestHistory()
        try await history.fill()
        let device = try shown("A1", history)
        #expect(device.units.map(\.unit) == [TestHistory.box])
        #expect(device.units[0].unpackedAt == nil)
        #expect(device.holder?.state == "in-transit")
        #expect(device.holder?.to == "9506000134376")
        #expect(device.holder?.certainty == "recorded")
        try await history.next("unpacked", of: "box", subjects: [TestHistory.box])
        for step in ["received", "installed"] { try await history.next(step, of: "A1") }
        let after = try shown("A1", history)
        #expect(after.units[0].unpackedAt != nil)
        #expect(after.holder?.state == "used")
    }

    /// What others wrote is shown as text, whatever it holds.
    @Test func picturesAndPagesAreWellFormedWhateverFactsHold() async throws {
        let history = try TestHistory()
        let hostile = "</title><script>alert(1)</script>\u{0}\u{202E}\"'&]]>"
        try await history.open("A1", contract: "implant", step: "order.placed", facts: [("number", hostile)])
        try await history.next("materials.recorded", of: "A1", facts: [("material", hostile), ("lot", hostile)])
        let trace = try trace("A1", history)
        let svg = Timeline(trace).svg()
        #expect(XMLParser(data: Data(svg.utf8)).parse())
        let page = TracePage(trace, proof: [1, 2, 3]).html()
        #expect(!page.contains("<script"))
        #expect(!page.contains("\u{202E}"))
        #expect(page.contains("base64,AQID"))
        #expect(page.contains("default-src 'none'"))
        #expect(!trace.text.contains("\u{202E}"))
    }

    @Test(arguments: [Timeline.stepsMax - 1, Timeline.stepsMax, Timeline.stepsMax + 1])
    func aLongTraceIsDrawnWithItsMiddleLeftOut(steps: Int) async throws {
        let history = try TestHistory()
        try await history.open("A1", contract: "implant", step: "order.placed")
        for number in 1..<steps {
            try await history.next("materials.recorded", of: "A1", facts: [("lot", "\(number)")])
        }
        let svg = Timeline(try trace("A1", history)).svg()
        #expect(XMLParser(data: Data(svg.utf8)).parse())
        #expect(svg.components(separatedBy: "<g><title>").count - 1 == min(steps, Timeline.stepsMax))
        #expect(svg.contains("1 steps in the middle are not shown") == (steps > Timeline.stepsMax))
    }
}
