import Ledger
import Store

/// The next generation of a gateway's log: a new origin, a new key, a genesis that cites the last known head.
public struct NextGeneration: Sendable {
    public let origin: String
    /// The log that must not be continued, as the database has it; nil if it has none.
    private let left: LogRecord?
    private let doubt: Doubt
    private let predecessor: Head

    /// - Parameters:
    ///   - doubt: why there is one.
    ///   - predecessor: as `StartDecision` names it.
    ///   - time: UTC microseconds.
    public init(because doubt: Doubt, after predecessor: Head, in store: LedgerStore, at time: Int64) throws {
        self.doubt = doubt
        self.predecessor = predecessor
        left = try store.read { try $0.ownLog() }
        let last = [predecessor.origin, left?.origin ?? ""].max {
            Generation.number(ofOrigin: $0) < Generation.number(ofOrigin: $1)
        }
        origin = Generation.next(after: last ?? predecessor.origin, at: time)
    }

    /// Leaves the log before and founds the new one. Verdicts follow with `LedgerStore.applyPending`.
    /// - Parameters:
    ///   - key: of the new log, named like it.
    ///   - chain: certifies the key: DER, the leaf first.
    public func open(
        key: SigningKey, chain: [[UInt8]], instruments: Instruments, _ transaction: LedgerTransaction
    ) throws {
        if let left {
            let head = try doubt.head.map { try SignedNote(encoded: $0) }
            try transaction.leave(left, common: doubt.common, head: head)
        }
        let log = try transaction.createLog(origin: origin, key: key.verifierKey, own: true)
        try LogWriter.writeGenesis(
            origin: origin, chain: chain, predecessor: predecessor, log: log, key: key, instruments: instruments,
            transaction)
    }
}
