import Ledger
import Testing

@testable import Store
@testable import TimeStamps

/// Time stamps as they are stored, whatever they are worth.
@Suite struct TimeStampRecordTests {
    private let ledger: TestLedger
    private let log: TestLog

    /// A log whose heads of 2, 4 and 6 entries are stamped.
    init() throws {
        ledger = try TestLedger()
        var log = TestLog(ledger.consortium[.hospital])
        try log.fill(6)
        self.log = log
        for size in [2, 4, 6] {
            try ledger.take(log, upTo: size)
            let record = try ledger.record(.hospital)
            try keep(at: Int64(size), of: try #require(try ledger.store.read { try $0.head(of: record.id) }))
        }
    }

    private func keep(at time: Int64, of note: SignedNote) throws {
        let stamp = TimeStamp(token: [7], time: time, accuracy: 1, authority: "CN=Time", policy: "1.2.3")
        let record = try ledger.record(.hospital)
        try ledger.store.write {
            try $0.keep(
                stamp, of: note, by: TimeStampAuthority(unread: [1], policy: nil), url: "http://time.example/tsr",
                log: record)
        }
    }

    private func sizes() throws -> [UInt64] {
        let record = try ledger.record(.hospital)
        return try ledger.store.read { try $0.timeStamps(of: record, limit: 10) }.map(\.size)
    }

    @Test(arguments: [(0, 2), (1, 2), (2, 4), (3, 4), (5, 6), (6, nil), (.max, nil)] as [(UInt64, UInt64?)])
    func anEntryHasTheTimeStampOfTheFirstHeadThatIncludesIt(index: UInt64, size: UInt64?) throws {
        let record = try ledger.record(.hospital)
        #expect(try ledger.store.read { try $0.timeStamp(including: index, of: record)?.size } == size)
    }

    @Test func theNewestHeadIsTheLastOne() throws {
        let record = try ledger.record(.hospital)
        let last = try #require(try ledger.store.read { try $0.lastTimeStamp(of: record) })
        #expect(last.size == 6 && last.latest == 7 && last.line.name == "time.example/tsr")
        #expect(try sizes() == [6, 4, 2])
    }

    @Test func theFirstTimeStampOfAHeadStays() throws {
        let record = try ledger.record(.hospital)
        try keep(at: 99, of: try #require(try ledger.store.read { try $0.head(of: record.id) }))
        #expect(try ledger.store.read { try $0.lastTimeStamp(of: record) }?.time == 6)
    }

    @Test(arguments: [(2, [2]), (3, [2]), (4, [4, 2]), (6, [6, 4, 2])] as [(UInt64, [UInt64])])
    func headsThatAreTakenBackTakeTheirTimeStampsAlong(common: UInt64, left: [UInt64]) throws {
        let record = try ledger.record(.hospital)
        try ledger.store.write { try $0.leave(record, common: common, head: nil) }
        #expect(try sizes() == left)
    }
}
