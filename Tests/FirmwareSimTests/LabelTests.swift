import Capture
import FoundationEssentials
import Identifiers
import Ledger
import Testing

@testable import firmware_sim

@Suite struct LabelTests {
    @Test(arguments: [("401234500001", "4012345000016"), ("(01)04012345000016", "4012345000016")])
    func addsTheCheckDigitOfAnEAN13(text: String, printed: String) throws {
        #expect(try Label(text, symbology: .ean13).text == printed)
    }

    @Test(arguments: [
        ("4012345000017", Symbology.ean13), ("12", .ean13), ("plain", .gs1128), ("(10)A", .code128), ("", .qr),
        ("\n", .qr),
    ])
    func refusesWhatTheSymbologyCannotHold(text: String, symbology: Symbology) {
        #expect(throws: CustodyError.self) { try Label(text, symbology: symbology) }
    }

    @Test(arguments: [Label.textBytesMax - 1, Label.textBytesMax])
    func takesTextUpToItsLimit(count: Int) throws {
        #expect(try Label(String(repeating: "A", count: count), symbology: .qr).scanned.count == count)
    }

    @Test func refusesTextBeyondItsLimit() {
        let text = String(repeating: "A", count: Label.textBytesMax + 1)
        #expect(throws: CustodyError.self) { try Label(text, symbology: .qr) }
    }

    /// The whole way from the printer through the reader, with the GS between two values.
    @Test(arguments: [Symbology.gs1128, .qr])
    func readsBackWhatItHasPrinted(symbology: Symbology) throws {
        let label = try Label("(01)04012345000016(10)LOT7(21)S1", symbology: symbology)
        let path = "\(FileManager.default.temporaryDirectory.path)/label-\(UUID().uuidString).png"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try LabelPrinter().draw(label, to: path)
        let symbols = try ImageDecoder().decode([UInt8](try Data(contentsOf: URL(filePath: path))))
        let scan = try #require(symbols.first?.scan)
        #expect(scan.bytes == label.scanned)
        #expect(scan.symbologyIdentifier == symbology.identifier(isGS1: true))
    }
}
