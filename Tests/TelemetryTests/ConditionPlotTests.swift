import Foundation
import Telemetry
import Testing

#if canImport(FoundationXML)
    import FoundationXML
#endif

@Suite("Plots of conditions")
struct ConditionPlotTests {
    private static let start: Int64 = 1_772_355_600_000_000
    private static let minute: Int64 = 60_000_000

    private func series(
        _ values: [Double],
        device: String = "box-1",
        unit: String = "Cel",
        every step: Int64 = minute,
        limits: TemperatureLimits = TemperatureLimits(lowest: 2, highest: 8),
        excursions: [ConditionSeries.Span] = [],
        gaps: [ConditionSeries.Span] = []
    ) -> ConditionSeries {
        ConditionSeries(
            device: device, metric: "temperature", unit: unit,
            samples: values.enumerated().map {
                ConditionSeries.Sample(time: Self.start + Int64($0) * step, value: $1)
            }, limits: limits, excursions: excursions, gaps: gaps)
    }

    /// Every element of a picture, which must be well-formed and have nothing that runs or is fetched.
    private func elements(_ plot: ConditionPlot) throws -> [Element] {
        let collector = ElementCollector()
        let parser = XMLParser(data: Data(plot.svg().utf8))
        parser.delegate = collector
        #expect(parser.parse(), "\(String(describing: parser.parserError))")
        for element in collector.elements {
            #expect(!["script", "image", "foreignObject", "a", "use"].contains(element.name))
            #expect(!element.attributes.keys.contains { $0.hasPrefix("on") || $0.hasSuffix("href") })
        }
        return collector.elements
    }

    private func with(_ kind: String, _ elements: [Element]) -> [Element] {
        elements.filter { $0.attributes["class"] == kind }
    }

    @Test func showsOneSampleOutsideTheLimitsAmongAHundredThousand() throws {
        var values = (0..<100_000).map { 4 + Double($0 % 7) / 10 }
        values[61_234] = 8.01
        let at = Self.start + 61_234 * Self.minute
        let excursion = ConditionSeries.Span(from: at, to: at + 1)
        let svg = try elements(ConditionPlot(title: "t", series: [series(values, excursions: [excursion])]))
        let shade = try #require(with("excursion", svg).last)
        #expect(try #require(shade.number("width")) >= 2)
        #expect(svg.filter { $0.name == "title" && $0.text.hasSuffix("8.01 °C, above the limits") }.count == 1)
        let circle = try #require(svg.last { $0.name == "circle" })
        #expect(circle.attributes["r"] == "2.8")
        let highest = try #require(with("limit", svg).first?.number("y1"))
        #expect(try #require(circle.number("cy")) < highest)
        #expect(try #require(circle.number("cx")) >= #require(shade.number("x")))
    }

    @Test(arguments: [1_499, 1_500, 1_501, 50_000])
    func drawsNoMoreThanItsMostPointsAndLosesNoExtreme(_ count: Int) throws {
        let values = (0..<count).map { 5 + Double(($0 * 7_919) % 1_000) / 500 }
        let svg = try elements(ConditionPlot(title: "t", series: [series(values)]))
        let circles = svg.filter { $0.name == "circle" }
        #expect(circles.count <= 1_500)
        #expect(circles.count >= min(count, 1_400))
        let texts = svg.filter { $0.name == "title" }.map(\.text)
        for extreme in [values.min(), values.max()] {
            let text = try #require(extreme).description
            #expect(texts.contains { $0.hasSuffix(" \(text) °C") || $0.hasSuffix(" \(text.dropLast(2)) °C") })
        }
    }

