import FoundationEssentials
import Hummingbird
import Ledger
import Logging
import Store
import Testing

@testable import Consortium

/// A mirror that has chosen not to keep a log, and the gateway that pushes it.
@Suite(.serialized, .timeLimit(.minutes(2))) struct PartialMirrorTests {
    private static let logger = {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        return logger
    }()

    /// The hospital's port, whose gateway keeps a part, called by the supplier's.
    private func calling(
        _ choice: MirrorChoice, _ body: (TestOwner, () throws -> ConsortiumClient, LedgerStore) async throws -> Void
    ) async throws {
        try await withFolder { folder in
            let members = try TestMembers()
            let owner = try TestOwner(members.supplier, in: folder, document: members.document)
            try owner.append(9)
            let store = try TestOwner.store(in: folder, name: "hospital", document: members.document)
            let mirror = Consortium.Mirror(store: store, cosigner: nil, now: { TestMirror.time })
            let kept = KeptLogs(choice, origin: "hospital/gw", store: store)
            let router = Router(context: MemberContext.self)
            MirrorRoutes(
                store: store, mirror: mirror, pushes: RecentPushes(), instance: "test", kept: kept,
                now: { TestMirror.time }, logger: Self.logger
            ).add(to: router)
            OrderRoutes(store: store, now: { TestMirror.time }).add(to: router)
            let tls = try members.supplier.tls("supplier/gw")
            try await serving(members.document, members.hospital.tls("hospital/gw"), router: router) { address in
                let client = {
                    try ConsortiumClient(
                        organisation: "hospital", address: address, tls: tls, document: members.document)
                }
                try await body(owner, client, store)
            }
        }
    }

    @Test func refusesALogThatItDoesNotKeepAndTakesOneThatItDoes() async throws {
        for (choice, status, size) in [
            (MirrorChoice.some(.init()), 403, nil), (.some(.init(organisations: ["supplier"])), 404, UInt64(10)),
        ] {
            try await calling(choice) { owner, client, store in
                let round = PushRounds.Round(size: 10, note: try owner.head(10))
                let asking = try client()
                let answer = try await asking.offer(round, from: 0, proof: [])
                try await asking.shutdown()
                #expect(answer.status == status)
                #expect((answer.refusalCode == .logNotKept) == (size == nil))
                let session = PeerSession(
                    client: try client(), store: owner.store,
                    mirror: Consortium.Mirror(store: owner.store, cosigner: nil, now: { TestMirror.time }),
                    rounds: PushRounds(
                        store: owner.store,
                        mirror: Consortium.Mirror(store: owner.store, cosigner: nil, now: { TestMirror.time })),
                    recent: RecentPushes(), logger: Self.logger)
                let task = Task { await session.run() }
                let deadline = ContinuousClock.Instant.soon
                while !session.status.isConnected || (size != nil && session.status.pushed < 10) {
                    try #require(ContinuousClock.now < deadline)
                    try await Task.sleep(for: .milliseconds(5))
                }
                task.cancel()
                await task.value
                #expect(session.status.problem == nil)
                #expect(try store.read { try $0.log(owner.origin)?.size } == size)
            }
        }
    }

    @Test func learnsSoManyNamesOfLogsAndNoMore() async throws {
        try await withFolder { folder in
            let members = try TestMembers()
            let store = try TestOwner.store(in: folder, name: "hospital", document: members.document)
            let kept = KeptLogs(.some(.init(orders: true)), origin: "hospital/gw", store: store)
            for (count, known) in [(-1, -1), (0, 0), (1, 0)] {
                kept.learn((0..<KeptLogs.orderLogsMax + count).map { "supplier/\($0)" })
                #expect(kept.orderLogCount == KeptLogs.orderLogsMax + known)
            }
            #expect(kept.keeps("supplier/0"))
            #expect(!kept.keeps("supplier/\(KeptLogs.orderLogsMax)"))
        }
    }

    @Test func aMemberMayAskForSoManyOrdersAMinuteAndNoMore() async throws {
        try await calling(.all) { _, client, _ in
            let asking = try client()
            for asked in 1...RefusalLimit.refusalsMax + 1 {
                let answer = try await asking.get(path: "\(OrderAnswer.path)?order=none", deadline: .soon)
                #expect(answer.status == (asked <= RefusalLimit.refusalsMax ? 404 : 429), "\(asked)")
            }
            try await asking.shutdown()
        }
    }
}
