import Foundation
import GRDB
import Ledger
import Rig
import Testing

@testable import Store

@Suite struct LedgerVerifierTests {
    let ledger: TestLedger

    /// Two logs, one longer than a tile, with an order across them and a cosigned head each.
    init() throws {
        ledger = try TestLedger()
        var traffic = try TestTraffic(ledger.consortium)
        try traffic.hospital.fill(300)
        for log in [traffic.hospital, traffic.manufacturer] {
            try ledger.take(log)
            try Self.cosign(ledger, log.member.role)
        }
        try ledger.store.applyPending()
    }

    private static func cosign(_ ledger: TestLedger, _ role: Role) throws {
        let record = try ledger.record(role)
        try ledger.store.write { transaction in
            let note = try #require(try transaction.snapshot.head(of: record.id))
            for role in [Role.hospital, .regulator] {
                let line = try ledger.consortium[role].cosigner.cosign(note.text, time: 1_700_000_000).line
                try transaction.keep(
                    [Cosignature(cosigner: role.rawValue, time: 1_700_000_000, line: line)], size: record.size,
                    of: record.id)
            }
            try transaction.confirm(record, size: record.size, now: 0)
        }
    }

    private func verify() async throws -> LedgerVerifier.Report {
        await LedgerVerifier(store: try LedgerStore(path: ledger.path, readOnly: true)).run()
    }

    @Test func aSoundLedgerPasses() async throws {
        let report = try await verify()
        #expect(report.findings == [])
        #expect(report.logs == 2)
        #expect(report.entries == 306)
        #expect(report.signatures == 6)
        #expect(report.verdicts == 4)
    }

    /// A changed byte anywhere in an entry is found, and that entry alone is called changed.
    @Test(arguments: 1...6)
    func namesTheEntryOfAChangedByte(seed: UInt64) async throws {
        var numbers = SeededRandom(seed: seed)
        for (role, index, offset) in try positions(&numbers) {
            let record = try ledger.record(role)
            let id = EntryID(log: record.id, index: index).rawValue
            let sound = try #require(try ledger.store.read { try $0.entry(log: record.id, index: index) })
            var bytes = sound
            bytes[offset % sound.count] ^= UInt8(1 << Int.random(in: 0..<8, using: &numbers))
            try ledger.tamper("UPDATE entry SET bytes = ? WHERE id = ?", [Data(bytes), id])
            let report = try await verify()
            let named = Set(report.findings.filter { Self.isCulprit($0.message) }.map(\.place))
            #expect(named == ["\(record.origin):\(index)"], "byte \(offset % sound.count) of \(sound.count)")
            try ledger.tamper("UPDATE entry SET bytes = ? WHERE id = ?", [Data(sound), id])
        }
        #expect(try await verify().isSound)
    }

    private static func isCulprit(_ message: String) -> Bool {
        message.hasPrefix("the entry has been changed") || message.hasPrefix("the log signed something else")
    }

    /// First, last, neighbours of the tile's edge and some between; half of them in the field `previous`.
    private func positions(_ numbers: inout SeededRandom) throws -> [(Role, UInt64, Int)] {
        let last = try ledger.record(.hospital).size - 1
        let edges: [UInt64] = [0, 1, 254, 255, 256, 257, last - 2, last - 1, last]
        let between = (0..<16).map { _ in UInt64.random(in: 0...last, using: &numbers) }
        let hospital = (edges + between).flatMap { index in
            [
                (Role.hospital, index, Int.random(in: 0..<34, using: &numbers)),
                (Role.hospital, index, Int.random(in: 34..<4_096, using: &numbers)),
            ]
        }
        return hospital + [(.manufacturer, 0, 3), (.manufacturer, 1, 3), (.manufacturer, 1, 90)]
    }