    @Test func breaksTheLineAtAGap() throws {
        let values = (0..<300).map { _ in 5.0 }
        #expect(try with("line", elements(ConditionPlot(title: "t", series: [series(values)]))).count == 1)
        let gap = ConditionSeries.Span(from: Self.start + 100 * Self.minute, to: Self.start + 101 * Self.minute)
        let svg = try elements(ConditionPlot(title: "t", series: [series(values, gaps: [gap])]))
        let lines = with("line", svg).compactMap { $0.attributes["d"] }
        #expect(lines.count == 2)
        let hatch = try #require(with("gap", svg).first)
        let (left, width) = try (#require(hatch.number("x")), #require(hatch.number("width")))
        #expect(lines.first?.hasSuffix("L\(text(left)) 107.0") == true)
        #expect(lines.last?.hasPrefix("M\(text(left + width)) 107.0") == true)
    }

    @Test func breaksTheLineAtAGapOfAHundredThousandSamples() throws {
        let values = (0..<100_000).map { 5 + Double($0 % 10) / 10 }
        let gap = ConditionSeries.Span(from: Self.start + 50_000 * Self.minute, to: Self.start + 50_001 * Self.minute)
        let svg = try elements(ConditionPlot(title: "t", series: [series(values, gaps: [gap])]))
        #expect(with("line", svg).count == 2)
        #expect(try #require(with("gap", svg).first?.number("width")) >= 1)
    }

    private func text(_ value: Double) -> String { String(format: "%.1f", value) }

    @Test(
        arguments: [
            "</title><script>alert(1)</script>", "\"' onload='x' & < > ]]> <!--",
            "\u{0}\u{1}\u{8}\u{B}\u{FFFE}\u{FFFF}",
            "\u{202E}gnp.exe\u{2066}", String(repeating: "n", count: 256), "é\u{301}\u{1F69A}", "",
        ])
    func keepsHostileNamesInTheirPlace(_ name: String) throws {
        let hostile = series([5, 9], device: name, unit: name)
        let plain = try elements(ConditionPlot(title: "t", series: [series([5, 9])]))
        let svg = try elements(ConditionPlot(title: name, series: [hostile]))
        #expect(svg.map(\.name) == plain.map(\.name))
        #expect(!svg.contains { $0.text.unicodeScalars.contains { (0x202A...0x202E).contains($0.value) } })
    }

    @Test func isWellFormedForOddSeries() throws {
        let huge = Double.greatestFiniteMagnitude
        let odd: [ConditionSeries] = [
            series([]), series([5]), series([5, 5, 5]), series([-huge, huge], limits: TemperatureLimits()),
            series([huge, huge]), series([1e15, 1e15 + 1]), series([0.00012, 0.00013], every: 1), series([0]),
            series([.nan, .infinity, 5]), series([5, 6], every: 0), series([5, 6], every: 10_000_000_000_000_000),
            series([5, 6], limits: TemperatureLimits(lowest: .nan, highest: -.infinity)),
            series([5, 6], limits: TemperatureLimits(lowest: 9, highest: 1)),
            series(
                [5, 6], excursions: [ConditionSeries.Span(from: .min, to: nil)],
                gaps: [ConditionSeries.Span(from: .max, to: .min), ConditionSeries.Span(from: 0, to: nil)]),
        ]
        for series in odd {
            let svg = try elements(ConditionPlot(title: "odd", series: [series], windows: [.min, Self.start, .max]))
            for element in svg {
                let places = ["x", "y", "width", "height", "cx", "cy", "x1", "x2", "y1", "y2", "d"]
                for place in places.compactMap({ element.attributes[$0] }) {
                    #expect(!place.contains("nan") && !place.contains("inf") && !place.contains("e"), "\(place)")
                }
            }
            let labels = svg.filter { $0.attributes["text-anchor"] == "end" && $0.attributes["dy"] == "4" }
            #expect((1...12).contains(labels.count), "\(labels.map(\.text))")
        }
        #expect(try elements(ConditionPlot(title: "", series: odd)).filter { $0.name == "svg" }.count == 1)
        #expect(try elements(ConditionPlot(title: "", series: [])).contains { $0.text == "There is nothing to show." })
    }

    @Test(arguments: [(50, 50), (51, 50)])
    func showsNoMoreThanItsMostSeries(_ count: Int, _ shown: Int) throws {
        let svg = try elements(ConditionPlot(title: "t", series: Array(repeating: series([5]), count: count)))
        #expect(with("frame", svg).count == shown)
        #expect(svg.contains { $0.text.contains("1 more") } == (count > shown))
    }

    @Test(
        arguments: [
            (1, 90, ["09:00", "09:15"]), (60, 40, ["12:00", "18:00"]), (1_440, 20, ["2026-03-03", "2026-03-08"]),
            (1_440, 3_000, ["2027-07-01", "2028-11-12"]),
        ] as [(Int64, Int, [String])])
    func ticksAtRoundTimes(_ minutes: Int64, _ count: Int, _ expected: [String]) throws {
        let values = Array(repeating: 5.0, count: count)
        let svg = try elements(ConditionPlot(title: "t", series: [series(values, every: minutes * Self.minute)]))
        let labels = svg.filter { $0.name == "text" && $0.number("y") == 205 }.map { $0.text.prefix(10) }
        #expect(labels.count <= 9)
        for label in expected { #expect(labels.contains { $0.hasPrefix(label) }, "\(labels)") }
    }

    @Test func ticksAtRoundValues() throws {
        let svg = try elements(ConditionPlot(title: "t", series: [series([0.2, 9.7])]))
        let labels = svg.filter { $0.attributes["dy"] == "4" }.map(\.text)
        #expect(labels == ["0", "2", "4", "6", "8", "10"])
    }

    @Test func tellsItInWordsToo() throws {
        let span = ConditionSeries.Span(from: Self.start, to: Self.start + 1)
        let shown = series([1, 5, 9], excursions: [span, span], gaps: [span])
        let plot = ConditionPlot(title: "Journey", series: [shown])
        let svg = try elements(plot)
        #expect(svg.first?.attributes["aria-labelledby"] == "conditions-title conditions-desc")
        #expect(svg.first { $0.name == "title" }?.text == "Journey")
        #expect(
            svg.first { $0.name == "desc" }?.text
                == "box-1 temperature: 3 readings from 2026-03-01T09:00:00Z to 2026-03-01T09:02:00Z, lowest 1 and "
                + "highest 9 °C, 2 outside the limits, 2 excursions, 1 gap.")
    }

    @Test func marksWindowBoundaries() throws {
        let windows = [Self.start - 1, Self.start + Self.minute, Self.start + 99 * Self.minute]
        let svg = try elements(ConditionPlot(title: "t", series: [series([5, 5, 5])], windows: windows))
        #expect(with("window", svg).count == 2, "one in the picture and one in the legend")
    }
}

private struct Element {
    let name: String
    let attributes: [String: String]
    var text = ""

    func number(_ attribute: String) -> Double? { attributes[attribute].flatMap(Double.init) }
}

private final class ElementCollector: NSObject, XMLParserDelegate {
    var elements: [Element] = []
    private var open: [Int] = []

    func parser(
        _ parser: XMLParser,
        didStartElement name: String,
        namespaceURI: String?,
        qualifiedName: String?,
        attributes: [String: String]
    ) {
        open.append(elements.count)
        elements.append(Element(name: name, attributes: attributes))
    }

    func parser(_ parser: XMLParser, foundCharacters string: String) {
        for index in open { elements[index].text += string }
    }

    func parser(_ parser: XMLParser, didEndElement name: String, namespaceURI: String?, qualifiedName: String?) {
        open.removeLast()
    }
}
