import Ledger
import Store

/// The private facts that somebody chose to show in a proof file.
struct ChosenDisclosures {
    let names: [String]

    /// - Parameter list: names with commas between them.
    init(_ list: String) { names = list.split(separator: ",").map { $0.trimmingPrefix(" ") }.map(String.init) }

    /// The values of these facts in the updates of the bundle's own order.
    ///
    /// - Throws: `CustodyError` with code `fact-unreadable` for a name of which this gateway can show nothing.
    func found(in bundle: ProofBundle, _ ledger: LedgerStore) throws -> [Disclosure] {
        let updates = try bundle.items.compactMap { item -> (Update, Reference)? in
            guard let update = try Entry(bytes: item.entry).update, update.order == bundle.order else { return nil }
            let origin = try Checkpoint(text: item.proof.checkpoint.text).origin
            let reference = Reference(origin: origin, index: item.proof.index, leafHash: Hash.leaf(item.entry))
            return (update, reference)
        }
        return try names.flatMap { name in
            let found = try updates.flatMap { update, reference in
                try update.facts.filter { $0.name == name }.compactMap { fact -> Disclosure? in
                    guard case .commitment(let commitment) = fact.value else { return nil }
                    return try ledger.disclosure(of: commitment, fact: name, in: reference)
                }
            }
            guard !found.isEmpty else { throw Self.unreadable(name, bundle.order) }
            return found
        }
    }

    private static func unreadable(_ name: String, _ order: String) -> CustodyError {
        CustodyError(
            .factUnreadable, "this gateway has no value of a private fact '\(name)'", at: order,
            remedy: "custody reveal shows which it has, and what became of the others")
    }
}

extension CustodyError.Code {
    static let factUnreadable: Self = "fact-unreadable"
}
