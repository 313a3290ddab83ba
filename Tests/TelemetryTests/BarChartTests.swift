import Foundation
import FoundationXML
import Telemetry
import Testing

@Suite struct BarChartTests {
    private static func panel(_ values: [Double], title: String = "reports") -> BarChart.Panel {
        let bars = values.enumerated().map { BarChart.Bar(label: "\(2_000 + $0)", value: $1) }
        return BarChart.Panel(title: title, note: "a note", bars: bars)
    }

    /// The heights of the bars, in order; it fails where the picture is not well-formed.
    private static func heights(_ panels: [BarChart.Panel], title: String = "Events") throws -> [Double] {
        let parser = XMLParser(data: Data(BarChart(title: title, panels: panels).svg().utf8))
        let bars = BarCollector()
        parser.delegate = bars
        try #require(parser.parse(), "\(String(describing: parser.parserError))")
        return bars.heights
    }

    @Test func barsAreAsHighAsTheirValues() throws {
        let heights = try Self.heights([Self.panel([1, 2, 4, 0])])
        #expect(heights.map { $0 / heights[2] } == [0.25, 0.5, 1, 0])
    }

    @Test(arguments: [[], [0], [0, 0], [.greatestFiniteMagnitude], [1e-300, 1]] as [[Double]])
    func isWellFormedForOddCounts(values: [Double]) throws {
        #expect(try Self.heights([Self.panel(values)]).count == values.count)
    }

    @Test func isWellFormedForOddNames() throws {
        let name = "a<b>&\"'\u{1}\u{202E}"
        #expect(try Self.heights([Self.panel([1], title: name)], title: name).count == 1)
    }

    @Test(arguments: [
        (BarChart.panelsMax - 1, false), (BarChart.panelsMax, false), (BarChart.panelsMax + 1, true),
    ])
    func saysThatNotAllPanelsAreShown(count: Int, isMore: Bool) throws {
        let panels = [BarChart.Panel](repeating: Self.panel([1]), count: count)
        #expect(try Self.heights(panels).count == min(count, BarChart.panelsMax))
        #expect(BarChart(title: "t", panels: panels).svg().contains("more, not shown") == isMore)
    }

    @Test func showsTheLastOfTooManyBars() throws {
        let heights = try Self.heights([Self.panel((0...BarChart.barsMax).map(Double.init))])
        #expect(heights.count == BarChart.barsMax && heights.first != 0)
    }
}

private final class BarCollector: NSObject, XMLParserDelegate {
    private(set) var heights: [Double] = []

    func parser(
        _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
        attributes: [String: String]
    ) {
        if name == "rect", attributes["class"] == "bar" { heights.append(Double(attributes["height"] ?? "") ?? -1) }
    }
}
