import Foundation
import Ledger
import Store

/// Asks peers for an order's updates that are not kept here.
///
/// Nothing is believed that is not proved: each entry by its inclusion under a head that its log has signed, the log's key by
/// a certificate of its organisation's CA, verdicts by judging them again under the documents that are known here. What a
/// peer leaves out cannot be noticed.
public struct OrderFetch: Sendable {
    /// Peers that are asked, and entries of all of them together that are looked at.
    public static let peersMax = 8
    public static let entriesMax = 1_024
    /// How long peers may take.
    public static let patience: Duration = .seconds(10)

    private let store: LedgerStore
    private let kept: KeptLogs
    private let clients: @Sendable () -> [any PeerClient]

    public init(store: LedgerStore, kept: KeptLogs, sessions: PeerSessions) {
        self.init(store: store, kept: kept, clients: { sessions.clients })
    }

    init(store: LedgerStore, kept: KeptLogs, clients: @escaping @Sendable () -> [any PeerClient]) {
        self.store = store
        self.kept = kept
        self.clients = clients
    }

    /// - Parameter key: an order's name, number or subject.
    /// - Returns: what is not stored here; nothing where all there is to an order should be stored here.
    public func fetch(_ key: String) async throws -> FetchedOrder {
        guard try lacksSome(of: key) else { return FetchedOrder(order: key) }
        let answers = await ask(for: key)
        var fetched = FetchedOrder(order: key)
        var found: [(item: ProofBundle.Item, peer: String)] = []
        for (peer, answer) in answers {
            do {
                let (bundle, logs) = try opened(try answer.get())
                fetched.order = bundle.order
                try fetched.add(logs)
                let left = max(0, Self.entriesMax - found.count)
                found += bundle.items.prefix(left).map { ($0, peer) }
            } catch { fetched.problems.append("\(peer): \(error)") }
        }
        try judge(found, into: &fetched)
        return fetched
    }

    /// Whether there may be updates of an order that are not here.
    private func lacksSome(of key: String) throws -> Bool {
        guard kept.choice == .all else { return true }
        return try store.read { snapshot in
            guard let order = try? snapshot.order(named: key) else { return true }
            return try snapshot.waiting().contains { $0.update.order == order.name }
        }
    }

    // MARK: Asking

    private typealias Answer = (peer: String, result: Result<OrderAnswer, any Error>)

    private func ask(for key: String) async -> [Answer] {
        let plain = CharacterSet(charactersIn: "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~")
        guard let value = key.addingPercentEncoding(withAllowedCharacters: plain) else { return [] }
        return await withTaskGroup(of: Answer?.self) { group in
            for client in clients().prefix(Self.peersMax) {
                group.addTask { await Self.answer(of: client, to: "\(OrderAnswer.path)?order=\(value)") }
            }
            var answers: [Answer] = []
            for await answer in group { answers += answer.map { [$0] } ?? [] }
            return answers.sorted { $0.peer < $1.peer }
        }
    }

    /// - Returns: nil if the peer does not know the order.
    private static func answer(of client: any PeerClient, to path: String) async -> Answer? {
        do {
            let answer = try await client.get(
                path: path, maxBytes: OrderAnswer.bytesMax, deadline: client.clock.now() + patience)
            guard answer.status != 404 else { return nil }
            guard answer.status == 200 else { throw client.refused(answer) }
            guard let decoded = try? JSONDecoder().decode(OrderAnswer.self, from: Data(answer.body)) else {
                throw CustodyError(.peerMisbehaves, "its answer cannot be read", at: client.address)
            }
            return (client.organisation, .success(decoded))
        } catch { return (client.organisation, .failure(error)) }
    }

    // MARK: Checking

    /// The parts of an answer that are proved.
    private func opened(_ answer: OrderAnswer) throws -> (ProofBundle, [VerifierKey]) {
        let bundle = try ProofBundle(bytes: [UInt8](answer.bundle))
        try Limit.check(bundle.items.count, max: OrderAnswer.entriesMax, "an order from a peer", unit: "entries")
        try Limit.check(answer.logs.count, max: OrderAnswer.entriesMax, "an order from a peer", unit: "logs")
        let keys = try answer.logs.map(key)
        let result = try rejudged(bundle.items, order: bundle.order, logs: keys)
        guard result.isInLog else {
            throw CustodyError(.peerMisbehaves, "it sends entries that no log has signed", at: bundle.order)
        }
        return (bundle, keys)
    }

