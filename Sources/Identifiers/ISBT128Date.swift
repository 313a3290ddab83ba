/// The ways in which ISBT 128 writes a day (ST-001 sections 2.4.4 to 2.4.9 and 2.4.26).
enum ISBT128Date {
    /// The day that the content names: century digit, year and day of the year, then perhaps hour and minute; or year
    /// and month. Nil where the calendar has none, and for a form that is no date.
    static func day(_ content: ArraySlice<UInt8>, _ form: ISBT128Structure.Form) -> GS1Date? {
        guard content.allSatisfy(isDigit) else { return nil }
        switch form {
        case .plain, .donation: return nil
        case .month:
            guard content.count == 6 else { return nil }
            return GS1Date(year: decimal(content.prefix(4)), month: decimal(content.suffix(2)), day: 0)
        case .dayOfYear:
            guard content.count == 6 else { return nil }
            return dayOfYear(content)
        case .dayOfYearAndTime:
            guard content.count == 10, decimal(content.dropFirst(6).prefix(2)) < 24, decimal(content.suffix(2)) < 60
            else { return nil }
            return dayOfYear(content.prefix(6))
        }
    }

    /// Century 9 is the 1900s; 0 and what follows are the 2000s and later.
    private static func dayOfYear(_ digits: ArraySlice<UInt8>) -> GS1Date? {
        let year = decimal(digits.prefix(3))
        return GS1Date(year: year >= 900 ? 1_000 + year : 2_000 + year, dayOfYear: decimal(digits.suffix(3)))
    }
}
