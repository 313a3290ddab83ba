/// Bars beside one another, one for each year or whatever else is counted.
///
/// SVG 1.1 in UTF-8, well-formed whatever the names hold, without anything that would have to be fetched. Colours follow the
/// reader's light or dark setting.
public struct BarChart: Sendable {
    public struct Bar: Sendable {
        /// Below it.
        public let label: String
        /// From 0 on.
        public let value: Double

        public init(label: String, value: Double) {
            self.label = label
            self.value = value
        }
    }

    public struct Panel: Sendable {
        public let title: String
        /// Below the title; empty if there is nothing to say.
        public let note: String
        public let bars: [Bar]

        public init(title: String, note: String, bars: [Bar]) {
            self.title = title
            self.note = note
            self.bars = bars
        }
    }

    /// The most panels in one picture; of more, the first are shown and the picture says so.
    public static let panelsMax = 20
    /// The most bars in one panel; of more, the last are shown.
    public static let barsMax = 60

    private static let width = 960.0
    private static let headerHeight = 44.0
    private static let panelHeight = 240.0
    private static let barsHeight = 150.0
    private static let margin = 16.0

    private let title: String
    private let panels: [Panel]

    public init(title: String, panels: [Panel]) {
        self.title = title
        self.panels = panels
    }

    /// The picture as an SVG document.
    public func svg() -> String {
        let shown = panels.prefix(Self.panelsMax)
        let height = Self.headerHeight + Double(max(shown.count, 1)) * Self.panelHeight
        let hidden = panels.count - shown.count
        let name = XMLText.escaped(title + (hidden > 0 ? " (and \(hidden) more, not shown)" : ""))
        let size = "width=\"\(Self.text(Self.width))\" height=\"\(Self.text(height))\""
        return """
            <?xml version="1.0" encoding="UTF-8"?>
            <svg xmlns="http://www.w3.org/2000/svg" version="1.1" class="bars" role="img" aria-labelledby="bars-title" \(size) \
            viewBox="0 0 \(Self.text(Self.width)) \(Self.text(height))" font-family="system-ui, 'DejaVu Sans', sans-serif" \
            font-size="12">
            <title id="bars-title">\(name)</title>
            <style>\(Self.style)</style>
            <rect class="back" \(size) fill="#ffffff"/>
            <text class="ink" x="16" y="26" font-size="17" font-weight="600" fill="#1b1f23">\(name)</text>

            """
                + shown.enumerated().map { Self.svg($1, top: Self.headerHeight + Double($0) * Self.panelHeight) }
                .joined()
                + "</svg>\n"
    }

    private static let style = """
        @media(prefers-color-scheme:dark){
        .bars .back{fill:#14181d}.bars .ink{fill:#e6eaee}.bars .pale{fill:#9ba6b1}.bars .bar{fill:#7db4f5}
        .bars .base{stroke:#4a545e}
        }
        """

    private static func svg(_ panel: Panel, top: Double) -> String {
        let bars = panel.bars.suffix(barsMax)
        let step = (width - 2 * margin) / Double(max(bars.count, 1))
        let largest = bars.map(\.value).max() ?? 0
        let base = top + panelHeight - 28
        let heading =
            line(panel.title, x: margin, y: top + 16, class: "ink", more: " font-weight=\"600\"")
            + line(panel.note, x: margin, y: top + 32, class: "pale")
        let floor =
            "<path class=\"base\" d=\"M\(text(margin)) \(text(base))H\(text(width - margin))\" stroke=\"#9aa3ad\"/>\n"
        return heading
            + bars.enumerated().map { place, bar in
                let height = largest > 0 ? barsHeight * bar.value / largest : 0
                let left = margin + Double(place) * step
                return svg(bar, left: left, step: step, height: height, base: base)
            }.joined() + floor
    }

    private static func svg(_ bar: Bar, left: Double, step: Double, height: Double, base: Double) -> String {
        let middle = left + step / 2
        let width = min(step * 0.7, 60)
        let value = FixedDecimal.short(bar.value, decimals: 2)
        // Numbers stand over bars that are wide enough for them; all of them are shown on hover.
        let number = Double(value.utf8.count) * 7 < step ? value : ""
        let label = Double(bar.label.utf8.count) * 7 < step ? bar.label : ""
        return "<g><title>\(XMLText.escaped(bar.label)): \(value)</title>"
            + "<rect class=\"bar\" x=\"\(text(middle - width / 2))\" y=\"\(text(base - height))\" width=\"\(text(width))\" "
            + "height=\"\(text(height))\" fill=\"#2f6db5\"/></g>\n"
            + line(number, x: middle, y: base - height - 5, class: "ink", more: " text-anchor=\"middle\"")
            + line(label, x: middle, y: base + 16, class: "pale", more: " text-anchor=\"middle\"")
    }

    private static func line(_ words: String, x: Double, y: Double, class name: String, more: String = "") -> String {
        guard !words.isEmpty else { return "" }
        let fill = name == "ink" ? "#1b1f23" : "#59636e"
        return
            "<text class=\"\(name)\" x=\"\(text(x))\" y=\"\(text(y))\" fill=\"\(fill)\"\(more)>\(XMLText.escaped(words))</text>\n"
    }

    private static func text(_ value: Double) -> String { FixedDecimal.short(value, decimals: 2) }
}
