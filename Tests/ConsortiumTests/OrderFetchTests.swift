import FoundationEssentials
import Hummingbird
import Ledger
import Store
import Testing

@testable import Consortium

/// An order of the supplier's that the hospital does not keep, asked of a peer that may lie.
@Suite(.serialized, .timeLimit(.minutes(1))) struct OrderFetchTests {
    private static let order = "supplier/gw/01M84QKNT4E2E822S62YWAD3NT"
    private static let contract = """
        custody-contract: 1
        name: exchange
        version: 1
        title: What passes from hand to hand
        steps:
          opened:
            by: [supplier]
            facts: {number: public}

        """

    enum Lie: CaseIterable, Sendable {
        case none, otherEntry, otherPlace, noLog, strangersCertificate, noBundle, tooMany

        /// What the peer sends instead of what it has.
        func told(_ body: [UInt8], members: TestMembers) throws -> [UInt8] {
            guard self != .none, var json = try? JSONDecoder().decode(Answer.self, from: Data(body)) else {
                return body
            }
            let bundle = try ProofBundle(bytes: [UInt8](json.bundle))
            let item = try #require(bundle.items.first)
            switch self {
            case .otherEntry: json.bundle = try bundle.with([.init(entry: item.entry.flipped, proof: item.proof)])
            case .otherPlace:
                let proof = try TransparencyProof(
                    index: 0, hashes: item.proof.hashes, checkpoint: item.proof.checkpoint)
                json.bundle = try bundle.with([.init(entry: item.entry, proof: proof)])
            case .noLog: json.logs = []
            case .strangersCertificate:
                let key = try SigningKey.generate(name: "supplier/gw", algorithm: .ed25519)
                var random = SystemRandomNumberGenerator()
                let chain = try members.hospital.authority.issueLogCertificate(
                    origin: "supplier/gw", key: key.verifierKey, now: .now, random: &random)
                json.logs = [LogIntroduction(origin: "supplier/gw", chain: chain.map { Data($0) })]
            case .noBundle: json.bundle = Data([1, 2, 3])
            case .tooMany:
                json.bundle = try bundle.with(Array(repeating: item, count: OrderAnswer.entriesMax + 1))
            case .none: break
            }
            return [UInt8](try JSONEncoder().encode(json))
        }

        private struct Answer: Codable {
            var bundle: Data
            var logs: [LogIntroduction]
        }
    }

    @Test(arguments: Lie.allCases) func believesNothingThatIsNotProved(_ lie: Lie) async throws {
        let fetched = try await fetched(lie)
        guard lie == .none else {
            #expect(fetched.updates.isEmpty)
            #expect(fetched.problems.count == 1)
            return
        }
        #expect(fetched.problems.isEmpty)
        let update = try #require(fetched.updates.first)
        #expect(update.origin == "supplier/gw" && update.index == 1 && update.peer == "supplier")
        #expect(update.verdict == "accepted" && !update.isConfirmed && !update.isKept)
        #expect(try Entry(bytes: [UInt8](update.entry)).update?.order == Self.order)
    }

    private func fetched(_ lie: Lie) async throws -> FetchedOrder {
        try await withFolder { folder in
            let members = try TestMembers()
            let contract = try Contract(text: Self.contract)
            let organisations = [members.hospital, members.supplier, members.regulator].map(\.organisation)
            let document = try ConsortiumDocument(
                text: ConsortiumDraft(name: "Test", organisations: organisations, contracts: [contract]).text)
            let owner = try TestOwner(members.supplier, in: folder, document: document)
            try owner.store.write { try $0.add(contract: contract) }
            try owner.append([
                .update(
                    Update(
                        order: Self.order, step: "opened", parents: [], consortium: document.hash,
                        contract: contract.hash, source: Source(.operator)))
            ])
            try owner.store.applyPending()
            let store = try TestOwner.store(in: folder, name: "hospital", document: document)
            try store.write { try $0.add(contract: contract) }
            let router = Router(context: MemberContext.self)
            OrderRoutes(store: owner.store, now: { TestMirror.time }).add(to: router)
            let tls = try members.hospital.tls("hospital/gw")
            return try await serving(document, members.supplier.tls("supplier/gw"), router: router) { address in
                try await ConsortiumTests.calling("supplier", at: address, as: tls, document) { client in
                    let peer = LyingPeer(client: client, lie: lie, members: members)
                    let kept = KeptLogs(.some(.init()), origin: "hospital/gw", store: store)
                    return try await OrderFetch(store: store, kept: kept, clients: { [peer] }).fetch(Self.order)
                }
            }
        }
    }

    /// A peer whose answers are changed.
    private struct LyingPeer: PeerClient {
        let client: ConsortiumClient
        let lie: Lie
        let members: TestMembers

        var organisation: String { client.organisation }
        var address: String { client.address }
        var clock: PeerClock { client.clock }

        func get(path: String, maxBytes: Int, deadline: ContinuousClock.Instant) async throws -> PeerAnswer {
            let answer = try await client.get(path: path, maxBytes: maxBytes, deadline: deadline)
            return PeerAnswer(status: answer.status, body: try lie.told(answer.body, members: members))
        }

        func post(
            path: String, contentType: String, body: [UInt8], encoding: String?, maxBytes: Int,
            deadline: ContinuousClock.Instant
        ) async throws -> PeerAnswer {
            try await client.post(
                path: path, contentType: contentType, body: body, encoding: encoding, maxBytes: maxBytes,
                deadline: deadline)
        }

        func post<Chunks: AsyncSequence & Sendable>(
            path: String, contentType: String, chunks: Chunks, maxBytes: Int, deadline: ContinuousClock.Instant
        ) async throws -> PeerAnswer where Chunks.Element == [UInt8] {
            try await client.post(
                path: path, contentType: contentType, chunks: chunks, maxBytes: maxBytes, deadline: deadline)
        }

        func shutdown() async throws {}
    }
}

extension ProofBundle {
    fileprivate func with(_ items: [Item]) throws -> Data {
        let changed = ProofBundle(order: order, items: items, documents: documents, contracts: contracts, heads: heads)
        return Data(try changed.encoded())
    }
}

extension [UInt8] {
    /// With another time in it, which is in no tree.
    fileprivate var flipped: [UInt8] {
        guard var entry = try? Entry(bytes: self), let update = entry.update else { return self }
        entry = Entry(
            previous: entry.previous, recordedAt: entry.recordedAt + 1, clock: entry.clock, body: .update(update))
        return (try? entry.sealed()) ?? self
    }
}
