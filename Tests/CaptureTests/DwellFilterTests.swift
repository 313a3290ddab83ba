import Identifiers
import Testing

@testable import Capture

@Suite struct DwellFilterTests {
    private let scan = Scan(bytes: [1])

    @Test func foldsReadsUntilTheSymbolHasNotBeenSeenForTheWindow() {
        let news = DwellFilter.news(of: scan, at: [0, 999, 1_998, 2_997, 3_997, 4_996], window: 1_000)
        #expect(news == [true, false, false, false, true, false])
    }

    @Test func keepsSymbolsApartByTheirBytesAndSymbology() {
        var filter = DwellFilter(window: 1_000)
        let scans = [
            Scan(bytes: [1]), Scan(bytes: [2]), Scan(bytes: [1], symbologyIdentifier: "]C1"), Scan(bytes: [1]),
        ]
        let news = scans.map { filter.admits($0, at: 5) }
        #expect(news == [true, true, true, false])
    }

    @Test func countsAgainWhatItWasToldToForget() {
        var filter = DwellFilter(window: 1_000)
        let before = filter.admits(scan, at: 0)
        filter.forget(scan)
        let after = filter.admits(scan, at: 1)
        #expect(before && after)
    }

    @Test(arguments: [(-999, false), (-1_000, true), (-5_000, true)] as [(Int64, Bool)])
    func takesAClockThatWasSetBackAsTimeGoneBy(offset: Int64, isNew: Bool) {
        #expect(DwellFilter.news(of: scan, at: [10_000, 10_000 + offset], window: 1_000) == [true, isNew])
    }

    @Test(arguments: [(-1, false), (0, false), (1, true)])
    func forgetsTheOneSeenLongestAgoWhenFull(offset: Int, isForgotten: Bool) {
        var filter = DwellFilter(window: 1_000_000)
        let scans = (0..<DwellFilter.scansMax + offset).map { Scan(bytes: Array("\($0)".utf8)) }
        let news = scans.enumerated().map { filter.admits($1, at: Int64($0)) }
        #expect(news.allSatisfy { $0 })
        let again = [1, 0].map { filter.admits(scans[$0], at: Int64(DwellFilter.scansMax + 2)) }
        #expect(again == [false, isForgotten])
    }

    @Test func makesRoomByForgettingWhatHasLeft() {
        var filter = DwellFilter(window: 10)
        for number in 0..<DwellFilter.scansMax {
            _ = filter.admits(Scan(bytes: Array("\(number)".utf8)), at: 0)
        }
        let news = [Scan(bytes: [1]), Scan(bytes: [2]), Scan(bytes: [1])].map { filter.admits($0, at: 10) }
        #expect(news == [true, true, false])
    }

    @Test(arguments: [(Int64.min, Int64.max), (Int64.max, Int64.min)])
    func neverTrapsOnTimesFarApart(first: Int64, second: Int64) {
        #expect(DwellFilter.news(of: scan, at: [first, second], window: .max) == [true, true])
    }
}

extension DwellFilter {
    fileprivate static func news(of scan: Scan, at times: [Int64], window: Int64) -> [Bool] {
        var filter = DwellFilter(window: window)
        return times.map { filter.admits(scan, at: $0) }
    }
}
