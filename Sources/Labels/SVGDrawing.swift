/// A layout as SVG 1.1, in millimetres.
struct SVGDrawing {
    private let layout: LabelLayout

    init(_ layout: LabelLayout) {
        self.layout = layout
    }

    var text: String {
        let (width, height) = (Millimetres(layout.extent.width), Millimetres(layout.extent.height))
        let box = "width=\"\(width)mm\" height=\"\(height)mm\" viewBox=\"0 0 \(width) \(height)\""
        return """
            <?xml version="1.0" encoding="UTF-8"?>
            <svg xmlns="http://www.w3.org/2000/svg" version="1.1" \(box)>
            <rect width="\(width)" height="\(height)" fill="#fff"/>
            <path fill="#000" shape-rendering="crispEdges" d="\(layout.rectangles.map(path).joined())"/>
            <g fill="#000" font-family="\(SVGDrawing.fonts)" font-size="\(fontSize)" xml:space="preserve">
            \(layout.lines.map(line).joined(separator: "\n"))
            </g>
            </svg>

            """
    }

    /// Like OCR-B, all characters of one width and hard to mistake.
    private static let fonts = "OCRB, 'OCR B', 'DejaVu Sans Mono', 'Liberation Mono', monospace"

    /// In such fonts capitals are about 0.7 of the size.
    private var fontSize: Millimetres { millimetres(BitmapFont.capitalHeight * layout.textDots * 10 / 7) }

    /// Edges and not widths, so that neighbours share theirs after rounding. One path for all has no seams.
    private func path(_ rectangle: LabelLayout.Rectangle) -> String {
        let (left, right) = (millimetres(rectangle.x), millimetres(rectangle.x + rectangle.width))
        let (top, bottom) = (millimetres(rectangle.y), millimetres(rectangle.y + rectangle.height))
        return "M\(left) \(top)H\(right)V\(bottom)H\(left)Z"
    }

    /// The length is given, so that no font makes lines run over.
    private func line(_ line: LabelLayout.Line) -> String {
        let baseline = millimetres(line.y + BitmapFont.capitalHeight * layout.textDots)
        let length = millimetres(line.text.utf8.count * BitmapFont.advance * layout.textDots)
        let place = "x=\"\(millimetres(line.x))\" y=\"\(baseline)\" textLength=\"\(length)\""
        return "<text \(place) lengthAdjust=\"spacingAndGlyphs\">\(SVGDrawing.escaped(line.text))</text>"
    }

    private func millimetres(_ dots: Int) -> Millimetres {
        Millimetres(dots: dots, dotsPerInch: layout.dotsPerInch)
    }

    private static func escaped(_ text: String) -> String {
        text.map { character in
            switch character {
            case "&": "&amp;"
            case "<": "&lt;"
            case ">": "&gt;"
            case "\"": "&quot;"
            case "'": "&#39;"
            default: String(character)
            }
        }.joined()
    }
}
