import ArgumentParser
import Consortium
import Foundation
import Gateway
import Ledger
import Portal
import Store

struct TraceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "trace", abstract: "Show every step of an order: who, when, on whose log, and how sure.")

    @Argument(help: "The order: its id, a unique part of it, its number, or a device's Digital Link.")
    var order: String
    @OptionGroup var state: StateOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let ledger = try state.ledger()
        let (name, isKnown) = try ledger.read { snapshot in try Self.name(of: order, snapshot) }
        // Before looking at what is here: what comes meanwhile is then shown once.
        let fetched = await Self.fetched(name, from: state.directory)
        let trace = try ledger.read { snapshot in
            let rulebook = try snapshot.rulebook()
            guard isKnown else { return try Trace(fetched, of: order, rulebook: rulebook) }
            return try Trace(of: try snapshot.order(name), snapshot: snapshot, rulebook: rulebook, fetched: fetched)
        }
        try output.print(trace, text: trace.text)
    }

    private static func name(of order: String, _ snapshot: LedgerSnapshot) throws -> (String, Bool) {
        do { return (try snapshot.order(order).name, true) } catch let error as CustodyError
            where error.code == .orderUnknown
        { return (order, false) }
    }

    /// What the running gateway gets from its peers; nil while none runs.
    private static func fetched(_ order: String, from state: StateDirectory) async -> FetchedOrder? {
        guard FileManager.default.fileExists(atPath: state.socket) else { return nil }
        return try? await LocalClient(socket: state.socket).fetch(order)
    }
}

/// An order as a person reads it.
struct Trace: Encodable {
    struct Step: Encodable {
        let step: String
        let organisation: String
        let role: String?
        let origin: String
        let index: UInt64
        let leafHash: String
        let recordedAt: String
        let observedAt: String?
        let source: String
        /// The rule of the contract that recorded it.
        let rule: String?
        /// Leaf hash of the update that set the rule off.
        let trigger: String?
        let facts: [String: String]
        let subjects: [String]
        /// The pseudonym of who did it.
        let `operator`: String?
        /// Whether the operator signed it with a key that the organisation certified; nil if nobody signed.
        let operatorSigned: Bool?
        let verdict: String
        /// The updates that it builds on, by leaf hash.
        let parents: [String]
        /// Whether a resolution took it out of the order.
        let dropped: Bool
        let confirmed: Bool
        /// Seconds from its recording to its confirmation, by this gateway's clock.
        let confirmedAfter: Double?
        let cosigners: [String]
        /// How many organisations cosign.
        let members: Int
        let frozen: String?
        /// Whether its log was revoked before it.
        let revoked: Bool
        /// Organisations whose cosignatures contradict its time, and time stamps that do, with the seconds by which it is
        /// ahead of theirs.
        let clockAhead: [String: Double]
        /// Of the first head with a time stamp that includes it.
        let timeStamp: ShownTimeStamp?
    }

    let order: String
    let contract: String?
    let number: String?
    let steps: [Step]
    let heads: [String]
    /// What each head has that no other has; one of an order without a fork.
    let branches: [Branch]
    let disputed: String?
    let waiting: [String]
    let erasures: [ShownErasure]
    /// Of the order's own journey and of those that it cites.
    let journeys: [Journey]
    /// Updates that are not stored here, or that wait here for such, as peers have them.
    let fetched: [FetchedStep]
    /// Why peers gave nothing, or nothing that is proved.
    let unfetched: [String]

    struct Branch: Encodable {
        let head: String
        let origin: String
        let steps: [String]
        let dropped: Bool
    }

    struct Journey: Encodable {
        let order: String
        let windows: Int
        let excursions: [ShownJourney.Event]
    }

