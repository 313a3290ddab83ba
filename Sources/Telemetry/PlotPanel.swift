/// One series in a picture.
struct PlotPanel {
    static let height = 236.0

    private static let left = 64.0
    private static let right = ConditionPlot.width - 20
    private static let plotTop = 24.0
    private static let plotBottom = 190.0

    /// Up to so many points are dots; more would hide the line, and only show under the pointer.
    private static let dotsMax = 100

    private let series: ConditionSeries
    private let points: PlotPoints
    private let time: TimeScale
    private let value: ValueScale
    private let windows: [Int64]
    private let top: Double
    private let unit: String
    private let lowest: Double?
    private let highest: Double?

    init(_ series: ConditionSeries, time: TimeScale, windows: [Int64], top: Double) {
        self.series = series
        self.time = time
        self.windows = windows
        self.top = top
        points = PlotPoints(series)
        value = ValueScale(series)
        unit = PlotPanel.readable(series.unit)
        lowest = series.limits.lowest.flatMap { $0.isFinite ? $0 : nil }
        highest = series.limits.highest.flatMap { $0.isFinite ? $0 : nil }
    }

    var svg: String {
        let parts = [heading, band, excursions, gaps, grid, boundaries, line, dots, limits, frame, nothing]
        return "<g transform=\"translate(0 \(number(top)))\">\n\(parts.joined())</g>\n"
    }

    // MARK: What surrounds the line

    private var heading: String {
        let name = PlotPanel.shortened("\(series.device)  \(series.metric)", to: 90)
        return "<text class=\"ink\" x=\"\(number(PlotPanel.left))\" y=\"14\" font-weight=\"600\" fill=\"#1b1f23\">"
            + "\(XMLText.escaped(name))<tspan class=\"pale\" dx=\"10\" font-weight=\"400\" fill=\"#59636e\">"
            + "\(XMLText.escaped(range))</tspan></text>\n"
    }

    private var range: String {
        guard let extremes = series.extremes else { return "" }
        return "\(PlotPanel.short(extremes.lowest)) to \(PlotPanel.short(extremes.highest)) \(unit)"
    }

    private var band: String {
        guard lowest != nil || highest != nil else { return "" }
        let upper = highest.map(y) ?? PlotPanel.plotTop
        let lower = lowest.map(y) ?? PlotPanel.plotBottom
        let place = rectangle(PlotPanel.left, PlotPanel.right, upper, max(upper, lower))
        return "<rect class=\"band\" \(place) fill=\"#e3f3e6\"/>\n"
    }

    /// A bar above the shade says it without colour too.
    private var excursions: String {
        stretches(series.excursions, widthMin: 2).map { from, to in
            let shade = rectangle(from, to, PlotPanel.plotTop, PlotPanel.plotBottom)
            let bar = rectangle(from, to, PlotPanel.plotTop - 4, PlotPanel.plotTop)
            return "<rect class=\"excursion\" \(shade) fill=\"#f8d0cd\"/>"
                + "<rect class=\"out\" \(bar) fill=\"#c4242c\"/>\n"
        }.joined()
    }

    private var gaps: String {
        stretches(series.gaps, widthMin: 1).map { from, to in
            let place = rectangle(from, to, PlotPanel.plotTop, PlotPanel.plotBottom)
            return "<rect class=\"gap\" \(place) fill=\"url(#conditions-gap)\"/>\n"
        }.joined()
    }

    /// Where spans are drawn; those that would touch are one, so that a picture stays small.
    private func stretches(_ spans: [ConditionSeries.Span], widthMin: Double) -> [(from: Double, to: Double)] {
        var drawn: [(from: Double, to: Double)] = []
        for span in spans.sorted(by: { $0.from < $1.from }) where span.from <= time.to && span.to ?? .max >= time.from {
            let (begin, end) = (x(span.from), x(max(span.to ?? .max, span.from)))
            let air = max(widthMin - (end - begin), 0) / 2
            let (from, to) = (max(begin - air, PlotPanel.left), min(end + air, PlotPanel.right))
            if let last = drawn.last, from <= last.to + 0.5 {
                drawn[drawn.count - 1].to = max(last.to, to)
            } else {
                drawn.append((from, to))
            }
        }
        return drawn
    }

