import Foundation
import Telemetry

/// A picture of a trace: one lane for each organisation, the steps from left to right in the order in which they were recorded.
///
/// SVG 1.1 in UTF-8, well-formed whatever the names hold, without anything that would have to be fetched. Colours follow the
/// reader's light or dark setting, and no meaning is carried by colour alone.
public struct Timeline {
    /// The most steps in one picture; of more, the first and the last are shown and the picture says so.
    public static let stepsMax = 80

    /// One step, or several windows of sensors in a row.
    private struct Mark {
        /// All of them, the first one first.
        var steps: [Trace.Step]
        let column: Int

        var step: Trace.Step { steps[0] }
    }

    private static let laneHeight = 64.0
    private static let columnWidth = 92.0
    private static let left = 150.0
    private static let top = 120.0
    private static let bottom = 96.0

    private let trace: Trace
    private let marks: [Mark]
    private let lanes: [String]
    private let hidden: Int

    public init(_ trace: Trace) {
        self.trace = trace
        var all: [Mark] = []
        for step in trace.steps {
            if let last = all.last, step.source == "window", last.step.step == step.step,
                last.step.origin == step.origin
            {
                all[all.count - 1].steps.append(step)
            } else {
                all.append(Mark(steps: [step], column: all.count))
            }
        }
        hidden = max(0, all.count - Self.stepsMax)
        let half = Self.stepsMax / 2
        let shown = hidden == 0 ? all : Array(all.prefix(half) + all.suffix(half))
        marks = shown.enumerated().map { Mark(steps: $1.steps, column: $0) }
        var lanes: [String] = []
        for mark in marks where !lanes.contains(mark.step.organisation) { lanes.append(mark.step.organisation) }
        self.lanes = lanes
    }

    /// The picture as an SVG document.
    public func svg() -> String {
        let width = Self.left + Double(max(marks.count, 1)) * Self.columnWidth + 24
        let height = Self.top + Double(max(lanes.count, 1)) * Self.laneHeight + Self.bottom
        let more = hidden > 0 ? " (\(hidden) steps in the middle are not shown)" : ""
        let title = XMLText.escaped("\(trace.contract ?? "Order") \(trace.number ?? trace.order)\(more)")
        let size = "width=\"\(text(width))\" height=\"\(text(height))\""
        return """
            <?xml version="1.0" encoding="UTF-8"?>
            <svg xmlns="http://www.w3.org/2000/svg" version="1.1" class="timeline" role="img" aria-labelledby="timeline-title" \
            \(size) viewBox="0 0 \(text(width)) \(text(height))" font-family="system-ui, 'DejaVu Sans', sans-serif" font-size="12">
            <title id="timeline-title">\(title)</title>
            <style>\(Self.style)</style>
            <rect class="back" \(size) fill="#ffffff"/>
            <text class="ink" x="16" y="28" font-size="17" font-weight="600" fill="#1b1f23">\(title)</text>
            <text class="pale" x="16" y="48" fill="#59636e">● confirmed  ○ recorded  ✕ rejected  ◇ dropped or doubtful; times in UTC</text>

            """ + lanes.enumerated().map { lane($1, number: $0, width: width) }.joined() + links()
                + marks.map(drawn).joined() + "</svg>\n"
    }

    private static let style = """
        @media(prefers-color-scheme:dark){
        .timeline .back{fill:#14181d}.timeline .ink{fill:#e6eaee}.timeline .pale{fill:#9ba6b1}
        .timeline .lane{stroke:#2c343c}.timeline .link{stroke:#7b8792}.timeline .hollow{fill:#14181d}
        .timeline .good{fill:#5fc28a;stroke:#5fc28a}.timeline .bad{fill:#ff8f85;stroke:#ff8f85}
        }
        """

    private func x(_ mark: Mark) -> Double { Self.left + (Double(mark.column) + 0.5) * Self.columnWidth }

    private func y(_ mark: Mark) -> Double { laneY(lanes.firstIndex(of: mark.step.organisation) ?? 0) }

    private func laneY(_ number: Int) -> Double { Self.top + (Double(number) + 0.5) * Self.laneHeight }

