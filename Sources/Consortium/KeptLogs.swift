import Ledger
import Store
import Synchronization

/// Which logs this gateway keeps at the moment: its `MirrorChoice`, and what is known of the logs that its orders need.
///
/// What an order needs is learned from the updates that are here and from peers that keep more. A log that is no longer
/// chosen stays as far as it has come.
public final class KeptLogs: Sendable {
    /// Applied updates that are looked at in one step.
    static let stretchMax = 1_024
    /// Waiting updates that are looked at: those of others wait for ever where their parents' logs are not kept.
    static let waitingMax = 16_384

    /// Logs that are kept for their orders: a peer that invents names costs no more memory.
    static let orderLogsMax = 65_536

    private struct State {
        var orderLogs: Set<String> = []
        var orders: Set<String> = []
        /// How far the sequence of applied updates has been looked through.
        var place: Int64 = 0
    }

    public let choice: MirrorChoice
    private let gateway: String
    private let store: LedgerStore
    private let state = Mutex(State())

    /// - Parameter origin: of this gateway's log, of any generation.
    public init(_ choice: MirrorChoice, origin: String, store: LedgerStore) {
        self.choice = choice
        gateway = Generation.gateway(ofOrigin: origin)
        self.store = store
    }

    /// Whether a log is to be pulled, and taken when it is pushed.
    func keeps(_ origin: String) -> Bool {
        choice == .all
            || choice.keeps(
                origin, own: ConsortiumDocument.organisation(ofOrigin: gateway), document: store.rulebook.latest,
                orderLogs: state.withLock { $0.orderLogs })
    }

    /// What whoever pushes a log hears that is not kept; nil for one that is taken.
    func refusal(of origin: String) throws -> CustodyError? {
        guard !keeps(origin) else { return nil }
        if let record = try store.read({ try $0.log(origin) }), record.own || record.isForeign { return nil }
        return CustodyError(
            .logNotKept, "this gateway has chosen not to keep this log", at: origin,
            remedy: "push it to a mirror that keeps all logs, such as the organisation's cosigner")
    }

    /// How many logs are known that its orders need.
    var orderLogCount: Int { state.withLock { $0.orderLogs.count } }

    /// Learns of logs with updates of this gateway's orders from somebody who has them, `orderLogsMax` at most.
    func learn(_ origins: [String]) {
        state.withLock { state in
            for origin in origins where state.orderLogs.count < Self.orderLogsMax { state.orderLogs.insert(origin) }
        }
    }

    /// Looks at what has come since the last look: others' updates on this gateway's orders, and entries that they wait for.
    func look() throws {
        guard choice.asksForOrders else { return }
        var isLast = false
        while !isLast {
            let place = state.withLock { $0.place }
            let found = try store.read {
                try $0.companions(ofGateway: gateway, after: place, limit: Self.stretchMax)
            }
            state.withLock { state in
                state.orderLogs.formUnion(found.origins)
                state.orders.formUnion(found.orders)
                state.place = found.next
            }
            isLast = found.isLast
        }
        let orders = state.withLock { $0.orders }
        learn(Array(try store.read { try $0.logsAwaited(by: orders, limit: Self.waitingMax) }))
    }
}

/// Logs with updates of the asking gateway's orders, as a peer tells them.
struct CompanionPage: Codable, Hashable, Sendable {
    /// Takes `after`, where the page before ended.
    static let path = "/custody/v1/orders/logs"
    static let bytesMax = 1 << 20
    /// Pages that are asked for in a row, before other news are looked at.
    static let pagesMax = 4_096

    let origins: [String]
    let next: Int64
    let isLast: Bool
}
