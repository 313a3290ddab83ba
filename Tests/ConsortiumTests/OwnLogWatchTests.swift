import Ledger
import Store
import Synchronization
import Testing

@testable import Consortium

/// What a gateway makes of what it hears about its own log.
@Suite struct OwnLogWatchTests {
    private final class Raised: Sendable {
        private let doubts = Mutex<[Doubt]>([])
        var all: [Doubt] { doubts.withLock { $0 } }
        func add(_ doubt: Doubt) { doubts.withLock { $0.append(doubt) } }
    }

    private struct Given {
        let members: TestMembers
        let owner: TestOwner
        let ahead: TestOwner
        let watch: OwnLogWatch
        let raised = Raised()

        /// A log of ten entries, and the same log with five of them and five others.
        init(in folder: String, peers: [String] = []) throws {
            members = try TestMembers()
            owner = try TestOwner(members.hospital, in: folder, document: members.document)
            ahead = try TestOwner(cloneOf: owner, of: members.hospital, in: folder, document: members.document)
            let raised = raised
            watch = OwnLogWatch(store: owner.store, peers: peers, onDoubt: { raised.add($0) })
        }
    }

    @Test func aHeadThatIsHereIsNoDoubt() async throws {
        try await withFolder { folder in
            let given = try Given(in: folder)
            try given.owner.append(9)
            for size in [UInt64(1), 5, 10] { #expect(try given.watch.take(try given.owner.head(size))) }
            #expect(given.raised.all.isEmpty && given.watch.isOpen)
        }
    }

    @Test(arguments: [(4, 9), (9, 4), (9, 9)])
    func aHeadThatIsNotHereIsOne(here: Int, there: Int) async throws {
        try await withFolder { folder in
            let given = try Given(in: folder)
            try given.owner.append(here)
            try given.ahead.append(there, saying: "something else")
            let head = try given.ahead.head(UInt64(there + 1))
            #expect(try given.watch.take(head))
            #expect(given.raised.all == [Doubt(.knownElsewhere, origin: given.owner.origin, head: head.encoded)])
            #expect(try given.owner.store.read { try $0.doubt() } == given.raised.all.first)
            #expect(!given.watch.isOpen)
            _ = try given.watch.take(head)
            #expect(given.raised.all.count == 1)
        }
    }

    @Test func nobodyElseCanRaiseADoubt() async throws {
        try await withFolder { folder in
            let given = try Given(in: folder)
            let stranger = try SigningKey.generate(name: given.owner.origin, algorithm: .ed25519)
            let forged = try Checkpoint(origin: given.owner.origin, size: 99, root: .emptyTree).signed(by: stranger)
            #expect(throws: CustodyError.self) { try given.watch.take(forged) }
            let other = try TestOwner(given.members.supplier, in: folder, document: given.members.document)
            #expect(try !given.watch.take(try other.head(1)))
            #expect(given.raised.all.isEmpty)
        }
    }

    @Test func theLogIsShownOnceAllPeersWereHeard() async throws {
        try await withFolder { folder in
            let given = try Given(in: folder, peers: ["a", "b"])
            let rounds = PushRounds(
                store: given.owner.store, mirror: Mirror(store: given.owner.store, cosigner: nil, now: { 1 }),
                watch: given.watch)
            given.watch.heard(from: "a")
            #expect(try await rounds.current(now: .now) == nil)
            given.watch.heard(from: "b")
            #expect(try await rounds.current(now: .now)?.size == 1)
            try given.watch.raise(Doubt(.forked, origin: given.owner.origin))
            #expect(try await rounds.current(now: .now) == nil)
        }
    }

    /// Somebody opened the next generation who knew so many entries of this log.
    @Test(arguments: [(UInt64(0), Doubt.Cause?.none), (4, nil), (5, nil), (6, .knownElsewhere)])
    func aSuccessorThatKnewMoreIsADoubt(known: UInt64, cause: Doubt.Cause?) async throws {
        try await withFolder { folder in
            let given = try Given(in: folder)
            try given.owner.append(4)
            let root = try given.owner.store.read { snapshot in
                try snapshot.root(of: try #require(try snapshot.ownLog()).id, size: min(known, 5))
            }
            let predecessor = Head(
                origin: given.owner.origin, size: known, root: known > 5 ? .emptyTree : root ?? .emptyTree)
            let origin = Generation.next(after: given.owner.origin, at: 1)
            let key = try SigningKey.generate(name: origin, algorithm: .ed25519)
            try given.owner.store.write { transaction in
                let number = try transaction.createLog(origin: origin, key: key.verifierKey, own: false)
                var (log, full) = (Log(origin: origin), [FullTile]())
                let genesis = Genesis(
                    origin: origin, organisation: "hospital", certificateChain: [], predecessor: predecessor)
                let clock = ClockQuality(source: .none, error: 0, bootID: [])
                try transaction.append(
                    [try log.seal(.genesis(genesis), now: 1, clock: clock, full: &full)], full: full, to: number)
            }
            try given.watch.lookForSuccessors()
            #expect(given.raised.all.map(\.cause) == [cause].compactMap { $0 })
        }
    }
}