    private var grid: String {
        let values = value.ticks.map { tick in
            let y = number(y(tick.value))
            let stroke = "M\(number(PlotPanel.left)) \(y)H\(number(PlotPanel.right))"
            return "<path class=\"grid\" d=\"\(stroke)\" stroke=\"#dfe3e8\"/>"
                + "<text class=\"pale\" x=\"\(number(PlotPanel.left - 6))\" y=\"\(y)\" dy=\"4\" text-anchor=\"end\" "
                + "fill=\"#59636e\">\(tick.label)</text>\n"
        }
        return (values + time.ticks.map(timeTick)).joined() + axisName
    }

    /// The last label keeps inside the picture: a character of it is at most 8 wide.
    private func timeTick(_ tick: TimeScale.Tick) -> String {
        let place = x(tick.time)
        let anchor = place + Double(tick.label.utf8.count) * 4 > ConditionPlot.width ? "end" : "middle"
        let (x, top, bottom) = (number(place), number(PlotPanel.plotTop), number(PlotPanel.plotBottom))
        let note = tick.note.map { "<tspan x=\"\(x)\" dy=\"14\">\($0)</tspan>" } ?? ""
        return "<path class=\"grid\" d=\"M\(x) \(top)V\(bottom)\" stroke=\"#dfe3e8\"/>"
            + "<text class=\"pale\" x=\"\(x)\" y=\"\(number(PlotPanel.plotBottom + 15))\" text-anchor=\"\(anchor)\" "
            + "fill=\"#59636e\">\(tick.label)\(note)</text>\n"
    }

    private var axisName: String {
        let name = XMLText.escaped(PlotPanel.shortened(unit, to: 8))
        return "<text class=\"pale\" x=\"\(number(PlotPanel.left - 6))\" y=\"14\" text-anchor=\"end\" fill=\"#59636e\">"
            + "\(name)</text>\n"
    }

    private var limits: String {
        [(highest, "highest allowed", -4.0), (lowest, "lowest allowed", 13.0)]
            .compactMap { limit, name, offset in limit.map { limitLine($0, name: name, offset: offset) } }.joined()
    }

    private func limitLine(_ limit: Double, name: String, offset: Double) -> String {
        let y = y(limit)
        let (left, right, height) = (number(PlotPanel.left), number(PlotPanel.right), number(y))
        let ends = "x1=\"\(left)\" x2=\"\(right)\" y1=\"\(height)\" y2=\"\(height)\""
        return "<line class=\"limit\" \(ends) stroke=\"#2e7d32\" stroke-dasharray=\"6 4\"/>"
            + "<text class=\"allowed halo\" x=\"\(number(PlotPanel.right - 6))\" y=\"\(number(y + offset))\" "
            + "text-anchor=\"end\" fill=\"#256b2a\" stroke=\"#ffffff\" stroke-width=\"3\" "
            + "stroke-linejoin=\"round\" paint-order=\"stroke\" font-size=\"11\">"
            + "\(name) \(PlotPanel.exact(limit))</text>\n"
    }

    private var boundaries: String {
        let shown = windows.filter { $0 >= time.from && $0 <= time.to }
        let marks = Set(shown.map { number(x($0)) }).sorted()
        return marks.map { x in
            "<path class=\"window\" d=\"M\(x) \(number(PlotPanel.plotTop))V\(number(PlotPanel.plotBottom))\" "
                + "stroke=\"#59636e\" stroke-dasharray=\"2 3\"/>\n"
        }.joined()
    }

    private var frame: String {
        let place = rectangle(PlotPanel.left, PlotPanel.right, PlotPanel.plotTop, PlotPanel.plotBottom)
        return "<rect class=\"frame\" \(place) fill=\"none\" stroke=\"#aab2bb\"/>\n"
    }

    private var nothing: String {
        guard series.samples.isEmpty else { return "" }
        let (x, y) = ((PlotPanel.left + PlotPanel.right) / 2, (PlotPanel.plotTop + PlotPanel.plotBottom) / 2)
        return "<text class=\"pale\" x=\"\(number(x))\" y=\"\(number(y))\" text-anchor=\"middle\" fill=\"#59636e\">"
            + "no readings</text>\n"
    }

    // MARK: The line

    private var line: String {
        let strokes = points.runs.filter { $0.count > 1 }.map { run in
            "M" + run.map { "\(number(x($0.time))) \(number(y($0.value)))" }.joined(separator: "L")
        }
        return strokes.map { stroke in
            "<path class=\"line\" d=\"\(stroke)\" fill=\"none\" stroke=\"#1a63b8\" stroke-width=\"1.5\" "
                + "stroke-linejoin=\"round\"/>\n"
        }.joined()
    }

