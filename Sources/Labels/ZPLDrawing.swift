/// A layout as ZPL II.
///
/// The symbol goes as boxes and not as the printer's own bar code command: which escape means FNC1, which size of symbol
/// comes out and whether a QR Code can be GS1 at all differ between printers, while boxes are the very modules that the
/// other formats show. Text goes as the fonts A and D, whose cells are exactly those of `BitmapFont`.
struct ZPLDrawing {
    private let layout: LabelLayout

    init(_ layout: LabelLayout) {
        self.layout = layout
    }

    var text: String {
        let head = "^XA^CI28^LH0,0^PW\(layout.width)^LL\(layout.height)"
        let boxes = layout.rectangles.map(box)
        return ([head] + boxes + layout.lines.map(line) + ["^PQ1^XZ\n"]).joined(separator: "\n")
    }

    /// A border as thick as the shorter side fills the box.
    private func box(_ rectangle: LabelLayout.Rectangle) -> String {
        let thickness = min(rectangle.width, rectangle.height)
        return "^FO\(rectangle.x),\(rectangle.y)^GB\(rectangle.width),\(rectangle.height),\(thickness)^FS"
    }

    private func line(_ line: LabelLayout.Line) -> String {
        "^FO\(line.x),\(line.y)\(font)^FH_^FD\(ZPLDrawing.escaped(line.text))^FS"
    }

    /// D is A in twice the resolution.
    private var font: String {
        let name = layout.textDots.isMultiple(of: 2) ? "D" : "A"
        return "^A\(name)N,\(BitmapFont.height * layout.textDots),\(BitmapFont.width * layout.textDots)"
    }

    /// Every character that the printer could take for a command, and the escape itself, as `_` and two digits.
    private static func escaped(_ text: String) -> String {
        text.utf8.map { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x20, 0x28, 0x29, 0x2D...0x2F:
                String(UnicodeScalar(byte))
            default: "_" + String(byte >> 4, radix: 16, uppercase: true) + String(byte & 15, radix: 16, uppercase: true)
            }
        }.joined()
    }
}
