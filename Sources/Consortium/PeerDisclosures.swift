import Foundation
import Ledger
import Logging
import Store

/// What a gateway and one peer pass on to each other: it fetches what the peer has, and tells the peer what it has.
///
/// How far both have come is on disk, so that a start does not begin again. What belongs to an update that one side lacks
/// waits, and is offered again; while too much waits, nothing more is asked for or told.
actor PeerDisclosures {
    /// Disclosures that wait for their updates, in each direction.
    static let waitingMax = 256
    private static let requestMax: Duration = .seconds(30)
    /// How long to wait before offering again what the peer could not take, at least and at most.
    private static let patience: ClosedRange<Duration> = .seconds(1) ... .seconds(30)

    private let client: any PeerClient
    private let store: LedgerStore
    private let relay: DisclosureRelay
    private let logger: Logger
    /// Fires when the peer has first been heard of.
    private let met = ChangeSignal()
    private var progress: RelayProgress?
    /// How far pages have come, which is further than `progress` while some of them wait.
    private var fetched: Int64 = 0
    private var told: Int64 = 0
    private var fetchedWaiting: [PassedDisclosure] = []
    private var toldWaiting: [Int64] = []

    init(client: any PeerClient, store: LedgerStore, relay: DisclosureRelay, logger: Logger) {
        self.client = client
        self.store = store
        self.relay = relay
        self.logger = logger
    }

    // MARK: Fetching

    /// Fetches what the peer has and this gateway has not.
    /// - Parameter place: how far the peer's store goes; nil for a peer of an earlier release.
    func fetch(upTo place: PeerNews.Disclosures?) async throws {
        guard let place else { return }
        try meet(place.store)
        fetchedWaiting = try await stillWaiting(fetchedWaiting)
        while fetched < place.last, fetchedWaiting.count + DisclosurePage.itemsMax <= Self.waitingMax {
            let answer = try await patiently {
                try await client.get(
                    path: "\(DisclosurePage.path)?after=\(fetched)", maxBytes: DisclosurePage.bytesMax,
                    deadline: client.clock.now() + Self.requestMax)
            }
            let page = try DisclosurePage(bytes: answer.body)
            guard page.continues(from: fetched, upTo: place.last) else { throw refused(answer) }
            fetchedWaiting += try await stillWaiting(try page.items.map { try $0.passed() })
            fetched = page.items.isEmpty ? place.last : page.end
            try keepProgress()
        }
        try keepProgress()
    }

    private func stillWaiting(_ passed: [PassedDisclosure]) async throws -> [PassedDisclosure] {
        guard !passed.isEmpty else { return [] }
        let outcomes = try await relay.take(passed, from: client.organisation)
        return zip(passed, outcomes).filter { $0.1 == .later }.map(\.0)
    }

    private func meet(_ peerStore: String) throws {
        guard progress?.store != peerStore else { return }
        var known = try store.read { try $0.relayProgress(of: client.address) }
        if known.store != peerStore { known = RelayProgress(store: peerStore) }
        progress = known
        (fetched, told) = (known.fetched, known.told)
        (fetchedWaiting, toldWaiting) = ([], [])
        met.notify()
    }

    private func keepProgress() throws {
        guard let progress else { return }
        let now = RelayProgress(
            store: progress.store, fetched: (fetchedWaiting.map(\.place).min()).map { $0 - 1 } ?? fetched,
            told: toldWaiting.min().map { $0 - 1 } ?? told)
        guard now != progress else { return }
        try store.keep(now, of: client.address)
        self.progress = now
    }

    // MARK: Telling

    /// Tells the peer what is here, until the task is cancelled.
    func tellForever() async throws {
        var wait = Self.patience.lowerBound
        while !Task.isCancelled {
            // Followed before looking, so that nothing falls between.
            let (changes, meetings) = (store.changes.follow(), met.follow())
            let hasTold = try await tell()
            wait = hasTold ? Self.patience.lowerBound : min(wait * 2, Self.patience.upperBound)
            let longest = toldWaiting.isEmpty ? Self.patience.upperBound : wait
            await client.clock.first(of: changes, meetings, atMost: longest)
        }
    }

    /// - Returns: whether the peer has dealt with anything.
    private func tell() async throws -> Bool {
        guard progress != nil else { return false }
        var hasTold = false
        for place in toldWaiting {
            let (items, _) = try store.sealedDisclosures(
                after: place - 1, limit: 1, bytesMax: DisclosurePage.sealedBytesMax, exceptVia: nil)
            let isThere = items.first?.place == place
            if isThere, try await offer(items).first == .later { continue }
            toldWaiting.removeAll { $0 == place }
            hasTold = true
        }
        while toldWaiting.count + DisclosurePage.itemsMax <= Self.waitingMax {
            let (items, end) = try store.sealedDisclosures(
                after: told, limit: DisclosurePage.itemsMax, bytesMax: DisclosurePage.sealedBytesMax,
                exceptVia: client.organisation)
            guard end > told else { break }
            let outcomes = try await offer(items)
            toldWaiting += zip(items, outcomes).filter { $0.1 == .later }.map(\.0.place)
            told = end
            hasTold = true
            try keepProgress()
        }
        try keepProgress()
        return hasTold
    }

    private func offer(_ items: [PassedDisclosure]) async throws -> [DisclosureOutcome] {
        guard !items.isEmpty else { return [] }
        let page = DisclosurePage(store: progress?.store ?? "", items: items, end: items.last?.place ?? 0)
        let body = [UInt8](try JSONEncoder().encode(page))
        let answer = try await patiently {
            try await client.post(
                path: DisclosurePage.path, contentType: "application/json", body: body,
                deadline: client.clock.now() + Self.requestMax)
        }
        guard let outcomes = try? JSONDecoder().decode([DisclosureOutcome].self, from: Data(answer.body)),
            outcomes.count == items.count
        else { throw refused(answer) }
        for case .refused(let code) in outcomes where code != .factErased {
            logger.warning("disclosure refused", metadata: ["peer": "\(client.organisation)", "code": "\(code)"])
        }
        return outcomes
    }

    /// Waits while the peer has enough.
    private func patiently(
        _ request: () async throws -> PeerAnswer
    ) async throws -> PeerAnswer {
        while true {
            let answer = try await request()
            switch answer.status {
            case 200: return answer
            case 429: try await client.clock.sleep(Self.patience.lowerBound)
            default: throw refused(answer)
            }
        }
    }

    private func refused(_ answer: PeerAnswer) -> CustodyError {
        CustodyError(
            .peerRefused, "\(client.organisation) answered \(answer.status) when asked about disclosures",
            at: client.address)
    }
}
