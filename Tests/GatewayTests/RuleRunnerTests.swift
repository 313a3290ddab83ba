import Foundation
import Ledger
import Logging
import Testing

@testable import Gateway
@testable import Store

/// Rules that gateways act on by themselves.
@Suite struct RuleRunnerTests {
    static let contract = """
        custody-contract: 4
        name: watched
        version: 1
        steps:
          placed: {by: [hospital, regulator], facts: {born: {type: date, private: [hospital]}, note: private}}
          found:
            by: [hospital, regulator, manufacturer]
            after: placed
            repeats: true
            facts: {grade: {type: decimal}, kind: public}
          approved: {by: [regulator, hospital], after: placed, within: {days: 30, of: placed}, excludes: stopped}
          stopped: {by: [regulator, hospital], after: placed, excludes: approved}
          overdue: {by: [regulator, hospital], after: placed, facts: {reason: public}}
          alarm: {by: [regulator, hospital], after: found, repeats: true, facts: {kind: public}}
          recall: {by: [regulator], after: approved}
          loop.a: {by: [regulator], after: found, repeats: true}
          settle:
            by: [regulator]
            after: placed
            repeats: true
            resolves: true
            requires: stands
            facts: {stands: public}
        rules:
          late: {when: {missed: approved}, by: [regulator, hospital], record: overdue, facts: {reason: 30 days}}
          grave: {when: {step: found, where: {grade: {above: 7}}}, by: regulator, record: alarm, facts: {kind: {from: kind}}}
          many: {when: {step: found, count: 3}, by: regulator, record: recall}
          round: {when: {step: loop.a}, by: regulator, record: loop.a}
        """

    static let device = """
        custody-contract: 4
        name: device
        version: 1
        steps:
          made: {by: [regulator, hospital]}
          ready: {by: [regulator, hospital], after: made}
          noticed: {by: [regulator, hospital], after: ready, repeats: true, facts: {kind: public}}
        """

    static let caller = """
        custody-contract: 5
        name: caller
        version: 1
        steps:
          opened: {by: [regulator, hospital], facts: {order: public}}
          affected: {by: [regulator, hospital], after: opened, repeats: true, facts: {order: public, kind: public}}
        rules:
          again: {when: {step: opened, where: {order: {not: none}}}, by: regulator, record: affected, facts: {order: {from: order}}}
          notice: {when: {step: affected}, by: [regulator, hospital], record: noticed, on: order, facts: {kind: {from: kind}}}
        """

    static let day: Int64 = 86_400_000_000

    /// One gateway, as each start of its process makes it.
    final class Site {
        let origin: String
        let folder: String
        let clock: TestGateway.Clock
        private let key: SigningKey
        private(set) var ledger: LedgerStore
        private(set) var recorder: Recorder
        private(set) var runner: RuleRunner
        private let patience: Int64

        init(
            _ role: Role, gateway: String, _ consortium: TestConsortium, _ clock: TestGateway.Clock, patience: Int64 = 0
        ) throws {
            origin = "\(role.rawValue)/\(gateway)"
            self.clock = clock
            self.patience = patience
            folder = FileManager.default.temporaryDirectory.path + "/custody-rules-\(UUID().uuidString)"
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            let seed = Array(Hash.sha256(Array(origin.utf8)).bytes)
            let key = try SigningKey(name: origin, algorithm: .ed25519, rawRepresentation: seed)
            self.key = key
            let instruments = Self.instruments(clock)
            let ledger = try LedgerStore(path: folder + "/ledger.sqlite")
            let origin = origin
            try ledger.write { transaction in
                try transaction.add(document: consortium.note)
                for contract in consortium.contracts { try transaction.add(contract: contract) }
                let log = try transaction.createLog(origin: origin, key: key.verifierKey, own: true)
                try LogWriter.writeGenesis(
                    origin: origin, chain: [[1]], log: log, key: key, instruments: instruments, transaction)
            }
            self.ledger = ledger
            recorder = try Self.recorder(ledger, key, instruments)
            runner = Self.runner(recorder, ledger, instruments, patience)
        }

        deinit { try? FileManager.default.removeItem(atPath: folder) }

        /// As after a crash: the disk is all that is left.
        func restart() throws {
            ledger = try LedgerStore(path: folder + "/ledger.sqlite")
            recorder = try Self.recorder(ledger, key, Self.instruments(clock))
            runner = Self.runner(recorder, ledger, Self.instruments(clock), patience)
        }

