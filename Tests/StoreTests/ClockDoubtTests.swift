import Ledger
import Testing

@testable import Store
@testable import TimeStamps

/// Times that cosigners' own times contradict.
@Suite struct ClockDoubtTests {
    /// A log whose entries bear these times, in seconds, with a cosignature of its head.
    private func ledger(times: [Int64], cosigned seconds: UInt64, by organisation: String = "regulator") throws
        -> TestLedger
    {
        let ledger = try TestLedger()
        var log = TestLog(ledger.consortium[.hospital])
        for time in times { try log.fill(1, now: time * 1_000_000) }
        try ledger.take(log)
        try cosign(ledger, at: seconds, by: organisation)
        return ledger
    }

    private func cosign(_ ledger: TestLedger, at seconds: UInt64, by organisation: String = "regulator") throws {
        let record = try ledger.record(.hospital)
        try ledger.store.write { transaction in
            let cosignature = Cosignature(cosigner: organisation, time: seconds, line: "— line")
            try transaction.keep([cosignature], size: record.size, of: record.id)
        }
    }

    private func doubted(_ ledger: TestLedger) throws -> [UInt64: [String]] {
        let record = try ledger.record(.hospital)
        return try ledger.store.read { snapshot in
            var doubted: [UInt64: [String]] = [:]
            for index in 0..<record.size {
                let reference = Reference(origin: record.origin, index: index, leafHash: .emptyTree)
                let cosigners = try snapshot.doubts(of: reference).map(\.cosigner)
                if !cosigners.isEmpty { doubted[index] = cosigners }
            }
            return doubted
        }
    }

    @Test(arguments: [(1_299, []), (1_300, []), (1_301, [2]), (9_999, [2])] as [(Int64, [UInt64])])
    func anEntryIsDoubtedThatIsMoreThanTheLimitAhead(last: Int64, expected: [UInt64]) throws {
        let ledger = try ledger(times: [900, 1_000, last], cosigned: 1_000)
        #expect(try doubted(ledger).keys.sorted() == expected)
    }

    @Test func onlyTheEntriesThatAreAheadAreDoubted() throws {
        let ledger = try ledger(times: [10, 20, 5_000, 5_001, 5_002], cosigned: 100)
        #expect(try doubted(ledger) == [2: ["regulator"], 3: ["regulator"], 4: ["regulator"]])
    }

    @Test func anEntryOlderThanItsCosignatureIsNotDoubted() throws {
        #expect(try doubted(ledger(times: [10, 20, 30], cosigned: 900_000)).isEmpty)
    }

    @Test func eachCosignerSpeaksForItselfAndOnceForEachEntry() throws {
        let ledger = try ledger(times: [10, 5_000], cosigned: 100)
        try cosign(ledger, at: 200, by: "supplier")
        try cosign(ledger, at: 4_900, by: "manufacturer")
        try cosign(ledger, at: 300, by: "regulator")
        #expect(try doubted(ledger) == [1: ["regulator", "supplier"]])
        let reference = Reference(origin: "hospital/gw", index: 1, leafHash: .emptyTree)
        let ahead = try ledger.store.read { try $0.doubts(of: reference) }.map(\.ahead)
        #expect(ahead == [4_900_000_000, 4_800_000_000])
    }

    @Test func aTimeBeyondTheCalendarDoubtsNothing() throws {
        for seconds in [1 << 62, UInt64(Int64.max)] as [UInt64] {
            #expect(try doubted(ledger(times: [10, 5_000], cosigned: seconds)).isEmpty)
        }
    }

    /// The authority's clock may be late by its accuracy, which nobody's clock is blamed for.
    @Test(arguments: [(1_302, []), (1_303, [2])] as [(Int64, [UInt64])])
    func anEntryIsDoubtedThatIsLaterThanATimeStampOfItsHead(last: Int64, expected: [UInt64]) throws {
        let ledger = try TestLedger()
        var log = TestLog(ledger.consortium[.hospital])
        for time in [900, 1_000, last] { try log.fill(1, now: time * 1_000_000) }
        try ledger.take(log)
        let record = try ledger.record(.hospital)
        let note = try #require(try ledger.store.read { try $0.head(of: record.id) })
        let stamp = TimeStamp(
            token: [1], time: 1_000_000_000, accuracy: 2_000_000, authority: "CN=Time", policy: "1.2.3")
        try ledger.store.write {
            try $0.keep(
                stamp, of: note, by: TimeStampAuthority(unread: [1], policy: nil), url: "http://time.example",
                log: record)
        }
        #expect(try doubted(ledger).keys.sorted() == expected)
        #expect(try doubted(ledger).values.allSatisfy { $0 == ["the time stamp of CN=Time"] })
    }
}
