import Identifiers
import Ledger
import Testing

@testable import Labels

@Suite struct LabelLayoutTests {
    typealias Rectangle = LabelLayout.Rectangle

    @Test(arguments: PrintedLabels.symbologies, [150, 203, 300, 600, 1_200])
    func keepsQuietZonesBlankAndEverythingOnTheLabel(symbology: Symbology, dotsPerInch: Int) throws {
        let label = try PrintedLabels.device(serial: "S0042", lot: "A1")
        let layout = try PrintedLabels.layout(label, symbology, dotsPerInch: dotsPerInch)
        let quiet = symbology.quietModules * layout.moduleDots
        let block = Self.box(layout.rectangles)
        let zone = Rectangle(
            x: block.x - quiet, y: block.y - (symbology.isLinear ? 0 : quiet), width: block.width + 2 * quiet,
            height: block.height + (symbology.isLinear ? 0 : 2 * quiet))
        let lines = layout.lines.map { Self.box($0, textDots: layout.textDots) }
        let page = Rectangle(x: 0, y: 0, width: layout.width, height: layout.height)
        for box in lines + [zone] { #expect(Self.overlap(box, page) == box) }
        for (index, line) in lines.enumerated() {
            #expect(Self.overlap(line, zone) == nil)
            for other in lines.dropFirst(index + 1) { #expect(Self.overlap(line, other) == nil) }
        }
    }

    @Test(arguments: Symbology.allCases, [150, 203, 300, 600, 1_200])
    func takesModulesThatGS1Allows(symbology: Symbology, dotsPerInch: Int) throws {
        let content = symbology == .ean13 ? "4012345000016" : "0123"
        let symbol =
            symbology == .gs1128
            ? try Symbol(.elements([.init(ai: "01", value: "04012345000016")]), in: symbology)
            : try Symbol(.text(content), in: symbology)
        let layout = try LabelLayout(symbol, interpretation: [], on: LabelStock(dotsPerInch: dotsPerInch))
        let micrometres = layout.moduleDots * 25_400 / dotsPerInch
        #expect(symbology.moduleMicrometres.contains(micrometres))
        #expect(abs(micrometres - symbology.targetMicrometres) <= 25_400 / dotsPerInch)
    }

    /// Each rectangle is whole modules wide, so no module is narrower than another.
    @Test(arguments: PrintedLabels.symbologies)
    func drawsWholeModulesOnly(symbology: Symbology) throws {
        let layout = try PrintedLabels.layout(try PrintedLabels.device(), symbology)
        let left = try #require(layout.rectangles.map(\.x).min())
        #expect(layout.rectangles.allSatisfy { ($0.x - left) % layout.moduleDots == 0 })
        #expect(layout.rectangles.allSatisfy { $0.width % layout.moduleDots == 0 })
    }

    @Test func barsAreAsHighAsGS1AsksAndTextStandsBelow() throws {
        let layout = try PrintedLabels.layout(try PrintedLabels.device(lot: "A1"), .gs1128)
        let bars = Self.box(layout.rectangles)
        #expect(bars.height * 25_400 >= 12_700 * 300)
        #expect(layout.lines.allSatisfy { $0.y > bars.y + bars.height })
    }

    @Test(arguments: PrintedLabels.symbologies)
    func breaksNoElementOverLines(symbology: Symbology) throws {
        let label = try PrintedLabels.device(serial: "12345678901234567890", lot: "ABCDEFG")
        let layout = try PrintedLabels.layout(label, symbology)
        let lines = layout.lines.map(\.text)
        #expect(lines.joined() == label.interpretation.joined())
        for element in label.interpretation { #expect(lines.contains { $0.contains(element) }) }
        #expect(lines.first?.hasPrefix("(01)") == true)
    }

    @Test func keepsNotesApartFromTheInterpretation() throws {
        let layout = try PrintedLabels.layout(try PrintedLabels.full(), .dataMatrix)
        let steps = zip(layout.lines, layout.lines.dropFirst()).map { $1.y - $0.y }
        #expect(layout.lines.map(\.text).suffix(2) == ["PROD DATE 2026-01-02", "EXPIRY 2031-11-30"])
        #expect(try #require(steps.dropLast().last) > #require(steps.first))
    }

    @Test func takesSmallerModulesWhereTheLabelIsSmall() throws {
        let label = try PrintedLabels.full()
        let natural = try PrintedLabels.layout(label, .dataMatrix, dotsPerInch: 600)
        let small = LabelStock.Extent(width: natural.extent.width - 2_000, height: 17_000)
        let layout = try PrintedLabels.layout(label, .dataMatrix, dotsPerInch: 600, extent: small)
        #expect(layout.moduleDots < natural.moduleDots || layout.textDots < natural.textDots)
    }

    @Test func refusesALabelTooSmallForTheSmallestModules() throws {
        let extent = LabelStock.Extent(width: 10_000, height: 5_000)
        #expect(throws: CustodyError("label-does-not-fit", "")) {
            try PrintedLabels.layout(try PrintedLabels.full(), .dataMatrix, extent: extent)
        }
    }

    @Test(arguments: [(253, false), (254, true), (255, true), (989, true), (990, true), (991, false)])
    func takesModulesUpToTheirLimits(micrometres: Int, isTaken: Bool) throws {
        let stock = try LabelStock(dotsPerInch: 600, moduleMicrometres: micrometres)
        let label = try PrintedLabels.device()
        #expect(((try? LabelLayout(label, in: .dataMatrix, on: stock)) != nil) == isTaken)
    }

    @Test(arguments: [(149, false), (150, true), (151, true), (1_199, true), (1_200, true), (1_201, false)])
    func takesResolutionsUpToTheirLimits(dotsPerInch: Int, isTaken: Bool) {
        #expect(((try? LabelStock(dotsPerInch: dotsPerInch)) != nil) == isTaken)
    }

    @Test(arguments: [
        (4_999, false), (5_000, true), (5_001, true), (199_999, true), (200_000, true), (200_001, false),
    ])
    func takesSizesUpToTheirLimits(side: Int, isTaken: Bool) {
        let across = LabelStock.Extent(width: side, height: 50_000)
        let down = LabelStock.Extent(width: 50_000, height: side)
        for extent in [across, down] { #expect(((try? LabelStock(extent: extent)) != nil) == isTaken) }
    }

    @Test(arguments: [
        (LabelLayout.columnsMax - 1, true), (LabelLayout.columnsMax, true), (LabelLayout.columnsMax + 1, false),
    ])
    func takesLinesUpToTheirLimit(count: Int, isTaken: Bool) throws {
        let symbol = try Symbol(.text("A"), in: .qr)
        let line = String(repeating: "W", count: count)
        #expect(((try? LabelLayout(symbol, interpretation: [line], on: LabelStock())) != nil) == isTaken)
    }

    @Test(arguments: [
        (LabelLayout.linesMax - 1, true), (LabelLayout.linesMax, true), (LabelLayout.linesMax + 1, false),
    ])
    func takesAsManyLinesAsItsLimit(count: Int, isTaken: Bool) throws {
        let symbol = try Symbol(.text("A"), in: .qr)
        let lines = [String](repeating: "A", count: count)
        #expect(((try? LabelLayout(symbol, interpretation: [], notes: lines, on: LabelStock())) != nil) == isTaken)
    }

    @Test(arguments: ["Ä", "\n", "\u{7F}"])
    func refusesTextThatNoPrinterHas(text: String) throws {
        let symbol = try Symbol(.text("A"), in: .qr)
        #expect(throws: CustodyError("label-text-unusable", "")) {
            try LabelLayout(symbol, interpretation: [text], on: LabelStock())
        }
    }

    private static func box(_ rectangles: [Rectangle]) -> Rectangle {
        let (left, top) = (rectangles.map(\.x).min() ?? 0, rectangles.map(\.y).min() ?? 0)
        let right = rectangles.map { $0.x + $0.width }.max() ?? 0
        let bottom = rectangles.map { $0.y + $0.height }.max() ?? 0
        return Rectangle(x: left, y: top, width: right - left, height: bottom - top)
    }

    /// Cells of 6 by 9 dots of the font.
    private static func box(_ line: LabelLayout.Line, textDots: Int) -> Rectangle {
        Rectangle(x: line.x, y: line.y, width: (line.text.count * 6 - 1) * textDots, height: 9 * textDots)
    }

    private static func overlap(_ one: Rectangle, _ other: Rectangle) -> Rectangle? {
        let (left, top) = (max(one.x, other.x), max(one.y, other.y))
        let right = min(one.x + one.width, other.x + other.width)
        let bottom = min(one.y + one.height, other.y + other.height)
        guard right > left, bottom > top else { return nil }
        return Rectangle(x: left, y: top, width: right - left, height: bottom - top)
    }
}
