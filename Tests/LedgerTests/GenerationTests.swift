import Testing

@testable import Ledger

@Suite struct GenerationTests {
    /// 2026-11-23 12:56:42.317 UTC.
    static let time: Int64 = 1_795_438_602_317_000

    @Test func namesTheNextGenerationAfterItsTime() {
        #expect(Generation.next(after: "hospital/main", at: Self.time) == "hospital/main.20261123125642317")
        #expect(
            Generation.next(after: "hospital/main.20200101000000000", at: Self.time)
                == "hospital/main.20261123125642317")
    }

    @Test(arguments: [
        (Int64(0), "19700101000000000"), (951_782_399_999_000, "20000228235959999"),
        (951_782_400_000_000, "20000229000000000"), (4_107_542_400_000_000, "21000301000000000"),
        (-5, "19700101000000000"),
    ])
    func writesTheCalendarDate(time: Int64, number: String) {
        #expect(Generation.next(after: "a/b", at: time) == "a/b.\(number)")
    }

    /// A clock that was set back must not bring a name again.
    @Test(arguments: [time, time - 1, 0])
    func numbersRise(time: Int64) {
        let first = Generation.next(after: "hospital/main", at: Self.time)
        let second = Generation.next(after: first, at: time)
        #expect(Generation.number(ofOrigin: second) > Generation.number(ofOrigin: first))
        #expect(Generation.gateway(ofOrigin: second) == "hospital/main")
    }

    @Test(arguments: [
        "hospital/main", "hospital/main.2", "hospital/main.2026112312564231", "hospital/main.202611231256423170",
        "hospital/main.2026112312564231x", "hospital/.20261123125642317", ".20261123125642317", "",
        "hospital/main20261123125642317",
    ])
    func takesOtherNamesForGatewaysOfTheirOwn(origin: String) {
        #expect(Generation.gateway(ofOrigin: origin) == origin)
        #expect(Generation.number(ofOrigin: origin) == 0)
    }

    @Test(arguments: [
        ("h/a", "h/a", true), ("h/a", "h/a.20261123125642317", true),
        ("h/a.20261123125642317", "h/a.20261123125642318", true),
        ("h/a.20261123125642318", "h/a.20261123125642317", false),
        ("h/a.20261123125642317", "h/a", false), ("h/b", "h/a.20261123125642317", false), ("h/a", "h/b", false),
        ("s/a", "h/a.20261123125642317", false),
    ])
    func aLaterGenerationGoesOnWithTheOrdersOfAnEarlierOne(opener: String, origin: String, belongs: Bool) {
        let order = OrderName.make(origin: opener, milliseconds: 1, random: (2, 3))
        #expect(OrderName.belongs(order, to: origin) == belongs)
    }
}
