import Testing

@testable import firmware_sim

@Suite struct OutagesTests {
    private typealias Outage = Outages.Outage

    private static func seconds(_ from: Double, _ until: Double) -> Outages.Outage {
        Outages.Outage(from: .seconds(from), until: .seconds(until))
    }

    @Test(arguments: [0.05, 0.3, 0.5, Outages.shareMax])
    func takeTheirShareOfTheTime(share: Double) throws {
        let outages = Array(Outages(seed: 5, share: share, lasts: .seconds(5)).prefix(4_000))
        let lost = outages.reduce(Duration.zero) { $0 + ($1.until - $1.from) }
        let end = try #require(outages.last).until
        #expect(abs(lost / end - share) < 0.02)
        #expect(zip(outages, outages.dropFirst()).allSatisfy { $0.until < $1.from })
    }

    @Test func areTheSameForTheSameSeed() {
        let outages = [UInt64(1), 1, 2].map { Array(Outages(seed: $0, share: 0.2, lasts: .seconds(1)).prefix(50)) }
        #expect(outages[0] == outages[1])
        #expect(outages[0] != outages[2])
    }

    @Test func withoutChanceThereAreThePlannedOnes() {
        let planned = [Self.seconds(40, 50), Self.seconds(1, 3)]
        #expect(Array(Outages(seed: 1, share: 0, lasts: .seconds(5), planned: planned)) == planned.reversed())
    }

    @Test func onesThatTouchAreOne() {
        let planned = [Self.seconds(1, 3), Self.seconds(2, 9), Self.seconds(9, 10), Self.seconds(11, 12)]
        let outages = Outages(seed: 1, share: 0, lasts: .seconds(5), planned: planned)
        #expect(Array(outages) == [Self.seconds(1, 10), Self.seconds(11, 12)])
    }

    @Test func aPlannedOneSwallowsThoseOfChance() {
        let planned = [Self.seconds(0, 100)]
        let first = Outages(seed: 1, share: 0.5, lasts: .seconds(1), planned: planned).first { _ in true }
        #expect(first?.from == .zero)
        #expect((100...103).contains((first?.until ?? .zero) / .seconds(1)))
    }
}
