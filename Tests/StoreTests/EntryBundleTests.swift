import Foundation
import Ledger
import Testing

@testable import Store

@Suite struct EntryBundleTests {
    /// Entries of another kind of log: any bytes, also none.
    private static func entries(_ count: Int) -> [[UInt8]] {
        (0..<count).map { [UInt8](repeating: UInt8(truncatingIfNeeded: $0), count: $0 % 3 * 5_000) }
    }

    private static let key = (try? SigningKey.generate(name: "example.com/log", algorithm: .ed25519))?.verifierKey

    /// As many rows as a statement has, one less, one more, and several statements' worth.
    @Test(arguments: [1, 31, 32, 33, 64, 256], [0, 1, 32, 255])
    func whatIsAppendedIsReadBack(count: Int, known: Int) throws {
        let ledger = try TestLedger()
        let entries = Self.entries(count)
        try ledger.store.write { transaction in
            let key = try #require(Self.key)
            let log = try transaction.createLog(origin: key.name, key: key, own: false, isForeign: true)
            let known = min(known, count)
            try transaction.append(EntryBundle(Array(entries[..<known])), from: 0, full: [], to: log)
            try transaction.append(EntryBundle(entries), after: known, from: UInt64(known), full: [], to: log)
            #expect(try transaction.snapshot.entries(log: log, from: 0, count: count + 1) == entries)
            #expect(try transaction.snapshot.log(key.name)?.size == UInt64(count))
        }
    }

    @Test func aPieceOfABodyHoldsTheEntriesAtTheirPlaces() {
        let body: [UInt8] = [9, 0, 2, 1, 2, 0, 0, 0, 1, 3, 9]
        let bundle = EntryBundle(body[1..<10], places: [3..<5, 7..<7, 9..<10])
        #expect(bundle.entries == [[1, 2], [], [3]])
        #expect(bundle == EntryBundle([[1, 2], [], [3]]))
        #expect(bundle.count == 3 && bundle.byteCount == 3)
    }
}
