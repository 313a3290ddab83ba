import Foundation
import Ledger
import Store
import Telemetry

/// Who did what, when, why, on which record, and how that can be checked (21 CFR 11.10(e), 11.50): a report for people.
///
/// Nothing is left out: what was refused stands beside what was accepted, and an earlier value beside the later one.
public struct AuditReport: Encodable, Sendable {
    /// Rows of one report.
    public static let rowsMax = 10_000
    /// Orders whose proofs are put into one page.
    public static let proofsMax = 100

    public struct Row: Encodable, Sendable {
        /// When it was recorded, and when it happened by the clock of whatever observed it.
        public let recordedAt: String
        public let observedAt: String?
        public let organisation: String
        public let role: String?
        /// The pseudonym of the person, and whether they signed: `signed`, `signature not valid`, nil if nobody signed.
        public let person: String?
        public let signature: String?
        /// `scan` at a station, `rule` of the contract ...
        public let means: String
        public let order: String
        public let step: String
        public let facts: [String: String]
        /// What facts of this order said before, where this update says otherwise.
        public let before: [String: String]
        /// Reasons, findings and remarks that the update gives, or the rule that recorded it.
        public let why: String?
        public let standing: String
        public let entry: String
        public let leafHash: String
    }

    public let madeAt: String
    public let orders: [String]
    public let from, to: String?
    public let rows: [Row]
    public let erasures: [ShownErasure]
    /// Whether there are more rows than a report may have.
    public let isCut: Bool

    /// - Parameters:
    ///   - orders: those that the report is about.
    ///   - span: of the time of recording, UTC microseconds.
    ///   - now: UTC microseconds.
    public init(
        of orders: [OrderRecord], in span: ClosedRange<Int64>, now: Int64, _ snapshot: LedgerSnapshot,
        _ rulebook: Rulebook
    ) throws {
        var (rows, erasures) = ([Row](), [ShownErasure]())
        for order in orders {
            let trace = try Trace(of: order, snapshot: snapshot, rulebook: rulebook)
            var known: [String: String] = [:]
            for step in trace.steps {
                let row = Row(step, of: order.name, before: known)
                if step.verdict == "accepted" { known.merge(step.facts) { _, new in new } }
                if span.contains(step.recordedTime) { rows.append(row) }
            }
            erasures += trace.erasures
        }
        rows.sort { ($0.recordedAt, $0.entry) < ($1.recordedAt, $1.entry) }
        madeAt = UTCText.of(now)
        self.orders = orders.map(\.name)
        from = span.lowerBound == .min ? nil : UTCText.of(span.lowerBound)
        to = span.upperBound == .max ? nil : UTCText.of(span.upperBound)
        isCut = rows.count > Self.rowsMax
        self.rows = Array(rows.prefix(Self.rowsMax))
        self.erasures = erasures
    }

    /// For a terminal.
    public var text: String {
        let lines = rows.flatMap { row in
            let facts = row.facts.sorted { $0.key < $1.key }.map { name, value in
                let old = row.before[name].map { " (was \($0.onOneLine))" } ?? ""
                return "    \(name.onOneLine)=\(value.onOneLine)\(old)"
            }
            let who = [row.organisation, row.role.map { "(\($0))" }, row.signer].compactMap(\.self).joined(
                separator: " ")
            return ["\(row.recordedAt)  \(row.step)  \(row.order)", "    who   \(who), \(row.means)"]
                + (row.why.map { ["    why   \($0.onOneLine)"] } ?? [])
                + ["    entry \(row.entry)  \(row.leafHash)", "    state \(row.standing)"] + facts
        }
        let erased = erasures.map { "erasure   \($0.text)" }
        return
            (["audit     \(orders.count) orders, \(rows.count) records\(isCut ? " (there are more)" : "")", ""] + lines
            + erased)
            .joined(separator: "\n")
    }
}

extension AuditReport.Row {
    private static let reasons = ["reason", "finding", "conclusion", "cause", "outcome", "decision", "remark", "note"]

