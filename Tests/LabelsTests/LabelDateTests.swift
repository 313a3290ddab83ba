import Labels
import Ledger
import Testing

@Suite struct LabelDateTests {
    @Test(arguments: [
        ("2031-11-30", "311130", "2031-11-30"), ("311130", "311130", "2031-11-30"), ("2031-11", "311100", "2031-11"),
        ("311100", "311100", "2031-11"), ("2028-02-29", "280229", "2028-02-29"), ("1999-12-31", "991231", "1999-12-31"),
    ])
    func readsBothWaysOfWriting(text: String, digits: String, calendar: String) throws {
        let date = try LabelDate(text, year: 2026)
        #expect(date.digits == digits)
        #expect(date.calendar == calendar)
    }

    @Test(arguments: [
        "", "2031", "2031-13-01", "2031-11-31", "2027-02-29", "2031-11-00", "31-11-30", "2031-1-30", "2031-11-30-01",
        "3111300", "31113", "31x130", "-31-11", "2031--11", "2031-00", "311301",
    ])
    func refusesWhatIsNoDay(text: String) {
        #expect(throws: CustodyError.self) { try LabelDate(text, year: 2026) }
    }

    /// A label has two digits of the year: 51 years ahead is the past century.
    @Test(arguments: [("2076-01-01", true), ("2077-01-01", false), ("1977-01-01", true), ("1976-12-31", false)])
    func refusesYearsThatReadersTakeForOthers(text: String, isTaken: Bool) {
        #expect(((try? LabelDate(text, year: 2026)) != nil) == isTaken)
        if !isTaken {
            #expect(throws: CustodyError("label-date-unusable", "")) { try LabelDate(text, year: 2026) }
        }
    }
}
