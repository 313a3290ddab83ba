import Testing

@testable import Telemetry

@Suite("Temperature limits")
struct TemperatureLimitsTests {
    private static let day = TemperatureLimits.coldSpan

    @Test func takesOfEachPairTheStricter() {
        let label = TemperatureLimits(lowest: 2, highest: 8, grace: 60, mkt: 7, mktSpan: 10)
        let contract = TemperatureLimits(lowest: 1, highest: 6, grace: 30, mkt: 9, mktSpan: 20)
        let both = TemperatureLimits(lowest: 2, highest: 6, grace: 30, mkt: 7, mktSpan: 10)
        #expect(label.joined(with: contract) == both)
        #expect(contract.joined(with: label) == both)
        #expect(both.joined(with: TemperatureLimits()) == both)
        #expect(TemperatureLimits().joined(with: both) == both)
    }

    @Test(arguments: [(30 * day, nil), (day / 2, nil), (30 * day, 25.0)] as [(Int64, Double?)])
    func whoDoesNotLimitTheKineticMeanHasNoSayInItsSpan(_ span: Int64, _ other: Double?) {
        let contract = TemperatureLimits(mkt: 25, mktSpan: span)
        let label = TemperatureLimits(lowest: 2, mkt: other)
        let expected = other == nil ? span : min(span, Self.day)
        #expect(label.joined(with: contract).mktSpan == expected)
        #expect(contract.joined(with: label).mktSpan == expected)
        #expect(label.joined(with: contract).mkt == 25)
    }

    @Test(
        arguments: [
            (TemperatureLimits(), nil), (TemperatureLimits(grace: 5, mkt: 8), nil),
            (TemperatureLimits(lowest: 2), Band(lowest: 2, grace: 0)),
            (TemperatureLimits(highest: 8, grace: 7), Band(highest: 8, grace: 7)),
        ] as [(TemperatureLimits, Band?)])
    func haveABandWhereColdOrHeatIsLimited(_ limits: TemperatureLimits, _ band: Band?) {
        #expect(limits.band == band)
    }

    @Test(
        arguments: [
            (TemperatureLimits(), true), (TemperatureLimits(grace: 5), true), (TemperatureLimits(mkt: 8), false),
            (TemperatureLimits(lowest: 0), false), (TemperatureLimits(highest: 0), false),
        ])
    func areEmptyWhereNothingIsLimited(_ limits: TemperatureLimits, _ isEmpty: Bool) {
        #expect(limits.isEmpty == isEmpty)
    }

    @Test(arguments: [(1.9, false), (2.0, true), (8.0, true), (8.1, false)])
    func allowWhatLiesOnThem(_ value: Double, _ isAllowed: Bool) {
        #expect(TemperatureLimits(lowest: 2, highest: 8).allow(value) == isAllowed)
        #expect(TemperatureLimits().allow(value))
    }
}
