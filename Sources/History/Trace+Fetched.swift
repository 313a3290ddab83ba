import Consortium
import Ledger
import Store

/// An update that is not stored here, as a peer has proved it.
public struct FetchedStep: Encodable {
    /// The organisation that was asked.
    let from: String
    /// Whether it is stored here too, and waits for what is not.
    let kept: Bool
    /// Another one than the trace's, where it cites another.
    let order: String
    let step: String
    let organisation: String
    let origin: String
    let index: UInt64
    let leafHash: String
    let recordedAt: String
    /// Public ones.
    let facts: [String: String]
    let subjects: [String]
    let confirmed: Bool
    /// "accepted", or why not.
    let verdict: String
    /// Why its log is doubted here, if so.
    let frozen: String?
    fileprivate let isOfTrace: Bool

    enum CodingKeys: CodingKey {
        case from, kept, order, step, organisation, origin, index, leafHash, recordedAt, facts, subjects, confirmed
        case verdict, frozen
    }

    init(_ fetched: FetchedOrder.Update, log: LogRecord?, of order: String) throws {
        let bytes = [UInt8](fetched.entry)
        let entry = try Entry(bytes: bytes)
        guard let update = entry.update else {
            throw CustodyError(
                .bundleMalformed, "what was fetched is no update", at: "\(fetched.origin):\(fetched.index)")
        }
        from = fetched.peer
        kept = fetched.isKept
        self.order = update.order
        isOfTrace = update.order == order
        step = update.step
        organisation = ConsortiumDocument.organisation(ofOrigin: fetched.origin)
        origin = fetched.origin
        index = fetched.index
        leafHash = Hash.leaf(bytes).hex
        recordedAt = UTCText.of(entry.recordedAt)
        facts = Dictionary(
            update.facts.map { fact in
                if case .text(let text) = fact.value { (fact.name, text) } else { (fact.name, "(private)") }
            }, uniquingKeysWith: { first, _ in first })
        subjects = update.subjects
        confirmed = fetched.isConfirmed
        verdict = fetched.verdict ?? "cannot be judged: something that it stands on was not to be had"
        frozen = log?.frozen(at: fetched.index)
    }

    fileprivate var lines: [String] {
        let standing = frozen.map { "log frozen: \($0)" } ?? (confirmed ? "confirmed" : "in its log")
        let judged = verdict == "accepted" ? standing : "\(standing), \(verdict)"
        let place = kept ? "fetched from \(from), waits here" : "fetched from \(from), not kept here"
        let what = facts.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value.onOneLine)" }.joined(separator: "  ")
        return [
            "\(step.padded(21)) \(recordedAt.padded(24)) \(organisation.padded(13)) "
                + "\("\(origin):\(index)".padded(22)) \(judged)",
            "    \(place)" + (isOfTrace ? "" : ", of \(order)"),
        ] + (what.isEmpty ? [] : ["    \(what)"])
    }
}

extension Trace {
    /// An order of which nothing is stored here.
    /// - Throws: `CustodyError` with code `order-unknown` where peers do not know it either.
    public init(_ fetched: FetchedOrder?, of asked: String, rulebook: Rulebook) throws {
        guard let fetched, !fetched.updates.isEmpty else {
            let problems = fetched?.problems.joined(separator: "; ") ?? "the gateway does not run, so none was asked"
            throw CustodyError(
                .orderUnknown,
                "no order is known by '\(asked)' here or to peers" + (problems.isEmpty ? "" : " (\(problems))"),
                remedy: "custody orders lists those that this gateway has; peers are asked for a whole id or number")
        }
        let updates = try fetched.updates.map { try Entry(bytes: [UInt8]($0.entry)).update }.compactMap(\.self)
            .filter { $0.order == fetched.order }
        order = fetched.order
        let contract = updates.lazy.compactMap { rulebook.contracts[$0.contract] }.first
        kind = OrderKind(contract: contract?.name)
        self.contract = contract.map { "\($0.name) \($0.version)" }
        number = updates.lazy.compactMap { $0.text(of: OrderFact.number) }.first
        self.fetched = try fetched.updates.map { try FetchedStep($0, log: nil, of: fetched.order) }
        unfetched = fetched.problems
        (steps, heads, branches, disputed) = ([], [], [], nil)
        (waiting, erasures, journeys) = ([], [], [])
        (holder, units, upstream, downstream) = (nil, [], [], [])
    }

    /// A peer may keep silent about an update, which nobody can see from what it shows.
    var fetchedLines: [String] {
        let problems = unfetched.map { "not fetched: \($0)" }
        guard !fetched.isEmpty else { return problems }
        return ["", "fetched with proofs, as complete as the peers that were asked are honest:"]
            + fetched.sorted { ($0.recordedAt, $0.origin) < ($1.recordedAt, $1.origin) }.flatMap(\.lines) + problems
    }
}
