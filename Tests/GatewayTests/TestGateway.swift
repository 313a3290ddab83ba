import Foundation
import GRDB
import Gateway
import Ledger
import Logging
import Store
import Synchronization
import Testing

/// A hospital's gateway in a folder that goes away with it; its clock stands until it is moved.
final class TestGateway {
    static let contract = """
        custody-contract: 1
        name: journey
        version: 1
        limits: {grace: 60, mkt: 8, mkt-hours: 24}
        steps:
          order.placed: {by: hospital, facts: {number: public, patient: private}}
          labelled: {by: hospital, after: order.placed, facts: {lot: public, serial: public}}
          shipped:
            by: hospital
            after: order.placed
            facts: {vehicle: public, sscc: public, ship-to: public, lowest-allowed: public, highest-allowed: public}
          conditions.recorded:
            by: hospital
            after: shipped
            requires: [device, metric, unit, from, to, count]
            facts: {device: public, metric: public, unit: public, from: public, to: public, count: public,
              min: public, max: public, mean: public, mkt: public, lowest-allowed: public, highest-allowed: public,
              outside: public, seconds-outside: public, seconds-silent: public, gaps: public, missing: public,
              clock-offset: public, closed-by: public, supplementary: public, root: public}
            repeats: true
          excursion.detected: {by: hospital, after: shipped, repeats: true, facts: &event {
            kind: public, device: public, metric: public, unit: public, from: public, to: public, value: public,
            limit: public, worst: public, detail: public}}
          excursion.ended: {by: hospital, after: excursion.detected, repeats: true, facts: *event}
          event.detected: {by: hospital, after: shipped, repeats: true, facts: *event}
          event.ended: {by: hospital, after: event.detected, repeats: true, facts: *event}
          received: {by: hospital, after: shipped, excludes: [lost]}
          lost: {by: hospital, after: shipped, excludes: [received]}
        """

    let folder: String
    let consortium: TestConsortium
    let ledger: LedgerStore
    let intake: IntakeStore
    let clock = Clock()
    let logger: Logger

    /// UTC microseconds and a count in place of chance.
    final class Clock: Sendable {
        private let state = Mutex<(now: Int64, random: UInt64)>((1_699_999_200_000_000, 0))

        var now: Int64 { state.withLock { $0.now } }

        func set(_ now: Int64) { state.withLock { $0.now = now } }

        func random() -> UInt64 {
            state.withLock { state in
                state.random += 1
                return state.random &* 0x9E37_79B9_7F4A_7C15
            }
        }
    }

    /// - Parameter more: contracts beside `journey`.
    init(contracts more: [Contract] = []) throws {
        folder = FileManager.default.temporaryDirectory.path + "/custody-gateway-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        consortium = try TestConsortium(contracts: [Contract(text: Self.contract)] + more)
        ledger = try LedgerStore(path: folder + "/ledger.sqlite")
        intake = try IntakeStore(path: folder + "/intake.sqlite")
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        self.logger = logger
        try found()
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    private func found() throws {
        let member = consortium[.hospital]
        try ledger.write { transaction in
            try transaction.add(document: consortium.note)
            for contract in consortium.contracts { try transaction.add(contract: contract) }
            let log = try transaction.createLog(origin: member.origin, key: member.log.verifierKey, own: true)
            try LogWriter.writeGenesis(
                origin: member.origin, chain: [[1]], log: log, key: member.log, instruments: instruments, transaction)
        }
    }

    var instruments: Instruments {
        let clock = clock
        return Instruments(
            now: { clock.now }, clockQuality: { ClockQuality(source: .ntp, error: 5, bootID: [1]) },
            random: { clock.random() })
    }

    /// As each start of the process makes one.
    func recorder(stop: @escaping @Sendable (CustodyError) -> Void = { _ in }) throws -> Recorder {
        Recorder(
            writer: try LogWriter(store: ledger, key: consortium[.hospital].log, instruments: instruments), stop: stop)
    }

    func tamper(_ sql: String) throws {
        try DatabaseQueue(path: folder + "/ledger.sqlite").write { try $0.execute(sql: sql) }
    }

    func tamperIntake(_ sql: String) throws {
        try DatabaseQueue(path: folder + "/intake.sqlite").write { try $0.execute(sql: sql) }
    }

    var own: LogRecord {
        get throws { try #require(try ledger.read { try $0.ownLog() }) }
    }

    func updates(of order: String) throws -> [AppliedUpdate] {
        try ledger.read { try $0.updates(of: try $0.order(order)) }
    }

    static func open(number: String? = nil) -> Draft {
        let facts = number.map { [(name: "number", value: Draft.Value.text($0))] } ?? []
        return Draft(order: .open(contract: "journey"), step: "order.placed", facts: facts, source: Source(.operator))
    }

    static func next(_ step: String, of order: String, vehicle: String? = nil, at time: Int64? = nil) -> Draft {
        let facts = vehicle.map { [(name: "vehicle", value: Draft.Value.text($0))] } ?? []
        return Draft(order: .existing(order), step: step, facts: facts, observedAt: time, source: Source(.operator))
    }
}

extension Result {
    /// The code of a failure.
    var code: CustodyError.Code? {
        if case .failure(let error) = self { (error as? CustodyError)?.code } else { nil }
    }
}

/// The code of the error that `body` throws.
func code(_ body: () async throws -> some Any) async -> CustodyError.Code? {
    do {
        _ = try await body()
        return nil
    } catch { return (error as? CustodyError)?.code }
}