    private func lane(_ name: String, number: Int, width: Double) -> String {
        let y = text(laneY(number))
        let role = trace.steps.first { $0.organisation == name && $0.role != name }?.role
        return """
            <path class="lane" d="M16 \(y)H\(text(width - 16))" stroke="#e1e5ea" stroke-width="1"/>
            <text class="ink" x="16" y="\(text(laneY(number) - 6))" font-weight="600" fill="#1b1f23">\(XMLText.escaped(name.shown(20)))</text>
            <text class="pale" x="16" y="\(text(laneY(number) + 12))" fill="#59636e">\(XMLText.escaped(role ?? ""))</text>

            """
    }

    /// From each step to those that it builds on.
    private func links() -> String {
        let places = Dictionary(
            marks.flatMap { mark in mark.steps.map { ($0.leafHash, mark) } }, uniquingKeysWith: { first, _ in first })
        return marks.flatMap { mark in
            let parents = Set(mark.steps.flatMap(\.parents).compactMap { places[$0]?.column })
            return parents.subtracting([mark.column]).sorted().map { marks[$0] }.map { parent in
                let (x1, y1, x2, y2) = (x(parent), y(parent), x(mark), y(mark))
                let bend = (x2 - x1) / 2
                return
                    "<path class=\"link\" d=\"M\(text(x1)) \(text(y1))C\(text(x1 + bend)) \(text(y1)) \(text(x2 - bend)) "
                    + "\(text(y2)) \(text(x2)) \(text(y2))\" fill=\"none\" stroke=\"#8b96a1\" stroke-width=\"1.5\"/>\n"
            }
        }.joined()
    }

    private func drawn(_ mark: Mark) -> String {
        let (x, y) = (x(mark), y(mark))
        let step = mark.step
        let facts = step.facts.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: "\n")
        let hint = XMLText.escaped(
            "\(step.step)\n\(step.recordedAt)\n\(step.origin):\(step.index)\n\(step.standing)\n\(facts)".shown(900))
        let name = mark.steps.count > 1 ? "\(step.step) ×\(mark.steps.count)" : step.step
        let below = Self.top + Double(lanes.count) * Self.laneHeight + 14
        let words = name.split(separator: ".", maxSplits: 1).map(String.init)
        return "<g><title>\(hint)</title>\(sign(step, x, y))"
            + words.enumerated().map { line, word in
                label(
                    word + (line == 0 && words.count > 1 ? "." : ""), x: x, y: y - 26 + Double(line) * 12, class: "ink")
            }.joined()
            + label(String(step.recordedAt.prefix(10)), x: x, y: below, class: "pale")
            + label(String(step.recordedAt.dropFirst(11).prefix(8)), x: x, y: below + 14, class: "pale")
            + label((step.station ?? "").shown(14), x: x, y: below + 30, class: "pale") + "</g>\n"
    }

    private func sign(_ step: Trace.Step, _ x: Double, _ y: Double) -> String {
        if step.verdict != "accepted" {
            let (l, r, t, b) = (text(x - 6), text(x + 6), text(y - 6), text(y + 6))
            return
                "<path class=\"bad\" d=\"M\(l) \(t)L\(r) \(b)M\(r) \(t)L\(l) \(b)\" stroke=\"#c0362c\" stroke-width=\"3\"/>"
        }
        if step.dropped || step.frozen != nil || step.revoked {
            return
                "<path class=\"hollow bad\" d=\"M\(text(x)) \(text(y - 8))l8 8l-8 8l-8 -8Z\" fill=\"#ffffff\" stroke=\"#c0362c\" stroke-width=\"2\"/>"
        }
        let fill = step.confirmed ? "class=\"good\" fill=\"#1f7a46\"" : "class=\"hollow\" fill=\"#ffffff\""
        return "<circle cx=\"\(text(x))\" cy=\"\(text(y))\" r=\"7\" \(fill) stroke=\"#1f7a46\" stroke-width=\"2\"/>"
    }

    private func label(_ words: String, x: Double, y: Double, class name: String) -> String {
        guard !words.isEmpty else { return "" }
        let fill = name == "ink" ? "#1b1f23" : "#59636e"
        return
            "<text class=\"\(name)\" x=\"\(text(x))\" y=\"\(text(y))\" text-anchor=\"middle\" font-size=\"10\" fill=\"\(fill)\">"
            + "\(XMLText.escaped(words.shown(20)))</text>"
    }

    private func text(_ value: Double) -> String { String(Int(value.rounded())) }
}

extension String {
    /// No more than this many characters, and a sign where some are left out.
    func shown(_ max: Int) -> String { count > max ? prefix(max - 1) + "…" : self }
}