    /// What is known here of a log's key comes before what a certificate says.
    private func key(_ log: LogIntroduction) throws -> VerifierKey {
        if let known = try store.read({ try $0.log(log.origin) }) { return known.key }
        guard let document = store.rulebook.latest else {
            throw CustodyError(.documentUnpinned, "there is no consortium document here")
        }
        return try LogCertificate.verify(
            chain: log.chain.map { [UInt8]($0) }, origin: log.origin, document: document, at: nil)
    }

    /// Judges under the documents that are known here: those that a peer sends do not count.
    private func rejudged(
        _ items: [ProofBundle.Item], order: String, logs: [VerifierKey]
    ) throws -> ProofResult {
        guard let document = store.rulebook.latest else {
            throw CustodyError(.documentUnpinned, "there is no consortium document here")
        }
        let documents = try store.read { try $0.documents() }
        let contracts = store.rulebook.contracts.values.map(\.text).sorted()
        let bundle = ProofBundle(order: order, items: items, documents: documents, contracts: contracts, heads: [])
        return try bundle.check(policyText: document.policyText(logs: logs))
    }

    private func judge(_ found: [(item: ProofBundle.Item, peer: String)], into fetched: inout FetchedOrder) throws {
        var seen: Set<Hash> = []
        let items = found.filter { seen.insert(Hash.leaf($0.item.entry)).inserted }
        guard !items.isEmpty else { return }
        let result = try rejudged(items.map(\.item), order: fetched.order, logs: fetched.logs)
        let waiting = Set(try store.read { try $0.waiting() }.map(\.reference))
        for (judged, (item, peer)) in zip(result.items, items) where judged.inLog {
            let isKept = try isHere(judged.reference)
            guard !isKept || waiting.contains(judged.reference) else { continue }
            fetched.updates.append(
                FetchedOrder.Update(
                    peer: peer, isKept: isKept, origin: judged.reference.origin, index: judged.reference.index,
                    entry: Data(item.entry),
                    proof: item.proof.encoded, isConfirmed: judged.confirmed,
                    verdict: judged.verdict.map { $0.isAccepted ? "accepted" : "\($0)" }))
        }
    }

    /// Whether an entry is stored here.
    private func isHere(_ reference: Reference) throws -> Bool {
        try store.read { snapshot in
            guard let log = try snapshot.log(reference.origin), reference.index < log.size,
                let bytes = try snapshot.entry(log: log.id, index: reference.index)
            else { return false }
            return Hash.leaf(bytes) == reference.leafHash
        }
    }
}

/// Updates of an order, and those that they stand on, that peers have and this gateway has not.
public struct FetchedOrder: Codable, Sendable {
    public struct Update: Codable, Sendable {
        /// The organisation that was asked.
        public let peer: String
        /// Whether it is stored here and only what it stands on is not.
        public let isKept: Bool
        public let origin: String
        public let index: UInt64
        public let entry: Data
        /// C2SP tlog-proof of the entry.
        public let proof: String
        public let isConfirmed: Bool
        /// "accepted", or why not; nil where something that it stands on was not to be had.
        public let verdict: String?
    }

    /// Its name, where a peer knows it; else what was asked for.
    public var order: String
    public var updates: [Update] = []
    /// Peers that could not answer, or whose answer did not hold, each with the reason.
    public var problems: [String] = []
    /// Keys of the logs of which something was fetched.
    private(set) var logs: [VerifierKey] = []

    init(order: String) { self.order = order }

    mutating func add(_ keys: [VerifierKey]) throws {
        for key in keys where !logs.contains(key) {
            guard !logs.contains(where: { $0.name == key.name }) else {
                throw CustodyError(.logKeyChanged, "it names another key of this log than another peer", at: key.name)
            }
            logs.append(key)
        }
    }

    enum CodingKeys: CodingKey {
        case order, updates, problems
    }
}
