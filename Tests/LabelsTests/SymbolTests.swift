import Identifiers
import Labels
import Ledger
import Testing

@Suite struct SymbolTests {
    /// 16 characters of the trade item number, 2 and 20 of the lot, 1 separator, 2 and the rest of the serial number.
    @Test(arguments: [(6, true), (7, true), (8, false)])
    func holdsAsManyCharactersAsGS1Allows(serialCount: Int, isHeld: Bool) throws {
        let label = try PrintedLabels.device(
            serial: String(repeating: "S", count: serialCount), lot: String(repeating: "L", count: 20))
        #expect((label.scanned.count <= Symbol.gs1128CharactersMax) == isHeld)
        #expect(((try? Symbol(label.content, in: .gs1128)) != nil) == isHeld)
    }

    @Test(arguments: [(Symbol.bytesMax - 1, true), (Symbol.bytesMax, true), (Symbol.bytesMax + 1, false)])
    func holdsTextUpToItsLimit(count: Int, isHeld: Bool) {
        let text = String(repeating: "a", count: count)
        #expect(((try? Symbol(.text(text), in: .qr)) != nil) == isHeld)
    }

    @Test(arguments: [
        (Symbol.Content.text(""), Symbology.qr), (.text("A"), .gs1128), (.text("4012345000017"), .ean13),
        (.text("A"), .ean13), (.elements([]), .qr), (.elements([.init(ai: "01", value: "04012345000016")]), .code128),
        (.elements([.init(ai: "01", value: "04012345000017")]), .dataMatrix),
    ])
    func refusesWhatTheSymbologyCannotHold(content: Symbol.Content, symbology: Symbology) {
        #expect(throws: CustodyError("label-not-drawn", "")) { try Symbol(content, in: symbology) }
    }

    @Test func drawsAWrongLabelOnPurpose() throws {
        let content = Symbol.Content.elements([.init(ai: "01", value: "04012345000017")])
        #expect(try Symbol(content, in: .gs1128, isChecked: false).rows == 1)
    }

    /// The finder of a Data Matrix: two whole dark edges, two that alternate.
    @Test func aDataMatrixIsSquareWithItsFinder() throws {
        let symbol = try Symbol(PrintedLabels.full().content, in: .dataMatrix)
        #expect(symbol.rows == symbol.columns)
        for index in 0..<symbol.rows {
            #expect(symbol.isDark(row: index, column: 0))
            #expect(symbol.isDark(row: symbol.rows - 1, column: index))
            #expect(symbol.isDark(row: 0, column: index) == index.isMultiple(of: 2))
        }
    }

    @Test(arguments: [(-1, 0), (0, -1), (1, 0), (0, 1_000)])
    func isLightOutside(row: Int, column: Int) throws {
        #expect(try !Symbol(.text("A"), in: .code128).isDark(row: row, column: column))
    }
}
