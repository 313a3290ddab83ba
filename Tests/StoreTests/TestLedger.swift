import Foundation
import GRDB
import Ledger
import Testing

@testable import Store

/// A ledger in a folder that goes away with it, and the logs that its members write elsewhere.
final class TestLedger {
    let consortium: TestConsortium
    let folder: String
    let path: String
    private(set) var store: LedgerStore

    init(contracts: [Contract]? = nil) throws {
        consortium = try TestConsortium(contracts: contracts)
        folder = FileManager.default.temporaryDirectory.path + "/custody-store-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        path = folder + "/ledger.sqlite"
        store = try LedgerStore(path: path)
        try store.write { transaction in
            try transaction.add(document: consortium.note)
            for contract in consortium.contracts { try transaction.add(contract: contract) }
        }
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    /// As the next start of the process finds it.
    func reopen() throws { store = try LedgerStore(path: path) }

    /// Another connection to the file, as somebody who tampers with it has.
    func tamper(_ sql: String, _ arguments: StatementArguments = []) throws {
        try DatabaseQueue(path: path).write { try $0.execute(sql: sql, arguments: arguments) }
    }

    func look<Value>(_ body: (Database) throws -> Value) throws -> Value {
        try DatabaseQueue(path: path).read(body)
    }

    /// Stores what of a log is not here yet, up to a size, with a signed head.
    func take(_ log: TestLog, upTo size: Int? = nil) throws {
        try store.write { transaction in
            let record = try Self.record(of: log, transaction)
            var stored = try transaction.snapshot.state(of: record)
            var full: [FullTile] = []
            let new = log.sealed[Int(record.size)..<(size ?? log.sealed.count)]
            let sealed = try new.map { try stored.extend(with: $0.bytes, full: &full) }
            try transaction.append(sealed, full: full, to: record.id)
            try transaction.keep(
                try stored.checkpoint().signed(by: log.member.log), size: stored.size, of: record.id, stored: true)
        }
    }

    private static func record(of log: TestLog, _ transaction: LedgerTransaction) throws -> LogRecord {
        if let known = try transaction.snapshot.log(log.member.origin) { return known }
        _ = try transaction.createLog(origin: log.member.origin, key: log.member.log.verifierKey, own: false)
        return try #require(try transaction.snapshot.log(log.member.origin))
    }

    func record(_ role: Role) throws -> LogRecord {
        try #require(try store.read { try $0.log(consortium[role].origin) })
    }

    /// Every update's verdict, and every order's heads.
    func beliefs() throws -> (verdicts: [Reference: Verdict], heads: [String: [Reference]]) {
        try store.read { snapshot in
            let applied = try snapshot.applied(after: 0, limit: .max)
            let heads = try snapshot.orders().map { order in
                (order.name, try snapshot.thread(of: order, rulebook: store.rulebook).heads)
            }
            return (
                Dictionary(uniqueKeysWithValues: applied.map { ($0.reference, $0.verdict) }),
                Dictionary(uniqueKeysWithValues: heads)
            )
        }
    }
}

/// A log as its own gateway has it.
struct TestLog {
    static let clock = ClockQuality(source: .none, error: 0, bootID: [])

    let member: TestConsortium.Member
    private(set) var log: Log
    private(set) var sealed: [SealedEntry] = []

    init(_ member: TestConsortium.Member) {
        self.member = member
        log = Log(origin: member.origin)
    }

    /// - Parameter now: UTC microseconds; by default each is one later than the one before.
    @discardableResult
    mutating func seal(_ update: Update, now: Int64? = nil) throws -> Reference { try seal(.update(update), now: now) }

    @discardableResult
    mutating func seal(_ erasure: Erasure) throws -> Reference { try seal(.erasure(erasure)) }

    /// Entries that say nothing, to fill a log.
    /// - Parameter now: UTC microseconds; by default each is one later than the one before.
    mutating func fill(_ count: Int, now: Int64? = nil) throws {
        for _ in 0..<count {
            let nothing = Reference(origin: "", index: 0, leafHash: .emptyTree)
            try seal(.erasure(Erasure(order: "", update: nothing, fact: "", reason: "\(log.size)")), now: now)
        }
    }

    @discardableResult
    private mutating func seal(_ body: Entry.Body, now: Int64? = nil) throws -> Reference {
        var full: [FullTile] = []
        let entry = try log.seal(body, now: now ?? Int64(log.size), clock: Self.clock, full: &full)
        sealed.append(entry)
        return Reference(origin: member.origin, index: entry.index, leafHash: entry.leafHash)
    }
}

/// Two logs that write one order by turns.
struct TestTraffic {
    var hospital: TestLog
    var manufacturer: TestLog
    let order: String

    init(_ consortium: TestConsortium) throws {
        hospital = TestLog(consortium[.hospital])
        manufacturer = TestLog(consortium[.manufacturer])
        order = OrderName.make(origin: "hospital/gw", milliseconds: 1, random: (1, 2))
        try hospital.fill(1)
        try manufacturer.fill(1)
        let number = TestOrder.text("number", "PO-1")
        let placed = try hospital.seal(
            update("order.placed", [], [TestOrder.text("product", "hip"), number], consortium, ["urn:epc:1"]))
        let design = try manufacturer.seal(
            update("design.set", [placed], [TestOrder.text("design", "d")], consortium))
        // Out of order, and what builds on it.
        let wrong = try hospital.seal(update("received", [design], [], consortium))
        try hospital.seal(update("installed", [wrong], [], consortium))
    }

    private func update(
        _ step: String, _ parents: [Reference], _ facts: [Fact], _ consortium: TestConsortium, _ subjects: [String] = []
    ) throws -> Update {
        Update(
            order: order, step: step, parents: parents, consortium: consortium.document.hash,
            contract: try consortium.contract("custom-device").hash, subjects: subjects, facts: facts,
            source: Source(.operator))
    }
}
