/// A picture of the conditions of a journey: one panel for each series, one above the other, on one axis of time.
///
/// SVG 1.1 in UTF-8, well-formed whatever the names of the devices hold, without scripts, fonts or anything else that
/// would have to be fetched. Colours follow the reader's light or dark setting; where style sheets are forbidden, the
/// light ones hold. Numbers and times are written the same everywhere, times in UTC.
public struct ConditionPlot: Sendable {
    /// The most series in one picture; of more, the first are shown and the picture says so.
    public static let seriesMax = 50

    static let width = 960.0
    private static let headerHeight = 62.0

    private let title: String
    private let series: [ConditionSeries]
    private let windows: [Int64]

    /// Makes a picture of series.
    /// - Parameter windows: times where one recorded window ends and the next begins, UTC microseconds since 1970.
    public init(title: String, series: [ConditionSeries], windows: [Int64] = []) {
        self.title = title
        self.series = series
        self.windows = windows
    }

    /// The picture as an SVG document.
    public func svg() -> String {
        let shown = series.prefix(ConditionPlot.seriesMax)
        let scale = TimeScale(Array(shown))
        let panels = shown.enumerated().map { index, series in
            let top = ConditionPlot.headerHeight + Double(index) * PlotPanel.height
            return PlotPanel(series, time: scale, windows: windows, top: top)
        }
        let height = ConditionPlot.headerHeight + max(Double(panels.count) * PlotPanel.height, 40)
        return opening(height: height) + header(panels) + panels.map(\.svg).joined() + "</svg>\n"
    }

    private func opening(height: Double) -> String {
        let width = FixedDecimal.text(ConditionPlot.width, decimals: 0)
        let height = FixedDecimal.text(height, decimals: 0)
        return """
            <?xml version="1.0" encoding="UTF-8"?>
            <svg xmlns="http://www.w3.org/2000/svg" version="1.1" class="conditions" role="img" \
            aria-labelledby="conditions-title conditions-desc" width="\(width)" height="\(height)" \
            viewBox="0 0 \(width) \(height)" font-family="system-ui, 'DejaVu Sans', sans-serif" font-size="12">
            <title id="conditions-title">\(XMLText.escaped(title))</title>
            <desc id="conditions-desc">\(description)</desc>
            <style>\(ConditionPlot.style)</style>
            <defs><pattern id="conditions-gap" width="6" height="6" patternUnits="userSpaceOnUse" \
            patternTransform="rotate(45)"><path class="hatch" d="M0 0V6" stroke="#9aa3ad" stroke-width="2"/>\
            </pattern></defs>
            <rect class="back" width="\(width)" height="\(height)" fill="#ffffff"/>

            """
    }

    private static let style = """
        .conditions .point:hover{fill-opacity:1}
        @media(prefers-color-scheme:dark){
        .conditions .back{fill:#14181d}.conditions .ink{fill:#e6eaee}.conditions .pale{fill:#9ba6b1}
        .conditions .grid{stroke:#2c343c}.conditions .frame{stroke:#4a545e}.conditions .hatch{stroke:#5b6671}
        .conditions .band{fill:#16301f}.conditions .limit{stroke:#6fc27a}.conditions .allowed{fill:#8ed197}
        .conditions .line{stroke:#7db4f5}.conditions .dot{fill:#7db4f5}.conditions .window{stroke:#9ba6b1}
        .conditions .excursion{fill:#5a2326}.conditions .halo{stroke:#14181d}.conditions .out{fill:#ff7d6e}
        }
        """

    private func header(_ panels: [PlotPanel]) -> String {
        let hidden = series.count - panels.count
        let more = hidden > 0 ? " (and \(hidden) more, not shown)" : ""
        let shownTitle = XMLText.escaped(PlotPanel.shortened(title, to: 100) + more)
        let text = "<text class=\"ink\" x=\"16\" y=\"26\" font-size=\"17\" font-weight=\"600\" fill=\"#1b1f23\">"
        let nothing = "<text class=\"pale\" x=\"16\" y=\"80\" fill=\"#59636e\">There is nothing to show.</text>\n"
        return text + shownTitle + "</text>\n" + legend + (panels.isEmpty ? nothing : "")
    }

    /// Only what is in the picture.
    private var legend: String {
        var entries: [(key: String, text: String)] = []
        if series.contains(where: { $0.limits.band != nil }) {
            entries.append(("<rect class=\"band\" width=\"14\" height=\"10\" fill=\"#e3f3e6\"/>", "allowed"))
        }
        if series.contains(where: { !$0.excursions.isEmpty }) {
            entries.append(("<rect class=\"excursion\" width=\"14\" height=\"10\" fill=\"#f8d0cd\"/>", "excursion"))
        }
        if series.contains(where: { !$0.gaps.isEmpty }) {
            entries.append(("<rect width=\"14\" height=\"10\" fill=\"url(#conditions-gap)\"/>", "no readings"))
        }
        if !windows.isEmpty {
            let dash = "stroke=\"#59636e\" stroke-dasharray=\"2 3\""
            entries.append(("<path class=\"window\" d=\"M7 -1V11\" \(dash)/>", "window boundary"))
        }
        return entries.enumerated().map { index, entry in
            "<g transform=\"translate(\(16 + index * 110) 40)\">\(entry.key)"
                + "<text class=\"pale\" x=\"20\" y=\"9\" fill=\"#59636e\">\(entry.text)</text></g>\n"
        }.joined()
    }

    /// The picture in words, for those who do not see it.
    private var description: String {
        let sentences = series.prefix(ConditionPlot.seriesMax).map(PlotPanel.sentence)
        return XMLText.escaped(sentences.joined(separator: " "))
    }
}
