import Foundation
import Glibc
import Ledger
import Rig
import Store
import Testing

/// Killed at any instant, a gateway has lost nothing that it acknowledged.
@Suite(.serialized) struct RecorderCrashTests {
    /// Rounds that go on with one log, before a fresh one keeps the verification short.
    static let roundsOfOneLog = 10

    @Test(arguments: 0..<20)
    func everyReceiptSurvivesTheKill(seed: Int) async throws {
        let site = try TestSite()
        var numbers = SeededRandom(seed: UInt64(seed))
        var receipts: [UInt64: String] = [:]
        for _ in 0..<Self.roundsOfOneLog {
            let printed = try load(site.state, killedAfter: .random(in: 5_000...60_000, using: &numbers))
            for (index, hash) in printed { #expect(receipts.updateValue(hash, forKey: index) == nil) }
            try await check(receipts, site)
        }
        #expect(receipts.count >= Self.roundsOfOneLog)
        #expect(try site.run(["verify", "--state", site.state]).code == 0)
    }

    /// - Parameter delay: microseconds between the first receipt and SIGKILL.
    private func load(_ state: String, killedAfter delay: UInt32) throws -> [(UInt64, String)] {
        let program = try Program(try TestSite.program("custody"), ["append-load", "--state", state])
        let first = try #require(program.line())
        usleep(delay)
        program.send(SIGKILL)
        let lines = [first] + program.lines()
        #expect(program.wait() == 128 + SIGKILL)
        return try lines.map { line in
            let parts = line.split(separator: " ")
            let index = try #require(parts.first.flatMap { UInt64($0) })
            return (index, String(try #require(parts.last)))
        }
    }

    private func check(_ receipts: [UInt64: String], _ site: TestSite) async throws {
        let ledger = try LedgerStore(path: site.ledger, readOnly: true)
        try ledger.read { snapshot in
            let log = try #require(try snapshot.ownLog())
            for (index, hash) in receipts {
                let bytes = try snapshot.entry(log: log.id, index: index)
                #expect(bytes.map { Hash.leaf($0).hex } == hash, "receipt \(index)")
            }
        }
        #expect(await LedgerVerifier(store: ledger).run().findings == [])
    }
}