        private static func recorder(_ ledger: LedgerStore, _ key: SigningKey, _ instruments: Instruments) throws
            -> Recorder
        {
            Recorder(writer: try LogWriter(store: ledger, key: key, instruments: instruments), stop: { _ in })
        }

        private static func runner(
            _ recorder: Recorder, _ ledger: LedgerStore, _ instruments: Instruments, _ patience: Int64
        ) -> RuleRunner {
            var logger = Logger(label: "test")
            logger.logLevel = .critical
            return RuleRunner(
                recorder: recorder, ledger: ledger, instruments: instruments, logger: logger, patience: patience)
        }

        private static func instruments(_ clock: TestGateway.Clock) -> Instruments {
            Instruments(
                now: { clock.now }, clockQuality: { ClockQuality(source: .ntp, error: 5, bootID: [1]) },
                random: { clock.random() })
        }

        /// What the other has of its own log and this one lacks.
        func hear(of other: Site) throws {
            let (size, entries) = try other.ledger.read { snapshot in
                let own = try #require(try snapshot.ownLog())
                return (own.size, try (0..<own.size).map { try #require(try snapshot.entry(log: own.id, index: $0)) })
            }
            try ledger.write { transaction in
                if try transaction.snapshot.log(other.origin) == nil {
                    _ = try transaction.createLog(origin: other.origin, key: other.key.verifierKey, own: false)
                }
                let record = try #require(try transaction.snapshot.log(other.origin))
                guard record.size < size else { return }
                var stored = try transaction.snapshot.state(of: record)
                var full: [FullTile] = []
                let sealed = try entries[Int(record.size)...].map { try stored.extend(with: $0, full: &full) }
                try transaction.append(sealed, full: full, to: record.id)
                try transaction.keep(
                    try stored.checkpoint().signed(by: other.key), size: stored.size, of: record.id, stored: true)
            }
            try ledger.applyPending()
        }

        func open(
            _ contract: String = "watched", _ step: String = "placed", facts: [String: String] = [:]
        ) async throws -> String {
            let facts = facts.map { (name: $0.key, value: Draft.Value.text($0.value)) }
            let draft = Draft(order: .open(contract: contract), step: step, facts: facts, source: Source(.operator))
            return try await recorder.record(draft).order
        }

        func record(_ step: String, of order: String, facts: [String: String] = [:]) async throws {
            _ = try await recorder.record(
                Draft(
                    order: .existing(order), step: step,
                    facts: facts.sorted { $0.key < $1.key }.map { ($0.key, .text($0.value)) }, source: Source(.operator)
                ))
        }

        /// The accepted steps of an order with the logs that hold them.
        func steps(of order: String) throws -> [String] {
            try ledger.read { try $0.updates(of: try $0.order(order)) }.filter(\.verdict.isAccepted)
                .map { "\($0.update.step) \($0.reference.origin.split(separator: "/")[1])" }
        }

        func fired(in order: String) throws -> [AppliedUpdate] {
            try ledger.read { try $0.updates(of: try $0.order(order)) }.filter { $0.update.firing != nil }
        }

        func isDisputed(_ order: String) throws -> Bool {
            let rulebook = ledger.rulebook
            return try ledger.read { snapshot in
                let thread = try snapshot.thread(of: try snapshot.order(order), rulebook: rulebook)
                let contract = try #require(thread.contract.flatMap { rulebook.contracts[$0] })
                return thread.conflict(under: contract) != nil
            }
        }
    }

    let consortium: TestConsortium
    let clock = TestGateway.Clock()

    init() throws {
        consortium = try TestConsortium(
            contracts: try [Self.contract, Self.device, Self.caller].map { try Contract(text: $0) })
    }

    private func site(_ role: Role = .regulator, _ gateway: String = "one", patience: Int64 = 0) throws -> Site {
        try Site(role, gateway: gateway, consortium, clock, patience: patience)
    }

    private func pass(_ time: Int64) { clock.set(clock.now + time) }

    // MARK: Steps, conditions, counts

    @Test(arguments: [("7.01", ["alarm one"]), ("7", []), ("-8", [])])
    func aConditionIsActedOnWithTheFactsOfWhatSetItOff(grade: String, expected: [String]) async throws {
        let site = try site()
        let order = try await site.open()
        try await site.record("found", of: order, facts: ["grade": grade, "kind": "crack"])
        try await site.runner.advance()
        #expect(try Array(site.steps(of: order).dropFirst(2)) == expected)
        let fired = try site.fired(in: order)
        #expect(fired.allSatisfy { $0.update.text(of: "kind") == "crack" && $0.update.source == Source(.rule) })
    }

    @Test func nothingIsActedOnTwiceWhateverTheRestarts() async throws {
        let site = try site()
        let order = try await site.open()
        try await site.record("found", of: order, facts: ["grade": "9", "kind": "crack"])
        for _ in 0..<3 {
            try await site.runner.advance()
            try site.restart()
        }
        // As if the process had ended between the log and the note of it.
        try site.ledger.write { try $0.follow(rulesTo: 0, setOff: [], movedOn: []) }
        try site.restart()
        try await site.runner.advance()
        #expect(try site.steps(of: order) == ["placed one", "found one", "alarm one"])
        #expect(try site.ledger.read { try $0.dueRules() }.allSatisfy { $0.rule == "late" })
        try site.ledger.reindex()
        try site.restart()
        try await site.runner.advance()
        #expect(try site.steps(of: order).count == 3)
    }

    @Test func aRuleThatCannotBeActedOnYetWaitsForItsOrder() async throws {
        let site = try site()
        let order = try await site.open()
        for _ in 0..<3 { try await site.record("found", of: order, facts: ["grade": "1"]) }
        try await site.runner.advance()
        #expect(try site.fired(in: order).isEmpty)
        try site.restart()
        try await site.record("approved", of: order)
        try await site.runner.advance()
        #expect(try site.steps(of: order).last == "recall one")
        try await site.record("found", of: order, facts: ["grade": "1"])
        try await site.runner.advance()
        #expect(try site.fired(in: order).count == 1)
    }

    @Test func aRuleForOthersIsTheirs() async throws {
        let hospital = try site(.hospital, "ward")
        let order = try await hospital.open()
        try await hospital.record("found", of: order, facts: ["grade": "9", "kind": "crack"])
        try await hospital.runner.advance()
        #expect(try hospital.fired(in: order).isEmpty)
        let regulator = try site()
        try regulator.hear(of: hospital)
        try await regulator.runner.advance()
        #expect(try regulator.steps(of: order).last == "alarm one")
    }

    @Test func aRuleThatCanLoopIsNotActedOn() async throws {
        let site = try site()
        let order = try await site.open()
        try await site.record("found", of: order)
        try await site.record("loop.a", of: order)
        try await site.runner.advance()
        #expect(try site.fired(in: order).isEmpty)
    }

    // MARK: Other orders

    /// A device, ready to be called back, and the call that names it.
    private func call(_ site: Site, of device: String) async throws -> String {
        let call = try await site.open("caller", "opened")
        try await site.record("affected", of: call, facts: ["order": device, "kind": "crack"])
        return call
    }

    @Test func aRuleRecordsOnTheOrderThatIsNamedOnceWhateverTheRestarts() async throws {
        let site = try site()
        let device = try await site.open("device", "made")
        try await site.record("ready", of: device)
        let call = try await call(site, of: device)
        for _ in 0..<3 {
            try await site.runner.advance()
            try site.restart()
        }
        try site.ledger.write { try $0.follow(rulesTo: 0, setOff: [], movedOn: []) }
        try site.restart()
        try await site.runner.advance()
        #expect(try site.steps(of: device) == ["made one", "ready one", "noticed one"])
        let (notice, cause) = try site.ledger.read { snapshot in
            (
                try snapshot.updates(of: try snapshot.order(device)).last,
                try snapshot.updates(of: try snapshot.order(call)).last
            )
        }
        #expect(notice?.update.text(of: "kind") == "crack" && notice?.update.source == Source(.rule))
        #expect(notice?.update.cites.map(\.reference) == cause.map { [$0.reference] })
        #expect(try site.ledger.read { try $0.dueRules() }.isEmpty)
    }

    @Test func whatTheOtherOrderRefusesIsTriedAgain() async throws {
        let site = try site()
        let device = try await site.open("device", "made")
        _ = try await call(site, of: device)
        _ = try await call(site, of: "hospital/none/01ARZ3NDEKTSV4RRFFQ69G5FAV")
        try await site.runner.advance()
        try await site.record("ready", of: device)
        try await site.runner.advance()
        #expect(try site.steps(of: device).last == "ready one")
        pass(RuleRunner.retryAfter)
        try site.restart()
        try await site.runner.advance()
        #expect(try site.steps(of: device).last == "noticed one")
        #expect(try site.ledger.read { try $0.dueRules() }.count == 1)
    }

    @Test func whatARuleRecordedSetsOffNothingOnOtherOrders() async throws {
        let site = try site()
        let device = try await site.open("device", "made")
        try await site.record("ready", of: device)
        let call = try await site.open("caller", "opened", facts: ["order": device])
        try await site.runner.advance()
        #expect(try site.steps(of: call) == ["opened one", "affected one"])
        #expect(try site.steps(of: device).last == "ready one")
        #expect(try site.ledger.read { try $0.dueRules() }.isEmpty)
    }

    @Test func gatewaysThatHearOfANoticeWriteNoneThemselves() async throws {
        let (one, two) = (try site(), try site(.hospital, "two"))
        let device = try await one.open("device", "made")
        try await one.record("ready", of: device)
        _ = try await call(one, of: device)
        try await one.runner.advance()
        try two.hear(of: one)
        try await two.runner.advance()
        #expect(try two.steps(of: device) == ["made one", "ready one", "noticed one"])
        #expect(try two.ledger.read { try $0.dueRules() }.isEmpty)
    }

    // MARK: Deadlines

    @Test(arguments: [(0, 0), (1, 1)] as [(Int64, Int)])
    func aDeadlineThatPassedWhileTheGatewayWasOffIsClaimedOnce(more: Int64, expected: Int) async throws {
        let site = try site()
        let order = try await site.open()
        try await site.runner.advance()
        pass(30 * Self.day + more)
        try site.restart()
        try await site.runner.advance()
        try site.restart()
        try await site.runner.advance()
        #expect(try site.fired(in: order).map(\.update.step) == [String](repeating: "overdue", count: expected))
    }

    @Test func whatWasDoneInTimeIsNotClaimed() async throws {
        let site = try site()
        let order = try await site.open()
        try await site.record("approved", of: order)
        pass(31 * Self.day)
        try await site.runner.advance()
        #expect(try site.fired(in: order).isEmpty)
        #expect(try site.ledger.read { try $0.dueRules() }.isEmpty)
    }

    @Test(arguments: [(-1, 0), (0, 1)] as [(Int64, Int)])
    func deadlinesWaitAfterAStartForWhatPeersHave(more: Int64, expected: Int) async throws {
        let site = try site(patience: RuleRunner.patience)
        let order = try await site.open()
        pass(31 * Self.day)
        try site.restart()
        pass(RuleRunner.patience + more)
        try await site.runner.advance()
        #expect(try site.fired(in: order).count == expected)
    }

    @Test func inTimeHereAndMissedThereIsForPeopleToResolve() async throws {
        let (one, other) = (try site(), try site(.hospital, "ward"))
        let order = try await one.open()
        try other.hear(of: one)
        pass(29 * Self.day)
        try await other.record("approved", of: order)
        pass(2 * Self.day)
        try await one.runner.advance()
        #expect(try one.steps(of: order).last == "overdue one")
        try one.hear(of: other)
        try other.hear(of: one)
        #expect(try one.isDisputed(order) && other.isDisputed(order))
    }

    // MARK: Several gateways

    @Test func twoGatewaysOfOneRoleActAsOne() async throws {
        let (one, two) = (try site(.regulator, "one"), try site(.regulator, "two"))
        let order = try await one.open()
        try await one.record("found", of: order, facts: ["grade": "9", "kind": "crack"])
        try two.hear(of: one)
        pass(31 * Self.day)
        // Neither has heard of the other.
        try await one.runner.advance()
        try await two.runner.advance()
        try one.hear(of: two)
        try two.hear(of: one)
        for site in [one, two] {
            #expect(try site.fired(in: order).count == 4)
            #expect(try site.fired(in: order).allSatisfy(\.verdict.isAccepted))
            #expect(try !site.isDisputed(order))
            try site.restart()
            try await site.runner.advance()
            #expect(try site.fired(in: order).count == 4)
            #expect(await LedgerVerifier(store: site.ledger).run().findings == [])
        }
        // Whoever comes later has nothing left to do.
        let third = try site(.regulator, "three")
        try third.hear(of: one)
        try third.hear(of: two)
        try await third.runner.advance()
        #expect(try third.fired(in: order).count == 4)
        try await third.record("approved", of: order)
        #expect(try third.steps(of: order).last == "approved three")
    }
}
