import ArgumentParser
import Gateway
import History
import Ledger
import Store

struct RevealCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reveal", abstract: "Show the values of an order's private facts that this gateway may read.",
        discussion: """
            Says of the others whether they are sealed for somebody else, have not arrived, or were erased. Status 1 if a \
            fact is named and no value of it can be shown.
            """)

    @Argument(help: "The order: its id, a unique part of it, its number, or a device's Digital Link.")
    var order: String
    @Argument(help: "The private fact; all of them if none is named.")
    var fact: String?
    @OptionGroup var state: StateOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let ledger = try state.ledger()
        let own = ConsortiumDocument.organisation(ofOrigin: try ledger.ownOrigin())
        let record = try ledger.read { try $0.order(order) }
        let rulebook = ledger.rulebook
        let shown = try ledger.privateFacts(of: record).filter { fact == nil || $0.name == fact }.map { found in
            let update = found.update
            let audience = rulebook.audience(of: found.name, in: update.update, from: update.reference.origin)
            return ShownFact(found, audience: audience ?? [], own: own)
        }
        try output.print(shown, text: Self.text(of: shown, record.name))
        guard fact == nil || shown.contains(where: { $0.value != nil }) else {
            throw CheckFailed(message: shown.isEmpty ? "the order has no private fact '\(fact ?? "")'" : "")
        }
    }

    private static func text(of facts: [ShownFact], _ order: String) -> String {
        var lines = ["order     \(order)"]
        if facts.isEmpty { lines.append("it has no private facts") }
        var last = ""
        for fact in facts {
            let place = "\(fact.step.onOneLine.padded(21)) \(fact.origin):\(fact.index)"
            if place != last { lines.append(place) }
            last = place
            lines.append("    \(fact.fact.onOneLine.padded(16)) \(fact.text)")
        }
        return lines.joined(separator: "\n")
    }
}

/// A private fact as a person reads it.
struct ShownFact: Encodable {
    /// What can be said of a value.
    enum State: String, Encodable {
        case readable
        /// Only other organisations may read it.
        case sealed
        /// This organisation may read it, and it has not come.
        case missing
        /// It is here, and its key is not.
        case unreadable
        case erased
    }

    let step, origin, leafHash, fact: String
    let index: UInt64
    let state: State
    let value: String?
    /// Organisations that may read it.
    let readers: [String]
    let erasure: ShownErasure?

    /// - Parameter own: this gateway's organisation.
    init(_ found: PrivateFact, audience: Set<String>, own: String) {
        let update = found.update
        (step, fact) = (update.update.step, found.name)
        (origin, index, leafHash) = (update.reference.origin, update.reference.index, update.reference.leafHash.hex)
        readers = audience.sorted()
        switch found.state {
        case .readable(let disclosure): (state, value, erasure) = (.readable, disclosure.value, nil)
        case .erased(let record): (state, value, erasure) = (.erased, nil, ShownErasure(record, [update]))
        case .unreadable: (state, value, erasure) = (.unreadable, nil, nil)
        case .unread: (state, value, erasure) = (audience.contains(own) ? .missing : .sealed, nil, nil)
        }
    }

    /// Of a document, which it is: the value is what opens it.
    private var shownValue: String {
        guard let value else { return "" }
        return DocumentFact(value).map { "(\($0): custody document get)".onOneLine } ?? value.onOneLine
    }

    var text: String {
        switch state {
        case .readable: shownValue
        case .sealed: "(sealed for \(readers.joined(separator: ", ")))"
        case .missing: "(has not arrived here yet)"
        case .unreadable: "(here, and cannot be opened: the key file beside the ledger lacks its key)"
        case .erased: "(erased \(erasure?.at ?? "") by \(erasure?.by ?? ""): \(erasure?.reason.onOneLine ?? ""))"
        }
    }
}