    fileprivate init(_ step: Trace.Step, of order: String, before known: [String: String]) {
        recordedAt = step.recordedAt
        observedAt = step.observedAt
        organisation = step.organisation
        role = step.role
        person = step.operator
        signature = step.operatorSigned.map { $0 ? "signed" : "signature not valid" }
        means = step.station.map { "\(step.source) at the station \($0)" } ?? step.source
        self.order = order
        self.step = step.step
        facts = step.facts
        before = known.filter { name, value in step.facts[name].map { $0 != value } ?? false }
        let given = Self.reasons.compactMap { name in step.facts[name].map { "\(name): \($0)" } }
        let rule = step.rule.map { ["by the rule \($0)"] } ?? []
        why = (rule + given).isEmpty ? nil : (rule + given).joined(separator: "; ")
        standing = step.standing
        entry = "\(step.origin):\(step.index)"
        leafHash = step.leafHash
    }

    fileprivate var signer: String? {
        person.map { "operator \($0.onOneLine)" + (signature.map { " (\($0))" } ?? "") }
    }
}

/// An audit report as one HTML file that needs no server, with a proof file for each order in it.
public struct AuditPage {
    private let report: AuditReport
    private let proofs: [(order: String, bytes: [UInt8])]

    public init(_ report: AuditReport, proofs: [(order: String, bytes: [UInt8])]) {
        self.report = report
        self.proofs = proofs
    }

    public func html() -> String {
        let span = [report.from.map { "from \($0)" }, report.to.map { "to \($0)" }].compactMap(\.self).joined(
            separator: " ")
        let rows = report.rows.map { row in
            let facts = row.facts.sorted { $0.key < $1.key }.map { name, value in
                escaped(name) + ": " + escaped(value) + (row.before[name].map { " <s>\(escaped($0))</s>" } ?? "")
            }
            let who = [row.organisation, row.role.map { "(\($0))" }, row.signer].compactMap(\.self).joined(
                separator: " ")
            return """
                <tr><td><time>\(escaped(row.recordedAt))</time>\(row.observedAt.map { "<br>observed \(escaped($0))" } ?? "")</td>
                <td>\(escaped(who))<br>\(escaped(row.means))</td><td>\(escaped(row.step))<br>\(escaped(row.order))</td>
                <td>\(facts.joined(separator: "<br>"))</td><td>\(escaped(row.why ?? ""))</td><td>\(escaped(row.standing))</td>
                <td>\(escaped(row.entry))<br><code>\(escaped(row.leafHash))</code></td></tr>
                """
        }
        let notes = report.erasures.map { "<li>\(escaped($0.text))</li>" }
        let files = proofs.enumerated().map { number, proof in
            "<li><a download=\"\(number + 1).proof\" href=\"data:application/octet-stream;base64,"
                + "\(Data(proof.bytes).base64EncodedString())\">\(escaped(proof.order))</a></li>"
        }
        return ReportPage.html(
            title: "Audit report",
            """
            <h1>Audit report</h1>
            <p>Made \(escaped(report.madeAt)) of \(report.orders.count) orders, \(report.rows.count) records \(escaped(span))\
            \(report.isCut ? ". <strong>There are more records than this report holds.</strong>" : ".")
            Times are UTC. An earlier value is struck out beside the later one.</p>
            <section class="wide">
            <table><thead><tr><th scope="col">When</th><th scope="col">Who</th><th scope="col">What</th><th scope="col">Values</th>
            <th scope="col">Why</th><th scope="col">How sure</th><th scope="col">Record</th></tr></thead>
            <tbody>\(rows.joined(separator: "\n"))</tbody></table></section>
            \(notes.isEmpty ? "" : "<section><h2>Erasures</h2><ul>\(notes.joined(separator: "\n"))</ul></section>")
            <section><h2>Proofs</h2>
            <p>Each file proves the records of one order to whoever has the consortium's policy from somebody they trust:
            <code>custody verify-proof FILE --policy POLICY</code>.</p>
            <ul>\(files.joined(separator: "\n"))</ul></section>
            """)
    }

    private func escaped(_ text: String) -> String { XMLText.escaped(text) }
}