    init(
        of record: OrderRecord, snapshot: LedgerSnapshot, rulebook: Rulebook, fetched: FetchedOrder? = nil
    ) throws {
        let logs = Dictionary(uniqueKeysWithValues: try snapshot.logs().map { ($0.origin, $0) })
        self.fetched = try fetched?.updates.map { try FetchedStep($0, log: logs[$0.origin], of: record.name) } ?? []
        unfetched = fetched?.problems ?? []
        let thread = try snapshot.thread(of: record, rulebook: rulebook)
        let contract = thread.contract.flatMap { rulebook.contracts[$0] }
        order = record.name
        self.contract = contract.map { "\($0.name) \($0.version)" }
        let updates = try snapshot.updates(of: record)
        number = updates.lazy.compactMap { $0.update.text(of: OrderFact.number) }.first
        let dropped = thread.dropped
        let erased = try snapshot.erasures(ofOrder: record.name)
        steps = try updates.map { applied in
            try Step(
                applied, isDropped: dropped.contains(applied.reference.leafHash), erased: erased,
                log: logs[applied.reference.origin], snapshot: snapshot, rulebook: rulebook)
        }
        erasures = erased.map { ShownErasure($0, updates) }
        heads = thread.heads.map(\.leafHash.hex)
        branches = thread.heads.map { head in
            Branch(
                head: head.leafHash.hex, origin: head.origin, steps: thread.branch(of: head).map(\.update.step),
                dropped: dropped.contains(head.leafHash))
        }
        disputed = contract.flatMap { thread.conflict(under: $0)?.message }
        waiting = try snapshot.waiting().filter { $0.update.order == record.name }.map(Self.sentence)
        journeys = try ConditionsCommand.reports(of: record.name, snapshot).map { report in
            Journey(
                order: report.order, windows: report.sensors.reduce(0) { $0 + $1.windows.count },
                excursions: report.events.filter(\.isExcursion).map(ShownJourney.Event.init))
        }
    }

    private static func sentence(_ waiting: WaitingUpdate) -> String {
        let what =
            switch waiting.awaited {
            case .entry(let reference): "\(reference.origin):\(reference.index)"
            case .document(let hash): "the consortium document \(hash.hex)"
            case .contract(let hash): "the contract \(hash.hex)"
            }
        return "\(waiting.update.step) of \(waiting.reference.origin) waits for \(what)"
    }

    var text: String {
        var lines = ["order     \(order)"]
        if let contract { lines.append("contract  \(contract)") }
        if let number { lines.append("number    \(number)") }
        lines.append("")
        for step in steps {
            lines.append(
                "\(step.step.padded(21)) \(step.recordedAt.padded(24)) \(step.organisation.padded(13)) "
                    + "\("\(step.origin):\(step.index)".padded(22)) \(step.standing)")
            if !step.facts.isEmpty {
                lines.append(
                    "    "
                        + step.facts.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: "  "))
            }
            for subject in step.subjects { lines.append("    \(subject)") }
            if let rule = step.rule { lines.append("    by the rule \(rule)") }
            if let person = step.signer { lines.append("    \(person)") }
        }
        for journey in journeys where journey.order != order || !journey.excursions.isEmpty {
            lines.append(
                "\njourney   \(journey.order): \(journey.windows) windows, \(journey.excursions.count) excursions")
            lines += journey.excursions.map { "    \($0.text)" }
        }
        if heads.count > 1 { lines += forkLines }
        lines += waiting.map { "waiting: \($0)" }
        lines += fetchedLines
        if !erasures.isEmpty { lines.append("") }
        lines += erasures.map { "erasure   \($0.text)" }
        return lines.joined(separator: "\n")
    }

    private var forkLines: [String] {
        let state = disputed.map { "disputed: \($0)" } ?? "the next update joins them"
        return ["\nfork      \(heads.count) heads, \(state)"]
            + branches.map { branch in
                "    \(branch.head.prefix(12))  \(branch.origin.padded(20)) \(branch.steps.joined(separator: ", "))"
                    + (branch.dropped ? "  (dropped)" : "")
            }
            + (disputed == nil ? [] : ["    to close it: custody resolve \(order) --stands HEAD"])
    }
}

