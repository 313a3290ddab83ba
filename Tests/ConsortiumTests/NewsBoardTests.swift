import Foundation
import Ledger
import Store
import Testing

@testable import Consortium

@Suite struct NewsBoardTests {
    /// Everything that changes what a gateway tells of a log.
    enum Change: CaseIterable {
        case cosigned, confirmed, uploaded, takenUp, frozen, left, owned

        func make(in world: TestMirror) async throws {
            let (owner, members, mirror) = (world.owner, world.members, world.mirror)
            let head = try owner.head(TestMirror.stored)
            switch self {
            case .cosigned:
                try await mirror.keepCosignatures(
                    of: try head.adding([members.regulator.cosigner.cosign(head.text, time: 5)]))
            case .confirmed:
                let lines = try [members.supplier, members.regulator].map { try $0.cosigner.cosign(head.text, time: 5) }
                try await mirror.keepCosignatures(of: try head.adding(lines))
            case .uploaded:
                try await world.upload(from: TestMirror.stored, to: TestMirror.pending)
            case .takenUp:
                let other = try TestOwner(members.regulator, in: world.folder, document: members.document)
                try await mirror.introduce(origin: other.origin, chain: other.chain)
            case .frozen:
                let clone = try TestOwner(
                    cloneOf: owner, of: members.supplier, in: world.folder, document: members.document)
                try clone.append(Int(TestMirror.stored) - 1, saying: "otherwise")
                let root = try Checkpoint(text: head.text).root
                try await mirror.convict(
                    by: .fork(ForkEvidence(first: clone.head(TestMirror.stored), second: head, root: root, proof: [])))
            case .left:
                try world.store.write { try $0.leave(world.record, common: 200, head: nil) }
            case .owned:
                let key = try SigningKey.generate(name: "hospital/gw", algorithm: .ed25519)
                try world.store.write { _ = try $0.createLog(origin: key.name, key: key.verifierKey, own: true) }
            }
        }
    }

    @Test(arguments: Change.allCases) func tellsOnlyWhatHasChangedAndNothingLess(_ change: Change) async throws {
        let world = try await TestMirror()
        let board = world.mirror.board
        let before = try board.telling(since: nil)
        #expect(before.logs.map(\.origin) == [world.owner.origin])
        try await change.make(in: world)
        let news = try board.telling(since: before.version)
        #expect(news.version > before.version)
        #expect(news.logs.count == 1)
        let fresh = try NewsBoard(store: world.store, watch: nil).telling(since: nil)
        #expect(try board.telling(since: nil).logs == fresh.logs)
        #expect(try board.telling(since: news.version).logs.isEmpty)
    }

    @Test func aChangeThatIsNoNewsMakesNoNewVersion() async throws {
        let world = try await TestMirror()
        let before = try world.mirror.board.telling(since: nil)
        let changes = world.store.changes.count
        try world.store.write { _ in }
        #expect(world.store.changes.count > changes)
        #expect(try world.mirror.board.telling(since: nil).version == before.version)
    }

    @Test func theOwnLogIsToldOfOnceItMayBeShown() async throws {
        let world = try await TestMirror()
        let watch = OwnLogWatch(store: world.owner.store, peers: ["https://127.0.0.1:1"]) { _ in }
        let board = NewsBoard(store: world.owner.store, watch: watch)
        let closed = try board.telling(since: nil)
        #expect(closed.logs.isEmpty)
        #expect(try board.log(world.owner.origin)?.size == TestMirror.pending)
        watch.heard(from: "https://127.0.0.1:1")
        #expect(try board.telling(since: closed.version).logs.map(\.origin) == [world.owner.origin])
    }

    // MARK: The long poll

    private func poll(_ client: ConsortiumClient, _ query: String) async throws -> PeerNews {
        let answer = try await client.get(
            path: "\(PeerNews.path)?\(query)", deadline: .now + PeerNews.holdMax + .seconds(10))
        return try JSONDecoder().decode(PeerNews.self, from: Data(answer.body))
    }

    @Test func aPollIsAnsweredWithWhatHasChangedSinceItsToken() async throws {
        let world = try await TestMirror()
        try await Change.takenUp.make(in: world)
        try await world.calling { client in
            let all = try await poll(client, "after=")
            #expect(all.logs.count == 2)
            async let next = poll(client, "after=\(all.token)&only=\(PeerNews.onlyChanges)")
            try world.store.write { _ in }
            try await Change.confirmed.make(in: world)
            #expect(try await next.logs.map(\.origin) == [world.owner.origin])
            // Earlier releases know of no changes, and a token of another run says nothing.
            #expect(try await poll(client, "after=\(all.token)").logs.count == 2)
            #expect(try await poll(client, "after=other-1&only=\(PeerNews.onlyChanges)").logs.count == 2)
        }
    }

    // MARK: What a peer has told

    private func news(_ token: String, _ logs: [PeerNews.Log]) -> PeerNews {
        PeerNews(token: token, logs: logs, documents: nil)
    }

    private func log(_ origin: String, _ size: UInt64) -> PeerNews.Log {
        PeerNews.Log(origin: origin, size: size, cosigners: [], root: nil, isFrozen: false)
    }

    @Test func eachLogIsLookedAtWhenEitherSideHasNewsOfIt() async throws {
        let world = try await TestMirror()
        let (board, origin) = (world.mirror.board, world.owner.origin)
        let start = ContinuousClock.now
        var told = PeerPicture()
        func due(_ seconds: Int) throws -> [String] {
            try told.due(beside: board, keeping: nil, now: start + .seconds(seconds)).map(\.origin)
        }
        try told.take(news("1", [log("b", 1), log("a", 1), try #require(try board.log(origin))]))
        // The third says what is known here.
        #expect(try due(0) == ["a", "b"])
        #expect(try due(1) == [])
        try told.take(news("2", [log("b", 2)]))
        #expect(try due(2) == ["b"])
        try await Change.confirmed.make(in: world)
        #expect(try due(3) == [origin])
        #expect(try due(4) == [])
        #expect(try due(60) == [origin, "a", "b"].sorted())
        #expect(try told.due(beside: board, keeping: 1, now: start + .seconds(61)).count == 3)
        #expect(told.token == "2" && told["b"]?.size == 2)
    }

    @Test(arguments: [(PeerPicture.logsMax, true), (PeerPicture.logsMax + 1, false)])
    func aPeerTellsOfNoMoreLogsThanTheLimit(count: Int, isTaken: Bool) throws {
        var told = PeerPicture()
        try told.take(news("1", (1..<PeerPicture.logsMax).map { log("\($0)", 1) }))
        let rest = (PeerPicture.logsMax...count).map { log("\($0)", 1) }
        if isTaken {
            try told.take(news("2", rest))
        } else {
            #expect(throws: CustodyError.self) { try told.take(news("2", rest)) }
        }
    }
}
