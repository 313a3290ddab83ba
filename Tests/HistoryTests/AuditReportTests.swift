import History
import Ledger
import Store
import Testing

@Suite struct AuditReportTests {
    private func report(
        _ names: [String], _ history: TestHistory, in span: ClosedRange<Int64> = .min ... .max
    ) throws -> AuditReport {
        let orders = try names.map { try #require(history.orders[$0]) }
        return try history.read { snapshot, rulebook in
            try AuditReport(
                of: try orders.map { try snapshot.order($0) }, in: span, now: history.gateway.clock.now, snapshot,
                rulebook)
        }
    }

    @Test func everyRecordSaysWhoWhatWhenAndWhy() async throws {
        let history = try TestHistory()
        try await history.fill()
        try await history.next("withdrawn", of: "T1", facts: [("reason", "a crack")])
        let report = try report(["T1", "A1"], history)
        #expect(
            report.rows.map(\.step) == [
                "lot.made", "order.placed", "materials.recorded", "labelled", "shipped", "withdrawn",
            ])
        #expect(report.rows.last?.why == "reason: a crack")
        #expect(report.rows.allSatisfy { $0.organisation == "hospital" && $0.leafHash.count == 64 })
        #expect(!report.isCut)
    }

    @Test func anEarlierValueStandsBesideTheLaterOne() async throws {
        let history = try TestHistory()
        try await history.open("A1", contract: "implant", step: "order.placed")
        for lot in ["T1", "T2"] { try await history.next("materials.recorded", of: "A1", facts: [("lot", lot)]) }
        let report = try report(["A1"], history)
        #expect(report.rows.map(\.before) == [[:], [:], ["lot": "T1"]])
        let page = AuditPage(report, proofs: [(order: "<o>", bytes: [1])]).html()
        #expect(page.contains("lot: T2 <s>T1</s>"))
        #expect(page.contains("&lt;o&gt;") && !page.contains("<o>"))
    }

    @Test func aSpanOfTimeHoldsWhatWasRecordedInIt() async throws {
        let history = try TestHistory()
        let begin = history.gateway.clock.now
        try await history.open("A1", contract: "implant", step: "order.placed")
        try await history.next("materials.recorded", of: "A1", facts: [("lot", "T1")])
        let first = begin + 60_000_000
        #expect(try report(["A1"], history, in: first...first).rows.map(\.step) == ["order.placed"])
        #expect(try report(["A1"], history, in: (first + 1)...(.max)).rows.map(\.step) == ["materials.recorded"])
        let found = try history.read { snapshot, _ in
            try snapshot.orders(recordedIn: (first + 1)...(.max), limit: 9).map(\.name)
        }
        #expect(found == [history.orders["A1"]])
    }
}
