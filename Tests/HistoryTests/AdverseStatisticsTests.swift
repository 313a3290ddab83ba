import Foundation
import History
import Ledger
import Testing

@Suite struct AdverseStatisticsTests {
    private static func growth(_ csv: String, present: Int = 2026) throws -> AdverseStatistics.Growth? {
        let counts = try AdverseStatistics.Count.history(csv, file: "history.csv")
        return AdverseStatistics(counts, by: nil, present: present).tables.first?.growth
    }

    /// Figures that were published of one country's reports, each with the years and counts that stand beside it.
    @Test(arguments: [
        ("year,count\n2003,366\n2019,396345\n", 54.76, 16),
        ("year,count,series\n2010,52,per million\n2019,297,per million\n", 21.36, 9),
        ("year,count,series\n2013,148585,users\n2019,318986,users\n", 13.58, 6),
    ])
    func reproducesPublishedGrowth(csv: String, percent: Double, intervals: Int) throws {
        let growth = try #require(try Self.growth(csv))
        #expect((growth.rate * 10_000).rounded() / 100 == percent)
        #expect(growth.intervals == intervals)
    }

    @Test func saysWhatDividingByYearsWouldGive() throws {
        let growth = try #require(try Self.growth("year,count\n2013,148585\n2019,318986\n"))
        #expect((growth.rateByYears * 1_000).rounded() / 10 == 11.5)
    }

    @Test func doesNotCompareAYearThatIsNotOver() throws {
        let csv = "year,count\n2024,100\n2025,200\n2026,3\n"
        #expect(try Self.growth(csv)?.to == 2025)
        #expect(try Self.growth(csv, present: 2025) == nil)
    }

    @Test func addsCountsOfOneYearAndTellsGroupsApart() throws {
        let counts = try AdverseStatistics.Count.history(
            "device,year,source,count\nA,2024,hospital,2\nB,2024,hospital,3\nA,2025,manufacturer,8\n,2025,hospital,1\n",
            file: "h")
        func tables(_ grouping: AdverseStatistics.Grouping?) -> [String: [Double]] {
            let tables = AdverseStatistics(counts, by: grouping, present: 2026).tables
            return Dictionary(uniqueKeysWithValues: tables.map { ($0.group ?? "", $0.years.map(\.number)) })
        }
        #expect(tables(nil) == ["": [5, 9]])
        #expect(tables(.source) == ["hospital": [5, 1], "manufacturer": [8]])
        #expect(tables(.device) == ["A": [2, 8], "B": [3], "unknown": [1]])
    }

    @Test(arguments: [
        ("", 1), ("year\n2019\n", 1), ("year,year,count\n", 1), ("year,count,colour\n", 1), ("year,count\n2019\n", 2),
        ("year,count\n\n19,4\n", 3), ("year,count\n2019,many\n", 2), ("year,count\n2019,-1\n", 2),
        ("year,count\n2019,inf\n", 2), ("year,count\n2019,1\n2020,1,2\n", 3),
    ])
    func refusesAHistoryThatCannotBeRead(csv: String, line: Int) {
        let error = #expect(throws: CustodyError.self) { try AdverseStatistics.Count.history(csv, file: "h.csv") }
        #expect(error?.code == .historyMalformed && error?.place == "h.csv:\(line)", "\(String(describing: error))")
    }

    @Test(arguments: [
        (AdverseStatistics.historyRowsMax - 1, true), (AdverseStatistics.historyRowsMax, true),
        (AdverseStatistics.historyRowsMax + 1, false),
    ])
    func takesAHistoryOfSoManyRows(rows: Int, isTaken: Bool) {
        let text = "year,count\n" + String(repeating: "2019,1\n", count: rows)
        #expect((try? AdverseStatistics.Count.history(text, file: "h").count) == (isTaken ? rows : nil))
    }

    @Test(arguments: [
        (AdverseStatistics.historyBytesMax - 1, true), (AdverseStatistics.historyBytesMax, true),
        (AdverseStatistics.historyBytesMax + 1, false),
    ])
    func takesAHistoryOfSoManyBytes(bytes: Int, isTaken: Bool) {
        let start = "year,count,source\n2019,1,"
        let text = start + String(repeating: "a", count: bytes - start.utf8.count)
        #expect(((try? AdverseStatistics.Count.history(text, file: "h")) != nil) == isTaken)
    }

    @Test(arguments: [
        ("death.reported", "adverse-event", "https://id.gs1.org/01/09506000134352/21/S1", "09506000134352"),
        ("incident.reported", "adverse-event", "+A99912345/ABC", "+A99912345/ABC"),
        ("finding.recorded", "adverse-event", "x", nil), ("recall.opened", "recall", "x", nil),
    ])
    func countsReportsOfTheLedger(step: String, contract: String, device: String, counted: String?) throws {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("Config/contracts")
        let contract = try Contract(
            text: try String(contentsOf: folder.appendingPathComponent("\(contract).yaml"), encoding: .utf8))
        let update = Update(
            order: "o", step: step, parents: [], consortium: Hash.leaf([1]), contract: contract.hash,
            facts: [Fact(name: "device", value: .text(device))], source: Source(.operator))
        let count = AdverseStatistics.Count(
            update, from: "hospital/main", recordedAt: 1_790_000_000_000_000, under: contract, by: nil)
        #expect(count?.device == counted)
        #expect(count.map { "\($0.year) \($0.source) \($0.number)" } == counted.map { _ in "2026 hospital 1.0" })
    }
}
