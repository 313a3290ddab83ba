import Ledger
import Store
import Synchronization

/// What this gateway tells its peers, and since when. It follows the store, and reads each change once, however many peers
/// there are.
final class NewsBoard: Sendable {
    private struct Item {
        var news: PeerNews.Log
        var isOwn: Bool
        /// The board's version that said so first.
        var since: UInt64
    }

    private struct State {
        var version: UInt64 = 0
        /// By the log's number in the store.
        var items: [Int64: Item] = [:]
        var numbers: [String: Int64] = [:]
        var documents: DocumentSummary?
        var disclosures: PeerNews.Disclosures?
        var showsOwn = false
        /// How much of what the store had to say is on the board.
        var read: (changes: UInt64, logs: UInt64, document: Hash?)?
    }

    private let store: LedgerStore
    private let watch: OwnLogWatch?
    private let state = Mutex(State())

    /// - Parameter watch: says from when on this gateway's own log is told of; nil = from the start.
    init(store: LedgerStore, watch: OwnLogWatch?) {
        self.store = store
        self.watch = watch
    }

    /// Everything that is told.
    struct Telling {
        let version: UInt64
        let logs: [PeerNews.Log]
        let documents: DocumentSummary?
        let disclosures: PeerNews.Disclosures?
    }

    /// - Parameter version: of an earlier telling, after which nothing that it told is told again; nil = all.
    func telling(since version: UInt64?) throws -> Telling {
        try current { state in
            let showsOwn = watch?.isOpen ?? true
            let logs = state.items.filter { $0.value.since > version ?? 0 && (showsOwn || !$0.value.isOwn) }
            return Telling(
                version: state.version, logs: logs.sorted { $0.key < $1.key }.map(\.value.news),
                documents: state.documents, disclosures: state.disclosures)
        }
    }

    /// How far this gateway has a log itself, whether or not it is told.
    func log(_ origin: String) throws -> PeerNews.Log? {
        try current { state in state.numbers[origin].flatMap { state.items[$0]?.news } }
    }

    /// Logs of which something has changed here since an earlier version.
    func changed(since version: UInt64) throws -> (origins: [String], version: UInt64) {
        try current { state in
            (state.items.values.filter { $0.since > version }.map(\.news.origin), state.version)
        }
    }

    func documents() throws -> DocumentSummary? { try current(\.documents) }

    private func current<Result>(_ body: (State) throws -> Result) throws -> Result {
        try state.withLock { state in
            try bringUpToDate(&state)
            return try body(state)
        }
    }

    // MARK: Reading the store

    private func bringUpToDate(_ state: inout State) throws {
        let changes = store.changes.count
        guard state.read?.changes != changes else { return }
        let document = store.rulebook.latest
        // Who counts as a cosigner may be another with each document.
        let since = state.read.flatMap { $0.document == document?.hash ? $0.logs : nil }
        let (changed, count) = store.logChanges.since(since ?? 0)
        let next = state.version + 1
        let wasShown = state.showsOwn
        state.showsOwn = watch?.isOpen ?? true
        var isNew = state.showsOwn != wasShown
        try store.read { snapshot in
            let logs = since == nil ? try snapshot.logs() : try changed.compactMap { try snapshot.log(id: $0) }
            for log in logs where !log.isForeign {
                let item = Item(news: try PeerNews.Log(log, snapshot, document), isOwn: log.own, since: next)
                guard state.items[log.id].map({ $0.news != item.news || $0.isOwn != item.isOwn }) ?? true else {
                    continue
                }
                state.items[log.id] = item
                state.numbers[log.origin] = log.id
                isNew = true
            }
            let disclosures = PeerNews.Disclosures(store: try snapshot.storeName(), last: try snapshot.sealedPlace())
            isNew = isNew || disclosures != state.disclosures
            state.disclosures = disclosures
        }
        if state.showsOwn, !wasShown {
            for (number, item) in state.items where item.isOwn { state.items[number]?.since = next }
        }
        let documents = try DocumentExchange(store: store).summary()
        isNew = isNew || documents != state.documents
        state.documents = documents
        if isNew { state.version = next }
        state.read = (changes, count, document?.hash)
    }
}

extension PeerNews.Log {
    fileprivate init(_ log: LogRecord, _ snapshot: LedgerSnapshot, _ document: ConsortiumDocument?) throws {
        let head = try snapshot.headCheckpoint(of: log.id)
        self.init(
            origin: log.origin, size: head?.size ?? 0,
            cosigners: try snapshot.cosigners(size: head?.size ?? 0, of: log.id, by: document), root: head?.root,
            isFrozen: log.frozen != nil, confirmed: log.confirmed, common: log.common,
            hasCommon: log.common.map { $0 <= log.size })
    }
}
