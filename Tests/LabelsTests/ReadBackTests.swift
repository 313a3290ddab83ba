import Identifiers
import Labels
import Testing

/// The whole way from the label through the picture to the scan.
@Suite struct ReadBackTests {
    @Test(arguments: PrintedLabels.symbologies, PrintedLabels.resolutions)
    func readsBackTheSameBytes(symbology: Symbology, dotsPerInch: Int) throws {
        let label = try PrintedLabels.device(serial: "S0042", lot: "A1")
        let layout = try PrintedLabels.layout(label, symbology, dotsPerInch: dotsPerInch)
        let scan = try #require(try PrintedLabels.scan(LabelFormat.png.render(layout)))
        #expect(scan.bytes == label.scanned)
        #expect(scan.symbologyIdentifier == symbology.gs1Identifier)
        #expect(try identify(scan, year: 2026) == label.identifier)
    }

    @Test(arguments: PrintedLabels.symbologies, PrintedLabels.serials)
    func readsBackEveryCharacterThatGS1Allows(symbology: Symbology, serial: String) throws {
        let label = try PrintedLabels.device(serial: serial)
        let scan = try PrintedLabels.scan(LabelFormat.png.render(PrintedLabels.layout(label, symbology)))
        #expect(scan?.bytes == label.scanned)
    }

    /// A percent sign is how a QR Code in GS1 mode writes a separator in its alphanumeric mode.
    @Test(arguments: PrintedLabels.symbologies)
    func keepsSignsApartFromSeparators(symbology: Symbology) throws {
        let label = try PrintedLabels.device(serial: "100%25%", lot: "%%A%")
        let scan = try PrintedLabels.scan(LabelFormat.png.render(PrintedLabels.layout(label, symbology)))
        #expect(scan?.bytes == label.scanned)
    }

    @Test(arguments: PrintedLabels.resolutions)
    func readsBackADigitalLink(dotsPerInch: Int) throws {
        let label = try PrintedLabels.device(serial: #"S"&<%/?"#, lot: "A_1", domain: "id.example.com")
        let layout = try PrintedLabels.layout(label, .qr, dotsPerInch: dotsPerInch)
        let scan = try #require(try PrintedLabels.scan(LabelFormat.png.render(layout)))
        #expect(scan.bytes == label.scanned)
        #expect(try identify(scan, year: 2026).subject == label.identifier.subject)
    }

    /// What gets smaller on a small label is still whole dots.
    @Test(arguments: [Symbology.dataMatrix, .qr], PrintedLabels.resolutions)
    func readsBackASmallLabel(symbology: Symbology, dotsPerInch: Int) throws {
        let label = try PrintedLabels.full()
        let extent = LabelStock.Extent(width: 46_000, height: 23_000)
        let layout = try PrintedLabels.layout(label, symbology, dotsPerInch: dotsPerInch, extent: extent)
        #expect(layout.extent == extent)
        #expect(try PrintedLabels.scan(LabelFormat.png.render(layout))?.bytes == label.scanned)
    }
}