    /// Every point tells its exact value. Those outside the limits, those that no line shows and those of a short
    /// series are always seen.
    private var dots: String {
        let isSparse = points.count <= PlotPanel.dotsMax
        let inside = points.runs.map { run in run.filter { !series.state(of: $0.value).isOutside } }
        let outside = points.runs.joined().filter { series.state(of: $0.value).isOutside }
        let isSeen = points.runs.map { isSparse || $0.count == 1 }
        let seen = zip(inside, isSeen).flatMap { $1 ? $0 : [] }
        let hidden = zip(inside, isSeen).flatMap { $1 ? [] : $0 }
        return dots(hidden, "class=\"dot\" fill=\"#1a63b8\" fill-opacity=\"0\"", circle: "class=\"point\" r=\"4\"")
            + dots(seen, "class=\"dot\" fill=\"#1a63b8\"", circle: "r=\"2.2\"")
            + dots(outside, "class=\"out\" fill=\"#c4242c\"", circle: "r=\"2.8\"")
    }

    private func dots(_ samples: [ConditionSeries.Sample], _ group: String, circle: String) -> String {
        guard !samples.isEmpty else { return "" }
        let circles = samples.map { sample in
            "<circle \(circle) cx=\"\(number(x(sample.time)))\" cy=\"\(number(y(sample.value)))\">"
                + "<title>\(XMLText.escaped(words(sample)))</title></circle>\n"
        }
        return "<g \(group)>\n\(circles.joined())</g>\n"
    }

    private func words(_ sample: ConditionSeries.Sample) -> String {
        let state = series.state(of: sample.value)
        let note = state.isOutside ? ", \(state.rawValue) the limits" : ""
        return "\(PlotPanel.text(sample.time)) \(PlotPanel.exact(sample.value)) \(unit)\(note)"
    }

    // MARK: Places

    private func x(_ time: Int64) -> Double {
        PlotPanel.left + (PlotPanel.right - PlotPanel.left) * self.time.share(time)
    }

    private func y(_ value: Double) -> Double {
        PlotPanel.plotBottom - (PlotPanel.plotBottom - PlotPanel.plotTop) * self.value.share(value)
    }

    private func number(_ value: Double) -> String { FixedDecimal.text(value, decimals: 1) }

    private func rectangle(_ left: Double, _ right: Double, _ top: Double, _ bottom: Double) -> String {
        let extent = "width=\"\(number(right - left))\" height=\"\(number(bottom - top))\""
        return "x=\"\(number(left))\" y=\"\(number(top))\" \(extent)"
    }
}

extension PlotPanel {
    /// The series in words.
    static func sentence(_ series: ConditionSeries) -> String {
        let name = "\(series.device) \(series.metric)"
        guard let extremes = series.extremes, let first = series.samples.first, let last = series.samples.last else {
            return "\(name): no readings."
        }
        let counts = [
            "\(counted(series.samples.count, "reading")) from \(text(first.time)) to \(text(last.time))",
            "lowest \(short(extremes.lowest)) and highest \(short(extremes.highest)) \(readable(series.unit))",
            "\(series.samples.count { series.state(of: $0.value).isOutside }) outside the limits",
            counted(series.excursions.count, "excursion"), counted(series.gaps.count, "gap"),
        ]
        return "\(name): \(counts.joined(separator: ", "))."
    }

    private static func counted(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }

    /// The shortest text that means exactly this number.
    static func exact(_ value: Double) -> String {
        let text = value.description
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }

    /// With at most four decimals, unless those would hide a small number.
    static func short(_ value: Double) -> String {
        value.magnitude >= 0.01 ? FixedDecimal.short(value, decimals: 4) : exact(value)
    }

    /// Without a fraction of a second that is zero.
    static func text(_ time: Int64) -> String {
        let text = InternetTime.text(time)
        return text.hasSuffix(".000000Z") ? text.prefix(19) + "Z" : text
    }

    /// Units of SenML (RFC 8428 section 12.1) as people write them.
    static func readable(_ unit: String) -> String {
        switch unit {
        case "Cel": "°C"
        case "%RH": "% RH"
        case "1": ""
        default: unit
        }
    }

    static func shortened(_ text: String, to length: Int) -> String {
        text.count > length ? text.prefix(length - 1) + "…" : text
    }
}
