import Ledger

/// Where everything stands on a label, in whole dots of its printer, so that each renderer draws the same.
///
/// A module is never a fraction of a dot: that is what makes printed symbols unreadable.
public struct LabelLayout: Hashable, Sendable {
    /// A dark rectangle, in dots from the top left corner.
    public struct Rectangle: Hashable, Sendable {
        /// Its left edge.
        public let x: Int
        /// Its upper edge.
        public let y: Int
        /// Across.
        public let width: Int
        /// Down.
        public let height: Int
    }

    /// A line of text in cells of one width, in dots from the top left corner of its first cell.
    public struct Line: Hashable, Sendable {
        /// Printable ASCII.
        public let text: String
        /// Its left edge.
        public let x: Int
        /// The upper edge of its capitals.
        public let y: Int
    }

    /// The longest line, in characters.
    public static let columnsMax = 64

    /// The most lines on one label.
    public static let linesMax = 48

    /// The printer's resolution.
    public let dotsPerInch: Int
    /// The label's size.
    public let extent: LabelStock.Extent
    /// The label's width in dots.
    public let width: Int
    /// The label's height in dots.
    public let height: Int
    /// The X-dimension in dots.
    public let moduleDots: Int
    /// The symbol, quiet zones left blank.
    public let rectangles: [Rectangle]
    /// Interpretation and notes.
    public let lines: [Line]
    /// The side of one dot of the font (`BitmapFont`) in printer's dots.
    public let textDots: Int

    /// Lays out a device's label.
    ///
    /// Throws `label-not-drawn`, `label-does-not-fit`, `label-module-unusable`.
    public init(_ label: DeviceLabel, in symbology: Symbology, on stock: LabelStock) throws {
        try self.init(
            Symbol(label.content, in: symbology), interpretation: label.interpretation, notes: label.notes, on: stock)
    }

    /// Lays out a symbol with its human readable interpretation, one entry for what stays on one line, and other text
    /// apart from it. The largest module comes first, up to what GS1 aims for, then the largest text.
    ///
    /// Throws `label-text-unusable`, `label-does-not-fit`, `label-module-unusable`.
    public init(_ symbol: Symbol, interpretation: [String], notes: [String] = [], on stock: LabelStock) throws {
        try LabelLayout.check(interpretation + notes)
        let text = LabelText(interpretation: interpretation, notes: notes)
        let tries = try stock.moduleDots(of: symbol.symbology).flatMap { moduleDots in
            stock.textDots.flatMap { textDots in
                LabelPlacing.Arrangement.all(of: symbol.symbology).map {
                    LabelPlacing(symbol, text, $0, moduleDots: moduleDots, textDots: textDots, on: stock)
                }
            }
        }
        guard let found = tries.first(where: \.fits) else {
            throw LabelLayout.tooSmall(tries.min { $0.area < $1.area })
        }
        self.init(found)
    }

    private init(_ placing: LabelPlacing) {
        dotsPerInch = placing.stock.dotsPerInch
        extent = placing.extent
        width = placing.width
        height = placing.height
        moduleDots = placing.moduleDots
        textDots = placing.textDots
        rectangles = placing.rectangles
        lines = placing.lines
    }

    private static func check(_ lines: [String]) throws {
        let isUsable = lines.allSatisfy { line in
            line.utf8.count <= columnsMax && line.utf8.allSatisfy { (0x20...0x7E).contains($0) }
        }
        guard isUsable, lines.count <= linesMax else {
            throw CustodyError(
                "label-text-unusable",
                "A label has at most \(linesMax) lines of \(columnsMax) printable ASCII characters")
        }
    }

    private static func tooSmall(_ smallest: LabelPlacing?) -> CustodyError {
        let need = smallest.map { ": even the smallest needs \($0.needed)" } ?? ""
        return CustodyError(
            "label-does-not-fit", "The symbol and its text do not fit\(need)",
            remedy: "Take a larger label, a finer printer, or a symbology that holds more, such as datamatrix.")
    }
}

extension LabelStock {
    /// The sizes of a module to try, in whole dots, the best first.
    fileprivate func moduleDots(of symbology: Symbology) throws -> [Int] {
        let range = symbology.moduleMicrometres
        let allowed = dots(atLeast: range.lowerBound)...dots(atMost: range.upperBound)
        guard let moduleMicrometres else {
            let target = min(max(dots(nearest: symbology.targetMicrometres), allowed.lowerBound), allowed.upperBound)
            return (allowed.lowerBound...target).reversed()
        }
        guard range.contains(moduleMicrometres) else {
            throw CustodyError(
                "label-module-unusable", "This symbology has no modules of \(Millimetres(moduleMicrometres)) mm",
                at: symbology.rawValue,
                remedy: "Choose \(Millimetres(range.lowerBound)) to \(Millimetres(range.upperBound)) mm.")
        }
        return [min(max(dots(nearest: moduleMicrometres), allowed.lowerBound), allowed.upperBound)]
    }

    /// The sizes of text to try, the best first: capitals of 1.75 mm, and of 1 mm if nothing else fits.
    fileprivate var textDots: [Int] {
        let least = dots(atLeast: 1_000 / BitmapFont.capitalHeight + 1)
        return (least...max(least, dots(nearest: 1_750 / BitmapFont.capitalHeight))).reversed()
    }
}