extension Trace.Step {
    init(
        _ applied: AppliedUpdate, isDropped: Bool, erased: [ErasureRecord], log: LogRecord?, snapshot: LedgerSnapshot,
        rulebook: Rulebook
    ) throws {
        let reference = applied.reference
        let member = rulebook.documents[applied.update.consortium]?.organisation(
            ConsortiumDocument.organisation(ofOrigin: reference.origin))
        step = applied.update.step
        organisation = ConsortiumDocument.organisation(ofOrigin: reference.origin)
        role = member?.role.rawValue
        origin = reference.origin
        index = reference.index
        leafHash = reference.leafHash.hex
        recordedAt = UTCText.of(applied.entry.recordedAt)
        observedAt = applied.update.observedAt.map(UTCText.of)
        source = applied.update.source.kind.rawValue
        rule = applied.update.firing?.rule
        trigger = applied.update.firing?.trigger.hex
        facts = Dictionary(
            applied.update.facts.map { fact in
                switch fact.value {
                case .text(let text): (fact.name, text)
                case .commitment:
                    (fact.name, erased.contains { $0.erases(fact.name, of: reference) } ? "(erased)" : "(private)")
                }
            }, uniquingKeysWith: { first, _ in first })
        subjects = applied.update.subjects
        `operator` = applied.update.operator?.id
        operatorSigned = rulebook.isSigned(
            applied.update, from: reference.origin, recordedAt: applied.entry.recordedAt)
        verdict = applied.verdict.isAccepted ? "accepted" : "\(applied.verdict)"
        parents = applied.update.parents.map(\.leafHash.hex)
        dropped = isDropped
        confirmed = log?.isConfirmed(reference.index) ?? false
        revoked = log.map { reference.index > $0.lastCounted ?? .max } ?? false
        confirmedAfter = try snapshot.confirmedAt(reference).map {
            Double(max(0, $0 - applied.entry.recordedAt)) / 1e6
        }
        members = rulebook.latest?.organisations.count ?? 0
        clockAhead = Dictionary(
            try snapshot.doubts(of: reference).map { ($0.cosigner, Double($0.ahead) / 1e6) },
            uniquingKeysWith: { first, _ in first })
        timeStamp = try log.flatMap { try snapshot.timeStamp(including: reference.index, of: $0) }
            .map { try ShownTimeStamp($0) }
        frozen = log?.frozen(at: reference.index)
        cosigners =
            try log.map { log in
                try snapshot.cosignedSizes(of: log.id).filter { $0.value > reference.index }.keys.sorted()
            } ?? []
    }

    var signer: String? {
        guard let person = `operator` else { return nil }
        return SignerText.of(person, isSigned: operatorSigned)
    }

    var standing: String {
        if case let rejected = verdict, rejected != "accepted" { return "REJECTED: \(rejected)" }
        if let frozen { return "log frozen: \(frozen)" }
        let marks = (dropped ? ["dropped"] : []) + (revoked ? ["its log is revoked"] : [])
        let stamped = (timeStamp.map { [$0] } ?? []).map {
            "time-stamped by \($0.shortAuthority): existed before \($0.existedBefore)"
        }
        return ([confirmation] + stamped + marks + clockMarks).joined(separator: ", ")
    }

    private var confirmation: String {
        let mirrored = "\(cosigners.count) of \(members) cosigners"
        guard confirmed else { return cosigners.isEmpty ? "recorded" : "recorded, mirrored (\(mirrored))" }
        return "confirmed (\(mirrored)" + (confirmedAfter.map { ", after \(Self.span($0))" } ?? "") + ")"
    }

    private var clockMarks: [String] {
        clockAhead.sorted { $0.key < $1.key }.map { "clock \(Self.span($0.value)) ahead of \($0.key)" }
    }

    private static func span(_ seconds: Double) -> String {
        switch seconds {
        case ..<120: "\((seconds * 100).rounded() / 100) s"
        case ..<7_200: "\(Int(seconds / 60)) min"
        default: "\(Int(seconds / 3_600)) h"
        }
    }
}

/// Times as people and programs read them.
enum UTCText {
    static func of(_ microseconds: Int64) -> String {
        Date(timeIntervalSince1970: Double(microseconds) / 1e6)
            .formatted(
                .iso8601.year().month().day().timeZone(separator: .omitted).time(includingFractionalSeconds: true))
    }
}

struct OrdersCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "orders", abstract: "List the orders that this gateway knows, the newest first.")

    @OptionGroup var state: StateOptions
    @OptionGroup var output: OutputOptions
    @Option(help: "How many at the most.")
    var limit = 50

    struct Listed: Encodable {
        let order: String
        let contract: String?
        let number: String?
        let lastStep: String?
        let fork: Bool
    }

    func run() async throws {
        let ledger = try state.ledger()
        let listed = try ledger.read { snapshot -> [Listed] in
            let rulebook = try snapshot.rulebook()
            return try snapshot.orders(limit: limit).map { record in
                let thread = try snapshot.thread(of: record, rulebook: rulebook)
                return Listed(
                    order: record.name, contract: thread.contract.flatMap { rulebook.contracts[$0]?.name },
                    number: thread.nodes.lazy.compactMap { $0.update.text(of: OrderFact.number) }.first,
                    lastStep: thread.nodes.last { $0.verdict.isAccepted }?.update.step, fork: thread.isFork)
            }
        }
        try output.print(
            listed,
            text: listed.map {
                "\($0.order.padded(44)) \(($0.contract ?? "-").padded(14)) \(($0.number ?? "-").padded(16)) \($0.lastStep ?? "-")\($0.fork ? "  FORK" : "")"
            }.joined(separator: "\n"))
    }
}
