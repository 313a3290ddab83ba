import Foundation
import History
import Ledger
import Store
import Testing

@Suite struct AdverseCaseTests {
    private func history() async throws -> TestHistory {
        let history = try TestHistory()
        try await history.fill()
        try await history.open(
            "event", contract: "adverse-event", step: "serious.reported", facts: [("problem", "A0401")])
        return history
    }

    private func found(_ history: TestHistory, after days: Int64 = 0) throws -> AdverseCase {
        let order = try #require(history.orders["event"])
        let now = history.gateway.clock.now + days * 86_400_000_000
        return try history.read { try AdverseCase(of: try $0.order(order), now: now, $0, $1) }
    }

    private func reportOf(_ serial: String) async throws -> TestHistory {
        let history = try await history()
        try await history.next("finding.recorded", of: "event", facts: [("finding", "C0601")], cites: [serial])
        return history
    }

    @Test func everyLinkThatTouchedTheDeviceIsThere() async throws {
        let event = try found(try await reportOf("A2"))
        #expect(
            Set(event.links.map(\.step)) == [
                "lot.made", "loaded", "order.placed", "materials.recorded", "labelled", "shipped",
            ])
        #expect(event.links.map(\.at) == event.links.map(\.at).sorted())
    }

    @Test func whatSharesItsLotMaterialOrJourneyIsNamed() async throws {
        let history = try await reportOf("A2")
        let event = try found(history)
        let shared = Dictionary(
            event.shared.map { ($0.what, Set($0.orders.map { history.name(of: $0.order) })) },
            uniquingKeysWith: { $0.union($1) })
        #expect(shared == ["lot L7": ["A1", "A3"], "lot T1": ["A1"], "material T1": ["A1"], "journey TRIP-1": ["A3"]])
    }

    @Test(arguments: [(14, false), (15, false), (16, true)]) func theLegalClockRuns(days: Int64, isLate: Bool)
        async throws
    {
        let clock = try #require(try found(try await history(), after: days).clocks.first)
        #expect(clock.step == "serious.submitted")
        #expect(clock.isLate == isLate)
        #expect(clock.done == nil)
    }

    @Test func aDraftHoldsWhatIsKnownAndNamesWhatIsMissing() async throws {
        let history = try await reportOf("A2")
        let event = try found(history)
        let draft = AdverseDraft(of: event, secret: ["narrative": "it broke"], now: history.gateway.clock.now)
        #expect(draft.fda3500A.device["D4 UDI"] == TestHistory.link("A2"))
        #expect(draft.fda3500A.event["B5 narrative"] == "it broke")
        #expect(
            draft.mir.administrative["1.2 classification"] == "Unanticipated serious deterioration in state of health")
        #expect(draft.fda3500A.codes.map(\.code) == ["A0401", "C0601"])
        #expect(draft.missing.contains { $0.contains("A1") })
        #expect(!draft.missing.contains { $0.contains("B5") })
        let without = AdverseDraft(of: event, secret: [:], now: history.gateway.clock.now)
        #expect(without.fda3500A.event["B5 narrative"] == nil)
        #expect(without.missing.contains { $0.contains("B5") })
        _ = try JSONEncoder().encode(draft)
    }

    @Test(arguments: [
        ("A04", true), ("A0401", true), ("A040101", true), ("A040", false), ("a0401", false), ("E0401", false),
        ("A", false),
        ("A04010101", false), ("A٠٤", false),
    ])
    func aCodeHasTheShapeOfItsAnnex(text: String, isCode: Bool) {
        #expect((IMDRFCode(text, annex: .deviceProblem) != nil) == isCode)
    }
}
