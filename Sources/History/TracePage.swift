import Foundation
import Telemetry

/// A trace as one HTML file that needs no server and no other file: the picture, every step, its conditions, and the proofs.
///
/// Nothing in it runs. What anybody else wrote stands in it as text alone.
public struct TracePage {
    private let trace: Trace
    private let proof: [UInt8]?

    /// - Parameter proof: the proof file that goes with it; nil where nothing of the order is stored here.
    public init(_ trace: Trace, proof: [UInt8]?) {
        self.trace = trace
        self.proof = proof
    }

    public func html() -> String {
        let title = "\(trace.contract ?? "Order") \(trace.number ?? "")"
        return ReportPage.html(
            title: title,
            """
            <h1>\(escaped(title))</h1>
            \(summary)
            <section aria-label="Timeline" class="picture">
            \(picture)
            </section>
            \(steps)
            \(conditions)
            \(links("Relies on", trace.upstream))
            \(links("Relied on by", trace.downstream))
            \(list("Cases and pallets", trace.units.map(\.text)))
            \(list("Waiting here", trace.waiting))
            \(list("Fetched from peers, with proofs", trace.fetchedLines))
            \(list("Erasures", trace.erasures.map(\.text)))
            \(proofs)
            """)
    }

    private var summary: String {
        let rows: [(String, String?)] = [
            ("Order", trace.order), ("Contract", trace.contract), ("Number", trace.number),
            ("Held by", trace.holder?.text),
            ("Updates", "\(trace.steps.count)"),
            ("Fork", trace.heads.count > 1 ? "\(trace.heads.count) heads" : nil), ("Disputed", trace.disputed),
        ]
        let shown = rows.compactMap { name, value in
            value.map { "<dt>\(name)</dt><dd\(name == "Disputed" ? " class=\"bad\"" : "")>\(escaped($0))</dd>" }
        }
        return "<dl>\(shown.joined(separator: "\n"))</dl>"
    }

    /// Inside HTML there is no XML declaration.
    private var picture: String {
        let svg = Timeline(trace).svg()
        return svg.range(of: "<svg").map { String(svg[$0.lowerBound...]) } ?? ""
    }

    private var steps: String {
        let rows = trace.steps.map { step in
            let facts = step.facts.sorted { $0.key < $1.key }.map { "\(escaped($0.key)): \(escaped($0.value))" }
            let who = [step.organisation, step.role.map { "(\($0))" }, step.signer].compactMap(\.self).joined(
                separator: " ")
            let place = [step.station.map { "station \($0)" }, step.rule.map { "by the rule \($0)" }, step.source]
                .compactMap(\.self).joined(separator: ", ")
            let isGood = step.verdict == "accepted" && step.frozen == nil && !step.revoked
            return """
                <tr><td>\(escaped(step.step))</td><td>\(escaped(who))<br>\(escaped(place))</td>
                <td><time>\(escaped(step.recordedAt))</time>\(step.observedAt.map { "<br>observed \(escaped($0))" } ?? "")</td>
                <td>\((facts + step.subjects.map(escaped)).joined(separator: "<br>"))</td>
                <td\(isGood ? "" : " class=\"bad\"")>\(escaped(step.standing))</td>
                <td>\(escaped(step.origin)):\(step.index)<br><code>\(escaped(step.leafHash))</code></td></tr>
                """
        }
        return """
            <section class="wide"><h2>Steps</h2>
            <table><thead><tr><th scope="col">Step</th><th scope="col">Who</th><th scope="col">When (UTC)</th>
            <th scope="col">What</th><th scope="col">How sure</th><th scope="col">On whose log</th></tr></thead>
            <tbody>\(rows.joined(separator: "\n"))</tbody></table></section>
            """
    }

    private var conditions: String {
        guard !trace.journeys.isEmpty else { return "" }
        let journeys = trace.journeys.map { journey in
            let sensors = journey.sensors.map { sensor in
                escaped(
                    "\(sensor.device) \(sensor.metric): \(number(sensor.min)) to \(number(sensor.max)) \(sensor.unit), mean "
                        + "\(number(sensor.mean)); outside \(number(sensor.secondsOutside)) s, silent \(number(sensor.secondsSilent)) s"
                )
            }
            let excursions = journey.excursions.map { "<span class=\"bad\">\(escaped($0.text))</span>" }
            return
                "<h3>\(escaped(journey.order)), \(journey.windows) windows</h3><p>\((sensors + excursions).joined(separator: "<br>"))</p>"
        }
        return "<section><h2>Conditions of its journeys</h2>\(journeys.joined(separator: "\n"))</section>"
    }

    private func links(_ title: String, _ links: [OrderLink]) -> String { list(title, links.map(\.text)) }

    private func list(_ title: String, _ lines: [String]) -> String {
        guard !lines.isEmpty else { return "" }
        let items = lines.filter { !$0.isEmpty }.map { "<li>\(escaped($0))</li>" }.joined(separator: "\n")
        return "<section><h2>\(escaped(title))</h2><ul>\(items)</ul></section>"
    }

    private var proofs: String {
        guard let proof else { return "" }
        let data = Data(proof).base64EncodedString()
        return """
            <section><h2>Proofs</h2>
            <p>The file below holds every entry with its proof. Whoever has the consortium's policy from somebody they trust checks it
            without this page and without us: <code>custody verify-proof order.proof --policy POLICY</code>. What this page says is as
            good as who gave it to you; the file is as good as the policy.</p>
            <p><a class="proof" download="order.proof" href="data:application/octet-stream;base64,\(data)">order.proof</a></p></section>
            """
    }

    private func number(_ value: Double) -> String { FixedDecimal.short(value, decimals: 2) }

    private func escaped(_ text: String) -> String { XMLText.escaped(text) }
}
