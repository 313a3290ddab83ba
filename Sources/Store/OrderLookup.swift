import GRDB
import Ledger

/// Finds orders for whoever prepares the next transactions of a series, beside the writer.
///
/// An order that is not kept in memory is read from what has been committed. That is all there is of it: whatever
/// transactions under way have touched is still kept.
public struct OrderLookup {
    let store: LedgerStore
    let index: OrderIndex

    /// An order brought into memory; that of an order which the store does not know is empty.
    public func order(_ name: String) throws -> KeptOrder {
        if let known = index.entry(of: name) { return known }
        let entry = try read { try $0.keptOrder(name, rulebook: index.rulebook) }
        index.keep(entry)
        return entry
    }

    /// The entry of an order whose id has just been generated.
    public func begin(order name: String) -> KeptOrder {
        let entry = KeptOrder(name: name, id: nil, thread: OrderThread(order: name))
        index.keep(entry)
        return entry
    }

    /// What is known of an entry that stands outside an order's thread.
    public func elsewhere(_ reference: Reference) throws -> OrderThread.Elsewhere {
        try read { try $0.elsewhere(reference) }
    }

    /// A C2SP tlog-proof that shows a confirmation; nil if its cosigners have not been heard.
    public func proof(of confirmation: Confirmation) throws -> [UInt8]? {
        try read { try $0.proof(of: confirmation) }
    }

    private func read<Result>(_ body: (LedgerSnapshot) throws -> Result) throws -> Result {
        do { return try store.read(body) } catch { throw LedgerStore.refusal(error) }
    }
}
