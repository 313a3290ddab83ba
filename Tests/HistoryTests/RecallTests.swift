import History
import Ledger
import Store
import Testing

@Suite struct RecallTests {
    private func affected(_ scope: RecallScope, _ history: TestHistory) throws -> [AffectedOrder] {
        try history.read { try RecallWalk.affected(by: scope, year: 2026, in: $0, $1) }
    }

    @Test func aRecallReachesEverythingThatSharesItsScopeAndNothingElse() async throws {
        let history = try TestHistory()
        try await history.fill()
        let cases: [(RecallScope, Set<String>)] = [
            (RecallScope(lot: "L7"), ["A1", "A2", "A3"]), (RecallScope(product: TestHistory.gtin), ["A1", "A2", "A3"]),
            (RecallScope(product: TestHistory.gtin, lot: "L8"), []), (RecallScope(material: "T1"), ["A1", "A2"]),
            (RecallScope(journey: "TRIP-1"), ["A2", "A3"]), (RecallScope(journey: "(00)095060001343520017"), ["A1"]),
            (RecallScope(devices: ["(01)09506000134352(21)A3"]), ["A3"]),
            (RecallScope(material: "T1", journey: "TRIP-1"), ["A1", "A2", "A3"]),
        ]
        for (scope, names) in cases {
            #expect(Set(try affected(scope, history).map { history.name(of: $0.order) }) == names, "\(scope.text)")
        }
        #expect(throws: CustodyError(.orderUnknown, "")) { try affected(RecallScope(journey: "TRIP-9"), history) }
    }

    @Test func whereThingsAreAndWhyTheyAreAffectedIsSaid() async throws {
        let history = try TestHistory()
        try await history.fill()
        let first = try #require(
            try affected(RecallScope(material: "T1"), history).first { history.name(of: $0.order) == "A1" })
        #expect(first.because == "relies on material T1")
        #expect(first.unit == TestHistory.box)
        #expect(first.holder?.organisation == "hospital")
        #expect(first.holder?.state == .inTransit)
    }

    /// A device made of a lot that was made of a lot.
    @Test func aRecallGoesThroughWhateverLiesBetween() async throws {
        let history = try TestHistory()
        try await history.open(
            "ore", contract: "material", step: "lot.made", facts: [("material", "ore"), ("lot", "O1")])
        try await history.open(
            "bar", contract: "material", step: "lot.made", facts: [("material", "bar"), ("lot", "B1")])
        try await history.next("tested", of: "bar", facts: [("test", "origin"), ("result", "passed")], cites: ["ore"])
        try await history.open("A1", contract: "implant", step: "order.placed")
        try await history.next("materials.recorded", of: "A1", cites: ["bar"])
        #expect(try affected(RecallScope(material: "O1"), history).map { history.name(of: $0.order) } == ["A1"])
    }

    @Test func progressCountsWhatOrdersSay() async throws {
        let history = try TestHistory()
        try await history.fill()
        try await history.open(
            "recall", contract: "recall", step: "recall.opened", facts: [("reason", "crack"), ("scope", "lot L7")])
        let recall = try #require(history.orders["recall"])
        for serial in ["A1", "A2"] {
            let order = try #require(history.orders[serial])
            try await history.next(
                "device.affected", of: "recall",
                facts: [("order", order), ("device", TestHistory.link(serial)), ("holder", "hospital")])
        }
        try await history.next("recall.noticed", of: "A1", facts: [("recall", recall)], cites: ["recall"])
        func progress() throws -> RecallProgress {
            try history.read { try RecallProgress(of: try $0.order(recall), $0, $1) }
        }
        #expect(try progress().items.map { $0.noticed != nil } == [true, false])
        #expect(try progress().items.allSatisfy { $0.acknowledged == nil })
        try await history.next("notice.acknowledged", of: "recall")
        try await history.next("device.returned", of: "recall", facts: [("device", TestHistory.link("A2"))])
        let last = try #require(try progress().days.last)
        #expect([last.noticed, last.received, last.acknowledged, last.settled] == [1, 0, 2, 1])
        #expect(try progress().items.map(\.settled) == [nil, "device.returned"])
        let device = try #require(history.orders["A1"])
        #expect(throws: CustodyError(.orderUnknown, "")) {
            try history.read { try RecallProgress(of: try $0.order(device), $0, $1) }
        }
    }

    @Test func aSheetHoldsNoFormulas() async throws {
        let history = try TestHistory()
        try await history.open("A1", contract: "implant", step: "order.placed")
        try await history.next("labelled", of: "A1", facts: [("lot", "=1+1,\"x\"")])
        let csv = RecallSheet.csv(of: try affected(RecallScope(lot: "=1+1,\"x\""), history))
        #expect(csv.contains("lot =1+1"))
        #expect(csv.split(separator: "\r\n").count == 2)
        #expect(csv.contains("\"lot =1+1,\"\"x\"\"\""))
    }
}
