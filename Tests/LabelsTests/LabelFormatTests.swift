import Labels
import Testing

@Suite struct LabelFormatTests {
    private static let dotsPerInch = 203

    private func layout(_ symbology: Symbology = .dataMatrix, serial: String = "S1") throws -> LabelLayout {
        try PrintedLabels.layout(
            try PrintedLabels.device(serial: serial), symbology, dotsPerInch: Self.dotsPerInch,
            extent: LabelStock.Extent(width: 80_000, height: 25_500))
    }

    private func text(_ format: LabelFormat, _ layout: LabelLayout) -> String {
        String(decoding: format.render(layout), as: UTF8.self)
    }

    // MARK: SVG

    @Test func svgIsInMillimetres() throws {
        let svg = text(.svg, try layout())
        #expect(svg.contains(#"width="80mm" height="25.5mm" viewBox="0 0 80 25.5""#))
        #expect(svg.contains("<rect width=\"80\" height=\"25.5\" fill=\"#fff\"/>"))
        #expect(svg.hasSuffix("</svg>\n"))
    }

    /// Read back into dots the path is the very symbol of the layout.
    @Test(arguments: PrintedLabels.symbologies)
    func svgDrawsTheSameModules(symbology: Symbology) throws {
        let layout = try layout(symbology)
        let svg = text(.svg, layout)
        let path = try #require(svg.split(separator: " d=\"").dropFirst().first?.split(separator: "\"").first)
        let drawn = path.split(separator: "Z").map { piece in
            piece.split { "MHV ".contains($0) }.compactMap { Double($0) }.map {
                Int(($0 * Double(Self.dotsPerInch) / 25.4).rounded())
            }
        }
        #expect(drawn == layout.rectangles.map { [$0.x, $0.y, $0.x + $0.width, $0.y + $0.height, $0.x] })
    }

    @Test func svgHoldsTextAsTextAndEscapesIt() throws {
        let svg = text(.svg, try layout(serial: #"<a>&"'%_;()"#))
        #expect(svg.contains(">(01)04012345000016</text>"))
        #expect(svg.contains(">(21)&lt;a&gt;&amp;&quot;&#39;%_;()</text>"))
        #expect(svg.split(separator: "<text ").count == 3)
    }

    // MARK: ZPL

    @Test func zplBeginsAndEndsOneLabel() throws {
        let lines = text(.zpl, try layout()).split(separator: "\n")
        #expect(lines.first == "^XA^CI28^LH0,0^PW639^LL204")
        #expect(lines.last == "^PQ1^XZ")
    }

    @Test(arguments: PrintedLabels.symbologies)
    func zplDrawsTheSameModules(symbology: Symbology) throws {
        let layout = try layout(symbology)
        let boxes = text(.zpl, layout).split(separator: "\n").filter { $0.contains("^GB") }.map { line in
            line.split { !$0.isNumber }.compactMap { Int($0) }
        }
        #expect(boxes == layout.rectangles.map { [$0.x, $0.y, $0.width, $0.height, min($0.width, $0.height)] })
    }

    @Test func zplEscapesWhatPrintersTakeForCommands() throws {
        let layout = try layout(serial: #"<a>&"'%_;()"#)
        let line = try #require(layout.lines.last)
        let field = "^FO\(line.x),\(line.y)^ADN,18,10^FH_^FD(21)_3Ca_3E_26_22_27_25_5F_3B()^FS"
        #expect(text(.zpl, layout).contains("\n\(field)\n"))
    }

    @Test(arguments: ["^XZ", "~JA", "\\&", "_5E"])
    func zplKeepsCommandsInTextHarmless(hostile: String) throws {
        let symbol = try Symbol(.text(hostile), in: .qr)
        let layout = try LabelLayout(symbol, interpretation: [hostile], on: LabelStock())
        let zpl = text(.zpl, layout)
        #expect(zpl.split(separator: "^XZ").count == 2)
        #expect(!zpl.contains { "~\\".contains($0) })
        #expect(!zpl.contains("^FD_5E^FS"))
    }

    // MARK: PNG

    @Test func pngIsOneBitADotAndKnowsItsResolution() throws {
        let layout = try layout()
        let png = LabelFormat.png.render(layout)
        #expect(Array(png[0..<8]) == [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A])
        #expect(Array(png[16..<26]) == [0, 0, 0x02, 0x7F, 0, 0, 0, 0xCC, 1, 0])
        // 7,992 dots a metre, both ways.
        #expect(Array(png[37..<50]) == Array("pHYs".utf8) + [0, 0, 0x1F, 0x38, 0, 0, 0x1F, 0x38, 1])
    }
}
