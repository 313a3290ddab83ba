import Gateway
import Testing

@Suite struct CalendarYearTests {
    /// Microseconds of midnight on New Year's Day.
    private static let days: [(year: Int, newYear: Int64)] = [
        (1900, -2_208_988_800), (1970, 0), (1971, 31_536_000), (2000, 946_684_800), (2001, 978_307_200),
        (2024, 1_704_067_200), (2025, 1_735_689_600), (2027, 1_798_761_600), (2100, 4_102_444_800),
        (2101, 4_133_980_800),
    ]

    @Test(arguments: days) func aYearBeginsAtMidnight(year: Int, newYear: Int64) {
        #expect(CalendarYear.of(newYear * 1_000_000) == year)
        #expect(CalendarYear.of(newYear * 1_000_000 - 1) == year - 1)
    }

    @Test(arguments: [(Int64.min, -290_308), (.max, 294_247)]) func noTimeIsTooFarAway(time: Int64, year: Int) {
        #expect(CalendarYear.of(time) == year)
    }
}
