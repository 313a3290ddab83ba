/// One try of placing a symbol and its text; all lengths in dots.
struct LabelPlacing {
    enum Arrangement {
        case beside
        case below

        /// Text stands below bars; beside a matrix it makes the smaller label.
        static func all(of symbology: Symbology) -> [Arrangement] {
            symbology.isLinear ? [.below] : [.beside, .below]
        }
    }

    let symbol: Symbol
    let text: LabelText
    let arrangement: Arrangement
    let moduleDots: Int
    let textDots: Int
    let stock: LabelStock

    init(
        _ symbol: Symbol,
        _ text: LabelText,
        _ arrangement: Arrangement,
        moduleDots: Int,
        textDots: Int,
        on stock: LabelStock
    ) {
        self.symbol = symbol
        self.arrangement = arrangement
        self.moduleDots = moduleDots
        self.textDots = textDots
        self.stock = stock
        let across = (symbol.columns + 2 * symbol.symbology.quietModules) * moduleDots
        self.text = symbol.symbology.isLinear ? text.filled(to: across / (BitmapFont.advance * textDots)) : text
    }

    // MARK: Size

    /// What the label has room for must hold what it needs, and bars must not be wider than GS1 has them.
    var fits: Bool {
        let roomWidth = stock.dots(atMost: stock.extent?.width ?? LabelStock.extentRange.upperBound)
        let roomHeight = stock.dots(atMost: stock.extent?.height ?? LabelStock.extentRange.upperBound)
        let isNarrow = symbol.symbology != .gs1128 || blockWidth <= stock.dots(atMost: LabelPlacing.gs1128WidthMax)
        return isNarrow && neededWidth <= roomWidth && neededHeight <= roomHeight
    }

    /// GS1 General Specifications, section 5.4: 165.10 mm with the quiet zones.
    private static let gs1128WidthMax = 165_100

    var width: Int { stock.extent.map { stock.dots(nearest: $0.width) } ?? neededWidth }

    var height: Int { stock.extent.map { stock.dots(nearest: $0.height) } ?? neededHeight }

    var extent: LabelStock.Extent { stock.extent ?? needed }

    var needed: LabelStock.Extent {
        let micrometres = { (dots: Int) in
            (dots * LabelStock.micrometresPerInch + stock.dotsPerInch / 2) / stock.dotsPerInch
        }
        return LabelStock.Extent(width: micrometres(neededWidth), height: micrometres(neededHeight))
    }

    var area: Int { neededWidth * neededHeight }

    private var neededWidth: Int {
        2 * margin + (arrangement == .beside ? blockWidth + textGap + textWidth : max(blockWidth, textWidth))
    }

    private var neededHeight: Int {
        2 * margin + (arrangement == .beside ? max(blockHeight, textHeight) : blockHeight + textGap + textHeight)
    }

    /// Printers do not hit the edge of a label better than this.
    private var margin: Int { stock.dots(atLeast: 1_000) }

    private var textGap: Int { text.columns == 0 ? 0 : max(moduleDots, stock.dots(atLeast: 500)) }

    private var quiet: Int { symbol.symbology.quietModules * moduleDots }

    private var quietAbove: Int { symbol.symbology.isLinear ? 0 : quiet }

    private var symbolWidth: Int { symbol.columns * moduleDots }

    private var rowHeight: Int {
        symbol.symbology.isLinear ? stock.dots(atLeast: symbol.symbology.barMicrometres) : moduleDots
    }

    /// The symbol with its quiet zones.
    private var blockWidth: Int { symbolWidth + 2 * quiet }

    private var blockHeight: Int { symbol.rows * rowHeight + 2 * quietAbove }

    private var pitch: Int { BitmapFont.pitch * textDots }

    private var notesGap: Int { text.interpretation.isEmpty || text.notes.isEmpty ? 0 : pitch / 2 }

    private var textWidth: Int { lineWidth(text.columns) }

    private var textHeight: Int {
        let count = text.interpretation.count + text.notes.count
        return count == 0 ? 0 : (count - 1) * pitch + BitmapFont.height * textDots + notesGap
    }

    private func lineWidth(_ columns: Int) -> Int {
        max(0, columns * BitmapFont.advance - BitmapFont.gap) * textDots
    }

    // MARK: Places

    /// The top left corner of everything, which stands in the middle of the label.
    private var origin: (x: Int, y: Int) {
        (margin + (width - neededWidth) / 2, margin + (height - neededHeight) / 2)
    }

    private var innerWidth: Int { neededWidth - 2 * margin }

    private var innerHeight: Int { neededHeight - 2 * margin }

    private var symbolOrigin: (x: Int, y: Int) {
        switch arrangement {
        case .beside: (origin.x + quiet, origin.y + (innerHeight - blockHeight) / 2 + quietAbove)
        case .below: (origin.x + (innerWidth - symbolWidth) / 2, origin.y + quietAbove)
        }
    }

    var rectangles: [LabelLayout.Rectangle] {
        (0..<symbol.rows).flatMap { row in
            darkRuns(of: row).map { run in
                LabelLayout.Rectangle(
                    x: symbolOrigin.x + run.lowerBound * moduleDots, y: symbolOrigin.y + row * rowHeight,
                    width: run.count * moduleDots, height: rowHeight)
            }
        }
    }

    private func darkRuns(of row: Int) -> [Range<Int>] {
        var runs: [Range<Int>] = []
        for column in 0..<symbol.columns where symbol.isDark(row: row, column: column) {
            if let last = runs.last, last.upperBound == column {
                runs[runs.count - 1] = last.lowerBound..<column + 1
            } else {
                runs.append(column..<column + 1)
            }
        }
        return runs
    }

    var lines: [LabelLayout.Line] {
        let first = firstLine
        let interpretation = text.interpretation.enumerated().map { index, line in
            LabelLayout.Line(text: line, x: left(of: line, from: first.x), y: first.y + index * pitch)
        }
        let notesFirst = first.y + interpretation.count * pitch + notesGap
        return interpretation
            + text.notes.enumerated().map { index, line in
                LabelLayout.Line(text: line, x: left(of: line, from: first.x), y: notesFirst + index * pitch)
            }
    }

    private var firstLine: (x: Int, y: Int) {
        switch arrangement {
        case .beside: (origin.x + blockWidth + textGap, origin.y + (innerHeight - textHeight) / 2)
        case .below: (origin.x, origin.y + blockHeight + textGap)
        }
    }

    /// Beside a symbol lines begin together; below it each stands in the middle.
    private func left(of line: String, from first: Int) -> Int {
        arrangement == .beside ? first : first + (innerWidth - lineWidth(line.utf8.count)) / 2
    }
}