    @Test(arguments: [
        ("checkpoint", "note", "id"), ("cosignature", "line", "checkpoint"), ("cosignature", "cosigner", "checkpoint"),
    ])
    func namesTheHeadOfAChangedByte(table: String, column: String, key: String) async throws {
        let record = try ledger.record(.hospital)
        let id = EntryID(log: record.id, index: record.size).rawValue
        let row = "FROM \(table) WHERE \(key) = \(id) LIMIT 1"
        let sound = try #require(try ledger.look { try String.fetchOne($0, sql: "SELECT \(column) \(row)") })
        for place in stride(from: 0, to: sound.utf8.count, by: sound.utf8.count < 20 ? 1 : 5) {
            var bytes = Array(sound.utf8)
            bytes[place] ^= 1
            let changed = String(decoding: bytes, as: UTF8.self)
            try change(table, column, from: sound, to: changed, id: id, key: key)
            let places = try await verify().findings.map(\.place)
            #expect(places.contains { $0.hasPrefix("hospital/gw at size 304") }, "byte \(place): \(places)")
            try change(table, column, from: changed, to: sound, id: id, key: key)
        }
    }

    private func change(
        _ table: String, _ column: String, from old: String, to new: String, id: Int64, key: String
    ) throws {
        try ledger.tamper("UPDATE \(table) SET \(column) = ? WHERE \(key) = ? AND \(column) = ?", [new, id, old])
    }

    /// Nothing stands on an order's last update, so that nothing else would miss its verdict.
    @Test func findsAnUpdateThatHasLeftTheOrderIndex() async throws {
        try ledger.tamper("DELETE FROM applied WHERE sequence = (SELECT max(sequence) FROM applied)", [])
        #expect(try await verify().findings.map(\.message).contains { $0.contains("in the order index") })
    }

    @Test func findsAChangedCosignatureTime() async throws {
        try ledger.tamper("UPDATE cosignature SET time = time + 1 WHERE cosigner = 'regulator'")
        #expect(try await verify().findings.map(\.place).contains("hospital/gw at size 304"))
    }

    @Test(arguments: ["hashes", "root"])
    func findsAChangedTile(column: String) async throws {
        let sound = try #require(try ledger.look { try Data.fetchOne($0, sql: "SELECT \(column) FROM tile") })
        for place in stride(from: 0, to: sound.count, by: column == "root" ? 3 : 401) {
            var bytes = sound
            bytes[place] ^= 0x80
            try ledger.tamper("UPDATE tile SET \(column) = ?", [bytes])
            let places = try await verify().findings.map(\.place)
            let expected = column == "root" ? "hospital/gw" : "hospital/gw:\(place / 32)"
            #expect(places.contains(expected), "byte \(place): \(places)")
        }
        try ledger.tamper("UPDATE tile SET \(column) = ?", [sound])
        #expect(try await verify().isSound)
    }

    @Test(arguments: [
        "DELETE FROM entry WHERE id & 1099511627775 = 7",
        "DELETE FROM entry WHERE id & 1099511627775 = 303",
        "DELETE FROM tile",
        "UPDATE log SET size = size + 1 WHERE origin = 'hospital/gw'",
        "UPDATE log SET size = size - 1 WHERE origin = 'hospital/gw'",
        "UPDATE log SET confirmed = size - 1 WHERE origin = 'hospital/gw'",
        "DELETE FROM cosignature",
        "UPDATE applied SET rejection = 'step-repeated' WHERE sequence = 1",
        "UPDATE applied SET rejection = NULL WHERE rejection IS NOT NULL",
        "DELETE FROM applied WHERE sequence = 2",
        "UPDATE applied SET \"order\" = 2 WHERE sequence = 4",
        "UPDATE applied SET \"order\" = 4611686018427387904 WHERE sequence = 4",
        "UPDATE applied SET \"order\" = -1 WHERE sequence = 1",
        "UPDATE applied SET entry = entry + 100 WHERE sequence = 4",
        "UPDATE applied SET entry = 9 << 40 WHERE sequence = 4",
        "UPDATE \"order\" SET name = name || 'x'",
        "DELETE FROM checkpoint WHERE id & 1099511627775 = 304",
    ])
    func findsWhatWasTakenAway(sql: String) async throws {
        try ledger.tamper(sql)
        #expect(try await !verify().isSound)
    }
}
